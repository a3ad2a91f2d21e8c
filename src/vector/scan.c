#include "vector/scan.h"

#include "vector/top_hits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum {
	ALIGNMENT = 64,
	MORE_SEEDS = 32,        /* rows scored first, beside as many as are asked for */
	LEAVES_TO_SHARE = 8,    /* fewer are done before a helper has woken */
	LEAVES_A_HELPER = 8,
	/* How many rows are fetched together before any of them is needed. */
	DETAIL_BATCH = 256,
	ROW_BATCH = 16,
};

/* Relative to the lengths of query and row: more than rounding ever changes a score or a bound by. */
static const float ROUNDING = 4e-6f, SKETCH_ROUNDING = 2e-5f;

/* What one thread finds, and where it works on a leaf. */
struct part {
	struct top_hits top;
	struct top_hits seeds; /* id: the row; score: its estimate */
	size_t total;
	uint64_t masks[LEAF_WORDS];                 /* rows that pass the filters */
	float upper[LEAF_ROWS], lower[LEAF_ROWS]; /* bounds of those, by their sketches */
	struct candidate rows[LEAF_ROWS];           /* those that are looked at more closely */
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

	bool counts;         /* the total depends on scores */
	_Atomic float floor; /* no lower score is in the answer; it only rises */
	struct part *parts;
	unsigned part_count;
	atomic_size_t next_leaf;
};

void scratch_free(struct scratch *scratch)
{
	if (!scratch)
		return;
	free(scratch->candidates);
	free(scratch->counts);
	free(scratch->parts);
	free(scratch);
}

/* What grows is searched again: what is taken is kept, and some more. Of what is never touched no memory is taken. */
static bool make_room(struct scratch *scratch, size_t leaves, unsigned parts)
{
	if (leaves > scratch->leaves) {
		size_t room = leaves + leaves / 4 + 1;
		scratch->leaves = 0;
		free(scratch->candidates);
		free(scratch->counts);
		scratch->candidates = malloc(room * sizeof(struct candidate[LEAF_ROWS]));
		scratch->counts = malloc(room * sizeof *scratch->counts);
		if (!scratch->candidates || !scratch->counts)
			return false;
		scratch->leaves = room;
	}
	if (parts > scratch->part_count) {
		scratch->part_count = 0;
		free(scratch->parts);
		scratch->parts = calloc(parts, sizeof *scratch->parts);
		if (!scratch->parts)
			return false;
		scratch->part_count = parts;
	}
	return true;
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

/* Bounds of a row's score by its upper bytes. */
static struct bounds bound_row(const struct scanner *scanner, const struct leaf *leaf, size_t row)
{
	const struct block *block = leaf->block;
	const struct row_scale *scale = &block->scales[row];
	int32_t sum = scanner->kernels->rough(block->high + row * scanner->stride, scanner->rounded,
					      scanner->stride);
	float estimate = 256 * scale->scale * scanner->scale * (float)sum;
	float missing = scanner->length * scale->low_length +
			scanner->rounded_off * (leaf->length + scale->low_length) +
			ROUNDING * scanner->length * leaf->length;

	return (struct bounds){estimate + missing, estimate - missing};
}

/* What rounding may have changed bounds by sketches by. */
static float sketch_slack(const struct scanner *scanner, size_t index)
{
	const struct leaf *leaf = scanner->view->leaves[index];
	const struct sketch_query *query = scanner->sketch_query_of[index];

	return query->weight_error * leaf->lengths.codes +
	       SKETCH_ROUNDING * scanner->length * (leaf->length + query->mean_length);
}

static bool is_wanted(const struct scanner *scanner, const struct vector_hit *hit)
{
	const struct vector_query *query = scanner->query;

	return hit->score >= query->min_score &&
	       (!query->has_after || hit_is_before(&query->after, hit));
}

/* Reads a cache line that is needed soon, without waiting for it. What lies here and there comes twice as fast by loads
 * that do not depend on one another as by prefetches (measured on Zen 3). */
static void fetch(const void *line)
{
	(void)*(const volatile char *)line;
}

static void fetch_row(const struct scanner *scanner, const struct block *block, size_t row)
{
	const char *high = (const char *)(block->high + row * scanner->stride);

	fetch(&block->scales[row]);
	for (size_t at = 0; at < scanner->stride; at += 64)
		fetch(high + at);
}

/* ---- which rows pass the filters ---- */

/* Rows behind those that the leaf has used may be written at this moment. */
static uint64_t mask_of_import(const struct leaf *leaf, size_t first, int64_t import_id)
{
	const int64_t *import_ids = leaf->block->import_ids + first;
	size_t count = leaf->used - first < 64 ? leaf->used - first : 64;
	uint64_t mask = 0;

	for (size_t i = 0; i < count; i++)
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
			mask &= mask_of_import(leaf, 64 * word, query->import_id);
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

/* ---- bounds by sketches ---- */

/* Of groups `from` to `until` of a leaf. */
static void bound_groups(const struct scanner *scanner, size_t index, size_t from, size_t until, struct part *part)
{
	const struct sketch *sketch = scanner->view->leaves[index]->sketch;
	size_t row = from * SKETCH_GROUP;

	scanner->kernels->bound(&scanner->sketch_query_of[index]->weights, sketch->codes + from * SKETCH_GROUP_SIZE,
				sketch->tails + row, sketch->errors + row, sketch_slack(scanner, index),
				until - from, part->upper + row, part->lower + row);
}

/* Of the groups in which some rows are asked for. */
static void bound_word(const struct scanner *scanner, size_t index, size_t word, struct part *part)
{
	for (size_t group = 0; group < 8; group++)
		if (part->masks[word] >> (8 * group) & 0xff)
			bound_groups(scanner, index, 8 * word + group, 8 * word + group + 1, part);
}

static void bound_rows_one_by_one(const struct scanner *scanner, size_t index, size_t word, struct part *part)
{
	for (uint64_t mask = part->masks[word]; mask; mask &= mask - 1) {
		size_t row = 64 * word + (size_t)__builtin_ctzll(mask);
		struct bounds bounds = bound_row(scanner, scanner->view->leaves[index], row);
		part->upper[row] = bounds.upper;
		part->lower[row] = bounds.lower;
	}
}

static void bound_leaf(const struct scanner *scanner, size_t index, struct part *part)
{
	size_t sketched = scanner->view->leaves[index]->sketched / 64, word = 0;

	while (word < LEAF_WORDS) {
		size_t end = word;
		/* As many at a time as are all asked for. */
		while (end < sketched && __builtin_popcountll(part->masks[end]) > 6)
			end++;
		if (end > word) {
			bound_groups(scanner, index, 8 * word, 8 * end, part);
			word = end;
			continue;
		}
		if (word < sketched)
			bound_word(scanner, index, word, part);
		else
			bound_rows_one_by_one(scanner, index, word, part);
		word++;
	}
}

/* ---- finer ones ---- */

/* Makes the bounds of `rows`, DETAIL_BATCH at the most, those by their details. */
static void refine_batch(const struct scanner *scanner, size_t index, float slack, struct candidate *rows, size_t count)
{
	const struct leaf *leaf = scanner->view->leaves[index];
	const struct sketch_query *query = scanner->sketch_query_of[index];

	for (size_t i = 0; i < count; i++)
		if (rows[i].row < leaf->sketched)
			fetch(sketch_detail(leaf->sketch, rows[i].row));
	/* Rows without one are bounded by their upper bytes already. */
	for (size_t i = 0; i < count; i++)
		if (rows[i].row < leaf->sketched)
			sketch_refine(query, scanner->kernels, sketch_detail(leaf->sketch, rows[i].row), slack,
				      &rows[i].bounds.upper, &rows[i].bounds.lower);
}

/* All of part->rows. */
static void refine_rows(const struct scanner *scanner, size_t index, size_t count, struct part *part)
{
	const struct sketch_query *query = scanner->sketch_query_of[index];
	float slack = 0;

	if (query)
		slack = sketch_slack(scanner, index) +
			query->detail_error * scanner->view->leaves[index]->lengths.details;
	for (size_t at = 0; at < count; at += DETAIL_BATCH)
		refine_batch(scanner, index, slack, part->rows + at,
			     count - at < DETAIL_BATCH ? count - at : DETAIL_BATCH);
}

static bool reaches(const struct scanner *scanner, struct bounds bounds, float floor)
{
	const struct vector_query *query = scanner->query;

	return bounds.upper >= floor && (!query->has_after || bounds.lower <= query->after.score);
}

/* Rows with a bound that reaches the floor: the bits of a word of them. */
static uint64_t open_rows(const struct scanner *scanner, const struct part *part, size_t word, float floor)
{
	uint64_t mask = part->masks[word];

	return mask ? mask & scanner->kernels->at_least(part->upper + 64 * word, floor) : 0;
}

static struct candidate candidate_of(const struct part *part, size_t row)
{
	return (struct candidate){{part->upper[row], part->lower[row]}, (uint32_t)row};
}

/* ---- counting ---- */

/* Of part->rows, when they have been refined. */
static size_t count_rows(const struct scanner *scanner, const struct leaf *leaf, size_t count,
			 const struct part *part)
{
	float least = scanner->query->min_score;
	size_t reached = 0;

	for (size_t i = 0; i < count; i++) {
		size_t row = part->rows[i].row;
		struct bounds bounds = part->rows[i].bounds;
		if (bounds.lower < least && bounds.upper >= least)
			bounds = bound_row(scanner, leaf, row);
		reached += bounds.lower >= least ||
			   (bounds.upper >= least && score_of(scanner, leaf->block, row) >= least);
	}
	return reached;
}

/* Rows of the leaf that reach min_score: by their bounds where those say so, else by their score. */
static size_t count_leaf(const struct scanner *scanner, size_t index, struct part *part)
{
	float least = scanner->query->min_score;
	size_t certain = 0, count = 0;

	for (size_t word = 0; word < LEAF_WORDS; word++) {
		uint64_t open = open_rows(scanner, part, word, least);
		if (!open)
			continue;
		uint64_t reached = open & scanner->kernels->at_least(part->lower + 64 * word, least);
		certain += (size_t)__builtin_popcountll(reached);
		for (open &= ~reached; open; open &= open - 1)
			part->rows[count++] = candidate_of(part, 64 * word + (size_t)__builtin_ctzll(open));
	}
	refine_rows(scanner, index, count, part);
	return certain + count_rows(scanner, scanner->view->leaves[index], count, part);
}

/* ---- hits ---- */

static void raise_floor(struct scanner *scanner, const struct top_hits *top)
{
	float floor = atomic_load_explicit(&scanner->floor, memory_order_relaxed);

	if (top->count < top->capacity)
		return;
	while (top->hits[0].score > floor &&
	       !atomic_compare_exchange_weak_explicit(&scanner->floor, &floor, top->hits[0].score,
						      memory_order_relaxed, memory_order_relaxed))
		continue;
}

static float floor_of(const struct scanner *scanner)
{
	return atomic_load_explicit(&scanner->floor, memory_order_relaxed);
}

static void offer_row(struct scanner *scanner, const struct block *block, size_t row, struct top_hits *top)
{
	struct vector_hit hit = {block->ids[row], score_of(scanner, block, row)};

	if (!is_wanted(scanner, &hit))
		return;
	top_hits_offer(top, hit);
	raise_floor(scanner, top);
}

static float estimate_of(struct bounds bounds)
{
	return (bounds.upper + bounds.lower) / 2;
}

/* Whether a row is likely to be a hit, behind a hit: to be one of the next. */
static bool is_promising(const struct scanner *scanner, struct bounds bounds, float floor)
{
	const struct vector_query *query = scanner->query;
	float estimate = estimate_of(bounds);

	return estimate >= floor && (!query->has_after || estimate <= query->after.score);
}

/* Scores the rows with the highest estimates, and takes them out of the masks. */
static void score_seeds(struct scanner *scanner, const struct leaf *leaf, struct part *part)
{
	struct top_hits *seeds = &part->seeds;
	float floor = floor_of(scanner);

	seeds->count = 0;
	for (size_t word = 0; word < LEAF_WORDS; word++) {
		for (uint64_t open = open_rows(scanner, part, word, floor); open; open &= open - 1) {
			struct candidate row = candidate_of(part, 64 * word + (size_t)__builtin_ctzll(open));
			if (is_promising(scanner, row.bounds, floor))
				top_hits_offer(seeds, (struct vector_hit){row.row, estimate_of(row.bounds)});
		}
	}
	for (size_t i = 0; i < seeds->count; i++)
		fetch_row(scanner, leaf->block, (size_t)seeds->hits[i].id);
	for (size_t i = 0; i < seeds->count; i++) {
		size_t row = (size_t)seeds->hits[i].id;
		offer_row(scanner, leaf->block, row, &part->top);
		part->masks[row / 64] &= ~((uint64_t)1 << (row % 64));
	}
}

/* Scores the promising rows of a leaf and lists the others that may be hits. */
static void list_candidates(struct scanner *scanner, size_t index, struct part *part)
{
	const struct block *block = scanner->view->leaves[index]->block;
	struct candidate *candidates = scanner->scratch->candidates + index * LEAF_ROWS;
	size_t promising = 0, count = 0;
	float floor = floor_of(scanner);

	for (size_t word = 0; word < LEAF_WORDS; word++) {
		for (uint64_t open = open_rows(scanner, part, word, floor); open; open &= open - 1) {
			struct candidate row = candidate_of(part, 64 * word + (size_t)__builtin_ctzll(open));
			if (is_promising(scanner, row.bounds, floor)) {
				fetch_row(scanner, block, row.row);
				part->rows[promising++] = row;
			} else if (reaches(scanner, row.bounds, floor)) {
				candidates[count++] = row;
			}
		}
	}
	for (size_t i = 0; i < promising; i++)
		offer_row(scanner, block, part->rows[i].row, &part->top);
	scanner->scratch->counts[index] = count;
}

/* The first step. */
static void bound_leaves(void *context, unsigned worker)
{
	struct scanner *scanner = context;
	struct part *part = &scanner->parts[worker];
	size_t index;

	while ((index = atomic_fetch_add(&scanner->next_leaf, 1)) < scanner->view->leaf_count) {
		const struct leaf *leaf = scanner->view->leaves[index];
		size_t count = fill_masks(scanner, leaf, part->masks);
		scanner->scratch->counts[index] = 0;
		if (!count)
			continue;
		bound_leaf(scanner, index, part);
		part->total += scanner->counts ? count_leaf(scanner, index, part) : count;
		if (!part->top.capacity)
			continue;
		if (part->top.count < part->top.capacity && part->seeds.capacity)
			score_seeds(scanner, leaf, part);
		list_candidates(scanner, index, part);
	}
}

/* Fills part->rows with those candidates that reach the floor by `closer` bounds. */
static size_t keep_open(const struct scanner *scanner, const struct candidate *candidates, size_t count,
			struct part *part)
{
	float floor = floor_of(scanner);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct candidate row = candidates[i];
		part->rows[kept] = row;
		kept += reaches(scanner, row.bounds, floor);
	}
	return kept;
}

static void settle_leaf(struct scanner *scanner, size_t index, struct part *part)
{
	const struct leaf *leaf = scanner->view->leaves[index];
	const struct candidate *candidates = scanner->scratch->candidates + index * LEAF_ROWS;
	size_t count = keep_open(scanner, candidates, scanner->scratch->counts[index], part);

	refine_rows(scanner, index, count, part);
	count = keep_open(scanner, part->rows, count, part);
	for (size_t i = 0; i < count; i++) {
		size_t row = part->rows[i].row;
		for (size_t ahead = i; i % ROW_BATCH == 0 && ahead < count && ahead < i + ROW_BATCH; ahead++)
			fetch_row(scanner, leaf->block, part->rows[ahead].row);
		if (reaches(scanner, bound_row(scanner, leaf, row), floor_of(scanner)))
			offer_row(scanner, leaf->block, row, &part->top);
	}
}

/* The second step. */
static void settle_leaves(void *context, unsigned worker)
{
	struct scanner *scanner = context;
	size_t index;

	while ((index = atomic_fetch_add(&scanner->next_leaf, 1)) < scanner->view->leaf_count)
		settle_leaf(scanner, index, &scanner->parts[worker]);
}

/* ---- all of it ---- */

static bool make_parts(struct scanner *scanner, unsigned count, size_t wanted)
{
	size_t rows = scanner->view->count;
	/* Of one leaf. Where the answer has as many rows as that, all are scored until it is full. */
	size_t seeds = wanted && wanted < LEAF_ROWS / 2 ? wanted + MORE_SEEDS : 0;

	scanner->parts = scanner->scratch->parts;
	scanner->part_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct part *part = &scanner->parts[i];
		part->total = 0;
		bool made = top_hits_init(&part->seeds, seeds < rows ? seeds : rows);
		if (!top_hits_init(&part->top, wanted < rows ? wanted : rows) || !made)
			return false;
	}
	return true;
}

static void search_all(struct scanner *scanner, struct helpers *helpers, unsigned helping)
{
	helpers_run(helpers, bound_leaves, scanner, helping);
	if (!scanner->parts[0].top.capacity)
		return;
	atomic_store(&scanner->next_leaf, 0);
	helpers_run(helpers, settle_leaves, scanner, helping);
	for (unsigned i = 1; i < scanner->part_count; i++)
		for (size_t k = 0; k < scanner->parts[i].top.count; k++)
			top_hits_offer(&scanner->parts[0].top, scanner->parts[i].top.hits[k]);
	top_hits_sort(&scanner->parts[0].top);
}

static void release(struct scanner *scanner)
{
	for (unsigned i = 0; i < scanner->part_count; i++) {
		top_hits_release(&scanner->parts[i].seeds);
		top_hits_release(&scanner->parts[i].top);
		scanner->parts[i].seeds = scanner->parts[i].top = (struct top_hits){0};
	}
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
		.floor = query->min_score,
	};
	/* One more than is given, to know whether there is one. */
	size_t first = query->skip, wanted = first < view->count ? first + query->limit + 1 : 0;
	unsigned helping = view->leaf_count < LEAVES_TO_SHARE ? 0 : (unsigned)(view->leaf_count / LEAVES_A_HELPER);

	if (wanted < query->limit)
		wanted = SIZE_MAX; /* no overflow of the sum */
	if (helping > helpers_count(helpers))
		helping = helpers_count(helpers);
	bool done = make_room(scratch, view->leaf_count, helping + 1) && make_queries(&scanner) &&
		    make_parts(&scanner, helping + 1, wanted);
	if (done) {
		search_all(&scanner, helpers, helping);
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
