#include "column/segment.h"

#include "column/spill.h"

#include <stdlib.h>

#include "base/banned.h"

struct segment *segment_share(struct segment *segment)
{
	atomic_fetch_add(&segment->references, 1);
	return segment;
}

void segment_release(struct segment *segment)
{
	if (!segment || atomic_fetch_sub(&segment->references, 1) > 1)
		return;
	if (segment->spill)
		spill_drop(segment->spill, segment->block, segment->block_size);
	else
		free(segment->block);
	free(segment->runs);
	free(segment->valid);
	free((void *)segment->embedded);
	free(segment->columns);
	free(segment);
}

static const struct segment_run *run_of(const struct segment *segment, uint32_t row)
{
	uint32_t low = 0, high = segment->run_count;

	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;
		if (segment->runs[middle].from <= row)
			low = middle;
		else
			high = middle;
	}
	return &segment->runs[low];
}

int64_t segment_id(const struct segment *segment, uint32_t row)
{
	const struct segment_run *run = run_of(segment, row);

	return run->first_id + (row - run->from);
}

int64_t segment_created_ms(const struct segment *segment, uint32_t row)
{
	return run_of(segment, row)->created_ms;
}

int64_t segment_first_id(const struct segment *segment)
{
	return segment->runs[0].first_id;
}

int64_t segment_last_id(const struct segment *segment)
{
	const struct segment_run *last = &segment->runs[segment->run_count - 1];

	return last->first_id + (segment->count - 1 - last->from);
}

uint32_t segment_row(const struct segment *segment, int64_t id)
{
	uint32_t low = 0, high = segment->run_count;

	if (id < segment->runs[0].first_id)
		return segment->count;
	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;
		if (segment->runs[middle].first_id <= id)
			low = middle;
		else
			high = middle;
	}
	const struct segment_run *run = &segment->runs[low];
	uint32_t end = low + 1 < segment->run_count ? run[1].from : segment->count;
	return id - run->first_id < end - run->from ? run->from + (uint32_t)(id - run->first_id)
						     : segment->count;
}

const struct column *segment_column(const struct segment *segment, struct slice name)
{
	uint32_t low = 0, high = segment->column_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = key_compare(segment->columns[middle].name, name);
		if (order == 0)
			return &segment->columns[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Where in the list of a sparse column the row stands, or would. */
static uint32_t find_listed(const struct column *column, uint32_t row)
{
	uint32_t low = 0, high = column->filled;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (column->rows[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t column_code(const struct column *column, uint32_t row)
{
	if (column->width == 1)
		return ((const uint8_t *)column->codes)[row];
	if (column->width == 2)
		return ((const uint16_t *)column->codes)[row];
	uint32_t at = find_listed(column, row);
	return at < column->filled && column->rows[at] == row ? ((const uint16_t *)column->codes)[at] : 0;
}

uint32_t column_lower_bound(const struct column *column, struct slice key)
{
	uint32_t low = 1, high = column->distinct + 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (key_compare(column_key(column, middle), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void column_mark_range(const struct column *column, uint32_t row_count, uint32_t from, uint32_t to,
		       uint64_t *bits)
{
	uint32_t span = to - from;

	if (to <= from)
		return;
	if (column->width == 1) {
		const uint8_t *codes = column->codes;
		for (uint32_t row = 0; row < row_count; row++)
			bits[row / 64] |= (uint64_t)((uint32_t)codes[row] - from < span) << (row % 64);
	} else if (column->width == 2) {
		const uint16_t *codes = column->codes;
		for (uint32_t row = 0; row < row_count; row++)
			bits[row / 64] |= (uint64_t)((uint32_t)codes[row] - from < span) << (row % 64);
	} else {
		const uint16_t *codes = column->codes;
		for (uint32_t i = 0; i < column->filled; i++)
			if ((uint32_t)codes[i] - from < span)
				bits[column->rows[i] / 64] |= (uint64_t)1 << (column->rows[i] % 64);
	}
}

void column_mark_codes(const struct column *column, uint32_t row_count, const bool *wanted, uint64_t *bits)
{
	if (column->width == 0) {
		const uint16_t *codes = column->codes;
		for (uint32_t i = 0; i < column->filled; i++)
			if (wanted[codes[i]])
				bits[column->rows[i] / 64] |= (uint64_t)1 << (column->rows[i] % 64);
		return;
	}
	for (uint32_t row = 0; row < row_count; row++)
		bits[row / 64] |= (uint64_t)wanted[column_code(column, row)] << (row % 64);
}
