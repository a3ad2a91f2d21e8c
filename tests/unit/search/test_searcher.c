/* Ranked and listed search over a real store, against a brute-force ranking. */
#include "support.h"

#include "search/searcher.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECORDS = 137, DIMENSION = EMBED_DIMENSION };

static struct store *store;
static struct embed_model *model;
static struct vector_index *vectors;
static struct columns *columns;
static struct searcher *searcher;
static struct arena arena;
static float all[RECORDS][DIMENSION];
static int64_t first_id, import_id;

static void make_unit(uint64_t *random, float vector[DIMENSION])
{
	double square = 0;

	for (size_t i = 0; i < DIMENSION; i++) {
		vector[i] = (float)(random_next(random) % 2001) / 1000 - 1;
		square += (double)vector[i] * (double)vector[i];
	}
	for (size_t i = 0; i < DIMENSION; i++)
		vector[i] /= (float)sqrt(square);
}

static void store_records(void)
{
	static unsigned char hash[SHA256_SIZE];
	struct new_import import = {.filename = SLICE("a.csv"), .schema = SLICE("people"), .file_hash = hash};
	struct import_claim claim;
	struct batch batch;
	struct error err;

	assert_ok(store->call->add_import(store, &import, &import_id, &err), &err);
	assert_ok(store->call->claim_import(store, false, &arena, &claim, &err), &err);
	assert_true(batch_init(&batch, RECORDS, 1 << 20));
	for (uint64_t row = 1; row <= RECORDS; row++) {
		struct record *record = batch_add(&batch);
		record->row = row;
		record->line = row + 1;
		record->data = SLICE("{\"name\":\"x\"}");
	}
	assert_ok(store->call->append_batch(store, import_id, &batch, SLICE("csv"), SLICE("{}"), &err), &err);
	batch_release(&batch);
}

/* Records 0 and 1 get the same vector: their order is that of their ids. */
static void attach_vectors(void)
{
	struct record_vector attached[RECORDS];
	struct pending_record *pending;
	struct store_reader *reader;
	int64_t completed[RECORDS];
	size_t count;
	struct error err;
	uint64_t random = 42;

	assert_ok(store->call->open_reader(store, &reader, &err), &err);
	assert_ok(store->call->list_pending(reader, 0, 0, RECORDS, &arena, &pending, &count, &err), &err);
	store->call->close_reader(store, reader);
	assert_int_equal(count, RECORDS);
	first_id = pending[0].id;
	for (size_t i = 0; i < RECORDS; i++) {
		if (i == 1)
			memcpy(all[1], all[0], sizeof all[0]);
		else
			make_unit(&random, all[i]);
		attached[i] = (struct record_vector){
			.id = pending[i].id, .import_id = import_id, .vector = all[i]};
	}
	assert_ok(store->call->attach_vectors(store, attached, RECORDS, completed, &count, &err), &err);
}

static int open_all(void **state)
{
	struct embed_options options = {0};
	struct strbuf folder;
	struct error err;
	char path[4200];

	(void)state;
	snprintf(path, sizeof path, "%s/rows.db", make_temporary_folder());
	strbuf_init(&folder, 4096);
	embed_default_folder(&folder);
	assert_ok(store_open(&(struct store_config){.path = path, .readers = 2}, &store, &err), &err);
	assert_ok(embed_model_open(folder.data, &options, &model, &err), &err);
	strbuf_release(&folder);
	arena_init(&arena, 256 << 20);
	store_records();
	attach_vectors();
	vectors = vector_index_new(DIMENSION);
	columns = columns_new(make_temporary_folder());
	assert_non_null(columns);
	searcher = searcher_new(store, model, vectors, columns, 1);
	assert_non_null(searcher);
	assert_ok(searcher_build_index(searcher, &err), &err);
	assert_int_equal(vector_index_count(vectors), RECORDS);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	searcher_free(searcher);
	vector_index_free(vectors);
	columns_free(columns);
	embed_model_close(model);
	store->call->close(store);
	arena_release(&arena);
	return 0;
}

struct ranked {
	int64_t id;
	double score;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if (fabs(left->score - right->score) > 1e-9)
		return left->score > right->score ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

static void rank_by_hand(struct slice query, struct ranked ranked[RECORDS])
{
	float vector[DIMENSION];
	struct error err;

	assert_ok(searcher_embed(searcher, query, vector, NULL, &err), &err);
	for (size_t i = 0; i < RECORDS; i++) {
		ranked[i] = (struct ranked){.id = first_id + (int64_t)i};
		for (size_t j = 0; j < DIMENSION; j++)
			ranked[i].score += (double)all[i][j] * (double)vector[j];
	}
	qsort(ranked, RECORDS, sizeof *ranked, compare_ranked);
}

/* Follows the cursors through all pages; fills ids and scores in the order of the answer. */
static size_t walk(struct search_request request, int64_t ids[RECORDS], float scores[RECORDS])
{
	struct search_result result;
	struct strbuf cursor;
	struct error err;
	size_t count = 0;

	strbuf_init(&cursor, 256);
	do {
		request.cursor = strbuf_slice(&cursor);
		assert_ok(searcher_run(searcher, &request, &arena, &result, &err), &err);
		assert_int_equal(result.offset, count);
		assert_int_equal(result.list.total, RECORDS);
		for (size_t i = 0; i < result.list.count; i++, count++) {
			assert_true(count < RECORDS);
			ids[count] = result.list.records[i].id;
			scores[count] = result.scores ? result.scores[i] : 0;
		}
		strbuf_release(&cursor);
		cursor = result.next;
	} while (cursor.size);
	strbuf_release(&cursor);
	return count;
}

static void pages_of_a_ranked_search_are_the_whole_ranking_in_order(void **state)
{
	struct search_request request = {
		.mode = SEARCH_SEMANTIC, .query = SLICE("accounting"), .min_score = -INFINITY};
	struct ranked ranked[RECORDS];
	int64_t ids[RECORDS];
	float scores[RECORDS];

	(void)state;
	rank_by_hand(request.query, ranked);
	for (request.limit = 1; request.limit <= 200; request.limit = request.limit * 5 + 1) {
		assert_int_equal(walk(request, ids, scores), RECORDS);
		for (size_t i = 0; i < RECORDS; i++) {
			assert_int_equal(ids[i], ranked[i].id);
			assert_true(fabs((double)scores[i] - ranked[i].score) < 1e-5);
		}
	}
}

static void an_offset_leaves_out_as_many(void **state)
{
	struct search_request request = {.mode = SEARCH_SEMANTIC,
					 .query = SLICE("accounting"),
					 .min_score = -INFINITY,
					 .offset = 100,
					 .limit = 50};
	struct search_result result;
	struct ranked ranked[RECORDS];
	struct error err;

	(void)state;
	rank_by_hand(request.query, ranked);
	assert_ok(searcher_run(searcher, &request, &arena, &result, &err), &err);
	assert_int_equal(result.list.count, RECORDS - 100);
	assert_int_equal(result.list.records[0].id, ranked[100].id);
	assert_int_equal(result.next.size, 0);
	search_result_release(&result);
}

static void a_least_score_counts_only_what_reaches_it(void **state)
{
	struct search_request request = {
		.mode = SEARCH_SEMANTIC, .query = SLICE("accounting"), .limit = 1000};
	struct search_result result;
	struct ranked ranked[RECORDS];
	struct error err;

	(void)state;
	rank_by_hand(request.query, ranked);
	request.min_score = (float)(ranked[9].score + ranked[10].score) / 2;
	assert_ok(searcher_run(searcher, &request, &arena, &result, &err), &err);
	assert_int_equal(result.list.count, 10);
	assert_int_equal(result.list.total, 10);
	search_result_release(&result);
}

static void a_listing_goes_by_id_without_scores(void **state)
{
	struct search_request request = {.mode = SEARCH_LIST, .limit = 10};
	int64_t ids[RECORDS];
	float scores[RECORDS];

	(void)state;
	assert_int_equal(walk(request, ids, scores), RECORDS);
	for (size_t i = 0; i < RECORDS; i++)
		assert_int_equal(ids[i], first_id + (int64_t)i);
}

static void a_cursor_of_another_search_is_refused(void **state)
{
	struct search_request request = {
		.mode = SEARCH_SEMANTIC, .query = SLICE("accounting"), .min_score = -INFINITY, .limit = 5};
	struct search_result result, other;
	struct error err;

	(void)state;
	assert_ok(searcher_run(searcher, &request, &arena, &result, &err), &err);
	request.cursor = strbuf_slice(&result.next);
	request.query = SLICE("tennis");
	assert_int_equal(searcher_run(searcher, &request, &arena, &other, &err), STATUS_INVALID);
	assert_string_equal(err.code, "invalid-cursor");
	search_result_release(&result);
	search_result_release(&other);
}

static void what_is_not_there_is_found_nowhere(void **state)
{
	struct search_request request = {.mode = SEARCH_SEMANTIC,
					 .query = SLICE("accounting"),
					 .min_score = -INFINITY,
					 .import_id = import_id + 1,
					 .limit = 5};
	struct search_result result;
	struct error err;

	(void)state;
	assert_ok(searcher_run(searcher, &request, &arena, &result, &err), &err);
	assert_int_equal(result.list.total, 0);
	search_result_release(&result);
	request.import_id = 0;
	request.status = RECORD_STATUS_INVALID; /* only valid records have vectors */
	assert_ok(searcher_run(searcher, &request, &arena, &result, &err), &err);
	assert_int_equal(result.list.total, 0);
	search_result_release(&result);
}

/* Last: it deletes what the others look at. The index still knows the records, as it does for a moment
 * after every delete. */
static void records_deleted_since_the_ranking_are_left_out(void **state)
{
	struct search_request request = {
		.mode = SEARCH_SEMANTIC, .query = SLICE("accounting"), .min_score = -INFINITY, .limit = 5};
	struct delete_receipt receipt;
	struct search_result result;
	struct error err;

	(void)state;
	assert_ok(store->call->delete_import(store, import_id, &arena, &receipt, &err), &err);
	assert_ok(searcher_run(searcher, &request, &arena, &result, &err), &err);
	assert_int_equal(result.list.count, 0);
	search_result_release(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_a_ranked_search_are_the_whole_ranking_in_order),
		cmocka_unit_test(an_offset_leaves_out_as_many),
		cmocka_unit_test(a_least_score_counts_only_what_reaches_it),
		cmocka_unit_test(a_listing_goes_by_id_without_scores),
		cmocka_unit_test(a_cursor_of_another_search_is_refused),
		cmocka_unit_test(what_is_not_there_is_found_nowhere),
		cmocka_unit_test(records_deleted_since_the_ranking_are_left_out),
	};
	return cmocka_run_group_tests_name("searcher", tests, open_all, close_all);
}
