/* Records by their words and by their meaning at once: the two rankings fused by reciprocal ranks
 * (docs/decisions/0102 has the figures).
 *
 * Words that no record holds all of are then asked for one by one, so that a sentence finds what it names: a record that holds more than
 * half of them, by what they count, takes part; one that holds less says nothing against what meaning found, and stands behind it. What
 * has no vector yet takes part by its words. */
#include "search/internal.h"

#include <stdlib.h>

#include "base/banned.h"

enum {
	/* So many of the nearest records by meaning take part. */
	MEANING_DEPTH = 1000,
	/* Of reciprocal ranks: how much more the first places count than those behind. */
	RANK_SOFTNESS = 60,
};

struct candidate {
	int64_t id;
	double score;
	bool weak; /* counts only where meaning did not find the record */
};

/* What the index gave, and later what both gave. */
struct fusion {
	struct vector_hit *hits;
	size_t hit_count;
	struct candidate *candidates;
	size_t count;
};

static enum status find_meaning(struct page *page, struct error *err)
{
	const struct search_request *request = page->request;
	struct fusion *fusion = arena_alloc_zeroed(page->arena, 1, sizeof *fusion);
	float vector[EMBED_DIMENSION];
	bool more;

	if (!fusion)
		return error_no_memory(err);
	page->found = fusion;
	if (page_goes_on(page) || request->status == RECORD_STATUS_INVALID)
		return STATUS_OK;
	enum status status = searcher_embed(page->searcher, request->query, vector, NULL, err);
	if (status != STATUS_OK)
		return status;
	struct vector_query query = {.vector = vector,
				     .import_id = request->import_id,
				     .min_score = request->min_score,
				     .limit = MEANING_DEPTH};
	if (request->filter && !(query.filter = page_ids(page)))
		return error_no_memory(err);
	fusion->hits = arena_alloc(page->arena, MEANING_DEPTH * sizeof *fusion->hits);
	if (!fusion->hits || !vector_index_search(page->searcher->index, &query, fusion->hits, &fusion->hit_count,
						  NULL, &more))
		return error_no_memory(err);
	return STATUS_OK;
}

static double reciprocal(size_t rank)
{
	return 1.0 / (RANK_SOFTNESS + 1 + (double)rank);
}

/* Weak ones last. */
static int compare_ids(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->id == right->id)
		return (int)left->weak - (int)right->weak;
	return left->id > right->id ? 1 : -1;
}

static int compare_scores(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->score < right->score || left->score > right->score)
		return left->score < right->score ? 1 : -1;
	return compare_ids(a, b);
}

/* One candidate a record, best first. */
static void unite(struct fusion *fusion)
{
	size_t count = 0;

	qsort(fusion->candidates, fusion->count, sizeof *fusion->candidates, compare_ids);
	for (size_t i = 0; i < fusion->count; i++) {
		const struct candidate *candidate = &fusion->candidates[i];
		if (!count || fusion->candidates[count - 1].id != candidate->id)
			fusion->candidates[count++] = *candidate;
		else if (!candidate->weak)
			fusion->candidates[count - 1].score += candidate->score;
	}
	fusion->count = count;
	qsort(fusion->candidates, count, sizeof *fusion->candidates, compare_scores);
}

/* `share`: how much of the query the record holds, by what its words count; 1 for all of it. */
static struct candidate candidate_by_words(const struct word_hits *words, size_t i, bool any)
{
	double share = words->hits[i].score < words->full ? words->hits[i].score / words->full : 1;
	bool weak = any && share <= 0.5;

	return (struct candidate){words->hits[i].id, share * reciprocal(weak ? MEANING_DEPTH + i : i), weak};
}

static bool fuse(struct fusion *fusion, const struct word_hits *words, bool any, struct arena *arena)
{
	fusion->candidates =
		arena_alloc(arena, (words->count + fusion->hit_count) * sizeof *fusion->candidates);
	if (!fusion->candidates)
		return false;
	for (size_t i = 0; i < words->count; i++)
		fusion->candidates[fusion->count++] = candidate_by_words(words, i, any);
	for (size_t i = 0; i < fusion->hit_count; i++)
		fusion->candidates[fusion->count++] =
			(struct candidate){fusion->hits[i].id, reciprocal(i), false};
	unite(fusion);
	return true;
}

/* *any: no record holds all the words. */
static enum status match_words(struct page *page, struct word_hits *hits, bool *any, struct error *err)
{
	enum status status = page_match(page, false, hits, err);

	*any = status == STATUS_OK && !hits->total;
	return *any ? page_match(page, true, hits, err) : status;
}

static enum status fetch_fused(struct page *page, struct error *err)
{
	struct fusion *fusion = page->found;
	struct word_hits words;
	bool any;

	if (page_goes_on(page))
		return page_go_on_ranked(page, err);
	enum status status = match_words(page, &words, &any, err);
	if (status != STATUS_OK)
		return status;
	if (!fuse(fusion, &words, any, page->arena))
		return error_no_memory(err);
	size_t most = page_needs_all(page) ? SEARCH_ALL_MOST : SEARCH_DEPTH_MOST;
	size_t count = fusion->count < most ? fusion->count : most;
	struct ranked_item *items = arena_alloc(page->arena, count * sizeof *items);
	if (!items)
		return error_no_memory(err);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct ranked_item){fusion->candidates[i].id, (float)fusion->candidates[i].score};
	return page_show_ranked(page, items, count, words.total, err);
}

const struct search_method search_hybrid = {.name = "hybrid", .find = find_meaning, .fetch = fetch_fused};
