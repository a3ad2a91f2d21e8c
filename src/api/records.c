/* POST /api/records/search. */
#include "api/search_body.h"
#include "api/search_facets.h"
#include "base/clock.h"

#include <math.h>

#include "base/banned.h"

static void respond(struct api_call *call, const struct search_body *body,
		    const struct search_result *result, uint64_t started_ns)
{
	const float no_score = NAN; /* a list's records have none: null */
	struct answer answer;

	answer_begin(&answer);
	json_put_member(&answer.json, "records");
	json_begin_array(&answer.json);
	for (size_t i = 0; i < result->list.count; i++)
		present_record(&answer.json, &result->list.records[i],
			       result->scores ? &result->scores[i] : &no_score,
			       result->highlights ? result->highlights[i] : SLICE("{}"), body->fields,
			       body->field_count);
	json_end_array(&answer.json);
	present_page(&answer.json, body->search.limit, result->offset, result->list.total,
		     strbuf_slice(&result->next));
	json_put_text_member(&answer.json, "mode", search_mode_name(body->search.mode));
	search_facets_present(&answer.json, &body->search, result);
	json_put_member(&answer.json, "embedding_coverage");
	json_put_double(&answer.json, result->embedding_coverage, 4);
	json_put_member(&answer.json, "took_ms");
	json_put_double(&answer.json, (double)(clock_monotonic_ns() - started_ns) / 1e6, 4);
	answer_send(&answer, call, 200);
}

void handle_search(struct api_call *call)
{
	uint64_t started_ns = clock_monotonic_ns();
	struct search_body body = {0};
	struct search_result result;
	struct error err;

	json_t *object = body_read(call, true, search_members);
	if (!object)
		return;
	search_body_read(call, object, &body);
	if (call->error_count) {
		problem_params(call);
		json_decref(object);
		return;
	}
	enum status status =
		searcher_run(call->api->config.searcher, &body.search, call->arena, &result, &err);
	if (status == STATUS_OK) {
		respond(call, &body, &result, started_ns);
	} else if (status == STATUS_INVALID) {
		bool by_cursor = strcmp(err.code, "too-many-bars") != 0;
		add_param_error(call, "body", by_cursor ? SLICE("cursor") : SLICE("facets"), err.code, "%s",
				err.detail);
		problem_params(call);
	} else {
		problem_error(call, &err);
	}
	search_result_release(&result);
	json_decref(object);
}
