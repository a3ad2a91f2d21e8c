/* The table of routes is code for people who add to it: what it must keep is checked here. */
#include "support.h"

#include "api/internal.h"

static void every_route_is_documented_and_handled(void **state)
{
	(void)state;
	assert_true(route_count >= 14);
	for (size_t i = 0; i < route_count; i++) {
		const struct route *route = &routes[i];
		assert_non_null(route->handle);
		assert_true(route->path[0] == '/');
		assert_non_null(route->tag);
		assert_non_null(route->operation);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(routes[j].operation, route->operation);
		assert_non_null(route->summary);
		assert_true(route->success >= 200 && route->success < 400);
		assert_non_null(route->problems);
		assert_true((route->body == BODY_JSON) == (route->request_schema != NULL));
	}
}

static void methods_of_one_path_stand_side_by_side_and_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++)
		for (size_t j = i + 1; j < route_count; j++) {
			if (strcmp(routes[i].path, routes[j].path) != 0)
				continue;
			assert_string_not_equal(routes[i].method, routes[j].method);
			assert_string_equal(routes[j - 1].path, routes[j].path);
		}
}

static void parameters_fit_a_call_and_say_what_they_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		size_t count = 0;
		for (const struct param *param = routes[i].params; param && param->name; param++) {
			count++;
			assert_non_null(param->doc);
			/* A fallback below the least says that nothing was given. */
			if (param->kind == PARAM_INTEGER)
				assert_true(param->min <= param->max && param->fallback <= param->max);
			if (param->kind == PARAM_TEXT || param->kind == PARAM_TEXTS)
				assert_true(param->max > 0);
			if (param->kind == PARAM_CHOICE)
				assert_non_null(param->choices[0]);
		}
		assert_true(count <= PARAMS_MAX);
	}
}

static void problems_are_lists_of_statuses_with_a_title(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++)
		for (const char *at = routes[i].problems; *at; at += strspn(at, " ")) {
			unsigned status = 0;
			for (int digit = 0; digit < 3; digit++, at++) {
				assert_true(*at >= '0' && *at <= '9');
				status = status * 10 + (unsigned)(*at - '0');
			}
			assert_string_not_equal(problem_title(status), "Error");
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_is_documented_and_handled),
		cmocka_unit_test(methods_of_one_path_stand_side_by_side_and_once),
		cmocka_unit_test(parameters_fit_a_call_and_say_what_they_take),
		cmocka_unit_test(problems_are_lists_of_statuses_with_a_title),
	};
	return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
