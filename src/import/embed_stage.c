/* Embedding workers. Each takes a slab of pending records from the store and gives the slab's vectors
 * back in one transaction. Workers share only the cursor, so none waits for another.
 *
 * Record ids only grow, so the cursor moves forward over everything that is ever stored; it goes back
 * only when a slab failed. */
#include "base/clock.h"
#include "base/log.h"
#include "embed/batcher.h"
#include "import/internal.h"
#include "parse/reader.h"
#include "validate/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	SLAB_RECORDS = 256,
	TEXT_CAP = 32 << 20,
	SLAB_ARENA = 512 << 20,
	WORKER_NICENESS = 10,
	BACKOFF_MS = 1000,
};

/* One worker's own; reused from slab to slab. */
struct worker {
	struct importer *importer;
	struct embed_batcher *batcher;
	struct arena slab_arena; /* records of the present slab */
	struct strbuf text;      /* scratch for one record's text */
	struct pending_record *records;
	size_t count;
	bool truncated[SLAB_RECORDS];
	float *vectors; /* [SLAB_RECORDS][EMBED_DIMENSION] */
};

static bool worker_init(struct worker *worker, struct importer *importer)
{
	*worker = (struct worker){.importer = importer};
	arena_init(&worker->slab_arena, SLAB_ARENA);
	strbuf_init(&worker->text, TEXT_CAP);
	worker->vectors = malloc(sizeof(float) * SLAB_RECORDS * EMBED_DIMENSION);
	worker->batcher = embed_batcher_new(importer->config.model, SLAB_RECORDS);
	return worker->vectors && worker->batcher;
}

static void worker_release(struct worker *worker)
{
	embed_batcher_free(worker->batcher);
	free(worker->vectors);
	strbuf_release(&worker->text);
	arena_release(&worker->slab_arena);
}

/* Hands out the next pending records; count 0 where there are none. */
static enum status take_slab(struct worker *worker, struct error *err)
{
	struct embed_feed *feed = &worker->importer->feed;
	struct store *store = worker->importer->config.store;
	struct store_reader *reader = NULL;

	arena_reset(&worker->slab_arena);
	worker->count = 0;
	pthread_mutex_lock(&feed->mutex);
	if (feed->in_flight == 0 && feed->rewind_to != INT64_MAX) {
		feed->cursor = feed->rewind_to;
		feed->rewind_to = INT64_MAX;
	}
	enum status status = store->call->open_reader(store, &reader, err);
	if (status == STATUS_OK)
		status = store->call->list_pending(reader, feed->cursor, SLAB_RECORDS,
						   &worker->slab_arena, &worker->records,
						   &worker->count, err);
	store->call->close_reader(store, reader);
	if (status != STATUS_OK)
		worker->count = 0;
	if (worker->count) {
		feed->cursor = worker->records[worker->count - 1].id;
		if (!feed->busy_since_ns) {
			feed->busy_since_ns = clock_monotonic_ns();
			feed->busy_ns = feed->busy_records = 0;
		}
		feed->in_flight++;
	}
	pthread_mutex_unlock(&feed->mutex);
	return status;
}

static void return_slab(struct worker *worker, bool done)
{
	struct embed_feed *feed = &worker->importer->feed;

	pthread_mutex_lock(&feed->mutex);
	feed->in_flight--;
	if (done)
		feed->busy_records += worker->count;
	else if (worker->records[0].id - 1 < feed->rewind_to)
		feed->rewind_to = worker->records[0].id - 1;
	feed->busy_ns = clock_monotonic_ns() - feed->busy_since_ns;
	if (feed->in_flight == 0)
		feed->busy_since_ns = 0;
	pthread_mutex_unlock(&feed->mutex);
}

/* The text that stands for a record, from its stored data. */
static enum status write_text(struct worker *worker, const struct pending_record *pending,
			      struct error *err)
{
	const struct schema *schema = schema_builtin(pending->schema);
	struct record record = {0};

	if (!schema)
		return error_set(err, STATUS_CORRUPT, NULL, "record %lld has an unknown schema",
				 (long long)pending->id);
	strbuf_clear(&worker->text);
	enum status status = json_read_record(pending->data, &worker->slab_arena, &record, err);
	if (status != STATUS_OK)
		return status;
	schema_write_text(schema, &record, &worker->text);
	return strbuf_ok(&worker->text) ? STATUS_OK : error_no_memory(err);
}

/* Gives the slab's texts to the batcher. */
static enum status read_texts(struct worker *worker, struct error *err)
{
	for (size_t i = 0; i < worker->count; i++) {
		enum status status = write_text(worker, &worker->records[i], err);
		if (status == STATUS_CORRUPT || status == STATUS_INVALID) {
			/* Somebody else wrote this row: its text is what there is of it. */
			log_warning(LOG_EVENT("record's data is no JSON; embedded as it stands"),
				    LOG_INT("record_id", worker->records[i].id));
			strbuf_clear(&worker->text);
			strbuf_add_slice(&worker->text, worker->records[i].data);
		} else if (status != STATUS_OK) {
			return status;
		}
		embed_batcher_add(worker->batcher, strbuf_slice(&worker->text),
				  &worker->truncated[i]);
	}
	return STATUS_OK;
}

/* In the name of the request that uploaded it. */
static void log_completed(struct store *store, int64_t import_id)
{
	struct store_reader *reader = NULL;
	struct import import = {0};
	struct arena arena;
	char request_id[65] = "";

	arena_init(&arena, 1 << 20);
	if (store->call->open_reader(store, &reader, NULL) == STATUS_OK &&
	    store->call->get_import(reader, import_id, &arena, &import, NULL) == STATUS_OK)
		snprintf(request_id, sizeof request_id, "%.*s", SLICE_ARG(import.request_id));
	store->call->close_reader(store, reader);
	log_set_request(request_id);
	log_info(LOG_EVENT("import completed"), LOG_INT("import_id", import_id),
		 LOG_INT("records", import.total_records), LOG_INT("invalid", import.failed_records));
	log_set_request("");
	arena_release(&arena);
}

static void announce(struct worker *worker, const struct record_vector *vectors,
		     const int64_t *completed, size_t completed_count)
{
	struct importer *importer = worker->importer;

	for (size_t i = 0; i < worker->count; i++)
		if (vectors[i].attached &&
		    !vector_index_add(importer->config.index, vectors[i].id, vectors[i].import_id,
				      vectors[i].vector))
			log_error(LOG_EVENT("record missing from the vector index until restart"),
				  LOG_INT("record_id", vectors[i].id));
	for (size_t i = 0; i < completed_count; i++)
		log_completed(importer->config.store, completed[i]);
	if (completed_count)
		bell_ring(&importer->ended_bell);
}

static enum status attach(struct worker *worker, struct error *err)
{
	struct store *store = worker->importer->config.store;
	struct record_vector vectors[SLAB_RECORDS];
	int64_t completed[SLAB_RECORDS];
	size_t completed_count = 0;

	for (size_t i = 0; i < worker->count; i++)
		vectors[i] = (struct record_vector){
			.id = worker->records[i].id,
			.import_id = worker->records[i].import_id,
			.vector = worker->vectors + i * EMBED_DIMENSION,
			.truncated = worker->truncated[i],
		};
	enum status status = store->call->attach_vectors(store, vectors, worker->count, completed,
							 &completed_count, err);
	if (status == STATUS_OK)
		announce(worker, vectors, completed, completed_count);
	return status;
}

static enum status run_slab(struct worker *worker, struct error *err)
{
	embed_batcher_clear(worker->batcher);
	enum status status = read_texts(worker, err);
	if (status == STATUS_OK)
		status = embed_batcher_run(worker->batcher, worker->vectors, err);
	return status == STATUS_OK ? attach(worker, err) : status;
}

void *embed_thread_main(void *argument)
{
	struct importer *importer = argument;
	struct worker worker;

	/* Answers go first: on Linux, niceness is a thread's own. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), WORKER_NICENESS);
	if (!worker_init(&worker, importer)) {
		log_error(LOG_EVENT("an embedding worker found no memory and ended"));
		worker_release(&worker);
		return NULL;
	}
	while (!importer->stopping) {
		uint64_t seen = bell_count(&importer->embed_bell);
		struct error err = {0};
		enum status status = take_slab(&worker, &err);
		if (status == STATUS_OK && worker.count == 0) {
			bell_wait(&importer->embed_bell, seen, 5000);
			continue;
		}
		if (status == STATUS_OK) {
			status = run_slab(&worker, &err);
			return_slab(&worker, status == STATUS_OK);
		}
		if (status != STATUS_OK) {
			log_error(LOG_EVENT("embedding interrupted; it goes on later"),
				  LOG_ERR(&err));
			importer_pause(importer, BACKOFF_MS);
		}
	}
	worker_release(&worker);
	return NULL;
}

double importer_embedding_rate(struct importer *importer)
{
	struct embed_feed *feed = &importer->feed;
	double rate = 0;

	pthread_mutex_lock(&feed->mutex);
	if (feed->busy_ns)
		rate = (double)feed->busy_records * 1e9 / (double)feed->busy_ns;
	pthread_mutex_unlock(&feed->mutex);
	return rate;
}
