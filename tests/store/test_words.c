/* Finding records by their words: what matches, in which order, and what is reachable. */
#include "fixture.h"

#include "record/word_reader.h"

#include <stdio.h>

enum { HITS = 10000 };

static void append_data(struct fixture *f, int64_t id, const char *const *data, size_t count)
{
	struct batch batch;
	uint64_t rows = (uint64_t)get(f, id).total_records;

	assert_true(batch_init(&batch, count, 1 << 20));
	for (size_t i = 0; i < count; i++) {
		struct record *record = batch_add(&batch);
		record->row = rows + i + 1;
		record->line = record->row;
		record->data = slice_of_string(data[i]);
	}
	assert_ok(f->store->call->append_batch(f->store, id, &batch, SLICE("csv"), SLICE("{}"), &f->err), &f->err);
	batch_release(&batch);
}

#define APPEND(f, id, ...)                                                                         \
	do {                                                                                       \
		const char *const data_[] = {__VA_ARGS__};                                         \
		append_data((f), (id), data_, sizeof data_ / sizeof *data_);                       \
	} while (0)

static struct word_hits match(struct fixture *f, struct word_query query)
{
	struct store_reader *reader;
	struct word_hits hits;

	if (!query.limit)
		query.limit = HITS;
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->match_words(reader, &query, &f->arena, &hits, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return hits;
}

/* "word", "two words" (a phrase), "begin*", "-without"; every one of them a term. */
static struct word_hits find_words(struct fixture *f, struct word_query query, const char *const *texts, size_t count)
{
	static struct slice words[16][8];
	static struct word_phrase phrases[16];
	static struct word_term terms[16];
	static char folded[16][8][WORD_MAX_SIZE];

	for (size_t i = 0; i < count; i++) {
		struct word_reader reader;
		struct slice text = slice_of_string(texts[i]);
		size_t n = 0;
		word_reader_init(&reader, text);
		for (; word_reader_next(&reader); n++) {
			memcpy(folded[i][n], reader.word, reader.size);
			words[i][n] = slice_of(folded[i][n], reader.size);
		}
		phrases[i] = (struct word_phrase){.words = words[i], .count = n, .weight = 1,
						  .prefix = text.data[text.size - 1] == '*'};
		terms[i] = (struct word_term){.alternatives = &phrases[i], .count = 1, .excluded = text.data[0] == '-'};
	}
	query.terms = terms;
	query.count = count;
	return match(f, query);
}

#define FIND(f, query, ...)                                                                        \
	find_words((f), (struct word_query)query, (const char *const[]){__VA_ARGS__},              \
		   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

#define PLAIN {.limit = 0}

static void check_ids(struct word_hits hits, const int64_t *ids, size_t count)
{
	assert_int_equal(hits.total, count);
	assert_int_equal(hits.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(hits.hits[i].id, ids[i]);
}

#define CHECK_IDS(hits, ...)                                                                       \
	check_ids((hits), (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void words_of_values_are_found_at_once(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	APPEND(f, id, "{\"name\":\"Émile Zola\",\"email\":\"emile@example.com\",\"age\":62}",
	       "{\"name\":\"Ana Zola\",\"notes\":[\"Lyon\",{\"x\":\"Émile\"}]}", "{\"zola\":\"nobody\"}");
	CHECK_IDS(FIND(f, PLAIN, "ZOLA"), 1, 2);
	CHECK_IDS(FIND(f, PLAIN, "émile"), 1, 2);
	CHECK_IDS(FIND(f, PLAIN, "62"), 1);
	CHECK_IDS(FIND(f, PLAIN, "emile@example.com"), 1);
	CHECK_IDS(FIND(f, PLAIN, "lyon", "ana"), 2);
	assert_int_equal(FIND(f, PLAIN, "lyon", "62").total, 0);
	CHECK_IDS(FIND(f, {.any = true}, "nobody", "62"), 1, 3);
	CHECK_IDS(FIND(f, PLAIN, "zola", "-lyon"), 1);
	assert_int_equal(FIND(f, PLAIN, "-lyon").total, 0);
	CHECK_IDS(FIND(f, PLAIN, "exam*"), 1);
	CHECK_IDS(FIND(f, PLAIN, "ana zo*"), 2);
	assert_int_equal(FIND(f, PLAIN, "zola ana").total, 0);
}

static void no_word_means_anything_to_the_index(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	APPEND(f, id, "{\"a\":\"and or not near\"}", "{\"a\":\"text rank words\"}");
	CHECK_IDS(FIND(f, PLAIN, "and"), 1);
	CHECK_IDS(FIND(f, PLAIN, "or not"), 1);
	CHECK_IDS(FIND(f, PLAIN, "NEAR"), 1);
	CHECK_IDS(FIND(f, PLAIN, "rank"), 2);
}

static void the_best_come_first_and_then_the_oldest(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	APPEND(f, id, "{\"a\":\"common\"}", "{\"a\":\"common rare\"}", "{\"a\":\"common common\"}", "{\"a\":\"common\"}");
	CHECK_IDS(FIND(f, PLAIN, "common"), 3, 1, 2, 4);
	CHECK_IDS(FIND(f, {.any = true}, "common", "rare"), 2, 3, 1, 4);
	struct word_hits hits = FIND(f, {.limit = 2}, "common");
	assert_int_equal(hits.total, 4);
	assert_int_equal(hits.count, 2);
	assert_int_equal(hits.hits[0].id, 3);
	assert_int_equal(hits.hits[1].id, 1);
	assert_true(hits.hits[0].score > hits.hits[1].score && hits.hits[1].score > 0);
}

static void only_what_is_asked_for_counts(void **state)
{
	struct fixture *f = *state;
	int64_t first = add_completed(f, 1, 30, 3), second = add_completed(f, 2, 30, 0);
	struct id_set set;

	assert_int_equal(FIND(f, PLAIN, "person").total, 60);
	assert_int_equal(FIND(f, {.import_id = first}, "person").total, 30);
	assert_int_equal(FIND(f, {.import_id = second}, "person").total, 30);
	assert_int_equal(FIND(f, {.import_id = 99}, "person").total, 0);
	assert_int_equal(FIND(f, {.status = RECORD_STATUS_INVALID}, "person").total, 10);
	assert_int_equal(FIND(f, {.status = RECORD_STATUS_VALID}, "person").total, 50);
	assert_true(id_set_init(&set, 1, 60));
	id_set_add(&set, 7);
	id_set_add(&set, 31);
	CHECK_IDS(FIND(f, {.within = &set}, "person"), 7, 31);
	id_set_release(&set);
}

/* Imports whose rows interleave, and some of them gone: by every way of going. */
static void what_is_gone_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t kept = add_claimed(f, 1), deleted = add_claimed(f, 2), failed = add_claimed(f, 3),
		cancelled = add_claimed(f, 4);

	for (int i = 0; i < 3; i++) {
		append(f, kept, 5, 0);
		append(f, deleted, 5, 0);
		append(f, failed, 5, 0);
		append(f, cancelled, 5, 0);
	}
	assert_int_equal(FIND(f, PLAIN, "person").total, 60);
	assert_ok(f->store->call->delete_import(f->store, deleted, &f->arena, &receipt, &f->err), &f->err);
	assert_int_equal(FIND(f, PLAIN, "person").total, 45);
	fail_parsing(f, failed);
	assert_ok(f->store->call->cancel_import(f->store, cancelled, &f->err), &f->err);
	assert_int_equal(FIND(f, PLAIN, "person").total, 15);
	assert_int_equal(FIND(f, {.import_id = deleted}, "person").total, 0);
	purge_all(f, 4);
	assert_int_equal(FIND(f, PLAIN, "person").total, 15);
	append(f, kept, 5, 0);
	assert_int_equal(FIND(f, {.import_id = kept}, "person").total, 20);
	struct store_reader *reader;
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
}

static void die_in_a_purge(struct fixture *f)
{
	struct delete_receipt receipt;

	assert_ok(f->store->call->delete_import(f->store, 1, &f->arena, &receipt, &f->err), &f->err);
	for (int i = 0; i < 3; i++)
		f->store->call->purge_slice(f->store, 5, &f->err);
}

static void a_purge_goes_on_after_a_crash(void **state)
{
	struct fixture *f = *state;

	add_completed(f, 1, 40, 0);
	add_completed(f, 2, 10, 0);
	crash_while(f, die_in_a_purge);
	assert_int_equal(FIND(f, PLAIN, "person").total, 10);
	purge_all(f, 5);
	assert_int_equal(FIND(f, PLAIN, "person").total, 10);
}

static void a_snapshot_holds_words_and_records_alike(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);
	struct store_reader *reader;
	struct slice word = SLICE("person");
	struct word_phrase phrase = {.words = &word, .count = 1, .weight = 1};
	struct word_term term = {.alternatives = &phrase, .count = 1};
	struct word_query query = {.terms = &term, .count = 1, .limit = 100};
	struct word_hits hits;
	struct import import;

	append(f, id, 5, 0);
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->get_import(reader, id, &f->arena, &import, &f->err), &f->err);
	append(f, id, 5, 0);
	assert_ok(f->store->call->match_words(reader, &query, &f->arena, &hits, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	assert_int_equal(hits.total, 5);
	assert_int_equal(FIND(f, PLAIN, "person").total, 10);
}

/* ---- spellings ---- */

static void check_similar(struct fixture *f, const char *word, const char *expected)
{
	struct store_reader *reader;
	struct similar_words similar;
	char all[256] = "";

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->similar_words(reader, slice_of_string(word), 4, &f->arena, &similar, &f->err),
		  &f->err);
	f->store->call->close_reader(f->store, reader);
	for (size_t i = 0; i < similar.count; i++)
		snprintf(all + strlen(all), sizeof all - strlen(all), "%.*s ", SLICE_ARG(similar.words[i]));
	assert_string_equal(all, expected);
}

static void a_word_that_is_not_there_has_neighbours(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);
	struct delete_receipt receipt;

	APPEND(f, id, "{\"a\":\"Finance Accountant Smith Smyth Smiths\"}", "{\"a\":\"Müller sales x12345\"}");
	check_similar(f, "finance", "");
	check_similar(f, "finanse", "finance ");
	check_similar(f, "fniance", "finance ");
	check_similar(f, "inance", "finance ");
	check_similar(f, "acuontant", "accountant ");
	check_similar(f, "acuntan", "");
	check_similar(f, "smitt", "smith ");
	check_similar(f, "smihs", "smiths ");
	check_similar(f, "smths", "smiths ");
	check_similar(f, "mullar", "muller ");
	check_similar(f, "sale", "");
	check_similar(f, "x12346", "");
	assert_ok(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	purge_all(f, 100);
	check_similar(f, "finanse", "");
	id = add_claimed(f, 2);
	APPEND(f, id, "{\"a\":\"finance\"}");
	check_similar(f, "finanse", "finance ");
}

/* What a batch brings as its spellings is kept as it is; of records with claims, which may be stored otherwise than
 * they came, those of what was stored. */
static void spellings_come_with_the_batch(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);
	struct unique_claim claims[2];
	struct batch batch;

	assert_true(batch_init(&batch, 3, 1 << 20));
	for (uint64_t i = 0; i < 3; i++) {
		struct record *record = batch_add(&batch);
		record->row = record->line = i + 1;
		record->data = SLICE("{\"a\":\"finance\"}");
	}
	for (size_t i = 0; i < 2; i++) {
		struct record *record = &batch.records[i + 1];
		claims[i] = (struct unique_claim){.field = SLICE("a"), .key = SLICE("k"), .value = SLICE("k")};
		record->claims = &claims[i];
		record->claim_count = 1;
		record->data = SLICE("{\"a\":\"accountant\"}");
		record->data_as_sent = SLICE("{\"a\":\"marketing\"}");
		record->words = SLICE("accountant ");
	}
	batch.spellings = SLICE("secretary ");
	assert_ok(f->store->call->append_batch(f->store, id, &batch, SLICE("csv"), SLICE("{}"), &f->err), &f->err);
	batch_release(&batch);
	check_similar(f, "finanse", "");
	check_similar(f, "secretery", "secretary ");
	check_similar(f, "acountant", "accountant ");
	check_similar(f, "marketting", "marketing ");
	assert_int_equal(FIND(f, PLAIN, "accountant").total, 1);
	assert_int_equal(FIND(f, PLAIN, "marketing").total, 1);
	assert_int_equal(FIND(f, PLAIN, "finance").total, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(words_of_values_are_found_at_once),
		store_test(no_word_means_anything_to_the_index),
		store_test(the_best_come_first_and_then_the_oldest),
		store_test(only_what_is_asked_for_counts),
		store_test(what_is_gone_is_not_found),
		store_test(a_purge_goes_on_after_a_crash),
		store_test(a_snapshot_holds_words_and_records_alike),
		store_test(a_word_that_is_not_there_has_neighbours),
		store_test(spellings_come_with_the_batch),
	};
	return cmocka_run_group_tests_name("store words", tests, NULL, NULL);
}
