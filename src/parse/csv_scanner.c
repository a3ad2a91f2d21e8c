#include "parse/csv_scanner.h"

#include <stdlib.h>

#include "parse/bytes.h"
#include "parse/row_error.h"

#include "base/banned.h"

enum { BLOCK = 64, FIRST_CELLS = 32 };

struct scan {
	const char *data;
	size_t size;
	bool final;
	struct csv_row *row;
	char delimiter; /* its first byte */
	const char *tail; /* what must follow that */
	size_t tail_size;
	bool blank_after;
	int quote, escape; /* -1: none */
	char wanted[3];
	size_t block;     /* where the current 64 bytes begin */
	uint64_t mask;    /* special bytes of it that have not been visited */
	size_t no_quotes; /* no quote before this place closes a cell */
};

static void load_block(struct scan *scan)
{
	size_t left = scan->size - scan->block;
	char padded[BLOCK];
	const char *bytes = scan->data + scan->block;
	uint64_t within = ~(uint64_t)0;

	if (left < BLOCK) {
		memset(padded, 0, sizeof padded);
		memcpy(padded, bytes, left);
		bytes = padded;
		within = ((uint64_t)1 << left) - 1;
	}
	struct csv_masks masks = bytes_csv_masks(bytes, scan->wanted);
	scan->mask = masks.special & within;
	scan->row->unusual |= (masks.unusual & within) != 0;
}

/* The next visit is the first special byte at or behind `at`. */
static void seek(struct scan *scan, size_t at)
{
	scan->block = at;
	load_block(scan);
}

/* The next special byte, or the size. */
static inline size_t visit_next(struct scan *scan)
{
	while (!scan->mask) {
		if (scan->size - scan->block <= BLOCK)
			return scan->size;
		scan->block += BLOCK;
		load_block(scan);
	}
	size_t at = scan->block + (size_t)__builtin_ctzll(scan->mask);
	scan->mask &= scan->mask - 1;
	return at;
}

static inline bool is_line_end(char byte)
{
	return byte == '\n' || byte == '\r';
}

static inline bool is_blank(const struct scan *scan, char byte)
{
	return (byte == ' ' || byte == '\t') && byte != scan->delimiter;
}

static size_t skip_blanks(const struct scan *scan, size_t at, size_t end)
{
	while (at < end && is_blank(scan, scan->data[at]))
		at++;
	return at;
}

enum answer { YES, NO, CANNOT_TELL };

static inline bool is_quote(const struct scan *scan, size_t at)
{
	return (unsigned char)scan->data[at] == scan->quote;
}

static inline bool is_escape(const struct scan *scan, size_t at)
{
	return (unsigned char)scan->data[at] == scan->escape;
}

/* Whether a delimiter begins at `at`. */
static inline enum answer is_delimiter(const struct scan *scan, size_t at)
{
	if (scan->data[at] != scan->delimiter)
		return NO;
	if (scan->tail_size == 0)
		return YES;
	size_t left = scan->size - at - 1, compared = left < scan->tail_size ? left : scan->tail_size;
	if (memcmp(scan->data + at + 1, scan->tail, compared) != 0)
		return NO;
	return compared == scan->tail_size ? YES : scan->final ? NO : CANNOT_TELL;
}

/* Does the quote at `at` close its cell? Then *stop is the delimiter or line end behind it. */
static enum answer closes(const struct scan *scan, size_t at, size_t *stop)
{
	size_t after = skip_blanks(scan, at + 1, scan->size);

	if (after == scan->size && !scan->final)
		return CANNOT_TELL;
	*stop = after;
	if (after == scan->size || is_line_end(scan->data[after]))
		return YES;
	return is_delimiter(scan, after);
}

/* The escape at `at` was the last byte visited: passes the byte behind it. */
static void pass_escaped(struct scan *scan, size_t at)
{
	size_t next = at + 1;

	if (next - scan->block < BLOCK)
		scan->mask &= ~((uint64_t)1 << (next - scan->block));
	else if (next < scan->size)
		seek(scan, next + 1);
}

static inline struct csv_cell cell_between(size_t start, size_t end, uint32_t flags)
{
	return (struct csv_cell){(uint32_t)start, (uint32_t)(end - start), flags};
}

/* An unquoted cell whose first special byte is at `at`. As the two below: returns false where
 * more bytes are needed; *stop is the delimiter, line end or end of the bytes behind it. */
static inline bool scan_plain(struct scan *scan, size_t start, size_t at, uint32_t flags,
			      struct csv_cell *cell, size_t *stop)
{
	for (; at < scan->size; at = visit_next(scan)) {
		if (is_line_end(scan->data[at]))
			break;
		enum answer answer = is_delimiter(scan, at);
		if (answer == CANNOT_TELL)
			return false;
		if (answer == YES)
			break;
		if (is_quote(scan, at)) {
			flags |= CELL_DAMAGED;
		} else if (is_escape(scan, at)) {
			flags |= CELL_ESCAPED;
			scan->row->lines += at + 1 < scan->size && is_line_end(scan->data[at + 1]);
			pass_escaped(scan, at);
		}
	}
	if (at == scan->size && !scan->final)
		return false;
	*cell = cell_between(start, at, flags);
	*stop = at;
	return true;
}

/* A cell whose quotes made no sense up to `from`: read on there as in an unquoted one. */
static bool scan_on_as_plain(struct scan *scan, size_t start, size_t from, uint32_t flags,
			     struct csv_cell *cell, size_t *stop)
{
	seek(scan, from);
	return scan_plain(scan, start, visit_next(scan), flags, cell, stop);
}

/* A quoted cell with text behind the quote at `damage`, which was the last byte visited. */
static bool scan_damaged(struct scan *scan, size_t start, size_t damage, struct csv_cell *cell,
			 size_t *stop)
{
	if (damage >= scan->no_quotes) {
		size_t at = visit_next(scan);
		for (; at < scan->size && !is_line_end(scan->data[at]); at = visit_next(scan)) {
			/* A line end is none less for an escape: the search is for one line. */
			if (is_escape(scan, at) && at + 1 < scan->size &&
			    !is_line_end(scan->data[at + 1]))
				pass_escaped(scan, at);
			if (!is_quote(scan, at))
				continue;
			enum answer closing = closes(scan, at, stop);
			if (closing == CANNOT_TELL)
				return false;
			if (closing == NO)
				continue;
			*cell = cell_between(start, at + 1, CELL_DAMAGED);
			visit_next(scan); /* *stop */
			return true;
		}
		if (at == scan->size && !scan->final)
			return false;
		/* Cells further on in this line need not look again: that would take
		 * quadratic time. */
		scan->no_quotes = at;
	}
	return scan_on_as_plain(scan, start, damage + 1, CELL_DAMAGED, cell, stop);
}

/* Whether the quote at `at`, which closes no cell, seems to open one: a delimiter stands before it, and
 * text behind. There are bytes on both sides: the quote that opened the cell, and what keeps this one
 * from closing it. */
static bool opens(const struct scan *scan, size_t at)
{
	size_t delimiter = 1 + scan->tail_size, before = at;

	if (scan->blank_after && scan->data[before - 1] == ' ')
		before--;
	return before >= delimiter && is_delimiter(scan, before - delimiter) == YES &&
	       !is_blank(scan, scan->data[at + 1]);
}

/* A cell whose quote at `open` was the last byte visited. */
static bool scan_quoted(struct scan *scan, size_t start, size_t open, struct csv_cell *cell,
			size_t *stop)
{
	const char *data = scan->data;
	uint32_t flags = CELL_QUOTED;
	size_t lines = 0, at;

	while ((at = visit_next(scan)) < scan->size) {
		if (data[at] == '\r' || (data[at] == '\n' && data[at - 1] != '\r'))
			lines++;
		if (is_escape(scan, at)) {
			lines += at + 1 < scan->size && is_line_end(data[at + 1]);
			pass_escaped(scan, at);
			flags |= CELL_ESCAPED;
		}
		if (!is_quote(scan, at))
			continue;
		if (at + 1 < scan->size && is_quote(scan, at + 1)) {
			visit_next(scan);
			flags |= CELL_DOUBLED;
			continue;
		}
		enum answer closing = closes(scan, at, stop);
		if (closing == CANNOT_TELL)
			return false;
		if (closing == YES) {
			*cell = cell_between(open + 1, at, flags);
			scan->row->lines += lines;
			visit_next(scan); /* *stop */
			return true;
		}
		if (lines == 0 && opens(scan, at))
			return scan_on_as_plain(scan, start, open + 1, CELL_UNCLOSED, cell, stop);
		if (lines == 0)
			return scan_damaged(scan, start, at, cell, stop);
		break;
	}
	if (at == scan->size && !scan->final)
		return false;
	return scan_on_as_plain(scan, start, open + 1, CELL_UNCLOSED, cell, stop);
}

static inline bool scan_cell(struct scan *scan, size_t start, struct csv_cell *cell, size_t *stop)
{
	size_t at = visit_next(scan);

	if (at < scan->size && is_quote(scan, at) &&
	    skip_blanks(scan, start, at) == at)
		return scan_quoted(scan, start, at, cell, stop);
	return scan_plain(scan, start, at, 0, cell, stop);
}

static bool add_cell(struct csv_row *row, struct csv_cell cell)
{
	row->damaged |= (cell.flags & (CELL_DAMAGED | CELL_UNCLOSED)) != 0;
	if (row->count == row->capacity && row->count <= FIELD_LIMIT) {
		size_t larger = row->capacity ? 2 * row->capacity : FIRST_CELLS;
		struct csv_cell *cells = realloc(row->cells, larger * sizeof *cells);
		if (!cells)
			return false;
		row->cells = cells;
		row->capacity = larger;
	}
	if (row->count < row->capacity)
		row->cells[row->count] = cell;
	row->count++;
	return true;
}

/* The delimiter at `stop` was the last byte visited; *start is where the next cell begins. */
static inline bool pass_delimiter(struct scan *scan, size_t stop, size_t *start)
{
	*start = stop + 1 + scan->tail_size;
	if (scan->tail_size)
		seek(scan, *start);
	if (!scan->blank_after)
		return true;
	if (*start == scan->size)
		return scan->final;
	*start += scan->data[*start] == ' ';
	return true;
}

/* The record ends at `stop`: takes the line end that is there. */
static void end_record(const struct scan *scan, size_t stop)
{
	struct csv_row *row = scan->row;

	row->size = row->full_size = stop;
	row->ended = stop < scan->size;
	if (!row->ended)
		return;
	row->lines++;
	row->full_size++;
	if (scan->data[stop] == '\r' && stop + 1 < scan->size && scan->data[stop + 1] == '\n')
		row->full_size++;
}

enum csv_scan csv_scan_record(const struct csv_syntax *syntax, struct slice bytes, bool final,
			      struct csv_row *row)
{
	struct scan scan = {.data = bytes.data,
			    .size = bytes.size,
			    .final = final,
			    .row = row,
			    .delimiter = syntax->delimiter[0],
			    .tail = syntax->delimiter + 1,
			    .tail_size = strlen(syntax->delimiter) - 1,
			    .blank_after = syntax->blank_after,
			    .quote = syntax->quote ? syntax->quote : -1,
			    .escape = syntax->escape ? syntax->escape : -1};
	struct csv_cell cell;
	size_t start = 0, stop;

	row->count = row->lines = 0;
	row->unusual = row->damaged = false;
	scan.wanted[0] = scan.delimiter;
	scan.wanted[1] = syntax->quote ? syntax->quote : scan.delimiter;
	scan.wanted[2] = syntax->escape ? syntax->escape : scan.delimiter;
	seek(&scan, 0);
	for (;;) {
		if (!scan_cell(&scan, start, &cell, &stop))
			return CSV_SCAN_MORE;
		if (!add_cell(row, cell))
			return CSV_SCAN_NO_MEMORY;
		if (stop == bytes.size || is_line_end(bytes.data[stop]))
			break;
		if (!pass_delimiter(&scan, stop, &start))
			return CSV_SCAN_MORE;
	}
	end_record(&scan, stop);
	return CSV_SCAN_OK;
}

void csv_row_release(struct csv_row *row)
{
	free(row->cells);
	*row = (struct csv_row){0};
}

size_t csv_unescape(struct slice text, uint32_t flags, const struct csv_syntax *syntax, char *out)
{
	bool doubled = flags & CELL_DOUBLED, escaped = flags & CELL_ESCAPED;
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (escaped && text.data[i] == syntax->escape && i + 1 < text.size)
			i++;
		else if (doubled && text.data[i] == syntax->quote)
			i++;
		if (i < text.size)
			out[size++] = text.data[i];
	}
	return size;
}
