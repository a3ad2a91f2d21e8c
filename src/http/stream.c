#include "http/stream.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/request.h"
#include "base/banned.h"

/* A piece's memory that is kept for the next one. */
enum { PIECE_KEPT = 1 << 20 };

void body_stream_advance(struct body_stream *stream)
{
	if (stream->piece.allocated > PIECE_KEPT)
		strbuf_release(&stream->piece);
	strbuf_clear(&stream->piece);
	stream->sent = 0;
	stream->pause_ms = 0;
	stream->step = stream->source.next(stream->source.context, &stream->piece, &stream->pause_ms);
	if (strbuf_ok(&stream->piece))
		return;
	log_error(LOG_EVENT("no memory for a piece of a stream"));
	strbuf_release(&stream->piece);
	stream->step = HTTP_STREAM_BROKEN;
}

void body_stream_close(struct body_stream *stream)
{
	if (!stream->source.next)
		return;
	strbuf_release(&stream->piece);
	if (stream->source.close)
		stream->source.close(stream->source.context);
	stream->source.next = NULL;
}

/* ---- the room ---- */

struct stream_room {
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	struct http_request *waiting; /* by `next` */
	uint64_t wakes;               /* how often all were woken */
	bool closed;
	void (*resume)(struct http_request *request);
	pthread_t thread;
};

/* Takes out those whose time is up (all, where `all`). *earliest: when the next one's is; 0: none waits. */
static struct http_request *take_due(struct stream_room *room, bool all, uint64_t *earliest)
{
	struct http_request **at = &room->waiting, *due = NULL;
	uint64_t now = clock_monotonic_ns();

	*earliest = 0;
	while (*at) {
		struct http_request *request = *at;
		if (all || request->resume_ns <= now) {
			*at = request->next;
			request->next = due;
			due = request;
			continue;
		}
		if (!*earliest || request->resume_ns < *earliest)
			*earliest = request->resume_ns;
		at = &request->next;
	}
	return due;
}

static void wait_until(struct stream_room *room, uint64_t until_ns)
{
	struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000),
				 .tv_nsec = (long)(until_ns % 1000000000)};

	if (until_ns)
		pthread_cond_timedwait(&room->changed, &room->lock, &until);
	else
		pthread_cond_wait(&room->changed, &room->lock);
}

static void *watch(void *context)
{
	struct stream_room *room = context;
	uint64_t wakes = 0;

	pthread_mutex_lock(&room->lock);
	for (;;) {
		uint64_t earliest;
		bool closed = room->closed;
		struct http_request *due = take_due(room, closed || wakes != room->wakes, &earliest);
		wakes = room->wakes;
		if (!due && closed)
			break;
		if (!due) {
			wait_until(room, earliest);
			continue;
		}
		pthread_mutex_unlock(&room->lock);
		while (due) {
			struct http_request *next = due->next;
			/* Afterwards it is somebody else's, and may be gone. */
			room->resume(due);
			due = next;
		}
		pthread_mutex_lock(&room->lock);
	}
	pthread_mutex_unlock(&room->lock);
	return NULL;
}

struct stream_room *stream_room_start(void (*resume)(struct http_request *request))
{
	struct stream_room *room = calloc(1, sizeof *room);
	pthread_condattr_t monotonic;

	if (!room)
		return NULL;
	room->resume = resume;
	pthread_mutex_init(&room->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&room->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&room->thread, NULL, watch, room) == 0)
		return room;
	pthread_cond_destroy(&room->changed);
	pthread_mutex_destroy(&room->lock);
	free(room);
	return NULL;
}

bool stream_room_take(struct stream_room *room, struct http_request *request, unsigned pause_ms, uint64_t wakes_seen)
{
	bool taken;

	pthread_mutex_lock(&room->lock);
	taken = !room->closed;
	if (taken) {
		request->resume_ns = clock_monotonic_ns();
		if (wakes_seen == room->wakes)
			request->resume_ns += (uint64_t)pause_ms * 1000000;
		request->next = room->waiting;
		room->waiting = request;
		pthread_cond_signal(&room->changed);
	}
	pthread_mutex_unlock(&room->lock);
	return taken;
}

void stream_room_wake(struct stream_room *room)
{
	pthread_mutex_lock(&room->lock);
	room->wakes++;
	pthread_cond_signal(&room->changed);
	pthread_mutex_unlock(&room->lock);
}

uint64_t stream_room_wakes(struct stream_room *room)
{
	pthread_mutex_lock(&room->lock);
	uint64_t wakes = room->wakes;
	pthread_mutex_unlock(&room->lock);
	return wakes;
}

void stream_room_close(struct stream_room *room)
{
	pthread_mutex_lock(&room->lock);
	room->closed = true;
	pthread_cond_signal(&room->changed);
	pthread_mutex_unlock(&room->lock);
}

void stream_room_stop(struct stream_room *room)
{
	if (!room)
		return;
	stream_room_close(room);
	pthread_join(room->thread, NULL);
}

void stream_room_free(struct stream_room *room)
{
	if (!room)
		return;
	pthread_cond_destroy(&room->changed);
	pthread_mutex_destroy(&room->lock);
	free(room);
}
