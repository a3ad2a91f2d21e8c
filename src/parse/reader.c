#include "parse/reader.h"

#include <stdlib.h>

#include "parse/csv_reader.h"
#include "parse/json_reader.h"
#include "parse/row_error.h"
#include "parse/sniff.h"
#include "parse/source.h"

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
	default:
		return "unknown";
	}
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
		/* A first line over the limit costs a row in NDJSON, and in one object too. */
		if (layout == JSON_LAYOUT_OPEN && size >= limit)
			layout = JSON_LINES;
	}
	if (layout == JSON_LINES)
		reader->format = FORMAT_NDJSON;
	return STATUS_OK;
}

/* Reads the first bytes, settles the format, and passes a byte order mark. */
static enum status detect_format(struct reader *reader, enum file_format forced, size_t limit,
				 struct error *err)
{
	struct source *source = &reader->source;
	struct slice head;
	bool whole;

	enum status status = read_head(source, SNIFF_SIZE, &head, &whole, err);
	if (status == STATUS_OK)
		status = sniff_format(head, whole, &reader->format, err);
	if (status != STATUS_OK)
		return status;
	source_consume(source, sniff_byte_order_mark(head));
	head = source_unread(source);
	if (forced != FORMAT_UNKNOWN)
		reader->format = forced;
	else if (reader->format == FORMAT_JSON && head.data[json_skip_space(head, 0)] == '{')
		return detect_layout(reader, limit, err);
	return STATUS_OK;
}

enum status reader_open(int fd, const struct reader_options *options, struct reader **reader,
			struct error *err)
{
	struct reader_options own = options ? *options : (struct reader_options){0};
	struct reader *made = calloc(1, sizeof *made);

	*reader = NULL;
	if (!made)
		return error_no_memory(err);
	if (own.record_size_limit == 0)
		own.record_size_limit = RECORD_SIZE_LIMIT;
	if (own.record_size_limit > LARGEST_RECORD)
		own.record_size_limit = LARGEST_RECORD;
	source_init(&made->source, fd, own.chunk_size);
	made->dialect = (struct dialect){.encoding = "utf-8"};
	enum status status = detect_format(made, own.format, own.record_size_limit, err);
	if (status == STATUS_OK) {
		if (made->format == FORMAT_CSV)
			status = csv_reader_open(&made->csv, &made->source, &own, &made->dialect, err);
		else
			json_reader_open(&made->json, &made->source, made->format, &own);
	}
	if (status != STATUS_OK) {
		reader_close(made);
		return status;
	}
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
	return reader->format == FORMAT_CSV ? csv_reader_next(&reader->csv, batch, err)
					    : json_reader_next(&reader->json, batch, err);
}

enum status reader_skip(struct reader *reader, uint64_t count, struct error *err)
{
	return reader->format == FORMAT_CSV ? csv_reader_skip(&reader->csv, count, err)
					    : json_reader_skip(&reader->json, count, err);
}

enum file_format reader_format(const struct reader *reader)
{
	return reader->format;
}

const struct dialect *reader_dialect(const struct reader *reader)
{
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

void dialect_write_json(const struct dialect *dialect, struct json_writer *json)
{
	json_begin_object(json);
	json_put_member(json, "encoding");
	json_put_text(json, dialect->encoding);
	json_put_member(json, "delimiter");
	write_character(dialect->delimiter, json);
	json_put_member(json, "quote");
	write_character(dialect->quote, json);
	json_put_member(json, "header");
	json_put_bool(json, dialect->header);
	json_put_member(json, "skipped_lines");
	json_put_int(json, (int64_t)dialect->skipped_lines);
	json_end_object(json);
}
