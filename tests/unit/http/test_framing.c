/* Requests with two readings: refused, answered where that is possible, and the connection closed.
 * First our own cases over a running server, then llhttp's. */
#include "probe.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base64.h"

static struct probe probe;

static int start(void **state)
{
	(void)state;
	probe_start(&probe, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	probe_stop(&probe, 1000);
	return 0;
}

#define BEHIND "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

/* The answer to the first request; nothing behind it may be answered. 0: closed without an answer. */
static unsigned ask_and_expect_close(struct slice request, const char *name)
{
	struct client client;
	unsigned status = 0;

	probe_connect(&probe, &client);
	client_send(&client, request);
	client_send_text(&client, BEHIND);
	client_finish(&client);
	struct slice all = client_read_all(&client);
	if (all.size > 12)
		status = (unsigned)strtoul(all.data + 9, NULL, 10);
	if (strstr(client.in.data, "/smuggled"))
		fail_msg("%s: the bytes behind it were taken for a request", name);
	client_close(&client);
	return status;
}

static void two_readings_are_refused_and_the_connection_closed(void **state)
{
	static const struct {
		unsigned status;
		const char *request;
	} cases[] = {
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
		/* lengths */
		{400, POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
		{400, POST "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"},
		{400, POST "Content-Length: 3, 3\r\n\r\nabc"},
		{400, POST "Content-Length: +3\r\n\r\nabc"},
		{400, POST "Content-Length: -3\r\n\r\nabc"},
		{400, POST "Content-Length: 0x3\r\n\r\nabc"},
		{400, POST "Content-Length: 3 3\r\n\r\nabc"},
		{400, POST "Content-Length: \r\n\r\nabc"},
		{413, POST "Content-Length: 18446744073709551617\r\n\r\nabc"},
		{400, POST "Content-Length : 3\r\n\r\nabc"},
		{400, POST "Content-Length\t: 3\r\n\r\nabc"},
		/* transfer coding */
		{400, POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{400, POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
		{501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{501, POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
		{501, POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{501, POST "Transfer-Encoding: identity\r\n\r\nabc"},
		{501, POST "Transfer-Encoding: xchunked\r\n\r\nabc"},
		{501, POST "Transfer-Encoding: \r\n\r\nabc"},
		{400, POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
		{400, POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n"},
		{400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		/* chunks */
		{400, POST "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n"},
		{400, POST "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n"},
		{400, POST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"},
		{400, POST "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n"},
		{400, POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"},
		{400, POST "Transfer-Encoding: chunked\r\n\r\n3\r\r\nabc\r\n0\r\n\r\n"},
		{413, POST "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n"},
		/* header names and lines */
		{400, POST "X Y: 1\r\n\r\n"},
		{400, POST ": 1\r\n\r\n"},
		{400, POST "X\x01: 1\r\n\r\n"},
		{400, POST "X\xC3\xA4: 1\r\n\r\n"},
		{400, POST "X: a\rContent-Length: 3\r\n\r\n"},
		{400, POST "X: a\x7F\r\n\r\n"},
		{400, POST "No colon\r\n\r\n"},
		{400, POST " X: leading\r\n\r\n"},
		{400, "POST / HTTP/1.1\r\n Host: a\r\n\r\n"},
		{400, POST "X: a\r\n folded\r\n\r\n"},
		{400, POST "X: a\r\n\tfolded\r\n\r\n"},
		{400, POST "Content-: 3\r\n Length\r\n\r\nabc"},
		{400, POST "Transfer-: chunked\r\n Encoding\r\n\r\n0\r\n\r\n"},
		{400, POST "X: a\r\n Content-Length: 3\r\n\r\nabc"},
		{400, POST "X: a\nContent-Length: 3\r\n\r\nabc"},
		{400, POST "X: a\n\r\n"},
		{400, POST "X: a\r\n\n"},
		{400, "POST / HTTP/1.1\nHost: a\r\n\r\n"},
		/* Host */
		{400, "GET / HTTP/1.1\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
		{400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: x@a\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
		{400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"},
		/* the first line */
		{400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
		{400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
		{400, "GET /\r\nHost: a\r\n\r\n"},
		{505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
#undef POST
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned status = ask_and_expect_close(slice_of_string(cases[i].request), cases[i].request);
		if (status != cases[i].status)
			fail_msg("\"%s\" got %u and not %u", cases[i].request, status, cases[i].status);
	}
}

static void a_nul_in_the_head_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ask_and_expect_close(SLICE("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"), "target"), 400);
	assert_int_equal(ask_and_expect_close(SLICE("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), "Host"), 400);
	assert_int_equal(ask_and_expect_close(SLICE("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\nY: c\r\n\r\n"), "value"), 400);
	assert_int_equal(ask_and_expect_close(SLICE("GET / HTTP/1.1\r\nHost: a\r\nX\0Y: c\r\n\r\n"), "name"), 400);
	assert_int_equal(ask_and_expect_close(SLICE("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n"), "method"), 400);
}

static void what_has_one_reading_is_taken(void **state)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nhost:a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost:\t \ta:8000\r\nX:\r\nY:  \r\nZ: \xC3\xA4\ta  \r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
		"GET http://a/x HTTP/1.1\r\nHost: A\r\n\r\n",
		"GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 003\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n0\r\nX: y\r\n\r\n",
		"GET /?caf\xC3\xA9#fragment HTTP/1.1\r\nHost: a\r\nCookie: a=b; c=d\r\nContent-Length: 0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		struct client client;
		probe_connect(&probe, &client);
		client_send_text(&client, requests[i]);
		struct answer answer = client_read(&client);
		if (answer.status != 200)
			fail_msg("\"%s\" got %u: %.*s", requests[i], answer.status, SLICE_ARG(answer.body));
		answer_free(&answer);
		client_close(&client);
	}
}

static void refusals_are_answered_by_the_callback(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Request-Id: mine\r\n\r\n");
	struct answer answer = client_read(&client);
	assert_int_equal(answer.status, 400);
	assert_slice(answer.body, "The request has more than one Host header.");
	assert_slice(answer_header(&answer, "X-Request-Id"), "mine");
	assert_slice(answer_header(&answer, "Connection"), "close");
	answer_free(&answer);
	client_close(&client);
	assert_int_equal(atomic_load(&probe.refused), 1);
	assert_int_equal(atomic_load(&probe.announced), 0);
}

/* A head of `size` bytes in `count` headers besides Host. */
static struct answer ask_with_head(size_t size, size_t count)
{
	struct strbuf request;
	struct client client;

	strbuf_init(&request, 1 << 20);
	strbuf_add_string(&request, "GET /?x=1&y=2 HTTP/1.1\r\nHost: a\r\n");
	for (size_t i = 0; i + 1 < count; i++)
		strbuf_add_format(&request, "X-%zu: v\r\n", i);
	if (count)
		strbuf_add_string(&request, "Last: ");
	while (request.size + 4 < size)
		strbuf_add_byte(&request, 'v');
	strbuf_add_string(&request, count ? "\r\n\r\n" : "\r\n");
	probe_connect(&probe, &client);
	/* In two pieces, so that the library's buffer grows between them. */
	client_send(&client, slice_of(request.data, request.size / 2));
	usleep(1000);
	client_send(&client, slice_of(request.data + request.size / 2, request.size - request.size / 2));
	struct answer answer = client_read(&client);
	client_close(&client);
	strbuf_release(&request);
	return answer;
}

static void heads_are_taken_up_to_their_limits(void **state)
{
	(void)state;
	for (size_t size = 100; size <= 8192; size += 289) {
		struct answer answer = ask_with_head(size, size / 200 + 1);
		if (answer.status != 200)
			fail_msg("a head of %zu bytes got %u: %.*s", size, answer.status, SLICE_ARG(answer.body));
		answer_free(&answer);
	}
	static const struct {
		size_t size, count;
		unsigned status;
	} cases[] = {{8192, 10, 200}, {8193, 10, 431}, {12000, 10, 431}, {100000, 10, 431}, {0, 99, 200}, {0, 100, 431}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct answer answer = ask_with_head(cases[i].size, cases[i].count);
		if (answer.status != cases[i].status)
			fail_msg("%zu bytes in %zu headers got %u", cases[i].size, cases[i].count, answer.status);
		answer_free(&answer);
	}
}

/* ---- llhttp's cases ---- */

/* Refused there and taken here, or the other way round. */
static const struct {
	const char *name;
	const char *why;
} differences[] = {
	/* taken here */
	{"No restart when keep-alive is off (1.0)", "what follows the last request of a connection is not read"},
	{"Setting a flag and pausing", "an upgrade that is asked for is not a fault; it is not made"},
	{"Emitting part of body and pausing", "the same"},
	{"HTTP protocol and ANNOUNCE method", "which methods there are is for the routes to say"},
	{"Invalid method", "the same"},
	{"Unbalanced chunk extensions quoting", "chunk extensions are skipped unread (KNOWN_LIMITS)"},
	{"No extension after semicolon", "the same"},
	{"Disallow UTF-8 in URI path in strict mode", "curl sends a URL as it was typed"},
	/* refused here */
	{"Spaces in `Content-Length` (surrounding)", "the library knows no white space behind a value (KNOWN_LIMITS)"},
	{"Tabs in `Content-Length` (surrounding)", "the same"},
	{"M-SEARCH request", "* is for OPTIONS"},
	{"SOURCE request with ICE", "a protocol that is not HTTP"},
	{"OPTIONS request with RTSP", "the same"},
	{"ANNOUNCE request with RTSP", "the same"},
	{"No HTTP version", "the same: HTTP/0.9"},
	{"POST with `chunked` as last transfer-encoding", "the only coding is chunked"},
	{"POST with `chunked` as last transfer-encoding (multiple headers)", "the same"},
	{"Host terminated by a query string", "the target names another host than Host"},
	{"`host:port` terminated by a query string", "the same"},
	{"`host:port` terminated by a space", "the same"},
	{"`host:port` and basic auth", "the same"},
	{"Parsing and setting flag", "the case ends before its body"},
	{"Content-Length reset when no body is received", "the same"},
};

static const char *find_difference(const char *name)
{
	for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
		if (strcmp(differences[i].name, name) == 0)
			return differences[i].why;
	return NULL;
}

static bool has_host(struct slice request)
{
	for (size_t i = 0; i + 6 < request.size; i++)
		if (request.data[i] == '\n' &&
		    slice_equal_ignoring_ascii_case(slice_of(request.data + i + 1, 4), SLICE("Host")))
			return true;
	return false;
}

/* The cases say nothing of Host and mostly end before the head does: both are added, so that a case
 * is judged by what it is about. */
static void complete(struct slice request, struct strbuf *out)
{
	size_t start = strspn(request.data, "\r\n");
	const char *line_end = memmem(request.data + start, request.size - start, "\r\n", 2);
	size_t first = line_end ? (size_t)(line_end - request.data) : request.size;

	strbuf_add(out, request.data, first);
	if (line_end && !has_host(request))
		strbuf_add_string(out, "\r\nHost: a");
	strbuf_add(out, request.data + first, request.size - first);
	strbuf_add_string(out, "\r\n\r\n");
}

/* A good case is judged by its first request, since those behind it have no Host; a bad one by all. */
static bool is_answered_well(struct slice request, bool first_only)
{
	struct client client;
	bool well;

	probe_connect(&probe, &client);
	client_send(&client, request);
	client_finish(&client);
	struct slice all = client_read_all(&client);
	well = all.size > 0;
	for (const char *at = all.data; (at = strstr(at, "HTTP/1.1 ")) != NULL; at += 9) {
		well = well && at[9] == '2';
		if (first_only)
			break;
	}
	client_close(&client);
	return well;
}

static void the_cases_of_llhttp_are_taken_or_refused_as_decided(void **state)
{
	json_error_t error;
	json_t *cases = json_load_file(shared_path("corpus/http-llhttp/cases.json"), 0, &error);
	size_t refused = 0, taken = 0, differing = 0;

	(void)state;
	assert_non_null(cases);
	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *test = json_array_get(cases, i);
		const char *name = json_string_value(json_object_get(test, "name"));
		/* Its lenient modes are for other people's faults. */
		if (strcmp(json_string_value(json_object_get(test, "mode")), "request") != 0)
			continue;
		char *block = NULL;
		struct slice request = base64_decode(json_string_value(json_object_get(test, "request_base64")), &block);
		struct strbuf completed;
		strbuf_init(&completed, 1 << 20);
		complete(request, &completed);
		bool wanted = json_is_null(json_object_get(test, "error"));
		bool well = is_answered_well(strbuf_slice(&completed), wanted);
		const char *why = find_difference(name);
		if ((well != wanted) != (why != NULL))
			fail_msg("%s was %s (%s)", name, well ? "taken" : "refused", why ? why : "not as llhttp does");
		differing += why != NULL;
		taken += !why && well;
		refused += !why && !well;
		strbuf_release(&completed);
		free(block);
	}
	print_message("# llhttp: %zu cases refused, %zu taken, %zu decided otherwise\n", refused, taken, differing);
	json_decref(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_readings_are_refused_and_the_connection_closed, start, stop),
		cmocka_unit_test_setup_teardown(a_nul_in_the_head_is_refused, start, stop),
		cmocka_unit_test_setup_teardown(what_has_one_reading_is_taken, start, stop),
		cmocka_unit_test_setup_teardown(refusals_are_answered_by_the_callback, start, stop),
		cmocka_unit_test_setup_teardown(heads_are_taken_up_to_their_limits, start, stop),
		cmocka_unit_test_setup_teardown(the_cases_of_llhttp_are_taken_or_refused_as_decided, start, stop),
	};

	return cmocka_run_group_tests_name("framing", tests, NULL, NULL);
}
