#include "api/body.h"

#include <math.h>
#include <stdio.h>

#include "base/banned.h"

static json_t *refuse_syntax(struct api_call *call, const json_error_t *error)
{
	char detail[256];

	if (json_error_code(error) == json_error_numeric_overflow) {
		add_param_error(call, "body", (struct slice){NULL, 0}, "out-of-range",
				"%s (line %d, column %d)", error->text, error->line, error->column);
		problem_params(call);
		return NULL;
	}
	snprintf(detail, sizeof detail, "the body is no JSON: %s (line %d, column %d, byte %d)",
		 error->text, error->line, error->column, error->position);
	problem_respond(call->request, call->response, 400, "malformed-json", detail);
	return NULL;
}

json_t *body_parse(struct slice text, json_error_t *error)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
	json_t *value = json_loadb(text.data, text.size, flags, error);

	if (!value && json_error_code(error) == json_error_numeric_overflow)
		value = json_loadb(text.data, text.size, flags | JSON_DECODE_INT_AS_REAL, error);
	return value;
}

static void check_members(struct api_call *call, json_t *object, const char *const *known)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		size_t i = 0;
		while (known[i] && strcmp(known[i], name) != 0)
			i++;
		struct slice copy;
		if (!known[i] && arena_copy(call->arena, slice_of_string(name), &copy))
			add_param_error(call, "body", copy, "unknown", "there is no such member here");
	}
}

json_t *body_read(struct api_call *call, bool may_be_empty, const char *const *known)
{
	struct slice text = strbuf_slice(&call->body);
	json_error_t error;

	if (may_be_empty && slice_trim(text).size == 0)
		text = SLICE("{}");
	json_t *value = body_parse(text, &error);
	if (!value)
		return refuse_syntax(call, &error);
	if (json_is_object(value)) {
		check_members(call, value, known);
		return value;
	}
	json_decref(value);
	add_param_error(call, "body", (struct slice){NULL, 0}, "wrong-type",
			"the body must be a JSON object");
	problem_params(call);
	return NULL;
}

static void wrong_type(struct api_call *call, const char *name, const char *wanted)
{
	add_param_error(call, "body", slice_of_string(name), "wrong-type", "must be %s", wanted);
}

/* Up to here, a float64 that is whole is the number that was sent. */
static const double EXACT_MOST = 9007199254740992.0;

/* 10.0 is an integer, as JSON Schema has it; and where some other number of the body is too large for an integer,
 * all of them are read as reals. */
static bool is_whole(const json_t *value)
{
	return json_is_integer(value) || (json_is_real(value) && floor(json_real_value(value)) >= json_real_value(value));
}

static int64_t check_range(struct api_call *call, const char *name, int64_t value, int64_t min, int64_t max,
			   int64_t fallback)
{
	if (value >= min && value <= max)
		return value;
	add_param_error(call, "body", slice_of_string(name), "out-of-range", "must be from %lld to %lld",
			(long long)min, (long long)max);
	return fallback;
}

int64_t body_integer(struct api_call *call, const json_t *object, const char *name, int64_t min,
		     int64_t max, int64_t fallback)
{
	const json_t *value = json_object_get(object, name);

	if (!value)
		return fallback;
	if (!is_whole(value))
		wrong_type(call, name, "an integer");
	else if (json_is_integer(value))
		return check_range(call, name, json_integer_value(value), min, max, fallback);
	else if (fabs(json_real_value(value)) <= EXACT_MOST)
		return check_range(call, name, (int64_t)json_real_value(value), min, max, fallback);
	else
		add_param_error(call, "body", slice_of_string(name), "out-of-range",
				"must be from %lld to %lld", (long long)min, (long long)max);
	return fallback;
}

double body_number(struct api_call *call, const json_t *object, const char *name, double min,
		   double max, double fallback)
{
	const json_t *value = json_object_get(object, name);

	if (!value)
		return fallback;
	if (!json_is_number(value))
		wrong_type(call, name, "a number");
	else if (json_number_value(value) < min || json_number_value(value) > max)
		add_param_error(call, "body", slice_of_string(name), "out-of-range",
				"must be from %g to %g", min, max);
	else
		return json_number_value(value);
	return fallback;
}

struct slice body_text(struct api_call *call, const json_t *object, const char *name, size_t max)
{
	const json_t *value = json_object_get(object, name);

	if (!value)
		return (struct slice){NULL, 0};
	if (!json_is_string(value))
		wrong_type(call, name, "a string");
	else if (json_string_length(value) > max)
		add_param_error(call, "body", slice_of_string(name), "out-of-range",
				"must be at most %zu bytes long", max);
	else
		return slice_of(json_string_value(value), json_string_length(value));
	return (struct slice){NULL, 0};
}

int body_choice(struct api_call *call, const json_t *object, const char *name,
		const char *const *choices)
{
	const json_t *value = json_object_get(object, name);
	struct strbuf all;

	if (!value)
		return -1;
	if (!json_is_string(value)) {
		wrong_type(call, name, "a string");
		return -1;
	}
	for (int i = 0; choices[i]; i++)
		if (slice_is(slice_of(json_string_value(value), json_string_length(value)), choices[i]))
			return i;
	strbuf_init(&all, 200);
	for (int i = 0; choices[i]; i++)
		strbuf_add_format(&all, "%s%s", i ? ", " : "", choices[i]);
	add_param_error(call, "body", slice_of_string(name), "out-of-range", "must be one of %s",
			all.data);
	strbuf_release(&all);
	return -1;
}

bool body_flag(struct api_call *call, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (value && !json_is_boolean(value))
		wrong_type(call, name, "true or false");
	return json_is_true(value);
}

struct slice *body_texts(struct api_call *call, const json_t *object, const char *name, size_t max_count,
			 size_t *count)
{
	const json_t *value = json_object_get(object, name);

	*count = 0;
	if (!value)
		return NULL;
	if (!json_is_array(value) || json_array_size(value) > max_count) {
		add_param_error(call, "body", slice_of_string(name), "wrong-type",
				"must be an array of at most %zu strings", max_count);
		return NULL;
	}
	size_t size = json_array_size(value);
	struct slice *texts = arena_alloc_zeroed(call->arena, size, sizeof *texts);
	for (size_t i = 0; texts && i < size; i++) {
		const json_t *item = json_array_get(value, i);
		if (!json_is_string(item)) {
			wrong_type(call, name, "an array of strings");
			return NULL;
		}
		texts[i] = slice_of(json_string_value(item), json_string_length(item));
	}
	*count = texts ? size : 0;
	return texts;
}
