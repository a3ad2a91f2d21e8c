/* The work behind an upload: import threads parse, validate and store; embedding workers give
 * stored rows their vectors; a purge thread frees what deleted imports occupied. The stages
 * meet only in the store, so that a row is durable before it is embedded and a restart goes
 * on from the last committed batch.
 *
 * Here is also all that must change the store, the vector index and the spool together.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_IMPORT_IMPORTER_H
#define ROWMILL_IMPORT_IMPORTER_H

#include "column/columns.h"
#include "embed/embed.h"
#include "store/store.h"
#include "validate/schema_cache.h"
#include "vector/vector_index.h"
#include "webhook/sender.h"

struct importer;

struct importer_config {
	/* All borrowed until importer_stop has returned. */
	struct store *store;
	const struct embed_model *model;
	struct vector_index *index;
	struct columns *columns; /* empty; the importer loads them */
	struct schema_cache *schemas; /* of this store (import/schema_store.h) */
	const char *spool_folder;
	struct webhook_sender *webhook; /* told when an import ends; NULL: nobody is */
	unsigned import_threads; /* 0: 2 */
	unsigned embed_threads;  /* 0: one a core */
};

/* Starts the threads; unfinished imports of an earlier run are taken up at once. */
enum status importer_start(const struct importer_config *config, struct importer **importer,
			   struct error *err);

/* Begins to stop: no further batch is started, and nobody waits for an import any longer. NULL is fine. */
void importer_quiesce(struct importer *importer);

/* Lets every batch under way be committed, joins all threads and frees the importer; what is
 * unfinished goes on at the next start. NULL is fine. */
void importer_stop(struct importer *importer);

/* Says that an import was added. */
void importer_wake(struct importer *importer);

/* Waits until the import has ended (completed, failed, cancelled) or is gone, at most
 * `timeout_ms`. Returns false when the time was up. */
bool importer_wait(struct importer *importer, int64_t import_id, uint64_t timeout_ms);

/* Deletes an import for everyone: store, vector index, spool file. STATUS_NOT_FOUND. */
enum status importer_delete(struct importer *importer, int64_t import_id, struct arena *arena,
			    struct delete_receipt *receipt, struct error *err);

/* Stops an import within one batch; its records are gone. STATUS_NOT_FOUND, STATUS_CONFLICT as the store. */
enum status importer_cancel(struct importer *importer, int64_t import_id, struct error *err);

/* Runs a failed or cancelled import again, from its first row. STATUS_NOT_FOUND, STATUS_CONFLICT, STATUS_EXISTS
 * (*holder) as the store. */
enum status importer_retry(struct importer *importer, int64_t import_id, int64_t *holder,
			   struct error *err);

/* Gives the records of an import without vectors theirs; nothing to do where they have them. STATUS_NOT_FOUND,
 * STATUS_CONFLICT as the store. */
enum status importer_embed(struct importer *importer, int64_t import_id, struct error *err);

struct import_progress {
	double fraction;           /* 0 to 1: the part of all rows expected that is finished */
	double records_per_second; /* finished ones, over the last seconds; when it has ended, over all of it */
	double eta_seconds;        /* negative: not known */
};

/* Progress of an import as the store showed it. */
struct import_progress importer_progress(struct importer *importer, const struct import *import);

/* A number that changes whenever the import may have changed, and sometimes when it has not. Cheap. */
uint64_t importer_news(struct importer *importer, int64_t import_id);

/* Waits until something about some import has changed since *seen (0 at first); false: the importer stops. */
bool importer_wait_news(struct importer *importer, uint64_t *seen);

/* Sleeps up to `timeout_ms`, less if the importer stops. */
void importer_pause(struct importer *importer, uint64_t timeout_ms);

struct importer_counts {
	uint64_t texts_computed; /* that went through the encoder */
	uint64_t webhooks_delivered, webhooks_failed, webhooks_given_up; /* attempts by outcome */
};

/* Since the program started. */
struct importer_counts importer_count(struct importer *importer);

/* Vectors a second over the latest stretch of work; 0 before the first. */
double importer_embedding_rate(struct importer *importer);

#endif
