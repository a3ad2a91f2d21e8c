/* What the files of this room share: the importer's state. */
#ifndef ROWMILL_IMPORT_INTERNAL_H
#define ROWMILL_IMPORT_INTERNAL_H

#include "import/importer.h"
#include "import/text_once.h"

#include <pthread.h>
#include <stdatomic.h>

enum { IMPORT_THREADS_MAX = 16, EMBED_THREADS_MAX = 256 };

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

/* An import thread's own: which import it runs, and how far its reader has come. */
struct running_import {
	struct importer *importer;
	_Atomic int64_t import_id; /* 0: the thread is idle */
	_Atomic uint64_t bytes_read;
};

struct embed_feed {
	pthread_mutex_t mutex;
	int64_t cursor;    /* pending records up to this id were handed out */
	int64_t rewind_to; /* some handed out failed: go back behind this id; INT64_MAX: no */
	unsigned in_flight;
	uint64_t busy_since_ns; /* 0: idle */
	uint64_t busy_ns, busy_records; /* of the latest stretch of work */
};

struct importer {
	struct importer_config config;
	atomic_bool stopping;

	struct bell import_bell; /* there may be an import to claim */
	struct bell embed_bell;  /* there may be pending records */
	struct bell purge_bell;  /* there may be something to purge */
	struct bell ended_bell;  /* some import has ended */

	pthread_t import_threads[IMPORT_THREADS_MAX];
	struct running_import running[IMPORT_THREADS_MAX];
	unsigned import_thread_count;

	pthread_t embed_threads[EMBED_THREADS_MAX];
	unsigned embed_thread_count;
	struct embed_feed feed;
	struct text_once once;
	_Atomic uint64_t texts_computed; /* texts that went through the encoder */

	pthread_t purge_thread;
	bool has_purge_thread;
};

/* Thread functions. */
void *import_thread_main(void *running_import);
void *embed_thread_main(void *importer);
void *purge_thread_main(void *importer);

/* Runs one claimed import from its checkpoint until it ends or the importer stops. What went
 * wrong with the file is recorded on the import; what went wrong with the machine is returned,
 * and the claim given back. */
enum status pipeline_run(struct importer *importer, struct running_import *running,
			 const struct import_claim *claim, struct error *err);

/* Sleeps up to `timeout_ms`, less if the importer stops. */
void importer_pause(struct importer *importer, uint64_t timeout_ms);

#endif
