/* Exports of a search or an import, streamed: slice by slice behind a cursor, each in a snapshot of its own. */
#include "api/export_row.h"
#include "api/search_body.h"
#include "base/log.h"
#include "parse/reader.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

enum {
	SLICE_RECORDS = 250,
	SLICE_ARENA = 256 << 20,
	FIELDS_MOST = 2000,
};

enum export_format { EXPORT_CSV, EXPORT_NDJSON, EXPORT_JSON };

static const char *const formats[] = {"csv", "ndjson", "json", NULL};
static const char *const types[] = {"text/csv; charset=utf-8; header=present", "application/x-ndjson",
				    "application/json"};

/* What the stream holds on to. The call and its arena live until the stream is closed. */
struct export {
	struct api_call *call;
	json_t *object; /* the request's body; NULL: none */
	struct search_body body;
	enum export_format format;
	struct export_columns columns;
	struct arena slice;
	struct search_result result; /* of the slice to be written next */
	struct strbuf cursor;        /* where that slice ended; empty: it is the last */
	bool has_slice, begun, any;
};

static void export_close(void *context)
{
	struct export *export = context;

	if (export->has_slice)
		search_result_release(&export->result);
	strbuf_release(&export->cursor);
	arena_release(&export->slice);
	json_decref(export->object);
	free(export);
}

/* A slice of wide records may not fit into memory at once: then they are read one by one. */
static enum status read_slice(struct export *export, struct error *err)
{
	struct search_request *search = &export->body.search;
	struct searcher *searcher = export->call->api->config.searcher;
	enum status status;

	search->cursor = strbuf_slice(&export->cursor);
	for (search->limit = SLICE_RECORDS;; search->limit = 1) {
		arena_reset(&export->slice);
		status = searcher_run(searcher, search, &export->slice, &export->result, err);
		if (status == STATUS_OK || status != STATUS_NO_MEMORY || search->limit == 1)
			break;
		search_result_release(&export->result);
	}
	export->has_slice = true;
	return status;
}

static float score_of(const struct search_result *result, size_t i)
{
	return result->scores ? result->scores[i] : NAN;
}

static void write_json(struct export *export, const struct stored_record *record, float score, struct strbuf *out)
{
	struct json_writer json;

	if (export->format == EXPORT_JSON)
		strbuf_add_string(out, export->any ? ",\n" : "\n");
	json_writer_init(&json, out);
	present_record(&json, record, export->columns.with_score ? &score : NULL, SLICE("{}"),
		       export->body.fields, export->body.field_count);
	if (export->format == EXPORT_NDJSON)
		strbuf_add_byte(out, '\n');
}

static bool write_slice(struct export *export, struct strbuf *out)
{
	const struct search_result *result = &export->result;

	for (size_t i = 0; i < result->list.count; i++) {
		const struct stored_record *record = &result->list.records[i];
		if (export->format == EXPORT_CSV) {
			if (!export_write_row(&export->columns, record, score_of(result, i), &export->slice, out))
				return false;
		} else {
			write_json(export, record, score_of(result, i), out);
		}
		export->any = true;
	}
	return strbuf_ok(out);
}

static enum http_stream_step broken(const struct error *err)
{
	log_error(LOG_EVENT("export broken off"), LOG_ERR(err));
	return HTTP_STREAM_BROKEN;
}

static enum http_stream_step export_next(void *context, struct strbuf *piece, unsigned *pause_ms)
{
	struct export *export = context;
	struct error err;

	(void)pause_ms;
	if (!export->begun && export->format == EXPORT_CSV)
		export_write_header(&export->columns, piece);
	if (!export->begun && export->format == EXPORT_JSON)
		strbuf_add_byte(piece, '[');
	export->begun = true;
	if (!export->has_slice && read_slice(export, &err) != STATUS_OK)
		return broken(&err);
	if (!write_slice(export, piece)) {
		error_no_memory(&err);
		return broken(&err);
	}
	strbuf_clear(&export->cursor);
	strbuf_add_slice(&export->cursor, strbuf_slice(&export->result.next));
	search_result_release(&export->result);
	export->has_slice = false;
	if (export->cursor.size)
		return HTTP_STREAM_MORE;
	if (export->format == EXPORT_JSON)
		strbuf_add_string(piece, export->any ? "\n]\n" : "]\n");
	return HTTP_STREAM_END;
}

/* ---- columns ---- */

static bool has_name(const struct slice *names, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(names[i], name))
			return true;
	return false;
}

static bool add_name(struct export *export, struct slice *names, struct slice name)
{
	size_t *count = &export->columns.field_count;

	if (*count == FIELDS_MOST || has_name(names, *count, name))
		return true;
	return arena_copy(export->call->arena, name, &names[(*count)++]);
}

/* First the fields of the first records, in their order; then what else there is, by name. */
static enum status find_columns(struct export *export, struct error *err)
{
	struct slice *names = arena_alloc_zeroed(export->call->arena, FIELDS_MOST, sizeof *names);
	const struct record_list *first = &export->result.list;
	struct searcher *searcher = export->call->api->config.searcher;
	struct search_fields all = {0};
	bool done = names != NULL;

	for (size_t i = 0; done && i < first->count; i++) {
		struct record record = {0};
		json_read_record(first->records[i].data, &export->slice, &record, NULL);
		for (size_t j = 0; done && j < record.field_count; j++)
			done = add_name(export, names, record.fields[j].name);
	}
	export->columns.fields = names;
	if (!done)
		return error_no_memory(err);
	enum status status =
		searcher_list_fields(searcher, &export->body.search, FIELDS_MOST, export->call->arena, &all, err);
	if (status == STATUS_OK && all.left_out)
		status = error_set(err, STATUS_INVALID, "too-many-fields",
				   "the records have more than %d fields; name those that are wanted in `fields`, or "
				   "export NDJSON",
				   FIELDS_MOST);
	for (size_t i = 0; status == STATUS_OK && i < all.count; i++)
		if (!add_name(export, names, all.names[i]))
			status = error_no_memory(err);
	return status;
}

/* ---- requests ---- */

static struct export *export_new(struct api_call *call)
{
	struct export *export = calloc(1, sizeof *export);
	struct error err;

	if (!export) {
		error_no_memory(&err);
		problem_error(call, &err);
		return NULL;
	}
	export->call = call;
	export->columns.escape_formulas = true;
	arena_init(&export->slice, SLICE_ARENA);
	strbuf_init(&export->cursor, CURSOR_TEXT_MOST);
	return export;
}

/* The first slice is read before anything is answered, so that what is wrong is said in words. */
static void respond(struct export *export)
{
	static const char *const names[] = {"attachment; filename=\"records.csv\"",
					    "attachment; filename=\"records.ndjson\"",
					    "attachment; filename=\"records.json\""};
	const struct http_stream stream = {export, export_next, export_close};
	struct api_call *call = export->call;
	struct error err;

	export->columns.with_score = export->body.search.mode != SEARCH_LIST;
	enum status status = read_slice(export, &err);
	if (status == STATUS_OK && export->format == EXPORT_CSV && export->body.field_count) {
		export->columns.fields = export->body.fields;
		export->columns.field_count = export->body.field_count;
	} else if (status == STATUS_OK && export->format == EXPORT_CSV) {
		status = find_columns(export, &err);
	}
	if (status != STATUS_OK) {
		problem_error(call, &err);
		export_close(export);
		return;
	}
	http_response_header(call->response, "Content-Disposition", slice_of_string(names[export->format]));
	http_response_stream(call->response, types[export->format], &stream);
}

void handle_export_search(struct api_call *call)
{
	static const char *const members[] = {"query",     "mode",   "status", "import_id", "min_score",      "fields",
					      "filter",    "sort",   "format", "escape_formulas", NULL};
	struct export *export;
	json_t *object = body_read(call, true, members);

	if (!object)
		return;
	export = export_new(call);
	if (!export) {
		json_decref(object);
		return;
	}
	export->object = object;
	search_body_read(call, object, &export->body);
	int format = body_choice(call, object, "format", formats);
	export->format = format < 0 ? EXPORT_CSV : (enum export_format)format;
	if (json_object_get(object, "escape_formulas"))
		export->columns.escape_formulas = body_flag(call, object, "escape_formulas");
	if (call->error_count) {
		problem_params(call);
		export_close(export);
		return;
	}
	respond(export);
}

static enum status find_import(struct api_call *call, struct error *err)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct import import;
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = store->call->get_import(reader, call->id, call->arena, &import, err);
	store->call->close_reader(store, reader);
	return status;
}

void handle_export_import(struct api_call *call)
{
	struct export *export;
	struct error err;

	if (find_import(call, &err) != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	export = export_new(call);
	if (!export)
		return;
	export->body.search = (struct search_request){
		.mode = SEARCH_LIST,
		.import_id = call->id,
		.min_score = -INFINITY,
		.status = param_given(call, "status")
				  ? (enum record_status)(param_number(call, "status") + 1)
				  : RECORD_STATUS_ANY,
	};
	if (param_given(call, "format"))
		export->format = (enum export_format)param_number(call, "format");
	export->columns.escape_formulas = param_number(call, "escape_formulas") != 0;
	respond(export);
}
