/* A request from its first line to its last byte sent.
 *
 * Lifetime: made when the library has read the first line, given back in its request-completed
 * callback. The library completes no suspended connection, and a connection stays suspended
 * exactly while its request is queued for or with a worker, or its stream pauses: so a worker's request is never taken
 * from under it, whether the client goes away or the server stops. */
#ifndef ROWMILL_HTTP_REQUEST_H
#define ROWMILL_HTTP_REQUEST_H

#include <microhttpd.h>

#include "http/framing.h"
#include "http/response.h"
#include "http/server.h"
#include "http/target.h"

enum {
	REQUEST_ID_MOST = 64,
	REQUEST_HEAD_LIMIT = 8 * 1024,        /* bytes of first line and headers; beyond it 431 */
	REQUEST_ARENA_LIMIT = 128 << 20,      /* bytes; a record may be 16 MiB as sent, and more with its errors */
};

enum request_stage {
	REQUEST_HEAD,   /* the head is not yet read */
	REQUEST_BODY,   /* the body arrives */
	REQUEST_WHOLE,  /* it has arrived */
	REQUEST_QUEUED, /* suspended: a worker has it or will */
	REQUEST_READY,  /* `built` waits to be sent */
	REQUEST_SENT,   /* the response is with the library, or was sent by us; a stream goes on from here */
};

struct http_request {
	struct http_request *next; /* among the spare ones, or those that wait in the stream room */
	struct http_server *server;
	struct MHD_Connection *connection;
	struct arena arena;
	struct http_response response;
	struct MHD_Response *built; /* ours until it is queued */
	enum request_stage stage;
	bool counted;   /* among the server's active ones */
	bool announced; /* on_headers has been called, on_done is owed */
	bool hurried;   /* its connection's timeout was shortened */
	bool last;      /* the connection is closed behind the response */
	bool linger;    /* bytes of the body may still arrive: see linger.h */
	const char *raw_target; /* in the library's memory, until the head is read */
	struct http_head head;
	struct http_framing framing;
	struct http_target target;
	char id[REQUEST_ID_MOST + 1];
	void *state;
	uint64_t began_ns;
	uint64_t resume_ns;  /* when its stream's pause is over */
	uint64_t body_size;  /* bytes of the body seen */
	size_t answer_size;  /* bytes of the response's body */
};

/* Prepares a zeroed or recycled request whose first line has been read. */
bool request_begin(struct http_request *request, struct http_server *server, struct MHD_Connection *connection,
		   const char *raw_target);

/* Reads and checks the head that the library has understood, and gives the request its id.
 * Status 0: it is in order. */
struct http_fault request_read_head(struct http_request *request, const char *method, const char *version);

/* Releases all but the arena's first blocks, which the next request takes over. */
void request_end(struct http_request *request);
void request_free(struct http_request *request);

static inline bool request_has_body(const struct http_request *request)
{
	return request->framing.chunked || request->framing.content_length > 0;
}

#endif
