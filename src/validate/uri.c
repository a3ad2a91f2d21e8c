#include "validate/uri.h"

#include "base/banned.h"

static const char no_scheme[] =
	"The address does not begin with a scheme. Write it whole, like https://example.com/page.";
static const char bad_character[] =
	"A character in the address is not allowed in a URI. Write it percent-encoded, like %20 for a space.";
static const char bad_percent[] =
	"A % in the address is not followed by two hexadecimal digits. Write %25 for the sign itself.";
static const char bad_host[] = "The host in the address is none. Write it like https://example.com/page.";
static const char bad_port[] = "The port in the address is no number. Write it like https://example.com:8080/.";

static bool is_letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Unreserved characters and sub-delims; `also` are further ones. */
static bool is_allowed(char c, const char *also)
{
	return is_letter(c) || is_digit(c) || (c && (strchr("-._~!$&'()*+,;=", c) || strchr(also, c)));
}

static const char *check_characters(struct slice text, const char *also)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '%') {
			if (i + 2 >= text.size || !is_hex(text.data[i + 1]) || !is_hex(text.data[i + 2]))
				return bad_percent;
			i += 2;
		} else if (!is_allowed(text.data[i], also)) {
			return bad_character;
		}
	}
	return NULL;
}

static const char *check_port(struct slice port)
{
	for (size_t i = 0; i < port.size; i++)
		if (!is_digit(port.data[i]))
			return bad_port;
	return NULL;
}

/* [v6] or a later IP literal, by its characters. */
static const char *check_literal(struct slice host, struct slice *port)
{
	size_t end = slice_find(host, ']', 0);

	*port = slice_of("", 0);
	if (end == host.size || end < 3)
		return bad_host;
	for (size_t i = 1; i < end; i++)
		if (!is_hex(host.data[i]) && host.data[i] != ':' && host.data[i] != '.')
			return bad_host;
	if (end + 1 == host.size)
		return NULL;
	if (host.data[end + 1] != ':')
		return bad_host;
	*port = slice_of(host.data + end + 2, host.size - end - 2);
	return NULL;
}

static const char *check_authority(struct slice authority)
{
	const char *at = authority.size ? memrchr(authority.data, '@', authority.size) : NULL;
	size_t user_size = at ? (size_t)(at - authority.data) : 0, skip = at ? user_size + 1 : 0;
	struct slice host = slice_of(authority.data + skip, authority.size - skip);
	struct slice port = slice_of("", 0);
	const char *fault = check_characters(slice_of(authority.data, user_size), ":");

	if (fault)
		return fault;
	if (host.size && host.data[0] == '[') {
		fault = check_literal(host, &port);
	} else {
		size_t colon = slice_find(host, ':', 0);
		if (colon < host.size)
			port = slice_of(host.data + colon + 1, host.size - colon - 1);
		fault = check_characters(slice_of(host.data, colon), "");
	}
	return fault ? fault : check_port(port);
}

static size_t scheme_size(struct slice text)
{
	size_t size = 0;

	if (!text.size || !is_letter(text.data[0]))
		return 0;
	while (size < text.size && (is_letter(text.data[size]) || is_digit(text.data[size]) ||
				    text.data[size] == '+' || text.data[size] == '-' || text.data[size] == '.'))
		size++;
	return size < text.size && text.data[size] == ':' ? size : 0;
}

/* Schemes whose addresses are of no use without a host. */
static bool wants_host(struct slice scheme)
{
	return slice_equal_ignoring_ascii_case(scheme, SLICE("http")) ||
	       slice_equal_ignoring_ascii_case(scheme, SLICE("https")) ||
	       slice_equal_ignoring_ascii_case(scheme, SLICE("ftp"));
}

const char *uri_fault(struct slice text)
{
	size_t scheme = scheme_size(text);
	struct slice rest;
	const char *fault = NULL;

	if (!scheme)
		return no_scheme;
	rest = slice_of(text.data + scheme + 1, text.size - scheme - 1);
	size_t hash = slice_find(rest, '#', 0);
	if (hash < rest.size)
		fault = check_characters(slice_of(rest.data + hash + 1, rest.size - hash - 1), ":@/?");
	rest.size = hash;
	bool has_authority = slice_starts_with(rest, SLICE("//"));
	size_t end = 2;
	while (has_authority && end < rest.size && rest.data[end] != '/' && rest.data[end] != '?')
		end++;
	if (!fault && has_authority)
		fault = check_authority(slice_of(rest.data + 2, end - 2));
	if (!fault && wants_host(slice_of(text.data, scheme)) && (!has_authority || end == 2))
		fault = bad_host;
	if (fault)
		return fault;
	return has_authority ? check_characters(slice_of(rest.data + end, rest.size - end), ":@/?")
			     : check_characters(rest, ":@/?");
}
