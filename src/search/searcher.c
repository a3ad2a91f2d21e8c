#include "search/searcher.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/banned.h"

enum { BUILD_SLICE = 4096, BUILD_ARENA = 64 << 20 };

struct searcher {
	struct store *store;
	const struct embed_model *model;
	struct vector_index *index;

	/* Workspaces that no query uses at the moment. */
	pthread_mutex_t mutex;
	pthread_cond_t returned;
	struct embed_workspace **workspaces;
	unsigned idle, made;
};

struct searcher *searcher_new(struct store *store, const struct embed_model *model,
			      struct vector_index *index, unsigned workspaces)
{
	struct searcher *searcher = calloc(1, sizeof *searcher);

	if (!searcher)
		return NULL;
	searcher->store = store;
	searcher->model = model;
	searcher->index = index;
	pthread_mutex_init(&searcher->mutex, NULL);
	pthread_cond_init(&searcher->returned, NULL);
	searcher->workspaces = calloc(workspaces, sizeof(struct embed_workspace *));
	while (searcher->workspaces && searcher->made < workspaces) {
		struct embed_workspace *workspace = embed_workspace_new(model, EMBED_MAX_TOKENS);
		if (!workspace)
			break;
		searcher->workspaces[searcher->made++] = workspace;
	}
	searcher->idle = searcher->made;
	if (!searcher->made) {
		searcher_free(searcher);
		return NULL;
	}
	return searcher;
}

void searcher_free(struct searcher *searcher)
{
	if (!searcher)
		return;
	for (unsigned i = 0; i < searcher->made; i++)
		embed_workspace_free(searcher->workspaces[i]);
	free(searcher->workspaces);
	pthread_cond_destroy(&searcher->returned);
	pthread_mutex_destroy(&searcher->mutex);
	free(searcher);
}

const char *search_mode_name(enum search_mode mode)
{
	return mode == SEARCH_SEMANTIC ? "semantic" : "list";
}

enum status searcher_build_index(struct searcher *searcher, struct error *err)
{
	struct store *store = searcher->store;
	struct store_reader *reader = NULL;
	struct record_vector *vectors;
	struct arena slice_arena;
	int64_t after = 0;
	size_t count;

	arena_init(&slice_arena, BUILD_ARENA);
	enum status status = store->call->open_reader(store, &reader, err);
	while (status == STATUS_OK) {
		arena_reset(&slice_arena);
		status = store->call->list_vectors(reader, after, BUILD_SLICE, &slice_arena,
						   &vectors, &count, err);
		if (status != STATUS_OK || count == 0)
			break;
		for (size_t i = 0; i < count && status == STATUS_OK; i++)
			if (!vector_index_add(searcher->index, vectors[i].id, vectors[i].import_id,
					      vectors[i].vector))
				status = error_no_memory(err);
		after = vectors[count - 1].id;
	}
	store->call->close_reader(store, reader);
	arena_release(&slice_arena);
	return status;
}

enum status searcher_embed(struct searcher *searcher, struct slice text,
			   float vector[EMBED_DIMENSION], size_t *tokens, struct error *err)
{
	int32_t ids[EMBED_MAX_TOKENS];
	bool truncated;
	uint32_t size = (uint32_t)tokenizer_encode(embed_model_tokenizer(searcher->model), text,
						   ids, EMBED_MAX_TOKENS, &truncated);

	if (tokens)
		*tokens = size;
	pthread_mutex_lock(&searcher->mutex);
	while (!searcher->idle)
		pthread_cond_wait(&searcher->returned, &searcher->mutex);
	struct embed_workspace *workspace = searcher->workspaces[--searcher->idle];
	pthread_mutex_unlock(&searcher->mutex);

	enum status status = embed_run(searcher->model, workspace, ids, &size, 1, vector, err);

	pthread_mutex_lock(&searcher->mutex);
	searcher->workspaces[searcher->idle++] = workspace;
	pthread_cond_signal(&searcher->returned);
	pthread_mutex_unlock(&searcher->mutex);
	return status;
}

/* Cursors of one search do not fit another: everything that changes the result counts. */
static uint64_t list_id(const struct search_request *request)
{
	struct strbuf conditions;

	strbuf_init(&conditions, SIZE_MAX / 2);
	strbuf_add_format(&conditions, "%d %lld %d %.9g ", (int)request->mode,
			  (long long)request->import_id, (int)request->status,
			  (double)request->min_score);
	strbuf_add_slice(&conditions, request->query);
	uint64_t id = cursor_list_id("records", strbuf_slice(&conditions));
	strbuf_release(&conditions);
	return id;
}

/* One page under way: the request with its cursor opened, in one snapshot of the store. */
struct page {
	struct searcher *searcher;
	const struct search_request *request;
	struct store_reader *reader;
	struct arena *arena;
	uint64_t list_id;
	bool has_cursor;
	struct cursor cursor;
	/* For SEARCH_SEMANTIC, found before the snapshot was taken. */
	struct vector_hit *hits;
	size_t hit_count, hit_total;
	bool more;
};

static enum status open_cursor(struct page *page, struct error *err)
{
	if (!page->request->cursor.size)
		return STATUS_OK;
	page->has_cursor = true;
	if (cursor_parse(page->request->cursor, page->list_id, &page->cursor))
		return STATUS_OK;
	return error_set(err, STATUS_INVALID, "invalid-cursor",
			 "the cursor does not belong to this search; start again without it");
}

static void write_next(const struct page *page, struct search_result *result, bool more,
		       int64_t last_id, float last_score, size_t passed)
{
	struct cursor next = {.id = last_id,
			      .score = last_score,
			      .offset = result->offset + (int64_t)passed,
			      .total = result->list.total};

	if (more)
		cursor_write(&next, page->list_id, &result->next);
}

static enum status run_list(struct page *page, struct search_result *result, struct error *err)
{
	const struct search_request *request = page->request;
	struct record_query query = {
		.import_id = request->import_id,
		.status = request->status,
		.page = {.limit = request->limit,
			 .offset = request->offset,
			 .cursor_id = page->has_cursor ? page->cursor.id : 0},
	};
	struct record_list *list = &result->list;
	enum status status = page->searcher->store->call->list_records(page->reader, &query,
									page->arena, list, err);

	if (status != STATUS_OK)
		return status;
	if (page->has_cursor)
		list->total = page->cursor.total;
	if (list->count)
		write_next(page, result, list->more, list->records[list->count - 1].id, 0, list->count);
	return STATUS_OK;
}

/* Looks the hits up; those gone from this snapshot are left out, with their scores. */
static enum status fetch_hits(struct page *page, struct search_result *result, struct error *err)
{
	const struct vector_hit *hits = page->hits;
	size_t count = page->hit_count;
	struct record_list *list = &result->list;
	int64_t *ids = arena_alloc(page->arena, count * sizeof *ids);
	size_t hit = 0;

	result->scores = arena_alloc(page->arena, count * sizeof *result->scores);
	if (!ids || !result->scores)
		return error_no_memory(err);
	for (size_t i = 0; i < count; i++)
		ids[i] = hits[i].id;
	enum status status = page->searcher->store->call->get_records(page->reader, ids, count,
								       page->arena, list, err);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < list->count; i++) {
		while (hits[hit].id != list->records[i].id)
			hit++;
		result->scores[i] = hits[hit].score;
	}
	return STATUS_OK;
}

/* Ranks before the snapshot is taken: all that the index knows was committed before, so that the
 * snapshot shows it whole. */
static enum status find_hits(struct page *page, struct error *err)
{
	const struct search_request *request = page->request;
	float vector[EMBED_DIMENSION];

	if (request->status == RECORD_STATUS_INVALID)
		return STATUS_OK; /* only valid records have vectors */
	enum status status = searcher_embed(page->searcher, request->query, vector, NULL, err);
	if (status != STATUS_OK)
		return status;
	struct vector_query query = {
		.vector = vector,
		.import_id = request->import_id,
		.min_score = request->min_score,
		.has_after = page->has_cursor,
		.after = {.id = page->cursor.id, .score = page->cursor.score},
		.skip = page->has_cursor ? 0 : (size_t)request->offset,
		.limit = request->limit,
	};
	page->hits = arena_alloc(page->arena, request->limit * sizeof *page->hits);
	if (!page->hits || !vector_index_search(page->searcher->index, &query, page->hits,
						&page->hit_count, &page->hit_total, &page->more))
		return error_no_memory(err);
	return STATUS_OK;
}

static enum status run_semantic(struct page *page, struct search_result *result, struct error *err)
{
	enum status status = STATUS_OK;

	if (page->hit_count)
		status = fetch_hits(page, result, err);
	result->list.total = page->has_cursor ? page->cursor.total : (int64_t)page->hit_total;
	if (status == STATUS_OK && page->hit_count) {
		const struct vector_hit *last = &page->hits[page->hit_count - 1];
		write_next(page, result, page->more, last->id, last->score, page->hit_count);
	}
	return status;
}

/* The share of the valid records searched that have their vector. */
static enum status find_coverage(struct page *page, struct search_result *result, struct error *err)
{
	const struct store_backend *call = page->searcher->store->call;
	int64_t valid, embedded;
	enum status status;

	if (page->request->import_id) {
		struct import import;
		status = call->get_import(page->reader, page->request->import_id, page->arena,
					  &import, err);
		valid = status == STATUS_OK ? import.processed_records : 0;
		embedded = status == STATUS_OK ? import.embedded_records : 0;
		if (status == STATUS_NOT_FOUND)
			status = STATUS_OK; /* a condition that nothing meets */
	} else {
		struct store_stats stats;
		status = call->get_stats(page->reader, &stats, err);
		valid = status == STATUS_OK ? stats.records_valid : 0;
		embedded = status == STATUS_OK ? stats.records_embedded : 0;
	}
	result->embedding_coverage = valid ? (double)embedded / (double)valid : 1;
	return status;
}

enum status searcher_run(struct searcher *searcher, const struct search_request *request,
			 struct arena *arena, struct search_result *result, struct error *err)
{
	const struct store_backend *call = searcher->store->call;
	struct page page = {.searcher = searcher,
			    .request = request,
			    .arena = arena,
			    .list_id = list_id(request)};

	*result = (struct search_result){0};
	strbuf_init(&result->next, 256);
	enum status status = open_cursor(&page, err);
	if (status != STATUS_OK)
		return status;
	result->offset = page.has_cursor ? page.cursor.offset : request->offset;
	if (request->mode == SEARCH_SEMANTIC)
		status = find_hits(&page, err);
	if (status == STATUS_OK)
		status = call->open_reader(searcher->store, &page.reader, err);
	if (status == STATUS_OK)
		status = find_coverage(&page, result, err);
	if (status == STATUS_OK)
		status = request->mode == SEARCH_SEMANTIC ? run_semantic(&page, result, err)
							  : run_list(&page, result, err);
	call->close_reader(searcher->store, page.reader);
	return status;
}
