/* A web page can make a browser post to localhost without asking anyone. What tells such a
 * request from the user's own is the Origin that browsers add, and, where a foreign name was
 * made to resolve to this machine (DNS rebinding), the Host. */
#include "api/internal.h"

#include <arpa/inet.h>

#include "base/banned.h"

/* The name in "name:port", "[::1]:port" or either without a port. */
static struct slice host_name(struct slice host)
{
	if (host.size && host.data[0] == '[') {
		size_t end = slice_find(host, ']', 0);
		return end < host.size ? slice_of(host.data + 1, end - 1) : (struct slice){NULL, 0};
	}
	return slice_of(host.data, slice_find(host, ':', 0));
}

/* 0: no address; 4 or 6: an address in `bytes`. */
static int parse_address(struct slice name, unsigned char bytes[16])
{
	char text[64];

	if (name.size == 0 || name.size >= sizeof text)
		return 0;
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	if (strlen(text) != name.size)
		return 0;
	if (inet_pton(AF_INET, text, bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, text, bytes) == 1 ? 6 : 0;
}

static bool is_loopback(int family, const unsigned char bytes[16])
{
	static const unsigned char loopback6[16] = {[15] = 1};

	return family == 4 ? bytes[0] == 127 : memcmp(bytes, loopback6, sizeof loopback6) == 0;
}

static bool is_wildcard(int family, const unsigned char bytes[16])
{
	static const unsigned char zeros[16];

	return memcmp(bytes, zeros, family == 4 ? 4 : 16) == 0;
}

static bool is_own_host(const struct api *api, struct slice host)
{
	unsigned char own[16] = {0}, asked[16] = {0};
	struct slice name = host_name(host);
	int own_family = parse_address(slice_of_string(api->config.listen), own);
	int asked_family = parse_address(name, asked);

	for (const char *const *more = api->config.allowed_hosts; more && *more; more++)
		if (slice_equal_ignoring_ascii_case(name, slice_of_string(*more)))
			return true;
	if (slice_equal_ignoring_ascii_case(name, SLICE("localhost")))
		return is_loopback(own_family, own) || is_wildcard(own_family, own);
	if (!asked_family)
		return false;
	/* An address in the Host cannot have been rebound: names can. */
	if (is_wildcard(own_family, own))
		return true;
	if (is_loopback(own_family, own))
		return is_loopback(asked_family, asked);
	return own_family == asked_family && memcmp(own, asked, own_family == 4 ? 4 : 16) == 0;
}

/* "http://" or "https://" (a proxy may add TLS) and then exactly the Host. */
static bool is_own_origin(struct slice origin, struct slice host)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < 2; i++) {
		struct slice scheme = slice_of_string(schemes[i]);
		if (slice_starts_with(origin, scheme) &&
		    slice_equal_ignoring_ascii_case(
			    slice_of(origin.data + scheme.size, origin.size - scheme.size), host))
			return true;
	}
	return false;
}

bool guard_check(const struct api *api, struct http_request *request,
		 struct http_response *response)
{
	struct slice host = http_request_header(request, "Host");
	struct slice origin = http_request_header(request, "Origin");

	if (!host.data || !is_own_host(api, host)) {
		problem_respond(request, response, 403, "foreign-host",
				"the Host header names another server; use the address that this one "
				"listens on, or start it with --allow-host NAME");
		return false;
	}
	if (origin.data && !is_own_origin(origin, host)) {
		problem_respond(request, response, 403, "foreign-origin",
				"a page of another origin may not use this server");
		return false;
	}
	return true;
}
