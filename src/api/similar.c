/* GET /api/records/{id}/similar: the nearest records by vector. */
#include "api/body.h"
#include "api/search_body.h"
#include "api/search_filter.h"
#include "base/clock.h"

#include <math.h>

#include "base/banned.h"

enum { SIMILAR_DEFAULT = 10 };

static enum status find_record(struct api_call *call, struct error *err)
{
	struct stored_record record;
	enum status status = read_record(call, &record, err);

	if (status == STATUS_OK && !record.embedded)
		return error_set(err, STATUS_CONFLICT, "not-embedded",
				 record.valid ? "record %lld has no vector yet; ask again when it is embedded"
					      : "record %lld is invalid, and invalid records have no vector",
				 (long long)call->id);
	return status;
}

static void read_filter(struct api_call *call, struct search_request *search)
{
	struct slice text = param_text(call, "filter");
	json_error_t error;

	if (!param_given(call, "filter"))
		return;
	json_t *value = body_parse(text, &error);
	if (!json_is_object(value))
		add_param_error(call, "query", SLICE("filter"), "wrong-type",
				"must be a filter as a JSON object, like {\"department\": \"Sales\"}");
	else
		search->filter = search_filter_read(call, "query", (struct value){VALUE_OBJECT, slice_trim(text)});
	json_decref(value);
	search->conditions = text;
}

static void respond(struct api_call *call, const struct search_request *search, const struct search_result *result,
		    uint64_t started_ns)
{
	struct answer answer;

	answer_begin(&answer);
	json_put_member(&answer.json, "records");
	json_begin_array(&answer.json);
	for (size_t i = 0; i < result->list.count; i++)
		present_record(&answer.json, &result->list.records[i], &result->scores[i], SLICE("{}"), NULL, 0);
	json_end_array(&answer.json);
	present_page(&answer.json, search->limit, result->offset, result->list.total, strbuf_slice(&result->next));
	respond_next_link(call, strbuf_slice(&result->next));
	json_put_member(&answer.json, "embedding_coverage");
	json_put_double(&answer.json, result->embedding_coverage, 4);
	json_put_member(&answer.json, "took_ms");
	json_put_double(&answer.json, (double)(clock_monotonic_ns() - started_ns) / 1e6, 4);
	answer_send(&answer, call, 200);
}

void handle_similar(struct api_call *call)
{
	uint64_t started_ns = clock_monotonic_ns();
	struct search_result result = {0};
	struct error err;
	struct search_request search = {
		.mode = SEARCH_SEMANTIC,
		.by_vector = true,
		.record_id = call->id,
		.import_id = param_number(call, "import_id"),
		.min_score = -INFINITY,
		.limit = (uint32_t)param_number(call, "limit"),
		.offset = param_number(call, "offset"),
		.cursor = param_text(call, "cursor"),
	};

	read_filter(call, &search);
	if (param_given(call, "cursor") && param_given(call, "offset"))
		add_param_error(call, "query", SLICE("offset"), "conflict", "cannot be used together with cursor");
	if (call->error_count) {
		problem_params(call);
		return;
	}
	enum status status = find_record(call, &err);
	if (status == STATUS_OK)
		status = searcher_run(call->api->config.searcher, &search, call->arena, &result, &err);
	if (status == STATUS_OK) {
		respond(call, &search, &result, started_ns);
	} else if (status == STATUS_INVALID) {
		add_param_error(call, "query", SLICE("cursor"), err.code, "%s", err.detail);
		problem_params(call);
	} else {
		problem_error(call, &err);
	}
	search_result_release(&result);
}
