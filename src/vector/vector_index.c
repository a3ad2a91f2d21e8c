#include "vector/vector_index.h"

#include "vector/dot.h"
#include "vector/top_hits.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Vectors lie in chunks, so that adding one never moves the others. */
enum { CHUNK_VECTORS = 1024, ALIGNMENT = 64, FIRST_CHUNKS = 64, FIRST_REMOVED = 16 };

struct chunk {
	int64_t ids[CHUNK_VECTORS];
	int64_t import_ids[CHUNK_VECTORS];
	float *vectors; /* [CHUNK_VECTORS][stride] */
};

struct vector_index {
	size_t dimension;
	size_t stride; /* dimension, rounded up to whole blocks of the kernel; the rest is zeros */
	dot_function *dot;

	pthread_rwlock_t lock; /* guards all below */
	struct chunk **chunks; /* [chunk_capacity]; all but the last of chunk_count are full */
	size_t chunk_count, chunk_capacity;
	size_t count; /* vectors */
	int64_t *removed; /* imports, ascending */
	size_t removed_count, removed_capacity;
};

struct vector_index *vector_index_new(size_t dimension)
{
	struct vector_index *index = calloc(1, sizeof *index);
	pthread_rwlockattr_t attributes;

	if (!index)
		return NULL;
	index->dimension = dimension;
	index->stride = (dimension + DOT_BLOCK - 1) / DOT_BLOCK * DOT_BLOCK;
	index->dot = dot_best();
	/* Searches that never pause must not keep an import from adding its vectors. */
	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	int failure = pthread_rwlock_init(&index->lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	if (failure) {
		free(index);
		return NULL;
	}
	return index;
}

static void free_chunk(struct chunk *chunk)
{
	free(chunk->vectors);
	free(chunk);
}

void vector_index_free(struct vector_index *index)
{
	if (!index)
		return;
	pthread_rwlock_destroy(&index->lock);
	for (size_t i = 0; i < index->chunk_count; i++)
		free_chunk(index->chunks[i]);
	free(index->chunks);
	free(index->removed);
	free(index);
}

/* The items in twice the room; NULL, leaving them, when memory is exhausted. */
static void *grow(void *items, size_t *capacity, size_t first, size_t item_size)
{
	size_t larger = *capacity ? 2 * *capacity : first;
	void *more = reallocarray(items, larger, item_size);

	if (more)
		*capacity = larger;
	return more;
}

static bool add_chunk(struct vector_index *index)
{
	if (index->chunk_count == index->chunk_capacity) {
		void *more = grow(index->chunks, &index->chunk_capacity, FIRST_CHUNKS,
				  sizeof *index->chunks);
		if (!more)
			return false;
		index->chunks = more;
	}
	struct chunk *chunk = malloc(sizeof *chunk);
	if (!chunk)
		return false;
	chunk->vectors = aligned_alloc(ALIGNMENT, CHUNK_VECTORS * index->stride * sizeof(float));
	if (!chunk->vectors) {
		free(chunk);
		return false;
	}
	index->chunks[index->chunk_count++] = chunk;
	return true;
}

/* Position of the import among the removed ones, or where it would stand. */
static size_t find_removed(const struct vector_index *index, int64_t import_id)
{
	size_t low = 0, high = index->removed_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (index->removed[middle] < import_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_removed(const struct vector_index *index, int64_t import_id)
{
	size_t at = find_removed(index, import_id);

	return at < index->removed_count && index->removed[at] == import_id;
}

static void copy_padded(const struct vector_index *index, const float *vector, float *out)
{
	memcpy(out, vector, index->dimension * sizeof *vector);
	for (size_t i = index->dimension; i < index->stride; i++)
		out[i] = 0;
}

static bool add_locked(struct vector_index *index, int64_t id, int64_t import_id, const float *vector)
{
	if (is_removed(index, import_id))
		return true;
	if (index->count == index->chunk_count * CHUNK_VECTORS && !add_chunk(index))
		return false;
	struct chunk *chunk = index->chunks[index->count / CHUNK_VECTORS];
	size_t at = index->count % CHUNK_VECTORS;
	chunk->ids[at] = id;
	chunk->import_ids[at] = import_id;
	copy_padded(index, vector, chunk->vectors + at * index->stride);
	index->count++;
	return true;
}

bool vector_index_add(struct vector_index *index, int64_t id, int64_t import_id, const float *vector)
{
	pthread_rwlock_wrlock(&index->lock);
	bool done = add_locked(index, id, import_id, vector);
	pthread_rwlock_unlock(&index->lock);
	return done;
}

static bool remember_removed(struct vector_index *index, int64_t import_id)
{
	size_t at = find_removed(index, import_id);

	if (is_removed(index, import_id))
		return true;
	if (index->removed_count == index->removed_capacity) {
		void *more = grow(index->removed, &index->removed_capacity, FIRST_REMOVED,
				  sizeof *index->removed);
		if (!more)
			return false;
		index->removed = more;
	}
	memmove(index->removed + at + 1, index->removed + at,
		(index->removed_count - at) * sizeof *index->removed);
	index->removed[at] = import_id;
	index->removed_count++;
	return true;
}

static void copy_vector(struct vector_index *index, size_t from, size_t to)
{
	const struct chunk *source = index->chunks[from / CHUNK_VECTORS];
	struct chunk *target = index->chunks[to / CHUNK_VECTORS];

	from %= CHUNK_VECTORS;
	to %= CHUNK_VECTORS;
	target->ids[to] = source->ids[from];
	target->import_ids[to] = source->import_ids[from];
	memcpy(target->vectors + to * index->stride, source->vectors + from * index->stride,
	       index->stride * sizeof(float));
}

/* Fills the places of an import with vectors from the end: the order in which they lie does not
 * show in any result. */
static void compact(struct vector_index *index, int64_t import_id)
{
	for (size_t at = 0; at < index->count;) {
		const struct chunk *chunk = index->chunks[at / CHUNK_VECTORS];
		if (chunk->import_ids[at % CHUNK_VECTORS] != import_id) {
			at++;
			continue;
		}
		index->count--;
		if (at < index->count)
			copy_vector(index, index->count, at);
	}
	while (index->chunk_count * CHUNK_VECTORS >= index->count + CHUNK_VECTORS)
		free_chunk(index->chunks[--index->chunk_count]);
}

bool vector_index_remove_import(struct vector_index *index, int64_t import_id)
{
	pthread_rwlock_wrlock(&index->lock);
	bool done = remember_removed(index, import_id);
	if (done)
		compact(index, import_id);
	pthread_rwlock_unlock(&index->lock);
	return done;
}

size_t vector_index_count(struct vector_index *index)
{
	pthread_rwlock_rdlock(&index->lock);
	size_t count = index->count;
	pthread_rwlock_unlock(&index->lock);
	return count;
}

/* Looks at the vectors of one chunk; *total counts what passes the filters, *behind what of that
 * stands behind query->after. */
static void scan_chunk(const struct vector_index *index, const struct chunk *chunk, size_t count,
		       const struct vector_query *query, const float *padded, struct top_hits *top,
		       size_t *total, size_t *behind)
{
	for (size_t i = 0; i < count; i++) {
		if (query->import_id != 0 && chunk->import_ids[i] != query->import_id)
			continue;
		struct vector_hit hit = {
			chunk->ids[i],
			index->dot(padded, chunk->vectors + i * index->stride, index->stride),
		};
		/* Written so that a score that is no number fails. */
		if (!(hit.score >= query->min_score))
			continue;
		++*total;
		if (query->has_after && !hit_is_before(&query->after, &hit))
			continue;
		++*behind;
		top_hits_offer(top, hit);
	}
}

static bool search_locked(const struct vector_index *index, const struct vector_query *query,
			  const float *padded, struct top_hits *top, size_t *total, size_t *behind)
{
	size_t wanted = query->skip > SIZE_MAX - query->limit ? SIZE_MAX : query->skip + query->limit;

	if (!top_hits_init(top, wanted < index->count ? wanted : index->count))
		return false;
	for (size_t i = 0; i < index->chunk_count; i++) {
		size_t left = index->count - i * CHUNK_VECTORS;
		scan_chunk(index, index->chunks[i], left < CHUNK_VECTORS ? left : CHUNK_VECTORS, query,
			   padded, top, total, behind);
	}
	return true;
}

bool vector_index_search(struct vector_index *index, const struct vector_query *query,
			 struct vector_hit *hits, size_t *count, size_t *total, bool *more)
{
	struct top_hits top = {0};
	size_t behind = 0;
	float *padded = aligned_alloc(ALIGNMENT, index->stride * sizeof *padded);

	*count = *total = 0;
	*more = false;
	if (!padded)
		return false;
	copy_padded(index, query->vector, padded);
	pthread_rwlock_rdlock(&index->lock);
	bool done = search_locked(index, query, padded, &top, total, &behind);
	pthread_rwlock_unlock(&index->lock);
	if (done) {
		top_hits_sort(&top);
		*count = top.count > query->skip ? top.count - query->skip : 0;
		if (*count)
			memcpy(hits, top.hits + query->skip, *count * sizeof *hits);
		*more = behind > top.count;
	}
	top_hits_release(&top);
	free(padded);
	return done;
}
