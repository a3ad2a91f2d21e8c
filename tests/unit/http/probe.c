#include "probe.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"

enum { CAP = 100, BIG = 1000000, PIECE = 10000, PIECES = 300 };

struct exchange {
	struct strbuf body;
};

/* ---- streams ---- */

struct streamed {
	struct probe *probe;
	unsigned count; /* pieces made */
	unsigned pause_ms;
};

static enum http_stream_step next_of_many(void *context, struct strbuf *piece, unsigned *pause_ms)
{
	struct streamed *streamed = context;

	(void)pause_ms;
	memset(strbuf_reserve(piece, PIECE), 'a' + (int)(streamed->count % 26), PIECE);
	piece->size += PIECE;
	atomic_fetch_add(&streamed->probe->pieces, 1);
	return ++streamed->count == PIECES ? HTTP_STREAM_END : HTTP_STREAM_MORE;
}

static enum http_stream_step next_of_endless(void *context, struct strbuf *piece, unsigned *pause_ms)
{
	struct streamed *streamed = context;

	streamed->count = 0;
	return next_of_many(context, piece, pause_ms);
}

static enum http_stream_step next_of_broken(void *context, struct strbuf *piece, unsigned *pause_ms)
{
	next_of_many(context, piece, pause_ms);
	return HTTP_STREAM_BROKEN;
}

static enum http_stream_step next_of_pausing(void *context, struct strbuf *piece, unsigned *pause_ms)
{
	struct streamed *streamed = context;

	atomic_fetch_add(&streamed->probe->pieces, 1);
	if (streamed->count++) {
		strbuf_add_string(piece, "two");
		return HTTP_STREAM_END;
	}
	strbuf_add_string(piece, "one");
	*pause_ms = streamed->pause_ms;
	return HTTP_STREAM_PAUSE;
}

static void close_streamed(void *context)
{
	struct streamed *streamed = context;

	atomic_fetch_add(&streamed->probe->closed, 1);
	free(streamed);
}

static bool answer_by_stream(struct probe *probe, struct slice path, struct http_response *response)
{
	static const struct {
		const char *path;
		enum http_stream_step (*next)(void *context, struct strbuf *piece, unsigned *pause_ms);
		unsigned pause_ms;
	} kinds[] = {{"/stream", next_of_many, 0},	 {"/endless", next_of_endless, 0},
		     {"/broken", next_of_broken, 0},	 {"/pause", next_of_pausing, 60000},
		     {"/nap", next_of_pausing, 1}};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!slice_is(path, kinds[i].path))
			continue;
		struct streamed *streamed = calloc(1, sizeof *streamed);
		assert_non_null(streamed);
		*streamed = (struct streamed){.probe = probe, .pause_ms = kinds[i].pause_ms};
		const struct http_stream stream = {streamed, kinds[i].next, close_streamed};
		http_response_stream(response, "text/plain", &stream);
		return true;
	}
	return false;
}

/* ---- callbacks ---- */

static enum http_action on_headers(void *context, struct http_request *request, struct http_response *response)
{
	struct probe *probe = context;
	struct exchange *exchange = calloc(1, sizeof *exchange);

	assert_non_null(exchange);
	strbuf_init(&exchange->body, 64 << 20);
	http_request_set_state(request, exchange);
	atomic_fetch_add(&probe->announced, 1);
	if (!slice_is(http_request_path(request), "/early"))
		return HTTP_CONTINUE;
	http_response_status(response, 403);
	http_response_static(response, "text/plain", SLICE("not here"));
	return HTTP_RESPOND;
}

static enum http_action on_body(void *context, struct http_request *request, struct slice piece,
				struct http_response *response)
{
	struct exchange *exchange = http_request_state(request);

	(void)context;
	strbuf_add_slice(&exchange->body, piece);
	if (!slice_is(http_request_path(request), "/cap") || exchange->body.size <= CAP)
		return HTTP_CONTINUE;
	http_response_status(response, 413);
	http_response_header(response, "Content-Language", SLICE("en"));
	http_response_static(response, "text/plain", SLICE("over the cap"));
	return HTTP_RESPOND;
}

static void describe(struct http_request *request, struct strbuf *out)
{
	size_t count;
	const struct http_parameter *parameters = http_request_parameters(request, &count);

	strbuf_add_slice(out, http_request_method(request));
	strbuf_add_byte(out, ' ');
	strbuf_add_slice(out, http_request_path(request));
	for (size_t i = 0; i < count; i++) {
		strbuf_add_byte(out, i ? '&' : ' ');
		strbuf_add_slice(out, parameters[i].name);
		strbuf_add_byte(out, '=');
		strbuf_add_slice(out, parameters[i].value);
	}
	if (http_request_bad_escape(request))
		strbuf_add_string(out, " (bad escape)");
}

static void on_request(void *context, struct http_request *request, struct http_response *response)
{
	struct probe *probe = context;
	struct exchange *exchange = http_request_state(request);
	struct slice path = http_request_path(request);
	struct strbuf out;

	atomic_fetch_add(&probe->asked, 1);
	if (answer_by_stream(probe, path, response))
		return;
	if (slice_is(path, "/echo")) {
		http_response_body(response, "application/octet-stream", &exchange->body);
		return;
	}
	strbuf_init(&out, 64 << 20);
	if (slice_is(path, "/wait")) {
		atomic_fetch_add(&probe->working, 1);
		while (sem_wait(&probe->go) != 0)
			;
		strbuf_add_string(&out, "waited");
	} else if (slice_is(path, "/big")) {
		memset(strbuf_reserve(&out, BIG), 'x', BIG);
		out.size += BIG;
	} else {
		describe(request, &out);
	}
	http_response_body(response, "text/plain; charset=utf-8", &out);
}

static void on_done(void *context, struct http_request *request)
{
	struct probe *probe = context;
	struct exchange *exchange = http_request_state(request);

	strbuf_release(&exchange->body);
	free(exchange);
	atomic_fetch_add(&probe->done, 1);
}

static void on_refused(void *context, struct http_request *request, unsigned status, const char *detail,
		       struct http_response *response)
{
	struct probe *probe = context;

	(void)request;
	(void)status;
	atomic_fetch_add(&probe->refused, 1);
	http_response_static(response, "text/plain", slice_of_string(detail));
}

void probe_start(struct probe *probe, const struct http_config *config)
{
	const struct http_callbacks callbacks = {.context = probe,
						 .on_headers = on_headers,
						 .on_body = on_body,
						 .on_request = on_request,
						 .on_done = on_done,
						 .on_refused = on_refused};
	struct http_config used = config ? *config : (struct http_config){0};
	struct error err = {0};

	/* The counters start at 0. */
	memset(probe, 0, sizeof *probe);
	sem_init(&probe->go, 0, 0);
	if (!getenv("ROWMILL_LOG"))
		log_set_level(LOG_ERROR);
	if (!used.listen)
		used.listen = "127.0.0.1";
	assert_ok(http_server_start(&used, &callbacks, &probe->server, &err), &err);
}

void probe_stop(struct probe *probe, unsigned grace_ms)
{
	http_server_stop(probe->server, grace_ms);
	probe->server = NULL;
	assert_int_equal(atomic_load(&probe->done), atomic_load(&probe->announced));
	sem_destroy(&probe->go);
}

void probe_let_go(struct probe *probe, unsigned count)
{
	while (count-- > 0)
		sem_post(&probe->go);
}

void probe_connect(const struct probe *probe, struct client *client)
{
	client_open(client, http_server_port(probe->server));
}

void expect_count_at(atomic_uint *counter, unsigned count, const char *file, int line)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 10000 && atomic_load(counter) != count; i++)
		nanosleep(&pause, NULL);
	if (atomic_load(counter) == count)
		return;
	print_error("the counter is %u, expected %u\n", atomic_load(counter), count);
	_fail(file, line);
}
