/* Which records the embedding workers take next: a slab of one import, then one of the next that has any, in
 * turn. So the few rows of a small file do not wait for the many of a large one. The last rows of an import are shared
 * out in ever smaller slabs, so that all workers are done at about the same time.
 *
 * The feed remembers how far each import was handed out. Ids mostly grow, so that mark moves forward; when nothing
 * stands behind it and nothing is under way, it starts over, for records that failed or that became valid later.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_IMPORT_EMBED_FEED_H
#define ROWMILL_IMPORT_EMBED_FEED_H

#include "store/store.h"

#include <pthread.h>

enum {
	FEED_IMPORTS = 256, /* looked at, at a time; others follow when these are done */
	FEED_SHARES = 16,   /* at most, of the last rows */
	FEED_LEAST = 16,    /* rows in a share: fewer would not fill the encoder's batches */
};

struct feed_import {
	int64_t id;
	int64_t cursor; /* pending records up to this id were handed out */
	unsigned in_flight;
	bool dry;       /* nothing to hand out until something changes */
};

struct embed_feed {
	unsigned shares; /* of the last rows */
	pthread_mutex_t mutex; /* guards all below */
	struct feed_import imports[FEED_IMPORTS]; /* in the order of their turns */
	size_t count;
	size_t turn; /* whose it is */
	bool stale;  /* the store may know of others, or of further records */
	unsigned in_flight;
	uint64_t busy_since_ns;         /* 0: idle */
	uint64_t busy_ns, busy_records; /* of the latest stretch of work */
};

void embed_feed_init(struct embed_feed *feed, unsigned workers);
void embed_feed_release(struct embed_feed *feed);

/* There may be further records that wait for a vector. */
void embed_feed_note(struct embed_feed *feed);

/* The next pending records, at most `limit`, of one import, in the arena; count 0 where there are none. What was taken
 * is to be given back. */
enum status embed_feed_take(struct embed_feed *feed, struct store *store, uint32_t limit,
			    struct arena *arena, struct pending_record **records, size_t *count,
			    struct error *err);

/* true: nothing else of that import was in any hands, so there may be records to be taken where none were found. */
bool embed_feed_give_back(struct embed_feed *feed, int64_t import_id, size_t count, bool done);

/* Vectors a second over the latest stretch of work; 0 before the first. */
double embed_feed_rate(struct embed_feed *feed);

#endif
