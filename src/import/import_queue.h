/* Fair turns between imports that are being parsed: every import thread takes one, works on it for a
 * moment (pipeline_turn) and puts it at the end of the line. So a small file goes past a large one, and one import
 * alone has one long turn.
 *
 * New imports come before those in line, every other time: the first turn of a small file is its last one.
 * Between turns an import keeps its claim and its open reader. When all slots are taken and a new import waits,
 * the one with the most rows gives its slot up and is read again from its checkpoint later; each import costs
 * at most one such change.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_IMPORT_IMPORT_QUEUE_H
#define ROWMILL_IMPORT_IMPORT_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct importer;
struct pipeline;

enum { IMPORT_SLOTS = 64 }; /* imports that are open at once */

struct import_queue {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct pipeline *slots[IMPORT_SLOTS]; /* all that are open, also those that have their turn */
	size_t count;
	struct pipeline *first, *last; /* those that wait for their turn */
	bool may_claim, may_claim_new; /* the store may have one that nobody holds */
};

void import_queue_init(struct import_queue *queue);
void import_queue_release(struct import_queue *queue); /* after the threads; gives all claims back */

/* Says that an import was added, or that the importer stops. */
void import_queue_wake(struct import_queue *queue);

/* Whether an import may wait for the turn of another: one that has a turn goes on with it while none does. */
bool import_queue_waits(struct import_queue *queue);

/* Bytes that the reader of an import has read; 0 where it is not open. */
uint64_t import_queue_bytes_read(struct import_queue *queue, int64_t import_id);

/* What an import thread runs until the importer stops. */
void *import_thread_main(void *importer);

#endif
