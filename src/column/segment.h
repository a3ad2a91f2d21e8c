/* A segment: the typed columns of some thousand consecutive rows of one import, immutable.
 *
 * Rows are numbered from 0 within the segment. Each field that some row has a value for is a column: its
 * distinct values as sorted keys (cell_key.h), and a code for each row: 0 for no value, else 1 + the place of
 * the value among those keys. So a comparison of values is a comparison of small integers, and a range of
 * values is a range of codes. A column of few values lists their rows instead.
 *
 * Codes and keys lie in one block that refers to nothing: it can lie in a file (spill.h).
 *
 * Threads: what has been made may be read by any thread; references are counted atomically. `embedded` is the
 * one thing that changes: bits are set in it, by one thread at a time. */
#ifndef ROWMILL_COLUMN_SEGMENT_H
#define ROWMILL_COLUMN_SEGMENT_H

#include "base/status.h"
#include "column/cell_key.h"

#include <stdatomic.h>

enum {
	SEGMENT_ROWS_MOST = 16 * 1024, /* fits 16-bit codes */
	SEGMENT_BYTES_MOST = 8 << 20,  /* of the block; one batch may pass it */
};

/* Rows from `from` on have the ids from first_id on. */
struct segment_run {
	uint32_t from;
	int64_t first_id, created_ms;
};

struct column {
	struct slice name;
	uint32_t filled;   /* rows with a value */
	uint32_t distinct; /* keys */
	uint8_t width;     /* bytes of a code; 0: `rows` lists the rows */
	const void *codes; /* [rows of the segment] of `width` bytes; where width is 0: uint16_t [filled] */
	const uint16_t *rows;  /* [filled], rising; where width is 0 */
	const uint32_t *ends;  /* [distinct]: where each key ends in `keys` */
	const char *keys;
};

struct spill;

struct segment {
	atomic_uint references;
	int64_t import_id, first_row;
	uint32_t count, valid_count;
	uint32_t run_count, column_count;
	struct segment_run *runs;
	uint64_t *valid;             /* [segment_words] bits */
	_Atomic uint64_t *embedded;  /* [segment_words] bits */
	struct column *columns;      /* by name */
	char *block;
	size_t block_size;
	struct spill *spill; /* where the block lies; NULL: on the heap */
};

static inline uint32_t segment_words(const struct segment *segment)
{
	return (segment->count + 63) / 64;
}

struct segment *segment_share(struct segment *segment);
void segment_release(struct segment *segment); /* NULL is fine */

int64_t segment_id(const struct segment *segment, uint32_t row);
int64_t segment_created_ms(const struct segment *segment, uint32_t row);
/* The row of an id, or `count` if it is not here. */
uint32_t segment_row(const struct segment *segment, int64_t id);
int64_t segment_first_id(const struct segment *segment);
int64_t segment_last_id(const struct segment *segment);

/* NULL: no row has a value for it. */
const struct column *segment_column(const struct segment *segment, struct slice name);

/* The key of a code, which is not 0. */
static inline struct slice column_key(const struct column *column, uint32_t code)
{
	uint32_t from = code > 1 ? column->ends[code - 2] : 0;

	return slice_of(column->keys + from, column->ends[code - 1] - from);
}

uint32_t column_code(const struct column *column, uint32_t row);

/* The least code whose key is not below `key`; distinct + 1: there is none. */
uint32_t column_lower_bound(const struct column *column, struct slice key);

/* Sets the bits of the rows whose code is in [from, to). `from` is at least 1. */
void column_mark_range(const struct column *column, uint32_t row_count, uint32_t from, uint32_t to,
		       uint64_t *bits);
/* Sets the bits of the rows whose code has wanted[code]; wanted[0] is false. */
void column_mark_codes(const struct column *column, uint32_t row_count, const bool *wanted, uint64_t *bits);

/* ---- making ---- */

struct column_row {
	const struct field *fields; /* a repeated name counts once: its first */
	size_t field_count;
	bool valid, embedded;
};

struct segment_builder;

/* Rows from first_row on of an import. NULL: memory is exhausted, as for all below. */
struct segment_builder *segment_builder_new(int64_t import_id, int64_t first_row);
void segment_builder_free(struct segment_builder *builder); /* NULL is fine */

/* Adds a row; the ids of a run follow one another. false: memory is exhausted. */
bool segment_builder_add(struct segment_builder *builder, int64_t id, int64_t created_ms,
			 const struct column_row *row);
uint32_t segment_builder_count(const struct segment_builder *builder);
/* Roughly the bytes of the block to be. */
size_t segment_builder_size(const struct segment_builder *builder);

/* `spill` may be NULL. */
struct segment *segment_builder_finish(struct segment_builder *builder, struct spill *spill);

/* One segment of the rows of several, whose rows follow one another. */
struct segment *segment_merge(struct segment *const *sources, size_t count, struct spill *spill);

/* The segment with those of its rows that `changed` has replaced by them; ids that are not in the segment
 * are left out. */
struct segment *segment_replace(struct segment *segment, struct segment *changed, struct spill *spill);

/* Takes over the embedded bits of the sources of a merge as they are now. */
void segment_copy_embedded(struct segment *merged, struct segment *const *sources, size_t count);

#endif
