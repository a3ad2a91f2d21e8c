/* The listening socket. */
#ifndef ROWMILL_HTTP_LISTENER_H
#define ROWMILL_HTTP_LISTENER_H

#include <stdint.h>

#include "base/status.h"

/* A listening, non-blocking socket on a numeric address; "::" takes IPv4 as well. Errors:
 * "port-in-use" (STATUS_EXISTS) and "cannot-listen" (STATUS_INVALID for what is no address,
 * else STATUS_UNAVAILABLE), with the remedy. */
enum status listener_open(const char *address, uint16_t port, int *listener, struct error *err);

/* Whether it could be opened now, with the same errors. Nobody can connect. */
enum status listener_try(const char *address, uint16_t port, struct error *err);

uint16_t listener_port(int listener);

#endif
