/* A record as a whole: which of its cells are which fields, and what becomes of their values. */
#include "base/hash.h"
#include "base/utf8.h"
#include "record/field_name.h"
#include "validate/cell.h"
#include "validate/columns.h"

#include <stdlib.h>

#include "base/banned.h"

struct validator {
	const struct schema *schema; /* held */
	struct columns columns;
	struct typed_value *typed; /* [field_count]: values of the record at hand */
	struct pattern_scratch *scratch; /* NULL: no field has a pattern */
	struct strbuf key; /* scratch */
};

enum { KEY_CAP = 64 << 20, CLAIM_KEY_SIZE = 32 };

static bool wants_scratch(const struct schema *schema)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].pattern)
			return true;
	return false;
}

struct validator *validator_new(const struct schema *schema)
{
	struct validator *validator = calloc(1, sizeof *validator);

	if (!validator)
		return NULL;
	validator->schema = schema_hold(schema);
	strbuf_init(&validator->key, KEY_CAP);
	bool made = columns_init(&validator->columns, schema, NULL, 0);
	/* One more than there are: calloc(0) may be NULL. */
	validator->typed = calloc(schema->field_count + 1, sizeof *validator->typed);
	if (wants_scratch(schema)) {
		validator->scratch = pattern_scratch_new();
		made = made && validator->scratch;
	}
	if (made && validator->typed)
		return validator;
	validator_free(validator);
	return NULL;
}

void validator_free(struct validator *validator)
{
	if (!validator)
		return;
	columns_release(&validator->columns);
	pattern_scratch_free(validator->scratch);
	strbuf_release(&validator->key);
	free(validator->typed);
	schema_release(validator->schema);
	free(validator);
}

enum status validator_rename(struct validator *validator, const struct column_rename *renames,
			     size_t count, struct error *err)
{
	columns_release(&validator->columns);
	return columns_init(&validator->columns, validator->schema, renames, count) ? STATUS_OK
										    : error_no_memory(err);
}

/* ---- records ---- */

/* What the reader found wrong with a field is the cause of whatever validation would find. */
static bool is_reported(const struct record *record, size_t error_count, struct slice name)
{
	for (size_t i = 0; i < error_count; i++)
		if (slice_equal(record->errors[i].field, name))
			return true;
	return false;
}

/* A value of the right type is claimed, whatever constraints it breaks. Keys are held short, so that
 * whoever keeps them need not keep long texts: the first byte says whether it is the key or its hash. */
static enum status add_claim(struct validator *validator, const struct cell *cell)
{
	struct record *record = cell->record;
	struct strbuf *key = &validator->key;
	struct cell_error place;
	struct slice kept;

	strbuf_clear(key);
	strbuf_add_byte(key, '=');
	field_write_key(cell->field, cell->typed, key);
	if (!strbuf_ok(key))
		return STATUS_NO_MEMORY;
	if (key->size > CLAIM_KEY_SIZE) {
		unsigned char digest[SHA256_SIZE];
		sha256_of(strbuf_slice(key), digest);
		strbuf_clear(key);
		strbuf_add_byte(key, '#');
		strbuf_add(key, digest, sizeof digest);
	}
	if (!record->claims)
		record->claims = arena_alloc_zeroed(cell->arena, validator->schema->field_count,
						    sizeof *record->claims);
	/* The hash is shorter than what it stands for. */
	if (!record->claims || !arena_copy(cell->arena, strbuf_slice(key), &kept))
		return STATUS_NO_MEMORY;
	cell_find_place(cell, &place);
	record->claims[record->claim_count++] = (struct unique_claim){
		.field = cell->field->name,
		.key = kept,
		.value = cell->sent->text,
		.line = place.line,
		.byte = place.byte,
	};
	return STATUS_OK;
}

static enum status check_field(struct validator *validator, struct record *record, size_t i,
			       struct arena *arena)
{
	size_t column = validator->columns.of_field[i];
	struct cell cell = {
		.record = record,
		.arena = arena,
		.scratch = validator->scratch,
		.key = &validator->key,
		.field = &validator->schema->fields[i],
		.sent = column == NO_COLUMN ? NULL : &record->fields[column].value,
		.typed = &validator->typed[i],
	};
	enum status status = cell_check(&cell);

	if (status == STATUS_OK && cell.field->unique && cell.has_value)
		status = add_claim(validator, &cell);
	return status;
}

static enum status check_conflict(struct validator *validator, struct record *record,
				  struct arena *arena)
{
	static const char message[] = "Another column is renamed to this one's name (map). Rename or remove one.";
	size_t column = validator->columns.conflict;

	if (!validator->columns.rename_count || column == NO_COLUMN)
		return STATUS_OK;
	struct cell_error *error = record_add_error(record, arena);
	if (!error)
		return STATUS_NO_MEMORY;
	*error = (struct cell_error){
		.field = record->fields[column].name,
		.code = "duplicate-label",
		.message = SLICE(message),
		.line = record->line,
		.byte = record->byte,
	};
	return STATUS_OK;
}

enum status validator_check(struct validator *validator, struct record *record,
			    struct arena *arena, struct error *err)
{
	const struct schema *schema = validator->schema;
	const size_t *columns = validator->columns.of_field;

	if (record->shape != RECORD_FIELDS)
		return STATUS_OK;
	columns_find(&validator->columns, record);
	size_t reader_errors = record->error_count;
	if (check_conflict(validator, record, arena) != STATUS_OK)
		return error_no_memory(err);
	for (size_t i = 0; i < schema->field_count; i++) {
		if (reader_errors && is_reported(record, reader_errors, schema->names[i]))
			continue;
		if (check_field(validator, record, i, arena) != STATUS_OK)
			return error_no_memory(err);
	}
	if (!record_is_valid(record))
		return STATUS_OK;
	for (size_t i = 0; i < schema->field_count; i++)
		if (columns[i] != NO_COLUMN)
			record->fields[columns[i]].value = validator->typed[i].value;
	return STATUS_OK;
}

/* ---- headers ---- */

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

static bool have_column(const struct slice *columns, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (field_name_equal(columns[i], name))
			return true;
	return false;
}

static bool is_known(const struct schema *schema, const struct slice *columns, size_t count)
{
	for (size_t i = 0; i < schema->known_count; i++)
		if (have_column(columns, count, schema->known[i]))
			return true;
	return schema->field_count == 0;
}

static enum status no_such_column(struct slice name, const struct slice *columns, size_t count,
				  struct error *err)
{
	struct strbuf list;

	strbuf_init(&list, ERROR_DETAIL_SIZE);
	list_names(columns, count, &list);
	enum status status = error_set(err, STATUS_INVALID, "no-such-column",
				       "The column '%.*s', which map names, is not in the file. It has: %s.",
				       SLICE_ARG(name), list.data);
	strbuf_release(&list);
	return status;
}

static bool is_mapped(const struct columns *found, struct slice column)
{
	for (size_t i = 0; i < found->rename_count; i++)
		if (field_name_equal(column, found->renames[i].column))
			return true;
	return false;
}

/* A header is a record without values. */
static enum status check_renames(const struct validator *validator, const struct slice *columns,
				 size_t count, struct error *err)
{
	const struct columns *found = &validator->columns;

	for (size_t i = 0; i < found->rename_count; i++) {
		const struct column_rename *rename = &found->renames[i];
		if (!have_column(columns, count, rename->column))
			return no_such_column(rename->column, columns, count, err);
		for (size_t c = 0; c < count; c++)
			if (slice_equal(columns[c], rename->field) && !is_mapped(found, columns[c]))
				return error_set(err, STATUS_INVALID, "repeated-column",
						 "The file has a column '%.*s' already, so that '%.*s' cannot "
						 "be renamed to it (map). Map that one to another name.",
						 SLICE_ARG(rename->field), SLICE_ARG(rename->column));
	}
	return STATUS_OK;
}

enum status validator_check_columns(const struct validator *validator, const struct slice *columns,
				    size_t count, struct error *err)
{
	const struct schema *schema = validator->schema;
	struct strbuf detail;
	enum status status = check_renames(validator, columns, count, err);

	/* What is renamed is renamed to a field of the schema. */
	if (status != STATUS_OK || validator->columns.rename_count || is_known(schema, columns, count))
		return status;
	strbuf_init(&detail, ERROR_DETAIL_SIZE);
	strbuf_add_string(&detail, "No column of the file is known. It has: ");
	list_names(columns, count, &detail);
	strbuf_add_string(&detail, ". The schema \"");
	strbuf_add_slice(&detail, schema->name);
	strbuf_add_string(&detail, "\" wants: ");
	list_names(schema->names, schema->field_count, &detail);
	strbuf_add_string(&detail, ". Correct the first line of the file, or choose another schema.");
	status = error_set(err, STATUS_INVALID, "no-known-column", "%s", detail.data);
	strbuf_release(&detail);
	return status;
}

static bool is_field(const struct schema *schema, struct slice name)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (slice_equal(schema->names[i], name))
			return true;
	return false;
}

enum status schema_check_renames(const struct schema *schema, const struct column_rename *renames,
				 size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (schema->field_count && !is_field(schema, renames[i].field)) {
			struct strbuf list;
			strbuf_init(&list, ERROR_DETAIL_SIZE);
			list_names(schema->names, schema->field_count, &list);
			enum status status = error_set(err, STATUS_INVALID, "unknown-field",
						       "'%.*s' is no field of the schema; it has: %s",
						       SLICE_ARG(renames[i].field), list.data);
			strbuf_release(&list);
			return status;
		}
		for (size_t k = 0; k < i; k++)
			if (slice_equal(renames[i].field, renames[k].field) ||
			    field_name_equal(renames[i].column, renames[k].column))
				return error_set(err, STATUS_INVALID, "repeated-map",
						 "'%.*s' and '%.*s' cannot both be mapped so",
						 SLICE_ARG(renames[k].column), SLICE_ARG(renames[i].column));
	}
	return STATUS_OK;
}
