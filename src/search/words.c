#include "search/words.h"

#include "record/word_reader.h"

#include "base/banned.h"

/* One piece of the query as it is written. */
struct piece {
	struct slice text;
	bool excluded, quoted, prefix;
};

/* Length of the white space at `at`; 0: there is none. */
static size_t space_size(struct slice text, size_t at)
{
	const char *p = text.data + at;
	size_t rest = text.size - at;

	if ((unsigned char)*p <= ' ')
		return 1;
	if (rest >= 2 && memcmp(p, "\xC2\xA0", 2) == 0)
		return 2;
	return rest >= 3 && memcmp(p, "\xE3\x80\x80", 3) == 0 ? 3 : 0;
}

static size_t end_of_plain(struct slice text, size_t at)
{
	while (at < text.size && text.data[at] != '"' && !space_size(text, at))
		at++;
	return at;
}

static void take_star(struct piece *piece)
{
	while (piece->text.size && piece->text.data[piece->text.size - 1] == '*') {
		piece->prefix = true;
		piece->text.size--;
	}
}

static bool next_piece(struct slice query, size_t *at, struct piece *piece)
{
	size_t size;

	*piece = (struct piece){0};
	while (*at < query.size && (size = space_size(query, *at)) > 0)
		*at += size;
	if (*at == query.size)
		return false;
	for (; *at < query.size && query.data[*at] == '-'; ++*at)
		piece->excluded = true;
	piece->quoted = *at < query.size && query.data[*at] == '"';
	size_t start = *at + piece->quoted;
	size_t end = piece->quoted ? slice_find(query, '"', start) : end_of_plain(query, start);
	piece->text = slice_of(query.data + start, end - start);
	*at = piece->quoted && end < query.size ? end + 1 : end;
	/* A star behind the closing quote as well as before it. */
	for (; piece->quoted && *at < query.size && query.data[*at] == '*'; ++*at)
		piece->prefix = true;
	take_star(piece);
	return true;
}

static bool read_phrase(const struct piece *piece, struct arena *arena, struct word_phrase *phrase)
{
	struct slice *words = arena_alloc(arena, WORDS_PHRASE_MOST * sizeof *words);
	struct word_reader reader;

	if (!words)
		return false;
	*phrase = (struct word_phrase){.words = words, .weight = 1};
	word_reader_init(&reader, piece->text);
	while (phrase->count < WORDS_PHRASE_MOST && word_reader_next(&reader))
		if (!arena_copy(arena, word_reader_word(&reader), &words[phrase->count++]))
			return false;
	/* "foo-*" ends in a sign: its last word is whole. */
	phrase->prefix = piece->prefix && phrase->count && reader.end == piece->text.size;
	return true;
}

static bool is_same(const struct word_term *a, const struct word_term *b)
{
	const struct word_phrase *p = a->alternatives, *q = b->alternatives;

	if (a->excluded != b->excluded || p->count != q->count || p->prefix != q->prefix)
		return false;
	for (size_t i = 0; i < p->count; i++)
		if (!slice_equal(p->words[i], q->words[i]))
			return false;
	return true;
}

static bool is_known(const struct words *words, const struct word_term *term)
{
	for (size_t i = 0; i < words->count; i++)
		if (is_same(&words->terms[i], term))
			return true;
	return false;
}

bool words_parse(struct slice query, struct arena *arena, struct words *words)
{
	struct piece piece;
	size_t at = 0;

	words->count = 0;
	words->terms = arena_alloc_zeroed(arena, WORDS_TERMS_MOST, sizeof *words->terms);
	words->may_be_misspelled = arena_alloc_zeroed(arena, WORDS_TERMS_MOST, sizeof *words->may_be_misspelled);
	if (!words->terms || !words->may_be_misspelled)
		return false;
	while (words->count < WORDS_TERMS_MOST && next_piece(query, &at, &piece)) {
		struct word_phrase *phrase = arena_alloc(arena, (1 + WORDS_SIMILAR_MOST) * sizeof *phrase);
		if (!phrase || !read_phrase(&piece, arena, phrase))
			return false;
		struct word_term term = {.alternatives = phrase, .count = 1, .excluded = piece.excluded};
		if (!phrase->count || is_known(words, &term))
			continue;
		words->may_be_misspelled[words->count] = !piece.quoted && !piece.excluded && !phrase->prefix &&
							 phrase->count == 1 && word_is_spelled(phrase->words[0]);
		words->terms[words->count++] = term;
	}
	return true;
}

static enum status widen(struct word_term *term, const struct store_backend *call, struct store_reader *reader,
			 struct arena *arena, struct error *err)
{
	/* Room for the similar ones was made when the query was read. */
	struct word_phrase *phrases = (struct word_phrase *)term->alternatives;
	struct similar_words similar;
	enum status status = call->similar_words(reader, phrases[0].words[0], WORDS_SIMILAR_MOST, arena, &similar, err);

	for (size_t i = 0; status == STATUS_OK && i < similar.count; i++)
		phrases[term->count++] = (struct word_phrase){
			.words = &similar.words[i], .count = 1, .weight = 1.0 / (1 + similar.distances[i])};
	return status;
}

enum status words_add_similar(struct words *words, const struct store_backend *call, struct store_reader *reader,
			      struct arena *arena, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < words->count && status == STATUS_OK; i++)
		if (words->may_be_misspelled[i])
			status = widen(&words->terms[i], call, reader, arena, err);
	return status;
}
