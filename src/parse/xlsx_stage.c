#include "parse/xlsx_stage.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "parse/row_error.h"
#include "parse/xlsx_number.h"
#include "parse/xlsx_strings.h"

#include "base/banned.h"

enum {
	ROWS_MAX = 1048576, /* of a sheet, as spreadsheet programs have them */
	CHUNK_SIZE = 16 * 1024,
	OUTPUT_ENOUGH = 256 * 1024, /* more than this is not made in advance */
	OUTPUT_LIMIT = 256 << 20,
	CELL_LIMIT = 32 << 20,
	BOOK_SIZE = 16 << 20,
};

enum cell_type { CELL_NUMBER, CELL_SHARED, CELL_TEXT, CELL_BOOLEAN };

struct xlsx_stage {
	struct stage stage;
	struct xlsx_archive archive;
	struct arena arena; /* of the book */
	struct xlsx_book book;
	struct xlsx_strings strings;
	struct xlsx_member *member;
	XML_Parser parser;
	uint64_t skip_rows;

	struct strbuf out; /* CSV that has not been read, from `taken` on */
	size_t taken;
	bool at_end;
	const char *problem; /* why the handlers stopped the parser */

	uint64_t row;  /* the one that is being read, from 1; 0: none yet */
	size_t column; /* of the next cell, from 0 */
	size_t written, width; /* cells of this row, of the widest row */
	bool skipping;

	struct strbuf cell;
	enum cell_type type;
	size_t style;
	bool in_value;
	unsigned phonetic;
};

static void stop(struct xlsx_stage *sheet, const char *problem)
{
	sheet->problem = problem;
	XML_StopParser(sheet->parser, XML_FALSE);
}

/* "BC12" is column 54; SIZE_MAX where it begins with no letter. */
static size_t column_of(const char *reference)
{
	size_t column = 0;

	for (; *reference >= 'A' && *reference <= 'Z' && column <= FIELD_LIMIT; reference++)
		column = column * 26 + (size_t)(*reference - 'A') + 1;
	return column - 1;
}

static void begin_row(struct xlsx_stage *sheet, const char **attributes)
{
	const char *number = xlsx_attribute(attributes, "r");
	uint64_t row = number ? strtoull(number, NULL, 10) : sheet->row + 1;

	/* A row that says to stand before the last one comes behind it. */
	if (row <= sheet->row)
		row = sheet->row + 1;
	if (row > ROWS_MAX) {
		stop(sheet, "its sheet has more rows than a sheet may have");
		return;
	}
	while (++sheet->row < row)
		strbuf_add_byte(&sheet->out, '\n');
	sheet->column = sheet->written = 0;
	sheet->skipping = sheet->row <= sheet->skip_rows;
}

static void end_row(struct xlsx_stage *sheet)
{
	for (; sheet->written && sheet->written < sheet->width; sheet->written++)
		strbuf_add_byte(&sheet->out, ',');
	if (sheet->written)
		sheet->width = sheet->written;
	strbuf_add_byte(&sheet->out, '\n');
}

static void begin_cell(struct xlsx_stage *sheet, const char **attributes)
{
	const char *reference = xlsx_attribute(attributes, "r");
	const char *type = xlsx_attribute(attributes, "t"), *style = xlsx_attribute(attributes, "s");
	size_t column = reference ? column_of(reference) : SIZE_MAX;

	if (column != SIZE_MAX && column > sheet->column)
		sheet->column = column;
	if (sheet->column >= FIELD_LIMIT) {
		stop(sheet, "its sheet has more columns than a sheet may have");
		return;
	}
	strbuf_clear(&sheet->cell);
	sheet->style = style ? strtoul(style, NULL, 10) : 0;
	sheet->type = !type || strcmp(type, "n") == 0 ? CELL_NUMBER
		      : strcmp(type, "s") == 0	      ? CELL_SHARED
		      : strcmp(type, "b") == 0	      ? CELL_BOOLEAN
						      : CELL_TEXT;
}

static void XMLCALL on_start(void *user, const char *name, const char **attributes)
{
	struct xlsx_stage *sheet = XML_GetUserData(user);

	name = xlsx_local_name(name);
	sheet->in_value = false;
	if (strcmp(name, "v") == 0)
		sheet->in_value = true;
	else if (strcmp(name, "t") == 0)
		sheet->in_value = sheet->phonetic == 0;
	else if (strcmp(name, "c") == 0)
		begin_cell(sheet, attributes);
	else if (strcmp(name, "row") == 0)
		begin_row(sheet, attributes);
	else if (strcmp(name, "rPh") == 0)
		sheet->phonetic++;
}

static void XMLCALL on_text(void *user, const char *text, int size)
{
	struct xlsx_stage *sheet = XML_GetUserData(user);

	if (!sheet->in_value)
		return;
	if (sheet->cell.size + (size_t)size > CELL_LIMIT)
		stop(sheet, "a cell is longer than 32 MiB");
	else
		strbuf_add(&sheet->cell, text, (size_t)size);
}

static bool is_hex(char digit)
{
	return isxdigit((unsigned char)digit);
}

/* The character of "_x000D_" at `at`: control characters, which XML cannot hold, are written so. */
static bool read_escape(struct slice text, size_t at, uint32_t *code_point)
{
	char digits[5] = "";

	if (text.size - at < 7 || text.data[at + 1] != 'x' || text.data[at + 6] != '_')
		return false;
	for (size_t i = 0; i < 4; i++) {
		digits[i] = text.data[at + 2 + i];
		if (!is_hex(digits[i]))
			return false;
	}
	uint32_t escaped = (uint32_t)strtoul(digits, NULL, 16);
	if (escaped >= 0xD800 && escaped <= 0xDFFF)
		return false;
	*code_point = escaped;
	return true;
}

/* Appends the text of a string; one that holds a quote or an escape stands in quotes. */
static void write_text(struct strbuf *out, struct slice text)
{
	for (size_t at = 0; at < text.size;) {
		size_t plain = at;
		while (plain < text.size && text.data[plain] != '_' && text.data[plain] != '"')
			plain++;
		strbuf_add(out, text.data + at, plain - at);
		at = plain;
		if (at == text.size)
			break;
		char encoded[4];
		uint32_t code_point = (unsigned char)text.data[at];
		at += text.data[at] == '_' && read_escape(text, at, &code_point) ? 7 : 1;
		if (code_point == '"')
			strbuf_add_byte(out, '"');
		strbuf_add(out, encoded, utf8_encode(code_point, encoded));
	}
}

/* Whether a cell must be quoted to be read back. An escape may stand for anything. */
static bool needs_quotes(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (strchr(",\"\r\n_", text.data[i]))
			return true;
	return false;
}

static void write_string(struct xlsx_stage *sheet, struct slice text)
{
	bool quoted = needs_quotes(text);

	if (quoted)
		strbuf_add_byte(&sheet->out, '"');
	write_text(&sheet->out, text);
	if (quoted)
		strbuf_add_byte(&sheet->out, '"');
}

static bool find_shared(struct xlsx_stage *sheet, struct slice index, struct slice *text)
{
	int64_t number;

	if (slice_parse_int64(slice_trim(index), &number) && number >= 0 &&
	    xlsx_strings_find(&sheet->strings, (uint64_t)number, text))
		return true;
	stop(sheet, "a cell names a shared string that there is not");
	return false;
}

static enum xlsx_number kind_of_number(const struct xlsx_stage *sheet)
{
	return sheet->style < sheet->book.style_count
		       ? (enum xlsx_number)sheet->book.styles[sheet->style]
		       : XLSX_NUMBER;
}

static void write_cell(struct xlsx_stage *sheet, struct slice text)
{
	/* The delimiters of the empty cells before it, and its own. */
	for (; sheet->written <= sheet->column; sheet->written++)
		if (sheet->written)
			strbuf_add_byte(&sheet->out, ',');
	if (sheet->type == CELL_NUMBER)
		xlsx_write_number(text, kind_of_number(sheet), sheet->book.from_1904, &sheet->out);
	else if (sheet->type == CELL_BOOLEAN)
		strbuf_add_string(&sheet->out, slice_is(slice_trim(text), "0") ? "false" : "true");
	else
		write_string(sheet, text);
}

static void end_cell(struct xlsx_stage *sheet)
{
	struct slice text = strbuf_slice(&sheet->cell);

	if (!strbuf_ok(&sheet->cell)) {
		XML_StopParser(sheet->parser, XML_FALSE);
		return;
	}
	if (text.size && !sheet->skipping) {
		if (sheet->type == CELL_SHARED && !find_shared(sheet, text, &text))
			return;
		if (text.size)
			write_cell(sheet, text);
	}
	sheet->column++;
	/* Handlers go on until the parser has come to rest, so one cell at a time. */
	if (sheet->out.size >= OUTPUT_ENOUGH)
		XML_StopParser(sheet->parser, XML_TRUE);
}

static void XMLCALL on_end(void *user, const char *name)
{
	struct xlsx_stage *sheet = XML_GetUserData(user);

	name = xlsx_local_name(name);
	sheet->in_value = false;
	if (strcmp(name, "c") == 0)
		end_cell(sheet);
	else if (strcmp(name, "row") == 0)
		end_row(sheet);
	else if (strcmp(name, "rPh") == 0)
		sheet->phonetic -= sheet->phonetic > 0;
}

/* Reads on in the sheet until there is CSV, or the end. */
static enum status make_some(struct xlsx_stage *sheet, struct error *err)
{
	XML_ParsingStatus progress;
	enum XML_Status result;
	size_t got = 1;

	XML_GetParsingStatus(sheet->parser, &progress);
	if (progress.parsing == XML_SUSPENDED) {
		result = XML_ResumeParser(sheet->parser);
	} else {
		void *chunk = XML_GetBuffer(sheet->parser, CHUNK_SIZE);
		if (!chunk)
			return error_no_memory(err);
		enum status status = xlsx_member_read(sheet->member, chunk, CHUNK_SIZE, &got, err);
		if (status != STATUS_OK)
			return status;
		result = XML_ParseBuffer(sheet->parser, (int)got, got == 0);
	}
	if (!strbuf_ok(&sheet->out) || !strbuf_ok(&sheet->cell))
		return error_no_memory(err);
	if (sheet->problem)
		return xlsx_corrupt(err, sheet->problem);
	if (result == XML_STATUS_ERROR)
		return xlsx_parser_error(sheet->parser, "the sheet", err);
	XML_GetParsingStatus(sheet->parser, &progress);
	sheet->at_end = progress.parsing == XML_FINISHED;
	return STATUS_OK;
}

static enum status read_sheet(struct stage *stage, char *out, size_t capacity, size_t *got,
			      struct error *err)
{
	struct xlsx_stage *sheet = (struct xlsx_stage *)stage;

	while (sheet->taken == sheet->out.size && !sheet->at_end) {
		strbuf_clear(&sheet->out);
		sheet->taken = 0;
		enum status status = make_some(sheet, err);
		if (status != STATUS_OK)
			return status;
	}
	size_t left = sheet->out.size - sheet->taken;
	*got = left < capacity ? left : capacity;
	memcpy(out, sheet->out.data + sheet->taken, *got);
	sheet->taken += *got;
	return xlsx_archive_count(&sheet->archive, *got, err);
}

static void free_sheet(struct stage *stage)
{
	struct xlsx_stage *sheet = (struct xlsx_stage *)stage;

	if (sheet->parser)
		XML_ParserFree(sheet->parser);
	xlsx_member_close(sheet->member);
	xlsx_strings_release(&sheet->strings);
	arena_release(&sheet->arena);
	strbuf_release(&sheet->out);
	strbuf_release(&sheet->cell);
	free(sheet);
}

static enum status open_sheet(struct xlsx_stage *sheet, const struct xlsx_options *options,
			      struct error *err)
{
	enum status status =
		xlsx_book_read(&sheet->book, &sheet->archive, options->sheet, &sheet->arena, err);

	if (status == STATUS_OK && sheet->book.strings)
		status = xlsx_strings_read(&sheet->strings, &sheet->archive, sheet->book.strings,
					   options->temporary_folder, err);
	if (status == STATUS_OK)
		status = xlsx_member_open(&sheet->archive, sheet->book.sheet, &sheet->member, err);
	if (status == STATUS_NOT_FOUND)
		return xlsx_corrupt(err, "a part of it is missing");
	if (status != STATUS_OK)
		return status;
	sheet->parser = xlsx_parser_new(sheet);
	if (!sheet->parser)
		return error_no_memory(err);
	XML_SetElementHandler(sheet->parser, on_start, on_end);
	XML_SetCharacterDataHandler(sheet->parser, on_text);
	return STATUS_OK;
}

enum status xlsx_stage_new(int fd, const struct xlsx_options *options, uint64_t *bytes_read,
			   char *sheet_name, size_t sheet_name_size, struct stage **stage,
			   struct error *err)
{
	struct xlsx_stage *sheet = calloc(1, sizeof *sheet);

	*stage = NULL;
	if (!sheet)
		return error_no_memory(err);
	sheet->stage = (struct stage){.read = read_sheet, .free = free_sheet};
	sheet->skip_rows = options->skip_rows;
	arena_init(&sheet->arena, BOOK_SIZE);
	strbuf_init(&sheet->out, OUTPUT_LIMIT);
	strbuf_init(&sheet->cell, CELL_LIMIT);
	enum status status =
		xlsx_archive_init(&sheet->archive, fd, options->size_limit, bytes_read, err);
	if (status == STATUS_OK)
		status = open_sheet(sheet, options, err);
	if (status != STATUS_OK) {
		free_sheet(&sheet->stage);
		return status;
	}
	snprintf(sheet_name, sheet_name_size, "%.*s", SLICE_ARG(sheet->book.sheet_name));
	*stage = &sheet->stage;
	return STATUS_OK;
}
