#include "parse/row_error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"

bool row_error_add(struct record *record, struct arena *arena, struct cell_error error)
{
	struct cell_error *added = record_add_error(record, arena);

	if (!added)
		return false;
	*added = error;
	return true;
}

struct slice row_error_message(struct arena *arena, const char *format, ...)
{
	char text[512];
	struct slice copy = {0};
	va_list arguments;

	va_start(arguments, format);
	int size = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	arena_copy(arena, slice_of(text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1),
		   &copy);
	return copy;
}

struct slice row_error_extra_cells(struct arena *arena, size_t cells, size_t columns)
{
	return row_error_message(arena,
				 "The row has %zu cells, and there are %zu columns; put a cell with delimiters in quotes.",
				 cells, columns);
}

struct slice row_error_missing_cell(struct arena *arena, size_t cells, size_t columns)
{
	return row_error_message(arena, "The row has %zu cell%s, and there are %zu columns: this one is missing.", cells,
				 cells == 1 ? "" : "s", columns);
}

bool row_error_damaged(struct record *record, struct arena *arena, const char *code,
		       struct slice message)
{
	record->shape = RECORD_DAMAGED;
	return row_error_add(record, arena,
			     (struct cell_error){.code = code,
						 .message = message,
						 .line = record->line,
						 .byte = record->byte});
}
