/* An HTTP/1.1 server that knows no route. It hides the library behind it.
 *
 * Life of a request: on_headers (HTTP thread) decides whether the body is wanted; on_body (HTTP
 * thread) gets it piece by piece as it arrives; on_request (a request worker) answers, and may block;
 * on_done (HTTP thread, after the response is sent or given up) releases what the others made: exactly once for
 * each on_headers, also when the client went away. No two callbacks of one request run at the same time.
 * HTTP threads never block: whatever may wait belongs into on_request. A request that is with
 * a worker is never taken from under it: a client that has gone is noticed when the worker is done.
 *
 * Requests whose framing has two readings (repeated or malformed Content-Length, with
 * Transfer-Encoding, unknown transfer codings, two Hosts, white space before a colon, a folded header,
 * a bare LF) are answered with 400 or 501, and heads over 8 KiB with 431, through on_refused before on_headers,
 * and the connection is closed.
 *
 * Every request has an id: the client's X-Request-Id where it is 1 to 64 characters of
 * [A-Za-z0-9._-], else 16 random hexadecimal digits. It is sent back as X-Request-Id, and
 * log_set_request() names it while a callback runs. */
#ifndef ROWMILL_HTTP_SERVER_H
#define ROWMILL_HTTP_SERVER_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "base/strbuf.h"

struct http_server;
struct http_request;

enum http_action {
	HTTP_CONTINUE, /* go on with the body, then on_request */
	/* Send the response now, read no more of the body, close the connection. From on_headers of a
	 * request without a body the connection stays open. From on_body the response should be small
	 * (an error): what does not fit into the socket's buffer is cut. */
	HTTP_RESPOND,
};

struct http_response;

struct http_callbacks {
	void *context;
	enum http_action (*on_headers)(void *context, struct http_request *request,
				       struct http_response *response);
	enum http_action (*on_body)(void *context, struct http_request *request,
				    struct slice piece, struct http_response *response);
	void (*on_request)(void *context, struct http_request *request,
			   struct http_response *response);
	void (*on_done)(void *context, struct http_request *request);
	/* Fills the response for an HTTP error found below: `status` 400, 431, 501, or 503 when the queue is
	 * full or the server stops; the status, and Retry-After for 503, are set. Runs instead of on_headers or
	 * on_request; without on_headers there is no on_done. */
	void (*on_refused)(void *context, struct http_request *request, unsigned status,
			   const char *detail, struct http_response *response);
};

struct http_config {
	const char *listen;       /* numeric IPv4 or IPv6 address */
	uint16_t port;            /* 0: any free one */
	unsigned threads;         /* HTTP threads; 0: 2 */
	unsigned workers;         /* request workers; 0: 8 */
	unsigned connection_limit; /* 0: 20,000, or what the file-descriptor limit allows */
	unsigned idle_timeout_s;  /* 0: 60 */
	unsigned queue_limit;     /* requests waiting for a worker; beyond it 503; 0: 1,024 */
};

/* Whether http_server_start could listen there now, for who would rather know before anything else is begun.
 * The same errors. */
enum status http_server_try(const struct http_config *config, struct error *err);

/* Starts listening. Errors: "port-in-use" and "cannot-listen", with the remedy. */
enum status http_server_start(const struct http_config *config,
			      const struct http_callbacks *callbacks, struct http_server **server,
			      struct error *err);
uint16_t http_server_port(const struct http_server *server);

/* Stops accepting, lets the requests under way end (up to `grace_ms`), closes all connections, joins all
 * threads and frees the server. Requests that begin meanwhile, or still wait for a worker when the grace is
 * over, get 503; one that is with a worker is waited for in any case. NULL is fine. */
void http_server_stop(struct http_server *server, unsigned grace_ms);

/* ---- the request; what is returned lives as long as the request (until on_done returns) ---- */

struct slice http_request_method(const struct http_request *request); /* "GET" */
struct slice http_request_path(const struct http_request *request);   /* percent-decoded path; no query */
struct slice http_request_target(const struct http_request *request); /* as sent, for `instance` and logs */
const char *http_request_id(const struct http_request *request);

/* The first header so named (case ignored); data NULL if there is none. */
struct slice http_request_header(const struct http_request *request, const char *name);

/* Decoded query parameters in their order ('+' is a space). Parameter without '=': empty value.
 * http_request_bad_escape: the target holds a % that no two hexadecimal digits follow. */
struct http_parameter {
	struct slice name, value;
};
const struct http_parameter *http_request_parameters(const struct http_request *request,
						     size_t *count);
bool http_request_bad_escape(const struct http_request *request);

/* Declared size of the body; false if the body is chunked (size unknown). */
bool http_request_content_length(const struct http_request *request, uint64_t *size);

/* For what lives as long as the request; 16 MiB at the most. */
struct arena *http_request_arena(struct http_request *request);
void *http_request_state(const struct http_request *request); /* NULL until set */
void http_request_set_state(struct http_request *request, void *state);

/* ---- the response ---- */

void http_response_status(struct http_response *response, unsigned status); /* 200 unless told */

/* Name and value are copied; a header of that name set before is replaced. A value that is empty or holds
 * a control character is refused: false. */
bool http_response_header(struct http_response *response, const char *name, struct slice value);

/* The body is the buffer's content, taken over (the buffer is empty afterwards). A buffer that has failed
 * becomes a 500 without content, and a line in the log. `content_type` NULL: none. */
void http_response_body(struct http_response *response, const char *content_type,
			struct strbuf *body);

/* The body is memory that lives as long as the program. */
void http_response_static(struct http_response *response, const char *content_type,
			  struct slice body);

/* What the response holds by now: for who keeps an answer to give it again. Borrowed until the next call that
 * changes it; empty where there is none. */
unsigned http_response_status_of(const struct http_response *response);
struct slice http_response_header_of(const struct http_response *response, const char *name);
struct slice http_response_body_of(const struct http_response *response);

/* ---- a body that is made while it is sent, of a size that nobody knows before ----
 *
 *	struct export *export = …;                       // what the stream needs, on the heap
 *	const struct http_stream stream = {export, next_rows, free_export};
 *	http_response_stream(response, "text/csv", &stream);
 *
 * `next` runs on a request worker, and may block, but briefly: it makes one piece (64 KiB or so; a long list
 * is read in short keyset slices, each with a reader of its own) and gives the worker back. It is asked
 * again when the piece has gone out; a client that reads slowly holds a piece of memory, no thread. HTTP/1.1
 * clients get chunks; a body that breaks off ends without its last chunk, so that they see it. */

enum http_stream_step {
	HTTP_STREAM_MORE,   /* send the piece (which may be empty), then ask again */
	HTTP_STREAM_PAUSE,  /* send the piece, then ask again after *pause_ms, or when woken */
	HTTP_STREAM_END,    /* the piece is the last one */
	HTTP_STREAM_BROKEN, /* the rest cannot be made: send the piece, then cut the connection off */
};

enum { HTTP_STREAM_PIECE = 64 * 1024 }; /* bytes; more is fine, up to 256 MiB */

struct http_stream {
	void *context;
	/* Appends to `piece`, which is empty. */
	enum http_stream_step (*next)(void *context, struct strbuf *piece, unsigned *pause_ms);
	/* Exactly once, when nothing more is asked, before on_done; also where the client went away or
	 * another response took its place. Must not block. NULL: nothing to do. */
	void (*close)(void *context);
};

/* The status and headers are those of the response. Not for answers from on_body. */
void http_response_stream(struct http_response *response, const char *content_type,
			  const struct http_stream *stream);

/* Ends the pause of every stream that pauses: what they wait for may have happened. Cheap; from any
 * thread, as long as the server is. A server that stops ends pausing streams in good order. */
void http_server_wake_streams(struct http_server *server);

#endif
