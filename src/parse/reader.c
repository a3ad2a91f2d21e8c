#include "parse/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "parse/csv_reader.h"
#include "parse/json_reader.h"
#include "parse/json_wrap.h"
#include "parse/row_error.h"
#include "parse/sniff.h"
#include "parse/source.h"
#include "parse/xlsx_stage.h"

#include "base/banned.h"

/* Places inside a record are 32-bit numbers. */
enum { LARGEST_RECORD = 1 << 30 };

struct reader {
	struct source source;
	enum file_format format;
	struct dialect dialect;
	struct csv_reader csv;
	struct json_reader json;
};

const char *file_format_name(enum file_format format)
{
	switch (format) {
	case FORMAT_CSV:
		return "csv";
	case FORMAT_JSON:
		return "json";
	case FORMAT_NDJSON:
		return "ndjson";
	case FORMAT_XLSX:
		return "xlsx";
	default:
		return "unknown";
	}
}

/* Read by the CSV reader. */
static bool is_table(const struct reader *reader)
{
	return reader->format == FORMAT_CSV || reader->format == FORMAT_XLSX;
}

/* The first `size` bytes, or as many as there are, which then is the whole. */
static enum status read_head(struct source *source, size_t size, struct slice *head, bool *whole,
			     struct error *err)
{
	enum status status = source_want(source, size, err);

	*head = source_unread(source);
	/* The end is known only where fewer bytes came than were wanted. */
	*whole = source->at_end;
	if (head->size > size)
		head->size = size;
	return status;
}

/* Whether what begins with '{' is one object or NDJSON may take more than the head to tell. */
static enum status detect_layout(struct reader *reader, size_t limit, struct error *err)
{
	enum json_layout layout = JSON_LAYOUT_OPEN;

	for (size_t size = SNIFF_SIZE; layout == JSON_LAYOUT_OPEN; size *= 2) {
		struct slice head;
		bool whole;
		enum status status = read_head(&reader->source, size, &head, &whole, err);
		if (status != STATUS_OK)
			return status;
		layout = sniff_json_layout(head, whole);
		/* A first line over the limit costs a row in NDJSON, and in one object too, unless it
		 * holds records. */
		if (layout == JSON_LAYOUT_OPEN && size >= limit)
			layout = json_find_wrapped(head, NULL, NULL, 0) < head.size ? JSON_ONE_TEXT
										    : JSON_LINES;
	}
	if (layout == JSON_LINES)
		reader->format = FORMAT_NDJSON;
	return STATUS_OK;
}

/* Unpacks the file where it is packed; *head is what it then begins with. */
static enum status settle_compression(struct reader *reader, const struct reader_options *options,
				      struct slice *head, bool *whole, struct error *err)
{
	enum status status = read_head(&reader->source, SNIFF_SIZE, head, whole, err);
	enum compression compression = compression_of(*head);

	if (status != STATUS_OK || compression == COMPRESSION_NONE)
		return status;
	reader->dialect.compression = compression_name(compression);
	status = source_unpack(&reader->source, compression, options->unpacked_size_limit, err);
	if (status == STATUS_OK)
		status = read_head(&reader->source, SNIFF_SIZE, head, whole, err);
	return status;
}

/* The encoding that a user says, but for what a byte order mark knows better. */
static enum status said_encoding(struct slice said, struct slice head, struct encoding *encoding,
				 struct error *err)
{
	struct encoding marked;

	if (!encoding_find(said, encoding))
		return errno == ENOMEM ? error_no_memory(err)
				       : error_set(err, STATUS_INVALID, "unknown-encoding",
						   "There is no encoding '%.*s'.", SLICE_ARG(said));
	bool unicode = strncmp(encoding->name, "utf-16", 6) == 0 ||
		       strncmp(encoding->name, "utf-32", 6) == 0;
	if (unicode && encoding_of_unicode(head, &marked) &&
	    strncmp(marked.name, encoding->name, 6) == 0)
		*encoding = marked;
	return STATUS_OK;
}

/* Makes the source one of UTF-8, whatever the file is in. */
static enum status settle_encoding(struct reader *reader, const struct reader_options *options,
				   struct slice head, bool whole, struct error *err)
{
	struct encoding encoding;

	if (options->encoding.size) {
		enum status status = said_encoding(options->encoding, head, &encoding, err);
		if (status != STATUS_OK)
			return status;
	} else if (sniff_byte_order_mark(head)) {
		return STATUS_OK;
	} else if (!encoding_of_unicode(head, &encoding)) {
		if (options->expect_utf8)
			return STATUS_OK;
		enum file_format format = options->format ? options->format : sniff_format(head, whole);
		source_watch(&reader->source, format != FORMAT_CSV);
		return STATUS_OK;
	}
	return strcmp(encoding.name, "utf-8") == 0 ? STATUS_OK
						   : source_decode(&reader->source, &encoding, err);
}

static enum status open_workbook(struct reader *reader, int fd, struct reader_options *options,
				 struct error *err)
{
	struct dialect *dialect = &reader->dialect;

	reader->format = options->format = FORMAT_XLSX;
	if (fd < 0) /* only the head is there */
		return STATUS_OK;
	struct xlsx_options book = {.sheet = options->sheet,
				    .skip_rows = options->skip_lines,
				    .size_limit = options->unpacked_size_limit,
				    .temporary_folder = options->temporary_folder};
	struct stage *stage;
	enum status status = xlsx_stage_new(fd, &book, &reader->source.bytes_read, dialect->sheet,
					    sizeof dialect->sheet, &stage, err);

	if (status != STATUS_OK)
		return status;
	source_replace(&reader->source, stage);
	memcpy(options->delimiter, ",", 2);
	options->quote = '"';
	options->no_quotes = false;
	options->escape = '\0';
	options->skip_lines = 0; /* the stage has made these rows blank */
	return STATUS_OK;
}

/* Settles what the file is, up to the first byte of its text in UTF-8. */
static enum status settle_format(struct reader *reader, int fd, struct reader_options *options,
				 struct error *err)
{
	struct source *source = &reader->source;
	struct encoding unicode;
	struct slice head;
	bool whole;

	enum status status = settle_compression(reader, options, &head, &whole, err);
	if (status != STATUS_OK)
		return status;
	bool workbook = sniff_workbook(head) && !reader->dialect.compression;
	if (workbook && (options->format == FORMAT_XLSX || options->format == FORMAT_UNKNOWN))
		return open_workbook(reader, fd, options, err);
	if (options->format == FORMAT_XLSX)
		return error_set(err, STATUS_UNSUPPORTED, "unsupported-format",
				 "The file is no XLSX workbook; leave format out to have it told by "
				 "content.");
	bool text = options->encoding.size || encoding_of_unicode(head, &unicode);
	status = sniff_unsupported(head, text, err);
	if (status == STATUS_OK)
		status = settle_encoding(reader, options, head, whole, err);
	if (status == STATUS_OK)
		status = read_head(source, SNIFF_SIZE, &head, &whole, err);
	if (status != STATUS_OK)
		return status;
	reader->format = options->format ? options->format : sniff_format(head, whole);
	source_consume(source, sniff_byte_order_mark(head));
	head = source_unread(source);
	/* What is told as JSON begins with something. */
	if (options->format == FORMAT_UNKNOWN && reader->format == FORMAT_JSON &&
	    head.data[json_skip_space(head, 0)] == '{')
		return detect_layout(reader, options->record_size_limit, err);
	return STATUS_OK;
}

static struct reader_options complete_options(const struct reader_options *options)
{
	struct reader_options own = options ? *options : (struct reader_options){0};

	if (own.record_size_limit == 0)
		own.record_size_limit = RECORD_SIZE_LIMIT;
	if (own.record_size_limit > LARGEST_RECORD)
		own.record_size_limit = LARGEST_RECORD;
	return own;
}

enum status reader_sniff(struct slice head, bool whole, const struct reader_options *options,
			 enum file_format *format, struct error *err)
{
	struct reader_options own = complete_options(options);
	struct reader *reader = calloc(1, sizeof *reader);

	if (!reader)
		return error_no_memory(err);
	enum status status = STATUS_NO_MEMORY;
	if (source_init_memory(&reader->source, head))
		status = settle_format(reader, -1, &own, err);
	else
		error_no_memory(err);
	*format = reader->format ? reader->format : FORMAT_CSV;
	/* A stream that the head cuts, or that is damaged, is for the import to see. */
	if (status == STATUS_INVALID || status == STATUS_TOO_LARGE)
		status = STATUS_OK;
	reader_close(reader);
	(void)whole;
	return status;
}

/* A stage that fails knows a byte of the file; the line is the one that was being read. */
static enum status add_line(const struct reader *reader, enum status status, struct error *err)
{
	if ((status == STATUS_INVALID || status == STATUS_TOO_LARGE) && err && err->line == 0 &&
	    err->byte) {
		err->line = is_table(reader) ? reader->csv.line : reader->json.place.line;
		err->line += err->line == 0;
		err->column = 1;
	}
	return status;
}

enum status reader_open(int fd, const struct reader_options *options, struct reader **reader,
			struct error *err)
{
	struct reader_options own = complete_options(options);
	struct reader *made = calloc(1, sizeof *made);

	*reader = NULL;
	if (!made)
		return error_no_memory(err);
	enum status status = source_init(&made->source, fd, own.chunk_size)
				     ? settle_format(made, fd, &own, err)
				     : error_no_memory(err);
	if (status == STATUS_OK && is_table(made))
		status = csv_reader_open(&made->csv, &made->source, &own, &made->dialect, err);
	else if (status == STATUS_OK)
		status = json_reader_open(&made->json, &made->source, made->format, &own,
					  &made->dialect, err);
	if (status != STATUS_OK) {
		add_line(made, status, err);
		reader_close(made);
		return status;
	}
	if (made->format == FORMAT_XLSX)
		made->dialect.delimiter[0] = made->dialect.quote = '\0';
	*reader = made;
	return STATUS_OK;
}

void reader_close(struct reader *reader)
{
	if (!reader)
		return;
	csv_reader_release(&reader->csv);
	source_release(&reader->source);
	free(reader);
}

enum status reader_next(struct reader *reader, struct batch *batch, struct error *err)
{
	enum status status = is_table(reader) ? csv_reader_next(&reader->csv, batch, err)
					      : json_reader_next(&reader->json, batch, err);

	return add_line(reader, status, err);
}

enum status reader_skip(struct reader *reader, uint64_t count, struct error *err)
{
	return is_table(reader) ? csv_reader_skip(&reader->csv, count, err)
					    : json_reader_skip(&reader->json, count, err);
}

enum file_format reader_format(const struct reader *reader)
{
	return reader->format;
}

const struct dialect *reader_dialect(struct reader *reader)
{
	snprintf(reader->dialect.encoding, sizeof reader->dialect.encoding, "%s",
		 reader->source.encoding.name);
	return &reader->dialect;
}

const struct slice *reader_columns(const struct reader *reader, size_t *count)
{
	*count = reader->csv.column_count;
	return reader->csv.columns;
}

uint64_t reader_bytes_read(const struct reader *reader)
{
	return reader->source.bytes_read;
}

static void write_character(char character, struct json_writer *json)
{
	if (character)
		json_put_string(json, slice_of(&character, 1));
	else
		json_put_null(json);
}

static void write_where_told(const char *member, const char *text, struct json_writer *json)
{
	if (!text || !text[0])
		return;
	json_put_member(json, member);
	json_put_text(json, text);
}

void dialect_write_json(const struct dialect *dialect, struct json_writer *json)
{
	json_begin_object(json);
	json_put_member(json, "encoding");
	json_put_text(json, dialect->encoding);
	json_put_member(json, "delimiter");
	if (dialect->delimiter[0])
		json_put_text(json, dialect->delimiter);
	else
		json_put_null(json);
	json_put_member(json, "quote");
	write_character(dialect->quote, json);
	json_put_member(json, "header");
	json_put_bool(json, dialect->header);
	json_put_member(json, "skipped_lines");
	json_put_int(json, (int64_t)dialect->skipped_lines);
	if (dialect->escape) {
		json_put_member(json, "escape");
		write_character(dialect->escape, json);
	}
	write_where_told("compression", dialect->compression, json);
	write_where_told("sheet", dialect->sheet, json);
	write_where_told("records_in", dialect->records_in, json);
	json_end_object(json);
}
