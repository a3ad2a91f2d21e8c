#include "parse/csv_reader.h"

#include "parse/bytes.h"
#include "parse/csv_columns.h"
#include "parse/csv_dialect.h"
#include "parse/csv_record.h"
#include "parse/row_error.h"

#include "base/banned.h"

/* Names of the widest header, some three times what was sent. */
enum { NAMES_SIZE = 128 << 20 };

/* Passes the LF of a CRLF whose CR has been passed. */
static enum status pass_line_feed(struct source *source, struct error *err)
{
	enum status status = source_want(source, 1, err);
	struct slice bytes = source_unread(source);

	if (status == STATUS_OK && bytes.size && bytes.data[0] == '\n')
		source_consume(source, 1);
	return status;
}

/* Passes what is left of a line, with its line end. */
static enum status pass_line(struct csv_reader *reader, struct error *err)
{
	struct source *source = reader->source;

	for (;;) {
		enum status status = source_want(source, 1, err);
		struct slice bytes = source_unread(source);
		if (status != STATUS_OK || bytes.size == 0)
			return status;
		size_t end = bytes_find_line_end(bytes);
		if (end == bytes.size) {
			source_consume(source, end);
			continue;
		}
		source_consume(source, end + 1);
		reader->line++;
		return bytes.data[end] == '\r' ? pass_line_feed(source, err) : STATUS_OK;
	}
}

/* Passes the row that was scanned last. */
static enum status pass_row(struct csv_reader *reader, struct error *err)
{
	const struct csv_row *row = &reader->row;
	struct slice bytes = source_unread(reader->source);

	source_consume(reader->source, row->full_size);
	reader->line += reader->sheet ? 1 : row->lines;
	if (!row->ended)
		return pass_line(reader, err);
	return bytes.data[row->full_size - 1] == '\r' ? pass_line_feed(reader->source, err)
						      : STATUS_OK;
}

/* Scans the next row that is not blank, which then is reader->row at the front of the unread
 * bytes until pass_row(). STATUS_END where there is none. */
static enum status scan_row(struct csv_reader *reader, struct error *err)
{
	struct source *source = reader->source;
	/* Room for the line end, so that a row of exactly the limit is seen to end. */
	size_t longest = reader->record_size_limit + 2, wanted = 1;

	for (;;) {
		enum status status = source_want(source, wanted, err);
		if (status != STATUS_OK)
			return status;
		struct slice bytes = source_unread(source);
		if (bytes.size == 0)
			return STATUS_END;
		bool cut = bytes.size >= longest;
		if (cut)
			bytes.size = longest;
		struct csv_row *row = &reader->row;
		enum csv_scan scanned = csv_scan_record(&reader->syntax, bytes,
							cut || source->at_end, row);
		if (scanned == CSV_SCAN_NO_MEMORY)
			return error_no_memory(err);
		if (scanned == CSV_SCAN_MORE) {
			/* Twice as much each time: scanning from the start stays linear. */
			wanted = 2 * bytes.size;
			continue;
		}
		reader->too_long = row->size > reader->record_size_limit;
		if (row->size)
			return STATUS_OK;
		status = pass_row(reader, err);
		if (status != STATUS_OK)
			return status;
		wanted = 1;
	}
}
/* The row's bytes; of one that is too long, as many as are allowed. */
static struct slice raw_row(const struct csv_reader *reader)
{
	size_t size = reader->too_long ? reader->record_size_limit : reader->row.size;

	return slice_of(source_unread(reader->source).data, size);
}

/* Names the columns by the scanned row, or after its number of cells alone. */
static enum status name_columns(struct csv_reader *reader, bool header, struct error *err)
{
	const struct csv_row *row = &reader->row;

	if (reader->too_long || row->count > FIELD_LIMIT)
		return error_set_at(err, STATUS_INVALID, ERROR_TOO_LONG, reader->line, 1,
				    reader->source->offset,
				    "The header in line %llu is longer than a row may be, or has "
				    "more than %d columns.",
				    (unsigned long long)reader->line, FIELD_LIMIT);
	struct slice *cells = arena_alloc(&reader->arena, row->count * sizeof *cells);
	struct slice *names = arena_alloc(&reader->arena, row->count * sizeof *names);
	if (!cells || !names)
		return error_no_memory(err);
	for (size_t i = 0; header && i < row->count; i++)
		if (!csv_cell_text(row->cells[i], raw_row(reader), &reader->syntax,
				   &reader->arena, &cells[i]))
			return error_no_memory(err);
	if (!csv_name_columns(header ? cells : NULL, row->count, &reader->arena, names))
		return error_no_memory(err);
	reader->columns = names;
	reader->column_count = row->count;
	return STATUS_OK;
}

/* Reads up to the first data row. */
static enum status read_header(struct csv_reader *reader, size_t rows_before, bool header,
			       struct dialect *dialect, struct error *err)
{
	enum status (*const steps[])(struct csv_reader *, struct error *) = {pass_row, scan_row};
	enum status status = scan_row(reader, err);

	for (size_t step = 0; status == STATUS_OK && step < 2 * rows_before; step++)
		status = steps[step % 2](reader, err);
	dialect->skipped_lines = status == STATUS_OK ? reader->line - 1 : 0;
	if (status == STATUS_END)
		return STATUS_OK;
	if (status == STATUS_OK)
		status = name_columns(reader, header, err);
	if (status == STATUS_OK && header)
		status = pass_row(reader, err);
	return status;
}

enum status csv_reader_open(struct csv_reader *reader, struct source *source,
			    const struct reader_options *options, struct dialect *dialect,
			    struct error *err)
{
	struct csv_guess guess;
	enum status status = STATUS_OK;

	*reader = (struct csv_reader){.source = source,
				      .sheet = options->format == FORMAT_XLSX,
				      .record_size_limit = options->record_size_limit,
				      .line = 1};
	arena_init(&reader->arena, NAMES_SIZE);
	for (uint64_t i = 0; i < options->skip_lines && status == STATUS_OK; i++)
		status = pass_line(reader, err);
	if (status == STATUS_OK)
		status = source_want(source, SNIFF_SIZE, err);
	if (status != STATUS_OK)
		return status;
	struct slice head = source_unread(source);
	/* The end is known only where fewer bytes came than were wanted. */
	bool whole = source->at_end;
	if (head.size > SNIFF_SIZE)
		head.size = SNIFF_SIZE;
	status = csv_guess_dialect(head, whole, options, &guess, err);
	if (status != STATUS_OK)
		return status;
	reader->syntax = guess.syntax;
	memcpy(dialect->delimiter, guess.syntax.delimiter, sizeof dialect->delimiter);
	if (guess.syntax.blank_after)
		dialect->delimiter[strlen(dialect->delimiter)] = ' ';
	dialect->quote = guess.syntax.quote;
	dialect->escape = guess.syntax.escape;
	dialect->header = !options->no_header;
	/* Told how many lines to skip, or that there is no header, it is not searched for. */
	if (options->no_header || options->skip_told)
		guess.header_row = 0;
	return read_header(reader, guess.header_row, !options->no_header, dialect, err);
}

void csv_reader_release(struct csv_reader *reader)
{
	csv_row_release(&reader->row);
	arena_release(&reader->arena);
	*reader = (struct csv_reader){0};
}

static bool build_record(struct csv_reader *reader, struct arena *arena, struct record *record)
{
	struct slice raw = raw_row(reader);

	record->row = ++reader->number;
	record->line = reader->line;
	record->byte = reader->source->offset;
	if (!reader->too_long) {
		bool built = csv_build_record(&reader->row, raw, &reader->syntax, reader->columns,
					      reader->column_count, arena, record);
		for (size_t i = 0; reader->sheet && i < record->error_count; i++)
			record->errors[i].line = record->line;
		return built;
	}
	struct slice message = row_error_message(
		arena, "The row is longer than %zu bytes; only its beginning is kept.",
		reader->record_size_limit);
	return message.data && arena_copy(arena, raw, &record->raw) &&
	       row_error_damaged(record, arena, ERROR_TOO_LONG, message);
}

enum status csv_reader_next(struct csv_reader *reader, struct batch *batch, struct error *err)
{
	size_t before = batch->count;

	while (!batch_is_full(batch)) {
		enum status status = scan_row(reader, err);
		if (status == STATUS_END && batch->count > before)
			return STATUS_OK;
		if (status != STATUS_OK)
			return status;
		if (!build_record(reader, &batch->arena, batch_add(batch)))
			return error_no_memory(err);
		status = pass_row(reader, err);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

enum status csv_reader_skip(struct csv_reader *reader, uint64_t count, struct error *err)
{
	enum status status = STATUS_OK;

	for (; count && status == STATUS_OK; count--) {
		status = scan_row(reader, err);
		if (status == STATUS_OK) {
			reader->number++;
			status = pass_row(reader, err);
		}
	}
	return status;
}
