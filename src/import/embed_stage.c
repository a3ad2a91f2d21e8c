/* Embedding workers. Each takes a slab of pending records (embed_feed.h) and has the slab's vectors stored in
 * one transaction, by a thread beside it, while it computes those of the next slab: so no core idles while a
 * disk syncs. Workers share only the feed, so none waits for another.
 *
 * Workers run at low priority, the threads beside them do not: they hold the turn at the writing connection,
 * which others wait for. */
#include "base/log.h"
#include "import/column_feed.h"
#include "import/internal.h"
#include "import/job_thread.h"
#include "import/slab.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	WORKER_NICENESS = 10,
	BACKOFF_MS = 1000,
	DROP_ARENA = 1 << 30,
};

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

/* Searches are to find a record no later than anybody can read that its import is completed: so vectors enter the
 * index before the store says that they are attached. What a search finds, it looks up in the store, which has had the
 * records all along. */
static bool add_to_index(struct importer *importer, const struct record_vector *vectors, size_t count)
{
	struct vector_index *index = importer->config.index;
	struct vector_entry entries[SLAB_RECORDS];
	enum vector_added added = VECTOR_STALE;

	for (size_t i = 0; i < count; i++)
		entries[i] = (struct vector_entry){vectors[i].id, vectors[i].import_id, vectors[i].vector};
	/* What is added for an import that was deleted meanwhile is taken out again: its records are not attached. */
	while (added == VECTOR_STALE)
		added = vector_index_add(index, entries, count, vector_index_removals(index));
	return added == VECTOR_ADDED;
}

/* Takes those out of the index that were not attached, unless the store still shows them: then somebody else gave
 * them a vector, or will. */
static bool drop_gone(struct importer *importer, const struct record_vector *vectors, size_t count)
{
	struct store *store = importer->config.store;
	struct store_reader *reader = NULL;
	struct record_list list = {0};
	int64_t ids[SLAB_RECORDS];
	size_t asked = 0, shown = 0, gone = 0;
	struct arena arena;

	for (size_t i = 0; i < count; i++)
		if (!vectors[i].attached)
			ids[asked++] = vectors[i].id;
	if (!asked)
		return true;
	arena_init(&arena, DROP_ARENA);
	bool done = store->call->open_reader(store, &reader, NULL) == STATUS_OK &&
		    store->call->get_records(reader, ids, asked, &arena, &list, NULL) == STATUS_OK;
	for (size_t i = 0; i < asked; i++)
		if (shown < list.count && list.records[shown].id == ids[i])
			shown++;
		else
			ids[gone++] = ids[i];
	store->call->close_reader(store, reader);
	arena_release(&arena);
	return vector_index_remove(importer->config.index, ids, gone) && done;
}

static void announce(struct importer *importer, const struct record_vector *vectors, size_t count,
		     const int64_t *completed, size_t completed_count)
{
	size_t attached = 0;

	for (size_t i = 0; i < count; i++)
		attached += vectors[i].attached;
	column_feed_vectors(importer->config.columns, vectors, count);
	if (attached) {
		/* A slab is of one import. */
		progress_embedded(&importer->progress, vectors[0].import_id, attached);
		importer_tell(importer, vectors[0].import_id);
	}
	for (size_t i = 0; i < completed_count; i++)
		log_completed(importer->config.store, completed[i]);
	if (completed_count)
		importer_tell_end(importer);
}

static enum status attach_ready(struct importer *importer, struct slab *slab, struct error *err)
{
	struct store *store = importer->config.store;
	struct record_vector vectors[SLAB_RECORDS];
	int64_t completed[SLAB_RECORDS];
	size_t completed_count = 0, count = slab_take_ready(slab, vectors);

	if (count && !add_to_index(importer, vectors, count))
		log_error(LOG_EVENT("records missing from the vector index until restart"),
			  LOG_INT("first_record_id", vectors[0].id), LOG_INT("records", count));
	enum status status = store->call->attach_vectors(store, vectors, count, completed,
							 &completed_count, err);
	/* After a failure they stay in the index: their records are there, and will be embedded again. */
	if (status == STATUS_OK && !drop_gone(importer, vectors, count))
		log_error(LOG_EVENT("the vector index keeps deleted records until restart"),
			  LOG_INT("first_record_id", vectors[0].id));
	if (status == STATUS_OK)
		announce(importer, vectors, count, completed, completed_count);
	return status;
}

struct worker {
	struct importer *importer;
	struct embed_batcher *batcher;
	struct slab slabs[2]; /* one is embedded while the other is stored */
	struct slab *slab;    /* the one that is embedded */
	struct job_thread thread;
	/* What is stored, and what became of it. */
	struct slab *stored;
	enum status status;
	struct error err;
};

/* The slab's records are no longer in anybody's hands. */
static void give_back(struct importer *importer, struct slab *slab, bool done)
{
	slab_give_back(slab);
	/* What failed, or came meanwhile, is looked for now, also by workers that found nothing before. */
	if (embed_feed_give_back(&importer->feed, slab->records[0].import_id, slab->count, done))
		bell_ring(&importer->embed_bell);
}

static void store_slab(void *argument)
{
	struct worker *worker = argument;

	worker->status = attach_ready(worker->importer, worker->stored, &worker->err);
	give_back(worker->importer, worker->stored, worker->status == STATUS_OK);
}

/* Waits for the slab that is being stored, and says what became of it. */
static enum status end_storing(struct worker *worker, struct error *err)
{
	job_thread_wait(&worker->thread);
	enum status status = worker->status;
	if (status != STATUS_OK)
		*err = worker->err;
	worker->status = STATUS_OK;
	return status;
}

static void begin_storing(struct worker *worker)
{
	worker->stored = worker->slab;
	worker->slab = &worker->slabs[worker->slab == worker->slabs];
	job_thread_give(&worker->thread, store_slab, worker);
}

/* For a slab with texts that are in other hands, which may be those of the thread beside this one. */
static enum status finish_slab(struct worker *worker, struct error *err)
{
	struct slab *slab = worker->slab;
	enum status status = attach_ready(worker->importer, slab, err);

	slab_give_back(slab);
	while (status == STATUS_OK && !slab_is_done(slab)) {
		slab_wait(slab);
		status = slab_embed(slab, err);
		if (status == STATUS_OK)
			status = attach_ready(worker->importer, slab, err);
		slab_give_back(slab);
	}
	give_back(worker->importer, slab, status == STATUS_OK);
	return status;
}

static enum status run_slab(struct worker *worker, struct error *err)
{
	struct slab *slab = worker->slab;
	struct error late;
	enum status status = slab_read_texts(slab, err);

	if (status == STATUS_OK)
		status = slab_embed(slab, err);
	enum status stored = end_storing(worker, &late);
	if (status != STATUS_OK)
		give_back(worker->importer, slab, false);
	else if (slab_is_ready(slab))
		begin_storing(worker);
	else
		status = finish_slab(worker, err);
	if (status == STATUS_OK && stored != STATUS_OK)
		*err = late;
	return status == STATUS_OK ? stored : status;
}

static enum status take_slab(struct importer *importer, struct slab *slab, struct error *err)
{
	slab_clear(slab);
	return embed_feed_take(&importer->feed, importer->config.store, SLAB_RECORDS, &slab->arena,
			       &slab->records, &slab->count, err);
}

/* What a worker does at a time: one slab, or a wait for one. */
static void work_once(struct worker *worker)
{
	struct importer *importer = worker->importer;
	uint64_t seen = bell_count(&importer->embed_bell);
	struct error err = {0};
	enum status status = take_slab(importer, worker->slab, &err);
	bool found = status == STATUS_OK && worker->slab->count;

	if (found)
		status = run_slab(worker, &err);
	else if (status == STATUS_OK)
		status = end_storing(worker, &err);
	if (status == STATUS_CANCELLED) /* the program stops: the records stay pending */
		return;
	if (status != STATUS_OK) {
		log_error(LOG_EVENT("embedding interrupted; it goes on later"), LOG_ERR(&err));
		importer_pause(importer, BACKOFF_MS);
	} else if (!found && !bell_wait(&importer->embed_bell, seen, 5000)) {
		embed_feed_note(&importer->feed);
	}
}

static bool worker_init(struct worker *worker, struct importer *importer)
{
	const struct importer_config *config = &importer->config;

	*worker = (struct worker){.importer = importer, .slab = worker->slabs};
	worker->batcher = embed_batcher_new(config->model, SLAB_RECORDS);
	if (worker->batcher)
		embed_batcher_stop_on(worker->batcher, &importer->stopping);
	for (size_t i = 0; i < 2; i++)
		if (!slab_init(&worker->slabs[i], config->store, config->model, worker->batcher,
			       config->schemas, &importer->once, &importer->texts_computed))
			return false;
	return worker->batcher && job_thread_start(&worker->thread, NULL) == STATUS_OK;
}

static void worker_release(struct worker *worker)
{
	job_thread_stop(&worker->thread);
	slab_release(&worker->slabs[0]);
	slab_release(&worker->slabs[1]);
	embed_batcher_free(worker->batcher);
}

void *embed_thread_main(void *argument)
{
	struct importer *importer = argument;
	struct worker worker;

	if (!worker_init(&worker, importer)) {
		log_error(LOG_EVENT("an embedding worker found no memory and ended"));
	} else {
		/* Answers go first: on Linux, niceness is a thread's own, and new threads inherit it. */
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), WORKER_NICENESS);
		while (!importer->stopping)
			work_once(&worker);
	}
	worker_release(&worker);
	return NULL;
}

double importer_embedding_rate(struct importer *importer)
{
	return embed_feed_rate(&importer->feed);
}
