/* A client of raw bytes: what no well-behaved library would send. Waits at most ten seconds for
 * anything, then fails the test. */
#ifndef ROWMILL_TESTS_UNIT_HTTP_CLIENT_H
#define ROWMILL_TESTS_UNIT_HTTP_CLIENT_H

#include "support.h"

#include "base/strbuf.h"

struct client {
	int fd;
	struct strbuf in; /* received and not yet taken */
	bool closed;      /* the server has closed, or reset */
	bool cut_off;     /* it did so while we were sending */
};

struct answer {
	unsigned status;
	struct slice head, body; /* good until client_close; head with its blank line */
	char *bytes;
};

void client_open(struct client *client, uint16_t port);
void client_close(struct client *client);

void client_send(struct client *client, struct slice bytes);
void client_send_text(struct client *client, const char *text);
/* Says that nothing more will be sent. */
void client_finish(struct client *client);

/* The next response (1xx is one of its own); its body by Content-Length, none to a HEAD. Fails the test
 * if there is none. */
struct answer client_read(struct client *client);
struct answer client_read_head(struct client *client);
void answer_free(struct answer *answer);

/* All that comes until the server closes. */
struct slice client_read_all(struct client *client);
/* The server closes without another byte. */
void client_expect_close(struct client *client);
/* Nothing comes and nothing is closed within `wait_ms`. */
void client_expect_silence(struct client *client, int wait_ms);

/* A header's value; data NULL: none. */
struct slice answer_header(const struct answer *answer, const char *name);

#endif
