#include "parse/json_reader.h"

#include <stdio.h>

#include "parse/bytes.h"
#include "parse/json_record.h"
#include "parse/json_wrap.h"
#include "parse/row_error.h"

#include "base/banned.h"

/* Where the reader of an array, or of one value, stands. */
enum state {
	STATE_START,   /* '[', or the one value */
	STATE_FIRST,   /* a value or ']' */
	STATE_VALUE,   /* a value */
	STATE_COMMA,   /* ',' or ']' */
	STATE_TRAILER, /* white space only */
};

/* A value that was found. */
struct item {
	struct slice raw;   /* good until the source moves; of a long one in `arena` */
	struct place place; /* where it starts */
	size_t members;
	bool too_long;
	const char *problem;  /* NDJSON: what is wrong with the line; NULL if nothing */
	struct place damage; /* where it is wrong */
};

static void pass(struct json_reader *reader, size_t size)
{
	struct slice unread = source_unread(reader->source);

	place_advance(&reader->place, slice_of(unread.data, size));
	source_consume(reader->source, size);
}

/* An object that could be a record is looked at whole before it is taken for a wrapper. */
static enum status unwrap(struct json_reader *reader, const struct reader_options *options,
			  struct dialect *dialect, struct error *err)
{
	struct slice head, key;
	size_t allowed = reader->record_size_limit + 1, size = SNIFF_SIZE;
	enum json_progress progress;

	for (;; size *= 2) {
		enum status status = source_want(reader->source, size < allowed ? size : allowed, err);
		if (status != STATUS_OK)
			return status;
		head = source_unread(reader->source);
		if (head.size > allowed)
			head.size = allowed;
		size_t start = json_skip_space(head, 0);
		if (start < head.size && head.data[start] != '{')
			return STATUS_OK;
		progress = json_check(head, NULL, NULL);
		if (progress != JSON_SCANNING || head.size < size)
			break;
	}
	if (progress == JSON_FAILED || (progress == JSON_SCANNING && head.size < allowed))
		return STATUS_OK;
	size_t at = json_find_wrapped(head, &key, options->known_fields, options->known_field_count);
	if (at == head.size)
		return STATUS_OK;
	reader->wrapped = true;
	snprintf(dialect->records_in, sizeof dialect->records_in, "%.*s", SLICE_ARG(key));
	pass(reader, at);
	return STATUS_OK;
}

enum status json_reader_open(struct json_reader *reader, struct source *source,
			     enum file_format format, const struct reader_options *options,
			     struct dialect *dialect, struct error *err)
{
	*reader = (struct json_reader){.source = source,
				       .lines = format == FORMAT_NDJSON,
				       .record_size_limit = options->record_size_limit,
				       .place = place_at_start(source->offset)};
	return reader->lines ? STATUS_OK : unwrap(reader, options, dialect, err);
}

/* The next byte that is no white space in *byte; STATUS_END where there is none. */
static enum status peek_token(struct json_reader *reader, char *byte, struct error *err)
{
	for (;;) {
		enum status status = source_want(reader->source, 1, err);
		if (status != STATUS_OK)
			return status;
		struct slice unread = source_unread(reader->source);
		if (unread.size == 0)
			return STATUS_END;
		size_t at = json_skip_space(unread, 0);
		pass(reader, at);
		if (at < unread.size) {
			*byte = unread.data[at];
			return STATUS_OK;
		}
	}
}

/* The file fails `ahead` bytes behind the place of the reader. */
static enum status fail_file(const struct json_reader *reader, size_t ahead, const char *problem,
			     struct error *err)
{
	struct place place = reader->place;

	place_advance(&place, slice_of(source_unread(reader->source).data, ahead));
	return error_set_at(err, STATUS_INVALID, ERROR_SYNTAX, place.line, place.column, place.byte,
			    "The file is no JSON: line %llu, column %llu (byte %llu): %s.",
			    (unsigned long long)place.line, (unsigned long long)place.column,
			    (unsigned long long)place.byte, problem);
}

/* Passes a value that is over the limit, keeping its beginning in *raw where there is an arena. */
static enum status pass_long_value(struct json_reader *reader, size_t scanned, struct arena *arena,
				   struct slice *raw, struct error *err)
{
	struct source *source = reader->source;
	struct json_scanner *scanner = &reader->scanner;
	struct slice unread = slice_of(source_unread(source).data, reader->record_size_limit);

	if (arena && !arena_copy(arena, unread, raw))
		return error_no_memory(err);
	pass(reader, scanned);
	while (scanner->progress == JSON_SCANNING) {
		enum status status = source_want(source, 1, err);
		if (status != STATUS_OK)
			return status;
		unread = source_unread(source);
		if (unread.size == 0)
			json_scan_end(scanner);
		size_t used = json_scan(scanner, unread);
		if (scanner->progress == JSON_FAILED)
			return fail_file(reader, used, scanner->problem, err);
		pass(reader, used);
	}
	return STATUS_OK;
}

/* Reads the value that begins at the next unread byte, with all of it unread at the end unless
 * it is too long. */
static enum status scan_value(struct json_reader *reader, struct arena *arena, struct item *item,
			      struct error *err)
{
	struct source *source = reader->source;
	struct json_scanner *scanner = &reader->scanner;
	size_t scanned = 0;

	unsigned around = (reader->state != STATE_START) + (reader->wrapped ? 1u : 0u);
	json_scanner_start(scanner, JSON_DEPTH_LIMIT - around);
	*item = (struct item){.place = reader->place};
	for (;;) {
		/* A value of exactly the limit may need one byte more to be seen to end. */
		struct slice unread = source_unread(source);
		size_t allowed = reader->record_size_limit + 1;
		if (unread.size > allowed)
			unread.size = allowed;
		scanned += json_scan(scanner, slice_of(unread.data + scanned, unread.size - scanned));
		if (scanner->progress == JSON_SCANNING && scanned < allowed) {
			enum status status = source_want(source, scanned + 1, err);
			if (status != STATUS_OK)
				return status;
			if (source_unread(source).size > scanned)
				continue;
			json_scan_end(scanner);
		}
		break;
	}
	if (scanner->progress == JSON_FAILED)
		return fail_file(reader, scanned, scanner->problem, err);
	item->too_long = scanned > reader->record_size_limit;
	item->raw = slice_of(source_unread(source).data, scanned);
	item->members = scanner->members;
	return item->too_long ? pass_long_value(reader, scanned, arena, &item->raw, err) : STATUS_OK;
}

/* Behind the array of a wrapper: the other members, among which is no further array of objects. */
static enum status pass_rest(struct json_reader *reader, struct error *err)
{
	struct json_scanner *scanner = &reader->scanner;

	/* As the scanner stands behind a value in an object. */
	json_scanner_start(scanner, JSON_DEPTH_LIMIT);
	json_scan(scanner, SLICE("{\"\":0 "));
	while (scanner->progress == JSON_SCANNING) {
		enum status status = source_want(reader->source, 1, err);
		if (status != STATUS_OK)
			return status;
		struct slice unread = source_unread(reader->source);
		if (unread.size == 0)
			return fail_file(reader, 0, "the text ends before the object is complete", err);
		if (json_scan(scanner, slice_of(unread.data, 1)) == 0)
			return fail_file(reader, 0, scanner->problem, err);
		if (json_scanner_in_array_of_objects(scanner))
			return fail_file(reader, 0,
					 "a second array of objects; upload each by itself", err);
		pass(reader, 1);
	}
	return STATUS_OK;
}

/* Behind the array. */
static enum status end_array(struct json_reader *reader, struct error *err)
{
	pass(reader, 1);
	reader->state = STATE_TRAILER;
	return reader->wrapped ? pass_rest(reader, err) : STATUS_OK;
}

/* Finds the next value of an array, or the one value, up to which all is passed. */
static enum status find_value(struct json_reader *reader, struct error *err)
{
	static const char *const expected[] = {
		[STATE_START] = "the text ends where a value is expected",
		[STATE_FIRST] = "the text ends before the array is complete",
		[STATE_VALUE] = "the text ends before the array is complete",
		[STATE_COMMA] = "the text ends before the array is complete",
	};

	for (;;) {
		char byte = 0;
		enum status status = peek_token(reader, &byte, err);
		if (status == STATUS_END && reader->state != STATE_TRAILER)
			return fail_file(reader, 0, expected[reader->state], err);
		if (status != STATUS_OK)
			return status;
		switch (reader->state) {
		case STATE_START:
			if (byte != '[')
				return STATUS_OK;
			reader->state = STATE_FIRST;
			break;
		case STATE_FIRST:
		case STATE_COMMA:
			if (byte == ']') {
				status = end_array(reader, err);
				if (status != STATUS_OK)
					return status;
				continue;
			}
			if (reader->state == STATE_FIRST)
				return STATUS_OK;
			if (byte != ',')
				return fail_file(reader, 0, "a comma or ] is expected here", err);
			reader->state = STATE_VALUE;
			break;
		case STATE_TRAILER:
			return fail_file(reader, 0,
					 "nothing may follow the value (NDJSON needs one value a line)",
					 err);
		default:
			return STATUS_OK;
		}
		pass(reader, 1);
	}
}

/* The next line that is not blank: at the front of the unread bytes, without its line end. One
 * over the limit is cut. STATUS_END where there is none. */
static enum status find_line(struct json_reader *reader, struct slice *line, struct error *err)
{
	struct source *source = reader->source;
	char byte;
	size_t end = 0;

	enum status status = peek_token(reader, &byte, err);
	if (status != STATUS_OK)
		return status;
	for (;;) {
		*line = source_unread(source);
		if (line->size > reader->record_size_limit + 1)
			line->size = reader->record_size_limit + 1;
		end += bytes_find_line_end(slice_of(line->data + end, line->size - end));
		if (end < line->size || end > reader->record_size_limit)
			break;
		status = source_want(source, end + 1, err);
		if (status != STATUS_OK)
			return status;
		if (source_unread(source).size == end)
			break;
	}
	*line = slice_of(source_unread(source).data, end);
	return STATUS_OK;
}

static enum status scan_line(struct json_reader *reader, struct arena *arena, struct item *item,
			     struct error *err)
{
	struct slice line;
	size_t at;
	enum status status = find_line(reader, &line, err);

	if (status != STATUS_OK)
		return status;
	*item = (struct item){.place = reader->place, .raw = line};
	item->too_long = line.size > reader->record_size_limit;
	if (item->too_long) {
		line.size = reader->record_size_limit;
		if (arena && !arena_copy(arena, line, &item->raw))
			return error_no_memory(err);
		return STATUS_OK;
	}
	if (!arena)
		return STATUS_OK;
	if (json_check(line, &reader->scanner, &at) == JSON_SCANNING)
		json_scan_end(&reader->scanner);
	item->members = reader->scanner.members;
	while (json_is_space(item->raw.data[item->raw.size - 1]))
		item->raw.size--;
	if (reader->scanner.progress == JSON_FAILED) {
		item->problem = reader->scanner.problem;
		item->damage = item->place;
		place_advance(&item->damage, slice_of(line.data, at));
	}
	return STATUS_OK;
}

/* Passes what is left of the line. */
static enum status pass_line(struct json_reader *reader, struct error *err)
{
	for (;;) {
		enum status status = source_want(reader->source, 1, err);
		struct slice unread = source_unread(reader->source);
		if (status != STATUS_OK || unread.size == 0)
			return status;
		size_t end = bytes_find_line_end(unread);
		pass(reader, end);
		if (end < unread.size)
			return STATUS_OK;
	}
}

/* Finds the next item; without an arena it is only passed over later. */
static enum status find_item(struct json_reader *reader, struct arena *arena, struct item *item,
			     struct error *err)
{
	if (reader->lines)
		return scan_line(reader, arena, item, err);
	enum status status = find_value(reader, err);
	return status == STATUS_OK ? scan_value(reader, arena, item, err) : status;
}

static enum status pass_item(struct json_reader *reader, const struct item *item, struct error *err)
{
	reader->number++;
	if (reader->lines)
		return pass_line(reader, err);
	if (!item->too_long)
		pass(reader, item->raw.size);
	reader->state = reader->state == STATE_START ? STATE_TRAILER : STATE_COMMA;
	return STATUS_OK;
}

static bool build_record(const struct json_reader *reader, const struct item *item,
			 struct arena *arena, struct record *record)
{
	record->row = reader->number + 1;
	record->line = item->place.line;
	record->byte = item->place.byte;
	record->from_json = true;
	record->raw = item->raw;
	if (item->too_long) {
		struct slice message = row_error_message(
			arena, "The record is longer than %zu bytes; only its beginning is kept.",
			reader->record_size_limit);
		return message.data && row_error_damaged(record, arena, ERROR_TOO_LONG, message);
	}
	if (!arena_copy(arena, item->raw, &record->raw))
		return false;
	if (item->problem)
		return json_build_damaged(record, item->problem, item->damage, arena);
	return json_build_record(record, item->members, arena);
}

enum status json_reader_next(struct json_reader *reader, struct batch *batch, struct error *err)
{
	size_t before = batch->count;

	while (!batch_is_full(batch)) {
		struct item item;
		enum status status = find_item(reader, &batch->arena, &item, err);
		if (status == STATUS_END && batch->count > before)
			return STATUS_OK;
		if (status != STATUS_OK)
			return status;
		if (!build_record(reader, &item, &batch->arena, batch_add(batch)))
			return error_no_memory(err);
		status = pass_item(reader, &item, err);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

enum status json_reader_skip(struct json_reader *reader, uint64_t count, struct error *err)
{
	enum status status = STATUS_OK;

	for (; count && status == STATUS_OK; count--) {
		struct item item;
		status = find_item(reader, NULL, &item, err);
		if (status == STATUS_OK)
			status = pass_item(reader, &item, err);
	}
	return status;
}
