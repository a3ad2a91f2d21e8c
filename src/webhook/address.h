/* Which addresses a webhook may reach: those of the public internet. An upload's sender, or whoever may set
 * a URL, is not to make this server knock at doors of the network that it stands in.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_WEBHOOK_ADDRESS_H
#define ROWMILL_WEBHOOK_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether it is a global unicast address by the IANA special-purpose registries. IPv4 addresses within IPv6
 * ones (mapped, translated, tunnelled) are judged as what they lead to. Any other family is not. */
bool address_is_public(const struct sockaddr *address);

#endif
