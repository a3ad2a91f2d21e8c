#include "validate/inference.h"

#include "validate/schema_table.h"
#include "validate/white_space.h"

#include <stdlib.h>

#include "base/banned.h"

enum { NAMES_SIZE_MAX = 4 << 20, SCRATCH_CAP = 64 << 20, NAME_SIZE_MAX = 1000, AMOUNT_DIGITS = 18 };

#define TEXT(literal) {(literal), sizeof(literal) - 1}
#define DATE(literal) {.form = DATE_FORMAT_PATTERN, .pattern = TEXT(literal)}

static const struct slice yes[] = {TEXT("true"), TEXT("True"), TEXT("TRUE")};
static const struct slice no[] = {TEXT("false"), TEXT("False"), TEXT("FALSE")};

/* What a column may be, the narrower first. A rival reads the same texts otherwise. */
static const struct candidate {
	struct schema_field field;
	int rival; /* index; -1: none */
} candidates[] = {
	{{.type = TYPE_BOOLEAN, .true_values = {yes, 3}, .false_values = {no, 3}}, -1},
	{{.type = TYPE_INTEGER}, -1},
	{{.type = TYPE_NUMBER}, -1},
	{{.type = TYPE_NUMBER, .number = {.group_char = TEXT(",")}}, 4},
	{{.type = TYPE_NUMBER, .number = {.decimal_char = TEXT(",")}}, 3},
	{{.type = TYPE_NUMBER, .number = {.decimal_char = TEXT(","), .group_char = TEXT(".")}}, 3},
	{{.type = TYPE_NUMBER, .number = {.decimal_char = TEXT(","), .group_char = TEXT(" ")}}, 3},
	{{.type = TYPE_DATE}, -1},
	{{.type = TYPE_DATE, .date = DATE("%Y/%m/%d")}, -1},
	{{.type = TYPE_DATE, .date = DATE("%d.%m.%Y")}, -1},
	{{.type = TYPE_DATE, .date = DATE("%d/%m/%Y")}, 11},
	{{.type = TYPE_DATE, .date = DATE("%m/%d/%Y")}, 10},
	{{.type = TYPE_DATETIME}, -1},
	{{.type = TYPE_DATETIME, .date = DATE("%Y-%m-%d %H:%M:%S")}, -1},
	{{.type = TYPE_DATETIME, .date = DATE("%Y-%m-%d %H:%M")}, -1},
	{{.type = TYPE_DATETIME, .date = DATE("%d.%m.%Y %H:%M:%S")}, -1},
	{{.type = TYPE_DATETIME, .date = DATE("%d.%m.%Y %H:%M")}, -1},
	{{.type = TYPE_EMAIL}, -1},
	{{.type = TYPE_URI}, -1},
	{{.type = TYPE_STRING}, -1},
	{{.type = TYPE_ANY}, -1},
};

enum { CANDIDATES = sizeof candidates / sizeof *candidates };

/* Texts that often stand for "no value" in columns of another type than string. */
static const struct slice placeholders[] = {TEXT("NA"),   TEXT("N/A"),  TEXT("n/a"),  TEXT("NULL"), TEXT("null"),
					    TEXT("None"), TEXT("NaN"),  TEXT("nan"),  TEXT("-"),    TEXT("--"),
					    TEXT("?"),    TEXT("#N/A")};

enum { PLACEHOLDERS = sizeof placeholders / sizeof *placeholders };

struct column {
	struct slice name;
	uint32_t possible;     /* a bit for each candidate */
	uint32_t placeholders; /* a bit for each that was seen */
	uint64_t filled;       /* rows that have a value, placeholders not counted */
	bool usable;           /* a field can be so named */
};

struct inference {
	struct arena names, scratch;
	struct column columns[SCHEMA_FIELDS_MAX];
	size_t count, names_size;
	uint64_t rows;
};

struct inference *inference_new(void)
{
	struct inference *inference = calloc(1, sizeof *inference);

	if (!inference)
		return NULL;
	arena_init(&inference->names, 2 * (NAMES_SIZE_MAX + SCHEMA_FIELDS_MAX * 16));
	arena_init(&inference->scratch, SCRATCH_CAP);
	return inference;
}

void inference_free(struct inference *inference)
{
	if (!inference)
		return;
	arena_release(&inference->names);
	arena_release(&inference->scratch);
	free(inference);
}

/* ---- columns ---- */

static enum status too_many_columns(struct error *err)
{
	return error_set(err, STATUS_TOO_LARGE, "too-many-columns",
			 "the file has more than %d columns, the most that a schema can have; the schema "
			 "'any' takes it as it is",
			 SCHEMA_FIELDS_MAX);
}

/* Columns mostly come in the order of the row before: `hint` is tried first. */
static enum status find_column(struct inference *inference, struct slice name, size_t hint,
			       struct column **column, struct error *err)
{
	size_t i = hint;

	if (i >= inference->count || !slice_equal(inference->columns[i].name, name))
		for (i = 0; i < inference->count && !slice_equal(inference->columns[i].name, name);)
			i++;
	if (i == SCHEMA_FIELDS_MAX)
		return too_many_columns(err);
	*column = &inference->columns[i];
	if (i < inference->count)
		return STATUS_OK;
	inference->names_size += name.size;
	if (inference->names_size > NAMES_SIZE_MAX)
		return error_set(err, STATUS_TOO_LARGE, "too-many-columns",
				 "the names of the file's columns have more than %d bytes together; the schema 'any' "
				 "takes it as it is", NAMES_SIZE_MAX);
	if (!arena_copy(&inference->names, name, &(*column)->name))
		return error_no_memory(err);
	(*column)->possible = (1u << CANDIDATES) - 1;
	(*column)->usable = trim_white_space(name).size > 0 && name.size <= NAME_SIZE_MAX;
	inference->count++;
	return STATUS_OK;
}

enum status inference_add_columns(struct inference *inference, const struct slice *columns, size_t count,
				  struct error *err)
{
	enum status status = STATUS_OK;
	struct column *column;

	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = find_column(inference, columns[i], i, &column, err);
	return status;
}

/* ---- values ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of a value that is there: digits that name something: a postal code, a telephone number, the number of an account. */
static bool is_label(const struct value *value)
{
	struct slice text = value->kind == VALUE_STRING ? trim_white_space(value->text) : value->text;
	size_t digits = 0;

	for (size_t i = 0; i < text.size; i++)
		digits += is_digit(text.data[i]);
	bool is_signed = text.data[0] == '+' || text.data[0] == '-';
	size_t first = is_signed ? 1 : 0;
	return digits > AMOUNT_DIGITS || text.data[0] == '+' ||
	       (text.size > first + 1 && text.data[first] == '0' && is_digit(text.data[first + 1]));
}

static bool is_of(struct inference *inference, const struct candidate *candidate,
		  const struct value *value)
{
	enum field_type type = candidate->field.type;
	struct typed_value typed;
	const char *message;

	if ((type == TYPE_INTEGER || type == TYPE_NUMBER) && is_label(value))
		return false;
	return field_read(&candidate->field, value, &inference->scratch, &typed, &message) == READ_OK;
}

static bool note_placeholder(struct column *column, const struct value *value)
{
	struct slice text = value->kind == VALUE_STRING ? trim_white_space(value->text) : SLICE("");

	for (size_t i = 0; i < PLACEHOLDERS; i++)
		if (slice_equal(text, placeholders[i])) {
			column->placeholders |= 1u << i;
			return true;
		}
	return false;
}

static void add_value(struct inference *inference, struct column *column, const struct value *value)
{
	static const struct schema_field plain = {.type = TYPE_STRING};

	if (field_is_missing(&plain, value) || note_placeholder(column, value))
		return;
	column->filled++;
	arena_reset(&inference->scratch);
	for (size_t i = 0; i < CANDIDATES; i++)
		if ((column->possible >> i & 1) && !is_of(inference, &candidates[i], value))
			column->possible &= ~(1u << i);
}

/* The reader keeps what has no column of its own under a name of its own. */
static bool has_extra_cells(const struct record *record)
{
	for (size_t i = 0; i < record->error_count; i++)
		if (strcmp(record->errors[i].code, "extra-cell") == 0)
			return true;
	return false;
}

enum status inference_add(struct inference *inference, const struct record *record, struct error *err)
{
	struct column *column = NULL;
	size_t count = record->field_count - has_extra_cells(record);

	inference->rows++;
	for (size_t i = 0; record->shape == RECORD_FIELDS && i < count; i++) {
		enum status status = find_column(inference, record->fields[i].name, i, &column, err);
		if (status != STATUS_OK)
			return status;
		add_value(inference, column, &record->fields[i].value);
	}
	return STATUS_OK;
}

/* ---- the proposal ---- */

static const struct candidate *choose(const struct column *column)
{
	const struct candidate *string = &candidates[CANDIDATES - 2];

	if (!column->filled)
		return string;
	/* It ends: the last takes any value. */
	for (size_t i = 0;; i++) {
		int rival = candidates[i].rival;
		if ((column->possible >> i & 1) && (rival < 0 || !(column->possible >> rival & 1)))
			return &candidates[i];
	}
}

static void put_text(struct json_writer *json, const char *name, struct slice text)
{
	json_put_member(json, name);
	json_put_string(json, text);
}

static void write_type(const struct schema_field *field, struct json_writer *json)
{
	static const char *const types[] = {
		[TYPE_ANY] = "any",         [TYPE_STRING] = "string",   [TYPE_EMAIL] = "string",
		[TYPE_URI] = "string",      [TYPE_INTEGER] = "integer", [TYPE_NUMBER] = "number",
		[TYPE_BOOLEAN] = "boolean", [TYPE_DATE] = "date",       [TYPE_DATETIME] = "datetime",
	};

	json_put_text_member(json, "type", types[field->type]);
	if (field->type == TYPE_EMAIL || field->type == TYPE_URI)
		json_put_text_member(json, "format", field->type == TYPE_EMAIL ? "email" : "uri");
	if (field->date.form == DATE_FORMAT_PATTERN)
		put_text(json, "format", field->date.pattern);
	if (field->number.decimal_char.size)
		put_text(json, "decimalChar", field->number.decimal_char);
	if (field->number.group_char.size)
		put_text(json, "groupChar", field->number.group_char);
}

static void write_placeholders(const struct column *column, struct json_writer *json)
{
	json_put_member(json, "missingValues");
	json_begin_array(json);
	json_put_text(json, "");
	for (size_t i = 0; i < PLACEHOLDERS; i++)
		if (column->placeholders >> i & 1)
			json_put_string(json, placeholders[i]);
	json_end_array(json);
}

static void write_column(const struct inference *inference, const struct column *column,
			 struct json_writer *json)
{
	const struct schema_field *field = &choose(column)->field;
	bool is_text = field->type == TYPE_STRING || field->type == TYPE_ANY;
	/* In a column of texts, "NA" may be a text like any other, and then it fills its row. */
	bool is_filled = column->filled == inference->rows && inference->rows;

	json_begin_object(json);
	put_text(json, "name", column->name);
	write_type(field, json);
	if (column->placeholders && !is_text)
		write_placeholders(column, json);
	if (is_filled && field->type != TYPE_ANY) {
		json_put_member(json, "constraints");
		json_begin_object(json);
		json_put_member(json, "required");
		json_put_bool(json, true);
		json_end_object(json);
	}
	json_end_object(json);
}

enum status inference_write(const struct inference *inference, struct json_writer *json,
			    struct error *err)
{
	size_t usable = 0;

	for (size_t i = 0; i < inference->count; i++)
		usable += inference->columns[i].usable;
	if (!usable)
		return error_set(err, STATUS_INVALID, "no-columns",
				 "the file has no column that a schema could name");
	json_begin_object(json);
	json_put_member(json, "fields");
	json_begin_array(json);
	for (size_t i = 0; i < inference->count; i++)
		if (inference->columns[i].usable)
			write_column(inference, &inference->columns[i], json);
	json_end_array(json);
	json_end_object(json);
	return STATUS_OK;
}
