#include "store/sqlite/unique.h"

#include "base/banned.h"

enum { VALUE_HASH_SIZE = 16 };

/* Over the field's name, which holds no NUL, and the value. */
static bool hash_claim(const struct unique_claim *claim, unsigned char digest[SHA256_SIZE])
{
	struct strbuf text;

	strbuf_init(&text, SIZE_MAX / 2);
	strbuf_add_slice(&text, claim->field);
	strbuf_add_byte(&text, '\0');
	strbuf_add_slice(&text, claim->key);
	bool done = strbuf_ok(&text);
	if (done)
		sha256_of(strbuf_slice(&text), digest);
	strbuf_release(&text);
	return done;
}

static enum status read_holder(struct sqlite_store *store, int64_t import_id, const unsigned char *hash,
			       int64_t *row, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_READ_HOLDER);
	query_bind_int(&query, 1, import_id);
	query_bind_blob(&query, 2, hash, VALUE_HASH_SIZE);
	*row = query_row(&query) ? query_int(&query, 0) : 0;
	return query_end(&query, err);
}

/* *holder: the row that has the value. */
static enum status take_value(struct sqlite_store *store, int64_t import_id, int64_t row,
			      const struct unique_claim *claim, int64_t *holder, struct error *err)
{
	unsigned char digest[SHA256_SIZE];
	struct query query;

	if (!hash_claim(claim, digest))
		return error_no_memory(err);
	*holder = row;
	writer_query(store, &query, WRITE_TAKE_VALUE);
	query_bind_int(&query, 1, import_id);
	query_bind_blob(&query, 2, digest, VALUE_HASH_SIZE);
	query_bind_int(&query, 3, row);
	enum status status = query_run(&query, err);
	if (status != STATUS_OK || writer_changes(store) > 0)
		return status;
	return read_holder(store, import_id, digest, holder, err);
}

enum status unique_take(struct sqlite_store *store, int64_t import_id, int64_t row, struct record *record,
			struct arena *arena, bool *lost, struct error *err)
{
	for (size_t i = 0; i < record->claim_count; i++) {
		int64_t holder = row;
		bool was_valid = record_is_valid(record);
		enum status status = take_value(store, import_id, row, &record->claims[i], &holder, err);
		if (status != STATUS_OK)
			return status;
		if (holder == row)
			continue;
		if (!unique_claim_add_error(record, arena, &record->claims[i], (uint64_t)holder))
			return error_no_memory(err);
		if (was_valid && record->data_as_sent.size)
			record->data = record->data_as_sent;
		*lost = true;
	}
	return STATUS_OK;
}

enum status unique_give_back(struct sqlite_store *store, int64_t import_id, int64_t row, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_GIVE_VALUES_BACK);
	query_bind_int(&query, 1, import_id);
	query_bind_int(&query, 2, row);
	return query_run(&query, err);
}
