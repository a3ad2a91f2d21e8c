#include "import/row_check.h"

#include "base/banned.h"

/* As the record is, or, where it is to be as sent, as if it were invalid. */
static enum status write_data(const struct row_check *check, const struct record *record, bool as_sent,
			      struct arena *arena, struct slice *data, struct error *err)
{
	struct json_writer json;

	strbuf_clear(check->scratch);
	json_writer_init(&json, check->scratch);
	if (as_sent && record->from_json)
		json_put_damaged_raw(&json, record->raw);
	else
		record_write_data(record, &json);
	return strbuf_ok(check->scratch) && arena_copy(arena, strbuf_slice(check->scratch), data)
		       ? STATUS_OK
		       : error_no_memory(err);
}

/* `sent`: the record with its values as sent. */
static enum status write_reject(const struct row_check *check, const struct record *sent,
				struct record *record, struct arena *arena, struct error *err)
{
	strbuf_clear(check->scratch);
	return reject_make(check->form, sent, arena, check->scratch, &record->reject_split) &&
			       arena_copy(arena, strbuf_slice(check->scratch), &record->reject)
		       ? STATUS_OK
		       : error_no_memory(err);
}

enum status row_check(const struct row_check *check, struct record *record, struct arena *arena,
		      struct error *err)
{
	struct record sent = *record;

	/* Validation gives values their types in place. */
	if (record->field_count && (check->is_fix || schema_has_unique(check->schema))) {
		sent.fields = arena_alloc(arena, record->field_count * sizeof *sent.fields);
		if (!sent.fields)
			return error_no_memory(err);
		memcpy(sent.fields, record->fields, record->field_count * sizeof *sent.fields);
	}
	enum status status = validator_check(check->validator, record, arena, err);
	if (status == STATUS_OK)
		status = write_data(check, record, false, arena, &record->data, err);
	if (status != STATUS_OK || (record_is_valid(record) && !record->claim_count && !check->is_fix))
		return status;
	if (!record_is_valid(record))
		return write_reject(check, record, record, arena, err);
	for (size_t i = 0; i < record->field_count; i++)
		sent.fields[i].name = record->fields[i].name;
	status = write_data(check, &sent, true, arena, &record->data_as_sent, err);
	return status == STATUS_OK ? write_reject(check, &sent, record, arena, err) : status;
}
