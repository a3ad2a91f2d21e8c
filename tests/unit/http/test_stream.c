/* Bodies that are made while they are sent, over raw sockets. */
#include "probe.h"

#include <stdlib.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"
#define CLOSE "Connection: close\r\n"

enum { PIECE = 10000, PIECES = 300 };

static struct probe probe;

static int start_default(void **state)
{
	(void)state;
	probe_start(&probe, NULL);
	return 0;
}

static int start_one_worker(void **state)
{
	const struct http_config config = {.workers = 1, .queue_limit = 4};

	(void)state;
	probe_start(&probe, &config);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (probe.server)
		probe_stop(&probe, 1000);
	return 0;
}

static void send_get(struct client *client, const char *request)
{
	probe_connect(&probe, client);
	client_send_text(client, request);
}

/* Takes chunks (RFC 9112 section 7.1) off the front of `in`; false: it ends without the last one. */
static bool take_chunks(struct slice *in, struct strbuf *body)
{
	for (;;) {
		size_t end = slice_find(*in, '\n', 0);
		if (end == in->size)
			return false;
		size_t size = strtoul(in->data, NULL, 16);
		if (in->size < end + 1 + size + 2)
			return false;
		strbuf_add(body, in->data + end + 1, size);
		*in = slice_of(in->data + end + 1 + size + 2, in->size - end - 1 - size - 2);
		if (!size)
			return true;
	}
}

/* Reads until the server closes; the body of the first answer, and what follows it. */
static struct slice read_stream(struct client *client, struct strbuf *body, bool *complete)
{
	struct slice all = client_read_all(client);
	const char *blank = strstr(all.data, "\r\n\r\n");

	assert_non_null(blank);
	assert_non_null(strstr(all.data, "Transfer-Encoding: chunked"));
	size_t head = (size_t)(blank - all.data) + 4;
	struct slice rest = slice_of(all.data + head, all.size - head);
	strbuf_init(body, 64 << 20);
	*complete = take_chunks(&rest, body);
	return rest;
}

static void expect_all_pieces(struct slice body)
{
	assert_int_equal(body.size, (size_t)PIECE * PIECES);
	for (size_t i = 0; i < body.size; i++)
		if (body.data[i] != 'a' + (char)(i / PIECE % 26))
			fail_msg("byte %zu of the stream is %d", i, body.data[i]);
}

static void every_piece_arrives_in_order(void **state)
{
	struct client client;
	struct strbuf body;
	bool complete;

	(void)state;
	send_get(&client, "GET /stream HTTP/1.1\r\n" HOST CLOSE "\r\n");
	read_stream(&client, &body, &complete);
	assert_true(complete);
	expect_all_pieces(strbuf_slice(&body));
	strbuf_release(&body);
	client_close(&client);
	assert_int_equal(atomic_load(&probe.closed), 1);
}

static void the_connection_is_kept_behind_a_stream(void **state)
{
	struct client client;
	struct strbuf body;
	bool complete;

	(void)state;
	send_get(&client, "GET /nap HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST CLOSE "\r\n");
	struct slice rest = read_stream(&client, &body, &complete);
	assert_true(complete);
	assert_slice(strbuf_slice(&body), "onetwo");
	assert_non_null(strstr(rest.data, "GET /next"));
	strbuf_release(&body);
	client_close(&client);
}

static void an_old_client_gets_it_without_chunks(void **state)
{
	struct client client;

	(void)state;
	send_get(&client, "GET /stream HTTP/1.0\r\n" HOST "\r\n");
	struct slice all = client_read_all(&client);
	const char *blank = strstr(all.data, "\r\n\r\n");
	assert_non_null(blank);
	size_t head = (size_t)(blank - all.data) + 4;
	expect_all_pieces(slice_of(all.data + head, all.size - head));
	client_close(&client);
}

static void a_client_that_sends_no_more_still_gets_all(void **state)
{
	struct client client;
	struct strbuf body;
	bool complete;

	(void)state;
	send_get(&client, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	client_finish(&client);
	read_stream(&client, &body, &complete);
	assert_true(complete);
	expect_all_pieces(strbuf_slice(&body));
	strbuf_release(&body);
	client_close(&client);
}

static void a_stream_that_breaks_off_has_no_last_chunk(void **state)
{
	struct client client;
	struct strbuf body;
	bool complete;

	(void)state;
	send_get(&client, "GET /broken HTTP/1.1\r\n" HOST "\r\n");
	read_stream(&client, &body, &complete);
	assert_false(complete);
	assert_int_equal(body.size, PIECE);
	strbuf_release(&body);
	client_close(&client);
}

static void head_makes_no_piece(void **state)
{
	struct client client;

	(void)state;
	send_get(&client, "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
	struct answer answer = client_read_head(&client);
	assert_int_equal(answer.status, 200);
	answer_free(&answer);
	expect_count(&probe.closed, 1);
	assert_int_equal(atomic_load(&probe.pieces), 0);
	client_close(&client);
}

static void a_client_that_goes_away_ends_the_stream(void **state)
{
	struct client client;

	(void)state;
	send_get(&client, "GET /endless HTTP/1.1\r\n" HOST "\r\n");
	struct answer answer = client_read_head(&client);
	answer_free(&answer);
	client_close(&client);
	expect_count(&probe.closed, 1);
	expect_count(&probe.done, 1);
}

static void a_client_that_reads_nothing_holds_no_worker(void **state)
{
	struct client slow[3], quick;

	(void)state;
	for (int i = 0; i < 3; i++)
		send_get(&slow[i], "GET /endless HTTP/1.1\r\n" HOST "\r\n");
	for (unsigned before = 1, now = 0; before != now;) {
		before = atomic_load(&probe.pieces);
		usleep(100000);
		now = atomic_load(&probe.pieces);
	}
	send_get(&quick, "GET /quick HTTP/1.1\r\n" HOST "\r\n");
	struct answer answer = client_read(&quick);
	assert_slice(answer.body, "GET /quick");
	answer_free(&answer);
	client_close(&quick);
	for (int i = 0; i < 3; i++)
		client_close(&slow[i]);
}

static void pauses_hold_no_worker_and_end_when_woken(void **state)
{
	enum { COUNT = 20 };
	struct client clients[COUNT], quick;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		send_get(&clients[i], "GET /pause HTTP/1.1\r\n" HOST CLOSE "\r\n");
		expect_count(&probe.pieces, (unsigned)i + 1);
	}
	send_get(&quick, "GET /quick HTTP/1.1\r\n" HOST "\r\n");
	struct answer answer = client_read(&quick);
	assert_slice(answer.body, "GET /quick");
	answer_free(&answer);
	client_close(&quick);
	/* More than the queue holds; also one that is not yet at rest. */
	http_server_wake_streams(probe.server);
	for (int i = 0; i < COUNT; i++) {
		assert_non_null(strstr(client_read_all(&clients[i]).data, "two"));
		client_close(&clients[i]);
	}
	expect_count(&probe.closed, COUNT);
}

static void stopping_ends_pauses_in_good_order(void **state)
{
	struct client client;
	struct strbuf body;
	bool complete;

	(void)state;
	send_get(&client, "GET /pause HTTP/1.1\r\n" HOST "\r\n");
	expect_count(&probe.pieces, 1);
	probe_stop(&probe, 20000);
	read_stream(&client, &body, &complete);
	assert_true(complete);
	assert_slice(strbuf_slice(&body), "one");
	strbuf_release(&body);
	client_close(&client);
	assert_int_equal(atomic_load(&probe.closed), 1);
}

static void stopping_cuts_off_what_goes_on(void **state)
{
	struct client clients[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		send_get(&clients[i], i % 2 ? "GET /pause HTTP/1.1\r\n" HOST "\r\n" : "GET /endless HTTP/1.1\r\n" HOST "\r\n");
	expect_count(&probe.asked, 10);
	probe_stop(&probe, 50);
	assert_int_equal(atomic_load(&probe.closed), 10);
	for (int i = 0; i < 10; i++)
		client_close(&clients[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define stream_test(f) cmocka_unit_test_setup_teardown(f, start_default, stop)
		stream_test(every_piece_arrives_in_order),
		stream_test(the_connection_is_kept_behind_a_stream),
		stream_test(an_old_client_gets_it_without_chunks),
		stream_test(a_client_that_sends_no_more_still_gets_all),
		stream_test(a_stream_that_breaks_off_has_no_last_chunk),
		stream_test(head_makes_no_piece),
		stream_test(a_client_that_goes_away_ends_the_stream),
		cmocka_unit_test_setup_teardown(a_client_that_reads_nothing_holds_no_worker, start_one_worker, stop),
		cmocka_unit_test_setup_teardown(pauses_hold_no_worker_and_end_when_woken, start_one_worker, stop),
		stream_test(stopping_ends_pauses_in_good_order),
		stream_test(stopping_cuts_off_what_goes_on),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
