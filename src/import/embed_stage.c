/* Embedding workers. Each takes a slab of pending records (embed_feed.h) and gives the slab's vectors back in
 * one transaction. Workers share only the feed, so none waits for another. */
#include "base/log.h"
#include "import/column_feed.h"
#include "import/internal.h"
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

/* Keeps the entries whose records the store still shows. */
static enum status drop_deleted(struct importer *importer, struct vector_entry *entries, size_t *count)
{
	struct store *store = importer->config.store;
	struct store_reader *reader = NULL;
	struct record_list list = {0};
	int64_t ids[SLAB_RECORDS];
	struct arena arena;
	size_t kept = 0;

	arena_init(&arena, DROP_ARENA);
	for (size_t i = 0; i < *count; i++)
		ids[i] = entries[i].id;
	enum status status = store->call->open_reader(store, &reader, NULL);
	if (status == STATUS_OK)
		status = store->call->get_records(reader, ids, *count, &arena, &list, NULL);
	for (size_t i = 0; i < *count && kept < list.count && status == STATUS_OK; i++)
		if (entries[i].id == list.records[kept].id)
			entries[kept++] = entries[i];
	store->call->close_reader(store, reader);
	arena_release(&arena);
	*count = kept;
	return status;
}

/* Lets searches find what was attached, but nothing that was deleted meanwhile. */
static bool add_to_index(struct importer *importer, struct vector_entry *entries, size_t count,
			 uint64_t as_of)
{
	enum vector_added added;

	while ((added = vector_index_add(importer->config.index, entries, count, as_of)) == VECTOR_STALE) {
		as_of = vector_index_removals(importer->config.index);
		if (drop_deleted(importer, entries, &count) != STATUS_OK)
			return false;
	}
	return added == VECTOR_ADDED;
}

static void announce(struct importer *importer, const struct record_vector *vectors, size_t count,
		     const int64_t *completed, size_t completed_count, uint64_t as_of)
{
	struct vector_entry entries[SLAB_RECORDS];
	size_t attached = 0;

	for (size_t i = 0; i < count; i++)
		if (vectors[i].attached)
			entries[attached++] = (struct vector_entry){vectors[i].id, vectors[i].import_id,
								    vectors[i].vector};
	if (attached && !add_to_index(importer, entries, attached, as_of))
		log_error(LOG_EVENT("records missing from the vector index until restart"),
			  LOG_INT("first_record_id", entries[0].id), LOG_INT("records", attached));
	column_feed_vectors(importer->config.columns, vectors, count);
	if (attached) {
		/* A slab is of one import. */
		progress_embedded(&importer->progress, entries[0].import_id, attached);
		importer_tell(importer, entries[0].import_id);
	}
	for (size_t i = 0; i < completed_count; i++)
		log_completed(importer->config.store, completed[i]);
	if (completed_count)
		bell_ring(&importer->ended_bell);
}

static enum status attach_ready(struct importer *importer, struct slab *slab, struct error *err)
{
	struct store *store = importer->config.store;
	struct record_vector vectors[SLAB_RECORDS];
	int64_t completed[SLAB_RECORDS];
	size_t completed_count = 0, count = slab_take_ready(slab, vectors);
	uint64_t as_of = vector_index_removals(importer->config.index);

	enum status status = store->call->attach_vectors(store, vectors, count, completed,
							 &completed_count, err);
	if (status == STATUS_OK)
		announce(importer, vectors, count, completed, completed_count, as_of);
	return status;
}

static enum status run_slab(struct importer *importer, struct slab *slab, struct error *err)
{
	enum status status = slab_read_texts(slab, err);

	while (status == STATUS_OK && !slab_is_done(slab)) {
		status = slab_embed(slab, err);
		if (status == STATUS_OK)
			status = attach_ready(importer, slab, err);
		slab_give_back(slab);
		if (status == STATUS_OK)
			slab_wait(slab);
	}
	return status;
}

static enum status take_slab(struct importer *importer, struct slab *slab, struct error *err)
{
	slab_clear(slab);
	return embed_feed_take(&importer->feed, importer->config.store, SLAB_RECORDS, &slab->arena,
			       &slab->records, &slab->count, err);
}

/* What a worker does at a time: one slab, or a wait for one. */
static void work_once(struct importer *importer, struct slab *slab)
{
	uint64_t seen = bell_count(&importer->embed_bell);
	struct error err = {0};
	enum status status = take_slab(importer, slab, &err);

	if (status == STATUS_OK && slab->count == 0) {
		if (!bell_wait(&importer->embed_bell, seen, 5000))
			embed_feed_note(&importer->feed);
		return;
	}
	if (status == STATUS_OK) {
		status = run_slab(importer, slab, &err);
		embed_feed_give_back(&importer->feed, slab->records[0].import_id, slab->count,
				     status == STATUS_OK);
	}
	if (status != STATUS_OK) {
		log_error(LOG_EVENT("embedding interrupted; it goes on later"), LOG_ERR(&err));
		importer_pause(importer, BACKOFF_MS);
	}
}

void *embed_thread_main(void *argument)
{
	struct importer *importer = argument;
	struct slab slab;

	/* Answers go first: on Linux, niceness is a thread's own. */
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), WORKER_NICENESS);
	if (!slab_init(&slab, importer->config.store, importer->config.model,
		       importer->config.schemas, &importer->once, &importer->texts_computed))
		log_error(LOG_EVENT("an embedding worker found no memory and ended"));
	else
		while (!importer->stopping)
			work_once(importer, &slab);
	slab_release(&slab);
	return NULL;
}

double importer_embedding_rate(struct importer *importer)
{
	return embed_feed_rate(&importer->feed);
}
