#include "vector/vector_index.h"

#include "vector/dot.h"
#include "vector/top_hits.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Vectors lie in chunks, so that adding one never moves the others. */
enum { CHUNK_VECTORS = 1024, ALIGNMENT = 64, FIRST_CHUNKS = 64 };

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
	int64_t greatest_id; /* that was ever added */
	uint64_t removals;
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

static void copy_padded(const struct vector_index *index, const float *vector, float *out)
{
	memcpy(out, vector, index->dimension * sizeof *vector);
	for (size_t i = index->dimension; i < index->stride; i++)
		out[i] = 0;
}

/* Where the vector with this id lies; index->count: nowhere. */
static size_t find(const struct vector_index *index, int64_t id)
{
	for (size_t i = 0; i < index->count; i++)
		if (index->chunks[i / CHUNK_VECTORS]->ids[i % CHUNK_VECTORS] == id)
			return i;
	return index->count;
}

static bool is_kept(const struct vector_index *index, const float *vector)
{
	return isfinite(index->dot(vector, vector, index->stride));
}

static void put(struct vector_index *index, size_t place, const struct vector_entry *entry)
{
	struct chunk *chunk = index->chunks[place / CHUNK_VECTORS];
	size_t at = place % CHUNK_VECTORS;

	chunk->ids[at] = entry->id;
	chunk->import_ids[at] = entry->import_id;
	copy_padded(index, entry->vector, chunk->vectors + at * index->stride);
	if (place == index->count && is_kept(index, chunk->vectors + at * index->stride))
		index->count++;
}

static bool make_room(struct vector_index *index, size_t count)
{
	while (index->chunk_count * CHUNK_VECTORS < index->count + count)
		if (!add_chunk(index))
			return false;
	return true;
}

enum vector_added vector_index_add(struct vector_index *index, const struct vector_entry *entries,
				   size_t count, uint64_t as_of)
{
	enum vector_added added = VECTOR_ADDED;

	pthread_rwlock_wrlock(&index->lock);
	int64_t greatest = index->greatest_id;
	if (as_of != index->removals)
		added = VECTOR_STALE;
	else if (!make_room(index, count))
		added = VECTOR_NO_MEMORY;
	for (size_t i = 0; i < count && added == VECTOR_ADDED; i++) {
		if (entries[i].id <= greatest && find(index, entries[i].id) < index->count)
			continue;
		put(index, index->count, &entries[i]);
		if (entries[i].id > index->greatest_id)
			index->greatest_id = entries[i].id;
	}
	pthread_rwlock_unlock(&index->lock);
	return added;
}

bool vector_index_replace(struct vector_index *index, const struct vector_entry *entry)
{
	pthread_rwlock_wrlock(&index->lock);
	bool done = make_room(index, 1);
	if (done) {
		put(index, find(index, entry->id), entry);
		if (entry->id > index->greatest_id)
			index->greatest_id = entry->id;
	}
	pthread_rwlock_unlock(&index->lock);
	return done;
}

uint64_t vector_index_removals(struct vector_index *index)
{
	pthread_rwlock_rdlock(&index->lock);
	uint64_t removals = index->removals;
	pthread_rwlock_unlock(&index->lock);
	return removals;
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

/* Fills the place with the last vector: the order in which they lie does not show in any result. */
static void remove_at(struct vector_index *index, size_t at)
{
	index->count--;
	if (at < index->count)
		copy_vector(index, index->count, at);
}

static void free_unused(struct vector_index *index)
{
	while (index->chunk_count * CHUNK_VECTORS >= index->count + CHUNK_VECTORS)
		free_chunk(index->chunks[--index->chunk_count]);
}

bool vector_index_remove(struct vector_index *index, const int64_t *ids, size_t count)
{
	pthread_rwlock_wrlock(&index->lock);
	index->removals++;
	for (size_t i = 0; i < count; i++) {
		size_t at = find(index, ids[i]);
		if (at < index->count)
			remove_at(index, at);
	}
	free_unused(index);
	pthread_rwlock_unlock(&index->lock);
	return true;
}

bool vector_index_remove_import(struct vector_index *index, int64_t import_id)
{
	pthread_rwlock_wrlock(&index->lock);
	index->removals++;
	for (size_t at = 0; at < index->count;) {
		if (index->chunks[at / CHUNK_VECTORS]->import_ids[at % CHUNK_VECTORS] == import_id)
			remove_at(index, at);
		else
			at++;
	}
	free_unused(index);
	pthread_rwlock_unlock(&index->lock);
	return true;
}

bool vector_index_get(struct vector_index *index, int64_t id, float *vector)
{
	pthread_rwlock_rdlock(&index->lock);
	size_t at = find(index, id);
	bool found = at < index->count;
	if (found)
		memcpy(vector, index->chunks[at / CHUNK_VECTORS]->vectors + at % CHUNK_VECTORS * index->stride,
		       index->dimension * sizeof *vector);
	pthread_rwlock_unlock(&index->lock);
	return found;
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
		if (chunk->ids[i] == query->except_id && query->except_id != 0)
			continue;
		if (query->filter && !id_set_has(query->filter, chunk->ids[i]))
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
	for (size_t i = 0; i * CHUNK_VECTORS < index->count; i++) {
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
	size_t behind = 0, passed = 0;
	float *padded = aligned_alloc(ALIGNMENT, index->stride * sizeof *padded);

	*count = 0;
	*more = false;
	if (!padded)
		return false;
	copy_padded(index, query->vector, padded);
	pthread_rwlock_rdlock(&index->lock);
	bool done = search_locked(index, query, padded, &top, &passed, &behind);
	pthread_rwlock_unlock(&index->lock);
	if (done) {
		top_hits_sort(&top);
		*count = top.count > query->skip ? top.count - query->skip : 0;
		if (*count)
			memcpy(hits, top.hits + query->skip, *count * sizeof *hits);
		*more = behind > top.count;
	}
	if (total)
		*total = passed;
	top_hits_release(&top);
	free(padded);
	return done;
}
