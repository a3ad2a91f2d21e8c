/* Connections that are answered while the client still sends.
 *
 * Closing a socket with bytes unread makes the kernel send a reset: the client's next send fails, and on
 * some systems what it has not read yet is lost, the answer with it. So a duplicate of the socket is
 * handed over here and kept open, and what arrives is thrown away until the client is done or its
 * time is up (RFC 9112 section 9.6 asks for this).
 *
 * Threads: linger_take from any thread; start and stop from one. */
#ifndef ROWMILL_HTTP_LINGER_H
#define ROWMILL_HTTP_LINGER_H

struct linger_room;

struct linger_room *linger_start(void); /* NULL: no memory, no thread or no descriptor */

/* Takes the descriptor over. With too many there already it is closed at once. */
void linger_take(struct linger_room *room, int fd);

/* Closes all and frees. NULL is fine. */
void linger_stop(struct linger_room *room);

#endif
