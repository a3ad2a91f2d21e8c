#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/log.h"

#include "base/banned.h"

static json_t *parse_line(struct slice line)
{
	json_error_t error;
	json_t *object = json_loadb(line.data, line.size, 0, &error);

	if (!object)
		fail_msg("\"%.*s\" is no JSON: %s", SLICE_ARG(line), error.text);
	return object;
}

static void assert_member(const json_t *object, const char *name, const char *expected)
{
	const char *value = json_string_value(json_object_get(object, name));

	if (!value || strcmp(value, expected) != 0)
		fail_msg("\"%s\" is \"%s\", expected \"%s\"", name, value ? value : "(nothing)", expected);
}

static void a_line_is_one_json_object_with_its_fields(void **state)
{
	struct error err = {.code = "io-error", .detail = "it \"broke\""};

	(void)state;
	log_set_request("request-7");
	catch_log();
	log_warning(LOG_EVENT("some\nthing"), LOG_INT("count", -3), LOG_DOUBLE("share", 0.25),
		    LOG_SLICE("name", slice_of("a\0b", 3)), LOG_ERR(&err));
	struct slice text = caught_log();
	log_set_request("");
	assert_int_equal(slice_find(text, '\n', 0), text.size - 1);
	json_error_t error;
	json_t *line = json_loadb(text.data, text.size, JSON_ALLOW_NUL, &error);
	assert_non_null(line);
	assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), 24);
	assert_member(line, "level", "warning");
	assert_member(line, "request_id", "request-7");
	assert_member(line, "event", "some\nthing");
	assert_int_equal(json_integer_value(json_object_get(line, "count")), -3);
	assert_true(json_real_value(json_object_get(line, "share")) == 0.25);
	assert_int_equal(json_string_length(json_object_get(line, "name")), 3);
	assert_member(line, "code", "io-error");
	assert_member(line, "detail", "it \"broke\"");
	json_decref(line);
}

static void lines_below_the_level_are_not_written(void **state)
{
	(void)state;
	catch_log();
	log_debug(LOG_EVENT("unseen"));
	log_set_level(LOG_ERROR);
	log_info(LOG_EVENT("unseen"));
	log_warning(LOG_EVENT("unseen"));
	log_error(LOG_EVENT("seen"));
	log_set_level(LOG_DEBUG);
	log_debug(LOG_EVENT("seen"));
	log_set_level(LOG_INFO);
	struct slice text = caught_log();
	assert_null(strstr(text.data, "unseen"));
	size_t lines = 0;
	for (size_t i = 0; i < text.size; i++)
		lines += text.data[i] == '\n';
	assert_int_equal(lines, 2);
}

static void *read_request(void *context)
{
	snprintf(context, 65, "%s", log_request());
	return NULL;
}

static void the_request_id_belongs_to_its_thread(void **state)
{
	pthread_t thread;
	char elsewhere[65], run[65];

	(void)state;
	snprintf(run, sizeof run, "%s", log_request());
	assert_int_equal(strlen(run), 20);
	log_set_request("mine");
	assert_string_equal(log_request(), "mine");
	assert_int_equal(pthread_create(&thread, NULL, read_request, elsewhere), 0);
	pthread_join(thread, NULL);
	assert_string_equal(elsewhere, run);
	log_set_request("");
	assert_string_equal(log_request(), run);
}

static void long_request_ids_are_cut(void **state)
{
	char id[101];

	(void)state;
	memset(id, 'x', 100);
	id[100] = '\0';
	log_set_request(id);
	assert_int_equal(strlen(log_request()), 64);
	log_set_request("");
}

static void a_line_that_is_too_long_leaves_a_sign(void **state)
{
	char *huge = malloc(100001);

	(void)state;
	memset(huge, 'x', 100000);
	huge[100000] = '\0';
	catch_log();
	log_info(LOG_EVENT(huge));
	struct slice text = caught_log();
	assert_int_equal(slice_find(text, '\n', 0), text.size - 1);
	json_t *line = parse_line(text);
	assert_member(line, "event", "log line too large");
	json_decref(line);
	free(huge);
}

enum { WRITERS = 4, LINES = 200 };

static void *write_lines(void *context)
{
	(void)context;
	for (int i = 0; i < LINES; i++)
		log_info(LOG_EVENT("a line of some length, so that mixing would show"), LOG_INT("i", i));
	return NULL;
}

static void lines_of_several_threads_never_mix(void **state)
{
	pthread_t threads[WRITERS];
	size_t lines = 0;

	(void)state;
	catch_log();
	for (size_t i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
	for (size_t i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	struct slice text = caught_log();
	for (size_t at = 0, end; at < text.size; at = end + 1, lines++) {
		end = slice_find(text, '\n', at);
		json_decref(parse_line(slice_of(text.data + at, end - at)));
	}
	assert_int_equal(lines, WRITERS * LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_json_object_with_its_fields),
		cmocka_unit_test(lines_below_the_level_are_not_written),
		cmocka_unit_test(the_request_id_belongs_to_its_thread),
		cmocka_unit_test(long_request_ids_are_cut),
		cmocka_unit_test(a_line_that_is_too_long_leaves_a_sign),
		cmocka_unit_test(lines_of_several_threads_never_mix),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
