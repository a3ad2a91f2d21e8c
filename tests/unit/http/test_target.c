/* The request target taken apart, and the response filled: no socket needed. */
#include "support.h"

#include "base/log.h"
#include "http/response.h"
#include "http/target.h"

static struct arena arena;
static struct http_target target;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void parse(const char *text)
{
	arena_reset(&arena);
	assert_true(target_parse(slice_of_string(text), &arena, &target));
}

static void expect_parameter(size_t index, const char *name, const char *value)
{
	assert_true(index < target.parameter_count);
	assert_slice(target.parameters[index].name, name);
	assert_slice(target.parameters[index].value, value);
}

static void a_plus_is_a_space_in_the_query_alone(void **state)
{
	(void)state;
	parse("/a+b?c+d=e+f");
	assert_slice(target.path, "/a+b");
	expect_parameter(0, "c d", "e f");
}

static void escapes_are_decoded_once_and_in_either_case(void **state)
{
	(void)state;
	parse("/%2f%2F%25%32%35?%3d=%26&x=%2541");
	assert_slice(target.path, "///%25");
	expect_parameter(0, "=", "&");
	expect_parameter(1, "x", "%41");
	assert_false(target.bad_escape);
}

static void a_bad_escape_is_kept_and_told(void **state)
{
	static const char *const bad[] = {"/%", "/%4", "/%4g", "/%g4", "/?%", "/?x=%zz", "/%%41"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		parse(bad[i]);
		if (!target.bad_escape)
			fail_msg("%s was taken", bad[i]);
	}
	parse("/%%41");
	assert_slice(target.path, "/%A");
}

static void empty_pairs_are_no_parameters(void **state)
{
	(void)state;
	parse("/?&&a&b=&=c&&d==");
	assert_int_equal(target.parameter_count, 4);
	expect_parameter(0, "a", "");
	expect_parameter(1, "b", "");
	expect_parameter(2, "", "c");
	expect_parameter(3, "d", "=");
	parse("/?");
	assert_int_equal(target.parameter_count, 0);
	parse("/");
	assert_int_equal(target.parameter_count, 0);
}

static void an_authority_and_a_fragment_are_taken_off(void **state)
{
	(void)state;
	parse("http://host:80/a?b#c?d");
	assert_slice(target.authority, "host:80");
	assert_slice(target.path, "/a");
	expect_parameter(0, "b", "");
	parse("HTTPS://host?b");
	assert_slice(target.authority, "host");
	assert_slice(target.path, "/");
	parse("http://host");
	assert_slice(target.path, "/");
	parse("//host/a");
	assert_null(target.authority.data);
	assert_slice(target.path, "//host/a");
	parse("*");
	assert_slice(target.path, "*");
	parse("");
	assert_slice(target.path, "");
}

static void exhausted_memory_is_told(void **state)
{
	struct arena small;

	(void)state;
	arena_init(&small, 64);
	assert_false(target_parse(SLICE("/a?b=c&d=e&f=g&h=i"), &small, &target));
	arena_release(&small);
}

/* ---- responses ---- */

static void expect_written(const struct http_response *response, const char *text)
{
	struct strbuf out;

	strbuf_init(&out, 1 << 16);
	response_write(response, &out);
	if (!strstr(out.data, text))
		fail_msg("\"%s\" does not hold \"%s\"", out.data, text);
	strbuf_release(&out);
}

static void a_header_that_could_split_the_response_is_refused(void **state)
{
	struct http_response response;

	(void)state;
	response_init(&response, &arena);
	assert_true(http_response_header(&response, "X-A", SLICE("b c \xC3\xA4")));
	assert_false(http_response_header(&response, "X-B", SLICE("b\r\nX: y")));
	assert_false(http_response_header(&response, "X-B", SLICE("b\0c")));
	assert_false(http_response_header(&response, "X-B", SLICE("b\tc")));
	assert_false(http_response_header(&response, "X-B", SLICE("")));
	assert_false(http_response_header(&response, "X B", SLICE("c")));
	assert_false(http_response_header(&response, "", SLICE("c")));
	expect_written(&response, "GMT\r\nX-A: b c \xC3\xA4\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static void a_header_set_again_is_replaced(void **state)
{
	struct http_response response;

	(void)state;
	response_init(&response, &arena);
	http_response_header(&response, "Retry-After", SLICE("1"));
	http_response_header(&response, "X-Other", SLICE("2"));
	http_response_header(&response, "retry-after", SLICE("30"));
	expect_written(&response, "\r\nretry-after: 30\r\nX-Other: 2\r\nContent-Length");
}

static void the_last_body_is_the_one_sent(void **state)
{
	struct http_response response;
	struct strbuf body;

	(void)state;
	response_init(&response, &arena);
	strbuf_init(&body, 100);
	strbuf_add_string(&body, "first");
	http_response_body(&response, "text/plain", &body);
	assert_int_equal(body.size, 0);
	http_response_status(&response, 404);
	http_response_static(&response, "application/json", SLICE("{}"));
	expect_written(&response, "HTTP/1.1 404 Not Found\r\nDate: ");
	expect_written(&response, "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
	response_release(&response);
	strbuf_release(&body);
}

static void a_body_that_found_no_memory_becomes_a_500_without_content(void **state)
{
	struct http_response response;
	struct strbuf body;

	(void)state;
	log_set_level(LOG_ERROR + 1);
	response_init(&response, &arena);
	strbuf_init(&body, 3);
	strbuf_add_string(&body, "too long");
	http_response_body(&response, "text/plain", &body);
	struct MHD_Response *built = response_build(&response, false, NULL, NULL);
	assert_non_null(built);
	assert_int_equal(response.status, 500);
	assert_int_equal(response.body.size, 0);
	MHD_destroy_response(built);
	strbuf_release(&body);
}

int main(void)
{
#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_plus_is_a_space_in_the_query_alone),
		TEST(escapes_are_decoded_once_and_in_either_case),
		TEST(a_bad_escape_is_kept_and_told),
		TEST(empty_pairs_are_no_parameters),
		TEST(an_authority_and_a_fragment_are_taken_off),
		TEST(exhausted_memory_is_told),
		TEST(a_header_that_could_split_the_response_is_refused),
		TEST(a_header_set_again_is_replaced),
		TEST(the_last_body_is_the_one_sent),
		TEST(a_body_that_found_no_memory_becomes_a_500_without_content),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
