#include "api/search_facets.h"

#include "api/json_text.h"
#include "api/search_filter.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

enum { FACETS_MOST = 20, VALUES_DEFAULT = 10, VALUES_MOST = 1000, RANGES_MOST = 100 };

static const int64_t HOUR_MS = 3600000, DAY_MS = 24 * 3600000;

struct place {
	struct api_call *call;
	size_t facet;
};

static void refuse(const struct place *at, const char *member, const char *type, const char *message)
{
	struct strbuf path;
	struct json_writer json;
	struct slice copy = {NULL, 0};

	strbuf_init(&path, 1 << 16);
	json_writer_init(&json, &path);
	json_put_int(&json, (int64_t)at->facet);
	if (member)
		json_put_text(&json, member);
	if (strbuf_ok(&path))
		arena_copy(at->call->arena, strbuf_slice(&path), &copy);
	strbuf_release(&path);
	add_place_error(at->call, "body", SLICE("facets"), copy, type, "%s", message);
}

static double number_of(struct value value)
{
	char text[64];

	if (value.kind != VALUE_NUMBER || value.text.size >= sizeof text)
		return NAN;
	memcpy(text, value.text.data, value.text.size);
	text[value.text.size] = '\0';
	return strtod(text, NULL);
}

static void read_field(const struct place *at, struct slice name, struct facet_request *facet)
{
	facet->field = name;
	if (search_name_is_field(&facet->field))
		return;
	facet->kind = FACET_MEMBER;
	facet->step_ms = DAY_MS;
	if (slice_is(name, "status"))
		facet->by_status = true;
	else if (slice_is(name, "import_id"))
		facet->member = MEMBER_IMPORT;
	else if (slice_is(name, "created_at"))
		facet->member = MEMBER_CREATED;
	else
		refuse(at, "field", "not-supported",
		       "there are no facets of it; of the record's own members there are those of status, import_id "
		       "and created_at");
}

/* true, or {"interval": …} with a number, or "hour" or "day" for created_at. */
static void read_histogram(const struct place *at, struct value value, struct facet_request *facet)
{
	const struct field *members = NULL;
	size_t count = 0;
	bool by_time = facet->kind == FACET_MEMBER && facet->member == MEMBER_CREATED;

	if (facet->kind == FACET_MEMBER && !by_time) {
		refuse(at, "histogram", "conflict", "there is none of this member");
		return;
	}
	if (!by_time)
		facet->kind = FACET_HISTOGRAM;
	if (value.kind == VALUE_BOOLEAN && slice_is(value.text, "true"))
		return;
	if (value.kind != VALUE_OBJECT || !json_text_members(value.text, at->call->arena, &members, &count) ||
	    count != 1 || !slice_is(members[0].name, "interval")) {
		refuse(at, "histogram", "wrong-type", "must be true or {\"interval\": …}");
		return;
	}
	if (by_time) {
		bool hour = members[0].value.kind == VALUE_STRING && slice_is(members[0].value.text, "hour");
		bool day = members[0].value.kind == VALUE_STRING && slice_is(members[0].value.text, "day");
		facet->step_ms = hour ? HOUR_MS : DAY_MS;
		if (!hour && !day)
			refuse(at, "histogram", "out-of-range", "the interval of a time is \"hour\" or \"day\"");
		return;
	}
	facet->interval = number_of(members[0].value);
	if (!(facet->interval > 0) || !isfinite(facet->interval))
		refuse(at, "histogram", "out-of-range", "the interval must be a number above 0");
}

/* A bound as a key and as JSON; empty where it is missing. */
static bool read_bound(struct api_call *call, struct value value, struct slice *key, struct slice *text)
{
	struct key_buffer buffer;
	struct strbuf out;
	struct json_writer json;

	if (json_text_is_missing(value))
		return true;
	if (value.kind != VALUE_NUMBER && value.kind != VALUE_STRING)
		return false;
	key_of_value(value, &buffer);
	strbuf_init(&out, 1 << 16);
	json_writer_init(&json, &out);
	value_write_json(value, &json);
	bool done = strbuf_ok(&out) && arena_copy(call->arena, strbuf_slice(&out), text) &&
		    arena_copy(call->arena, key_slice(&buffer), key);
	strbuf_release(&out);
	return done;
}

static bool read_range(const struct place *at, struct value value, struct facet_request *facet, size_t i)
{
	const struct field *members;
	size_t count;
	struct facet_range *range = &facet->ranges[i];

	if (value.kind != VALUE_OBJECT || !json_text_members(value.text, at->call->arena, &members, &count))
		return false;
	struct value from = json_text_member(members, count, "from"), to = json_text_member(members, count, "to");
	size_t known = (size_t)!json_text_is_missing(from) + (size_t)!json_text_is_missing(to);
	if (!known || known != count || (known == 2 && from.kind != to.kind) ||
	    !read_bound(at->call, from, &range->from, &facet->range_texts[i][0]) ||
	    !read_bound(at->call, to, &range->to, &facet->range_texts[i][1]))
		return false;
	/* A range of one bound keeps to the type of that. */
	struct key_buffer end;
	if (!range->from.size) {
		key_kind_start(key_kind_of(range->to), &end);
		return arena_copy(at->call->arena, key_slice(&end), &range->from);
	}
	if (!range->to.size) {
		key_kind_end(key_kind_of(range->from), &end);
		return arena_copy(at->call->arena, key_slice(&end), &range->to);
	}
	return true;
}

static void read_ranges(const struct place *at, struct value value, struct facet_request *facet)
{
	struct value *items;
	size_t count = 0;

	if (facet->kind != FACET_VALUES) {
		refuse(at, "ranges", "conflict", "are counted of fields, and not together with a histogram");
		return;
	}
	facet->kind = FACET_RANGES;
	bool fits = value.kind == VALUE_ARRAY &&
		    json_text_items(value.text, at->call->arena, &items, &count) && count >= 1 &&
		    count <= RANGES_MOST;
	if (fits) {
		facet->ranges = arena_alloc_zeroed(at->call->arena, count, sizeof *facet->ranges);
		facet->range_texts = arena_alloc_zeroed(at->call->arena, count, sizeof *facet->range_texts);
		fits = facet->ranges && facet->range_texts;
	}
	for (; fits && facet->range_count < count; facet->range_count++)
		fits = read_range(at, items[facet->range_count], facet, facet->range_count);
	if (!fits)
		refuse(at, "ranges", "wrong-type",
		       "must be 1 to 100 objects {\"from\": …, \"to\": …} of numbers or strings; one bound may be "
		       "missing");
}

static void read_limit(const struct place *at, struct value value, struct facet_request *facet)
{
	int64_t limit;

	if (value.kind != VALUE_NUMBER || !slice_parse_int64(value.text, &limit) || limit < 1 ||
	    limit > VALUES_MOST)
		refuse(at, "limit", "out-of-range", "must be an integer from 1 to 1000");
	else
		facet->limit = (uint32_t)limit;
}

static void read_object(const struct place *at, struct value value, struct facet_request *facet)
{
	static const char *const known[] = {"field", "name", "limit", "histogram", "ranges"};
	const struct field *members;
	size_t count;

	if (!json_text_members(value.text, at->call->arena, &members, &count)) {
		refuse(at, NULL, "out-of-range", "is too large");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;
		while (k < sizeof known / sizeof *known && !slice_is(members[i].name, known[k]))
			k++;
		if (k == sizeof known / sizeof *known)
			refuse(at, NULL, "unknown",
			       "has a member that there is not; there are field, name, limit, histogram and ranges");
	}
	struct value field = json_text_member(members, count, "field");
	struct value name = json_text_member(members, count, "name");
	if (field.kind != VALUE_STRING || !field.text.size) {
		refuse(at, "field", "missing", "must be the name of a field");
		return;
	}
	read_field(at, field.text, facet);
	facet->name = field.text;
	if (name.kind == VALUE_STRING && name.text.size)
		facet->name = name.text;
	else if (!json_text_is_missing(name))
		refuse(at, "name", "wrong-type", "must be a string");
	struct value histogram = json_text_member(members, count, "histogram");
	struct value ranges = json_text_member(members, count, "ranges");
	struct value limit = json_text_member(members, count, "limit");
	if (!json_text_is_missing(histogram))
		read_histogram(at, histogram, facet);
	if (!json_text_is_missing(ranges))
		read_ranges(at, ranges, facet);
	if (!json_text_is_missing(limit))
		read_limit(at, limit, facet);
}

void search_facets_read(struct api_call *call, struct value value, struct search_request *search)
{
	struct value *items;
	size_t count = 0;

	if (value.kind != VALUE_ARRAY || !json_text_items(value.text, call->arena, &items, &count) ||
	    count > FACETS_MOST) {
		add_param_error(call, "body", SLICE("facets"), "wrong-type",
				"must be an array of at most %d names or objects", FACETS_MOST);
		return;
	}
	search->facets = arena_alloc_zeroed(call->arena, count, sizeof *search->facets);
	for (size_t i = 0; search->facets && i < count; i++) {
		struct facet_request *facet = &search->facets[search->facet_count++];
		struct place at = {call, i};
		facet->limit = VALUES_DEFAULT;
		if (items[i].kind == VALUE_STRING && items[i].text.size) {
			facet->name = items[i].text;
			read_field(&at, items[i].text, facet);
		} else if (items[i].kind == VALUE_OBJECT) {
			read_object(&at, items[i], facet);
		} else {
			refuse(&at, NULL, "wrong-type", "must be the name of a field, or an object");
		}
		for (size_t j = 0; j < i; j++)
			if (slice_equal(search->facets[j].name, facet->name)) {
				refuse(&at, NULL, "repeated", "is there already; give it a \"name\" of its own");
				break;
			}
	}
}

/* ---- answers ---- */

void present_facet_values(struct json_writer *json, const struct facet_values *values)
{
	json_put_member(json, "values");
	json_begin_array(json);
	for (size_t i = 0; i < values->count; i++) {
		json_begin_object(json);
		json_put_member(json, "value");
		key_write_json(values->values[i].key, json);
		json_put_int_member(json, "count", (int64_t)values->values[i].count);
		json_end_object(json);
	}
	json_end_array(json);
	json_put_int_member(json, "distinct", (int64_t)values->distinct);
	json_put_int_member(json, "other", (int64_t)values->other);
}

static void put_number(struct json_writer *json, const char *name, double value, bool there)
{
	json_put_member(json, name);
	if (there)
		json_put_double(json, value, 15);
	else
		json_put_null(json);
}

void present_facet_bars(struct json_writer *json, const struct facet_histogram *histogram)
{
	json_put_member(json, "interval");
	json_put_double(json, histogram->interval, 15);
	json_put_member(json, "bars");
	json_begin_array(json);
	for (size_t i = 0; i < histogram->count; i++) {
		json_begin_object(json);
		put_number(json, "from", histogram->start + (double)i * histogram->interval, true);
		put_number(json, "to", histogram->start + (double)(i + 1) * histogram->interval, true);
		json_put_int_member(json, "count", (int64_t)histogram->bars[i]);
		json_end_object(json);
	}
	json_end_array(json);
}

static void present_histogram(struct json_writer *json, const struct facet_answer *answer)
{
	const struct facet_numbers *numbers = &answer->numbers;

	present_facet_bars(json, &answer->histogram);
	put_number(json, "min", numbers->min, numbers->count > 0);
	put_number(json, "max", numbers->max, numbers->count > 0);
	put_number(json, "mean", numbers->count ? numbers->sum / (double)numbers->count : 0, numbers->count > 0);
}

static void put_bound(struct json_writer *json, const char *name, struct slice text)
{
	json_put_member(json, name);
	if (text.size)
		json_put_raw(json, text);
	else
		json_put_null(json);
}

static void present_ranges(struct json_writer *json, const struct facet_request *request)
{
	json_put_member(json, "ranges");
	json_begin_array(json);
	for (size_t i = 0; i < request->range_count; i++) {
		json_begin_object(json);
		put_bound(json, "from", request->range_texts[i][0]);
		put_bound(json, "to", request->range_texts[i][1]);
		json_put_int_member(json, "count", (int64_t)request->ranges[i].count);
		json_end_object(json);
	}
	json_end_array(json);
}

static void present_status(struct json_writer *json, const char *name, uint64_t count)
{
	json_begin_object(json);
	json_put_text_member(json, "value", name);
	json_put_int_member(json, "count", (int64_t)count);
	json_end_object(json);
}

static void present_members(struct json_writer *json, const struct facet_request *request,
			    const struct facet_answer *answer)
{
	json_put_member(json, "values");
	json_begin_array(json);
	if (request->by_status) {
		present_status(json, "valid", answer->valid);
		present_status(json, "invalid", answer->invalid);
	}
	for (size_t i = 0; i < answer->member_count; i++) {
		const struct facet_member *member = &answer->members[i];
		json_begin_object(json);
		if (request->member == MEMBER_CREATED)
			present_time(json, "value", member->value);
		else
			json_put_int_member(json, "value", member->value);
		json_put_int_member(json, "count", (int64_t)member->count);
		json_end_object(json);
	}
	json_end_array(json);
}

void search_facets_present(struct json_writer *json, const struct search_request *search,
			   const struct search_result *result)
{
	json_put_member(json, "facets");
	json_begin_object(json);
	for (size_t i = 0; i < search->facet_count && result->facets; i++) {
		const struct facet_request *request = &search->facets[i];
		const struct facet_answer *answer = &result->facets[i];
		json_put_member_slice(json, request->name);
		json_begin_object(json);
		if (request->kind == FACET_VALUES)
			present_facet_values(json, &answer->values);
		else if (request->kind == FACET_HISTOGRAM)
			present_histogram(json, answer);
		else if (request->kind == FACET_RANGES)
			present_ranges(json, request);
		else
			present_members(json, request, answer);
		if (request->kind != FACET_MEMBER)
			json_put_int_member(json, "missing", (int64_t)answer->missing);
		json_end_object(json);
	}
	json_end_object(json);
}
