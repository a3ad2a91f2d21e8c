#include "vector/vector_index.h"

#include "vector/scan.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	ALIGNMENT = 64,
	MOST_HELPERS = 7,
	FIRST_BASIS = LEAF_ROWS, /* rows from which on sketches pay */
	BASIS_GROWTH = 4,        /* times as many rows: a new basis */
	SAMPLE_ROWS = 4096,
	LEAST_SAMPLE = 1024,
	REMOVAL_STEPS = 16,
};

struct vector_index {
	size_t dimension;
	size_t stride; /* dimension, rounded up to whole blocks of the kernels; the rest is zeros */
	const struct vector_kernels *kernels;
	struct helpers *helpers;

	pthread_mutex_t turn; /* held by who changes the index, all the while; never by searches */
	size_t basis_count;   /* rows that there were when the basis was made */

	pthread_mutex_t mutex; /* guards all below, for moments */
	struct view *view;     /* what searches see */
	struct basis *basis;   /* for new sketches; NULL: none yet */
	uint64_t removals;
	struct scratch *scratches; /* that no search uses */
};

struct vector_index *vector_index_new(size_t dimension)
{
	struct vector_index *index = calloc(1, sizeof *index);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (!index)
		return NULL;
	index->dimension = dimension;
	index->stride = (dimension + KERNEL_BLOCK - 1) / KERNEL_BLOCK * KERNEL_BLOCK;
	index->kernels = vector_kernels_best();
	index->helpers = helpers_new(cores < 2 ? 0 : cores - 1 < MOST_HELPERS ? (unsigned)cores - 1 : MOST_HELPERS);
	index->view = view_new();
	pthread_mutex_init(&index->turn, NULL);
	pthread_mutex_init(&index->mutex, NULL);
	if (index->helpers && index->view)
		return index;
	vector_index_free(index);
	return NULL;
}

void vector_index_free(struct vector_index *index)
{
	if (!index)
		return;
	helpers_free(index->helpers);
	view_release(index->view);
	basis_release(index->basis);
	while (index->scratches) {
		struct scratch *scratch = index->scratches;
		index->scratches = scratch->next;
		scratch_free(scratch);
	}
	pthread_mutex_destroy(&index->turn);
	pthread_mutex_destroy(&index->mutex);
	free(index);
}

static struct view *current_view(struct vector_index *index)
{
	pthread_mutex_lock(&index->mutex);
	struct view *view = view_keep(index->view);
	pthread_mutex_unlock(&index->mutex);
	return view;
}

static struct basis *current_basis(struct vector_index *index)
{
	pthread_mutex_lock(&index->mutex);
	struct basis *basis = basis_keep(index->basis);
	pthread_mutex_unlock(&index->mutex);
	return basis;
}

static void set_basis(struct vector_index *index, struct basis *basis, size_t count)
{
	pthread_mutex_lock(&index->mutex);
	struct basis *former = index->basis;
	index->basis = basis;
	pthread_mutex_unlock(&index->mutex);
	index->basis_count = count;
	basis_release(former);
}

/* Shows the draft to searches from now on. */
static void publish(struct vector_index *index, struct view *draft)
{
	pthread_mutex_lock(&index->mutex);
	struct view *former = index->view;
	index->view = draft;
	pthread_mutex_unlock(&index->mutex);
	view_release(former);
}

uint64_t vector_index_removals(struct vector_index *index)
{
	pthread_mutex_lock(&index->mutex);
	uint64_t removals = index->removals;
	pthread_mutex_unlock(&index->mutex);
	return removals;
}

static void count_removal(struct vector_index *index)
{
	pthread_mutex_lock(&index->mutex);
	index->removals++;
	pthread_mutex_unlock(&index->mutex);
}

size_t vector_index_count(struct vector_index *index)
{
	pthread_mutex_lock(&index->mutex);
	size_t count = index->view->count;
	pthread_mutex_unlock(&index->mutex);
	return count;
}

/* ---- what is done by and by, so that no change takes long ---- */

/* [count][stride] */
static float *new_vectors(const struct vector_index *index, size_t count)
{
	return aligned_alloc(ALIGNMENT, (count * index->stride + KERNEL_BLOCK) / KERNEL_BLOCK * KERNEL_BLOCK *
						sizeof(float));
}

static float *take_sample(const struct vector_index *index, const struct view *view, size_t *count)
{
	size_t step = view->count / SAMPLE_ROWS + 1, seen = 0, stride = index->stride;
	float *sample = new_vectors(index, view->count / step + 1);

	*count = 0;
	for (size_t i = 0; i < view->leaf_count && sample; i++) {
		const struct leaf *leaf = view->leaves[i];
		for (size_t row = 0; row < leaf->used; row++) {
			if (!leaf_is_alive(leaf, row) || seen++ % step != 0)
				continue;
			row_decode(&leaf->block->scales[row], leaf->block->high + row * stride,
				   leaf->block->low + row * stride, stride, sample + *count * stride);
			++*count;
		}
	}
	return sample;
}

static bool needs_basis(const struct vector_index *index)
{
	size_t count = index->view->count;

	return index->basis ? count / BASIS_GROWTH >= index->basis_count : count >= FIRST_BASIS;
}

static bool renew_basis(struct vector_index *index)
{
	size_t count;
	float *sample = take_sample(index, index->view, &count);
	struct basis *basis = sample ? basis_new(index->kernels, sample, count, index->stride) : NULL;

	free(sample);
	if (basis)
		set_basis(index, basis, index->view->count);
	return basis != NULL;
}

/* A leaf whose rows have no sketches in the present basis; leaf_count: there is none. */
static size_t find_unsketched(const struct vector_index *index)
{
	const struct view *view = index->view;
	size_t i = 0;

	while (i < view->leaf_count &&
	       (view->leaves[i]->sketch ? view->leaves[i]->sketch->basis == index->basis : !index->basis))
		i++;
	return i;
}

static bool sketch_again(struct vector_index *index, size_t which)
{
	struct view *draft = view_draft(index->view, 0);
	struct leaf *leaf = draft ? view_own_leaf(draft, which) : NULL;

	if (!leaf || !leaf_sketch(leaf, index->kernels, index->basis)) {
		view_release(draft);
		return false;
	}
	publish(index, draft);
	return true;
}

/* Appends a row to a leaf that has room. */
static void copy_row(const struct leaf *from, size_t row, struct leaf *to)
{
	const struct block *source = from->block;
	struct block *target = to->block;
	size_t at = to->used, stride = source->stride;

	target->ids[at] = source->ids[row];
	target->import_ids[at] = source->import_ids[row];
	target->scales[at] = source->scales[row];
	memcpy(target->high + at * stride, source->high + row * stride, stride);
	memcpy(target->low + at * stride, source->low + row * stride, stride);
	leaf_publish_row(to, from->length);
}

static void copy_live_rows(const struct leaf *from, struct leaf *to)
{
	for (size_t row = 0; row < from->used; row++)
		if (leaf_is_alive(from, row))
			copy_row(from, row, to);
}

static void drop_leaf(struct view *draft, size_t which)
{
	leaf_release(draft->leaves[which]);
	draft->leaf_count--;
	memmove(draft->leaves + which, draft->leaves + which + 1,
		(draft->leaf_count - which) * sizeof *draft->leaves);
}

/* Two leaves, but for the last, of which each is half empty; false: there are none. */
static bool find_sparse(const struct view *view, size_t pair[2])
{
	size_t found = 0;

	for (size_t i = 0; i + 1 < view->leaf_count && found < 2; i++)
		if (view->leaves[i]->count <= LEAF_ROWS / 2)
			pair[found++] = i;
	return found == 2;
}

static bool merge(struct vector_index *index, const size_t pair[2])
{
	struct view *draft = view_draft(index->view, 0);
	struct leaf *leaf = draft ? leaf_new(index->stride) : NULL;

	if (!leaf) {
		view_release(draft);
		return false;
	}
	copy_live_rows(draft->leaves[pair[0]], leaf);
	copy_live_rows(draft->leaves[pair[1]], leaf);
	if (index->basis && !leaf_sketch(leaf, index->kernels, index->basis)) {
		leaf_release(leaf);
		view_release(draft);
		return false;
	}
	leaf_release(draft->leaves[pair[0]]);
	draft->leaves[pair[0]] = leaf;
	drop_leaf(draft, pair[1]);
	publish(index, draft);
	return true;
}

/* One step of what makes searches fast again after changes, none of which changes any result. false:
 * there is nothing to do, or no memory to do it now. */
static bool tidy(struct vector_index *index)
{
	size_t pair[2], which;

	if (needs_basis(index))
		return renew_basis(index);
	if (find_sparse(index->view, pair))
		return merge(index, pair);
	which = find_unsketched(index);
	return which < index->view->leaf_count && sketch_again(index, which);
}

/* ---- changes ---- */

/* Entries as the rows of leaves of their own, made before the turn is taken. */
struct staged {
	struct leaf **leaves;
	size_t count;
};

static void staged_release(struct staged *staged)
{
	for (size_t i = 0; i < staged->count; i++)
		leaf_release(staged->leaves[i]);
	free(staged->leaves);
}

/* out: [stride] */
static void copy_padded(const struct vector_index *index, const float *vector, float *out)
{
	memcpy(out, vector, index->dimension * sizeof *out);
	for (size_t i = index->dimension; i < index->stride; i++)
		out[i] = 0;
}

/* `padded`: [stride] room */
static void encode_entry(const struct vector_index *index, const struct vector_entry *entry, struct leaf *leaf,
			 float *padded)
{
	struct block *block = leaf->block;
	size_t at = leaf->used;
	float length;

	copy_padded(index, entry->vector, padded);
	if (!row_encode(index->kernels, padded, index->stride, &block->scales[at],
			block->high + at * index->stride, block->low + at * index->stride, &length))
		return;
	block->ids[at] = entry->id;
	block->import_ids[at] = entry->import_id;
	leaf_publish_row(leaf, length);
}

/* Whether a staged leaf is taken as it is; fewer rows are copied. */
static bool is_whole(const struct leaf *leaf)
{
	return leaf->count > LEAF_ROWS / 2;
}

static bool stage_leaf(struct vector_index *index, const struct vector_entry *entries, size_t count,
		       struct staged *staged)
{
	float *padded = new_vectors(index, 1);
	struct leaf *leaf = padded ? leaf_new(index->stride) : NULL;
	bool done = true;

	if (!leaf) {
		free(padded);
		return false;
	}
	staged->leaves[staged->count++] = leaf;
	for (size_t i = 0; i < count; i++)
		encode_entry(index, &entries[i], leaf, padded);
	free(padded);
	if (is_whole(leaf)) {
		struct basis *basis = current_basis(index);
		if (basis)
			done = leaf_sketch(leaf, index->kernels, basis);
		basis_release(basis);
	}
	return done;
}

static bool stage(struct vector_index *index, const struct vector_entry *entries, size_t count,
		  struct staged *staged)
{
	bool done;

	*staged = (struct staged){0};
	staged->leaves = calloc(count / LEAF_ROWS + 1, sizeof *staged->leaves);
	done = staged->leaves != NULL;
	for (size_t at = 0; at < count && done; at += LEAF_ROWS)
		done = stage_leaf(index, entries + at, count - at < LEAF_ROWS ? count - at : LEAF_ROWS, staged);
	return done;
}

/* The draft's last leaf, with room for a row. NULL: memory is exhausted. */
static struct leaf *open_leaf(struct vector_index *index, struct view *draft)
{
	size_t last = draft->leaf_count - 1;

	if (draft->leaf_count && draft->leaves[last]->used < LEAF_ROWS)
		return view_own_leaf(draft, last);
	struct leaf *leaf = leaf_new(index->stride);
	if (!leaf)
		return NULL;
	if (index->basis) {
		leaf->sketch = block_sketch_new(leaf->block, index->basis);
		if (!leaf->sketch) {
			leaf_release(leaf);
			return NULL;
		}
	}
	draft->leaves[draft->leaf_count++] = leaf;
	return leaf;
}

static bool append_rows(struct vector_index *index, struct view *draft, const struct leaf *staged)
{
	for (size_t row = 0; row < staged->used; row++) {
		if (!leaf_is_alive(staged, row))
			continue;
		struct leaf *leaf = open_leaf(index, draft);
		if (!leaf)
			return false;
		copy_row(staged, row, leaf);
		if (leaf->used % 64 == 0 && !leaf_catch_up(leaf, index->kernels))
			return false;
	}
	draft->count += staged->count;
	return true;
}

/* Before the last leaf, which has room for others. */
static void insert_leaf(struct view *draft, struct leaf *leaf)
{
	size_t last = draft->leaf_count++;

	draft->leaves[last] = leaf;
	if (last && draft->leaves[last - 1]->used < LEAF_ROWS) {
		draft->leaves[last] = draft->leaves[last - 1];
		draft->leaves[last - 1] = leaf;
	}
	draft->count += leaf->count;
}

static bool overlaps(const struct view *view, const struct leaf *leaf)
{
	for (size_t i = 0; i < view->leaf_count; i++)
		if (view->leaves[i]->least_id <= leaf->greatest_id &&
		    leaf->least_id <= view->leaves[i]->greatest_id)
			return true;
	return false;
}

/* Takes rows out of what is staged whose ids are in the view. */
static void drop_known(const struct view *view, struct leaf *staged)
{
	size_t leaf, place;

	if (!overlaps(view, staged))
		return;
	for (size_t row = 0; row < staged->used; row++)
		if (view_find(view, staged->block->ids[row], &leaf, &place))
			leaf_kill_row(staged, row);
}

static bool take_in(struct vector_index *index, struct view *draft, struct staged *staged)
{
	for (size_t i = 0; i < staged->count; i++) {
		struct leaf *leaf = staged->leaves[i];
		drop_known(draft, leaf);
		if (!is_whole(leaf)) {
			if (!append_rows(index, draft, leaf))
				return false;
			continue;
		}
		insert_leaf(draft, leaf);
		atomic_fetch_add_explicit(&leaf->references, 1, memory_order_relaxed);
	}
	return true;
}

/* The place of a row in the draft is left; false: no memory. */
static bool take_out(struct view *draft, int64_t id)
{
	size_t which, row;

	if (!view_find(draft, id, &which, &row))
		return true;
	struct leaf *leaf = view_own_leaf(draft, which);
	if (!leaf)
		return false;
	leaf_kill_row(leaf, row);
	draft->count--;
	return true;
}

/* Adds what is staged; `replaced`: the one id whose row goes. */
static enum vector_added put(struct vector_index *index, struct staged *staged, const int64_t *replaced,
			     uint64_t as_of)
{
	if (as_of != vector_index_removals(index))
		return VECTOR_STALE;
	/* Rows that are appended fill the last leaf and some of one more for each that was staged. */
	struct view *draft = view_draft(index->view, staged->count + 1);
	if (!draft)
		return VECTOR_NO_MEMORY;
	if ((replaced && !take_out(draft, *replaced)) || !take_in(index, draft, staged)) {
		view_release(draft);
		return VECTOR_NO_MEMORY;
	}
	publish(index, draft);
	tidy(index);
	return VECTOR_ADDED;
}

static enum vector_added stage_and_put(struct vector_index *index, const struct vector_entry *entries,
				       size_t count, const int64_t *replaced, uint64_t as_of)
{
	struct staged staged;
	enum vector_added added = VECTOR_NO_MEMORY;

	if (stage(index, entries, count, &staged)) {
		pthread_mutex_lock(&index->turn);
		added = put(index, &staged, replaced, as_of);
		pthread_mutex_unlock(&index->turn);
	}
	staged_release(&staged);
	return added;
}

enum vector_added vector_index_add(struct vector_index *index, const struct vector_entry *entries,
				   size_t count, uint64_t as_of)
{
	return stage_and_put(index, entries, count, NULL, as_of);
}

enum vector_added vector_index_replace(struct vector_index *index, const struct vector_entry *entry,
				       uint64_t as_of)
{
	return stage_and_put(index, entry, 1, &entry->id, as_of);
}

/* Leaves without a live row go, but for one that still has room. */
static void drop_empty_leaves(struct view *draft)
{
	for (size_t i = draft->leaf_count; i-- > 0;)
		if (draft->leaves[i]->count == 0 &&
		    (i + 1 < draft->leaf_count || draft->leaves[i]->used == LEAF_ROWS || draft->count == 0))
			drop_leaf(draft, i);
}

static bool remove_rows_of_import(struct view *draft, size_t which, int64_t import_id)
{
	for (size_t row = 0; row < draft->leaves[which]->used; row++) {
		struct leaf *leaf = draft->leaves[which];
		if (leaf->block->import_ids[row] != import_id || !leaf_is_alive(leaf, row))
			continue;
		leaf = view_own_leaf(draft, which);
		if (!leaf)
			return false;
		leaf_kill_row(leaf, row);
		draft->count--;
	}
	return true;
}

/* Shows the draft, or drops it where `done` says that it is not complete. */
static bool finish_removal(struct vector_index *index, struct view *draft, bool done)
{
	if (!done) {
		view_release(draft);
		return false;
	}
	drop_empty_leaves(draft);
	count_removal(index);
	publish(index, draft);
	for (size_t step = 0; step < REMOVAL_STEPS && tidy(index); step++)
		continue;
	return true;
}

bool vector_index_remove(struct vector_index *index, const int64_t *ids, size_t count)
{
	pthread_mutex_lock(&index->turn);
	struct view *draft = view_draft(index->view, 0);
	bool done = draft != NULL;
	for (size_t i = 0; i < count && done; i++)
		done = take_out(draft, ids[i]);
	done = finish_removal(index, draft, done);
	pthread_mutex_unlock(&index->turn);
	return done;
}

bool vector_index_remove_import(struct vector_index *index, int64_t import_id)
{
	pthread_mutex_lock(&index->turn);
	struct view *draft = view_draft(index->view, 0);
	bool done = draft != NULL;
	for (size_t i = 0; done && i < draft->leaf_count; i++)
		done = remove_rows_of_import(draft, i, import_id);
	done = finish_removal(index, draft, done);
	pthread_mutex_unlock(&index->turn);
	return done;
}

bool vector_index_prepare(struct vector_index *index, const float *vectors, size_t count, size_t expected)
{
	if (count < LEAST_SAMPLE)
		return true;
	float *sample = new_vectors(index, count);
	for (size_t i = 0; sample && i < count; i++)
		copy_padded(index, vectors + i * index->dimension, sample + i * index->stride);
	struct basis *basis = sample ? basis_new(index->kernels, sample, count, index->stride) : NULL;
	free(sample);
	if (!basis)
		return false;
	pthread_mutex_lock(&index->turn);
	set_basis(index, basis, expected);
	pthread_mutex_unlock(&index->turn);
	return true;
}

/* ---- reading ---- */

bool vector_index_get(struct vector_index *index, int64_t id, float *vector)
{
	struct view *view = current_view(index);
	size_t which, row;
	bool found = view_find(view, id, &which, &row);

	if (found) {
		const struct block *block = view->leaves[which]->block;
		row_decode(&block->scales[row], block->high + row * index->stride,
			   block->low + row * index->stride, index->dimension, vector);
	}
	view_release(view);
	return found;
}

static struct scratch *take_scratch(struct vector_index *index)
{
	pthread_mutex_lock(&index->mutex);
	struct scratch *scratch = index->scratches;
	if (scratch)
		index->scratches = scratch->next;
	pthread_mutex_unlock(&index->mutex);
	return scratch ? scratch : calloc(1, sizeof *scratch);
}

static void give_scratch_back(struct vector_index *index, struct scratch *scratch)
{
	pthread_mutex_lock(&index->mutex);
	scratch->next = index->scratches;
	index->scratches = scratch;
	pthread_mutex_unlock(&index->mutex);
}

bool vector_index_search(struct vector_index *index, const struct vector_query *query,
			 struct vector_hit *hits, size_t *count, size_t *total, bool *more)
{
	float *vector = new_vectors(index, 1);
	struct scratch *scratch = take_scratch(index);
	bool done = vector && scratch;

	*count = 0;
	*more = false;
	if (total)
		*total = 0;
	if (done) {
		copy_padded(index, query->vector, vector);
		if (row_length(index->kernels, vector, index->stride) < 1e15f) {
			struct view *view = current_view(index);
			done = scan(view, index->kernels, index->helpers, scratch, query, vector,
				    index->stride, hits, count, total, more);
			view_release(view);
		}
	}
	if (scratch)
		give_scratch_back(index, scratch);
	free(vector);
	return done;
}
