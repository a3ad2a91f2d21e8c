#include "store/sqlite/words.h"

#include "record/data_reader.h"
#include "record/spellings.h"

#include <stdlib.h>

#include "base/banned.h"

enum {
	FOLDED_CAP = 1 << 30,
	/* Pages that one step of a merge writes: 2 MiB. */
	MERGE_PAGES = 500,
	/* Records filled in for one that is purged in the same time. */
	FILL_FACTOR = 4,
};

bool words_make(struct record *record, struct arena *arena)
{
	struct strbuf folded;

	strbuf_init(&folded, FOLDED_CAP);
	bool done = data_fold_words(record->data, &folded) &&
		    arena_copy(arena, strbuf_slice(&folded), &record->words);
	strbuf_release(&folded);
	return done;
}

/* ---- spellings ---- */

void spellings_forget(struct sqlite_store *store)
{
	memset(store->writer.seen_spellings, 0, sizeof store->writer.seen_spellings);
}

static enum status add_spelling(struct sqlite_store *store, struct slice word, struct error *err)
{
	uint64_t hash = spelling_hash(word);
	uint64_t *seen = &store->writer.seen_spellings[(hash >> 32) % SPELLINGS_SEEN];
	struct query query;

	if (*seen == hash)
		return STATUS_OK;
	*seen = hash;
	writer_query(store, &query, WRITE_ADD_SPELLING);
	query_bind_text(&query, 1, word);
	return query_run(&query, err);
}

enum status spellings_keep(struct sqlite_store *store, struct slice folded, struct error *err)
{
	enum status status = STATUS_OK;
	struct slice word;
	size_t at = 0;

	while (status == STATUS_OK && spelling_next(folded, &at, &word))
		status = add_spelling(store, word, err);
	return status;
}

/* ---- the index ---- */

static enum status change(struct sqlite_store *store, int statement, int64_t id, struct slice folded,
			  struct error *err)
{
	struct query query;

	writer_query(store, &query, statement);
	query_bind_int(&query, 1, id);
	query_bind_text(&query, 2, folded);
	return query_run(&query, err);
}

/* Adds a record that was not in the index. */
static enum status add(struct sqlite_store *store, int64_t id, struct slice folded, struct error *err)
{
	enum status status = change(store, WRITE_ADD_WORDS, id, folded, err);

	return status == STATUS_OK ? spellings_keep(store, folded, err) : status;
}

static enum status change_by_data(struct sqlite_store *store, bool adds, int64_t id, struct slice data,
				  struct error *err)
{
	struct strbuf folded;
	enum status status;

	strbuf_init(&folded, FOLDED_CAP);
	if (!data_fold_words(data, &folded))
		status = error_no_memory(err);
	else if (adds)
		status = add(store, id, strbuf_slice(&folded), err);
	else
		status = change(store, WRITE_TAKE_WORDS, id, strbuf_slice(&folded), err);
	strbuf_release(&folded);
	return status;
}

enum status words_add_rows(struct sqlite_store *store, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_ADD_WORDS_OF_ROWS);
	return query_run(&query, err);
}

/* Which records are not yet in the index, and what else is to be done. */
struct upkeep {
	int64_t filled_to, fill_to;
	int erase;
};

enum { ERASE_NOTHING, ERASE_BEGIN, ERASE_MERGE, ERASE_SPELLINGS };

static enum status read_upkeep(struct sqlite_store *store, struct upkeep *upkeep, struct error *err)
{
	struct query query;

	*upkeep = (struct upkeep){0};
	writer_query(store, &query, WRITE_READ_UPKEEP);
	if (query_row(&query)) {
		upkeep->filled_to = query_int(&query, 0);
		upkeep->fill_to = query_int(&query, 1);
		upkeep->erase = (int)query_int(&query, 2);
	}
	return query_end(&query, err);
}

static bool is_indexed(const struct upkeep *upkeep, int64_t id)
{
	return id <= upkeep->filled_to || id > upkeep->fill_to;
}

enum status words_replace(struct sqlite_store *store, int64_t id, struct slice old_data, struct slice new_data,
			  struct error *err)
{
	struct upkeep upkeep;
	enum status status = read_upkeep(store, &upkeep, err);

	if (status != STATUS_OK || !is_indexed(&upkeep, id))
		return status;
	status = change_by_data(store, false, id, old_data, err);
	return status == STATUS_OK ? change_by_data(store, true, id, new_data, err) : status;
}

enum status words_purge(struct sqlite_store *store, int64_t import_id, int64_t below_id, uint32_t limit,
			struct error *err)
{
	struct upkeep upkeep;
	struct query query;
	enum status status = read_upkeep(store, &upkeep, err);

	if (status != STATUS_OK)
		return status;
	writer_query(store, &query, WRITE_READ_TO_PURGE);
	query_bind_int(&query, 1, import_id);
	query_bind_int(&query, 2, below_id);
	query_bind_int(&query, 3, limit);
	while (status == STATUS_OK && query_row(&query))
		if (is_indexed(&upkeep, query_int(&query, 0)))
			status = change_by_data(store, false, query_int(&query, 0),
						query_text_borrowed(&query, 1), err);
	enum status end = query_end(&query, status == STATUS_OK ? err : NULL);
	return status == STATUS_OK ? end : status;
}

enum status words_erase_later(struct sqlite_store *store, struct error *err)
{
	return writer_run_by_id(store, WRITE_SET_ERASE, ERASE_BEGIN, err);
}

/* ---- in the background ---- */

static enum status fill(struct sqlite_store *store, const struct upkeep *upkeep, uint32_t limit,
			struct error *err)
{
	int64_t filled_to = upkeep->fill_to;
	struct query query;
	uint32_t count = 0;
	enum status status = STATUS_OK;

	writer_query(store, &query, WRITE_READ_TO_FILL);
	query_bind_int(&query, 1, upkeep->filled_to);
	query_bind_int(&query, 2, upkeep->fill_to);
	query_bind_int(&query, 3, limit);
	while (status == STATUS_OK && query_row(&query)) {
		int64_t id = query_int(&query, 0);
		status = change_by_data(store, true, id, query_text_borrowed(&query, 1), err);
		if (++count == limit)
			filled_to = id;
	}
	enum status end = query_end(&query, status == STATUS_OK ? err : NULL);
	if (status != STATUS_OK || end != STATUS_OK)
		return status == STATUS_OK ? end : status;
	return writer_run_by_id(store, WRITE_SET_FILLED, filled_to, err);
}

/* A word that was deleted stands in the index until all parts that hold it are merged. */
static enum status merge(struct sqlite_store *store, const struct upkeep *upkeep, struct error *err)
{
	int64_t before = sqlite3_total_changes64(store->writer.connection.db);
	int64_t pages = upkeep->erase == ERASE_BEGIN ? -MERGE_PAGES : MERGE_PAGES;
	enum status status = writer_run_by_id(store, WRITE_MERGE_WORDS, pages, err);

	if (status != STATUS_OK)
		return status;
	/* The statement itself counts for one. */
	bool more = sqlite3_total_changes64(store->writer.connection.db) - before > 1;
	return writer_run_by_id(store, WRITE_SET_ERASE, more ? ERASE_MERGE : ERASE_SPELLINGS, err);
}

static enum status is_used(struct sqlite_store *store, struct slice word, bool *used, struct error *err)
{
	char expression[SPELLING_MAX_SIZE + 2] = "\"";
	struct query query;

	memcpy(expression + 1, word.data, word.size);
	expression[word.size + 1] = '"';
	writer_query(store, &query, WRITE_FIND_WORD);
	query_bind_text(&query, 1, slice_of(expression, word.size + 2));
	*used = query_row(&query);
	return query_end(&query, err);
}

static enum status sweep_word(struct sqlite_store *store, struct slice word, struct error *err)
{
	bool used = false;
	struct query query;
	enum status status = is_used(store, word, &used, err);

	if (status != STATUS_OK || used)
		return status;
	writer_query(store, &query, WRITE_REMOVE_SPELLING);
	query_bind_text(&query, 1, word);
	return query_run(&query, err);
}

/* The next spellings, those that stand in no record any more taken away. *last: the last of them; empty: the end. */
static enum status sweep_some(struct sqlite_store *store, uint32_t limit, struct arena *arena, struct slice *last,
			      struct error *err)
{
	struct slice *words = arena_alloc_zeroed(arena, limit, sizeof *words);
	struct query query;
	size_t count = 0;

	if (!words)
		return error_no_memory(err);
	writer_query(store, &query, WRITE_READ_SPELLINGS);
	query_bind_int(&query, 1, limit);
	while (count < limit && query_row(&query))
		words[count++] = query_text(&query, 0, arena);
	enum status status = query_end(&query, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = sweep_word(store, words[i], err);
	*last = count == limit ? words[count - 1] : slice_of(NULL, 0);
	return status;
}

static enum status sweep(struct sqlite_store *store, uint32_t limit, struct error *err)
{
	struct arena arena;
	struct slice last = {0};
	struct query query;

	arena_init(&arena, 64 << 20);
	spellings_forget(store);
	enum status status = sweep_some(store, limit, &arena, &last, err);
	if (status == STATUS_OK) {
		writer_query(store, &query, WRITE_SET_SWEPT);
		query_bind_text(&query, 1, last);
		status = query_run(&query, err);
	}
	arena_release(&arena);
	return status;
}

enum status words_upkeep(struct sqlite_store *store, uint32_t limit, struct error *err)
{
	struct upkeep upkeep;
	enum status status = read_upkeep(store, &upkeep, err);

	if (status != STATUS_OK)
		return status;
	if (upkeep.filled_to < upkeep.fill_to)
		return fill(store, &upkeep, FILL_FACTOR * limit, err);
	switch (upkeep.erase) {
	case ERASE_BEGIN:
	case ERASE_MERGE:
		return merge(store, &upkeep, err);
	case ERASE_SPELLINGS:
		return sweep(store, limit, err);
	default:
		return error_set(err, STATUS_END, NULL, "there is nothing to do");
	}
}
