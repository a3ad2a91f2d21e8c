/* Records by the cosine of their vector to the query's, then by id. */
#include "search/internal.h"

#include "base/banned.h"

/* What the index gave. */
struct found_hits {
	struct vector_hit *hits;
	size_t count, total;
	bool more;
};

static enum status find_hits(struct page *page, struct error *err)
{
	const struct search_request *request = page->request;
	struct found_hits *found = arena_alloc_zeroed(page->arena, 1, sizeof *found);
	float vector[EMBED_DIMENSION];

	if (!found)
		return error_no_memory(err);
	page->found = found;
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
	found->hits = arena_alloc(page->arena, request->limit * sizeof *found->hits);
	if (!found->hits || !vector_index_search(page->searcher->index, &query, found->hits, &found->count,
						 &found->total, &found->more))
		return error_no_memory(err);
	return STATUS_OK;
}

/* Looks the hits up; those gone from this snapshot are left out, with their scores. */
static enum status look_up(struct page *page, const struct found_hits *found, struct error *err)
{
	struct record_list *list = &page->result->list;
	int64_t *ids = arena_alloc(page->arena, found->count * sizeof *ids);
	float *scores = arena_alloc(page->arena, found->count * sizeof *scores);
	size_t hit = 0;

	if (!ids || !scores)
		return error_no_memory(err);
	for (size_t i = 0; i < found->count; i++)
		ids[i] = found->hits[i].id;
	enum status status = page->searcher->store->call->get_records(page->reader, ids, found->count,
								       page->arena, list, err);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < list->count; i++) {
		while (found->hits[hit].id != list->records[i].id)
			hit++;
		scores[i] = found->hits[hit].score;
	}
	page->result->scores = scores;
	return STATUS_OK;
}

static enum status fetch_hits(struct page *page, struct error *err)
{
	const struct found_hits *found = page->found;
	enum status status = found->count ? look_up(page, found, err) : STATUS_OK;

	if (status != STATUS_OK)
		return status;
	page->result->list.total = page->has_cursor ? page->cursor.total : (int64_t)found->total;
	if (found->more && found->count) {
		const struct vector_hit *last = &found->hits[found->count - 1];
		page_write_next(page, last->id, last->score, found->count);
	}
	return STATUS_OK;
}

const struct search_method search_semantic = {
	.name = "semantic", .find = find_hits, .fetch = fetch_hits};
