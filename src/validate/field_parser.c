/* One field of a Table Schema document: its type, format and constraints. */
#include "validate/document.h"
#include "validate/white_space.h"

#include "base/banned.h"

enum { NAME_SIZE_MAX = 1000, LENGTH_MAX = 1 << 30, PATTERN_BYTES_MAX = 8 << 20, CHOICES_TEXT = 200 };

static bool is_text_type(enum field_type type)
{
	return type == TYPE_STRING || type == TYPE_EMAIL || type == TYPE_URI;
}

static bool is_number_type(enum field_type type)
{
	return type == TYPE_INTEGER || type == TYPE_NUMBER;
}

static bool is_date_type(enum field_type type)
{
	return type == TYPE_DATE || type == TYPE_DATETIME;
}

static void read_flag(struct document *document, const struct place *place,
		      const struct json_node *node, bool *flag)
{
	if (is_kind(document, place, node, NODE_BOOLEAN))
		*flag = slice_is(node->text, "true");
}

/* ---- type and format ---- */

static const struct {
	const char *name;
	enum field_type type;
} types[] = {
	{"any", TYPE_ANY},         {"string", TYPE_STRING},   {"email", TYPE_EMAIL},
	{"uri", TYPE_URI},         {"integer", TYPE_INTEGER}, {"number", TYPE_NUMBER},
	{"boolean", TYPE_BOOLEAN}, {"date", TYPE_DATE},       {"datetime", TYPE_DATETIME},
};

static const char *const other_types[] = {"object",   "array",    "list",     "time",    "year",
					  "yearmonth", "duration", "geopoint", "geojson"};

static void read_type(struct document *document, const struct place *above,
		      const struct json_node *node, struct schema_field *field)
{
	struct place place = member_place(above, SLICE("type"));

	if (!is_kind(document, &place, node, NODE_STRING))
		return;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (slice_is(node->text, types[i].name)) {
			field->type = types[i].type;
			return;
		}
	for (size_t i = 0; i < sizeof other_types / sizeof *other_types; i++)
		if (slice_is(node->text, other_types[i])) {
			add_fault(document, &place, "not-supported",
				  "the type '%s' is not checked here; use string, with a pattern where that helps, or any",
				  other_types[i]);
			return;
		}
	add_fault(document, &place, "unknown",
		  "there is no type '%.*s'; use any, string, integer, number, boolean, date, datetime, email or uri",
		  SLICE_ARG(node->text));
}

static void read_date_format(struct document *document, const struct place *place, struct slice text,
			     struct schema_field *field)
{
	enum date_kind kind = field->type == TYPE_DATE ? DATE_ONLY : DATE_AND_TIME;

	if (slice_is(text, "any")) {
		field->date.form = DATE_FORMAT_ANY;
		return;
	}
	const char *fault = slice_find(text, '%', 0) < text.size
				    ? date_pattern_fault(text, kind)
				    : "must be default, any, or a pattern like %d.%m.%Y";
	if (fault)
		add_fault(document, place, "out-of-range", "%s", fault);
	field->date.form = DATE_FORMAT_PATTERN;
	field->date.pattern = copy_text(document, text);
}

static void read_format(struct document *document, const struct place *above,
			const struct json_node *node, struct schema_field *field)
{
	struct place place = member_place(above, SLICE("format"));

	if (!is_kind(document, &place, node, NODE_STRING) || slice_is(node->text, "default"))
		return;
	if (is_date_type(field->type)) {
		read_date_format(document, &place, node->text, field);
	} else if (is_text_type(field->type) && slice_is(node->text, "email")) {
		field->type = TYPE_EMAIL;
	} else if (is_text_type(field->type) && slice_is(node->text, "uri")) {
		field->type = TYPE_URI;
	} else if (is_text_type(field->type)) {
		add_fault(document, &place, "not-supported",
			  "the format '%.*s' is not checked here; use default, email or uri, or a pattern",
			  SLICE_ARG(node->text));
	} else {
		add_fault(document, &place, "not-supported", "this type has no format but default");
	}
}

/* ---- how values are written ---- */

/* One character that cannot be taken for a part of a number. */
static void read_sign(struct document *document, const struct place *place,
		      const struct json_node *node, struct slice *sign)
{
	static const char taken[] = "0123456789+-eE";

	if (!is_kind(document, place, node, NODE_STRING))
		return;
	struct slice text = node->text;
	size_t bytes = 0;
	for (size_t i = 0; i < text.size; i++)
		bytes += (text.data[i] & 0xC0) != 0x80;
	if (bytes != 1 || !text.data[0] || strchr(taken, text.data[0]))
		add_fault(document, place, "out-of-range",
			  "must be one character, and no digit, sign or letter e");
	else
		*sign = copy_text(document, text);
}

static void check_signs(struct document *document, const struct place *place,
			struct schema_field *field)
{
	struct number_format *format = &field->number;
	struct slice point = format->decimal_char.size ? format->decimal_char : SLICE(".");

	if (format->group_char.size && slice_equal(point, format->group_char))
		add_fault(document, place, "conflict", "groupChar and decimalChar must differ");
	if (slice_is(format->decimal_char, "."))
		format->decimal_char = (struct slice){0};
}

static void read_truths(struct document *document, const struct place *place,
			const struct json_node *node, struct texts *texts)
{
	if (!read_texts(document, place, node, texts))
		return;
	if (!texts->count)
		add_fault(document, place, "out-of-range", "must list at least one text");
	for (size_t i = 0; i < texts->count; i++)
		if (trim_white_space(texts->list[i]).size != texts->list[i].size || !texts->list[i].size)
			add_fault(document, place, "out-of-range",
				  "texts may not be empty, nor begin or end with white space");
}

static void check_truths(struct document *document, const struct place *place,
			 const struct schema_field *field)
{
	for (size_t i = 0; i < field->true_values.count; i++)
		if (texts_have(&field->false_values, field->true_values.list[i]))
			add_fault(document, place, "conflict", "'%.*s' cannot mean both true and false",
				  SLICE_ARG(field->true_values.list[i]));
}

/* ---- constraints ---- */

static void read_length(struct document *document, const struct place *place,
			const struct json_node *node, const struct schema_field *field, size_t least,
			size_t *length)
{
	int64_t number = 0;

	if (!is_text_type(field->type))
		add_fault(document, place, "not-supported", "lengths are of strings only");
	else if (!is_kind(document, place, node, NODE_NUMBER))
		return;
	else if (!slice_parse_int64(node->text, &number) || number < (int64_t)least || number > LENGTH_MAX)
		add_fault(document, place, "out-of-range", "must be a whole number from %zu to %d", least,
			  LENGTH_MAX);
	else
		*length = (size_t)number;
}

static bool read_limit(const struct json_node *node, const struct schema_field *field,
		       struct bound *bound)
{
	static const struct date_format iso = {.form = DATE_FORMAT_DEFAULT};
	enum date_kind kind = field->type == TYPE_DATE ? DATE_ONLY : DATE_AND_TIME;

	if (is_number_type(field->type))
		return (node->kind == NODE_NUMBER || node->kind == NODE_STRING) &&
		       decimal_read(bound->text, DECIMAL_LOOSE, &bound->number);
	return node->kind == NODE_STRING && (date_time_read(bound->text, kind, &field->date, &bound->time) ||
					     date_time_read(bound->text, kind, &iso, &bound->time));
}

static void read_bound(struct document *document, const struct place *place,
		       const struct json_node *node, const struct schema_field *field, bool exclusive,
		       struct bound *bound)
{
	if (!is_number_type(field->type) && !is_date_type(field->type)) {
		add_fault(document, place, "not-supported", "is of numbers and dates only");
		return;
	}
	if (bound->given) {
		add_fault(document, place, "conflict", "cannot be given beside the other form of it");
		return;
	}
	*bound = (struct bound){.exclusive = exclusive, .text = copy_text(document, node->text)};
	bound->given = read_limit(node, field, bound);
	if (!bound->given)
		add_fault(document, place, "wrong-type", is_number_type(field->type)
								  ? "must be a number"
								  : "must be a date of the field's own type, as text");
}

static void check_bounds(struct document *document, const struct place *place,
			 const struct schema_field *field)
{
	struct typed_value least = {.as.number = field->minimum.number};

	if (!field->minimum.given || !field->maximum.given)
		return;
	if (is_date_type(field->type))
		least.as.time = field->minimum.time;
	if (bound_compare(field, &least, &field->maximum) > 0)
		add_fault(document, place, "conflict", "the maximum is below the minimum");
}

static void read_pattern(struct document *document, const struct place *place,
			 const struct json_node *node, struct schema_field *field)
{
	struct error err;

	if (!is_text_type(field->type)) {
		add_fault(document, place, "not-supported", "is of strings only");
		return;
	}
	if (!is_kind(document, place, node, NODE_STRING))
		return;
	enum status status = pattern_compile(node->text, &field->pattern, &err);
	if (status == STATUS_NO_MEMORY)
		document->no_memory = true;
	else if (status != STATUS_OK)
		add_fault(document, place, "out-of-range", "%s", err.detail);
	if (status != STATUS_OK)
		return;
	field->pattern_text = copy_text(document, node->text);
	document->pattern_bytes += pattern_size(field->pattern);
	if (document->pattern_bytes > PATTERN_BYTES_MAX)
		add_fault(document, place, "out-of-range", "the schema's patterns take too much memory together");
}

static struct value value_of(const struct json_node *node)
{
	static const enum value_kind kinds[] = {
		[NODE_NULL] = VALUE_NULL,     [NODE_BOOLEAN] = VALUE_BOOLEAN, [NODE_NUMBER] = VALUE_NUMBER,
		[NODE_STRING] = VALUE_STRING, [NODE_ARRAY] = VALUE_ARRAY,     [NODE_OBJECT] = VALUE_OBJECT,
	};
	bool is_nested = node->kind == NODE_ARRAY || node->kind == NODE_OBJECT;

	return (struct value){kinds[node->kind], is_nested ? node->raw : node->text};
}

/* One value of enum, as the key by which it is found. */
static void read_choice(struct document *document, const struct place *place,
			const struct json_node *node, const struct schema_field *field,
			struct slice *key)
{
	struct value value = value_of(node);
	struct typed_value typed;
	const char *message = "";
	struct strbuf text;

	if (field_is_missing(field, &value)) {
		add_fault(document, place, "out-of-range", "an empty value cannot be chosen; leave it away");
		return;
	}
	enum read_result result = field_read(field, &value, document->arena, &typed, &message);
	if (result == READ_WRONG_TYPE)
		add_fault(document, place, "wrong-type", "is not of the field's own type");
	strbuf_init(&text, 2 * SCHEMA_DOCUMENT_MAX);
	if (result == READ_OK)
		field_write_key(field, &typed, &text);
	if (result == READ_NO_MEMORY || !strbuf_ok(&text))
		document->no_memory = true;
	*key = copy_text(document, strbuf_slice(&text));
	strbuf_release(&text);
}

static void read_enum(struct document *document, const struct place *above,
		      const struct json_node *node, struct schema_field *field)
{
	struct strbuf listed;
	size_t i = 0;

	if (!is_kind(document, above, node, NODE_ARRAY))
		return;
	if (node->count == 0) {
		add_fault(document, above, "out-of-range", "must list at least one value");
		return;
	}
	struct slice *keys = allocate(document, node->count, sizeof *keys);
	if (!keys)
		return;
	strbuf_init(&listed, 2 * SCHEMA_DOCUMENT_MAX);
	for (const struct json_node *item = node->first; item; item = item->next, i++) {
		struct place place = {.above = above, .index = i};
		read_choice(document, &place, item, field, &keys[i]);
		if (listed.size < CHOICES_TEXT) {
			strbuf_add_string(&listed, i ? ", " : "");
			strbuf_add_slice(&listed, value_of(item).text);
		}
	}
	if (!strbuf_ok(&listed))
		document->no_memory = true;
	field->choices_text = copy_text(document, strbuf_slice(&listed));
	strbuf_release(&listed);
	texts_sort(keys, node->count);
	field->choices = (struct texts){keys, node->count};
}

static void read_constraint(struct document *document, const struct place *place,
			    const struct json_node *node, struct schema_field *field)
{
	struct slice name = node->name;

	if (slice_is(name, "required"))
		read_flag(document, place, node, &field->required);
	else if (slice_is(name, "unique"))
		read_flag(document, place, node, &field->unique);
	else if (slice_is(name, "minLength"))
		read_length(document, place, node, field, 0, &field->min_length);
	else if (slice_is(name, "maxLength"))
		read_length(document, place, node, field, 1, &field->max_length);
	else if (slice_is(name, "minimum") || slice_is(name, "exclusiveMinimum"))
		read_bound(document, place, node, field, name.data[0] == 'e', &field->minimum);
	else if (slice_is(name, "maximum") || slice_is(name, "exclusiveMaximum"))
		read_bound(document, place, node, field, name.data[0] == 'e', &field->maximum);
	else if (slice_is(name, "pattern"))
		read_pattern(document, place, node, field);
	else if (slice_is(name, "enum"))
		read_enum(document, place, node, field);
	else if (slice_is(name, "jsonSchema"))
		add_fault(document, place, "not-supported", "is not checked here");
	else if (!is_ignored(name))
		add_fault(document, place, "unknown", "there is no such constraint");
}

static void read_constraints(struct document *document, const struct place *above,
			     const struct json_node *node, struct schema_field *field)
{
	struct place place = member_place(above, SLICE("constraints"));

	if (!is_kind(document, &place, node, NODE_OBJECT))
		return;
	for (const struct json_node *member = node->first; member; member = member->next) {
		struct place inner = member_place(&place, member->name);
		read_constraint(document, &inner, member, field);
	}
	check_bounds(document, &place, field);
	if (field->max_length && field->min_length > field->max_length)
		add_fault(document, &place, "conflict", "maxLength is below minLength");
}

/* ---- the field ---- */

static void read_name(struct document *document, const struct place *above,
		      const struct json_node *node, struct schema_field *field)
{
	struct place place = member_place(above, SLICE("name"));

	if (!node)
		add_fault(document, &place, "missing", "is needed: the name of the column");
	else if (!is_kind(document, &place, node, NODE_STRING))
		return;
	else if (trim_white_space(node->text).size == 0 || node->text.size > NAME_SIZE_MAX)
		add_fault(document, &place, "out-of-range", "must have 1 to %d bytes", NAME_SIZE_MAX);
	else
		field->name = copy_text(document, node->text);
}

static void read_aliases(struct document *document, const struct place *place,
			 const struct json_node *node, struct texts *aliases)
{
	if (!read_texts(document, place, node, aliases))
		return;
	for (size_t i = 0; i < aliases->count; i++)
		if (trim_white_space(aliases->list[i]).size == 0 || aliases->list[i].size > NAME_SIZE_MAX)
			add_fault(document, place, "out-of-range", "aliases must have 1 to %d bytes",
				  NAME_SIZE_MAX);
}

/* Members that say how values are written, and those that say nothing. */
static void read_member(struct document *document, const struct place *place,
			const struct json_node *node, struct schema_field *field)
{
	static const char *const of_constraints[] = {"required", "unique", "minLength", "maxLength",
						     "minimum",  "maximum", "pattern",  "enum"};
	static const char *const read_elsewhere[] = {"name", "type", "format", "constraints"};
	struct slice name = node->name;

	for (size_t i = 0; i < sizeof read_elsewhere / sizeof *read_elsewhere; i++)
		if (slice_is(name, read_elsewhere[i]))
			return;
	for (size_t i = 0; i < sizeof of_constraints / sizeof *of_constraints; i++)
		if (slice_is(name, of_constraints[i])) {
			add_fault(document, place, "unknown", "belongs into the field's constraints");
			return;
		}
	if (slice_is(name, "aliases"))
		read_aliases(document, place, node, &field->aliases);
	else if (slice_is(name, "missingValues"))
		read_texts(document, place, node, &field->missing);
	else if (slice_is(name, "decimalChar") && field->type == TYPE_NUMBER)
		read_sign(document, place, node, &field->number.decimal_char);
	else if (slice_is(name, "groupChar") && is_number_type(field->type))
		read_sign(document, place, node, &field->number.group_char);
	else if (slice_is(name, "bareNumber") && is_number_type(field->type)) {
		bool is_bare = true;
		read_flag(document, place, node, &is_bare);
		field->number.with_units = !is_bare;
	} else if (slice_is(name, "trueValues") && field->type == TYPE_BOOLEAN)
		read_truths(document, place, node, &field->true_values);
	else if (slice_is(name, "falseValues") && field->type == TYPE_BOOLEAN)
		read_truths(document, place, node, &field->false_values);
	else if (slice_is(name, "categories") || slice_is(name, "categoriesOrdered"))
		add_fault(document, place, "not-supported", "is not checked here; use the constraint enum");
	else if (!is_ignored(name))
		add_fault(document, place, "unknown",
			  "there is no such member for this type; names of your own begin with 'x-'");
}

void read_field(struct document *document, const struct place *place, const struct json_node *node,
		struct schema_field *field)
{
	static const struct slice yes[] = {{"true", 4}, {"True", 4}, {"TRUE", 4}, {"1", 1}};
	static const struct slice no[] = {{"false", 5}, {"False", 5}, {"FALSE", 5}, {"0", 1}};
	const struct json_node *type = json_node_find(node, "type");
	const struct json_node *format = json_node_find(node, "format");
	const struct json_node *constraints = json_node_find(node, "constraints");

	if (!is_kind(document, place, node, NODE_OBJECT))
		return;
	*field = (struct schema_field){
		.type = TYPE_STRING, .missing = document->missing, .true_values = {yes, 4}, .false_values = {no, 4}};
	read_name(document, place, json_node_find(node, "name"), field);
	if (type)
		read_type(document, place, type, field);
	if (format)
		read_format(document, place, format, field);
	for (const struct json_node *member = node->first; member; member = member->next) {
		struct place inner = member_place(place, member->name);
		read_member(document, &inner, member, field);
	}
	check_signs(document, place, field);
	check_truths(document, place, field);
	/* Last: bounds and choices are values of the field. */
	if (constraints)
		read_constraints(document, place, constraints, field);
}
