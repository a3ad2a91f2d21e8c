/* Notices of imports that ended. */
#include "store/sqlite/internal.h"

#include "base/banned.h"

enum { MESSAGE_ID_DIGITS = 32 };

enum status notice_add(struct sqlite_store *store, int64_t import_id, struct error *err)
{
	char message_id[MESSAGE_ID_DIGITS + 1];
	struct query query;

	if (!store->keep_notices)
		return STATUS_OK;
	random_hex(message_id, MESSAGE_ID_DIGITS);
	writer_query(store, &query, WRITE_ADD_NOTICE);
	query_bind_int(&query, 1, import_id);
	query_bind_text(&query, 2, slice_of_string(message_id));
	return query_run(&query, err);
}

enum status notices_forget(struct sqlite_store *store, int64_t import_id, struct error *err)
{
	return writer_run_by_id(store, WRITE_FORGET_NOTICES, import_id, err);
}

enum status notice_next(struct store_reader *base, int64_t now_ms, struct arena *arena,
			struct notice *notice, int64_t *next_ms, struct error *err)
{
	struct query query;

	*next_ms = 0;
	query_begin(&query, &sqlite_reader_of(base)->connection, READ_NOTICE);
	bool found = query_row(&query);
	if (found) {
		*notice = (struct notice){
			.id = query_int(&query, 0),
			.import_id = query_int(&query, 1),
			.message_id = query_text(&query, 2, arena),
			.event = query_text(&query, 3, arena),
			.data = query_text(&query, 4, arena),
			.created_at = query_text(&query, 5, arena),
			.attempts = query_int(&query, 6),
		};
		*next_ms = query_int(&query, 7);
	}
	enum status status = query_end(&query, err);
	if (status != STATUS_OK)
		return status;
	return found && *next_ms <= now_ms ? STATUS_OK
					   : error_set(err, STATUS_END, NULL, "no notice is due");
}

static enum status drop_settled(struct sqlite_store *store, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_DROP_NOTICES);
	query_bind_int(&query, 1, NOTICES_KEPT);
	return query_run(&query, err);
}

enum status notice_settle(struct store *base, int64_t id, enum notice_outcome outcome, int http_status,
			  struct slice failure, int64_t next_ms, struct error *err)
{
	static const char *const states[] = {
		[NOTICE_DELIVERED] = "delivered", [NOTICE_LATER] = "due", [NOTICE_GIVEN_UP] = "given-up"};
	struct sqlite_store *store = sqlite_store_of(base);
	struct query query;
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	writer_query(store, &query, WRITE_SETTLE_NOTICE);
	query_bind_int(&query, 1, id);
	query_bind_text(&query, 2, slice_of_string(states[outcome]));
	query_bind_int(&query, 3, http_status);
	query_bind_text(&query, 4, failure);
	query_bind_int(&query, 5, next_ms);
	status = query_run(&query, err);
	if (status == STATUS_OK && outcome != NOTICE_LATER)
		status = drop_settled(store, err);
	return writer_end(store, status, err);
}
