#include "vector/scan.h"

#include "vector/top_hits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
	ALIGNMENT = 64,
	MORE_SEEDS = 32,        /* rows scored first, beside as many as are asked for */
	MOST_SEEDS = 1 << 16,
	LEAVES_TO_SHARE = 8,    /* fewer are done before a helper has woken */
	LEAVES_A_HELPER = 8,
	AHEAD = 6,              /* rows fetched before they are needed */
};

/* Relative to the lengths of query and row: more than rounding ever changes a score or a bound by. */
static const float ROUNDING = 4e-6f, SKETCH_ROUNDING = 2e-5f;

/* What one thread finds. */
struct part {
	struct top_hits seeds; /* id: place of the row; score: what it was chosen by */
	struct top_hits top;
	size_t total;
};

struct scanner {
	const struct view *view;
	const struct vector_kernels *kernels;
	const struct vector_query *query;
	struct scratch *scratch;
	const float *vector; /* [stride] */
	float *rest;         /* [stride] room */
	size_t stride;
	float length; /* of the query */
	/* The query in 16 bits: vector ≈ scale × rounded, but for `rounded_off` of length. */
	int16_t *rounded; /* [stride] */
	float scale, rounded_off;

	struct sketch_query *sketch_queries;            /* one for each basis */
	const struct sketch_query **sketch_query_of;    /* [leaves]; NULL: it has no sketches */
	size_t sketch_query_count;

	bool needs_lower;  /* bounds from below are asked for as well */
	bool counts;       /* the total depends on scores */
	float floor;       /* no lower score is in the answer */
	struct part *parts;
	unsigned part_count;
	atomic_size_t next_leaf;
};

void scratch_free(struct scratch *scratch)
{
	if (!scratch)
		return;
	free(scratch->upper);
	free(scratch->lower);
	free(scratch->masks);
	free(scratch);
}

static bool make_room(struct scratch *scratch, size_t rows, bool lower)
{
	if (rows > scratch->rows) {
		/* Some more, as what grows is searched again. */
		size_t room = (rows + rows / 4) / LEAF_ROWS * LEAF_ROWS + LEAF_ROWS;
		free(scratch->upper);
		free(scratch->lower);
		free(scratch->masks);
		*scratch = (struct scratch){0};
		scratch->upper = aligned_alloc(ALIGNMENT, room * sizeof *scratch->upper);
		scratch->masks = aligned_alloc(ALIGNMENT, room / 64 * sizeof *scratch->masks);
		if (!scratch->upper || !scratch->masks)
			return false;
		scratch->rows = room;
	}
	if (lower && !scratch->lower && scratch->rows)
		scratch->lower = aligned_alloc(ALIGNMENT, scratch->rows * sizeof *scratch->lower);
	return !lower || scratch->lower || !scratch->rows;
}

/* ---- the query, got ready ---- */

static void round_query(struct scanner *scanner)
{
	/* So that no sum of products reaches 2^31. */
	float levels = fminf(32767, 16777215.0f / (float)scanner->stride);
	float greatest = 0, off = 0;

	for (size_t i = 0; i < scanner->stride; i++)
		greatest = fmaxf(greatest, fabsf(scanner->vector[i]));
	scanner->scale = greatest / levels;
	for (size_t i = 0; i < scanner->stride; i++) {
		float value = scanner->vector[i];
		scanner->rounded[i] = (int16_t)(greatest > 0 ? lrintf(value / greatest * levels) : 0);
		float missing = value - scanner->scale * (float)scanner->rounded[i];
		off += missing * missing;
	}
	scanner->rounded_off = sqrtf(off) * 1.001f;
}

static const struct sketch_query *query_for(struct scanner *scanner, const struct basis *basis)
{
	for (size_t i = scanner->sketch_query_count; i-- > 0;)
		if (scanner->sketch_queries[i].basis == basis)
			return &scanner->sketch_queries[i];
	struct sketch_query *made = &scanner->sketch_queries[scanner->sketch_query_count++];
	sketch_query_init(made, basis, scanner->kernels, scanner->vector, scanner->rest);
	return made;
}

static size_t count_bases(const struct view *view)
{
	const struct basis *last = NULL;
	size_t changes = 0;

	for (size_t i = 0; i < view->leaf_count; i++) {
		const struct sketch *sketch = view->leaves[i]->sketch;
		if (sketch && sketch->basis != last) {
			last = sketch->basis;
			changes++;
		}
	}
	return changes;
}

static bool make_queries(struct scanner *scanner)
{
	const struct view *view = scanner->view;
	size_t bases = count_bases(view), size = (bases + 1) * sizeof *scanner->sketch_queries;

	scanner->rounded = calloc(scanner->stride, sizeof *scanner->rounded);
	scanner->rest = calloc(scanner->stride, sizeof *scanner->rest);
	scanner->sketch_query_of = calloc(view->leaf_count + 1, sizeof *scanner->sketch_query_of);
	scanner->sketch_queries = aligned_alloc(ALIGNMENT, (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
	if (!scanner->rounded || !scanner->rest || !scanner->sketch_query_of || !scanner->sketch_queries)
		return false;
	round_query(scanner);
	for (size_t i = 0; i < view->leaf_count; i++)
		if (view->leaves[i]->sketch)
			scanner->sketch_query_of[i] = query_for(scanner, view->leaves[i]->sketch->basis);
	return true;
}

/* ---- single rows ---- */

static float score_of(const struct scanner *scanner, const struct block *block, size_t row)
{
	size_t at = row * scanner->stride;

	return scanner->kernels->fine(block->high + at, block->low + at, scanner->vector, scanner->stride) *
	       block->scales[row].scale;
}

/* What the upper bytes say of a row's score, and how far off that may be. */
static void bound_row(const struct scanner *scanner, const struct leaf *leaf, size_t row, float *estimate,
		      float *missing)
{
	const struct block *block = leaf->block;
	const struct row_scale *scale = &block->scales[row];
	int32_t sum = scanner->kernels->rough(block->high + row * scanner->stride, scanner->rounded,
					      scanner->stride);

	*estimate = 256 * scale->scale * scanner->scale * (float)sum;
	*missing = scanner->length * scale->low_length +
		   scanner->rounded_off * (leaf->length + scale->low_length) +
		   ROUNDING * scanner->length * leaf->length;
}

static bool is_wanted(const struct scanner *scanner, const struct vector_hit *hit)
{
	const struct vector_query *query = scanner->query;

	return hit->score >= query->min_score &&
	       (!query->has_after || hit_is_before(&query->after, hit));
}

static void fetch_row(const struct scanner *scanner, const struct block *block, size_t row)
{
	const char *high = (const char *)(block->high + row * scanner->stride);

	__builtin_prefetch(&block->scales[row]);
	for (size_t at = 0; at < scanner->stride; at += 64)
		__builtin_prefetch(high + at);
}

/* ---- which rows pass the filters ---- */

static uint64_t mask_of_import(const int64_t *import_ids, int64_t import_id)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < 64; i++)
		mask |= (uint64_t)(import_ids[i] == import_id) << i;
	return mask;
}

/* The 64 bits of the set from id `first` on. */
static uint64_t bits_from(const struct id_set *set, int64_t first)
{
	uint64_t at = (uint64_t)first - (uint64_t)set->first, word = at / 64, shift = at % 64;

	/* Before the set's range. */
	if (first < set->first) {
		uint64_t before = (uint64_t)(set->first - first);
		return before < 64 && set->word_count ? set->words[0] << before : 0;
	}
	uint64_t low = word < set->word_count ? set->words[word] >> shift : 0;
	uint64_t high = shift && word + 1 < set->word_count ? set->words[word + 1] << (64 - shift) : 0;
	return low | high;
}

static uint64_t mask_of_set(const struct id_set *set, const int64_t *ids, uint64_t asked, bool is_run)
{
	uint64_t mask = 0;

	if (is_run)
		return bits_from(set, ids[0]) & asked;
	for (; asked; asked &= asked - 1) {
		int i = __builtin_ctzll(asked);
		mask |= (uint64_t)id_set_has(set, ids[i]) << i;
	}
	return mask;
}

static size_t fill_masks(const struct scanner *scanner, const struct leaf *leaf, uint64_t *masks)
{
	const struct vector_query *query = scanner->query;
	const struct block *block = leaf->block;
	size_t count = 0;

	for (size_t word = 0; word < LEAF_WORDS; word++) {
		uint64_t mask = leaf->alive[word];
		if (mask && query->import_id != 0 && leaf->import_id != query->import_id)
			mask &= mask_of_import(block->import_ids + 64 * word, query->import_id);
		if (mask && query->filter)
			mask = mask_of_set(query->filter, block->ids + 64 * word, mask,
					   leaf->runs >> word & 1);
		masks[word] = mask;
		count += (size_t)__builtin_popcountll(mask);
	}
	if (query->except_id != 0 && leaf->least_id <= query->except_id &&
	    query->except_id <= leaf->greatest_id) {
		for (size_t row = 0; row < leaf->used; row++) {
			uint64_t bit = (uint64_t)1 << (row % 64);
			if (block->ids[row] == query->except_id && masks[row / 64] & bit) {
				masks[row / 64] &= ~bit;
				count--;
			}
		}
	}
	return count;
}

/* ---- the first step ---- */

/* Bounds of groups `from` to `until` of a leaf by their sketches. */
static void bound_groups(const struct scanner *scanner, size_t index, size_t from, size_t until)
{
	const struct leaf *leaf = scanner->view->leaves[index];
	const struct sketch_query *query = scanner->sketch_query_of[index];
	size_t row = from * SKETCH_GROUP, place = index * LEAF_ROWS + row;
	float slack = query->weight_error * leaf->code_length +
		      SKETCH_ROUNDING * scanner->length * (leaf->length + query->mean_length);

	scanner->kernels->bound(&query->weights, leaf->sketch->codes + from * SKETCH_GROUP_SIZE,
				leaf->sketch->tails + row, leaf->sketch->errors + row, slack, until - from,
				scanner->scratch->upper + place,
				scanner->needs_lower ? scanner->scratch->lower + place : NULL);
}

/* All of 64 rows where most are asked for, else only the groups in which some are. */
static void bound_word(const struct scanner *scanner, size_t index, size_t word, uint64_t mask)
{
	if (__builtin_popcountll(mask) > 6) {
		bound_groups(scanner, index, 8 * word, 8 * word + 8);
		return;
	}
	for (size_t group = 0; group < 8; group++)
		if (mask >> (8 * group) & 0xff)
			bound_groups(scanner, index, 8 * word + group, 8 * word + group + 1);
}

static void bound_rows_one_by_one(const struct scanner *scanner, size_t index, size_t word, uint64_t mask)
{
	const struct leaf *leaf = scanner->view->leaves[index];

	for (; mask; mask &= mask - 1) {
		size_t row = 64 * word + (size_t)__builtin_ctzll(mask);
		float estimate, missing;
		bound_row(scanner, leaf, row, &estimate, &missing);
		scanner->scratch->upper[index * LEAF_ROWS + row] = estimate + missing;
		if (scanner->needs_lower)
			scanner->scratch->lower[index * LEAF_ROWS + row] = estimate - missing;
	}
}

static void bound_leaf(const struct scanner *scanner, size_t index, const uint64_t *masks)
{
	size_t sketched = scanner->view->leaves[index]->sketched / 64, word = 0;

	while (word < LEAF_WORDS) {
		size_t end = word;
		/* As many at a time as are all asked for. */
		while (end < sketched && __builtin_popcountll(masks[end]) > 6)
			end++;
		if (end > word) {
			bound_groups(scanner, index, 8 * word, 8 * end);
			word = end;
			continue;
		}
		if (masks[word] && word < sketched)
			bound_word(scanner, index, word, masks[word]);
		else if (masks[word])
			bound_rows_one_by_one(scanner, index, word, masks[word]);
		word++;
	}
}

/* Rows of the leaf that reach min_score: by their bounds where those say so, else by their score. */
static size_t count_leaf(const struct scanner *scanner, size_t index, const uint64_t *masks)
{
	const struct leaf *leaf = scanner->view->leaves[index];
	float least = scanner->query->min_score;
	size_t count = 0;

	for (size_t word = 0; word < LEAF_WORDS; word++) {
		const float *upper = scanner->scratch->upper + index * LEAF_ROWS + 64 * word;
		const float *lower = scanner->scratch->lower + index * LEAF_ROWS + 64 * word;
		if (!masks[word])
			continue;
		uint64_t certain = masks[word] & scanner->kernels->at_least(lower, least);
		uint64_t open = masks[word] & scanner->kernels->at_least(upper, least) & ~certain;
		count += (size_t)__builtin_popcountll(certain);
		for (; open; open &= open - 1) {
			size_t row = 64 * word + (size_t)__builtin_ctzll(open);
			float estimate, missing;
			bound_row(scanner, leaf, row, &estimate, &missing);
			if (estimate - missing >= least)
				count++;
			else if (estimate + missing >= least)
				count += score_of(scanner, leaf->block, row) >= least;
		}
	}
	return count;
}

/* Offers rows for scoring first: those with the highest bounds; behind a hit, those with the highest
 * estimates that are not above it. */
static void choose_seeds(const struct scanner *scanner, size_t index, const uint64_t *masks,
			 struct top_hits *seeds)
{
	const struct vector_query *query = scanner->query;

	if (!seeds->capacity)
		return;
	for (size_t word = 0; word < LEAF_WORDS; word++) {
		size_t place = index * LEAF_ROWS + 64 * word;
		float floor = seeds->count == seeds->capacity ? seeds->hits[0].score : -INFINITY;
		if (!masks[word])
			continue;
		uint64_t open = masks[word] & scanner->kernels->at_least(scanner->scratch->upper + place, floor);
		for (; open; open &= open - 1) {
			size_t row = place + (size_t)__builtin_ctzll(open);
			float by = scanner->scratch->upper[row];
			if (query->has_after) {
				by = (by + scanner->scratch->lower[row]) / 2;
				if (by > query->after.score)
					continue;
			}
			top_hits_offer(seeds, (struct vector_hit){(int64_t)row, by});
		}
	}
}

static void first_step(void *context, unsigned worker)
{
	struct scanner *scanner = context;
	struct part *part = &scanner->parts[worker];
	size_t index;

	while ((index = atomic_fetch_add(&scanner->next_leaf, 1)) < scanner->view->leaf_count) {
		uint64_t *masks = scanner->scratch->masks + index * LEAF_WORDS;
		size_t count = fill_masks(scanner, scanner->view->leaves[index], masks);
		if (!count)
			continue;
		bound_leaf(scanner, index, masks);
		part->total += scanner->counts ? count_leaf(scanner, index, masks) : count;
		choose_seeds(scanner, index, masks, &part->seeds);
	}
}

/* ---- the second step ---- */

static void offer_row(const struct scanner *scanner, const struct block *block, size_t row,
		      struct top_hits *top)
{
	struct vector_hit hit = {block->ids[row], score_of(scanner, block, row)};

	if (is_wanted(scanner, &hit))
		top_hits_offer(top, hit);
}

/* Scores the seeds, and takes them out of the masks; sets the floor. */
static void score_seeds(struct scanner *scanner)
{
	struct top_hits *top = &scanner->parts[0].top;

	for (unsigned i = 0; i < scanner->part_count; i++) {
		const struct top_hits *seeds = &scanner->parts[i].seeds;
		for (size_t k = 0; k < seeds->count; k++) {
			size_t place = (size_t)seeds->hits[k].id, row = place % LEAF_ROWS;
			offer_row(scanner, scanner->view->leaves[place / LEAF_ROWS]->block, row, top);
			scanner->scratch->masks[place / 64] &= ~((uint64_t)1 << (place % 64));
		}
	}
	scanner->floor = scanner->query->min_score;
	if (top->count == top->capacity && top->count && top->hits[0].score > scanner->floor)
		scanner->floor = top->hits[0].score;
}

/* The rows of a leaf that may still be in the answer. */
static size_t list_open_rows(const struct scanner *scanner, size_t index, float floor, uint16_t rows[LEAF_ROWS])
{
	const struct vector_query *query = scanner->query;
	size_t count = 0;

	for (size_t word = 0; word < LEAF_WORDS; word++) {
		size_t place = index * LEAF_ROWS + 64 * word;
		uint64_t open = scanner->scratch->masks[place / 64];
		if (!open)
			continue;
		open &= scanner->kernels->at_least(scanner->scratch->upper + place, floor);
		for (; open; open &= open - 1) {
			size_t row = (size_t)__builtin_ctzll(open);
			if (!query->has_after || scanner->scratch->lower[place + row] <= query->after.score)
				rows[count++] = (uint16_t)(64 * word + row);
		}
	}
	return count;
}

static void settle_leaf(const struct scanner *scanner, size_t index, struct top_hits *top)
{
	const struct leaf *leaf = scanner->view->leaves[index];
	uint16_t rows[LEAF_ROWS];
	float floor = scanner->floor;
	size_t count = list_open_rows(scanner, index, floor, rows);

	for (size_t i = 0; i < count && i < AHEAD; i++)
		fetch_row(scanner, leaf->block, rows[i]);
	for (size_t i = 0; i < count; i++) {
		float estimate, missing;
		if (i + AHEAD < count)
			fetch_row(scanner, leaf->block, rows[i + AHEAD]);
		if (top->count == top->capacity && top->count && top->hits[0].score > floor)
			floor = top->hits[0].score;
		bound_row(scanner, leaf, rows[i], &estimate, &missing);
		if (estimate + missing >= floor &&
		    (!scanner->query->has_after || estimate - missing <= scanner->query->after.score))
			offer_row(scanner, leaf->block, rows[i], top);
	}
}

static void second_step(void *context, unsigned worker)
{
	struct scanner *scanner = context;
	size_t index;

	while ((index = atomic_fetch_add(&scanner->next_leaf, 1)) < scanner->view->leaf_count)
		settle_leaf(scanner, index, &scanner->parts[worker].top);
}

/* ---- all of it ---- */

static bool make_parts(struct scanner *scanner, unsigned count, size_t wanted)
{
	size_t rows = scanner->view->count;
	size_t seeds = wanted && wanted < MOST_SEEDS ? wanted + MORE_SEEDS : 0;

	scanner->parts = calloc(count, sizeof *scanner->parts);
	if (!scanner->parts)
		return false;
	scanner->part_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct part *part = &scanner->parts[i];
		bool made = top_hits_init(&part->seeds, seeds < rows ? seeds : rows);
		if (!top_hits_init(&part->top, wanted < rows ? wanted : rows) || !made)
			return false;
	}
	return true;
}

static void run_steps(struct scanner *scanner, struct helpers *helpers, unsigned helping)
{
	helpers_run(helpers, first_step, scanner, helping);
	if (!scanner->parts[0].top.capacity)
		return;
	score_seeds(scanner);
	atomic_store(&scanner->next_leaf, 0);
	helpers_run(helpers, second_step, scanner, helping);
	for (unsigned i = 1; i < scanner->part_count; i++)
		for (size_t k = 0; k < scanner->parts[i].top.count; k++)
			top_hits_offer(&scanner->parts[0].top, scanner->parts[i].top.hits[k]);
	top_hits_sort(&scanner->parts[0].top);
}

static void release(struct scanner *scanner)
{
	for (unsigned i = 0; scanner->parts && i < scanner->part_count; i++) {
		top_hits_release(&scanner->parts[i].seeds);
		top_hits_release(&scanner->parts[i].top);
	}
	free(scanner->parts);
	free(scanner->rounded);
	free(scanner->rest);
	free(scanner->sketch_queries);
	free(scanner->sketch_query_of);
}

bool scan(const struct view *view, const struct vector_kernels *kernels, struct helpers *helpers,
	  struct scratch *scratch, const struct vector_query *query, const float *vector, size_t stride,
	  struct vector_hit *hits, size_t *count, size_t *total, bool *more)
{
	struct scanner scanner = {
		.view = view,
		.kernels = kernels,
		.query = query,
		.scratch = scratch,
		.vector = vector,
		.stride = stride,
		.length = row_length(kernels, vector, stride),
		.counts = total && query->min_score > -INFINITY,
	};
	/* One more than is given, to know whether there is one. */
	size_t first = query->skip, wanted = first < view->count ? first + query->limit + 1 : 0;
	unsigned helping = view->leaf_count < LEAVES_TO_SHARE ? 0 : (unsigned)(view->leaf_count / LEAVES_A_HELPER);

	if (wanted < query->limit)
		wanted = SIZE_MAX; /* no overflow of the sum */
	if (helping > helpers_count(helpers))
		helping = helpers_count(helpers);
	scanner.needs_lower = scanner.counts || query->has_after;
	bool done = make_room(scratch, view->leaf_count * LEAF_ROWS, scanner.needs_lower) &&
		    make_queries(&scanner) && make_parts(&scanner, helping + 1, wanted);
	if (done) {
		run_steps(&scanner, helpers, helping);
		const struct top_hits *top = &scanner.parts[0].top;
		size_t left = top->count > first ? top->count - first : 0;
		*count = left < query->limit ? left : query->limit;
		*more = left > query->limit;
		if (*count)
			memcpy(hits, top->hits + first, *count * sizeof *hits);
		for (unsigned i = 0; total && i < scanner.part_count; i++)
			*total += scanner.parts[i].total;
	}
	release(&scanner);
	return done;
}
