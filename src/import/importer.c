#include "import/importer.h"

#include "base/clock.h"
#include "base/log.h"
#include "import/column_feed.h"
#include "import/internal.h"
#include "intake/spool.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum { PURGE_RECORDS = 500, PURGE_PAUSE_MS = 20, WAIT_STEP_MS = 1000 };

static const int64_t dry_run_life_ms = 24 * 60 * 60 * (int64_t)1000;

static enum status start_thread(pthread_t *thread, void *(*run)(void *), void *argument,
				struct error *err)
{
	int failure = pthread_create(thread, NULL, run, argument);

	return failure ? error_from_errno(err, failure, "starting a thread") : STATUS_OK;
}

static unsigned count_workers(const struct importer_config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = config->embed_threads ? config->embed_threads : (unsigned)(cores > 0 ? cores : 1);

	return wanted < EMBED_THREADS_MAX ? wanted : EMBED_THREADS_MAX;
}

static enum status start_threads(struct importer *importer, struct error *err)
{
	const struct importer_config *config = &importer->config;
	unsigned imports = config->import_threads ? config->import_threads : 2;
	unsigned embeds = count_workers(config);
	enum status status = column_feed_last_id(config->store, &importer->load_last_id, err);

	if (status != STATUS_OK)
		return status;
	columns_begin_load(config->columns);
	status = start_thread(&importer->load_thread, load_thread_main, importer, err);
	if (status != STATUS_OK) {
		columns_end_load(config->columns, false);
		return status;
	}
	importer->has_load_thread = true;
	if (imports > IMPORT_THREADS_MAX)
		imports = IMPORT_THREADS_MAX;
	for (; importer->import_thread_count < imports; importer->import_thread_count++) {
		status = start_thread(&importer->import_threads[importer->import_thread_count],
				      import_thread_main, importer, err);
		if (status != STATUS_OK)
			return status;
	}
	for (; importer->embed_thread_count < embeds; importer->embed_thread_count++) {
		status = start_thread(&importer->embed_threads[importer->embed_thread_count],
				      embed_thread_main, importer, err);
		if (status != STATUS_OK)
			return status;
	}
	status = start_thread(&importer->purge_thread, purge_thread_main, importer, err);
	importer->has_purge_thread = status == STATUS_OK;
	if (status != STATUS_OK || !config->webhook)
		return status;
	status = start_thread(&importer->webhook_thread, webhook_thread_main, importer, err);
	importer->has_webhook_thread = status == STATUS_OK;
	return status;
}

enum status importer_start(const struct importer_config *config, struct importer **out,
			   struct error *err)
{
	struct importer *importer = calloc(1, sizeof *importer);

	*out = NULL;
	if (!importer)
		return error_no_memory(err);
	importer->config = *config;
	import_queue_init(&importer->queue);
	embed_feed_init(&importer->feed, count_workers(config));
	pthread_mutex_init(&importer->lives, NULL);
	pthread_mutex_init(&importer->corrections, NULL);
	text_once_init(&importer->once);
	bell_init(&importer->embed_bell);
	bell_init(&importer->purge_bell);
	bell_init(&importer->ended_bell);
	bell_init(&importer->news_bell);
	progress_init(&importer->progress);
	enum status status = start_threads(importer, err);
	if (status != STATUS_OK) {
		importer_stop(importer);
		return status;
	}
	*out = importer;
	return STATUS_OK;
}

void importer_quiesce(struct importer *importer)
{
	if (!importer)
		return;
	importer->stopping = true;
	import_queue_wake(&importer->queue);
	bell_ring(&importer->embed_bell);
	bell_ring(&importer->purge_bell);
	bell_ring(&importer->ended_bell);
	bell_ring(&importer->news_bell);
	if (importer->config.webhook)
		webhook_sender_stop(importer->config.webhook);
}

void importer_stop(struct importer *importer)
{
	if (!importer)
		return;
	importer_quiesce(importer);
	for (unsigned i = 0; i < importer->import_thread_count; i++)
		pthread_join(importer->import_threads[i], NULL);
	for (unsigned i = 0; i < importer->embed_thread_count; i++)
		pthread_join(importer->embed_threads[i], NULL);
	if (importer->has_load_thread)
		pthread_join(importer->load_thread, NULL);
	if (importer->has_purge_thread)
		pthread_join(importer->purge_thread, NULL);
	if (importer->has_webhook_thread)
		pthread_join(importer->webhook_thread, NULL);
	import_queue_release(&importer->queue);
	bell_release(&importer->embed_bell);
	bell_release(&importer->purge_bell);
	bell_release(&importer->ended_bell);
	bell_release(&importer->news_bell);
	progress_release(&importer->progress);
	embed_feed_release(&importer->feed);
	pthread_mutex_destroy(&importer->lives);
	pthread_mutex_destroy(&importer->corrections);
	text_once_release(&importer->once);
	free(importer);
}

void importer_wake(struct importer *importer)
{
	import_queue_wake(&importer->queue);
}

void importer_tell(struct importer *importer, int64_t import_id)
{
	importer->news[(uint64_t)import_id % NEWS_SLOTS]++;
	bell_ring(&importer->news_bell);
}

/* An import under correction and the one that corrects it end each other: so all are told. */
void importer_tell_end(struct importer *importer)
{
	importer->ends++;
	bell_ring(&importer->ended_bell);
	bell_ring(&importer->news_bell);
}

uint64_t importer_news(struct importer *importer, int64_t import_id)
{
	return importer->news[(uint64_t)import_id % NEWS_SLOTS] + importer->ends;
}

bool importer_wait_news(struct importer *importer, uint64_t *seen)
{
	while (!importer->stopping && bell_count(&importer->news_bell) == *seen)
		bell_wait(&importer->news_bell, *seen, 60 * 1000);
	*seen = bell_count(&importer->news_bell);
	return !importer->stopping;
}

void importer_feed(struct importer *importer)
{
	embed_feed_note(&importer->feed);
	bell_ring(&importer->embed_bell);
}

void importer_pause(struct importer *importer, uint64_t timeout_ms)
{
	uint64_t until = clock_monotonic_ns() + timeout_ms * 1000000;

	while (!importer->stopping && clock_monotonic_ns() < until) {
		struct timespec step = {.tv_nsec = 20000000};
		nanosleep(&step, NULL);
	}
}

/* true also when the import is gone, or cannot be read: there is nothing to wait for. */
static bool has_ended(struct store *store, int64_t id)
{
	struct store_reader *reader = NULL;
	struct arena arena;
	struct import import;
	bool ended = true;

	arena_init(&arena, 1 << 20);
	if (store->call->open_reader(store, &reader, NULL) == STATUS_OK &&
	    store->call->get_import(reader, id, &arena, &import, NULL) == STATUS_OK)
		ended = import.status != IMPORT_PENDING && import.status != IMPORT_PROCESSING;
	store->call->close_reader(store, reader);
	arena_release(&arena);
	return ended;
}

bool importer_wait(struct importer *importer, int64_t import_id, uint64_t timeout_ms)
{
	uint64_t deadline = clock_monotonic_ns() + timeout_ms * 1000000;

	while (!importer->stopping) {
		uint64_t seen = bell_count(&importer->ended_bell);
		if (has_ended(importer->config.store, import_id))
			return true;
		uint64_t now = clock_monotonic_ns();
		if (now >= deadline)
			return false;
		bell_wait(&importer->ended_bell, seen, (deadline - now) / 1000000 + 1);
	}
	return false;
}

void importer_forget(struct importer *importer, int64_t import_id)
{
	if (!vector_index_remove_import(importer->config.index, import_id))
		log_error(LOG_EVENT("vector index keeps an import that is gone until restart"),
			  LOG_INT("import_id", import_id));
	columns_remove_import(importer->config.columns, import_id);
}

enum status importer_delete(struct importer *importer, int64_t import_id, struct arena *arena,
			    struct delete_receipt *receipt, struct error *err)
{
	const struct importer_config *config = &importer->config;
	enum status status;

	pthread_mutex_lock(&importer->lives);
	status = config->store->call->delete_import(config->store, import_id, arena, receipt, err);
	if (status == STATUS_OK)
		importer_forget(importer, import_id);
	pthread_mutex_unlock(&importer->lives);
	if (status != STATUS_OK)
		return status;
	struct error late;
	/* The import is gone already; a file that cannot be removed now is removed at the next start. */
	if (receipt->spool_name.size &&
	    spool_remove(config->spool_folder, receipt->spool_name, &late) != STATUS_OK)
		log_warning(LOG_EVENT("spool file not removed"), LOG_INT("import_id", import_id),
			    LOG_ERR(&late));
	bell_ring(&importer->purge_bell);
	importer_tell_end(importer);
	return STATUS_OK;
}

enum status importer_cancel(struct importer *importer, int64_t import_id, struct error *err)
{
	struct store *store = importer->config.store;

	pthread_mutex_lock(&importer->lives);
	enum status status = store->call->cancel_import(store, import_id, err);
	if (status == STATUS_OK)
		importer_forget(importer, import_id);
	pthread_mutex_unlock(&importer->lives);
	if (status != STATUS_OK)
		return status;
	bell_ring(&importer->purge_bell);
	importer_tell_end(importer);
	return STATUS_OK;
}

enum status importer_retry(struct importer *importer, int64_t import_id, int64_t *holder,
			   struct error *err)
{
	struct store *store = importer->config.store;
	enum status status = store->call->retry_import(store, import_id, holder, err);

	if (status == STATUS_OK) {
		importer_wake(importer);
		importer_tell(importer, import_id);
	}
	return status;
}

enum status importer_embed(struct importer *importer, int64_t import_id, struct error *err)
{
	struct store *store = importer->config.store;
	bool changed;
	enum status status = store->call->embed_import(store, import_id, &changed, err);

	if (status == STATUS_OK && changed) {
		importer_feed(importer);
		importer_tell(importer, import_id);
	}
	return status;
}

void *load_thread_main(void *argument)
{
	struct importer *importer = argument;
	const struct importer_config *config = &importer->config;

	column_feed_load(config->columns, config->store, importer->load_last_id, &importer->stopping);
	return NULL;
}

/* Deletes one dry run whose time is over; false: there is none. */
static bool expire_dry_run(struct importer *importer)
{
	struct store *store = importer->config.store;
	struct store_reader *reader = NULL;
	struct delete_receipt receipt;
	struct arena arena;
	struct error err;
	int64_t id = 0;
	enum status status = store->call->open_reader(store, &reader, &err);

	if (status == STATUS_OK)
		status = store->call->find_old_dry_run(reader, clock_now_ms() - dry_run_life_ms, &id, &err);
	store->call->close_reader(store, reader);
	if (status == STATUS_OK && !id)
		return false;
	arena_init(&arena, 1 << 20);
	if (status == STATUS_OK)
		status = importer_delete(importer, id, &arena, &receipt, &err);
	arena_release(&arena);
	if (status != STATUS_OK && status != STATUS_NOT_FOUND)
		log_error(LOG_EVENT("an old dry run could not be deleted"), LOG_ERR(&err));
	return status == STATUS_OK;
}

void *purge_thread_main(void *argument)
{
	struct importer *importer = argument;
	struct store *store = importer->config.store;

	while (!importer->stopping) {
		uint64_t seen = bell_count(&importer->purge_bell);
		struct error err;
		enum status status = store->call->purge_slice(store, PURGE_RECORDS, &err);
		if (status == STATUS_OK) {
			/* Others write in between. */
			importer_pause(importer, PURGE_PAUSE_MS);
			continue;
		}
		if (status != STATUS_END) {
			log_error(LOG_EVENT("purge failed; it goes on later"), LOG_ERR(&err));
			importer_pause(importer, WAIT_STEP_MS);
		}
		if (!expire_dry_run(importer))
			bell_wait(&importer->purge_bell, seen, 60 * 1000);
	}
	return NULL;
}

struct import_progress importer_progress(struct importer *importer, const struct import *import)
{
	return progress_of(&importer->progress, import,
			   import_queue_bytes_read(&importer->queue, import->id));
}

struct importer_counts importer_count(struct importer *importer)
{
	return (struct importer_counts){
		.texts_computed = importer->texts_computed,
		.webhooks_delivered = importer->webhooks[NOTICE_DELIVERED],
		.webhooks_failed = importer->webhooks[NOTICE_LATER],
		.webhooks_given_up = importer->webhooks[NOTICE_GIVEN_UP],
	};
}
