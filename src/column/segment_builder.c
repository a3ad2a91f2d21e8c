/* Making segments: from rows, from other segments, or from one with some rows changed. In each case a field's
 * values are first gathered as a draft and then written as a column. */
#include "column/segment.h"
#include "column/spill.h"

#include "base/strbuf.h"

#include <stdlib.h>

#include "base/banned.h"

struct cell {
	uint32_t row, key;
};

/* A column in the making: keys, each perhaps more than once, and which row has which. */
struct draft {
	struct slice name;
	struct slice *keys;
	uint32_t key_count, key_capacity;
	struct cell *cells; /* by row */
	uint32_t cell_count, cell_capacity;
	uint32_t *slots; /* [slot_count], a power of two: 1 + the key that hashes there, or 0 */
	uint32_t slot_count;
};

static bool grow(void *items, uint32_t count, uint32_t *capacity, size_t item_size)
{
	void **array = items;

	if (count < *capacity)
		return true;
	uint32_t larger = *capacity ? 2 * *capacity : 16;
	void *more = realloc(*array, larger * item_size);
	if (!more)
		return false;
	*array = more;
	*capacity = larger;
	return true;
}

static void draft_release(struct draft *draft)
{
	free(draft->keys);
	free(draft->cells);
	free(draft->slots);
}

static bool add_key(struct draft *draft, struct slice key)
{
	if (!grow(&draft->keys, draft->key_count, &draft->key_capacity, sizeof *draft->keys))
		return false;
	draft->keys[draft->key_count++] = key;
	return true;
}

static bool add_cell(struct draft *draft, uint32_t row, uint32_t key)
{
	if (!grow(&draft->cells, draft->cell_count, &draft->cell_capacity, sizeof *draft->cells))
		return false;
	draft->cells[draft->cell_count++] = (struct cell){row, key};
	return true;
}

/* ---- writing a column ---- */

/* A key among those that are put in order; its first bytes settle most comparisons. */
struct ordered {
	uint64_t head;
	struct slice key;
	uint32_t index;
};

static uint64_t head_of(struct slice key)
{
	uint64_t head = 0;

	for (size_t i = 0; i < 8; i++)
		head = head << 8 | (i < key.size ? (unsigned char)key.data[i] : 0);
	return head;
}

static int compare_ordered(const void *a, const void *b)
{
	const struct ordered *left = a, *right = b;

	if (left->head != right->head)
		return left->head < right->head ? -1 : 1;
	return key_compare(left->key, right->key);
}

/* Where a column's parts lie in the block. */
struct column_place {
	size_t name, codes, rows, ends, keys;
};

struct block_writer {
	struct segment *segment;
	struct strbuf block;
	struct column_place *places; /* [column_count] */
	uint32_t capacity, place_capacity;
};

static size_t begin_part(struct strbuf *block)
{
	while (block->size % sizeof(uint32_t))
		strbuf_add_byte(block, 0);
	return block->size;
}

static void write_codes(struct block_writer *writer, struct column *column, struct column_place *place,
			const struct draft *draft, const uint32_t *code_of)
{
	uint32_t rows = writer->segment->count;
	uint8_t width = column->distinct < 256 ? 1 : 2;
	struct strbuf *block = &writer->block;

	/* Few values are listed where that takes half the room. */
	if ((uint64_t)draft->cell_count * 8 < (uint64_t)rows * width)
		width = 0;
	column->width = width;
	if (width == 0) {
		place->rows = begin_part(block);
		for (uint32_t i = 0; i < draft->cell_count; i++) {
			uint16_t row = (uint16_t)draft->cells[i].row;
			strbuf_add(block, &row, sizeof row);
		}
		place->codes = begin_part(block);
		for (uint32_t i = 0; i < draft->cell_count; i++) {
			uint16_t code = (uint16_t)code_of[draft->cells[i].key];
			strbuf_add(block, &code, sizeof code);
		}
		return;
	}
	place->codes = begin_part(block);
	char *codes = strbuf_reserve(block, (size_t)rows * width);
	if (!codes)
		return;
	memset(codes, 0, (size_t)rows * width);
	for (uint32_t i = 0; i < draft->cell_count; i++) {
		uint32_t row = draft->cells[i].row, code = code_of[draft->cells[i].key];
		if (width == 1)
			((uint8_t *)codes)[row] = (uint8_t)code;
		else
			((uint16_t *)(void *)codes)[row] = (uint16_t)code;
	}
	block->size += (size_t)rows * width;
	block->data[block->size] = '\0';
}

/* Puts the keys that some row has in order and numbers them; `code_of` and `sorted` have room for all. */
static uint32_t number_keys(const struct draft *draft, struct ordered *sorted, uint32_t *code_of)
{
	uint32_t used = 0, distinct = 0;

	memset(code_of, 0, draft->key_count * sizeof *code_of);
	for (uint32_t i = 0; i < draft->cell_count; i++) {
		uint32_t index = draft->cells[i].key;
		if (code_of[index]++)
			continue;
		sorted[used++] = (struct ordered){head_of(draft->keys[index]), draft->keys[index], index};
	}
	qsort(sorted, used, sizeof *sorted, compare_ordered);
	for (uint32_t i = 0; i < used; i++) {
		if (i == 0 || compare_ordered(&sorted[i], &sorted[distinct - 1]) != 0)
			sorted[distinct++] = sorted[i];
		code_of[sorted[i].index] = distinct;
	}
	return distinct;
}

static bool write_column(struct block_writer *writer, const struct draft *draft)
{
	struct segment *segment = writer->segment;
	struct strbuf *block = &writer->block;

	if (!draft->cell_count)
		return true;
	struct ordered *sorted = malloc(draft->key_count * sizeof *sorted);
	uint32_t *code_of = malloc(draft->key_count * sizeof *code_of);
	bool done = sorted && code_of &&
		    grow(&segment->columns, segment->column_count, &writer->capacity,
			 sizeof *segment->columns) &&
		    grow(&writer->places, segment->column_count, &writer->place_capacity,
			 sizeof *writer->places);
	if (done) {
		struct column *column = &segment->columns[segment->column_count];
		struct column_place *place = &writer->places[segment->column_count];
		segment->column_count++;
		*column = (struct column){.filled = draft->cell_count};
		*place = (struct column_place){0};
		column->distinct = number_keys(draft, sorted, code_of);
		write_codes(writer, column, place, draft, code_of);
		place->ends = begin_part(block);
		uint32_t end = 0;
		for (uint32_t i = 0; i < column->distinct; i++) {
			end += (uint32_t)sorted[i].key.size;
			strbuf_add(block, &end, sizeof end);
		}
		place->keys = block->size;
		for (uint32_t i = 0; i < column->distinct; i++)
			strbuf_add_slice(block, sorted[i].key);
		place->name = block->size;
		column->name.size = draft->name.size;
		strbuf_add_slice(block, draft->name);
		done = strbuf_ok(block);
	}
	free(sorted);
	free(code_of);
	return done;
}

/* ---- beginning and ending a segment ---- */

static struct segment *segment_new(int64_t import_id, int64_t first_row, uint32_t count)
{
	struct segment *segment = calloc(1, sizeof *segment);

	if (!segment)
		return NULL;
	segment->references = 1;
	segment->import_id = import_id;
	segment->first_row = first_row;
	segment->count = count;
	segment->valid = calloc(segment_words(segment) + 1, sizeof *segment->valid);
	segment->embedded = calloc(segment_words(segment) + 1, sizeof *segment->embedded);
	if (!segment->valid || !segment->embedded) {
		segment_release(segment);
		return NULL;
	}
	return segment;
}

static void set_bit(uint64_t *bits, uint32_t row)
{
	bits[row / 64] |= (uint64_t)1 << (row % 64);
}

static void place_columns(struct block_writer *writer)
{
	struct segment *segment = writer->segment;

	for (uint32_t i = 0; i < segment->column_count; i++) {
		struct column *column = &segment->columns[i];
		const struct column_place *place = &writer->places[i];
		column->name.data = segment->block + place->name;
		column->codes = segment->block + place->codes;
		column->rows = (const uint16_t *)(const void *)(segment->block + place->rows);
		column->ends = (const uint32_t *)(const void *)(segment->block + place->ends);
		column->keys = segment->block + place->keys;
	}
}

/* Moves the block to where it is to lie. */
static bool finish_block(struct block_writer *writer, struct spill *spill)
{
	struct segment *segment = writer->segment;
	struct strbuf *block = &writer->block;

	if (!strbuf_ok(block))
		return false;
	segment->block_size = block->size;
	if (spill && spill_wants(block->size)) {
		segment->block = spill_add(spill, block->data, block->size);
		if (segment->block)
			segment->spill = spill;
	}
	if (!segment->block) {
		segment->block = malloc(block->size + 1);
		if (!segment->block)
			return false;
		memcpy(segment->block, block->data, block->size);
	}
	place_columns(writer);
	return true;
}

/* The segment, or NULL; the writer is done with in either case. */
static struct segment *writer_end(struct block_writer *writer, bool done, struct spill *spill)
{
	struct segment *segment = writer->segment;

	done = done && finish_block(writer, spill);
	strbuf_release(&writer->block);
	free(writer->places);
	if (done)
		return segment;
	segment_release(segment);
	return NULL;
}

static bool writer_begin(struct block_writer *writer, int64_t import_id, int64_t first_row, uint32_t count,
			 const struct segment_run *runs, uint32_t run_count)
{
	struct segment *segment = segment_new(import_id, first_row, count);

	*writer = (struct block_writer){.segment = segment};
	strbuf_init(&writer->block, SIZE_MAX / 2);
	if (!segment)
		return false;
	segment->runs = malloc(run_count * sizeof *runs);
	if (!segment->runs)
		return false;
	memcpy(segment->runs, runs, run_count * sizeof *runs);
	segment->run_count = run_count;
	return true;
}

/* ---- from rows ---- */

struct segment_builder {
	struct arena arena; /* names and keys */
	int64_t import_id, first_row;
	uint32_t count;
	struct segment_run *runs;
	uint32_t run_count, run_capacity;
	struct draft *drafts;
	uint32_t draft_count, draft_capacity;
	uint32_t *slots; /* of drafts by name, as in struct draft */
	uint32_t slot_count;
	uint64_t valid[SEGMENT_ROWS_MOST / 64], embedded[SEGMENT_ROWS_MOST / 64];
	size_t size;
};

struct segment_builder *segment_builder_new(int64_t import_id, int64_t first_row)
{
	struct segment_builder *builder = calloc(1, sizeof *builder);

	if (!builder)
		return NULL;
	arena_init(&builder->arena, (size_t)1 << 30);
	builder->import_id = import_id;
	builder->first_row = first_row;
	return builder;
}

void segment_builder_free(struct segment_builder *builder)
{
	if (!builder)
		return;
	for (uint32_t i = 0; i < builder->draft_count; i++)
		draft_release(&builder->drafts[i]);
	free(builder->drafts);
	free(builder->runs);
	free(builder->slots);
	arena_release(&builder->arena);
	free(builder);
}

/* A table of 1 + index by hash, never more than half full. `text_of` gives an item's text. */
struct hash_table {
	uint32_t **slots, *slot_count, count;
	const void *items;
	struct slice (*text_of)(const void *items, uint32_t index);
};

static bool enlarge(struct hash_table *table)
{
	uint32_t larger = *table->slot_count ? 2 * *table->slot_count : 32;

	if (2 * (table->count + 1) <= *table->slot_count)
		return true;
	uint32_t *slots = calloc(larger, sizeof *slots);
	if (!slots)
		return false;
	for (uint32_t i = 0; i < table->count; i++) {
		uint32_t at = (uint32_t)key_hash(table->text_of(table->items, i)) & (larger - 1);
		while (slots[at])
			at = (at + 1) & (larger - 1);
		slots[at] = i + 1;
	}
	free(*table->slots);
	*table->slots = slots;
	*table->slot_count = larger;
	return true;
}

/* The slot that holds this text, or the empty one where it belongs. */
static uint32_t *find_slot(const struct hash_table *table, struct slice text)
{
	uint32_t mask = *table->slot_count - 1, at = (uint32_t)key_hash(text) & mask;

	while ((*table->slots)[at] &&
	       !slice_equal(table->text_of(table->items, (*table->slots)[at] - 1), text))
		at = (at + 1) & mask;
	return &(*table->slots)[at];
}

static struct slice key_text(const void *keys, uint32_t index)
{
	return ((const struct slice *)keys)[index];
}

static struct slice draft_name(const void *drafts, uint32_t index)
{
	return ((const struct draft *)drafts)[index].name;
}

/* Files name their fields in the same order row for row: `hint` is where the last row found it. */
static struct draft *find_draft(struct segment_builder *builder, struct slice name, size_t hint)
{
	struct hash_table table = {&builder->slots, &builder->slot_count, builder->draft_count, builder->drafts,
				   draft_name};

	if (hint < builder->draft_count && slice_equal(builder->drafts[hint].name, name))
		return &builder->drafts[hint];
	if (!enlarge(&table))
		return NULL;
	uint32_t *slot = find_slot(&table, name);
	if (*slot)
		return &builder->drafts[*slot - 1];
	if (!grow(&builder->drafts, builder->draft_count, &builder->draft_capacity, sizeof *builder->drafts))
		return NULL;
	struct draft *draft = &builder->drafts[builder->draft_count];
	*draft = (struct draft){0};
	if (!arena_copy(&builder->arena, name, &draft->name))
		return NULL;
	*slot = ++builder->draft_count;
	builder->size += 64 + name.size;
	return draft;
}

static bool add_value(struct segment_builder *builder, struct draft *draft, struct slice key)
{
	struct hash_table table = {&draft->slots, &draft->slot_count, draft->key_count, draft->keys, key_text};

	if (!enlarge(&table))
		return false;
	uint32_t *slot = find_slot(&table, key);
	if (!*slot) {
		struct slice copy;
		if (!arena_copy(&builder->arena, key, &copy) || !add_key(draft, copy))
			return false;
		*slot = draft->key_count;
		builder->size += key.size + sizeof(uint32_t);
	}
	builder->size += 2;
	return add_cell(draft, builder->count, *slot - 1);
}

static bool add_run(struct segment_builder *builder, int64_t id, int64_t created_ms)
{
	const struct segment_run *last = builder->run_count ? &builder->runs[builder->run_count - 1] : NULL;

	if (last && last->created_ms == created_ms && last->first_id + (builder->count - last->from) == id)
		return true;
	if (!grow(&builder->runs, builder->run_count, &builder->run_capacity, sizeof *builder->runs))
		return false;
	builder->runs[builder->run_count++] = (struct segment_run){builder->count, id, created_ms};
	return true;
}

bool segment_builder_add(struct segment_builder *builder, int64_t id, int64_t created_ms,
			 const struct column_row *row)
{
	if (!add_run(builder, id, created_ms))
		return false;
	for (size_t i = 0; i < row->field_count; i++) {
		struct key_buffer key;
		key_of_value(row->fields[i].value, &key);
		if (!key.size)
			continue;
		struct draft *draft = find_draft(builder, row->fields[i].name, i);
		if (!draft)
			return false;
		bool repeated = draft->cell_count &&
				draft->cells[draft->cell_count - 1].row == builder->count;
		if (!repeated && !add_value(builder, draft, key_slice(&key)))
			return false;
	}
	if (row->valid)
		set_bit(builder->valid, builder->count);
	if (row->embedded)
		set_bit(builder->embedded, builder->count);
	builder->count++;
	return true;
}

uint32_t segment_builder_count(const struct segment_builder *builder)
{
	return builder->count;
}

size_t segment_builder_size(const struct segment_builder *builder)
{
	return builder->size;
}

static int compare_drafts(const void *a, const void *b)
{
	return key_compare(((const struct draft *)a)->name, ((const struct draft *)b)->name);
}

static void count_valid(struct segment *segment)
{
	segment->valid_count = 0;
	for (uint32_t i = 0; i < segment_words(segment); i++)
		segment->valid_count += (uint32_t)__builtin_popcountll(segment->valid[i]);
}

struct segment *segment_builder_finish(struct segment_builder *builder, struct spill *spill)
{
	struct block_writer writer;
	bool done = writer_begin(&writer, builder->import_id, builder->first_row, builder->count,
				 builder->runs, builder->run_count);

	if (done) {
		for (uint32_t i = 0; i < segment_words(writer.segment); i++) {
			writer.segment->valid[i] = builder->valid[i];
			writer.segment->embedded[i] = builder->embedded[i];
		}
		count_valid(writer.segment);
		if (builder->draft_count)
			qsort(builder->drafts, builder->draft_count, sizeof *builder->drafts, compare_drafts);
	}
	for (uint32_t i = 0; done && i < builder->draft_count; i++)
		done = write_column(&writer, &builder->drafts[i]);
	return writer_end(&writer, done, spill);
}

/* ---- from other segments ---- */

/* Where a row of the segment to be comes from. */
struct origin {
	uint32_t source, row;
};

struct composition {
	struct segment *const *sources;
	uint32_t source_count;
	const struct origin *origins; /* [count] */
	uint32_t count;
	uint32_t *next;           /* [source_count]: the source's next column, by name */
	const struct column **at; /* [source_count]: its column for the present name, or NULL */
	uint32_t *first_key;      /* [source_count]: where that column's keys begin in the draft */
};

/* The least name of the columns still to come; false: there are none. */
static bool next_name(struct composition *all, struct slice *name)
{
	bool found = false;

	for (uint32_t i = 0; i < all->source_count; i++) {
		if (all->next[i] == all->sources[i]->column_count)
			continue;
		struct slice candidate = all->sources[i]->columns[all->next[i]].name;
		if (!found || key_compare(candidate, *name) < 0)
			*name = candidate;
		found = true;
	}
	for (uint32_t i = 0; found && i < all->source_count; i++) {
		const struct segment *source = all->sources[i];
		all->at[i] = NULL;
		if (all->next[i] < source->column_count &&
		    slice_equal(source->columns[all->next[i]].name, *name))
			all->at[i] = &source->columns[all->next[i]++];
	}
	return found;
}

static bool gather(struct composition *all, struct draft *draft)
{
	draft->key_count = draft->cell_count = 0;
	for (uint32_t i = 0; i < all->source_count; i++) {
		all->first_key[i] = draft->key_count;
		for (uint32_t code = 1; all->at[i] && code <= all->at[i]->distinct; code++)
			if (!add_key(draft, column_key(all->at[i], code)))
				return false;
	}
	for (uint32_t row = 0; row < all->count; row++) {
		struct origin origin = all->origins[row];
		const struct column *column = all->at[origin.source];
		uint32_t code = column ? column_code(column, origin.row) : 0;
		if (code && !add_cell(draft, row, all->first_key[origin.source] + code - 1))
			return false;
	}
	return true;
}

static bool compose_columns(struct composition *all, struct block_writer *writer)
{
	struct draft draft = {0};
	bool done = true;

	all->next = calloc(all->source_count, sizeof *all->next);
	all->at = calloc(all->source_count, sizeof *all->at);
	all->first_key = calloc(all->source_count, sizeof *all->first_key);
	if (!all->next || !all->at || !all->first_key)
		done = false;
	while (done && next_name(all, &draft.name))
		done = gather(all, &draft) && write_column(writer, &draft);
	draft_release(&draft);
	free(all->next);
	free(all->at);
	free(all->first_key);
	return done;
}

static struct segment *compose(struct composition *all, const struct segment_run *runs, uint32_t run_count,
			       struct spill *spill)
{
	const struct segment *first = all->sources[0];
	struct block_writer writer;
	bool done = writer_begin(&writer, first->import_id, first->first_row, all->count, runs, run_count);

	if (done) {
		for (uint32_t row = 0; row < all->count; row++) {
			struct origin origin = all->origins[row];
			const struct segment *source = all->sources[origin.source];
			if (source->valid[origin.row / 64] >> (origin.row % 64) & 1)
				set_bit(writer.segment->valid, row);
			if (source->embedded[origin.row / 64] >> (origin.row % 64) & 1)
				writer.segment->embedded[row / 64] |= (uint64_t)1 << (row % 64);
		}
		count_valid(writer.segment);
		done = compose_columns(all, &writer);
	}
	return writer_end(&writer, done, spill);
}

struct segment *segment_merge(struct segment *const *sources, size_t count, struct spill *spill)
{
	uint32_t rows = 0, run_count = 0, at = 0, run_at = 0;
	struct segment *merged = NULL;

	for (size_t i = 0; i < count; i++) {
		rows += sources[i]->count;
		run_count += sources[i]->run_count;
	}
	struct origin *origins = malloc(rows * sizeof *origins);
	struct segment_run *runs = malloc(run_count * sizeof *runs);
	if (origins && runs) {
		for (size_t i = 0; i < count; i++) {
			const struct segment *source = sources[i];
			for (uint32_t j = 0; j < source->run_count; j++) {
				runs[run_at] = source->runs[j];
				runs[run_at++].from += at;
			}
			for (uint32_t row = 0; row < source->count; row++)
				origins[at++] = (struct origin){(uint32_t)i, row};
		}
		struct composition all = {.sources = sources, .source_count = (uint32_t)count,
					  .origins = origins, .count = rows};
		merged = compose(&all, runs, run_count, spill);
	}
	free(origins);
	free(runs);
	return merged;
}

struct segment *segment_replace(struct segment *segment, struct segment *changed, struct spill *spill)
{
	struct segment *sources[] = {segment, changed};
	struct origin *origins = malloc(segment->count * sizeof *origins);
	struct segment *result = NULL;

	if (!origins)
		return NULL;
	for (uint32_t row = 0; row < segment->count; row++)
		origins[row] = (struct origin){0, row};
	for (uint32_t row = 0; row < changed->count; row++) {
		uint32_t at = segment_row(segment, segment_id(changed, row));
		if (at < segment->count)
			origins[at] = (struct origin){1, row};
	}
	struct composition all = {.sources = sources, .source_count = 2, .origins = origins,
				  .count = segment->count};
	result = compose(&all, segment->runs, segment->run_count, spill);
	free(origins);
	return result;
}

void segment_copy_embedded(struct segment *merged, struct segment *const *sources, size_t count)
{
	uint32_t at = 0;

	for (size_t i = 0; i < count; i++)
		for (uint32_t row = 0; row < sources[i]->count; row++, at++)
			if (sources[i]->embedded[row / 64] >> (row % 64) & 1)
				merged->embedded[at / 64] |= (uint64_t)1 << (at % 64);
}
