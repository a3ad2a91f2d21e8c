#include "vector/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

enum { ALIGNMENT = 64, SKETCH_BATCH = 64, LARGE_PAGE = 2 << 20 };

static bool drop_reference(atomic_int *references)
{
	return atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel) == 1;
}

static void add_reference(atomic_int *references)
{
	atomic_fetch_add_explicit(references, 1, memory_order_relaxed);
}

/* From the system itself, and back to it: blocks in the allocator's heap would keep it from giving back what was freed
 * below them. NULL: memory is exhausted. */
static void *map_pages(size_t size)
{
	/* More than is wanted, so that some of it begins with a large page; what is outside of that is given back. */
	char *pages = mmap(NULL, size + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	size_t before = (LARGE_PAGE - (uintptr_t)pages % LARGE_PAGE) % LARGE_PAGE;
	if (before)
		munmap(pages, before);
	munmap(pages + before + size, LARGE_PAGE - before);
	return pages + before;
}

static void block_release(struct block *block)
{
	if (!block || !drop_reference(&block->references))
		return;
	munmap(block->pages, block->size);
	free(block);
}

/* What searches read lies in one large page, but for some of the last rows' upper bytes: of a row here and there, looking up where its page is takes longer
 * than reading it, and reading ahead ends at the end of a page. */
static struct block *block_new(size_t stride)
{
	struct block *block = calloc(1, sizeof *block);
	size_t bytes = LEAF_ROWS * stride, room = sketch_room(LEAF_ROWS), page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = 2 * bytes + room + LEAF_ROWS * (sizeof *block->scales + 2 * sizeof *block->ids);

	if (!block)
		return NULL;
	block->references = 1;
	block->stride = stride;
	block->size = (size + page - 1) / page * page;
	block->pages = map_pages(block->size);
	if (!block->pages) {
		free(block);
		return NULL;
	}
	block->room = block->pages;
	block->scales = (struct row_scale *)(void *)(block->room + room);
	block->high = (int8_t *)(block->scales + LEAF_ROWS);
	block->ids = (int64_t *)(void *)(block->high + bytes);
	block->import_ids = block->ids + LEAF_ROWS;
	block->low = (int8_t *)(block->import_ids + LEAF_ROWS);
	if (size >= LARGE_PAGE)
		madvise(block->pages, LARGE_PAGE, MADV_HUGEPAGE); /* without it, it is slower */
	return block;
}

void leaf_release(struct leaf *leaf)
{
	if (!leaf || !drop_reference(&leaf->references))
		return;
	block_release(leaf->block);
	sketch_release(leaf->sketch);
	free(leaf);
}

struct leaf *leaf_new(size_t stride)
{
	struct leaf *leaf = calloc(1, sizeof *leaf);

	if (!leaf)
		return NULL;
	leaf->references = 1;
	leaf->least_id = INT64_MAX;
	leaf->greatest_id = INT64_MIN;
	leaf->block = block_new(stride);
	if (leaf->block)
		return leaf;
	leaf_release(leaf);
	return NULL;
}

static struct leaf *leaf_copy(const struct leaf *leaf)
{
	struct leaf *copy = malloc(sizeof *copy);

	if (!copy)
		return NULL;
	/* Members one by one would have to be named here each time one is added. */
	memcpy((char *)copy + sizeof copy->references, (const char *)leaf + sizeof leaf->references,
	       sizeof *copy - sizeof copy->references);
	atomic_init(&copy->references, 1);
	add_reference(&copy->block->references);
	sketch_keep(copy->sketch);
	return copy;
}

struct view *view_new(void)
{
	struct view *view = calloc(1, sizeof *view);

	if (view)
		view->references = 1;
	return view;
}

struct view *view_keep(struct view *view)
{
	add_reference(&view->references);
	return view;
}

void view_release(struct view *view)
{
	if (!view || !drop_reference(&view->references))
		return;
	for (size_t i = 0; i < view->leaf_count; i++)
		leaf_release(view->leaves[i]);
	free(view->leaves);
	free(view);
}

struct view *view_draft(const struct view *view, size_t more)
{
	struct view *draft = view_new();

	if (!draft)
		return NULL;
	draft->leaf_capacity = view->leaf_count + more;
	draft->leaves = malloc((draft->leaf_capacity + 1) * sizeof *draft->leaves);
	if (!draft->leaves) {
		free(draft);
		return NULL;
	}
	draft->count = view->count;
	draft->leaf_count = view->leaf_count;
	for (size_t i = 0; i < view->leaf_count; i++) {
		draft->leaves[i] = view->leaves[i];
		add_reference(&draft->leaves[i]->references);
	}
	return draft;
}

struct leaf *view_own_leaf(struct view *draft, size_t index)
{
	struct leaf *leaf = draft->leaves[index];

	/* Those that others see are held by the view that they see, too. */
	if (atomic_load_explicit(&leaf->references, memory_order_acquire) == 1)
		return leaf;
	struct leaf *copy = leaf_copy(leaf);
	if (!copy)
		return NULL;
	draft->leaves[index] = copy;
	leaf_release(leaf);
	return copy;
}

static void sketch_batch(struct leaf *leaf, struct sketch *sketch, const struct vector_kernels *kernels,
			 size_t first, float *rows)
{
	const struct block *block = leaf->block;
	size_t stride = block->stride;

	for (size_t i = 0; i < SKETCH_GROUP; i++)
		row_decode(&block->scales[first + i], block->high + (first + i) * stride,
			   block->low + (first + i) * stride, stride, rows + i * stride);
	sketch_rows(sketch, kernels, first, rows, &leaf->lengths);
}

/* The rows from leaf->sketched on, as far as groups of 64 are full. */
static bool sketch_full_groups(struct leaf *leaf, struct sketch *sketch, const struct vector_kernels *kernels)
{
	size_t until = leaf->used / SKETCH_BATCH * SKETCH_BATCH;

	if (leaf->sketched == until)
		return true;
	float *rows = aligned_alloc(ALIGNMENT, SKETCH_GROUP * leaf->block->stride * sizeof *rows);
	if (!rows)
		return false;
	for (; leaf->sketched < until; leaf->sketched += SKETCH_GROUP)
		sketch_batch(leaf, sketch, kernels, leaf->sketched, rows);
	free(rows);
	return true;
}

struct sketch *block_sketch_new(struct block *block, struct basis *basis)
{
	struct sketch *sketch = sketch_new(basis, LEAF_ROWS, block->room);

	if (sketch)
		block->room = NULL;
	return sketch;
}

bool leaf_sketch(struct leaf *leaf, const struct vector_kernels *kernels, struct basis *basis)
{
	struct sketch *sketch = block_sketch_new(leaf->block, basis), *former = leaf->sketch;
	size_t sketched = leaf->sketched;

	if (!sketch)
		return false;
	leaf->sketched = 0;
	if (!sketch_full_groups(leaf, sketch, kernels)) {
		leaf->sketched = sketched;
		sketch_release(sketch);
		return false;
	}
	leaf->sketch = sketch;
	sketch_release(former);
	return true;
}

bool leaf_catch_up(struct leaf *leaf, const struct vector_kernels *kernels)
{
	return !leaf->sketch || sketch_full_groups(leaf, leaf->sketch, kernels);
}

void leaf_publish_row(struct leaf *leaf, float length)
{
	int64_t id = leaf->block->ids[leaf->used], import_id = leaf->block->import_ids[leaf->used];
	size_t word = leaf->used / 64, bit = leaf->used % 64;

	if (bit == 0)
		leaf->runs |= (uint64_t)1 << word;
	else if (id - leaf->block->ids[64 * word] != (int64_t)bit)
		leaf->runs &= ~((uint64_t)1 << word);
	if (leaf->used == 0)
		leaf->import_id = import_id;
	else if (leaf->import_id != import_id)
		leaf->import_id = 0;
	leaf->alive[word] |= (uint64_t)1 << bit;
	leaf->used++;
	leaf->count++;
	if (id < leaf->least_id)
		leaf->least_id = id;
	if (id > leaf->greatest_id)
		leaf->greatest_id = id;
	if (length > leaf->length)
		leaf->length = length;
}

void leaf_kill_row(struct leaf *leaf, size_t row)
{
	leaf->alive[row / 64] &= ~((uint64_t)1 << (row % 64));
	leaf->count--;
}

static bool leaf_find(const struct leaf *leaf, int64_t id, size_t *row)
{
	if (id < leaf->least_id || id > leaf->greatest_id)
		return false;
	for (size_t i = 0; i < leaf->used; i++) {
		if (leaf->block->ids[i] == id && leaf_is_alive(leaf, i)) {
			*row = i;
			return true;
		}
	}
	return false;
}

bool view_find(const struct view *view, int64_t id, size_t *leaf, size_t *row)
{
	/* Those that changes ask for are likely among the latest. */
	for (size_t i = view->leaf_count; i-- > 0;) {
		if (leaf_find(view->leaves[i], id, row)) {
			*leaf = i;
			return true;
		}
	}
	return false;
}
