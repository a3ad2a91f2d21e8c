/* What the files of this room share: the importer's state. */
#ifndef ROWMILL_IMPORT_INTERNAL_H
#define ROWMILL_IMPORT_INTERNAL_H

#include "import/append_stage.h"
#include "import/embed_feed.h"
#include "import/import_queue.h"
#include "import/importer.h"
#include "import/progress.h"
#include "import/reject.h"
#include "import/text_once.h"
#include "import/upload_options.h"
#include "record/spellings.h"

#include <pthread.h>
#include <stdatomic.h>

enum { IMPORT_THREADS_MAX = 16, EMBED_THREADS_MAX = 256, NEWS_SLOTS = 256 };

/* A condition that cannot be missed: `count` grows with each signal, and a waiter goes on when
 * it is no longer what the waiter saw. */
struct bell {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint64_t count;
};

void bell_init(struct bell *bell);
void bell_release(struct bell *bell);
void bell_ring(struct bell *bell);
uint64_t bell_count(struct bell *bell);

/* Returns when the count is no longer `seen`, or `timeout_ms` have passed: false. */
bool bell_wait(struct bell *bell, uint64_t seen, uint64_t timeout_ms);

/* What a thread needs for one batch of whatever import has its turn. */
struct import_scratch {
	struct batch batches[2]; /* one is read while the other is stored */
	struct batch *batch;     /* the one that is read */
	bool storing;            /* the other one is under way */
	uint64_t awaited_ns;     /* when the writer was last waited for; 0: never */
	uint64_t bytes_read;     /* of the file, up to the end of that one */
	struct append_stage append;
	struct strbuf json;      /* one record's data, a dialect */
	struct spellings spellings; /* of the batch that is checked */
};

bool scratch_init(struct import_scratch *scratch);
void scratch_release(struct import_scratch *scratch); /* a zeroed struct is fine */

/* A claimed import on its way from file to store. */
struct pipeline {
	struct importer *importer;
	struct pipeline *next; /* in the queue */
	struct arena arena;    /* lives as long as the claim */
	struct import_claim claim;
	char request_id[65];
	uint64_t rows;         /* stored so far */
	_Atomic uint64_t bytes_read;
	uint64_t backoff_ms, not_before_ns; /* after the machine failed it */
	/* NULL and -1 while it is not open. */
	struct upload_options upload; /* what the sender said */
	const struct schema *schema;
	int fd;
	struct reader *reader;
	struct validator *validator;
	bool columns_checked;
	struct reject_form form; /* of what is given back of invalid rows */
	struct slice columns;    /* of the file, as the import keeps them; empty when it does */
};

/* STATUS_END as claim_import. */
enum status pipeline_claim(struct importer *importer, bool only_new, struct pipeline **pipeline,
			   struct error *err);

/* Works on it for a moment, or for as long as no other waits. true: it has ended, in whatever way, and holds no claim any more. What went wrong
 * with the file is recorded on the import; what went wrong with the machine is logged, and tried again later. */
bool pipeline_turn(struct pipeline *pipeline, struct import_scratch *scratch);

void pipeline_free(struct pipeline *pipeline);      /* NULL is fine; the claim stays */
void pipeline_give_back(struct pipeline *pipeline); /* frees it, and the claim to be claimed again */

struct importer {
	struct importer_config config;
	atomic_bool stopping;

	struct bell embed_bell;  /* there may be pending records */
	struct bell purge_bell;  /* there may be something to purge */
	struct bell ended_bell;  /* some import has ended */
	struct bell news_bell;   /* something about some import has changed */
	_Atomic uint64_t news[NEWS_SLOTS]; /* how often, of the imports of a slot */
	_Atomic uint64_t ends;             /* of any import */
	struct progress progress;

	struct import_queue queue;
	pthread_t import_threads[IMPORT_THREADS_MAX];
	unsigned import_thread_count;

	pthread_t embed_threads[EMBED_THREADS_MAX];
	unsigned embed_thread_count;
	struct embed_feed feed;
	struct text_once once;
	_Atomic uint64_t texts_computed; /* texts that went through the encoder */

	pthread_t load_thread; /* fills the columns from the store, once */
	bool has_load_thread;
	int64_t load_last_id;

	/* Held while an import ends, is deleted or claimed, in the store and in memory: so that what a retry
	 * begins anew is not forgotten by who ended the run before. */
	pthread_mutex_t lives;
	/* Held while one record is corrected, in the store and in memory: the order is the store's. Before
	 * `lives`. */
	pthread_mutex_t corrections;

	pthread_t webhook_thread;
	bool has_webhook_thread;
	_Atomic uint64_t webhooks[NOTICE_GIVEN_UP + 1]; /* attempts, by their outcome */

	pthread_t purge_thread;
	bool has_purge_thread;
};

/* Thread functions. */
void *embed_thread_main(void *importer);
void *purge_thread_main(void *importer);
void *load_thread_main(void *importer);
void *webhook_thread_main(void *importer);

/* There may be further records that wait for a vector. */
void importer_feed(struct importer *importer);

/* Makes what is in memory forget an import that is gone from the store: vectors and columns. Call it after the
 * transaction that ended it, with `lives` held over both. */
void importer_forget(struct importer *importer, int64_t import_id);

/* Something about the import has changed. */
void importer_tell(struct importer *importer, int64_t import_id);

/* An import has ended, in whatever way, or is gone. */
void importer_tell_end(struct importer *importer);

#endif
