#include "validate/schema.h"

#include "base/utf8.h"
#include "record/field_name.h"
#include "validate/email.h"
#include "validate/integer.h"
#include "validate/schema_table.h"
#include "validate/white_space.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

/* Which column holds which field is found once for a header and kept for the rows that follow.
 * Only moderately sized headers are kept; finding it anew costs others no more than their size. */
enum { KEPT_COLUMNS = 256, KEPT_SIZE = 64 * 1024, MESSAGE_SIZE = 160 };

#define NO_COLUMN SIZE_MAX

struct validator {
	const struct schema *schema;
	size_t *columns;     /* [field_count]: the record's column of each field, or NO_COLUMN */
	struct value *typed; /* [field_count]: values of the record at hand */
	struct arena kept;   /* holds `header`, and behind it the bytes of its names */
	struct slice *header;
	size_t header_count;
	bool has_header;
};

struct validator *validator_new(const struct schema *schema)
{
	struct validator *validator = calloc(1, sizeof *validator);

	if (!validator)
		return NULL;
	validator->schema = schema_hold(schema);
	arena_init(&validator->kept, 2 * KEPT_SIZE);
	/* One more than there are: calloc(0) may be NULL. */
	validator->columns = calloc(schema->field_count + 1, sizeof *validator->columns);
	validator->typed = calloc(schema->field_count + 1, sizeof *validator->typed);
	if (!validator->columns || !validator->typed) {
		validator_free(validator);
		return NULL;
	}
	return validator;
}

void validator_free(struct validator *validator)
{
	if (!validator)
		return;
	free(validator->columns);
	free(validator->typed);
	arena_release(&validator->kept);
	schema_release(validator->schema);
	free(validator);
}

static bool is_kept_header(const struct validator *validator, const struct record *record)
{
	if (!validator->has_header || validator->header_count != record->field_count)
		return false;
	for (size_t i = 0; i < record->field_count; i++)
		if (!slice_equal(validator->header[i], record->fields[i].name))
			return false;
	return true;
}

/* The column that is spelled like the field, else the first that field_name_equal takes for it:
 * so no two columns of a record can end up with the same name. */
static size_t find_column(const struct record *record, struct slice name)
{
	size_t column = record_find_field(record, name);

	if (column < record->field_count)
		return column;
	for (column = 0; column < record->field_count; column++)
		if (field_name_equal(record->fields[column].name, name))
			return column;
	return NO_COLUMN;
}

static void keep_header(struct validator *validator, const struct record *record)
{
	size_t size = 0;

	validator->has_header = false;
	if (record->field_count > KEPT_COLUMNS)
		return;
	for (size_t i = 0; i < record->field_count; i++)
		size += record->fields[i].name.size;
	if (size > KEPT_SIZE)
		return;
	arena_reset(&validator->kept);
	size_t list_size = record->field_count * sizeof *validator->header;
	validator->header = arena_alloc(&validator->kept, list_size + size);
	if (!validator->header)
		return;
	char *bytes = (char *)(validator->header + record->field_count);
	for (size_t i = 0; i < record->field_count; i++) {
		struct slice name = record->fields[i].name;
		if (name.size)
			memcpy(bytes, name.data, name.size);
		validator->header[i] = slice_of(bytes, name.size);
		bytes += name.size;
	}
	validator->header_count = record->field_count;
	validator->has_header = true;
}

/* Readers name columns as the file does; a cell that is missing has no field in the record. */
static void name_errors(struct record *record, size_t column, struct slice name)
{
	for (size_t i = 0; i < record->error_count; i++) {
		struct slice *field = &record->errors[i].field;
		bool same = column == NO_COLUMN ? field_name_equal(*field, name)
						: slice_equal(*field, record->fields[column].name);
		if (same)
			*field = name;
	}
}

/* Finds the fields' columns, and gives them, and the reader's errors about them, the schema's
 * names. */
static void name_fields(struct validator *validator, struct record *record)
{
	const struct schema *schema = validator->schema;

	if (!is_kept_header(validator, record)) {
		for (size_t i = 0; i < schema->field_count; i++)
			validator->columns[i] = find_column(record, schema->names[i]);
		keep_header(validator, record);
	}
	for (size_t i = 0; i < schema->field_count; i++) {
		size_t column = validator->columns[i];
		name_errors(record, column, schema->names[i]);
		if (column != NO_COLUMN)
			record->fields[column].name = schema->names[i];
	}
}

/* What is being checked. */
struct cell {
	struct record *record;
	struct arena *arena;
	const struct schema_field *field;
	const struct value *sent; /* NULL: there is no such field in the record */
	struct value *typed;      /* what the value becomes if the record is valid */
	bool has_type;            /* the value is of the field's type */
};

/* Where the value stands, if its bytes are a piece of the record's; else where the record does. */
static void set_place(const struct record *record, struct slice value, struct cell_error *error)
{
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
			     const char *message)
{
	struct cell_error *error = record_add_error(cell->record, cell->arena);

	if (!error)
		return STATUS_NO_MEMORY;
	error->field = cell->field->name;
	error->code = code;
	error->constraint = constraint;
	error->message = slice_of_string(message);
	set_place(cell->record, cell->sent ? cell->sent->text : SLICE(""), error);
	if (cell->sent && cell->sent->kind != VALUE_NULL) {
		error->value = cell->sent->text;
		error->has_value = true;
	}
	return STATUS_OK;
}

static enum status add_type_error(const struct cell *cell, const char *message)
{
	return add_error(cell, "type-error", NULL, message);
}

__attribute__((format(printf, 3, 4)))
static enum status add_constraint_error(const struct cell *cell, const char *constraint,
					const char *format, ...)
{
	char text[MESSAGE_SIZE];
	struct slice message;
	va_list arguments;

	va_start(arguments, format);
	int size = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (!arena_copy(cell->arena, slice_of(text, (size_t)size), &message))
		return STATUS_NO_MEMORY;
	return add_error(cell, "constraint-error", constraint, message.data);
}

static enum status check_string(struct cell *cell)
{
	size_t limit = cell->field->max_length;

	if (cell->sent->kind != VALUE_STRING)
		return add_type_error(cell, "Text is wanted here. Write the value in double quotes.");
	cell->has_type = true;
	if (limit == 0 || cell->sent->text.size <= limit)
		return STATUS_OK;
	size_t count = utf8_count(cell->sent->text);
	if (count <= limit)
		return STATUS_OK;
	return add_constraint_error(cell, "maxLength",
				    "The text has %zu characters, and %zu are the most that is "
				    "allowed. Shorten it.", count, limit);
}

/* Writes the number as JSON does: "30.0", "+30" and "030" are 30. */
static enum status set_integer(const struct cell *cell, const struct integer *number)
{
	struct slice digits = number->digits;

	*cell->typed = (struct value){VALUE_NUMBER, digits};
	if (!number->negative)
		return STATUS_OK;
	char *text = arena_alloc(cell->arena, digits.size + 1);
	if (!text)
		return STATUS_NO_MEMORY;
	text[0] = '-';
	memcpy(text + 1, digits.data, digits.size);
	cell->typed->text = slice_of(text, digits.size + 1);
	return STATUS_OK;
}

static enum status check_integer(struct cell *cell)
{
	const struct schema_field *field = cell->field;
	const struct value *sent = cell->sent;
	struct integer number;
	bool is_integer = false;

	if (sent->kind == VALUE_STRING)
		is_integer = integer_read(trim_white_space(sent->text), INTEGER_PLAIN, &number);
	else if (sent->kind == VALUE_NUMBER)
		is_integer = integer_read(sent->text, INTEGER_EXPONENT, &number);
	if (!is_integer)
		return add_type_error(cell, "A whole number is wanted here. "
					    "Write it with the digits 0 to 9 only, like 30.");
	if (sent->kind == VALUE_STRING && set_integer(cell, &number) != STATUS_OK)
		return STATUS_NO_MEMORY;
	cell->has_type = true;
	if (field->has_minimum && integer_compare(&number, field->minimum) < 0)
		return add_constraint_error(cell, "minimum",
					    "The number is below %lld, the least that is allowed. "
					    "Correct it.", (long long)field->minimum);
	if (field->has_maximum && integer_compare(&number, field->maximum) > 0)
		return add_constraint_error(cell, "maximum",
					    "The number is above %lld, the most that is allowed. "
					    "Correct it.", (long long)field->maximum);
	return STATUS_OK;
}

static enum status check_email(struct cell *cell)
{
	enum email_fault fault;

	if (cell->sent->kind != VALUE_STRING)
		return check_string(cell);
	cell->typed->text = trim_white_space(cell->sent->text);
	if (email_check(cell->typed->text, &fault) != STATUS_OK)
		return STATUS_NO_MEMORY;
	cell->has_type = fault == EMAIL_FINE;
	return cell->has_type ? STATUS_OK : add_type_error(cell, email_fault_message(fault));
}

static enum status (*const checks[])(struct cell *cell) = {
	[TYPE_STRING] = check_string,
	[TYPE_INTEGER] = check_integer,
	[TYPE_EMAIL] = check_email,
};

static bool is_empty(const struct value *value)
{
	return value->kind == VALUE_NULL ||
	       (value->kind == VALUE_STRING && trim_white_space(value->text).size == 0);
}

static enum status check_cell(struct cell *cell)
{
	const struct schema_field *field = cell->field;

	if (!cell->sent && field->required)
		return add_error(cell, "constraint-error", "required",
				 "This field is required, and the row has none. Add it with a value.");
	if (!cell->sent)
		return STATUS_OK;
	*cell->typed = *cell->sent;
	if (!is_empty(cell->sent))
		return checks[field->type](cell);
	if (field->required)
		return add_error(cell, "constraint-error", "required",
				 "This field is required, and it is empty. Fill it in.");
	if (field->type != TYPE_STRING)
		*cell->typed = (struct value){.kind = VALUE_NULL};
	return STATUS_OK;
}

/* What the reader found wrong with a field is the cause of whatever validation would find. */
static bool is_reported(const struct record *record, size_t error_count, struct slice name)
{
	for (size_t i = 0; i < error_count; i++)
		if (slice_equal(record->errors[i].field, name))
			return true;
	return false;
}

/* A value of the right type is claimed, whatever constraints it breaks. */
static enum status add_claim(const struct cell *cell, size_t field_count)
{
	struct record *record = cell->record;
	struct cell_error place = {0};

	if (!record->claims)
		record->claims = arena_alloc_zeroed(cell->arena, field_count, sizeof *record->claims);
	if (!record->claims)
		return STATUS_NO_MEMORY;
	set_place(record, cell->sent->text, &place);
	record->claims[record->claim_count++] = (struct unique_claim){
		.field = cell->field->name,
		.key = cell->typed->text,
		.value = cell->sent->text,
		.line = place.line,
		.byte = place.byte,
	};
	return STATUS_OK;
}

enum status validator_check(struct validator *validator, struct record *record,
			    struct arena *arena, struct error *err)
{
	const struct schema *schema = validator->schema;
	size_t reader_errors = record->error_count;

	if (record->shape != RECORD_FIELDS)
		return STATUS_OK;
	name_fields(validator, record);
	for (size_t i = 0; i < schema->field_count; i++) {
		size_t column = validator->columns[i];
		struct cell cell = {
			.record = record,
			.arena = arena,
			.field = &schema->fields[i],
			.sent = column == NO_COLUMN ? NULL : &record->fields[column].value,
			.typed = &validator->typed[i],
		};
		if (is_reported(record, reader_errors, schema->names[i]))
			continue;
		if (check_cell(&cell) != STATUS_OK ||
		    (cell.field->unique && cell.has_type &&
		     add_claim(&cell, schema->field_count) != STATUS_OK))
			return error_no_memory(err);
	}
	if (!record_is_valid(record))
		return STATUS_OK;
	for (size_t i = 0; i < schema->field_count; i++)
		if (validator->columns[i] != NO_COLUMN)
			record->fields[validator->columns[i]].value = validator->typed[i];
	return STATUS_OK;
}

/* The columns as a list for people: "a, b, c and 4 more". */
static void list_names(const struct slice *names, size_t count, struct strbuf *out)
{
	enum { LISTED = 6, LISTED_SIZE = 40 };
	size_t listed = count > LISTED ? LISTED - 1 : count;

	for (size_t i = 0; i < listed; i++) {
		size_t size = utf8_floor(names[i], LISTED_SIZE);
		strbuf_add_string(out, i ? ", " : "");
		strbuf_add(out, names[i].data, size);
		strbuf_add_string(out, size < names[i].size ? "\xE2\x80\xA6" : "");
	}
	if (listed < count)
		strbuf_add_format(out, " and %zu more", count - listed);
}

enum status validator_check_columns(const struct validator *validator, const struct slice *columns,
				    size_t count, struct error *err)
{
	const struct schema *schema = validator->schema;
	struct strbuf detail;

	for (size_t i = 0; i < schema->field_count; i++)
		for (size_t k = 0; k < count; k++)
			if (field_name_equal(columns[k], schema->names[i]))
				return STATUS_OK;
	if (schema->field_count == 0)
		return STATUS_OK;
	strbuf_init(&detail, ERROR_DETAIL_SIZE);
	strbuf_add_string(&detail, "No column of the file is known. It has: ");
	list_names(columns, count, &detail);
	strbuf_add_string(&detail, ". The schema \"");
	strbuf_add_slice(&detail, schema->name);
	strbuf_add_string(&detail, "\" wants: ");
	list_names(schema->names, schema->field_count, &detail);
	strbuf_add_string(&detail, ". Correct the first line of the file, or choose another schema.");
	enum status status = error_set(err, STATUS_INVALID, "no-known-column", "%s", detail.data);
	strbuf_release(&detail);
	return status;
}
