/* Bodies that are made piece by piece while they are sent (http_response_stream), and the room in
 * which streams pause.
 *
 * The library asks for bytes on an HTTP thread. While a piece lasts, it is given from; when it is used up,
 * the connection is suspended and the request handed to a worker, which makes the next piece and
 * resumes it. So a stream holds one piece, no thread while its client reads, and none while it pauses.
 *
 * Threads: body_stream_* as the request they belong to; stream_room_* from any. */
#ifndef ROWMILL_HTTP_STREAM_H
#define ROWMILL_HTTP_STREAM_H

#include "http/server.h"

enum { STREAM_PIECE_LIMIT = 256 << 20 };

struct http_request;

struct body_stream {
	struct http_stream source; /* next NULL: the body is no stream */
	struct strbuf piece;
	size_t sent; /* bytes of the piece that the library has */
	enum http_stream_step step;
	unsigned pause_ms;
	uint64_t wakes_seen; /* the room's count before the piece was made */
};

/* On a worker: makes the next piece. */
void body_stream_advance(struct body_stream *stream);

/* Ends it in any state; the source is closed. A zeroed struct is fine. */
void body_stream_close(struct body_stream *stream);

/* Where paused streams wait. When its time is up or all are woken, `resume` is called for a request,
 * on the room's thread. */
struct stream_room;

struct stream_room *stream_room_start(void (*resume)(struct http_request *request)); /* NULL: no thread */

/* false: the room is closed, the request is not taken. Where all were woken after `wakes_seen`, it is resumed
 * at once: what it waits for may have happened while it was made to wait. */
bool stream_room_take(struct stream_room *room, struct http_request *request, unsigned pause_ms, uint64_t wakes_seen);
void stream_room_wake(struct stream_room *room);
uint64_t stream_room_wakes(struct stream_room *room); /* how often all were woken */

/* Resumes all that wait; from now on nobody is taken. */
void stream_room_close(struct stream_room *room);
void stream_room_stop(struct stream_room *room); /* closes it, and joins its thread; NULL is fine */
void stream_room_free(struct stream_room *room); /* after stream_room_stop; NULL is fine */

#endif
