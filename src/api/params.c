#include "api/internal.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"

void add_param_error(struct api_call *call, const char *where, struct slice name, const char *type,
		     const char *format, ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	add_place_error(call, where, name, (struct slice){NULL, 0}, type, "%s", message);
}

void add_place_error(struct api_call *call, const char *where, struct slice name, struct slice path,
		     const char *type, const char *format, ...)
{
	char message[256];
	va_list args;

	if (call->error_count == PARAM_ERRORS_MAX)
		return;
	struct param_error *error = &call->errors[call->error_count];
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	*error = (struct param_error){.where = where, .name = name, .path = path, .type = type};
	if (!arena_copy(call->arena, slice_of_string(message), &error->message))
		error->message = SLICE("wrong; and memory is exhausted");
	call->error_count++;
}

static size_t find_param(const struct route *route, struct slice name)
{
	size_t i = 0;

	while (route->params && route->params[i].name && !slice_is(name, route->params[i].name))
		i++;
	return route->params && route->params[i].name ? i : PARAMS_MAX;
}

static void read_integer(struct api_call *call, size_t i, struct slice value)
{
	const struct param *param = &call->route->params[i];

	if (!slice_parse_int64(value, &call->numbers[i]))
		add_param_error(call, "query", slice_of_string(param->name), "wrong-type",
				"must be an integer");
	else if (call->numbers[i] < param->min || call->numbers[i] > param->max)
		add_param_error(call, "query", slice_of_string(param->name), "out-of-range",
				"must be from %lld to %lld", (long long)param->min,
				(long long)param->max);
}

static void read_choice(struct api_call *call, size_t i, struct slice value)
{
	const struct param *param = &call->route->params[i];
	struct strbuf all;

	for (int64_t choice = 0; param->choices[choice]; choice++)
		if (slice_is(value, param->choices[choice])) {
			call->numbers[i] = choice;
			return;
		}
	strbuf_init(&all, 200);
	for (size_t choice = 0; param->choices[choice]; choice++)
		strbuf_add_format(&all, "%s%s", choice ? ", " : "", param->choices[choice]);
	add_param_error(call, "query", slice_of_string(param->name), "out-of-range",
			"must be one of %s", all.data);
	strbuf_release(&all);
}

static void read_flag(struct api_call *call, size_t i, struct slice value)
{
	call->numbers[i] = slice_is(value, "true");
	if (!call->numbers[i] && !slice_is(value, "false"))
		add_param_error(call, "query", slice_of_string(call->route->params[i].name), "wrong-type",
				"must be true or false");
}

static void read_text(struct api_call *call, size_t i, struct slice value)
{
	const struct param *param = &call->route->params[i];

	if (value.size == 0 || (int64_t)value.size > param->max)
		add_param_error(call, "query", slice_of_string(param->name), "out-of-range",
				"must be 1 to %lld bytes long", (long long)param->max);
	else if (!utf8_is_valid(value))
		add_param_error(call, "query", slice_of_string(param->name), "wrong-type",
				"must be UTF-8");
	call->texts[i] = value;
}

static void read_value(struct api_call *call, size_t i, struct slice value)
{
	switch (call->route->params[i].kind) {
	case PARAM_INTEGER:
		read_integer(call, i, value);
		break;
	case PARAM_CHOICE:
		read_choice(call, i, value);
		break;
	case PARAM_FLAG:
		read_flag(call, i, value);
		break;
	case PARAM_TEXT:
	case PARAM_TEXTS:
		read_text(call, i, value);
		break;
	}
}

void params_read(struct api_call *call)
{
	size_t count;
	const struct http_parameter *given = http_request_parameters(call->request, &count);
	const struct param *params = call->route->params;

	for (size_t i = 0; params && params[i].name; i++)
		call->numbers[i] = params[i].kind == PARAM_CHOICE ? -1 : params[i].fallback;
	for (size_t g = 0; g < count; g++) {
		size_t i = find_param(call->route, given[g].name);
		if (i == PARAMS_MAX) {
			add_param_error(call, "query", given[g].name, "unknown",
					"there is no such parameter here");
			continue;
		}
		if (params[i].refused) {
			add_param_error(call, "query", given[g].name, "not-supported",
					"is not supported by this version");
			continue;
		}
		if (call->given[i] && params[i].kind != PARAM_TEXTS) {
			add_param_error(call, "query", given[g].name, "repeated",
					"is given more than once");
			continue;
		}
		call->given[i] = true;
		read_value(call, i, given[g].value);
	}
}

/* A route that does not have the parameter answers as where it is not given: what several routes share
 * asks for all that any of them has. */
int64_t param_number(const struct api_call *call, const char *name)
{
	size_t i = find_param(call->route, slice_of_string(name));

	return i < PARAMS_MAX ? call->numbers[i] : 0;
}

struct slice param_text(const struct api_call *call, const char *name)
{
	size_t i = find_param(call->route, slice_of_string(name));

	return i < PARAMS_MAX ? call->texts[i] : slice_of("", 0);
}

bool param_given(const struct api_call *call, const char *name)
{
	size_t i = find_param(call->route, slice_of_string(name));

	return i < PARAMS_MAX && call->given[i];
}

bool param_next_text(const struct api_call *call, const char *name, size_t *at, struct slice *value)
{
	size_t count;
	const struct http_parameter *given = http_request_parameters(call->request, &count);

	while (*at < count) {
		const struct http_parameter *parameter = &given[(*at)++];
		if (slice_is(parameter->name, name)) {
			*value = parameter->value;
			return true;
		}
	}
	return false;
}
