/* The body of a search: what a client asks for, checked. */
#include "api/search_body.h"

#include "api/json_text.h"
#include "api/search_facets.h"
#include "api/search_filter.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

enum { QUERY_MAX_SIZE = 16 * 1024, FIELDS_MAX = 100 };

const char *const search_members[] = {"query", "mode",   "status", "import_id", "limit",
				      "offset", "cursor", "min_score", "fields", "filter",
				      "sort",  "facets", "highlight", NULL};

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

/* "-age", "name", "created_at", "data.id"; "-score" alone is the order of a search without any. */
static void read_sort(struct api_call *call, const json_t *object, struct search_request *search)
{
	static const struct {
		const char *name;
		enum record_member member;
	} own[] = {{"id", MEMBER_ID}, {"import_id", MEMBER_IMPORT}, {"row", MEMBER_ROW}, {"created_at", MEMBER_CREATED}};
	size_t count;
	struct slice *names = body_texts(call, object, "sort", SORT_KEYS_MOST, &count);
	struct sort_key *keys = arena_alloc_zeroed(call->arena, SORT_KEYS_MOST, sizeof *keys);

	if (!count || !keys)
		return;
	if (count == 1 && slice_is(names[0], "-score") && search->mode != SEARCH_LIST)
		return;
	for (size_t i = 0; i < count; i++) {
		struct slice name = names[i];
		keys[i].descending = name.size && name.data[0] == '-';
		if (keys[i].descending)
			name = slice_of(name.data + 1, name.size - 1);
		size_t k = 0;
		while (k < 4 && !slice_is(name, own[k].name))
			k++;
		if (k < 4) {
			keys[i].member = own[k].member;
		} else if (name.size && search_name_is_field(&name)) {
			keys[i].field = name;
		} else {
			add_param_error(call, "body", SLICE("sort"), "out-of-range",
					"'%.*s' gives no order: name a field, id, import_id, row or created_at, with "
					"'-' before it for the greatest first; -score stands alone, with a query",
					SLICE_ARG(names[i]));
			return;
		}
	}
	search->sort = keys;
	search->sort_count = count;
}

/* A text that names filter and sort. */
static void name_conditions(struct api_call *call, const json_t *object, struct search_request *search)
{
	static const char *const names[] = {"filter", "sort"};
	struct strbuf text;

	strbuf_init(&text, SIZE_MAX / 2);
	for (size_t i = 0; i < 2; i++) {
		const json_t *value = json_object_get(object, names[i]);
		char *dump = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
		if (dump)
			strbuf_add_string(&text, dump);
		strbuf_add_byte(&text, '\n');
		free(dump);
	}
	if (!strbuf_ok(&text) || !arena_copy(call->arena, strbuf_slice(&text), &search->conditions))
		add_param_error(call, "body", SLICE("filter"), "out-of-range", "is too large");
	strbuf_release(&text);
}

/* What is read from the text itself, so that numbers keep their digits. */
static void read_conditions(struct api_call *call, const json_t *object, struct search_request *search)
{
	const struct field *members;
	size_t count;

	if (!json_object_get(object, "filter") && !json_object_get(object, "sort") &&
	    !json_object_get(object, "facets"))
		return;
	if (!json_text_members(strbuf_slice(&call->body), call->arena, &members, &count)) {
		add_param_error(call, "body", SLICE("filter"), "out-of-range", "is too large");
		return;
	}
	if (json_object_get(object, "filter"))
		search->filter = search_filter_read(call, "body", json_text_member(members, count, "filter"));
	read_sort(call, object, search);
	if (json_object_get(object, "facets"))
		search_facets_read(call, json_text_member(members, count, "facets"), search);
	name_conditions(call, object, search);
}

void search_body_read(struct api_call *call, const json_t *object, struct search_body *body)
{
	struct search_request *search = &body->search;
	static const char *const statuses[] = {"valid", "invalid", NULL};

	search->query = body_text(call, object, "query", QUERY_MAX_SIZE);
	read_mode(call, object, search);
	search->status = (enum record_status)(body_choice(call, object, "status", statuses) + 1);
	search->import_id = body_integer(call, object, "import_id", 1, INT64_MAX, 0);
	search->limit = (uint32_t)body_integer(call, object, "limit", 1, PAGE_LIMIT_MAX,
					       PAGE_LIMIT_DEFAULT);
	search->offset = body_integer(call, object, "offset", 0, INT64_MAX, 0);
	search->cursor = body_text(call, object, "cursor", CURSOR_TEXT_MOST);
	search->min_score = (float)body_number(call, object, "min_score", -1, 1, -(double)INFINITY);
	read_conditions(call, object, search);
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
