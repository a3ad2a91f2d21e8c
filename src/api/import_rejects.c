/* GET /api/imports/{id}/rejects: a stream of short slices, each read in a snapshot of its own. */
#include "api/internal.h"
#include "base/log.h"
#include "import/reject.h"
#include "parse/reader.h"

#include <stdlib.h>

#include "base/banned.h"

enum {
	SLICE_ROWS = 500,
	FORM_ARENA = 64 << 20,
	SLICE_ARENA = 256 << 20, /* one row may be 16 MiB as sent, and more as JSON */
};

struct rejects {
	struct store *store;
	int64_t import_id, after_id, run;
	bool begun, any;
	struct reject_form form;
	struct arena form_arena, slice_arena;
};

static void close_rejects(void *context)
{
	struct rejects *rejects = context;

	arena_release(&rejects->form_arena);
	arena_release(&rejects->slice_arena);
	free(rejects);
}

/* Of a record that was stored before sent rows were kept: made from its data. */
static enum status make_sent(struct rejects *rejects, struct rejected_row *row, struct error *err)
{
	struct record record = {0};
	struct strbuf sent;
	enum status status = json_read_record(row->data, &rejects->slice_arena, &record, err);

	if (status != STATUS_OK)
		return status;
	strbuf_init(&sent, SLICE_ARENA);
	bool done = reject_make(&rejects->form, &record, &rejects->slice_arena, &sent, &row->split) &&
		    arena_copy(&rejects->slice_arena, strbuf_slice(&sent), &row->sent);
	strbuf_release(&sent);
	return done ? STATUS_OK : error_no_memory(err);
}

static enum status write_slice(struct rejects *rejects, struct reject_list *list, struct strbuf *piece,
			       struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		struct rejected_row *row = &list->rows[i];
		if (!row->sent.size) {
			enum status status = make_sent(rejects, row, err);
			if (status != STATUS_OK)
				return status;
		}
		reject_write(&rejects->form, row, !rejects->any, piece);
		rejects->any = true;
		rejects->after_id = row->record_id;
	}
	return STATUS_OK;
}

static enum status read_slice(struct rejects *rejects, struct reject_list *list, struct error *err)
{
	struct store *store = rejects->store;
	struct store_reader *reader = NULL;
	enum status status = store->call->open_reader(store, &reader, err);

	arena_reset(&rejects->slice_arena);
	if (status == STATUS_OK)
		status = store->call->list_rejects(reader, rejects->import_id, rejects->after_id, SLICE_ROWS,
						   HTTP_STREAM_PIECE, &rejects->slice_arena, list, err);
	store->call->close_reader(store, reader);
	return status;
}

static enum http_stream_step next_rejects(void *context, struct strbuf *piece, unsigned *pause_ms)
{
	struct rejects *rejects = context;
	struct reject_list list;
	struct error err;

	(void)pause_ms;
	enum status status = read_slice(rejects, &list, &err);
	if (status == STATUS_OK && rejects->begun && list.run != rejects->run)
		status = error_set(&err, STATUS_CANCELLED, NULL, "the import ended meanwhile");
	if (!rejects->begun)
		reject_begin(&rejects->form, piece);
	rejects->begun = true;
	rejects->run = list.run;
	if (status == STATUS_OK)
		status = write_slice(rejects, &list, piece, &err);
	if (status != STATUS_OK) {
		log_warning(LOG_EVENT("rejects broken off"), LOG_INT("import_id", rejects->import_id),
			    LOG_ERR(&err));
		return HTTP_STREAM_BROKEN;
	}
	if (list.more)
		return HTTP_STREAM_MORE;
	reject_end(&rejects->form, !rejects->any, piece);
	return HTTP_STREAM_END;
}

static enum status open_rejects(struct rejects *rejects, struct api_call *call, struct slice *filename,
				struct error *err)
{
	struct store *store = rejects->store;
	struct store_reader *reader = NULL;
	struct import import;
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = store->call->get_import(reader, call->id, &rejects->form_arena, &import, err);
	store->call->close_reader(store, reader);
	if (status == STATUS_OK && import.fixes)
		return error_set(err, STATUS_CONFLICT, "rows-of-another-import",
				 "what is still wrong is among the rejects of import %lld, whose rows these are; "
				 "/api/imports/%lld/errors says why",
				 (long long)import.fixes, (long long)import.id);
	if (status == STATUS_OK)
		status = reject_form_read(&import, &rejects->form_arena, &rejects->form, err);
	if (status == STATUS_OK && !arena_copy(call->arena, import.filename, filename))
		status = error_no_memory(err);
	return status;
}

static const char *ending_of(const struct reject_form *form)
{
	if (form->format == REJECT_JSON)
		return "-rejects.json";
	if (form->format == REJECT_NDJSON)
		return "-rejects.ndjson";
	return slice_is(form->delimiter, "\t") ? "-rejects.tsv" : "-rejects.csv";
}

static const char *media_type_of(const struct reject_form *form)
{
	if (form->format == REJECT_JSON)
		return "application/json";
	if (form->format == REJECT_NDJSON)
		return "application/x-ndjson";
	return slice_is(form->delimiter, "\t") ? "text/tab-separated-values; charset=utf-8"
					       : "text/csv; charset=utf-8";
}

void handle_import_rejects(struct api_call *call)
{
	struct rejects *rejects = calloc(1, sizeof *rejects);
	struct slice filename;
	struct error err;

	if (!rejects) {
		error_no_memory(&err);
		problem_error(call, &err);
		return;
	}
	*rejects = (struct rejects){.store = call->api->config.store, .import_id = call->id};
	arena_init(&rejects->form_arena, FORM_ARENA);
	arena_init(&rejects->slice_arena, SLICE_ARENA);
	if (open_rejects(rejects, call, &filename, &err) != STATUS_OK) {
		close_rejects(rejects);
		problem_error(call, &err);
		return;
	}
	const struct http_stream stream = {rejects, next_rejects, close_rejects};
	respond_as_download(call, filename, ending_of(&rejects->form));
	http_response_stream(call->response, media_type_of(&rejects->form), &stream);
}
