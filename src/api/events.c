/* GET /api/imports/{id}/events: an import's progress as server-sent events (WHATWG HTML, section 9.2).
 *
 * Each event is the import as it is at that moment, and its id tells that state: a client that comes back
 * with Last-Event-ID gets the next event only when something has changed, also after a restart of the server. The
 * last event is named "end" ("deleted" where the import is gone); who comes back after it gets 204, by which the
 * standard's clients stop. A stream that has nothing to say pauses (http/stream.h) and holds no thread. */
#include "api/internal.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { HEARTBEAT_MS = 15000, WAKE_EVERY_MS = 200, STATE_SIZE = 96, EVENT_ARENA = 4 << 20 };

struct event_stream {
	struct api *api;
	int64_t import_id;
	uint64_t news;          /* as seen when it looked last */
	uint64_t spoken_ns;     /* when something was sent last; 0: never */
	char state[STATE_SIZE]; /* of the latest event sent, or that the client had */
};

static bool has_ended(const struct import *import)
{
	return import->status != IMPORT_PENDING && import->status != IMPORT_PROCESSING;
}

/* Equal for equal states; printable, as it is sent as an event's id. */
static void write_state(const struct import *import, char state[STATE_SIZE])
{
	snprintf(state, STATE_SIZE, "%s-%lld-%lld-%lld-%lld", import_status_name(import->status),
		 (long long)import->total_records, (long long)import->failed_records,
		 (long long)import->embedded_records,
		 (long long)(import->completed_ms ? import->completed_ms : import->started_ms));
}

static enum status read_import(struct api *api, int64_t id, struct arena *arena, struct import *import,
			       struct error *err)
{
	struct store *store = api->config.store;
	struct store_reader *reader = NULL;

	enum status status = store->call->open_reader(store, &reader, err);
	if (status == STATUS_OK)
		status = store->call->get_import(reader, id, arena, import, err);
	store->call->close_reader(store, reader);
	return status;
}

static void write_event(struct event_stream *stream, const struct import *import, struct strbuf *piece)
{
	struct json_writer json;

	strbuf_add_format(piece, "event: %s\nid: %s\ndata: ", has_ended(import) ? "end" : "progress",
			  stream->state);
	json_writer_init(&json, piece);
	present_import(&json, stream->api->config.importer, import);
	strbuf_add_string(piece, "\n\n");
}

static enum http_stream_step look(struct event_stream *stream, struct strbuf *piece)
{
	char state[STATE_SIZE];
	struct import import;
	struct arena arena;
	struct error err;
	enum http_stream_step step = HTTP_STREAM_PAUSE;

	arena_init(&arena, EVENT_ARENA);
	enum status status = read_import(stream->api, stream->import_id, &arena, &import, &err);
	if (status == STATUS_NOT_FOUND) {
		strbuf_add_format(piece, "event: deleted\nid: deleted\ndata: {\"id\":%lld}\n\n",
				  (long long)stream->import_id);
		step = HTTP_STREAM_END;
	} else if (status != STATUS_OK) {
		log_error(LOG_EVENT("event stream broken off"), LOG_ERR(&err));
		step = HTTP_STREAM_BROKEN;
	} else {
		write_state(&import, state);
		if (strcmp(state, stream->state) != 0) {
			memcpy(stream->state, state, sizeof state);
			write_event(stream, &import, piece);
		}
		if (has_ended(&import))
			step = HTTP_STREAM_END;
	}
	arena_release(&arena);
	return step;
}

/* Asked after a pause, or when some import has news: mostly another one. */
static enum http_stream_step next_event(void *context, struct strbuf *piece, unsigned *pause_ms)
{
	struct event_stream *stream = context;
	uint64_t now = clock_monotonic_ns();
	uint64_t news = importer_news(stream->api->config.importer, stream->import_id);
	uint64_t silent_ms = (now - stream->spoken_ns) / 1000000;

	if (!stream->spoken_ns)
		strbuf_add_string(piece, "retry: 2000\n\n");
	else if (news == stream->news && silent_ms < HEARTBEAT_MS) {
		*pause_ms = (unsigned)(HEARTBEAT_MS - silent_ms);
		return HTTP_STREAM_PAUSE;
	}
	stream->news = news;
	enum http_stream_step step = look(stream, piece);
	if (!piece->size && silent_ms >= HEARTBEAT_MS)
		strbuf_add_string(piece, ": \n\n");
	if (piece->size) {
		stream->spoken_ns = now;
		silent_ms = 0;
	}
	*pause_ms = (unsigned)(HEARTBEAT_MS - silent_ms);
	return step;
}

static void close_stream(void *context)
{
	free(context);
}

static void respond_stream(struct api_call *call, const char *state)
{
	struct event_stream *stream = calloc(1, sizeof *stream);
	struct error err;

	if (!stream) {
		error_no_memory(&err);
		problem_error(call, &err);
		return;
	}
	stream->api = call->api;
	stream->import_id = call->id;
	snprintf(stream->state, sizeof stream->state, "%s", state);
	http_response_header(call->response, "Cache-Control", SLICE("no-store"));
	http_response_header(call->response, "X-Accel-Buffering", SLICE("no"));
	http_response_stream(call->response, "text/event-stream",
			     &(struct http_stream){stream, next_event, close_stream});
}

void handle_import_events(struct api_call *call)
{
	struct slice last = http_request_header(call->request, "Last-Event-ID");
	char state[STATE_SIZE], known[STATE_SIZE] = "";
	struct import import;
	struct error err;

	if (last.size < sizeof known)
		snprintf(known, sizeof known, "%.*s", SLICE_ARG(last));
	enum status status = read_import(call->api, call->id, call->arena, &import, &err);
	if (status != STATUS_OK) {
		if (status == STATUS_NOT_FOUND && strcmp(known, "deleted") == 0)
			http_response_status(call->response, 204);
		else
			problem_error(call, &err);
		return;
	}
	write_state(&import, state);
	if (has_ended(&import) && strcmp(state, known) == 0)
		http_response_status(call->response, 204);
	else if (slice_is(http_request_method(call->request), "HEAD"))
		http_response_static(call->response, "text/event-stream", SLICE(""));
	else
		respond_stream(call, known);
}

/* ---- whoever has news wakes the streams, but not more often than people look ---- */

static void *wake_streams(void *context)
{
	struct api *api = context;
	uint64_t seen = 0;

	while (importer_wait_news(api->config.importer, &seen)) {
		http_server_wake_streams(api->events_server);
		importer_pause(api->config.importer, WAKE_EVERY_MS);
	}
	return NULL;
}

enum status api_start_events(struct api *api, struct http_server *server, struct error *err)
{
	api->events_server = server;
	int failure = pthread_create(&api->events_thread, NULL, wake_streams, api);
	api->has_events_thread = failure == 0;
	return failure ? error_from_errno(err, failure, "starting a thread") : STATUS_OK;
}

void api_stop_events(struct api *api)
{
	if (api && api->has_events_thread)
		pthread_join(api->events_thread, NULL);
	if (api)
		api->has_events_thread = false;
}
