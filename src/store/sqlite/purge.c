/* Freeing what failed, cancelled and deleted imports left behind, a slice at a time. */
#include "store/sqlite/words.h"

#include "base/banned.h"

struct leftover {
	int64_t import_id; /* 0: there is none */
	int64_t below_id;  /* records with smaller ids are left over */
	bool deleted;      /* the import itself goes too */
};

static enum status find_leftover(struct sqlite_store *store, struct leftover *leftover,
				 struct error *err)
{
	struct query query;

	*leftover = (struct leftover){0};
	writer_query(store, &query, WRITE_FIND_TO_PURGE);
	if (query_row(&query)) {
		leftover->import_id = query_int(&query, 0);
		leftover->deleted = slice_is(query_text_borrowed(&query, 1), "deleted");
		leftover->below_id = query_int(&query, 2);
	}
	return query_end(&query, err);
}

static enum status remove_import(struct sqlite_store *store, int64_t id, struct error *err)
{
	struct query query;
	int64_t document = 0;

	writer_query(store, &query, WRITE_READ_DOCUMENT_OF_IMPORT);
	query_bind_int(&query, 1, id);
	if (query_row(&query))
		document = query_int(&query, 0);
	enum status status = query_end(&query, err);
	if (status == STATUS_OK)
		status = writer_run_by_id(store, WRITE_PURGE_IMPORT, id, err);
	return status == STATUS_OK ? schema_document_drop(store, document, err) : status;
}

/* Errors of runs that are over; *left: rows that may still be removed in this slice. */
static enum status purge_errors(struct sqlite_store *store, int64_t import_id, int64_t *left,
				struct error *err)
{
	while (*left > 0) {
		int64_t group = 0;
		struct query query;
		writer_query(store, &query, WRITE_FIND_OLD_ERROR_GROUP);
		query_bind_int(&query, 1, import_id);
		if (query_row(&query))
			group = query_int(&query, 0);
		enum status status = query_end(&query, err);
		if (status != STATUS_OK || !group)
			return status;
		writer_query(store, &query, WRITE_PURGE_ERRORS);
		query_bind_int(&query, 1, group);
		query_bind_int(&query, 2, *left);
		status = query_run(&query, err);
		*left -= writer_changes(store);
		if (status == STATUS_OK && *left > 0)
			status = writer_run_by_id(store, WRITE_PURGE_ERROR_GROUP, group, err);
		(*left)--;
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static enum status purge_values(struct sqlite_store *store, int64_t import_id, int64_t *left,
				struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_PURGE_VALUES);
	query_bind_int(&query, 1, import_id);
	query_bind_int(&query, 2, *left);
	enum status status = query_run(&query, err);
	*left -= writer_changes(store);
	return status;
}

static enum status purge_some(struct sqlite_store *store, const struct leftover *leftover,
			      uint32_t limit, struct error *err)
{
	struct query query;
	enum status status = words_purge(store, leftover->import_id, leftover->below_id, limit, err);

	if (status != STATUS_OK)
		return status;
	/* The same records, and what is kept of them before themselves. */
	for (int step = 0; step < 2 && status == STATUS_OK; step++) {
		writer_query(store, &query, step == 0 ? WRITE_PURGE_REJECTS : WRITE_PURGE_RECORDS);
		query_bind_int(&query, 1, leftover->import_id);
		query_bind_int(&query, 2, leftover->below_id);
		query_bind_int(&query, 3, limit);
		status = query_run(&query, err);
	}
	int64_t left = limit - writer_changes(store);
	if (status == STATUS_OK && left > 0)
		status = purge_values(store, leftover->import_id, &left, err);
	if (status == STATUS_OK)
		status = purge_errors(store, leftover->import_id, &left, err);
	if (status != STATUS_OK || left <= 0)
		return status;
	status = words_erase_later(store, err);
	if (status != STATUS_OK)
		return status;
	/* Records go before their import: there is never an orphan. */
	return leftover->deleted ? remove_import(store, leftover->import_id, err)
				 : writer_run_by_id(store, WRITE_SET_PURGED, leftover->import_id, err);
}

static enum status purge_once(struct sqlite_store *store, uint32_t limit, struct error *err)
{
	struct leftover leftover;
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	status = find_leftover(store, &leftover, err);
	store->writer.holds_purged = store->writer.holds_purged || leftover.import_id;
	if (status == STATUS_OK)
		status = leftover.import_id ? purge_some(store, &leftover, limit, err)
					    : words_upkeep(store, limit, err);
	return writer_end(store, status, err);
}

enum status purge_slice(struct store *base, uint32_t limit, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	enum status status = purge_once(store, limit, err);

	if (status == STATUS_FULL && writer_make_room(store))
		status = purge_once(store, limit, err);
	if (status == STATUS_END) {
		writer_forget_purged(store);
		reserve_make(store);
	}
	return status;
}
