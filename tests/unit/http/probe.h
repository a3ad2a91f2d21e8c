/* A server under test, whose callbacks count what happens and do what the path says:
 *
 *	/echo     answers 200 with the body
 *	/big      answers 200 with a megabyte
 *	/early    on_headers answers 403
 *	/cap      on_body answers 413 beyond 100 bytes
 *	/wait     on_request waits for probe_let_go()
 *	/stream   streams 300 pieces of 10,000 bytes, of 'a', 'b', … in turn
 *	/endless  streams 10,000-byte pieces without an end
 *	/broken   streams one piece and breaks off
 *	/pause    streams "one", pauses for a minute, streams "two" and ends
 *	/nap      the same with a pause of a millisecond
 *	others    200 with "METHOD path name=value&…" of the decoded parameters
 *
 * A refusal is answered with its detail. */
#ifndef ROWMILL_TESTS_UNIT_HTTP_PROBE_H
#define ROWMILL_TESTS_UNIT_HTTP_PROBE_H

#include "client.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "http/server.h"

struct probe {
	struct http_server *server;
	sem_t go;
	atomic_uint announced, asked, working, done, refused, pieces, closed;
};

void probe_start(struct probe *probe, const struct http_config *config); /* NULL: all default */
void probe_stop(struct probe *probe, unsigned grace_ms);
void probe_let_go(struct probe *probe, unsigned count);
void probe_connect(const struct probe *probe, struct client *client);

/* Waits until the counter has that value, at most ten seconds; fails the test otherwise. */
void expect_count_at(atomic_uint *counter, unsigned count, const char *file, int line);
#define expect_count(counter_, count_) expect_count_at((counter_), (count_), __FILE__, __LINE__)

#endif
