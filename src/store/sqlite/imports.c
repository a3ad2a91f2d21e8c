/* The life of an import: added, claimed, released, finished, or ended in another way. */
#include "base/clock.h"
#include "store/sqlite/corrections.h"
#include "store/sqlite/internal.h"

#include "base/banned.h"

static struct slice now_text(char out[CLOCK_TEXT_SIZE])
{
	clock_format(clock_now_ms(), out);
	return slice_of(out, CLOCK_TEXT_SIZE - 1);
}

static enum status no_such_import(int64_t id, struct error *err)
{
	return error_set(err, STATUS_NOT_FOUND, NULL, "there is no import %lld", (long long)id);
}

/* What decides whether a transition is allowed. */
struct import_state {
	bool exists, claimed, parsed, has_file, no_embed;
	bool was_completed; /* once; it is only given what was missing */
	bool lacks_vectors;
	enum import_status status;
	int64_t rows;
	int64_t fixes; /* the import whose rows it corrects; 0: none */
	bool dry_run;
};

static enum status read_state(struct sqlite_store *store, int64_t id, struct import_state *state,
			      struct error *err)
{
	struct query query;

	*state = (struct import_state){0};
	writer_query(store, &query, WRITE_READ_STATE);
	query_bind_int(&query, 1, id);
	if (query_row(&query)) {
		state->exists = import_status_parse(query_text_borrowed(&query, 0), &state->status);
		state->claimed = query_int(&query, 1) != 0;
		state->parsed = query_int(&query, 2) != 0;
		state->rows = query_int(&query, 3);
		state->has_file = query_text_borrowed(&query, 4).size > 0;
		state->no_embed = query_int(&query, 5) != 0;
		state->was_completed = query_int(&query, 6) != 0;
		state->lacks_vectors = query_int(&query, 7) != 0;
		state->fixes = query_int(&query, 8);
		state->dry_run = query_int(&query, 9) != 0;
	}
	return query_end(&query, err);
}

static enum status read_existing(struct sqlite_store *store, int64_t id, struct import_state *state,
				 struct error *err)
{
	enum status status = read_state(store, id, state, err);

	return status == STATUS_OK && !state->exists ? no_such_import(id, err) : status;
}

/* ---- adding ---- */

static enum status find_key(struct sqlite_store *store, const unsigned char *key, int64_t *id,
			    struct error *err)
{
	struct query query;

	*id = 0;
	writer_query(store, &query, WRITE_FIND_KEY);
	query_bind_blob(&query, 1, key, SHA256_SIZE);
	if (query_row(&query))
		*id = query_int(&query, 0);
	return query_end(&query, err);
}

/* Whether the rejected rows of an import can be corrected now. */
static enum status may_be_fixed(struct sqlite_store *store, int64_t id, struct error *err)
{
	struct import_state state;
	enum status status = read_existing(store, id, &state, err);

	if (status != STATUS_OK)
		return status;
	if (state.fixes || state.dry_run)
		return error_set(err, STATUS_CONFLICT, "not-fixable",
				 "import %lld keeps no records of its own that could be corrected", (long long)id);
	if (state.status != IMPORT_COMPLETED)
		return error_set(err, STATUS_CONFLICT, "not-completed",
				 "import %lld is %s; its rows can be corrected when it is completed",
				 (long long)id, import_status_name(state.status));
	return STATUS_OK;
}

/* It is processing again until the import `by` has read all corrections and they have their vectors. */
static enum status begin_fixing(struct sqlite_store *store, int64_t id, int64_t by, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_BEGIN_FIXING);
	query_bind_int(&query, 1, id);
	query_bind_int(&query, 2, by);
	return query_run(&query, err);
}

static enum status insert_import(struct sqlite_store *store, const struct new_import *import,
				 int64_t *id, struct error *err)
{
	char hash[SHA256_HEX_SIZE], now[CLOCK_TEXT_SIZE];
	struct query query;
	int64_t document = 0;

	if (import->schema_document.size) {
		enum status status =
			schema_document_keep(store, import->schema_document, &document, err);
		if (status != STATUS_OK)
			return status;
	}
	sha256_hex(import->file_hash, hash);
	writer_query(store, &query, WRITE_ADD_IMPORT);
	query_bind_text(&query, 1, import->filename);
	query_bind_text(&query, 2, slice_of(hash, SHA256_HEX_SIZE - 1));
	query_bind_text(&query, 3, now_text(now));
	query_bind_int(&query, 4, import->size_bytes);
	query_bind_text(&query, 5, import->format);
	query_bind_text(&query, 6, import->schema);
	query_bind_text(&query, 7, import->options.size ? import->options : SLICE("{}"));
	query_bind_text(&query, 8, import->spool_name);
	query_bind_text(&query, 9, import->request_id);
	query_bind_blob(&query, 10, import->duplicate_key, import->duplicate_key ? SHA256_SIZE : 0);
	query_bind_int_or_null(&query, 11, document);
	query_bind_int(&query, 12, import->no_embed);
	query_bind_int(&query, 13, import->dry_run);
	query_bind_int_or_null(&query, 14, import->fixes);
	enum status status = query_run(&query, err);
	*id = sqlite3_last_insert_rowid(store->writer.connection.db);
	return status;
}

enum status import_add(struct store *base, const struct new_import *import, int64_t *id,
		       struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	int64_t holder = 0;
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	if (import->duplicate_key)
		status = find_key(store, import->duplicate_key, &holder, err);
	if (status == STATUS_OK && holder) {
		*id = holder;
		status = error_set(err, STATUS_EXISTS, NULL,
				   "this file was uploaded before, as import %lld",
				   (long long)holder);
	} else if (status == STATUS_OK) {
		if (import->fixes)
			status = may_be_fixed(store, import->fixes, err);
		if (status == STATUS_OK)
			status = insert_import(store, import, id, err);
		if (status == STATUS_OK && import->fixes)
			status = begin_fixing(store, import->fixes, *id, err);
		if (status == STATUS_OK && import->request_key)
			status = request_key_add(store, import->request_key, *id, err);
	}
	return writer_end(store, status, err);
}

/* ---- claims ---- */

static enum status find_claimable(struct sqlite_store *store, bool only_new, struct arena *arena,
				  struct import *import, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_FIND_CLAIMABLE);
	query_bind_int(&query, 1, only_new);
	bool found = query_row(&query);
	if (found)
		import_read_row(&query, arena, import);
	enum status status = query_end(&query, err);
	return status == STATUS_OK && !found ? STATUS_END : status;
}

enum status import_claim(struct store *base, bool only_new, struct arena *arena,
			 struct import_claim *claim, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	struct import *import = &claim->import;
	char now[CLOCK_TEXT_SIZE];
	struct query query;
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	status = find_claimable(store, only_new, arena, import, err);
	if (status == STATUS_OK) {
		writer_query(store, &query, WRITE_CLAIM);
		query_bind_int(&query, 1, import->id);
		query_bind_text(&query, 2, now_text(now));
		status = query_run(&query, err);
		import->status = IMPORT_PROCESSING;
		if (!import->started_ms)
			import->started_ms = time_text_parse(slice_of_string(now));
		claim->rows_done = (uint64_t)import->total_records;
	} else if (status == STATUS_END) {
		status = error_set(err, STATUS_END, NULL, "no import waits for a worker");
	}
	return writer_end(store, status, err);
}

enum status import_release(struct store *base, int64_t id, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	return writer_end(store, writer_run_by_id(store, WRITE_DROP_CLAIM, id, err), err);
}

/* A worker learns from the store that its import was cancelled or deleted. Until then it
 * keeps its claim, also while a retry has made the import pending again: so two workers never
 * store rows of the same import. */
enum status import_check_claim(struct sqlite_store *store, int64_t id, int64_t *rows,
			       struct error *err)
{
	struct import_state state;
	enum status status = read_state(store, id, &state, err);

	if (status != STATUS_OK)
		return status;
	*rows = state.rows;
	if (state.exists && state.claimed && state.status == IMPORT_PROCESSING)
		return STATUS_OK;
	if (state.exists && !state.claimed && state.status != IMPORT_FAILED &&
	    state.status != IMPORT_CANCELLED)
		return error_set(err, STATUS_CONFLICT, "not-claimed",
				 "import %lld is not claimed by a worker", (long long)id);
	status = writer_run_by_id(store, WRITE_DROP_CLAIM, id, err);
	return status != STATUS_OK ? status
				   : error_set(err, STATUS_CANCELLED, NULL,
					       "import %lld was cancelled or deleted meanwhile",
					       (long long)id);
}

enum status import_end_claimed(struct sqlite_store *store, enum status status, struct error *err)
{
	if (status != STATUS_CANCELLED)
		return writer_end(store, status, err);
	struct error late;
	enum status dropped = writer_end(store, STATUS_OK, &late);
	if (dropped == STATUS_OK)
		return STATUS_CANCELLED;
	if (err)
		*err = late;
	return dropped;
}

/* ---- the end ---- */

/* The import that corrects rows of this one has nothing to wait for any more. */
static enum status complete_fixes(struct sqlite_store *store, int64_t id, struct error *err)
{
	char now[CLOCK_TEXT_SIZE];
	struct query query;
	int64_t fixes = 0;

	writer_query(store, &query, WRITE_COMPLETE_FIXES);
	query_bind_int(&query, 1, id);
	query_bind_text(&query, 2, now_text(now));
	if (query_row(&query))
		fixes = query_int(&query, 0);
	enum status status = query_end(&query, err);
	if (status == STATUS_OK && fixes)
		status = notice_add(store, fixes, err);
	return status == STATUS_OK ? writer_run_by_id(store, WRITE_END_FIXING, id, err) : status;
}

enum status import_complete(struct sqlite_store *store, int64_t id, bool *completed,
			    struct error *err)
{
	char now[CLOCK_TEXT_SIZE];
	struct query query;

	writer_query(store, &query, WRITE_COMPLETE);
	query_bind_int(&query, 1, id);
	query_bind_text(&query, 2, now_text(now));
	enum status status = query_run(&query, err);
	*completed = status == STATUS_OK && writer_changes(store) > 0;
	if (!*completed)
		return status;
	status = notice_add(store, id, err);
	return status == STATUS_OK ? complete_fixes(store, id, err) : status;
}

/* Nothing would ever complete an import whose target was deleted while it was read. */
static enum status check_target(struct sqlite_store *store, int64_t id, struct error *err)
{
	struct correction_target target;

	return correction_target_read(store, id, &target, err);
}

/* Completes the import, or, where it corrects rows of another one, both, if nothing is missing. */
static enum status complete_after(struct sqlite_store *store, int64_t id, bool *completed, struct error *err)
{
	struct import_state state;
	enum status status = read_state(store, id, &state, err);

	if (status == STATUS_OK && state.fixes)
		status = check_target(store, state.fixes, err);
	if (status != STATUS_OK)
		return status;
	return import_complete(store, state.fixes ? state.fixes : id, completed, err);
}

enum status import_finish(struct store *base, int64_t id, struct slice format, struct slice dialect,
			  bool *completed, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	int64_t rows;
	struct query query;
	enum status status = writer_begin(store, err);

	*completed = false;
	if (status != STATUS_OK)
		return status;
	status = import_check_claim(store, id, &rows, err);
	if (status == STATUS_OK) {
		writer_query(store, &query, WRITE_SET_PARSED);
		query_bind_int(&query, 1, id);
		query_bind_text_or_null(&query, 2, format);
		query_bind_text_or_null(&query, 3, dialect);
		status = query_run(&query, err);
	}
	if (status == STATUS_OK)
		status = complete_after(store, id, completed, err);
	status = import_end_claimed(store, status, err);
	*completed = *completed && status == STATUS_OK;
	return status;
}

static enum status write_end(struct sqlite_store *store, int64_t id, const char *as,
			     const struct error *reason, struct error *err)
{
	char now[CLOCK_TEXT_SIZE];
	struct query query;

	writer_query(store, &query, WRITE_END_IMPORT);
	query_bind_int(&query, 1, id);
	query_bind_text(&query, 2, slice_of_string(as));
	query_bind_text(&query, 3, now_text(now));
	query_bind_text(&query, 4, slice_of_string(reason->code));
	query_bind_text(&query, 5, slice_of_string(reason->detail));
	query_bind_int(&query, 6, (int64_t)reason->line);
	query_bind_int(&query, 7, (int64_t)reason->column);
	query_bind_int(&query, 8, (int64_t)reason->byte);
	enum status status = query_run(&query, err);
	if (status != STATUS_OK || strcmp(as, "deleted") == 0)
		return status;
	return notice_add(store, id, err);
}

/* Whom it kept waiting waits no longer: the import that corrected its rows, or the one whose rows it corrected. */
static enum status end_import(struct sqlite_store *store, int64_t id, const char *as,
			      const struct error *reason, struct error *err)
{
	struct import_state state;
	bool completed;
	enum status status = read_state(store, id, &state, err);

	if (status == STATUS_OK)
		status = complete_fixes(store, id, err);
	if (status == STATUS_OK)
		status = write_end(store, id, as, reason, err);
	return status == STATUS_OK && state.fixes ? import_complete(store, state.fixes, &completed, err) : status;
}

enum status import_fail(struct store *base, int64_t id, const struct error *reason,
			struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	int64_t rows;
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	status = import_check_claim(store, id, &rows, err);
	if (status == STATUS_OK)
		status = end_import(store, id, "failed", reason, err);
	return import_end_claimed(store, status, err);
}

static enum status may_cancel(struct sqlite_store *store, int64_t id, struct error *err)
{
	struct import_state state;
	enum status status = read_existing(store, id, &state, err);

	if (status != STATUS_OK)
		return status;
	if (state.status != IMPORT_PENDING && state.status != IMPORT_PROCESSING)
		return error_set(err, STATUS_CONFLICT, NULL, "import %lld has ended already: it is %s",
				 (long long)id, import_status_name(state.status));
	if (state.was_completed)
		return error_set(err, STATUS_CONFLICT, NULL,
				 "import %lld was completed, and its records only get what they lacked; to be rid "
				 "of them, delete it",
				 (long long)id);
	return STATUS_OK;
}

static enum status cancel_once(struct sqlite_store *store, int64_t id, struct error *err)
{
	struct error reason;
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	status = may_cancel(store, id, err);
	if (status == STATUS_OK) {
		error_set(&reason, STATUS_CANCELLED, NULL, "cancelled on request");
		status = end_import(store, id, "cancelled", &reason, err);
	}
	return writer_end(store, status, err);
}

enum status import_cancel(struct store *base, int64_t id, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	enum status status = cancel_once(store, id, err);

	if (status == STATUS_FULL && writer_make_room(store))
		status = cancel_once(store, id, err);
	return status;
}

static enum status may_retry(struct sqlite_store *store, int64_t id, int64_t *holder,
			     struct error *err)
{
	struct import_state state;
	struct query query;
	enum status status = read_existing(store, id, &state, err);

	if (status != STATUS_OK)
		return status;
	if (state.status != IMPORT_FAILED && state.status != IMPORT_CANCELLED)
		return error_set(err, STATUS_CONFLICT, NULL,
				 "import %lld is %s; only failed and cancelled ones can run again",
				 (long long)id, import_status_name(state.status));
	if (!state.has_file)
		return error_set(err, STATUS_CONFLICT, "file-gone",
				 "the file of import %lld is gone; upload it again", (long long)id);
	if (state.fixes) {
		status = may_be_fixed(store, state.fixes, err);
		if (status == STATUS_OK)
			status = begin_fixing(store, state.fixes, id, err);
		if (status != STATUS_OK)
			return status;
	}
	writer_query(store, &query, WRITE_READ_RELEASED_KEY);
	query_bind_int(&query, 1, id);
	if (query_row(&query))
		*holder = query_int(&query, 0);
	status = query_end(&query, err);
	if (status == STATUS_OK && *holder)
		return error_set(err, STATUS_EXISTS, NULL,
				 "the same file was uploaded again meanwhile, as import %lld",
				 (long long)*holder);
	return status;
}

enum status import_retry(struct store *base, int64_t id, int64_t *holder, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	enum status status = writer_begin(store, err);

	*holder = 0;
	if (status != STATUS_OK)
		return status;
	status = may_retry(store, id, holder, err);
	if (status == STATUS_OK)
		status = writer_run_by_id(store, WRITE_RETRY, id, err);
	return writer_end(store, status, err);
}

static enum status may_embed(struct sqlite_store *store, int64_t id, struct import_state *state,
			     struct error *err)
{
	enum status status = read_existing(store, id, state, err);

	if (status != STATUS_OK)
		return status;
	if (state->status == IMPORT_FAILED || state->status == IMPORT_CANCELLED)
		return error_set(err, STATUS_CONFLICT, NULL, "import %lld is %s: it has no records",
				 (long long)id, import_status_name(state->status));
	return STATUS_OK;
}

enum status import_embed(struct store *base, int64_t id, bool *changed, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	struct import_state state;
	enum status status = writer_begin(store, err);

	*changed = false;
	if (status != STATUS_OK)
		return status;
	status = may_embed(store, id, &state, err);
	if (status == STATUS_OK && state.no_embed)
		status = writer_run_by_id(store, WRITE_EMBED, id, err);
	*changed = status == STATUS_OK && state.no_embed;
	return writer_end(store, status, err);
}

static enum status write_receipt(struct sqlite_store *store, int64_t id, struct arena *arena,
				 struct delete_receipt *receipt, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_READ_DELETED);
	query_bind_int(&query, 1, id);
	bool found = query_row(&query);
	if (found)
		*receipt = (struct delete_receipt){
			.import_id = id,
			.records = query_int(&query, 0),
			.vectors = query_int(&query, 1),
			.errors = query_int(&query, 2),
			.size_bytes = query_int(&query, 3),
			.filename = query_text(&query, 4, arena),
			.spool_name = query_text(&query, 5, arena),
		};
	enum status status = query_end(&query, err);
	return status == STATUS_OK && !found ? no_such_import(id, err) : status;
}

static enum status delete_once(struct sqlite_store *store, int64_t id, struct arena *arena,
			       struct delete_receipt *receipt, struct error *err)
{
	static const struct error no_reason;
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	status = write_receipt(store, id, arena, receipt, err);
	if (status == STATUS_OK)
		status = end_import(store, id, "deleted", &no_reason, err);
	if (status == STATUS_OK)
		status = notices_forget(store, id, err);
	return writer_end(store, status, err);
}

enum status import_delete(struct store *base, int64_t id, struct arena *arena,
			  struct delete_receipt *receipt, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	enum status status = delete_once(store, id, arena, receipt, err);

	if (status == STATUS_FULL && writer_make_room(store))
		status = delete_once(store, id, arena, receipt, err);
	return status;
}
