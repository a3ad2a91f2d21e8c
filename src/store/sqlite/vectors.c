/* Vectors: attached to their records, and read back in bulk. */
#include "store/sqlite/internal.h"

#include <stdlib.h>

#include "base/banned.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "vectors are stored as they lie in memory, and their format is little-endian");

enum { VECTOR_SIZE = VECTOR_DIMENSION * sizeof(float) };

/* What a call does to one import. */
struct tally {
	int64_t import_id;
	int64_t first, last; /* its records that count; last 0: none */
	int64_t attached, truncated;
};

static enum status read_bounds(struct sqlite_store *store, struct tally *tally, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_READ_BOUNDS);
	query_bind_int(&query, 1, tally->import_id);
	if (query_row(&query)) {
		tally->first = query_int(&query, 0);
		tally->last = query_int(&query, 1);
	}
	return query_end(&query, err);
}

/* The import's tally, made where it is new. The latest is the likeliest. */
static enum status find_tally(struct sqlite_store *store, int64_t import_id, struct tally *tallies,
			      size_t *count, struct tally **found, struct error *err)
{
	for (size_t i = *count; i-- > 0;) {
		if (tallies[i].import_id == import_id) {
			*found = &tallies[i];
			return STATUS_OK;
		}
	}
	*found = &tallies[(*count)++];
	**found = (struct tally){.import_id = import_id};
	return read_bounds(store, *found, err);
}

static enum status attach_one(struct sqlite_store *store, struct record_vector *vector,
			      struct tally *tally, struct error *err)
{
	struct query query;

	if (vector->id < tally->first || vector->id > tally->last)
		return STATUS_OK;
	writer_query(store, &query, WRITE_ATTACH);
	query_bind_int(&query, 1, vector->id);
	query_bind_int(&query, 2, vector->import_id);
	query_bind_blob(&query, 3, vector->vector, VECTOR_SIZE);
	query_bind_blob(&query, 4, vector->text_hash, vector->text_hash ? TEXT_HASH_SIZE : 0);
	enum status status = query_run(&query, err);
	if (status == STATUS_OK && writer_changes(store) > 0) {
		vector->attached = true;
		tally->attached++;
		tally->truncated += vector->truncated;
	}
	return status;
}

static enum status count_attached(struct sqlite_store *store, const struct tally *tally,
				  bool *completed, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_COUNT_VECTORS);
	query_bind_int(&query, 1, tally->import_id);
	query_bind_int(&query, 2, tally->attached);
	query_bind_int(&query, 3, tally->truncated);
	enum status status = query_run(&query, err);
	return status == STATUS_OK ? import_complete(store, tally->import_id, completed, err)
				   : status;
}

static enum status attach_all(struct sqlite_store *store, struct record_vector *vectors,
			      size_t count, struct tally *tallies, int64_t *completed,
			      size_t *completed_count, struct error *err)
{
	size_t tally_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct tally *tally;
		enum status status = find_tally(store, vectors[i].import_id, tallies, &tally_count,
						&tally, err);
		if (status == STATUS_OK)
			status = attach_one(store, &vectors[i], tally, err);
		if (status != STATUS_OK)
			return status;
	}
	for (size_t i = 0; i < tally_count; i++) {
		bool is_completed = false;
		if (!tallies[i].attached)
			continue;
		enum status status = count_attached(store, &tallies[i], &is_completed, err);
		if (status != STATUS_OK)
			return status;
		if (is_completed)
			completed[(*completed_count)++] = tallies[i].import_id;
	}
	return STATUS_OK;
}

enum status vectors_attach(struct store *base, struct record_vector *vectors, size_t count,
			   int64_t *completed, size_t *completed_count, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);

	*completed_count = 0;
	for (size_t i = 0; i < count; i++)
		vectors[i].attached = false;
	if (count == 0)
		return STATUS_OK;
	struct tally *tallies = calloc(count, sizeof *tallies);
	if (!tallies)
		return error_no_memory(err);
	enum status status = writer_begin(store, err);
	if (status == STATUS_OK)
		status = writer_end(store,
				    attach_all(store, vectors, count, tallies, completed,
					       completed_count, err),
				    err);
	if (status != STATUS_OK) {
		*completed_count = 0;
		for (size_t i = 0; i < count; i++)
			vectors[i].attached = false;
	}
	free(tallies);
	return status;
}
