#include "api/search_filter.h"

#include "api/instant.h"
#include "api/json_text.h"

#include "base/banned.h"

enum { DEPTH_MOST = 16, CONDITIONS_MOST = 1000, VALUES_MOST = 10000 };

/* A step of the way to what is wrong: a member's name, or an item's index. */
struct step {
	const struct step *before;
	struct slice name;
	size_t index;
};

struct reading {
	struct api_call *call;
	const char *where;
	size_t conditions;
	bool no_memory;
};

/* The first wrong thing is enough: the rest follows from it, or is said next time. */
static const struct filter *refuse(struct reading *reading, const struct step *at, const char *type,
				   const char *message)
{
	const struct step *way[2 * DEPTH_MOST + 4];
	size_t count = 0;
	struct strbuf path;
	struct json_writer json;
	struct slice copy = {NULL, 0};

	for (; at && count < sizeof way / sizeof *way; at = at->before)
		way[count++] = at;
	strbuf_init(&path, 1 << 16);
	json_writer_init(&json, &path);
	while (count--) {
		if (way[count]->name.data)
			json_put_string(&json, way[count]->name);
		else
			json_put_int(&json, (int64_t)way[count]->index);
	}
	if (strbuf_ok(&path))
		arena_copy(reading->call->arena, strbuf_slice(&path), &copy);
	strbuf_release(&path);
	add_place_error(reading->call, reading->where, SLICE("filter"), copy, type, "%s", message);
	return NULL;
}

static const struct filter *no_memory(struct reading *reading)
{
	reading->no_memory = true;
	return NULL;
}

static struct filter *new_filter(struct reading *reading, enum filter_kind kind, size_t children)
{
	struct filter *filter = arena_alloc_zeroed(reading->call->arena, 1, sizeof *filter);

	if (!filter)
		return NULL;
	filter->kind = kind;
	filter->children = arena_alloc_zeroed(reading->call->arena, children, sizeof *filter->children);
	return filter->children ? filter : NULL;
}

static const struct filter *negate(struct reading *reading, const struct filter *filter)
{
	struct filter *negated = filter ? new_filter(reading, FILTER_NOT, 1) : NULL;

	if (!negated)
		return filter ? no_memory(reading) : NULL;
	negated->children[negated->child_count++] = filter;
	return negated;
}

/* ---- conditions on fields ---- */

static bool keep_key(struct reading *reading, const struct key_buffer *key, struct slice *kept)
{
	return arena_copy(reading->call->arena, key_slice(key), kept);
}

static const struct filter *range(struct reading *reading, struct slice field, const struct key_buffer *from,
				  const struct key_buffer *to)
{
	struct filter *filter = new_filter(reading, FILTER_RANGE, 0);

	if (!filter || !keep_key(reading, from, &filter->from) || !keep_key(reading, to, &filter->to))
		return no_memory(reading);
	filter->field = field;
	return filter;
}

static const struct filter *any_value(struct reading *reading, struct slice field)
{
	struct key_buffer from, to;

	key_kind_start(KEY_NUMBER, &from);
	key_kind_start(KEY_END, &to);
	return range(reading, field, &from, &to);
}

/* A value that is not the empty string. */
static const struct filter *some_value(struct reading *reading, struct slice field)
{
	struct key_buffer start, empty, behind, end;
	struct filter *either = new_filter(reading, FILTER_OR, 2);

	key_kind_start(KEY_NUMBER, &start);
	key_of_string(SLICE(""), &empty);
	behind = empty;
	key_successor(&behind);
	key_kind_start(KEY_END, &end);
	if (!either)
		return no_memory(reading);
	either->children[0] = range(reading, field, &start, &empty);
	either->children[1] = range(reading, field, &behind, &end);
	either->child_count = 2;
	return either->children[0] && either->children[1] ? either : NULL;
}

static const struct filter *equal_to(struct reading *reading, struct slice field, struct value value,
				     const struct step *at)
{
	struct key_buffer from, to;

	if (value.kind == VALUE_NULL)
		return negate(reading, any_value(reading, field));
	if (value.kind == VALUE_ARRAY || value.kind == VALUE_OBJECT)
		return refuse(reading, at, "wrong-type", "must be a string, a number, true, false or null");
	key_of_value(value, &from);
	to = from;
	key_successor(&to);
	return range(reading, field, &from, &to);
}

/* `wanted` is what is said of a value that is no array. */
static bool read_items(struct reading *reading, struct value value, const char *wanted, const struct step *at, struct value **items,
		       size_t *count)
{
	if (value.kind != VALUE_ARRAY) {
		refuse(reading, at, "wrong-type", wanted);
		return false;
	}
	if (json_text_items(value.text, reading->call->arena, items, count))
		return true;
	no_memory(reading);
	return false;
}

static const struct filter *one_of(struct reading *reading, struct slice field, struct value value,
				   const struct step *at)
{
	struct filter *filter = new_filter(reading, FILTER_IN, 0);
	struct value *items;
	struct slice *keys;
	size_t count;

	if (!filter)
		return no_memory(reading);
	if (!read_items(reading, value, "must be an array of values", at, &items, &count))
		return NULL;
	if (count > VALUES_MOST)
		return refuse(reading, at, "out-of-range", "must hold at most 10,000 values");
	keys = arena_alloc_zeroed(reading->call->arena, count, sizeof *keys);
	if (!keys)
		return no_memory(reading);
	for (size_t i = 0; i < count; i++) {
		struct step item = {.before = at, .index = i};
		struct key_buffer key;
		if (items[i].kind == VALUE_NULL || items[i].kind == VALUE_ARRAY || items[i].kind == VALUE_OBJECT)
			return refuse(reading, &item, "wrong-type",
				      "must be a string, a number, true or false");
		key_of_value(items[i], &key);
		if (!keep_key(reading, &key, &keys[i]))
			return no_memory(reading);
	}
	filter->field = field;
	filter->keys = keys;
	filter->key_count = count;
	return filter;
}

/* gt, gte, lt, lte: among values of the same type. */
static const struct filter *compared(struct reading *reading, struct slice field, const char *operator,
				     struct value value, const struct step *at)
{
	struct key_buffer key, from, to;

	if (value.kind != VALUE_NUMBER && value.kind != VALUE_STRING)
		return refuse(reading, at, "wrong-type", "must be a number or a string");
	key_of_value(value, &key);
	enum key_kind kind = key_kind_of(key_slice(&key));
	key_kind_start(kind, &from);
	key_kind_end(kind, &to);
	bool with_equal = operator[2] == 'e';
	if (operator[0] == 'g')
		from = key;
	else
		to = key;
	if (operator[0] == 'g' && !with_equal)
		key_successor(&from);
	if (operator[0] == 'l' && with_equal)
		key_successor(&to);
	return range(reading, field, &from, &to);
}

static const struct filter *prefixed(struct reading *reading, struct slice field, struct value value,
				     const struct step *at)
{
	struct key_buffer from, to;

	if (value.kind != VALUE_STRING)
		return refuse(reading, at, "wrong-type", "must be a string");
	if (value.text.size > KEY_TEXT_MOST)
		return refuse(reading, at, "out-of-range", "must be at most 255 bytes long");
	key_of_string(value.text, &from);
	to = from;
	key_prefix_end(&to);
	return range(reading, field, &from, &to);
}

static const struct filter *existing(struct reading *reading, struct slice field, struct value value,
				     const struct step *at)
{
	if (value.kind != VALUE_BOOLEAN)
		return refuse(reading, at, "wrong-type", "must be true or false");
	const struct filter *filter = some_value(reading, field);
	return slice_is(value.text, "true") ? filter : negate(reading, filter);
}

static const struct filter *field_condition(struct reading *reading, struct slice field, struct slice operator,
					    struct value value, const struct step *at)
{
	static const char *const comparisons[] = {"gt", "gte", "lt", "lte"};

	if (slice_is(operator, "eq"))
		return equal_to(reading, field, value, at);
	if (slice_is(operator, "ne"))
		return negate(reading, equal_to(reading, field, value, at));
	if (slice_is(operator, "in"))
		return one_of(reading, field, value, at);
	if (slice_is(operator, "prefix"))
		return prefixed(reading, field, value, at);
	if (slice_is(operator, "exists"))
		return existing(reading, field, value, at);
	for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
		if (slice_is(operator, comparisons[i]))
			return compared(reading, field, comparisons[i], value, at);
	return refuse(reading, at, "unknown",
		      "there is no such operator; there are eq, ne, in, gt, gte, lt, lte, prefix and exists");
}

/* ---- conditions on the record's own members ---- */

struct own_member {
	const char *name;
	enum { OWN_NUMBER, OWN_TIME, OWN_STATUS, OWN_EMBEDDED } kind;
	enum record_member member;
};

static const struct own_member own_members[] = {
	{"id", OWN_NUMBER, MEMBER_ID},         {"import_id", OWN_NUMBER, MEMBER_IMPORT},
	{"row", OWN_NUMBER, MEMBER_ROW},       {"created_at", OWN_TIME, MEMBER_CREATED},
	{"status", OWN_STATUS, MEMBER_ID},     {"embedded", OWN_EMBEDDED, MEMBER_ID},
};

static const struct own_member *find_own(struct slice name)
{
	for (size_t i = 0; i < sizeof own_members / sizeof *own_members; i++)
		if (slice_is(name, own_members[i].name))
			return &own_members[i];
	return NULL;
}

bool search_name_is_field(struct slice *name)
{
	static const struct slice prefix = {"data.", 5};

	if (slice_starts_with(*name, prefix)) {
		*name = slice_of(name->data + prefix.size, name->size - prefix.size);
		return true;
	}
	return !find_own(*name) && !slice_is(*name, "score");
}

/* What a value stands for, first and last. */
static bool read_own(const struct own_member *own, struct value value, int64_t *first, int64_t *last)
{
	if (own->kind == OWN_TIME)
		return value.kind == VALUE_STRING && instant_parse(value.text, first, last);
	if (value.kind != VALUE_NUMBER || !slice_parse_int64(value.text, first))
		return false;
	*last = *first;
	return true;
}

static const struct filter *member_range(struct reading *reading, const struct own_member *own, int64_t low,
					 int64_t high)
{
	struct filter *filter = new_filter(reading, FILTER_MEMBER, 0);

	if (!filter)
		return no_memory(reading);
	filter->member = own->member;
	filter->low = low;
	filter->high = high;
	return filter;
}

static const struct filter *flag(struct reading *reading, const struct own_member *own, struct value value,
				 const struct step *at)
{
	bool wanted;

	if (own->kind == OWN_STATUS) {
		wanted = value.kind == VALUE_STRING && slice_is(value.text, "valid");
		if (!wanted && !(value.kind == VALUE_STRING && slice_is(value.text, "invalid")))
			return refuse(reading, at, "out-of-range", "must be \"valid\" or \"invalid\"");
	} else {
		if (value.kind != VALUE_BOOLEAN)
			return refuse(reading, at, "wrong-type", "must be true or false");
		wanted = slice_is(value.text, "true");
	}
	const struct filter *filter =
		new_filter(reading, own->kind == OWN_STATUS ? FILTER_VALID : FILTER_EMBEDDED, 0);
	if (!filter)
		return no_memory(reading);
	return wanted ? filter : negate(reading, filter);
}

static const struct filter *own_equal(struct reading *reading, const struct own_member *own, struct value value,
				      const struct step *at)
{
	int64_t first, last;

	if (own->kind == OWN_STATUS || own->kind == OWN_EMBEDDED)
		return flag(reading, own, value, at);
	if (!read_own(own, value, &first, &last))
		return refuse(reading, at, "wrong-type",
			      own->kind == OWN_TIME ? "must be a date, like \"2026-11-23\", or a time with its "
						      "zone, like \"2026-11-23T15:28:00Z\""
						    : "must be an integer");
	return member_range(reading, own, first, last);
}

static const struct filter *own_one_of(struct reading *reading, const struct own_member *own, struct value value,
				       const struct step *at)
{
	struct value *items;
	size_t count;

	if (!read_items(reading, value, "must be an array of values", at, &items, &count))
		return NULL;
	if (count > CONDITIONS_MOST)
		return refuse(reading, at, "out-of-range", "must hold at most 1,000 values");
	struct filter *either = new_filter(reading, FILTER_OR, count);
	if (!either)
		return no_memory(reading);
	for (; either->child_count < count; either->child_count++) {
		struct step item = {.before = at, .index = either->child_count};
		const struct filter *child = own_equal(reading, own, items[item.index], &item);
		if (!child)
			return NULL;
		either->children[item.index] = child;
	}
	return either;
}

static const struct filter *own_condition(struct reading *reading, const struct own_member *own,
					  struct slice operator, struct value value, const struct step *at)
{
	bool ordered = own->kind == OWN_NUMBER || own->kind == OWN_TIME;
	bool greater = slice_is(operator, "gt") || slice_is(operator, "gte");
	int64_t first, last;

	if (slice_is(operator, "eq"))
		return own_equal(reading, own, value, at);
	if (slice_is(operator, "ne"))
		return negate(reading, own_equal(reading, own, value, at));
	if (slice_is(operator, "in"))
		return own_one_of(reading, own, value, at);
	if (!ordered || !(greater || slice_is(operator, "lt") || slice_is(operator, "lte")))
		return refuse(reading, at, "unknown",
			      ordered ? "there is no such operator here; there are eq, ne, in, gt, gte, lt and lte"
				      : "there is no such operator here; there are eq, ne and in");
	if (!read_own(own, value, &first, &last))
		return own_equal(reading, own, value, at); /* refuses it */
	if (slice_is(operator, "gte"))
		return member_range(reading, own, first, INT64_MAX);
	if (slice_is(operator, "lte"))
		return member_range(reading, own, INT64_MIN, last);
	if (greater)
		return last == INT64_MAX ? member_range(reading, own, 1, 0)
					 : member_range(reading, own, last + 1, INT64_MAX);
	return first == INT64_MIN ? member_range(reading, own, 1, 0)
				  : member_range(reading, own, INT64_MIN, first - 1);
}

/* ---- the tree ---- */

static const struct filter *read_object(struct reading *reading, struct value value, const struct step *at,
					unsigned depth);

static const struct filter *apply(struct reading *reading, struct slice name, struct slice operator,
				  struct value value, const struct step *at)
{
	struct slice field = name;

	if (++reading->conditions > CONDITIONS_MOST)
		return refuse(reading, at, "out-of-range", "a filter has at most 1,000 conditions");
	if (search_name_is_field(&field))
		return field_condition(reading, field, operator, value, at);
	const struct own_member *own = find_own(name);
	return own ? own_condition(reading, own, operator, value, at)
		   : refuse(reading, at, "unknown", "records cannot be filtered by score; use min_score");
}

/* {"gte": 30, "lt": 40}: all of them; anything else: equality. */
static const struct filter *read_condition(struct reading *reading, struct slice name, struct value value,
					   const struct step *at)
{
	const struct field *members;
	size_t count;

	if (value.kind == VALUE_ARRAY)
		return refuse(reading, at, "wrong-type",
			      "must be a value or an object of operators; for one of several values use "
			      "{\"in\": […]}");
	if (value.kind != VALUE_OBJECT)
		return apply(reading, name, SLICE("eq"), value, at);
	if (!json_text_members(value.text, reading->call->arena, &members, &count))
		return no_memory(reading);
	if (!count)
		return refuse(reading, at, "missing", "must hold an operator");
	struct filter *all = new_filter(reading, FILTER_AND, count);
	if (!all)
		return no_memory(reading);
	for (; all->child_count < count; all->child_count++) {
		const struct field *member = &members[all->child_count];
		struct step step = {.before = at, .name = member->name};
		const struct filter *child = apply(reading, name, member->name, member->value, &step);
		if (!child)
			return NULL;
		all->children[all->child_count] = child;
	}
	return all;
}

static const struct filter *read_several(struct reading *reading, enum filter_kind kind, struct value value,
					 const struct step *at, unsigned depth)
{
	struct value *items;
	size_t count;

	if (!read_items(reading, value, "must be an array of filters", at, &items, &count))
		return NULL;
	struct filter *several = new_filter(reading, kind, count);
	if (!several)
		return no_memory(reading);
	for (; several->child_count < count; several->child_count++) {
		struct step item = {.before = at, .index = several->child_count};
		const struct filter *child = read_object(reading, items[item.index], &item, depth + 1);
		if (!child)
			return NULL;
		several->children[item.index] = child;
	}
	return several;
}

static const struct filter *read_member(struct reading *reading, const struct field *member,
					const struct step *at, unsigned depth)
{
	if (slice_is(member->name, "and"))
		return read_several(reading, FILTER_AND, member->value, at, depth);
	if (slice_is(member->name, "or"))
		return read_several(reading, FILTER_OR, member->value, at, depth);
	if (slice_is(member->name, "not"))
		return negate(reading, read_object(reading, member->value, at, depth + 1));
	return read_condition(reading, member->name, member->value, at);
}

static const struct filter *read_object(struct reading *reading, struct value value, const struct step *at,
					unsigned depth)
{
	const struct field *members;
	size_t count;

	if (value.kind != VALUE_OBJECT)
		return refuse(reading, at, "wrong-type", "must be an object of conditions");
	if (depth > DEPTH_MOST)
		return refuse(reading, at, "out-of-range", "is nested too deeply; 16 levels are the most");
	if (!json_text_members(value.text, reading->call->arena, &members, &count))
		return no_memory(reading);
	struct filter *all = new_filter(reading, FILTER_AND, count);
	if (!all)
		return no_memory(reading);
	for (; all->child_count < count; all->child_count++) {
		const struct field *member = &members[all->child_count];
		struct step step = {.before = at, .name = member->name};
		const struct filter *child = read_member(reading, member, &step, depth);
		if (!child)
			return NULL;
		all->children[all->child_count] = child;
	}
	return all;
}

const struct filter *search_filter_read(struct api_call *call, const char *where, struct value value)
{
	struct reading reading = {.call = call, .where = where};
	const struct filter *filter = read_object(&reading, value, NULL, 1);

	if (reading.no_memory)
		add_param_error(call, where, SLICE("filter"), "out-of-range", "is too large");
	return filter;
}
