#include "http/framing.h"

#include "base/banned.h"

#define FAULT(status_, detail_) ((struct http_fault){(status_), (detail_)})

static const struct http_fault no_fault;

bool is_token(struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter_or_digit && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return text.size > 0;
}

static bool has_control(struct slice text, bool tab_is_fine)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if ((c < 0x20 || c == 0x7F) && !(c == '\t' && tab_is_fine))
			return true;
	}
	return false;
}

/* The only header so named, *count of them in all. */
static const struct http_header *find_counted(const struct http_head *head, const char *name,
					      size_t *count)
{
	const struct http_header *first = NULL;

	*count = 0;
	for (size_t i = 0; i < head->header_count; i++) {
		if (!slice_equal_ignoring_ascii_case(head->headers[i].name, slice_of_string(name)))
			continue;
		if (++*count == 1)
			first = &head->headers[i];
	}
	return first;
}

const struct http_header *head_find(const struct http_head *head, const char *name)
{
	size_t count;

	return find_counted(head, name, &count);
}

static struct http_fault check_first_line(const struct http_head *head)
{
	struct slice target = head->target;

	if (!is_token(head->method))
		return FAULT(400, "The request's method is not a token.");
	if (target.size == 0 || has_control(target, false) || memchr(target.data, ' ', target.size))
		return FAULT(400, "The request's target holds a space or a control character.");
	if (target.data[0] == '/')
		return no_fault;
	if (slice_is(target, "*") && slice_is(head->method, "OPTIONS"))
		return no_fault;
	if (slice_starts_with(target, SLICE("http://")) || slice_starts_with(target, SLICE("https://")))
		return no_fault;
	return FAULT(400, "The request's target does not begin with a slash.");
}

static struct http_fault check_fields(const struct http_head *head)
{
	for (size_t i = 0; i < head->header_count; i++) {
		if (!is_token(head->headers[i].name))
			return FAULT(400, "A header's name is not a token; white space before the colon is not allowed.");
		if (has_control(head->headers[i].value, true))
			return FAULT(400, "A header's value holds a control character.");
	}
	return no_fault;
}

static struct http_fault check_host(const struct http_head *head)
{
	size_t count;
	const struct http_header *host = find_counted(head, "Host", &count);

	if (count > 1)
		return FAULT(400, "The request has more than one Host header.");
	if (!host)
		return head->version_1_0 ? no_fault : FAULT(400, "The request has no Host header.");
	for (size_t i = 0; i < host->value.size; i++)
		if (strchr(" \t,/\\@?#", host->value.data[i]))
			return FAULT(400, "The Host header is not a host and a port.");
	return no_fault;
}

static bool parse_length(struct slice text, uint64_t *length)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (unsigned)(text.data[i] - '0'), &value))
			return false;
	}
	*length = value;
	return text.size > 0;
}

static struct http_fault check_body(const struct http_head *head, struct http_framing *framing)
{
	size_t lengths, codings;
	const struct http_header *length = find_counted(head, "Content-Length", &lengths);
	const struct http_header *coding = find_counted(head, "Transfer-Encoding", &codings);

	if (lengths > 1)
		return FAULT(400, "The request has more than one Content-Length header.");
	if (length && coding)
		return FAULT(400, "The request has both a Content-Length and a Transfer-Encoding header.");
	if (length && !parse_length(length->value, &framing->content_length))
		return FAULT(400, "The Content-Length header is not a decimal number.");
	if (!coding)
		return no_fault;
	if (head->version_1_0)
		return FAULT(400, "HTTP/1.0 has no Transfer-Encoding.");
	if (codings > 1 || !slice_equal_ignoring_ascii_case(coding->value, SLICE("chunked")))
		return FAULT(501, "The only Transfer-Encoding that is understood is chunked.");
	framing->chunked = true;
	return no_fault;
}

struct http_fault framing_check(const struct http_head *head, struct http_framing *framing)
{
	struct http_fault fault;

	*framing = (struct http_framing){0};
	fault = check_first_line(head);
	if (!fault.status)
		fault = check_fields(head);
	if (!fault.status)
		fault = check_host(head);
	if (!fault.status)
		fault = check_body(head, framing);
	return fault;
}
