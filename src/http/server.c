#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/linger.h"
#include "http/listener.h"
#include "http/request.h"
#include "http/worker_pool.h"
#include "base/banned.h"

enum {
	/* A pool holds the head, the library's bookkeeping and then a piece of the body. At 64 KiB, 10,000
	 * idle connections cost 650 MB. */
	CONNECTION_MEMORY = 16 * 1024,
	SPARE_REQUESTS_MOST = 64,
	DESCRIPTORS_KEPT_FREE = 256, /* for files, the database and lingering sockets */
	LAST_MOMENT_MS = 250,        /* for sending what workers made when the grace was over */
	RAW_ANSWER_LIMIT = 64 * 1024,
	FULL_QUEUE_PAUSE_MS = 20, /* of a stream whose next piece finds no place in the workers' queue */
	LOGGED_TARGET_SIZE = 512,
};

struct http_server {
	struct http_callbacks callbacks;
	struct MHD_Daemon *daemon;
	struct worker_pool *workers;
	struct linger_room *linger;
	struct stream_room *streams;
	int listener;
	uint16_t port;
	unsigned idle_timeout_s;
	atomic_bool stopping; /* new requests get 503, every answer closes its connection */
	atomic_bool hurrying; /* queued requests get 503 as well */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t idle;  /* active has become 0 */
	size_t active;        /* requests whose head is read and which are not yet completed */
	struct http_request *spare;
	size_t spare_count;
};

/* ---- requests come and go ---- */

static struct http_request *take_request(struct http_server *server)
{
	struct http_request *request;

	pthread_mutex_lock(&server->lock);
	request = server->spare;
	if (request) {
		server->spare = request->next;
		server->spare_count--;
	}
	pthread_mutex_unlock(&server->lock);
	return request ? request : calloc(1, sizeof *request);
}

static void count_active(struct http_request *request)
{
	struct http_server *server = request->server;

	pthread_mutex_lock(&server->lock);
	server->active++;
	pthread_mutex_unlock(&server->lock);
	request->counted = true;
}

static void give_back_request(struct http_server *server, struct http_request *request)
{
	bool kept = false;

	request_end(request);
	pthread_mutex_lock(&server->lock);
	if (request->counted && --server->active == 0)
		pthread_cond_broadcast(&server->idle);
	if (server->spare_count < SPARE_REQUESTS_MOST) {
		request->next = server->spare;
		server->spare = request;
		server->spare_count++;
		kept = true;
	}
	pthread_mutex_unlock(&server->lock);
	if (!kept)
		request_free(request);
}

/* false: there are still requests under way when the time is up. */
static bool wait_until_idle(struct http_server *server, unsigned timeout_ms)
{
	struct timespec until;
	bool idle;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&server->lock);
	while (server->active > 0 && pthread_cond_timedwait(&server->idle, &server->lock, &until) != ETIMEDOUT)
		;
	idle = server->active == 0;
	pthread_mutex_unlock(&server->lock);
	return idle;
}

/* ---- answers ---- */

static void set_common_headers(struct http_request *request)
{
	struct http_response *response = &request->response;

	http_response_header(response, "X-Request-Id", slice_of_string(request->id));
	http_response_header(response, "X-Content-Type-Options", SLICE("nosniff"));
}

static void refuse(struct http_request *request, unsigned status, const char *detail)
{
	const struct http_callbacks *callbacks = &request->server->callbacks;

	http_response_status(&request->response, status);
	if (status == 503)
		http_response_header(&request->response, "Retry-After", SLICE("1"));
	callbacks->on_refused(callbacks->context, request, status, detail, &request->response);
}

/* ---- streams ---- */

/* Ends a stream whose connection is suspended. */
static void end_stream(struct http_request *request, enum http_stream_step step)
{
	request->response.stream.step = step;
	MHD_resume_connection(request->connection);
}

/* Has the next piece made; the connection is suspended. Also the end of a pause, on the stream room's thread. */
static void continue_stream(struct http_request *request)
{
	struct http_server *server = request->server;
	bool pauses = request->response.stream.step == HTTP_STREAM_PAUSE;

	if (pauses && atomic_load(&server->stopping))
		end_stream(request, HTTP_STREAM_END);
	else if (!worker_pool_submit(server->workers, request) &&
		 !stream_room_take(server->streams, request, FULL_QUEUE_PAUSE_MS,
				   stream_room_wakes(server->streams)))
		end_stream(request, HTTP_STREAM_BROKEN);
}

static void pause_stream(struct http_request *request)
{
	const struct body_stream *stream = &request->response.stream;

	if (!stream_room_take(request->server->streams, request, stream->pause_ms, stream->wakes_seen))
		end_stream(request, HTTP_STREAM_END);
}

/* On a worker. */
static void advance_stream(struct http_request *request)
{
	struct http_server *server = request->server;
	struct body_stream *stream = &request->response.stream;

	stream->wakes_seen = stream_room_wakes(server->streams);
	if (atomic_load(&server->hurrying))
		stream->step = HTTP_STREAM_BROKEN;
	else
		body_stream_advance(stream);
}

/* Called by the library when it can send more. 0 from a suspended connection: it asks again when that is resumed. */
static ssize_t read_stream(void *context, uint64_t position, char *out, size_t room)
{
	struct http_request *request = context;
	struct body_stream *stream = &request->response.stream;
	size_t size = stream->piece.size - stream->sent;

	(void)position;
	if (size) {
		if (size > room)
			size = room;
		memcpy(out, stream->piece.data + stream->sent, size);
		stream->sent += size;
		request->answer_size += size;
		return (ssize_t)size;
	}
	if (stream->step == HTTP_STREAM_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (stream->step == HTTP_STREAM_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	MHD_suspend_connection(request->connection);
	if (stream->step == HTTP_STREAM_PAUSE)
		pause_stream(request);
	else
		continue_stream(request);
	return 0;
}

/* ---- the response, early or late ---- */

/* Makes the library's response. It is queued by the library's next call, or by queue_answer now. */
static void make_answer(struct http_request *request)
{
	bool last = request->last || atomic_load(&request->server->stopping);

	set_common_headers(request);
	request->answer_size = request->response.body.size;
	request->built = response_build(&request->response, last, read_stream, request);
	request->stage = REQUEST_READY;
}

static enum MHD_Result queue_answer(struct http_request *request)
{
	struct MHD_Response *built = request->built;
	enum MHD_Result queued;

	if (!built)
		return MHD_NO; /* no memory: all that is left is closing the connection */
	request->built = NULL;
	request->stage = REQUEST_SENT;
	queued = MHD_queue_response(request->connection, request->response.status, built);
	MHD_destroy_response(built);
	return queued;
}

/* Answers before the body is read; the library closes the connection behind that. */
static enum MHD_Result answer_early(struct http_request *request)
{
	request->last = true;
	request->linger = true;
	make_answer(request);
	return queue_answer(request);
}

/* The library takes no response once the body has begun. So the answer is written to the socket,
 * on which nothing of ours is under way, and the library told to close it. An answer larger than the
 * socket's buffer would be cut; errors are far from that. */
static enum MHD_Result answer_within_body(struct http_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct strbuf out;

	set_common_headers(request);
	request->linger = true;
	request->stage = REQUEST_SENT;
	request->answer_size = request->response.body.size;
	strbuf_init(&out, RAW_ANSWER_LIMIT);
	response_write(&request->response, &out);
	if (!info || !strbuf_ok(&out) ||
	    send(info->connect_fd, out.data, out.size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)out.size)
		log_info(LOG_EVENT("an answer within the body could not be sent"));
	strbuf_release(&out);
	return MHD_NO;
}

/* ---- the life of a request, called by the library ---- */

static void *on_first_line(void *context, const char *target, struct MHD_Connection *connection)
{
	struct http_server *server = context;
	struct http_request *request = take_request(server);

	if (request && !request_begin(request, server, connection, target ? target : "")) {
		give_back_request(server, request);
		return NULL;
	}
	return request;
}

static enum MHD_Result begin(struct http_request *request, const char *method, const char *version)
{
	const struct http_callbacks *callbacks = &request->server->callbacks;
	struct http_fault fault = request_read_head(request, method, version);
	enum http_action action;

	count_active(request);
	log_set_request(request->id);
	if (!fault.status && atomic_load(&request->server->stopping))
		fault = (struct http_fault){503, "The server is stopping."};
	if (fault.status) {
		refuse(request, fault.status, fault.detail);
		return answer_early(request);
	}
	request->announced = true;
	request->stage = REQUEST_BODY;
	action = callbacks->on_headers(callbacks->context, request, &request->response);
	if (action == HTTP_CONTINUE)
		return MHD_YES;
	if (request_has_body(request))
		return answer_early(request);
	/* Queued at the library's next call, which leaves the connection open. */
	make_answer(request);
	return MHD_YES;
}

/* The library (0.9.75) takes a short read for the end of what has arrived. Where the client's FIN came
 * with the data, no further event follows, and the request would stay until the idle timeout. So
 * the socket is asked. false: nothing more will come, and the body is not complete. */
static bool may_become_complete(struct http_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	char byte;

	if (!request->framing.chunked && request->body_size >= request->framing.content_length)
		return true;
	if (!info || recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
		return true;
	if (!request->framing.chunked)
		return false;
	/* The last chunk may be among the bytes that the library holds: it will see it at once, or never. */
	MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT, 1u);
	request->hurried = true;
	return true;
}

static enum MHD_Result take_body(struct http_request *request, struct slice piece)
{
	const struct http_callbacks *callbacks = &request->server->callbacks;

	request->body_size += piece.size;
	if (callbacks->on_body(callbacks->context, request, piece, &request->response) == HTTP_RESPOND)
		return answer_within_body(request);
	return may_become_complete(request) ? MHD_YES : MHD_NO;
}

/* The request is whole. Suspended now, the connection would be read from when it is resumed, before it
 * is asked for the response, and a client that has shut down its side would be cut off without one
 * (0.9.75 leaves a suspended connection waiting for what it waited for before). One round later
 * it waits for nothing but us. */
static enum MHD_Result finish_body(struct http_request *request)
{
	if (request->hurried)
		MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT,
					  request->server->idle_timeout_s);
	request->stage = REQUEST_WHOLE;
	return MHD_YES;
}

static enum MHD_Result hand_to_worker(struct http_request *request)
{
	/* Suspended first: the worker may be done before submit returns. */
	request->stage = REQUEST_QUEUED;
	MHD_suspend_connection(request->connection);
	if (worker_pool_submit(request->server->workers, request))
		return MHD_YES;
	refuse(request, 503, "The server has too many requests waiting.");
	make_answer(request);
	MHD_resume_connection(request->connection);
	return MHD_YES;
}

/* On a worker. */
static void answer(void *item)
{
	struct http_request *request = item;
	const struct http_callbacks *callbacks = &request->server->callbacks;

	log_set_request(request->id);
	if (request->stage == REQUEST_SENT) {
		advance_stream(request);
	} else {
		if (atomic_load(&request->server->hurrying))
			refuse(request, 503, "The server is stopping.");
		else
			callbacks->on_request(callbacks->context, request, &request->response);
		make_answer(request);
	}
	log_set_request("");
	/* From here on the request is the HTTP thread's, and may be gone. */
	MHD_resume_connection(request->connection);
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *piece, size_t *piece_size,
				 void **request_slot)
{
	struct http_request *request = *request_slot;
	enum MHD_Result result = MHD_NO;

	(void)context;
	(void)connection;
	(void)url;
	if (!request)
		return MHD_NO; /* no memory for it */
	log_set_request(request->id);
	switch (request->stage) {
	case REQUEST_HEAD:
		result = begin(request, method, version);
		break;
	case REQUEST_BODY:
		if (*piece_size > 0) {
			result = take_body(request, slice_of(piece, *piece_size));
			*piece_size = 0;
		} else {
			result = finish_body(request);
		}
		break;
	case REQUEST_WHOLE:
		result = hand_to_worker(request);
		break;
	case REQUEST_READY:
		result = queue_answer(request);
		break;
	case REQUEST_QUEUED:
	case REQUEST_SENT:
		result = MHD_YES;
		break;
	}
	log_set_request("");
	return result;
}

/* ---- the end of a request ---- */

static void log_access(const struct http_request *request, const char *ended)
{
	struct slice target = request->head.target;

	if (target.size > LOGGED_TARGET_SIZE)
		target.size = LOGGED_TARGET_SIZE;
	log_info(LOG_EVENT("request"), LOG_SLICE("method", request->head.method), LOG_SLICE("target", target),
		 LOG_INT("status", request->stage == REQUEST_SENT ? request->response.status : 0),
		 LOG_INT("duration_ms", (clock_monotonic_ns() - request->began_ns) / 1000000),
		 LOG_INT("received", request->body_size), LOG_INT("bytes", request->answer_size),
		 LOG_STR("ended", ended));
}

static const char *ended_text(const struct http_request *request, enum MHD_RequestTerminationCode code)
{
	if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		return "timeout";
	if (code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		return "stopped";
	if (request->stage == REQUEST_SENT && (code == MHD_REQUEST_TERMINATED_COMPLETED_OK || request->linger))
		return "answered";
	if (code == MHD_REQUEST_TERMINATED_WITH_ERROR && request->stage != REQUEST_BODY)
		return "error";
	return "client-gone";
}

static void linger_on(struct http_request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	int fd = info ? fcntl(info->connect_fd, F_DUPFD_CLOEXEC, 0) : -1;

	if (fd >= 0)
		linger_take(request->server->linger, fd);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_slot,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server *server = context;
	struct http_request *request = *request_slot;

	(void)connection;
	if (!request)
		return;
	*request_slot = NULL;
	log_set_request(request->id);
	body_stream_close(&request->response.stream);
	if (request->announced)
		server->callbacks.on_done(server->callbacks.context, request);
	log_access(request, ended_text(request, code));
	if (request->linger)
		linger_on(request);
	log_set_request("");
	give_back_request(server, request);
}

/* What the library has to say is about single connections and their clients. */
__attribute__((format(printf, 2, 0))) static void on_library_log(void *context, const char *format, va_list arguments)
{
	char line[512];
	int size = vsnprintf(line, sizeof line, format, arguments);

	(void)context;
	if (size <= 0)
		return;
	struct slice text = slice_trim(slice_of_string(line));
	log_debug(LOG_EVENT("http library"), LOG_SLICE("detail", text));
}

/* ---- start and stop ---- */

/* How many connections the descriptor limit allows; the soft limit is raised as far as it goes. */
static unsigned connection_limit(unsigned wanted)
{
	struct rlimit files;

	if (wanted == 0)
		wanted = 20000;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 512;
	rlim_t needed = (rlim_t)wanted + DESCRIPTORS_KEPT_FREE;
	if (files.rlim_cur < needed) {
		files.rlim_cur = files.rlim_max < needed ? files.rlim_max : needed;
		setrlimit(RLIMIT_NOFILE, &files);
		getrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur >= needed)
		return wanted;
	return files.rlim_cur > 2 * DESCRIPTORS_KEPT_FREE ? (unsigned)files.rlim_cur - DESCRIPTORS_KEPT_FREE
							 : (unsigned)files.rlim_cur / 2;
}

/* The server's threads take no signals: those are for the thread that started the server. */
static enum status start_threads(struct http_server *server, const struct http_config *config, struct error *err)
{
	const unsigned http_threads = config->threads ? config->threads : 2;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	server->workers = worker_pool_start(config->workers ? config->workers : 8,
					    config->queue_limit ? config->queue_limit : 1024, answer);
	server->linger = linger_start();
	server->streams = stream_room_start(continue_stream);
	if (server->workers && server->linger && server->streams)
		server->daemon = MHD_start_daemon(
			MHD_USE_EPOLL_INTERNALLY | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
			on_access, server,
			MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
			MHD_OPTION_LISTEN_SOCKET, server->listener,
			MHD_OPTION_THREAD_POOL_SIZE, http_threads,
			MHD_OPTION_CONNECTION_LIMIT, connection_limit(config->connection_limit),
			MHD_OPTION_CONNECTION_TIMEOUT, server->idle_timeout_s,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
			/* Strictness is ours: the library would close without an answer or answer in HTML. */
			MHD_OPTION_STRICT_FOR_CLIENT, 0,
			MHD_OPTION_URI_LOG_CALLBACK, on_first_line, server,
			MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
			MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!server->daemon)
		return error_set(err, STATUS_UNAVAILABLE, "cannot-listen",
				 "The HTTP server could not be started: threads, memory or file descriptors are exhausted.");
	return STATUS_OK;
}

static void release(struct http_server *server)
{
	/* The library ends in no good order while a connection is suspended: none waits for longer than this. */
	stream_room_stop(server->streams);
	worker_pool_stop(server->workers);
	if (server->daemon) {
		/* A last moment for the answers that workers made after the grace was over. */
		wait_until_idle(server, LAST_MOMENT_MS);
		MHD_stop_daemon(server->daemon);
	}
	worker_pool_free(server->workers);
	stream_room_free(server->streams);
	linger_stop(server->linger);
	if (server->listener >= 0)
		close(server->listener);
	while (server->spare) {
		struct http_request *next = server->spare->next;
		request_free(server->spare);
		server->spare = next;
	}
	pthread_cond_destroy(&server->idle);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

enum status http_server_try(const struct http_config *config, struct error *err)
{
	return listener_try(config->listen, config->port, err);
}

enum status http_server_start(const struct http_config *config, const struct http_callbacks *callbacks,
			      struct http_server **server, struct error *err)
{
	struct http_server *made = calloc(1, sizeof *made);
	pthread_condattr_t monotonic;
	enum status status;

	if (!made)
		return error_no_memory(err);
	made->callbacks = *callbacks;
	made->listener = -1;
	made->idle_timeout_s = config->idle_timeout_s ? config->idle_timeout_s : 60;
	pthread_mutex_init(&made->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&made->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
	status = listener_open(config->listen, config->port, &made->listener, err);
	if (status == STATUS_OK) {
		made->port = listener_port(made->listener);
		status = start_threads(made, config, err);
	}
	if (status != STATUS_OK) {
		release(made);
		return status;
	}
	*server = made;
	return STATUS_OK;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_wake_streams(struct http_server *server)
{
	stream_room_wake(server->streams);
}

void http_server_stop(struct http_server *server, unsigned grace_ms)
{
	if (!server)
		return;
	atomic_store(&server->stopping, true);
	/* Descriptors may still be in the hands of an accepting thread: refuse now, close at the end. */
	MHD_quiesce_daemon(server->daemon);
	shutdown(server->listener, SHUT_RD);
	stream_room_close(server->streams);
	if (!wait_until_idle(server, grace_ms))
		log_warning(LOG_EVENT("requests were still under way when the time for them was over"));
	atomic_store(&server->hurrying, true);
	release(server);
}
