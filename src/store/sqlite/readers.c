/* The pool of read-only connections. Each gives its user one snapshot, from its first read on. */
#include "store/sqlite/words.h"

#include <stdlib.h>

#include "base/banned.h"

enum status readers_open(struct sqlite_store *store, unsigned count, struct error *err)
{
	struct reader_pool *pool = &store->pool;

	pool->readers = calloc(count, sizeof *pool->readers);
	if (!pool->readers)
		return error_no_memory(err);
	for (; pool->count < count; pool->count++) {
		struct sqlite_reader *reader = &pool->readers[pool->count];
		enum status status = connection_open(&reader->connection, store->path,
						     CONNECTION_READ, READ_TIMEOUT_MS, err);
		if (status == STATUS_OK)
			status = words_add_rank(&reader->connection, err);
		if (status == STATUS_OK)
			status = connection_prepare(&reader->connection, read_statements,
						    READ_STATEMENT_COUNT, err);
		if (status != STATUS_OK) {
			connection_close(&reader->connection);
			return status;
		}
		reader->store = store;
		reader->next = pool->free;
		pool->free = reader;
	}
	return STATUS_OK;
}

void readers_close(struct sqlite_store *store)
{
	struct reader_pool *pool = &store->pool;

	for (unsigned i = 0; i < pool->count; i++)
		connection_close(&pool->readers[i].connection);
	free(pool->readers);
	pool->readers = pool->free = NULL;
	pool->count = 0;
}

enum status reader_take(struct store *base, struct store_reader **out, struct error *err)
{
	struct reader_pool *pool = &sqlite_store_of(base)->pool;
	struct query query;

	*out = NULL;
	pthread_mutex_lock(&pool->mutex);
	while (!pool->free)
		pthread_cond_wait(&pool->returned, &pool->mutex);
	struct sqlite_reader *reader = pool->free;
	pool->free = reader->next;
	pthread_mutex_unlock(&pool->mutex);

	query_begin(&query, &reader->connection, READ_BEGIN);
	enum status status = query_run(&query, err);
	if (status != STATUS_OK)
		reader_give(base, (struct store_reader *)reader);
	else
		*out = (struct store_reader *)reader;
	return status;
}

void reader_give(struct store *base, struct store_reader *given)
{
	struct reader_pool *pool = &sqlite_store_of(base)->pool;
	struct sqlite_reader *reader = sqlite_reader_of(given);

	if (!reader)
		return;
	if (!sqlite3_get_autocommit(reader->connection.db)) {
		struct query query;
		query_begin(&query, &reader->connection, READ_END);
		query_run(&query, NULL);
	}
	pthread_mutex_lock(&pool->mutex);
	reader->next = pool->free;
	pool->free = reader;
	pthread_cond_signal(&pool->returned);
	pthread_mutex_unlock(&pool->mutex);
}
