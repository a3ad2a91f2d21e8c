/* Finding the records that hold words, best first, and words that are nearly those asked for. */
#include "store/sqlite/spans.h"
#include "store/sqlite/words.h"

#include "base/utf8.h"

#include "base/banned.h"

/* ---- the expression ---- */

static void write_phrase(const struct word_phrase *phrase, struct strbuf *out)
{
	strbuf_add_byte(out, '"');
	for (size_t i = 0; i < phrase->count; i++) {
		if (i)
			strbuf_add_byte(out, ' ');
		strbuf_add_slice(out, phrase->words[i]);
	}
	strbuf_add_string(out, phrase->prefix ? "\"*" : "\"");
}

static void write_term(const struct word_term *term, struct strbuf *out, struct words_scorer *scorer, int *phrases)
{
	strbuf_add_byte(out, '(');
	for (size_t i = 0; i < term->count; i++) {
		if (i)
			strbuf_add_string(out, " OR ");
		write_phrase(&term->alternatives[i], out);
		if (*phrases < WORD_PHRASES_MOST) {
			scorer->weights[*phrases] = term->excluded ? 0 : term->alternatives[i].weight;
			scorer->terms[*phrases] = *phrases - (int)i;
		}
		++*phrases;
	}
	strbuf_add_byte(out, ')');
}

/* All terms of one kind; false if there is none. */
static bool write_terms(const struct word_query *wanted, bool excluded, const char *joint, struct strbuf *out,
			struct words_scorer *scorer, int *phrases)
{
	bool any = false;

	for (size_t i = 0; i < wanted->count; i++) {
		const struct word_term *term = &wanted->terms[i];
		if (term->excluded != excluded || !term->count)
			continue;
		strbuf_add_string(out, any ? joint : "(");
		write_term(term, out, scorer, phrases);
		any = true;
	}
	if (any)
		strbuf_add_byte(out, ')');
	return any;
}

/* Empty where nothing is asked for. Words are folded: they hold nothing that means something in an expression. */
static int write_expression(const struct word_query *wanted, struct strbuf *out, struct words_scorer *scorer)
{
	int phrases = 0;

	if (!write_terms(wanted, false, wanted->any ? " OR " : " AND ", out, scorer, &phrases))
		return 0;
	size_t end = out->size;
	strbuf_add_string(out, " NOT ");
	if (!write_terms(wanted, true, " OR ", out, scorer, &phrases) && strbuf_ok(out)) {
		out->size = end;
		out->data[end] = '\0';
	}
	return phrases;
}

/* ---- which of the rows count ---- */

struct sieve {
	struct sqlite_reader *reader;
	const struct word_query *wanted;
	struct spans spans;
	size_t at, group;  /* the spans that interleave where the latest row lies */
	int64_t group_last;
	bool group_is_whole; /* every id in them is a record of theirs */
};

static int64_t span_count(const struct sieve *sieve)
{
	int64_t count = 0;

	for (size_t i = 0; i < sieve->group; i++)
		count += sieve->spans.items[sieve->at + i].count;
	return count;
}

/* Goes on to the spans that may hold `id`; rows come in the order of ids. false: none does. */
static bool find_group(struct sieve *sieve, int64_t id)
{
	while (sieve->at < sieve->spans.count && (!sieve->group || id > sieve->group_last)) {
		sieve->at += sieve->group;
		sieve->group = 0;
		if (sieve->at == sieve->spans.count)
			return false;
		sieve->group = spans_group(&sieve->spans, sieve->at, &sieve->group_last);
		sieve->group_is_whole =
			span_count(sieve) == sieve->group_last - sieve->spans.items[sieve->at].first + 1;
	}
	return sieve->at < sieve->spans.count && id >= sieve->spans.items[sieve->at].first;
}

static bool is_in_span(const struct sieve *sieve, int64_t import_id, int64_t id)
{
	for (size_t i = 0; i < sieve->group; i++) {
		const struct span *span = &sieve->spans.items[sieve->at + i];
		if (span->import_id == import_id)
			return id >= span->first && id <= span->last;
	}
	return false;
}

/* Whether the row is a record that counts and is asked for. The record itself is looked up only where the
 * imports' bounds do not tell. */
static enum status passes(struct sieve *sieve, int64_t id, bool *passed, struct error *err)
{
	enum record_status wanted = sieve->wanted->status;
	struct query query;

	*passed = find_group(sieve, id);
	if (!*passed || (sieve->group_is_whole && wanted == RECORD_STATUS_ANY))
		return STATUS_OK;
	*passed = false;
	query_begin(&query, &sieve->reader->connection, READ_RECORD_PLACE);
	query_bind_int(&query, 1, id);
	if (query_row(&query)) {
		bool valid = query_int(&query, 1) != 0;
		*passed = is_in_span(sieve, query_int(&query, 0), id) &&
			  (wanted == RECORD_STATUS_ANY || valid == (wanted == RECORD_STATUS_VALID));
	}
	return query_end(&query, err);
}

/* ---- the best of them: a heap whose first item is the worst ---- */

static bool is_worse(const struct word_hit *a, const struct word_hit *b)
{
	return a->score < b->score || (a->score <= b->score && a->id > b->id);
}

static void sink(struct word_hit *heap, size_t count, size_t at)
{
	struct word_hit item = heap[at];

	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && is_worse(&heap[child + 1], &heap[child]))
			child++;
		if (!is_worse(&heap[child], &item))
			break;
		heap[at] = heap[child];
	}
	heap[at] = item;
}

static void rise(struct word_hit *heap, size_t at)
{
	struct word_hit item = heap[at];

	for (size_t parent; at && (parent = (at - 1) / 2, is_worse(&item, &heap[parent])); at = parent)
		heap[at] = heap[parent];
	heap[at] = item;
}

static void keep_best(struct word_hits *hits, size_t limit, struct word_hit hit)
{
	if (hits->count < limit) {
		hits->hits[hits->count] = hit;
		rise(hits->hits, hits->count++);
	} else if (limit && is_worse(&hits->hits[0], &hit)) {
		hits->hits[0] = hit;
		sink(hits->hits, hits->count, 0);
	}
}

static void sort_best_first(struct word_hits *hits)
{
	for (size_t rest = hits->count; rest > 1;) {
		struct word_hit worst = hits->hits[0];
		hits->hits[0] = hits->hits[--rest];
		sink(hits->hits, rest, 0);
		hits->hits[rest] = worst;
	}
}

/* ---- matching ---- */

static enum status run_match(struct sieve *sieve, struct slice expression, struct words_scorer *scorer,
			     struct word_hits *hits, int64_t *rows, struct error *err)
{
	enum status status = STATUS_OK;
	struct query query;

	query_begin(&query, &sieve->reader->connection, READ_MATCHES);
	query_bind_text(&query, 1, expression);
	query_bind_pointer(&query, 2, scorer, WORDS_SCORER);
	while (status == STATUS_OK && query_row(&query)) {
		struct word_hit hit = {.id = query_int(&query, 0)};
		bool passed;
		++*rows;
		if (query_is_null(&query, 1))
			continue;
		status = passes(sieve, hit.id, &passed, err);
		if (status != STATUS_OK || !passed)
			continue;
		hit.score = sqlite3_column_double(query.statement, 1);
		hits->total++;
		keep_best(hits, sieve->wanted->limit, hit);
	}
	enum status end = query_end(&query, status == STATUS_OK ? err : NULL);
	return status == STATUS_OK ? end : status;
}

/* What a term counts in a record that holds it: its best alternative that stands in some record. Where one term is enough, a term that only
 * stands there as what it may be a slip of is not all there. */
static double score_of_term(const struct word_term *term, bool any, const struct words_scorer *scorer, int phrase)
{
	double weight = 0;

	for (size_t i = 0; i < term->count; i++)
		if (scorer->rows[phrase + (int)i] && scorer->weights[phrase + (int)i] > weight)
			weight = scorer->weights[phrase + (int)i];
	return (any || weight <= 0 ? 1 : weight) * scorer->frequencies[phrase];
}

static double score_of_all(const struct word_query *wanted, const struct words_scorer *scorer)
{
	double sum = 0;
	int phrase = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		const struct word_term *term = &wanted->terms[i];
		if (term->excluded || !term->count)
			continue;
		sum += score_of_term(term, wanted->any, scorer, phrase);
		phrase += (int)term->count;
	}
	return sum;
}

static enum status match(struct sieve *sieve, struct slice expression, struct words_scorer *scorer, int phrases,
			 struct word_hits *hits, struct error *err)
{
	int64_t rows = 0;
	enum status status = run_match(sieve, expression, scorer, hits, &rows, err);

	if (status != STATUS_OK)
		return status;
	sort_best_first(hits);
	hits->full = phrases == 1 ? words_frequency(scorer->row_count, rows) : score_of_all(sieve->wanted, scorer);
	if (phrases == 1)
		for (size_t i = 0; i < hits->count; i++)
			hits->hits[i].score *= words_frequency(scorer->row_count, rows);
	return STATUS_OK;
}

enum status words_match(struct store_reader *base, const struct word_query *wanted, struct arena *arena,
			struct word_hits *hits, struct error *err)
{
	struct sieve sieve = {.reader = sqlite_reader_of(base), .wanted = wanted};
	struct words_scorer scorer = {.within = wanted->within};
	struct strbuf expression;

	*hits = (struct word_hits){.hits = arena_alloc_zeroed(arena, wanted->limit, sizeof *hits->hits)};
	if (!hits->hits)
		return error_no_memory(err);
	enum status status = spans_read(sieve.reader, wanted->import_id, RECORDS_ANY, arena, &sieve.spans, err);
	if (status != STATUS_OK)
		return status;
	strbuf_init(&expression, 1 << 20);
	int phrases = write_expression(wanted, &expression, &scorer);
	if (!strbuf_ok(&expression))
		status = error_no_memory(err);
	else if (phrases > WORD_PHRASES_MOST)
		status = error_set(err, STATUS_INTERNAL, "too-many-words", "more words than the store takes");
	else if (phrases)
		status = match(&sieve, strbuf_slice(&expression), &scorer, phrases, hits, err);
	strbuf_release(&expression);
	return status;
}

/* ---- words that are nearly these ---- */

enum { SPELLING_LETTERS = 32 };

struct spelling {
	uint32_t letters[SPELLING_LETTERS];
	size_t count;
	uint32_t mask; /* bits of the letters that occur */
};

static bool read_spelling(struct slice word, struct spelling *spelling)
{
	spelling->count = 0;
	spelling->mask = 0;
	for (size_t at = 0; at < word.size; spelling->count++) {
		uint32_t c = 0;
		size_t size = utf8_decode(word, at, &c);
		if (!size || spelling->count == SPELLING_LETTERS)
			return false;
		spelling->letters[spelling->count] = c;
		spelling->mask |= UINT32_C(1) << (c % 32);
		at += size;
	}
	return spelling->count > 0;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to change, add, leave out or exchange with the next (optimal string alignment); more than `most`: any number
 * above it. */
static unsigned distance(const struct spelling *a, const struct spelling *b, unsigned most)
{
	unsigned rows[3][SPELLING_LETTERS + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b->count; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= a->count; i++) {
		unsigned best = row[0] = (unsigned)i;
		for (size_t j = 1; j <= b->count; j++) {
			bool same = a->letters[i - 1] == b->letters[j - 1];
			row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + !same);
			if (i > 1 && j > 1 && a->letters[i - 1] == b->letters[j - 2] &&
			    a->letters[i - 2] == b->letters[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
			best = least(best, row[j]);
		}
		if (best > most)
			return best;
		unsigned *next = before;
		before = above;
		above = row;
		row = next;
	}
	return above[b->count];
}

/* A changed letter changes at most two bits of the mask. */
static bool may_be_near(const struct spelling *a, const struct spelling *b, unsigned most)
{
	size_t difference = a->count > b->count ? a->count - b->count : b->count - a->count;

	return difference <= most && (unsigned)__builtin_popcount(a->mask ^ b->mask) <= 2 * most;
}

static enum status is_spelling(struct sqlite_reader *reader, struct slice word, bool *found, struct error *err)
{
	struct query query;

	query_begin(&query, &reader->connection, READ_SPELLING);
	query_bind_text(&query, 1, word);
	*found = query_row(&query);
	return query_end(&query, err);
}

/* The nearest words, kept in the order of their distance; equally near ones in that of the alphabet. */
struct nearest {
	struct slice *words;
	unsigned *distances;
	size_t count, limit;
};

static bool keep_nearest(struct nearest *nearest, struct slice word, unsigned away, struct arena *arena)
{
	size_t at = nearest->count;

	while (at && nearest->distances[at - 1] > away)
		at--;
	if (at == nearest->limit)
		return true;
	if (nearest->count < nearest->limit)
		nearest->count++;
	for (size_t i = nearest->count - 1; i > at; i--) {
		nearest->words[i] = nearest->words[i - 1];
		nearest->distances[i] = nearest->distances[i - 1];
	}
	nearest->distances[at] = away;
	return arena_copy(arena, word, &nearest->words[at]);
}

static enum status scan_spellings(struct sqlite_reader *reader, const struct spelling *asked, unsigned most,
				  struct nearest *nearest, struct arena *arena, struct error *err)
{
	struct spelling spelling;
	struct query query;

	query_begin(&query, &reader->connection, READ_SPELLINGS);
	while (query_row(&query)) {
		struct slice word = query_text_borrowed(&query, 0);
		if (!read_spelling(word, &spelling) || !may_be_near(asked, &spelling, most))
			continue;
		unsigned away = distance(asked, &spelling, most);
		if (away <= most && !keep_nearest(nearest, word, away, arena))
			query_no_memory(&query);
	}
	return query_end(&query, err);
}

enum status words_similar(struct store_reader *base, struct slice word, size_t limit, struct arena *arena,
			  struct similar_words *similar, struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	struct spelling asked;
	struct nearest nearest = {.limit = limit};
	bool found = false;

	*similar = (struct similar_words){0};
	if (!read_spelling(word, &asked) || asked.count < 5)
		return STATUS_OK;
	enum status status = is_spelling(reader, word, &found, err);
	if (status != STATUS_OK || found)
		return status;
	nearest.words = arena_alloc_zeroed(arena, limit, sizeof *nearest.words);
	nearest.distances = arena_alloc_zeroed(arena, limit, sizeof *nearest.distances);
	if (!nearest.words || !nearest.distances)
		return error_no_memory(err);
	status = scan_spellings(reader, &asked, asked.count < 9 ? 1 : 2, &nearest, arena, err);
	*similar = (struct similar_words){
		.words = nearest.words, .distances = nearest.distances, .count = nearest.count};
	return status;
}
