/* Reads files for tests that are written in Python (tests/reading): a request a line on standard input, an
 * answer a line on standard output.
 *
 *	{"bytes": "612c620a", "words": {"delimiter": ";", "skip": 1}, "known": ["name"], "chunk": 1, "limit": 100}
 *	{"status": "end", "error": {…}, "format": "csv", "dialect": {…}, "columns": […],
 *	 "records": [{"row", "line", "byte", "data", "cells", "raw", "errors"}]}
 *
 * Bytes and raw records are in hexadecimal, data is a string of its JSON text. With "path" instead of bytes a file is read and only counted. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "parse/reader.h"

enum { KNOWN_MAX = 16 };

static void fail(const char *what)
{
	fprintf(stderr, "read_probe: %s\n", what);
	exit(2);
}

static int value_of_digit(char digit)
{
	return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

static int open_hex(const char *hex)
{
	FILE *file = tmpfile();

	if (!file)
		fail("no temporary file");
	for (; *hex; hex += 2)
		fputc(value_of_digit(hex[0]) << 4 | value_of_digit(hex[1]), file);
	if (fflush(file) != 0)
		fail("no temporary file");
	int fd = dup(fileno(file));
	fclose(file);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static struct slice text_member(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	return slice_of(json_string_value(value), json_string_length(value));
}

static void put_hex(struct json_writer *json, struct slice bytes)
{
	struct strbuf hex;

	static const char digits[] = "0123456789abcdef";

	strbuf_init(&hex, 1 << 30);
	for (size_t i = 0; i < bytes.size; i++) {
		strbuf_add_byte(&hex, digits[(unsigned char)bytes.data[i] >> 4]);
		strbuf_add_byte(&hex, digits[bytes.data[i] & 15]);
	}
	json_put_string(json, strbuf_slice(&hex));
	strbuf_release(&hex);
}

/* As a string: it may hold line ends as they were sent. */
static void put_data(struct json_writer *json, const struct record *record)
{
	struct json_writer data;
	struct strbuf text;

	strbuf_init(&text, 1 << 30);
	json_writer_init(&data, &text);
	record_write_data(record, &data);
	json_put_string(json, strbuf_slice(&text));
	strbuf_release(&text);
}

static void put_record(struct json_writer *json, const struct record *record)
{
	json_begin_object(json);
	json_put_member(json, "row");
	json_put_int(json, (int64_t)record->row);
	json_put_member(json, "line");
	json_put_int(json, (int64_t)record->line);
	json_put_member(json, "byte");
	json_put_int(json, (int64_t)record->byte);
	json_put_member(json, "data");
	put_data(json, record);
	json_put_member(json, "cells");
	json_begin_array(json);
	for (size_t i = 0; i < record->field_count; i++)
		json_put_string(json, record->fields[i].value.text);
	json_end_array(json);
	json_put_member(json, "raw");
	put_hex(json, record->raw);
	json_put_member(json, "errors");
	record_write_errors(record, true, json);
	json_end_object(json);
}

static void put_columns(struct json_writer *json, const struct reader *reader)
{
	size_t count = 0;
	const struct slice *columns = reader ? reader_columns(reader, &count) : NULL;

	json_put_member(json, "columns");
	json_begin_array(json);
	for (size_t i = 0; i < count; i++)
		json_put_string(json, columns[i]);
	json_end_array(json);
}

static void put_error(struct json_writer *json, enum status status, const struct error *err)
{
	json_put_member(json, "status");
	json_put_text(json, status_code(status));
	if (status == STATUS_END)
		return;
	json_put_member(json, "error");
	json_begin_object(json);
	json_put_member(json, "code");
	json_put_text(json, err->code);
	json_put_member(json, "detail");
	json_put_text(json, err->detail);
	json_put_member(json, "line");
	json_put_int(json, (int64_t)err->line);
	json_put_member(json, "byte");
	json_put_int(json, (int64_t)err->byte);
	json_end_object(json);
}

static enum status put_records(struct json_writer *json, struct reader *reader, bool count_only,
			       struct error *err)
{
	uint64_t count = 0, start = clock_monotonic_ns();
	struct batch batch;
	enum status status;

	if (!batch_init(&batch, 1000, 4 << 20))
		fail("no memory");
	json_put_member(json, "records");
	json_begin_array(json);
	while ((status = reader_next(reader, &batch, err)) == STATUS_OK) {
		for (size_t i = 0; i < batch.count && !count_only; i++)
			put_record(json, &batch.records[i]);
		count += batch.count;
		batch_clear(&batch);
	}
	json_end_array(json);
	json_put_member(json, "count");
	json_put_int(json, (int64_t)count);
	json_put_member(json, "milliseconds");
	json_put_int(json, (int64_t)((clock_monotonic_ns() - start) / 1000000));
	batch_release(&batch);
	return status;
}

static enum status read_words(json_t *request, struct reader_options *options, struct error *err)
{
	json_t *said = json_object_get(request, "words"), *skip = json_object_get(said, "skip");
	const char *word;
	struct reader_words words = {
		.format = text_member(said, "format"),
		.delimiter = text_member(said, "delimiter"),
		.quote = text_member(said, "quote"),
		.escape = text_member(said, "escape"),
		.encoding = text_member(said, "encoding"),
		.sheet = text_member(said, "sheet"),
		.no_header = json_is_false(json_object_get(said, "header")),
		.skip = skip ? json_integer_value(skip) : -1,
	};

	return reader_options_read(&words, options, &word, err);
}

static void answer(json_t *request, struct strbuf *out)
{
	struct slice known[KNOWN_MAX], path = text_member(request, "path");
	struct reader_options options = {.known_fields = known};
	json_t *names = json_object_get(request, "known");
	struct reader *reader = NULL;
	struct json_writer json;
	struct error err = {0};

	options.known_field_count = json_array_size(names);
	for (size_t i = 0; i < options.known_field_count && i < KNOWN_MAX; i++)
		known[i] = slice_of_string(json_string_value(json_array_get(names, i)));
	options.chunk_size = (size_t)json_integer_value(json_object_get(request, "chunk"));
	options.record_size_limit = (size_t)json_integer_value(json_object_get(request, "limit"));
	json_writer_init(&json, out);
	json_begin_object(&json);
	int fd = path.size ? open(path.data, O_RDONLY | O_CLOEXEC)
			   : open_hex(text_member(request, "bytes").data);
	enum status status = read_words(request, &options, &err);
	if (status == STATUS_OK)
		status = reader_open(fd, &options, &reader, &err);
	if (status == STATUS_OK)
		status = put_records(&json, reader, path.size > 0, &err);
	put_error(&json, status, &err);
	put_columns(&json, reader);
	if (reader) {
		json_put_member(&json, "format");
		json_put_text(&json, file_format_name(reader_format(reader)));
		json_put_member(&json, "dialect");
		dialect_write_json(reader_dialect(reader), &json);
	}
	json_end_object(&json);
	reader_close(reader);
	close(fd);
}

int main(void)
{
	size_t room = 0;
	char *line = NULL;
	struct strbuf out;

	strbuf_init(&out, 1 << 30);
	while (getline(&line, &room, stdin) > 0) {
		json_t *request = json_loads(line, 0, NULL);
		if (!request)
			fail("the request is no JSON");
		strbuf_clear(&out);
		answer(request, &out);
		json_decref(request);
		if (!strbuf_ok(&out))
			fail("the answer is too long");
		puts(out.data);
		fflush(stdout);
	}
	free(line);
	strbuf_release(&out);
	return 0;
}
