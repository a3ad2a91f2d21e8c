#include "http/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#include "base/banned.h"

static enum status refuse(int errno_value, const char *address, uint16_t port, struct error *err)
{
	if (errno_value == EADDRINUSE)
		return error_set(err, STATUS_EXISTS, "port-in-use",
				 "Port %u on %s is in use: stop the other program, or choose another port with --port.",
				 port, address);
	if (errno_value == EACCES)
		return error_set(err, STATUS_UNAVAILABLE, "cannot-listen",
				 "Listening on port %u of %s is not permitted: choose a port over 1023 with --port.", port,
				 address);
	if (errno_value == EADDRNOTAVAIL)
		return error_set(err, STATUS_UNAVAILABLE, "cannot-listen",
				 "%s is no address of this machine: choose another with --listen.", address);
	return error_set(err, STATUS_UNAVAILABLE, "cannot-listen", "Listening on port %u of %s failed: %s.", port,
			 address, strerror(errno_value));
}

/* A socket that has the address and does not listen yet. */
static enum status bind_socket(const char *address, uint16_t port, int *bound, struct error *err)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	enum status status = STATUS_OK;
	char service[8];
	int fd = -1, on = 1, off = 0;

	snprintf(service, sizeof service, "%u", port);
	if (getaddrinfo(address, service, &hints, &found) != 0)
		return error_set(err, STATUS_INVALID, "cannot-listen",
				 "\"%s\" is no IPv4 or IPv6 address: give one with --listen, such as 127.0.0.1.", address);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    (found->ai_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
	    bind(fd, found->ai_addr, found->ai_addrlen) != 0) {
		status = refuse(errno, address, port, err);
		if (fd >= 0)
			close(fd);
		goto cleanup;
	}
	*bound = fd;

cleanup:
	freeaddrinfo(found);
	return status;
}

enum status listener_open(const char *address, uint16_t port, int *listener, struct error *err)
{
	int fd;
	enum status status = bind_socket(address, port, &fd, err);

	if (status != STATUS_OK)
		return status;
	if (listen(fd, SOMAXCONN) != 0) {
		status = refuse(errno, address, port, err);
		close(fd);
		return status;
	}
	*listener = fd;
	return STATUS_OK;
}

enum status listener_try(const char *address, uint16_t port, struct error *err)
{
	int fd;
	enum status status = bind_socket(address, port, &fd, err);

	if (status == STATUS_OK)
		close(fd);
	return status;
}

uint16_t listener_port(int listener)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;

	if (getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}
