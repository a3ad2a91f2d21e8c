/* The body of a search: what a client asks for, checked. */
#include "api/search_body.h"

#include <math.h>

#include "base/banned.h"

enum { QUERY_MAX_SIZE = 16 * 1024, FIELDS_MAX = 100 };

const char *const search_members[] = {"query", "mode",   "status", "import_id", "limit",
				      "offset", "cursor", "min_score", "fields", "filter",
				      "sort",  "facets", "highlight", NULL};

/* Of the contract, but not there yet: said plainly, never ignored. */
static void refuse_unsupported(struct api_call *call, const json_t *object)
{
	static const char *const later[] = {"filter", "sort", "facets"};

	for (size_t i = 0; i < sizeof later / sizeof *later; i++)
		if (json_object_get(object, later[i]))
			add_param_error(call, "body", slice_of_string(later[i]), "not-supported",
					"is not supported by this version");
}

static void read_mode(struct api_call *call, const json_t *object, struct search_request *search)
{
	static const char *const names[] = {"auto", "semantic", "keyword", "hybrid", NULL};
	static const enum search_mode modes[] = {SEARCH_HYBRID, SEARCH_SEMANTIC, SEARCH_KEYWORD, SEARCH_HYBRID};
	int mode = body_choice(call, object, "mode", names);
	bool has_query = search->query.size > 0;

	if (mode > 0 && !has_query)
		add_param_error(call, "body", SLICE("query"), "missing", "is needed for %s search", names[mode]);
	search->mode = has_query ? modes[mode > 0 ? mode : 0] : SEARCH_LIST;
}

static void check_score(struct api_call *call, const json_t *object, const struct search_request *search)
{
	if (!json_object_get(object, "min_score"))
		return;
	if (search->mode == SEARCH_LIST)
		add_param_error(call, "body", SLICE("min_score"), "conflict", "needs a query to score records by");
	if (search->mode == SEARCH_KEYWORD)
		add_param_error(call, "body", SLICE("min_score"), "conflict",
				"is a cosine, and keyword search has none; use semantic or hybrid");
}

static void check_depth(struct api_call *call, const struct search_request *search)
{
	bool is_ranked = search->mode == SEARCH_KEYWORD || search->mode == SEARCH_HYBRID;

	if (is_ranked && search->offset > SEARCH_DEPTH_MOST - (int64_t)search->limit)
		add_param_error(call, "body", SLICE("offset"), "out-of-range",
				"%s results can be paged to the first %d; narrow the search, or use semantic",
				search_mode_name(search->mode), SEARCH_DEPTH_MOST);
}

void search_body_read(struct api_call *call, const json_t *object, struct search_body *body)
{
	struct search_request *search = &body->search;
	static const char *const statuses[] = {"valid", "invalid", NULL};

	refuse_unsupported(call, object);
	search->query = body_text(call, object, "query", QUERY_MAX_SIZE);
	read_mode(call, object, search);
	search->status = (enum record_status)(body_choice(call, object, "status", statuses) + 1);
	search->import_id = body_integer(call, object, "import_id", 1, INT64_MAX, 0);
	search->limit = (uint32_t)body_integer(call, object, "limit", 1, PAGE_LIMIT_MAX,
					       PAGE_LIMIT_DEFAULT);
	search->offset = body_integer(call, object, "offset", 0, INT64_MAX, 0);
	search->cursor = body_text(call, object, "cursor", CURSOR_TEXT_MOST);
	search->min_score = (float)body_number(call, object, "min_score", -1, 1, -(double)INFINITY);
	body->fields = body_texts(call, object, "fields", FIELDS_MAX, &body->field_count);
	search->highlight = body_flag(call, object, "highlight");
	check_score(call, object, search);
	check_depth(call, search);
	if (json_object_get(object, "cursor") && json_object_get(object, "offset"))
		add_param_error(call, "body", SLICE("offset"), "conflict",
				"cannot be used together with cursor");
	if (json_object_get(object, "cursor") && !search->cursor.size)
		add_param_error(call, "body", SLICE("cursor"), "invalid-cursor",
				"does not belong to this search; start again without it");
}
