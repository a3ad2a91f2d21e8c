/* The rows of the index as they were at one moment.
 *
 *	view ─► leaves ─► block   the rows' numbers and codes, LEAF_ROWS at the most
 *	               └► sketch  of the same rows; missing where there is no basis yet
 *
 * Everything is shared by counting references. A view and a leaf never change once others see them: who
 * changes something makes a new leaf, which says which rows live, and a new view. Blocks and sketches only
 * grow: a row, once written, stays as it is, and rows not yet written live in no leaf. So searches read
 * without a lock, and see all of a change or nothing.
 *
 * Threads: as said. One thread at a time makes drafts. */
#ifndef ROWMILL_VECTOR_VIEW_H
#define ROWMILL_VECTOR_VIEW_H

#include "vector/row_code.h"
#include "vector/sketch.h"

enum { LEAF_ROWS = 4096, LEAF_WORDS = LEAF_ROWS / 64 };

struct block {
	atomic_int references;
	size_t stride;
	void *pages;               /* in which all of it lies */
	size_t size;               /* of those */
	int8_t *high, *low;        /* [LEAF_ROWS][stride] */
	uint8_t *room;             /* for one sketch; NULL: it was taken */
	int64_t *ids, *import_ids; /* [LEAF_ROWS] */
	struct row_scale *scales;  /* [LEAF_ROWS] */
};

struct leaf {
	atomic_int references;
	struct block *block;
	struct sketch *sketch; /* NULL: none */
	size_t used;           /* rows ever written into the block */
	size_t sketched;       /* of those; a multiple of 64 */
	size_t count;          /* rows that live */
	uint64_t alive[LEAF_WORDS];
	int64_t least_id, greatest_id; /* over the rows used */
	int64_t import_id;             /* of all of them; 0: of several */
	uint64_t runs;                 /* bit i: the ids of rows 64 i, 64 i + 1, … follow one another */
	float length;                  /* the greatest of the rows' */
	struct sketch_lengths lengths; /* of the sketches */
};

struct view {
	atomic_int references;
	size_t count; /* rows that live */
	size_t leaf_count, leaf_capacity;
	struct leaf **leaves;
};

struct view *view_new(void); /* empty; NULL: memory is exhausted */
struct view *view_keep(struct view *view);
void view_release(struct view *view); /* NULL is fine */

/* A view to be changed, with the same leaves and room for `more`. NULL: memory is exhausted. */
struct view *view_draft(const struct view *view, size_t more);

/* The draft's own copy of a leaf, which may be changed until others see the draft. NULL: memory is exhausted. */
struct leaf *view_own_leaf(struct view *draft, size_t index);

/* An empty leaf of rows of `stride` components. NULL: memory is exhausted. */
struct leaf *leaf_new(size_t stride);
void leaf_release(struct leaf *leaf); /* NULL is fine */

/* An empty sketch for the block's rows. NULL: memory is exhausted. */
struct sketch *block_sketch_new(struct block *block, struct basis *basis);

/* Gives the leaf's rows sketches in this basis, in the place of those they have. */
bool leaf_sketch(struct leaf *leaf, const struct vector_kernels *kernels, struct basis *basis);

/* Sketches those groups of 64 rows that have become full, if the leaf has sketches. false: no memory. */
bool leaf_catch_up(struct leaf *leaf, const struct vector_kernels *kernels);

static inline bool leaf_is_alive(const struct leaf *leaf, size_t row)
{
	return leaf->alive[row / 64] >> (row % 64) & 1;
}

/* Makes the next row live. The block has room; what the row holds is in it. */
void leaf_publish_row(struct leaf *leaf, float length);

void leaf_kill_row(struct leaf *leaf, size_t row);

/* The place of a live row with this id. */
bool view_find(const struct view *view, int64_t id, size_t *leaf, size_t *row);

#endif
