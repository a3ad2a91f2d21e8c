#include "validate/cell.h"

#include "base/utf8.h"
#include "validate/white_space.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { MESSAGE_SIZE = 240, SHOWN_SIZE = 60, LISTED_SIZE = 120 };

/* ---- errors ---- */

void cell_find_place(const struct cell *cell, struct cell_error *error)
{
	const struct record *record = cell->record;
	struct slice value = cell->sent ? cell->sent->text : SLICE("");
	uintptr_t start = (uintptr_t)record->raw.data, at = (uintptr_t)value.data;

	error->line = record->line;
	error->byte = record->byte;
	if (!value.data || at < start || at >= start + record->raw.size)
		return;
	size_t offset = at - start;
	error->byte += offset;
	/* Lines end in LF, CR, or both. */
	for (size_t i = 0; i < offset; i++) {
		char c = record->raw.data[i];
		if (c == '\n' || (c == '\r' && record->raw.data[i + 1] != '\n'))
			error->line++;
	}
}

/* `message` lives as long as the arena. */
static enum status add_error(const struct cell *cell, const char *code, const char *constraint,
			     struct slice message)
{
	struct cell_error *error = record_add_error(cell->record, cell->arena);

	if (!error)
		return STATUS_NO_MEMORY;
	error->field = cell->field->name;
	error->code = code;
	error->constraint = constraint;
	error->message = message;
	cell_find_place(cell, error);
	if (cell->sent && cell->sent->kind != VALUE_NULL) {
		error->value = cell->sent->text;
		error->has_value = true;
	}
	return STATUS_OK;
}

__attribute__((format(printf, 3, 4)))
static enum status add_constraint_error(const struct cell *cell, const char *constraint,
					const char *format, ...)
{
	char text[MESSAGE_SIZE]; /* has room for every format, because what they show is cut */
	struct slice message;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (!arena_copy(cell->arena, slice_of_string(text), &message))
		return STATUS_NO_MEMORY;
	return add_error(cell, "constraint-error", constraint, message);
}

/* The beginning of what a schema says, short enough for a message. */
#define SHOWN(text, most) (int)utf8_floor(text, most), (text).data, ellipsis(text, most)

static const char *ellipsis(struct slice text, size_t most)
{
	return text.size > most ? "\xE2\x80\xA6" : "";
}

/* ---- constraints, in the order in which they are told ---- */

static enum status check_bound(const struct cell *cell, const char *constraint, const struct bound *bound,
			       int sign)
{
	if (!bound->given)
		return STATUS_OK;
	int order = sign * bound_compare(cell->field, cell->typed, bound);
	if (bound->exclusive ? order > 0 : order >= 0)
		return STATUS_OK;
	bool is_time = cell->field->type == TYPE_DATE || cell->field->type == TYPE_DATETIME;
	const char *what = is_time ? "date" : "number", *where = sign > 0 ? "below" : "above";
	const char *limit = sign > 0 ? "the least" : "the most";
	if (is_time) {
		where = sign > 0 ? "before" : "after";
		limit = sign > 0 ? "the earliest" : "the latest";
	}
	if (bound->exclusive)
		return add_constraint_error(cell, constraint, "The %s must be %s %.*s%s. Correct it.", what,
					    sign > 0 ? (is_time ? "after" : "above")
						     : (is_time ? "before" : "below"),
					    SHOWN(bound->text, SHOWN_SIZE));
	return add_constraint_error(cell, constraint, "The %s is %s %.*s%s, %s that is allowed. Correct it.",
				    what, where, SHOWN(bound->text, SHOWN_SIZE), limit);
}

static enum status check_bounds(const struct cell *cell)
{
	const struct bound *minimum = &cell->field->minimum, *maximum = &cell->field->maximum;
	enum status status = check_bound(
		cell, minimum->exclusive ? "exclusiveMinimum" : "minimum", minimum, 1);

	if (status != STATUS_OK)
		return status;
	return check_bound(cell, maximum->exclusive ? "exclusiveMaximum" : "maximum", maximum, -1);
}

static enum status check_length(const struct cell *cell)
{
	const struct schema_field *field = cell->field;
	struct slice text = cell->typed->value.text;

	/* A character has 1 to 4 bytes: most texts need not be counted. */
	bool is_short = !field->max_length || text.size <= field->max_length;
	if (is_short && text.size / 4 >= field->min_length)
		return STATUS_OK;
	size_t count = utf8_count(text);
	if (field->max_length && count > field->max_length)
		return add_constraint_error(cell, "maxLength",
					    "The text has %zu characters, and %zu are the most that is "
					    "allowed. Shorten it.", count, field->max_length);
	if (count < field->min_length)
		return add_constraint_error(cell, "minLength",
					    "The text has %zu characters, and %zu are the least that is "
					    "allowed. Complete it.", count, field->min_length);
	return STATUS_OK;
}

static enum status check_pattern(const struct cell *cell)
{
	const struct pattern *pattern = cell->field->pattern;

	if (!pattern)
		return STATUS_OK;
	switch (pattern_match(pattern, cell->typed->value.text, cell->scratch)) {
	case PATTERN_MATCHES:
		return STATUS_OK;
	case PATTERN_GAVE_UP:
		return add_constraint_error(cell, "pattern",
					    "The schema's pattern takes too long on this value. Shorten the "
					    "value, or simplify the pattern.");
	default:
		return add_constraint_error(cell, "pattern",
					    "The text is not of the form that the schema wants, %.*s%s. "
					    "Correct it.", SHOWN(cell->field->pattern_text, LISTED_SIZE));
	}
}

static int compare_texts(const void *a, const void *b)
{
	const struct slice *left = a, *right = b;
	size_t common = left->size < right->size ? left->size : right->size;
	int order = common ? memcmp(left->data, right->data, common) : 0;

	return order ? order : (left->size > right->size) - (left->size < right->size);
}

void texts_sort(struct slice *list, size_t count)
{
	qsort(list, count, sizeof *list, compare_texts);
}

static enum status check_choice(const struct cell *cell)
{
	const struct texts *choices = &cell->field->choices;
	struct slice listed = cell->field->choices_text;

	if (!choices->count)
		return STATUS_OK;
	strbuf_clear(cell->key);
	field_write_key(cell->field, cell->typed, cell->key);
	if (!strbuf_ok(cell->key))
		return STATUS_NO_MEMORY;
	struct slice key = strbuf_slice(cell->key);
	if (bsearch(&key, choices->list, choices->count, sizeof key, compare_texts))
		return STATUS_OK;
	return add_constraint_error(cell, "enum", "The value must be one of: %.*s%s. Choose one of them.",
				    SHOWN(listed, LISTED_SIZE));
}

static enum status check_constraints(const struct cell *cell)
{
	const struct schema_field *field = cell->field;
	enum status status = STATUS_OK;

	if (field->minimum.given || field->maximum.given)
		status = check_bounds(cell);
	if (status == STATUS_OK && (field->min_length || field->max_length))
		status = check_length(cell);
	if (status == STATUS_OK)
		status = check_pattern(cell);
	return status == STATUS_OK ? check_choice(cell) : status;
}

/* ---- the cell ---- */

static bool keeps_text(enum field_type type)
{
	return type == TYPE_STRING || type == TYPE_ANY;
}

/* A string that is empty stays as sent; what stands for "no value" otherwise becomes null. */
static enum status check_missing(struct cell *cell)
{
	const struct schema_field *field = cell->field;
	bool is_listed = cell->sent->kind == VALUE_STRING && field->missing.count &&
			 texts_have(&field->missing, trim_white_space(cell->sent->text)) &&
			 trim_white_space(cell->sent->text).size;

	if (field->required)
		return add_error(cell, "constraint-error", "required",
				 SLICE("This field is required, and it is empty. Fill it in."));
	cell->typed->value = *cell->sent;
	if (!keeps_text(field->type) || is_listed)
		cell->typed->value = (struct value){.kind = VALUE_NULL};
	return STATUS_OK;
}

enum status cell_check(struct cell *cell)
{
	const struct schema_field *field = cell->field;
	const char *message = "";

	if (!cell->sent && field->required)
		return add_error(cell, "constraint-error", "required",
				 SLICE("This field is required, and the row has none. Add it with a value."));
	if (!cell->sent)
		return STATUS_OK;
	if (field_is_missing(field, cell->sent))
		return check_missing(cell);
	switch (field_read(field, cell->sent, cell->arena, cell->typed, &message)) {
	case READ_NO_MEMORY:
		return STATUS_NO_MEMORY;
	case READ_WRONG_TYPE:
		return add_error(cell, "type-error", NULL, slice_of_string(message));
	default:
		cell->has_value = true;
		return check_constraints(cell);
	}
}
