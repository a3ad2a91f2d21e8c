/* Answers kept under the keys that clients gave their requests. */
#include "base/clock.h"
#include "store/sqlite/internal.h"

#include "base/banned.h"

static int64_t oldest_alive(void)
{
	return clock_now_ms() - REQUEST_KEY_LIFE_MS;
}

static enum status drop_old(struct sqlite_store *store, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_DROP_REQUEST_KEYS);
	query_bind_int(&query, 1, oldest_alive());
	return query_run(&query, err);
}

static enum status check_room(struct sqlite_store *store, struct error *err)
{
	int64_t count = 0;
	struct query query;

	writer_query(store, &query, WRITE_COUNT_REQUEST_KEYS);
	if (query_row(&query))
		count = query_int(&query, 0);
	enum status status = query_end(&query, err);
	if (status == STATUS_OK && count >= REQUEST_KEYS_MAX)
		return error_set(err, STATUS_BUSY, "too-many-idempotency-keys",
				 "%d requests of the last 24 hours had an Idempotency-Key, which is all that are "
				 "kept; send this one without, or later",
				 REQUEST_KEYS_MAX);
	return status;
}

enum status request_key_add(struct sqlite_store *store, const struct request_key *key, int64_t import_id,
			    struct error *err)
{
	struct query query;
	enum status status = drop_old(store, err);

	if (status == STATUS_OK)
		status = check_room(store, err);
	if (status != STATUS_OK)
		return status;
	writer_query(store, &query, WRITE_ADD_REQUEST_KEY);
	query_bind_text(&query, 1, key->key);
	query_bind_blob(&query, 2, key->request, SHA256_SIZE);
	if (import_id)
		query_bind_int(&query, 3, import_id);
	query_bind_int(&query, 4, clock_now_ms());
	query_bind_int(&query, 5, oldest_alive());
	status = query_run(&query, err);
	if (status == STATUS_OK && writer_changes(store) == 0)
		return error_set(err, STATUS_CONFLICT, "idempotency-key-in-use",
				 "another request has this Idempotency-Key already");
	return status;
}

static enum status is_known(struct sqlite_store *store, struct slice key, bool *known, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_FIND_REQUEST_KEY);
	query_bind_text(&query, 1, key);
	query_bind_int(&query, 2, oldest_alive());
	*known = query_row(&query);
	return query_end(&query, err);
}

static enum status write_answer(struct sqlite_store *store, struct slice key,
				const struct kept_answer *answer, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_KEEP_ANSWER);
	query_bind_text(&query, 1, key);
	query_bind_int(&query, 2, answer->http_status);
	query_bind_text(&query, 3, answer->location);
	query_bind_text(&query, 4, answer->body);
	return query_run(&query, err);
}

enum status answer_keep(struct store *base, const struct request_key *key,
			const struct kept_answer *answer, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	bool known = false;
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	status = is_known(store, key->key, &known, err);
	if (status == STATUS_OK && !known)
		status = request_key_add(store, key, answer->import_id, err);
	if (status == STATUS_OK)
		status = write_answer(store, key->key, answer, err);
	return writer_end(store, status, err);
}

enum status answer_find(struct store_reader *base, const struct request_key *key, struct arena *arena,
			struct kept_answer *answer, struct error *err)
{
	struct query query;
	bool same = false;

	query_begin(&query, &sqlite_reader_of(base)->connection, READ_ANSWER);
	query_bind_text(&query, 1, key->key);
	query_bind_int(&query, 2, oldest_alive());
	bool found = query_row(&query);
	if (found) {
		struct slice request = query_text_borrowed(&query, 0);
		same = slice_equal(request, slice_of((const char *)key->request, SHA256_SIZE));
		*answer = (struct kept_answer){
			.import_id = query_int(&query, 1),
			.http_status = (int)query_int(&query, 2),
			.location = query_text(&query, 3, arena),
			.body = query_text(&query, 4, arena),
		};
	}
	enum status status = query_end(&query, err);
	if (status != STATUS_OK)
		return status;
	if (!found)
		return error_set(err, STATUS_NOT_FOUND, NULL, "no request had this key");
	if (!same)
		return error_set(err, STATUS_CONFLICT, "idempotency-key-reused",
				 "this Idempotency-Key belongs to another request; a new request needs a new key");
	return STATUS_OK;
}
