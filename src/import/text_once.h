/* Which texts some embedding worker computes at the moment, so that equal texts in different
 * workers' hands are computed once.
 *
 * A worker claims the texts that it is about to compute, gives them back when their vectors are in
 * the store, and only then waits for texts that others hold: so no two wait for each other.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_IMPORT_TEXT_ONCE_H
#define ROWMILL_IMPORT_TEXT_ONCE_H

#include "store/store.h"

#include <pthread.h>

struct text_hash {
	unsigned char bytes[TEXT_HASH_SIZE];
};


struct text_once {
	pthread_mutex_t mutex;
	pthread_cond_t given_back;
	struct text_hash *claimed; /* in no order */
	size_t count, allocated;
};

void text_once_init(struct text_once *once);
void text_once_release(struct text_once *once);

/* Claims a text; false: another worker has it, or memory is exhausted (*failed). */
bool text_once_claim(struct text_once *once, const struct text_hash *hash, bool *failed);

void text_once_give_back(struct text_once *once, const struct text_hash *hash);

/* Returns when nobody holds it. */
void text_once_wait(struct text_once *once, const struct text_hash *hash);

#endif
