/* /openapi.json: written from the table of routes, so that it cannot promise another API than
 * the one that is served. The shapes come from web/openapi-components.json. */
#include "api/assets.h"
#include "api/internal.h"

#include <stdio.h>

#include "base/banned.h"

static void begin_member_object(struct json_writer *json, const char *name)
{
	json_put_member(json, name);
	json_begin_object(json);
}

/* "content": {media: {"schema": {"$ref": …}}} */
static void write_content(struct json_writer *json, const char *media, const char *schema)
{
	char reference[96];

	snprintf(reference, sizeof reference, "#/components/schemas/%s", schema);
	begin_member_object(json, "content");
	begin_member_object(json, media);
	begin_member_object(json, "schema");
	json_put_text_member(json, "$ref", reference);
	json_end_object(json);
	json_end_object(json);
	json_end_object(json);
}

/* "content": {media: {"schema": {"type": "string"}}} */
static void write_text_content(struct json_writer *json, const char *media)
{
	begin_member_object(json, "content");
	begin_member_object(json, media);
	begin_member_object(json, "schema");
	json_put_text_member(json, "type", "string");
	json_end_object(json);
	json_end_object(json);
	json_end_object(json);
}

static void write_choices(struct json_writer *json, const char *const *choices)
{
	json_put_text_member(json, "type", "string");
	json_put_member(json, "enum");
	json_begin_array(json);
	for (size_t i = 0; choices[i]; i++)
		json_put_text(json, choices[i]);
	json_end_array(json);
}

static void write_text_type(struct json_writer *json, const struct param *param)
{
	json_put_text_member(json, "type", "string");
	json_put_int_member(json, "minLength", 1);
	json_put_int_member(json, "maxLength", param->max);
}

static void write_parameter_schema(struct json_writer *json, const struct param *param)
{
	begin_member_object(json, "schema");
	switch (param->kind) {
	case PARAM_INTEGER:
		json_put_text_member(json, "type", "integer");
		json_put_int_member(json, "minimum", param->min);
		json_put_int_member(json, "maximum", param->max);
		if (param->fallback >= param->min)
			json_put_int_member(json, "default", param->fallback);
		break;
	case PARAM_FLAG:
		json_put_text_member(json, "type", "boolean");
		json_put_member(json, "default");
		json_put_bool(json, param->fallback != 0);
		break;
	case PARAM_CHOICE:
		write_choices(json, param->choices);
		break;
	case PARAM_TEXT:
		write_text_type(json, param);
		break;
	case PARAM_TEXTS:
		json_put_text_member(json, "type", "array");
		begin_member_object(json, "items");
		write_text_type(json, param);
		json_end_object(json);
		break;
	}
	json_end_object(json);
}

static void write_path_parameter(struct json_writer *json, const char *name, const char *type)
{
	json_begin_object(json);
	json_put_text_member(json, "name", name);
	json_put_text_member(json, "in", "path");
	json_put_member(json, "required");
	json_put_bool(json, true);
	begin_member_object(json, "schema");
	json_put_text_member(json, "type", type);
	if (strcmp(type, "integer") == 0) {
		json_put_int_member(json, "minimum", 1);
	} else if (strcmp(name, "name") == 0) {
		json_put_text_member(json, "pattern", "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$");
	}
	json_end_object(json);
	json_end_object(json);
}

static void write_if_match(struct json_writer *json)
{
	json_begin_object(json);
	json_put_text_member(json, "name", "If-Match");
	json_put_text_member(json, "in", "header");
	json_put_text_member(json, "description",
			     "ETags (RFC 9110): only if it is still in one of these states; otherwise 412. *: in any.");
	begin_member_object(json, "schema");
	json_put_text_member(json, "type", "string");
	json_end_object(json);
	json_end_object(json);
}

static void write_parameters(struct json_writer *json, const struct route *route)
{
	json_put_member(json, "parameters");
	json_begin_array(json);
	if (strstr(route->path, "{id}"))
		write_path_parameter(json, "id", "integer");
	if (strstr(route->path, "{file}"))
		write_path_parameter(json, "file", "string");
	if (strstr(route->path, "{name}"))
		write_path_parameter(json, "name", "string");
	if (route->heeds_if_match)
		write_if_match(json);
	for (const struct param *param = route->params; param && param->name; param++) {
		if (param->refused)
			continue;
		json_begin_object(json);
		json_put_text_member(json, "name", param->name);
		json_put_text_member(json, "in", "query");
		json_put_text_member(json, "description", param->doc);
		write_parameter_schema(json, param);
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_request_body(struct json_writer *json, const struct route *route)
{
	static const char upload_content[] =
		"{\"multipart/form-data\":{\"schema\":{\"type\":\"object\",\"required\":[\"file\"],"
		"\"additionalProperties\":false,\"properties\":{\"file\":{\"type\":\"string\","
		"\"format\":\"binary\",\"contentMediaType\":\"application/octet-stream\"}}}},"
		"\"text/csv\":{\"schema\":{\"type\":\"string\"}},"
		"\"application/json\":{\"schema\":{}}}";

	if (route->body == BODY_NONE)
		return;
	begin_member_object(json, "requestBody");
	json_put_member(json, "required");
	json_put_bool(json, true);
	if (route->body == BODY_UPLOAD) {
		json_put_member(json, "content");
		json_put_raw(json, slice_of_string(upload_content));
	} else {
		write_content(json, "application/json", route->request_schema);
	}
	json_end_object(json);
}

static void write_problem(struct json_writer *json, unsigned status)
{
	char code[8];

	snprintf(code, sizeof code, "%u", status);
	begin_member_object(json, code);
	json_put_text_member(json, "description", problem_title(status));
	write_content(json, "application/problem+json", "Problem");
	json_end_object(json);
}

static void write_etag_header(struct json_writer *json)
{
	begin_member_object(json, "headers");
	begin_member_object(json, "ETag");
	json_put_text_member(json, "description", "Names this state of it, for If-Match.");
	begin_member_object(json, "schema");
	json_put_text_member(json, "type", "string");
	json_end_object(json);
	json_end_object(json);
	json_end_object(json);
}

static void write_success(struct json_writer *json, const struct route *route, unsigned status,
			  const char *description)
{
	char code[8];

	snprintf(code, sizeof code, "%u", status);
	begin_member_object(json, code);
	json_put_text_member(json, "description", description);
	if (route->gives_etag)
		write_etag_header(json);
	if (route->success_schema)
		write_content(json, "application/json", route->success_schema);
	if (route->success_media)
		write_text_content(json, route->success_media);
	json_end_object(json);
}

static void write_responses(struct json_writer *json, const struct route *route)
{
	/* What any request may get, whatever it asks for. */
	static const unsigned common[] = {400, 403, 405, 413, 431, 500, 503};

	begin_member_object(json, "responses");
	write_success(json, route, route->success,
		      route->success != 202 ? "Done"
		      : route->body == BODY_UPLOAD ? "Accepted: the file is safe"
						   : "Accepted");
	if (route->body == BODY_UPLOAD && route->success == 202)
		write_success(json, route, 200, "The import has ended within the time to wait");
	if (route->no_content) {
		begin_member_object(json, "204");
		json_put_text_member(json, "description", route->no_content);
		json_end_object(json);
	}
	for (const char *at = route->problems; *at; at += strspn(at, " ")) {
		unsigned status = (unsigned)(at[0] - '0') * 100 + (unsigned)(at[1] - '0') * 10 +
				  (unsigned)(at[2] - '0');
		bool is_common = false;
		for (size_t i = 0; i < sizeof common / sizeof *common; i++)
			is_common = is_common || common[i] == status;
		if (!is_common)
			write_problem(json, status);
		at += 3;
	}
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		write_problem(json, common[i]);
	json_end_object(json);
}

static void write_operation(struct json_writer *json, const struct route *route)
{
	char method[8] = {0};

	for (size_t i = 0; route->method[i] && i < sizeof method - 1; i++)
		method[i] = (char)(route->method[i] | 0x20);
	begin_member_object(json, method);
	json_put_member(json, "tags");
	json_begin_array(json);
	json_put_text(json, route->tag);
	json_end_array(json);
	json_put_text_member(json, "operationId", route->operation);
	json_put_text_member(json, "summary", route->summary);
	if (route->description)
		json_put_text_member(json, "description", route->description);
	write_parameters(json, route);
	write_request_body(json, route);
	write_responses(json, route);
	json_end_object(json);
}

/* Methods of one path stand side by side in the table. */
static void write_paths(struct json_writer *json)
{
	begin_member_object(json, "paths");
	for (size_t i = 0; i < route_count; i++) {
		if (i == 0 || strcmp(routes[i].path, routes[i - 1].path) != 0)
			begin_member_object(json, routes[i].path);
		write_operation(json, &routes[i]);
		if (i + 1 == route_count || strcmp(routes[i].path, routes[i + 1].path) != 0)
			json_end_object(json);
	}
	json_end_object(json);
}

void handle_openapi(struct api_call *call)
{
	const struct asset *components = asset_find(SLICE("openapi-components"));
	struct answer answer;

	answer_begin(&answer);
	json_put_text_member(&answer.json, "openapi", "3.1.0");
	begin_member_object(&answer.json, "info");
	json_put_text_member(&answer.json, "title", "Rowmill");
	json_put_text_member(&answer.json, "version", ROWMILL_VERSION);
	json_put_text_member(&answer.json, "description",
		    "Upload files of records; every row is checked, stored, embedded and found again.");
	json_end_object(&answer.json);
	write_paths(&answer.json);
	json_put_member(&answer.json, "components");
	json_put_raw(&answer.json, slice_trim(components->body));
	answer_send(&answer, call, 200);
}
