/* POST /api/records/search. */
#include "api/body.h"
#include "base/clock.h"

#include <math.h>

#include "base/banned.h"

enum { QUERY_MAX_SIZE = 16 * 1024, FIELDS_MAX = 100 };

static const char *const members[] = {"query", "mode",   "status", "import_id", "limit",
				      "offset", "cursor", "min_score", "fields", "filter",
				      "sort",  "facets", "highlight", NULL};

/* Of the contract, but not there yet: said plainly, never ignored. */
static void refuse_unsupported(struct api_call *call, const json_t *object)
{
	static const char *const later[] = {"filter", "sort", "facets", "highlight"};

	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (json_object_get(object, later[i]))
			add_param_error(call, "body", slice_of_string(later[i]), "not-supported",
					"is not supported by this version");
}

static void read_mode(struct api_call *call, const json_t *object, struct search_request *search)
{
	static const char *const modes[] = {"auto", "semantic", "keyword", "hybrid", NULL};
	int mode = body_choice(call, object, "mode", modes);
	bool has_query = search->query.size > 0;

	if (mode >= 2)
		add_param_error(call, "body", SLICE("mode"), "not-supported",
				"%s search is not supported by this version; use semantic", modes[mode]);
	if (mode == 1 && !has_query)
		add_param_error(call, "body", SLICE("query"), "missing",
				"is needed for semantic search");
	search->mode = has_query ? SEARCH_SEMANTIC : SEARCH_LIST;
}

static void read_search(struct api_call *call, const json_t *object, struct search_request *search,
			struct slice **fields, size_t *field_count)
{
	static const char *const statuses[] = {"valid", "invalid", NULL};

	refuse_unsupported(call, object);
	search->query = body_text(call, object, "query", QUERY_MAX_SIZE);
	read_mode(call, object, search);
	search->status = (enum record_status)(body_choice(call, object, "status", statuses) + 1);
	search->import_id = body_integer(call, object, "import_id", 1, INT64_MAX, 0);
	search->limit = (uint32_t)body_integer(call, object, "limit", 1, PAGE_LIMIT_MAX,
					       PAGE_LIMIT_DEFAULT);
	search->offset = body_integer(call, object, "offset", 0, INT64_MAX, 0);
	search->cursor = body_text(call, object, "cursor", 256);
	search->min_score = (float)body_number(call, object, "min_score", -1, 1, -(double)INFINITY);
	*fields = body_texts(call, object, "fields", FIELDS_MAX, field_count);
	if (json_object_get(object, "min_score") && search->mode != SEARCH_SEMANTIC)
		add_param_error(call, "body", SLICE("min_score"), "conflict",
				"needs a query to score records by");
	if (json_object_get(object, "cursor") && json_object_get(object, "offset"))
		add_param_error(call, "body", SLICE("offset"), "conflict",
				"cannot be used together with cursor");
	if (json_object_get(object, "cursor") && !search->cursor.size)
		add_param_error(call, "body", SLICE("cursor"), "invalid-cursor",
				"does not belong to this search; start again without it");
}

static void respond(struct api_call *call, const struct search_request *search,
		    const struct search_result *result, const struct slice *fields,
		    size_t field_count, uint64_t started_ns)
{
	const float no_score = NAN; /* a list's records have none: null */
	struct answer answer;

	answer_begin(&answer);
	json_put_member(&answer.json, "records");
	json_begin_array(&answer.json);
	for (size_t i = 0; i < result->list.count; i++)
		present_record(&answer.json, &result->list.records[i],
			       result->scores ? &result->scores[i] : &no_score, fields, field_count);
	json_end_array(&answer.json);
	present_page(&answer.json, search->limit, result->offset, result->list.total,
		     strbuf_slice(&result->next));
	json_put_text_member(&answer.json, "mode", search_mode_name(search->mode));
	json_put_member(&answer.json, "facets");
	json_put_raw(&answer.json, SLICE("{}"));
	json_put_member(&answer.json, "embedding_coverage");
	json_put_double(&answer.json, result->embedding_coverage, 4);
	json_put_member(&answer.json, "took_ms");
	json_put_double(&answer.json, (double)(clock_monotonic_ns() - started_ns) / 1e6, 4);
	answer_send(&answer, call, 200);
}

void handle_search(struct api_call *call)
{
	uint64_t started_ns = clock_monotonic_ns();
	struct search_request search = {0};
	struct search_result result;
	struct slice *fields = NULL;
	size_t field_count = 0;
	struct error err;

	json_t *object = body_read(call, true, members);
	if (!object)
		return;
	read_search(call, object, &search, &fields, &field_count);
	if (call->error_count) {
		problem_params(call);
		json_decref(object);
		return;
	}
	enum status status =
		searcher_run(call->api->config.searcher, &search, call->arena, &result, &err);
	if (status == STATUS_OK) {
		respond(call, &search, &result, fields, field_count, started_ns);
	} else if (status == STATUS_INVALID) {
		add_param_error(call, "body", SLICE("cursor"), err.code, "%s", err.detail);
		problem_params(call);
	} else {
		problem_error(call, &err);
	}
	strbuf_release(&result.next);
	json_decref(object);
}
