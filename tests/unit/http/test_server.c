/* The life of a request, over raw sockets. */
#include "probe.h"

#include "http/listener.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"
#define CLOSE "Connection: close\r\n"

static struct probe probe;

static int start_default(void **state)
{
	(void)state;
	probe_start(&probe, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (probe.server)
		probe_stop(&probe, 1000);
	return 0;
}

/* Sends one request on a connection of its own and reads the answer. */
static struct answer ask(const char *request)
{
	struct client client;
	struct answer answer;

	probe_connect(&probe, &client);
	client_send_text(&client, request);
	answer = client_read(&client);
	client_close(&client);
	return answer;
}

/* ---- one request after the other ---- */

static void a_get_is_answered_with_the_common_headers(void **state)
{
	struct answer answer = ask("GET /hello HTTP/1.1\r\n" HOST "\r\n");

	(void)state;
	assert_int_equal(answer.status, 200);
	assert_slice(answer.body, "GET /hello");
	assert_slice(answer_header(&answer, "X-Content-Type-Options"), "nosniff");
	assert_slice(answer_header(&answer, "Content-Type"), "text/plain; charset=utf-8");
	assert_int_equal(answer_header(&answer, "Date").size, 29);
	assert_int_equal(answer_header(&answer, "X-Request-Id").size, 16);
	answer_free(&answer);
}

static void a_request_id_of_the_client_is_sent_back_if_it_is_harmless(void **state)
{
	struct answer answer = ask("GET / HTTP/1.1\r\n" HOST "X-Request-Id: my.ID_7-x\r\n\r\n");

	(void)state;
	assert_slice(answer_header(&answer, "X-Request-Id"), "my.ID_7-x");
	answer_free(&answer);
	answer = ask("GET / HTTP/1.1\r\n" HOST "X-Request-Id: a\"b\r\n\r\n");
	assert_int_equal(answer_header(&answer, "X-Request-Id").size, 16);
	answer_free(&answer);
}

static void a_connection_is_kept_for_many_requests(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	for (int i = 0; i < 100; i++) {
		client_send_text(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
		struct answer answer = client_read(&client);
		assert_int_equal(answer.status, 200);
		assert_slice(answer.body, "hello");
		answer_free(&answer);
	}
	client_close(&client);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	client_send_text(&client, "GET /a HTTP/1.1\r\n" HOST "\r\n"
				  "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nb"
				  "GET /c HTTP/1.1\r\n" HOST CLOSE "\r\n");
	static const char *const bodies[] = {"GET /a", "b", "GET /c"};
	for (size_t i = 0; i < 3; i++) {
		struct answer answer = client_read(&client);
		assert_slice(answer.body, bodies[i]);
		answer_free(&answer);
	}
	client_expect_close(&client);
	client_close(&client);
}

static void a_request_in_single_bytes_is_one_request(void **state)
{
	static const char text[] = "POST /echo?x=%41 HTTP/1.1\r\n" HOST "X-Long: 0123456789012345678901234567890123456789\r\n"
				   "Content-Length: 3\r\n\r\nabc";
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	for (size_t i = 0; i < sizeof text - 1; i++) {
		client_send(&client, slice_of(text + i, 1));
		usleep(200);
	}
	struct answer answer = client_read(&client);
	assert_int_equal(answer.status, 200);
	assert_slice(answer.body, "abc");
	answer_free(&answer);
	client_close(&client);
}

static void head_is_answered_without_a_body(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	client_send_text(&client, "HEAD /x HTTP/1.1\r\n" HOST "\r\nGET /y HTTP/1.1\r\n" HOST "\r\n");
	struct answer answer = client_read_head(&client);
	assert_slice(answer_header(&answer, "Content-Length"), "7");
	answer_free(&answer);
	answer = client_read(&client);
	assert_slice(answer.body, "GET /y");
	answer_free(&answer);
	client_close(&client);
}

static void a_chunked_body_arrives_whole(void **state)
{
	struct answer answer = ask("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
				   "3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n");

	(void)state;
	assert_slice(answer.body, "abc0123456789");
	answer_free(&answer);
}

static void a_megabyte_goes_both_ways(void **state)
{
	const size_t size = 1000000;
	char *body = malloc(size);
	struct client client;

	(void)state;
	assert_non_null(body);
	for (size_t i = 0; i < size; i++)
		body[i] = (char)(i * 31 >> 3);
	probe_connect(&probe, &client);
	client_send_text(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\n");
	client_send(&client, slice_of(body, size));
	struct answer answer = client_read(&client);
	assert_int_equal(answer.body.size, size);
	assert_memory_equal(answer.body.data, body, size);
	answer_free(&answer);
	client_send_text(&client, "GET /big HTTP/1.1\r\n" HOST "\r\n");
	answer = client_read(&client);
	assert_int_equal(answer.body.size, 1000000);
	answer_free(&answer);
	client_close(&client);
	free(body);
}

static void path_and_query_are_decoded_and_counted(void **state)
{
	struct answer answer = ask("GET /a%20b/%C3%A9?x=1+2&y=%26%3d&z&=v HTTP/1.1\r\n" HOST "\r\n");

	(void)state;
	assert_slice(answer.body, "GET /a b/\xC3\xA9 x=1 2&y=&=&z=&=v");
	answer_free(&answer);
	answer = ask("GET /a?x=a%00b HTTP/1.1\r\n" HOST "\r\n");
	assert_true(slice_equal(answer.body, SLICE("GET /a x=a\0b")));
	answer_free(&answer);
	answer = ask("GET /a?x=%4 HTTP/1.1\r\n" HOST "\r\n");
	assert_slice(answer.body, "GET /a x=%4 (bad escape)");
	answer_free(&answer);
}

/* ---- answers before the end of the body ---- */

static void the_body_is_asked_for_only_if_it_is_wanted(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	client_send_text(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
	struct answer answer = client_read(&client);
	assert_int_equal(answer.status, 100);
	answer_free(&answer);
	client_send_text(&client, "hello");
	answer = client_read(&client);
	assert_slice(answer.body, "hello");
	answer_free(&answer);
	client_send_text(&client, "POST /early HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
	answer = client_read(&client);
	assert_int_equal(answer.status, 403);
	assert_slice(answer_header(&answer, "Connection"), "close");
	answer_free(&answer);
	client_expect_close(&client);
	client_close(&client);
}

/* Sends 4 MB behind the head, as a client does that reads the answer only when it is done. */
static struct answer push_body(const char *head, struct client *client)
{
	static char block[65536];

	probe_connect(&probe, client);
	client_send_text(client, head);
	memset(block, 'b', sizeof block);
	for (int i = 0; i < 64; i++)
		client_send(client, slice_of(block, sizeof block));
	client_finish(client);
	assert_false(client->cut_off);
	return client_read(client);
}

static void an_answer_at_the_headers_survives_a_client_that_goes_on_sending(void **state)
{
	struct client client;
	struct answer answer = push_body("POST /early HTTP/1.1\r\n" HOST "Content-Length: 4194304\r\n\r\n", &client);

	(void)state;
	assert_int_equal(answer.status, 403);
	assert_slice(answer.body, "not here");
	answer_free(&answer);
	client_expect_close(&client);
	client_close(&client);
	assert_int_equal(atomic_load(&probe.asked), 0);
}

static void an_answer_within_the_body_is_complete_and_the_last(void **state)
{
	struct client client;
	struct answer answer =
		push_body("POST /cap HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n400000\r\n", &client);

	(void)state;
	assert_int_equal(answer.status, 413);
	assert_slice(answer.body, "over the cap");
	assert_slice(answer_header(&answer, "Connection"), "close");
	assert_slice(answer_header(&answer, "Content-Language"), "en");
	assert_slice(answer_header(&answer, "X-Content-Type-Options"), "nosniff");
	assert_int_equal(answer_header(&answer, "Date").size, 29);
	assert_int_equal(answer_header(&answer, "X-Request-Id").size, 16);
	answer_free(&answer);
	client_expect_close(&client);
	client_close(&client);
	expect_count(&probe.done, 1);
	assert_int_equal(atomic_load(&probe.asked), 0);
}

static void an_answer_at_the_headers_without_a_body_keeps_the_connection(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	for (int i = 0; i < 2; i++) {
		client_send_text(&client, "GET /early HTTP/1.1\r\n" HOST "\r\n");
		struct answer answer = client_read(&client);
		assert_int_equal(answer.status, 403);
		answer_free(&answer);
	}
	client_close(&client);
}

/* ---- clients that go away ---- */

static void a_client_that_goes_away_in_the_head_costs_nothing(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	client_send_text(&client, "GET / HTTP/1.1\r\nHost: loc");
	client_close(&client);
	struct answer answer = ask("GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(answer.status, 200);
	answer_free(&answer);
}

static void a_client_that_goes_away_in_the_body_is_done_exactly_once(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	client_send_text(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 500\r\n\r\nsome");
	expect_count(&probe.announced, 1);
	client_close(&client);
	expect_count(&probe.done, 1);
	assert_int_equal(atomic_load(&probe.asked), 0);
}

static void a_client_that_goes_away_while_a_worker_is_busy_is_done_after_it(void **state)
{
	struct client client;

	(void)state;
	probe_connect(&probe, &client);
	client_send_text(&client, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
	expect_count(&probe.working, 1);
	client_close(&client);
	usleep(20000);
	assert_int_equal(atomic_load(&probe.done), 0);
	probe_let_go(&probe, 1);
	expect_count(&probe.done, 1);
}

static void a_client_that_sends_no_more_still_gets_its_answer(void **state)
{
	static const char *const requests[] = {
		"GET /wait HTTP/1.1\r\n" HOST "\r\n",
		"GET /wait HTTP/1.1\r\n" HOST "\r\n\r\n",
		"POST /wait HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
		"POST /wait HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
	};
	struct client idle;

	(void)state;
	/* The library treats the connection that is quiet for longest in a way of its own. */
	probe_connect(&probe, &idle);
	for (unsigned i = 0; i < 4 * sizeof requests / sizeof *requests; i++) {
		struct client client;
		probe_connect(&probe, &client);
		client_send_text(&client, requests[i / 4]);
		client_finish(&client);
		expect_count(&probe.working, i + 1);
		probe_let_go(&probe, 1);
		struct answer answer = client_read(&client);
		assert_slice(answer.body, "waited");
		answer_free(&answer);
		client_expect_close(&client);
		client_close(&client);
	}
	client_close(&idle);
}

/* ---- many at once ---- */

static int start_one_worker(void **state)
{
	const struct http_config config = {.workers = 1, .queue_limit = 2};

	(void)state;
	probe_start(&probe, &config);
	return 0;
}

static void a_full_queue_is_answered_with_503(void **state)
{
	struct client clients[4];

	(void)state;
	for (int i = 0; i < 3; i++) {
		probe_connect(&probe, &clients[i]);
		client_send_text(&clients[i], "GET /wait HTTP/1.1\r\n" HOST "\r\n");
		if (i == 0)
			expect_count(&probe.working, 1);
		expect_count(&probe.announced, (unsigned)i + 1);
	}
	usleep(50000); /* the last of them is announced a moment before it is queued */
	probe_connect(&probe, &clients[3]);
	for (int i = 0; i < 2; i++) {
		client_send_text(&clients[3], "GET /wait HTTP/1.1\r\n" HOST "\r\n");
		struct answer answer = client_read(&clients[3]);
		assert_int_equal(answer.status, 503);
		assert_slice(answer_header(&answer, "Retry-After"), "1");
		answer_free(&answer);
	}
	probe_let_go(&probe, 3);
	for (int i = 0; i < 3; i++) {
		struct answer answer = client_read(&clients[i]);
		assert_int_equal(answer.status, 200);
		answer_free(&answer);
	}
	for (int i = 0; i < 4; i++)
		client_close(&clients[i]);
}

static size_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void a_thousand_idle_connections_leave_the_server_free(void **state)
{
	enum { COUNT = 1000 };
	struct client *clients = calloc(COUNT, sizeof *clients);
	size_t before = resident_bytes();

	(void)state;
	assert_non_null(clients);
	for (int i = 0; i < COUNT; i++) {
		probe_connect(&probe, &clients[i]);
		if (i % 2) {
			client_send_text(&clients[i], "GET / HTTP/1.1\r\n" HOST "\r\n");
			struct answer answer = client_read(&clients[i]);
			assert_int_equal(answer.status, 200);
			answer_free(&answer);
			strbuf_release(&clients[i].in);
		}
	}
	struct answer answer = ask("GET /still HTTP/1.1\r\n" HOST "\r\n");
	assert_slice(answer.body, "GET /still");
	answer_free(&answer);
	size_t grown = resident_bytes() - before;
	print_message("# %zu bytes for each of %d idle connections\n", grown / COUNT, COUNT);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(grown < (size_t)COUNT * 20000);
#endif
	for (int i = 0; i < COUNT; i++)
		client_close(&clients[i]);
	free(clients);
}

static void *ask_and_vanish(void *context)
{
	uint64_t seed = (uint64_t)(uintptr_t)context;

	for (int i = 0; i < 200; i++) {
		struct client client;
		probe_connect(&probe, &client);
		uint64_t what = random_next(&seed) % 4;
		client_send_text(&client, what == 0 ? "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel"
						    : "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
		if (what > 1) {
			struct answer answer = client_read(&client);
			if (answer.status != 200 || !slice_is(answer.body, "hello"))
				abort();
			answer_free(&answer);
		}
		client_close(&client);
	}
	return NULL;
}

static void clients_that_vanish_at_any_moment_leave_nothing_behind(void **state)
{
	pthread_t threads[4];
	uint64_t seed = random_seed();

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_and_vanish, (void *)(uintptr_t)random_next(&seed)), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	/* Not only when the server stops: each is noticed by itself. */
	for (int i = 0; i < 200 && atomic_load(&probe.done) != atomic_load(&probe.announced); i++)
		usleep(25000);
	assert_int_equal(atomic_load(&probe.done), atomic_load(&probe.announced));
	probe_stop(&probe, 1000);
}

/* ---- stop ---- */

static void *stop_server(void *context)
{
	probe_stop(&probe, *(unsigned *)context);
	return NULL;
}

static void stopping_waits_for_the_requests_under_way(void **state)
{
	unsigned grace_ms = 10000;
	struct client busy, idle;
	pthread_t stopper;

	(void)state;
	probe_connect(&probe, &idle);
	probe_connect(&probe, &busy);
	client_send_text(&busy, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
	expect_count(&probe.working, 1);
	uint16_t port = http_server_port(probe.server);
	pthread_create(&stopper, NULL, stop_server, &grace_ms);
	usleep(50000);
	client_send_text(&idle, "GET /late HTTP/1.1\r\n" HOST "\r\n");
	struct answer answer = client_read(&idle);
	assert_int_equal(answer.status, 503);
	answer_free(&answer);
	client_expect_close(&idle);
	probe_let_go(&probe, 1);
	answer = client_read(&busy);
	assert_int_equal(answer.status, 200);
	assert_slice(answer_header(&answer, "Connection"), "close");
	answer_free(&answer);
	pthread_join(stopper, NULL);
	client_close(&busy);
	client_close(&idle);
	/* The port is free for the next one. */
	const struct http_config config = {.port = port};
	probe_start(&probe, &config);
}

static void when_the_grace_is_over_queued_requests_get_503_and_running_ones_end(void **state)
{
	unsigned grace_ms = 20;
	struct client running, queued, uploading;
	pthread_t stopper;

	(void)state;
	probe_connect(&probe, &running);
	client_send_text(&running, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
	expect_count(&probe.working, 1);
	probe_connect(&probe, &queued);
	client_send_text(&queued, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
	probe_connect(&probe, &uploading);
	client_send_text(&uploading, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nhalf");
	expect_count(&probe.announced, 3);
	usleep(20000);
	pthread_create(&stopper, NULL, stop_server, &grace_ms);
	usleep(200000);
	probe_let_go(&probe, 1);
	struct answer answer = client_read(&running);
	assert_int_equal(answer.status, 200);
	answer_free(&answer);
	answer = client_read(&queued);
	assert_int_equal(answer.status, 503);
	answer_free(&answer);
	client_expect_close(&uploading);
	pthread_join(stopper, NULL);
	client_close(&running);
	client_close(&queued);
	client_close(&uploading);
}

static void a_port_in_use_is_told_with_its_remedy(void **state)
{
	const struct http_callbacks none = {0};
	struct http_config config = {.listen = "127.0.0.1", .port = http_server_port(probe.server)};
	struct http_server *second = NULL;
	struct error err = {0};

	(void)state;
	assert_int_equal(http_server_start(&config, &none, &second, &err), STATUS_EXISTS);
	assert_string_equal(err.code, "port-in-use");
	assert_non_null(strstr(err.detail, "--port"));
	config.listen = "example";
	assert_int_equal(http_server_start(&config, &none, &second, &err), STATUS_INVALID);
	assert_string_equal(err.code, "cannot-listen");
	config.listen = "192.0.2.1";
	assert_int_equal(http_server_start(&config, &none, &second, &err), STATUS_UNAVAILABLE);
	assert_string_equal(err.code, "cannot-listen");
	assert_null(second);
}

static void a_port_can_be_tried_and_is_free_afterwards(void **state)
{
	struct http_config config = {.listen = "127.0.0.1", .port = http_server_port(probe.server)};
	struct error err = {0};
	int listener;

	(void)state;
	assert_int_equal(http_server_try(&config, &err), STATUS_EXISTS);
	assert_string_equal(err.code, "port-in-use");
	config.listen = "example";
	assert_int_equal(http_server_try(&config, &err), STATUS_INVALID);
	config.listen = "127.0.0.1";
	assert_ok(listener_open(config.listen, 0, &listener, &err), &err);
	config.port = listener_port(listener);
	close(listener);
	assert_ok(http_server_try(&config, &err), &err);
	assert_ok(listener_open(config.listen, config.port, &listener, &err), &err);
	close(listener);
}

static void idle_connections_are_closed_after_their_time(void **state)
{
	const struct http_config config = {.idle_timeout_s = 1};
	struct client client;

	(void)state;
	probe_start(&probe, &config);
	probe_connect(&probe, &client);
	client_expect_close(&client);
	client_close(&client);
	probe_stop(&probe, 1000);
}

int main(void)
{
#define WITH_SERVER(test_) cmocka_unit_test_setup_teardown(test_, start_default, stop)
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_get_is_answered_with_the_common_headers),
		WITH_SERVER(a_request_id_of_the_client_is_sent_back_if_it_is_harmless),
		WITH_SERVER(a_connection_is_kept_for_many_requests),
		WITH_SERVER(pipelined_requests_are_answered_in_order),
		WITH_SERVER(a_request_in_single_bytes_is_one_request),
		WITH_SERVER(head_is_answered_without_a_body),
		WITH_SERVER(a_chunked_body_arrives_whole),
		WITH_SERVER(a_megabyte_goes_both_ways),
		WITH_SERVER(path_and_query_are_decoded_and_counted),
		WITH_SERVER(the_body_is_asked_for_only_if_it_is_wanted),
		WITH_SERVER(an_answer_at_the_headers_survives_a_client_that_goes_on_sending),
		WITH_SERVER(an_answer_within_the_body_is_complete_and_the_last),
		WITH_SERVER(an_answer_at_the_headers_without_a_body_keeps_the_connection),
		WITH_SERVER(a_client_that_goes_away_in_the_head_costs_nothing),
		WITH_SERVER(a_client_that_goes_away_in_the_body_is_done_exactly_once),
		WITH_SERVER(a_client_that_goes_away_while_a_worker_is_busy_is_done_after_it),
		WITH_SERVER(a_client_that_sends_no_more_still_gets_its_answer),
		cmocka_unit_test_setup_teardown(a_full_queue_is_answered_with_503, start_one_worker, stop),
		WITH_SERVER(a_thousand_idle_connections_leave_the_server_free),
		WITH_SERVER(clients_that_vanish_at_any_moment_leave_nothing_behind),
		WITH_SERVER(stopping_waits_for_the_requests_under_way),
		cmocka_unit_test_setup_teardown(when_the_grace_is_over_queued_requests_get_503_and_running_ones_end,
						start_one_worker, stop),
		WITH_SERVER(a_port_in_use_is_told_with_its_remedy),
		WITH_SERVER(a_port_can_be_tried_and_is_free_afterwards),
		cmocka_unit_test(idle_connections_are_closed_after_their_time),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
