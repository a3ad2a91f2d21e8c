#include "api/internal.h"
#include "base/clock.h"
#include "parse/reader.h"

#include <math.h>

#include "base/banned.h"

void present_time(struct json_writer *json, const char *name, int64_t time_ms)
{
	char text[CLOCK_TEXT_SIZE];

	json_put_member(json, name);
	if (!time_ms) {
		json_put_null(json);
		return;
	}
	clock_format(time_ms, text);
	json_put_text(json, text);
}

static void member_slice(struct json_writer *json, const char *name, struct slice text)
{
	json_put_member(json, name);
	if (text.size)
		json_put_string(json, text);
	else
		json_put_null(json);
}

static void write_progress(struct json_writer *json, struct importer *importer,
			   const struct import *import)
{
	struct import_progress progress = importer_progress(importer, import);

	json_put_member(json, "progress");
	json_begin_object(json);
	json_put_member(json, "fraction");
	json_put_double(json, progress.fraction, 4);
	json_put_member(json, "records_per_second");
	json_put_double(json, round(progress.records_per_second * 10) / 10, 8);
	json_put_member(json, "eta_seconds");
	if (progress.eta_seconds < 0)
		json_put_null(json);
	else
		json_put_double(json, round(progress.eta_seconds * 10) / 10, 8);
	json_end_object(json);
}

static void write_error(struct json_writer *json, const struct import *import)
{
	json_put_member(json, "error");
	if (!import->error_code.size) {
		json_put_null(json);
		return;
	}
	json_begin_object(json);
	member_slice(json, "code", import->error_code);
	member_slice(json, "detail", import->error_detail);
	static const char *const places[] = {"line", "column", "byte"};
	const int64_t values[] = {import->error_line, import->error_column, import->error_byte};
	for (size_t i = 0; i < 3; i++) {
		json_put_member(json, places[i]);
		if (import->error_line)
			json_put_int(json, values[i]);
		else
			json_put_null(json);
	}
	json_end_object(json);
}

void present_import_members(struct json_writer *json, struct importer *importer,
			    const struct import *import)
{
	json_put_int_member(json, "id", import->id);
	json_put_member(json, "filename");
	json_put_string(json, import->filename);
	json_put_member(json, "file_hash");
	json_put_string(json, import->file_hash);
	json_put_int_member(json, "size_bytes", import->size_bytes);
	member_slice(json, "format", import->format);
	member_slice(json, "schema", import->schema);
	json_put_member(json, "dry_run");
	json_put_bool(json, import->dry_run);
	if (import->fixes)
		json_put_int_member(json, "fixes", import->fixes);
	json_put_member(json, "embed");
	json_put_bool(json, !import->no_embed);
	json_put_text_member(json, "status", import_status_name(import->status));
	json_put_int_member(json, "total_records", import->total_records);
	json_put_int_member(json, "processed_records", import->processed_records);
	json_put_int_member(json, "failed_records", import->failed_records);
	json_put_int_member(json, "embedded_records", import->embedded_records);
	json_put_int_member(json, "truncated_texts", import->truncated_texts);
	write_progress(json, importer, import);
	json_put_member(json, "dialect");
	if (import->dialect.size)
		json_put_raw(json, import->dialect);
	else
		json_put_null(json);
	write_error(json, import);
	present_time(json, "created_at", import->created_ms);
	present_time(json, "started_at", import->started_ms);
	present_time(json, "completed_at", import->completed_ms);
}

void present_import(struct json_writer *json, struct importer *importer, const struct import *import)
{
	json_begin_object(json);
	present_import_members(json, importer, import);
	json_end_object(json);
}

/* Only the members that were asked for, in the order in which they were. Data that is no object
 * has none. */
static void write_selected(struct json_writer *json, struct slice data, const struct slice *fields,
			   size_t field_count)
{
	struct record record = {0};
	struct arena arena;

	arena_init(&arena, ANSWER_LIMIT);
	json_begin_object(json);
	if (json_read_record(data, &arena, &record, NULL) == STATUS_OK)
		for (size_t i = 0; i < field_count; i++) {
			size_t found = record_find_field(&record, fields[i]);
			if (found == record.field_count)
				continue;
			json_put_member_slice(json, fields[i]);
			value_write_json(record.fields[found].value, json);
		}
	json_end_object(json);
	arena_release(&arena);
}

void present_record(struct json_writer *json, const struct stored_record *record, const float *score,
		    struct slice highlights, const struct slice *fields, size_t field_count)
{
	json_begin_object(json);
	json_put_int_member(json, "id", record->id);
	json_put_int_member(json, "import_id", record->import_id);
	json_put_int_member(json, "row", record->row);
	json_put_int_member(json, "line", record->line);
	json_put_text_member(json, "status", record->valid ? "valid" : "invalid");
	json_put_member(json, "embedded");
	json_put_bool(json, record->embedded);
	if (score) {
		/* Nine digits name a float32: what was shown can be asked for as min_score. */
		json_put_member(json, "score");
		json_put_double(json, (double)*score, 9);
		json_put_member(json, "highlights");
		json_put_raw(json, highlights.size ? highlights : SLICE("{}"));
	}
	json_put_member(json, "data");
	if (field_count)
		write_selected(json, record->data, fields, field_count);
	else
		json_put_raw(json, record->data);
	member_slice(json, "error_message", record->error_message);
	json_put_member(json, "errors");
	json_put_raw(json, record->errors.size ? record->errors : SLICE("[]"));
	present_time(json, "created_at", record->created_ms);
	json_end_object(json);
}

void present_page(struct json_writer *json, uint32_t limit, int64_t offset, int64_t total,
		  struct slice next)
{
	json_put_member(json, "page");
	json_begin_object(json);
	json_put_int_member(json, "limit", limit);
	json_put_int_member(json, "offset", offset);
	json_put_int_member(json, "total", total);
	member_slice(json, "next", next);
	json_end_object(json);
}

void answer_begin(struct answer *answer)
{
	strbuf_init(&answer->body, ANSWER_LIMIT);
	json_writer_init(&answer->json, &answer->body);
	json_begin_object(&answer->json);
}

void answer_send(struct answer *answer, struct api_call *call, unsigned status)
{
	json_end_object(&answer->json);
	if (strbuf_ok(&answer->body)) {
		http_response_status(call->response, status);
		http_response_body(call->response, "application/json", &answer->body);
	} else {
		struct error err;
		error_no_memory(&err);
		problem_error(call, &err);
	}
	answer_drop(answer);
}

void answer_drop(struct answer *answer)
{
	strbuf_release(&answer->body);
}

/* Characters that stand for themselves in a query (RFC 3986, unreserved). */
static void add_query_escaped(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
		if (plain)
			strbuf_add_byte(out, (char)c);
		else
			strbuf_add_format(out, "%%%02X", c);
	}
}

void respond_next_link(struct api_call *call, struct slice next)
{
	struct strbuf link;
	size_t count;
	const struct http_parameter *given = http_request_parameters(call->request, &count);
	struct slice target = http_request_target(call->request);

	if (!next.size)
		return;
	strbuf_init(&link, 8192);
	strbuf_add_byte(&link, '<');
	strbuf_add_slice(&link, slice_of(target.data, slice_find(target, '?', 0)));
	strbuf_add_byte(&link, '?');
	for (size_t i = 0; i < count; i++) {
		if (slice_is(given[i].name, "cursor") || slice_is(given[i].name, "offset"))
			continue;
		add_query_escaped(&link, given[i].name);
		strbuf_add_byte(&link, '=');
		add_query_escaped(&link, given[i].value);
		strbuf_add_byte(&link, '&');
	}
	strbuf_add_string(&link, "cursor=");
	strbuf_add_slice(&link, next);
	strbuf_add_string(&link, ">; rel=\"next\"");
	if (strbuf_ok(&link))
		http_response_header(call->response, "Link", strbuf_slice(&link));
	strbuf_release(&link);
}
