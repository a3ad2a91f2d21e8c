#include "http/linger.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/banned.h"

enum { SOCKETS_MOST = 256, DISCARD_SIZE = 1 << 20 };

static const uint64_t quiet_ns = 2000000000u;  /* without a byte */
static const uint64_t whole_ns = 10000000000u; /* in all */

struct lingering {
	int fd;
	uint64_t heard_ns, until_ns;
};

struct linger_room {
	pthread_mutex_t lock; /* of the arrivals */
	int arrivals[SOCKETS_MOST];
	unsigned arrival_count;
	bool stopping;
	int wake; /* eventfd */
	pthread_t thread;
	/* The thread's own. */
	struct lingering sockets[SOCKETS_MOST];
	unsigned count;
};

static bool admit_arrivals(struct linger_room *room)
{
	uint64_t now = clock_monotonic_ns(), ignored;
	bool stopping;

	if (read(room->wake, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
		return false;
	pthread_mutex_lock(&room->lock);
	for (unsigned i = 0; i < room->arrival_count; i++) {
		if (room->count == SOCKETS_MOST)
			close(room->arrivals[i]);
		else
			room->sockets[room->count++] =
				(struct lingering){.fd = room->arrivals[i], .heard_ns = now, .until_ns = now + whole_ns};
	}
	room->arrival_count = 0;
	stopping = room->stopping;
	pthread_mutex_unlock(&room->lock);
	return !stopping;
}

/* false: the client is done, or its time is up. MSG_TRUNC discards without copying (tcp(7)). */
static bool keep_listening(struct lingering *socket, bool readable, uint64_t now)
{
	if (readable) {
		ssize_t got = recv(socket->fd, NULL, DISCARD_SIZE, MSG_TRUNC | MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (got > 0)
			socket->heard_ns = now;
	}
	return now < socket->until_ns && now - socket->heard_ns < quiet_ns;
}

static void *discard(void *context)
{
	struct linger_room *room = context;
	struct pollfd polled[SOCKETS_MOST + 1];

	while (admit_arrivals(room)) {
		unsigned kept = 0;
		polled[0] = (struct pollfd){.fd = room->wake, .events = POLLIN};
		for (unsigned i = 0; i < room->count; i++)
			polled[i + 1] = (struct pollfd){.fd = room->sockets[i].fd, .events = POLLIN};
		if (poll(polled, room->count + 1, room->count ? 500 : -1) < 0 && errno != EINTR)
			break;
		uint64_t now = clock_monotonic_ns();
		for (unsigned i = 0; i < room->count; i++) {
			if (keep_listening(&room->sockets[i], polled[i + 1].revents != 0, now))
				room->sockets[kept++] = room->sockets[i];
			else
				close(room->sockets[i].fd);
		}
		room->count = kept;
	}
	return NULL;
}

struct linger_room *linger_start(void)
{
	struct linger_room *room = calloc(1, sizeof *room);

	if (!room)
		return NULL;
	room->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (room->wake < 0)
		goto fail;
	pthread_mutex_init(&room->lock, NULL);
	if (pthread_create(&room->thread, NULL, discard, room) == 0)
		return room;
	pthread_mutex_destroy(&room->lock);
	close(room->wake);

fail:
	free(room);
	return NULL;
}

static void wake(struct linger_room *room)
{
	const uint64_t one = 1;

	/* Can only fail where the counter is full, and then the thread is awake. */
	if (write(room->wake, &one, sizeof one) < 0)
		return;
}

void linger_take(struct linger_room *room, int fd)
{
	bool taken;

	pthread_mutex_lock(&room->lock);
	taken = room->arrival_count < SOCKETS_MOST;
	if (taken)
		room->arrivals[room->arrival_count++] = fd;
	pthread_mutex_unlock(&room->lock);
	if (taken)
		wake(room);
	else
		close(fd);
}

void linger_stop(struct linger_room *room)
{
	if (!room)
		return;
	pthread_mutex_lock(&room->lock);
	room->stopping = true;
	pthread_mutex_unlock(&room->lock);
	wake(room);
	pthread_join(room->thread, NULL);
	for (unsigned i = 0; i < room->count; i++)
		close(room->sockets[i].fd);
	for (unsigned i = 0; i < room->arrival_count; i++)
		close(room->arrivals[i]);
	pthread_mutex_destroy(&room->lock);
	close(room->wake);
	free(room);
}
