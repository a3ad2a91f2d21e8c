/* Records by the cosine of their vector to the query's, then by id; or those that a query finds, in the order
 * of fields. */
#include "search/internal.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

/* What the index gave, or where fields give the order, what these gave. */
struct found_hits {
	float vector[EMBED_DIMENSION];
	struct vector_hit *hits;
	size_t count, total;
	bool more;
	bool by_fields;
	struct ordered_ids ordered;
};

/* false: the record whose vector is asked for has none (any more). */
static bool find_vector(struct page *page, struct found_hits *found, enum status *status, struct error *err)
{
	const struct search_request *request = page->request;

	if (request->by_vector)
		return vector_index_get(page->searcher->index, request->record_id, found->vector);
	*status = searcher_embed(page->searcher, request->query, found->vector, NULL, err);
	return *status == STATUS_OK;
}

/* The request as the index knows it; what concerns the page is left to the caller. */
static bool begin_query(struct page *page, const struct found_hits *found, struct vector_query *query)
{
	const struct search_request *request = page->request;

	*query = (struct vector_query){
		.vector = found->vector,
		.import_id = request->import_id,
		.except_id = request->by_vector ? request->record_id : 0,
		.min_score = request->min_score,
	};
	if (!request->filter)
		return true;
	query->filter = page_ids(page);
	return query->filter != NULL;
}

static enum status find_page(struct page *page, struct found_hits *found, struct error *err)
{
	const struct search_request *request = page->request;
	struct vector_query query;

	found->hits = arena_alloc(page->arena, request->limit * sizeof *found->hits);
	if (!found->hits || !begin_query(page, found, &query))
		return error_no_memory(err);
	query.has_after = page->has_cursor;
	query.after = (struct vector_hit){.id = page->cursor.id, .score = page->cursor.score};
	query.skip = page->has_cursor ? 0 : (size_t)request->offset;
	query.limit = request->limit;
	if (!vector_index_search(page->searcher->index, &query, found->hits, &found->count, &found->total,
				 &found->more))
		return error_no_memory(err);
	return STATUS_OK;
}

/* Narrows the selection to what reaches min_score. */
static enum status keep_near(struct page *page, const struct found_hits *found, struct error *err)
{
	struct vector_index *index = page->searcher->index;
	struct vector_query query;
	int64_t first = 1, last = 0;
	size_t count = 0;
	bool more;

	if (!begin_query(page, found, &query))
		return error_no_memory(err);
	query.limit = vector_index_count(index);
	struct vector_hit *hits = malloc((query.limit + 1) * sizeof *hits);
	struct id_set near = {0};
	bool done = hits && vector_index_search(index, &query, hits, &count, NULL, &more);
	for (size_t i = 0; done && i < count; i++) {
		first = i == 0 || hits[i].id < first ? hits[i].id : first;
		last = i == 0 || hits[i].id > last ? hits[i].id : last;
	}
	done = done && id_set_init(&near, first, last);
	for (size_t i = 0; done && i < count; i++)
		id_set_add(&near, hits[i].id);
	if (done)
		column_selection_keep(&page->selection, &near);
	id_set_release(&near);
	free(hits);
	return done ? STATUS_OK : error_no_memory(err);
}

static enum status narrow_selection(struct page *page, const struct found_hits *found, struct error *err)
{
	column_selection_keep_embedded(&page->selection);
	return page->request->min_score > -INFINITY ? keep_near(page, found, err) : STATUS_OK;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t left = ((const struct vector_hit *)a)->id, right = ((const struct vector_hit *)b)->id;

	return (left > right) - (left < right);
}

/* The scores of what fields put in order, as hits by id. */
static enum status score_ordered(struct page *page, struct found_hits *found, struct error *err)
{
	const struct ordered_ids *ordered = &found->ordered;
	int64_t first = INT64_MAX, last = 0;
	struct vector_query query;
	struct id_set ids = {0};
	bool more;

	for (size_t i = 0; i < ordered->count; i++) {
		first = ordered->ids[i] < first ? ordered->ids[i] : first;
		last = ordered->ids[i] > last ? ordered->ids[i] : last;
	}
	found->hits = arena_alloc(page->arena, (ordered->count + 1) * sizeof *found->hits);
	bool done = found->hits && begin_query(page, found, &query) && id_set_init(&ids, first, last);
	if (done) {
		for (size_t i = 0; i < ordered->count; i++)
			id_set_add(&ids, ordered->ids[i]);
		query.filter = &ids;
		query.min_score = -INFINITY;
		query.limit = ordered->count;
		done = vector_index_search(page->searcher->index, &query, found->hits, &found->count, NULL,
					   &more);
	}
	id_set_release(&ids);
	if (done && found->count)
		qsort(found->hits, found->count, sizeof *found->hits, compare_ids);
	return done ? STATUS_OK : error_no_memory(err);
}

static enum status find_hits(struct page *page, struct error *err)
{
	const struct search_request *request = page->request;
	struct found_hits *found = arena_alloc_zeroed(page->arena, 1, sizeof *found);
	enum status status = STATUS_OK;

	if (!found)
		return error_no_memory(err);
	page->found = found;
	/* Only valid records have vectors. */
	if (request->status != RECORD_STATUS_INVALID && !find_vector(page, found, &status, err))
		return status;
	if (request->status != RECORD_STATUS_INVALID && !request->sort_count)
		status = find_page(page, found, err);
	if (status == STATUS_OK && page->has_selection && (request->facet_count || request->sort_count))
		status = narrow_selection(page, found, err);
	if (status != STATUS_OK || !request->sort_count)
		return status;
	found->by_fields = true;
	status = page_order(page, &found->ordered, err);
	return status == STATUS_OK && found->ordered.count ? score_ordered(page, found, err) : status;
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

static enum status fetch_by_fields(struct page *page, struct found_hits *found, struct error *err)
{
	struct record_list *list = &page->result->list;
	enum status status = page_fetch_ordered(page, &found->ordered, err);

	if (status != STATUS_OK || !list->count)
		return status;
	page->result->scores = arena_alloc(page->arena, list->count * sizeof *page->result->scores);
	if (!page->result->scores)
		return error_no_memory(err);
	for (size_t i = 0; i < list->count; i++) {
		struct vector_hit key = {.id = list->records[i].id};
		const struct vector_hit *hit =
			found->count ? bsearch(&key, found->hits, found->count, sizeof key, compare_ids) : NULL;
		page->result->scores[i] = hit ? hit->score : NAN;
	}
	return STATUS_OK;
}

static enum status fetch_hits(struct page *page, struct error *err)
{
	struct found_hits *found = page->found;
	enum status status;

	if (found->by_fields)
		return fetch_by_fields(page, found, err);
	status = found->count ? look_up(page, found, err) : STATUS_OK;
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
