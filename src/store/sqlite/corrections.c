#include "store/sqlite/corrections.h"

#include "base/utf8.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/rejects.h"
#include "store/sqlite/unique.h"
#include "store/sqlite/words.h"

#include <stdio.h>

#include "base/banned.h"

enum { VECTOR_SIZE = VECTOR_DIMENSION * sizeof(float), TEXTS_CAP = 256 << 20 };

/* A record as it is before it is corrected. */
struct before {
	int64_t id, import_id, row; /* id 0: there is none */
	bool valid, embedded;
	bool is_completed, no_embed; /* its import */
	int64_t error_count, fixed_by;
	struct slice data;
};

static enum status read_before(struct sqlite_store *store, int64_t id, struct arena *arena,
			       struct before *before, struct error *err)
{
	struct query query;

	*before = (struct before){0};
	writer_query(store, &query, WRITE_READ_RECORD);
	query_bind_int(&query, 1, id);
	if (query_row(&query))
		*before = (struct before){
			.id = query_int(&query, 0),
			.import_id = query_int(&query, 1),
			.row = query_int(&query, 2),
			.valid = query_int(&query, 3) != 0,
			.embedded = query_int(&query, 4) != 0,
			.error_count = query_int(&query, 5),
			.fixed_by = query_int(&query, 6),
			.data = query_text(&query, 7, arena),
			.is_completed = query_int(&query, 8) != 0,
			.no_embed = query_int(&query, 9) != 0,
		};
	return query_end(&query, err);
}

/* ---- replacing ---- */

struct replacement {
	const struct before *before;
	const struct record *record;
	const float *vector; /* NULL: none */
	const unsigned char *text_hash;
	int more_truncated;
	int64_t fixed_by; /* 0: no import's doing */
};

static enum status write_record(struct sqlite_store *store, const struct replacement *with, struct error *err)
{
	const struct record *record = with->record;
	bool valid = record_is_valid(record);
	struct json_writer json;
	struct strbuf errors, summary;
	struct query query;

	strbuf_init(&errors, TEXTS_CAP);
	strbuf_init(&summary, TEXTS_CAP);
	json_writer_init(&json, &errors);
	if (!valid) {
		record_write_errors(record, true, &json);
		record_write_summary(record, &summary);
	}
	enum status status = strbuf_ok(&errors) && strbuf_ok(&summary) ? STATUS_OK : error_no_memory(err);
	if (status == STATUS_OK) {
		writer_query(store, &query, WRITE_REPLACE_RECORD);
		query_bind_int(&query, 1, with->before->id);
		query_bind_text(&query, 2, record->data);
		query_bind_text(&query, 3, valid ? SLICE("valid") : SLICE("invalid"));
		query_bind_text_or_null(&query, 4, strbuf_slice(&summary));
		query_bind_text_or_null(&query, 5, strbuf_slice(&errors));
		query_bind_blob(&query, 6, with->vector, with->vector ? VECTOR_SIZE : 0);
		query_bind_blob(&query, 7, with->text_hash, with->text_hash ? TEXT_HASH_SIZE : 0);
		status = query_run(&query, err);
	}
	strbuf_release(&errors);
	strbuf_release(&summary);
	return status;
}

static enum status write_errors(struct sqlite_store *store, const struct replacement *with, struct error *err)
{
	const struct before *before = with->before;
	struct error_tally tally;

	if (record_is_valid(with->record))
		return writer_run_by_id(store, WRITE_DROP_REJECT, before->id, err);
	error_tally_init(&tally);
	enum status status = error_tally_add(&tally, with->record)
				     ? errors_count(store, before->import_id, &tally, err)
				     : error_no_memory(err);
	if (status == STATUS_OK)
		status = errors_link(store, &tally, with->record, before->id, err);
	if (status == STATUS_OK)
		status = rejects_keep(store, with->record, before->id, with->fixed_by, err);
	error_tally_release(&tally);
	return status;
}

static enum status count_change(struct sqlite_store *store, const struct replacement *with, struct error *err)
{
	const struct before *before = with->before;
	struct query query;

	writer_query(store, &query, WRITE_COUNT_CORRECTION);
	query_bind_int(&query, 1, before->import_id);
	query_bind_int(&query, 2, (int64_t)record_is_valid(with->record) - before->valid);
	query_bind_int(&query, 3, (int64_t)(with->vector != NULL) - before->embedded);
	query_bind_int(&query, 4, (int64_t)with->record->error_count - before->error_count);
	query_bind_int(&query, 5, with->more_truncated);
	return query_run(&query, err);
}

/* The record's values that must be unique are settled already. */
static enum status replace(struct sqlite_store *store, const struct replacement *with, struct error *err)
{
	const struct before *before = with->before;
	enum status status = STATUS_OK;

	if (!before->valid)
		status = errors_forget(store, before->import_id, before->id, err);
	if (status == STATUS_OK)
		status = words_replace(store, before->id, before->data, with->record->data, err);
	if (status == STATUS_OK)
		status = write_record(store, with, err);
	if (status == STATUS_OK)
		status = write_errors(store, with, err);
	return status == STATUS_OK ? count_change(store, with, err) : status;
}

/* The row gives back what it had and takes what it claims now. */
static enum status settle_values(struct sqlite_store *store, const struct before *before, struct record *record,
				 struct arena *arena, bool *lost, struct error *err)
{
	enum status status = unique_give_back(store, before->import_id, before->row, err);

	return status == STATUS_OK ? unique_take(store, before->import_id, before->row, record, arena, lost, err)
				   : status;
}

/* ---- rows of a corrected file ---- */

enum status correction_target_read(struct sqlite_store *store, int64_t import_id,
				   struct correction_target *target, struct error *err)
{
	struct query query;

	*target = (struct correction_target){.import_id = import_id};
	writer_query(store, &query, WRITE_READ_TARGET);
	query_bind_int(&query, 1, import_id);
	bool found = query_row(&query);
	if (found) {
		target->first = query_int(&query, 0);
		target->last = query_int(&query, 1);
	}
	enum status status = query_end(&query, err);
	if (status == STATUS_OK && !found)
		return error_set(err, STATUS_NOT_FOUND, "fixed-import-gone",
				 "import %lld, whose rows were to be corrected, is gone", (long long)import_id);
	return status;
}

/* The target's first record of a status from an id on; *id 0: none. */
static enum status find_next(struct sqlite_store *store, const struct correction_target *target,
			     struct slice record_status, int64_t from, int64_t *id, int64_t *row,
			     struct error *err)
{
	struct query query;

	*id = 0;
	writer_query(store, &query, WRITE_FIND_NEXT_RECORD);
	query_bind_int(&query, 1, target->import_id);
	query_bind_text(&query, 2, record_status);
	query_bind_int(&query, 3, from);
	query_bind_int(&query, 4, target->last);
	if (query_row(&query)) {
		*id = query_int(&query, 0);
		*row = query_int(&query, 1);
	}
	return query_end(&query, err);
}

/* Rows rise with ids, which may have gaps where imports ran at once. */
static enum status search_row(struct sqlite_store *store, const struct correction_target *target,
			      int64_t wanted, int64_t *found, struct error *err)
{
	int64_t low = target->first, high = target->last;

	*found = 0;
	while (low <= high && !*found) {
		int64_t middle = low + (high - low) / 2, id, row = 0, other, other_row = 0;
		enum status status =
			find_next(store, target, SLICE("invalid"), middle, &id, &row, err);
		if (status == STATUS_OK)
			status = find_next(store, target, SLICE("valid"), middle, &other, &other_row, err);
		if (status != STATUS_OK)
			return status;
		if (other && (!id || other < id)) {
			id = other;
			row = other_row;
		}
		if (id && row == wanted)
			*found = id;
		else if (id && row < wanted)
			low = id + 1;
		else
			high = middle - 1;
	}
	return STATUS_OK;
}

/* The rows of a rejects file stand in their order: so the next is mostly the next invalid one. */
static enum status find_row(struct sqlite_store *store, struct correction_target *target, int64_t wanted,
			    struct arena *arena, struct before *before, struct error *err)
{
	int64_t id = 0, row = 0;
	enum status status = STATUS_OK;

	*before = (struct before){0};
	if (!target->last)
		return STATUS_OK;
	status = find_next(store, target, SLICE("invalid"),
			   target->latest_found ? target->latest_found + 1 : target->first, &id, &row, err);
	if (status == STATUS_OK && row != wanted)
		status = search_row(store, target, wanted, &id, err);
	if (status != STATUS_OK || !id)
		return status;
	target->latest_found = id;
	return read_before(store, id, arena, before, err);
}

__attribute__((format(printf, 4, 5)))
static enum status refuse_row(struct record *record, struct arena *arena, struct error *err,
			      const char *format, ...)
{
	char text[200], number[24];
	struct cell_error *error;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	/* What is wrong with its cells matters no more. */
	record->error_count = 0;
	error = record_add_error(record, arena);
	if (!error || !arena_copy(arena, slice_of_string(text), &error->message))
		return error_no_memory(err);
	error->field = SLICE("_row");
	error->code = "row-error";
	error->line = record->line;
	error->byte = record->byte;
	if (record->data_as_sent.size)
		record->data = record->data_as_sent;
	if (!record->fixes_row)
		return STATUS_OK;
	snprintf(number, sizeof number, "%lld", (long long)record->fixes_row);
	error->has_value = true;
	return arena_copy(arena, slice_of_string(number), &error->value) ? STATUS_OK : error_no_memory(err);
}

/* What was corrected by this very row stays: an import that is retried meets its own work. */
static bool says_the_same(const struct record *record, struct slice data)
{
	return slice_equal(data, record->data) ||
	       (record->data_as_sent.size && slice_equal(data, record->data_as_sent));
}

/* Whether a cell's bytes came back: of those that are no UTF-8, what a program shows instead does as well. */
static bool came_back(struct slice kept, struct slice given, struct arena *arena, bool *same)
{
	*same = slice_equal(kept, given);
	if (*same || utf8_is_valid(kept))
		return true;
	if (!utf8_repair(kept, arena, &kept) || !utf8_repair(given, arena, &given))
		return false;
	*same = slice_equal(kept, given);
	return true;
}

static bool are_unique_errors(const struct record *record)
{
	for (size_t i = 0; i < record->error_count; i++)
		if (strcmp(record->errors[i].code, "unique-error") != 0)
			return false;
	return true;
}

/* A row that comes back as it was given keeps its errors: among them may be what a file of rows cannot show, cells that
 * were missing, say. But who has a value that must be unique is decided anew. */
static enum status keep_unchanged(struct sqlite_store *store, const struct before *before, struct record *record,
				  struct arena *arena, bool *unchanged, struct error *err)
{
	struct rejected_row kept;
	struct record earlier = {.line = record->line, .byte = record->byte};
	bool head, tail = false;

	*unchanged = false;
	if (record->fixes_as_is || !record->reject.data)
		return STATUS_OK;
	enum status status = rejects_read(store, before->id, arena, &kept, err);
	if (status != STATUS_OK || !kept.sent.size)
		return status;
	struct slice given = record->reject;
	size_t split = record->reject_split;
	if (!came_back(slice_of(kept.sent.data, kept.split), slice_of(given.data, split), arena, &head) ||
	    !came_back(slice_of(kept.sent.data + kept.split, kept.sent.size - kept.split),
		       slice_of(given.data + split, given.size - split), arena, &tail))
		return error_no_memory(err);
	if (head && tail)
		status = record_read_errors(&earlier, kept.errors, arena, err);
	if (status != STATUS_OK || !head || !tail || are_unique_errors(&earlier))
		return status;
	record->errors = earlier.errors;
	record->error_count = earlier.error_count;
	record->error_capacity = earlier.error_capacity;
	if (record->data_as_sent.size)
		record->data = record->data_as_sent;
	*unchanged = true;
	return STATUS_OK;
}

enum status correction_apply(struct sqlite_store *store, int64_t fixes_import, struct correction_target *target,
			     struct record *record, struct arena *arena, struct error *err)
{
	long long row = record->fixes_row;
	struct before before;
	bool lost = false, unchanged;

	if (!row)
		return refuse_row(record, arena, err,
				  "The row does not say which one it corrects; keep the number in \"_row\".");
	enum status status = find_row(store, target, row, arena, &before, err);
	if (status != STATUS_OK)
		return status;
	if (!before.id)
		return refuse_row(record, arena, err, "Import %lld has no row %lld.",
				  (long long)target->import_id, row);
	bool same = says_the_same(record, before.data);
	if (before.valid && same && record_is_valid(record))
		return STATUS_OK;
	if (before.valid)
		return refuse_row(record, arena, err, "Row %lld is valid already; leave it out.", row);
	if (before.fixed_by == fixes_import && !same)
		return refuse_row(record, arena, err,
				  "Row %lld is corrected more than once in this file; the first one was taken.", row);
	status = keep_unchanged(store, &before, record, arena, &unchanged, err);
	if (status != STATUS_OK || unchanged)
		return status;
	status = settle_values(store, &before, record, arena, &lost, err);
	if (status != STATUS_OK)
		return status;
	const struct replacement with = {.before = &before, .record = record, .fixed_by = fixes_import};
	record->corrected_id = before.id;
	return replace(store, &with, err);
}

/* ---- one record ---- */

static enum status correct_within(struct sqlite_store *store, struct correction *correction, struct error *err)
{
	struct before before;
	bool lost = false;
	enum status status = read_before(store, correction->record_id, correction->arena, &before, err);

	if (status != STATUS_OK)
		return status;
	if (!before.id)
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is no record %lld",
				 (long long)correction->record_id);
	if (!before.is_completed)
		return error_set(err, STATUS_CONFLICT, "import-not-completed",
				 "import %lld is under way; correct its records when it is completed",
				 (long long)before.import_id);
	if (!slice_equal(before.data, correction->data_before) || before.no_embed != !correction->vector)
		return error_set(err, STATUS_CONFLICT, "changed-meanwhile",
				 "record %lld was changed meanwhile", (long long)correction->record_id);
	status = settle_values(store, &before, correction->record, correction->arena, &lost, err);
	if (status != STATUS_OK)
		return status;
	if (!record_is_valid(correction->record))
		return error_set(err, STATUS_INVALID, "invalid-record", "the record would not be valid");
	const struct replacement with = {.before = &before,
					 .record = correction->record,
					 .vector = correction->vector,
					 .text_hash = correction->text_hash,
					 .more_truncated = correction->more_truncated};
	return replace(store, &with, err);
}

enum status record_correct(struct store *base, struct correction *correction, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	return writer_end(store, correct_within(store, correction, err), err);
}
