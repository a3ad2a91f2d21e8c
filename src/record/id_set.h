/* A set of record ids, as one bit for each id of a range: what a filter says, and what scans and
 * lists are held to.
 *
 *	id_set_init(&set, first_id, last_id);        // empty
 *	id_set_add(&set, id);
 *	if (id_set_has(&set, id)) …
 *	id_set_release(&set);
 *
 * Ids of records are dense (they only grow, and deletes are rare beside inserts), so that a
 * million records take 125 KB. Ids outside of the range are in no set.
 *
 * Threads: a set belongs to one thread at a time; while nobody changes it, any may read it. */
#ifndef ROWMILL_RECORD_ID_SET_H
#define ROWMILL_RECORD_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_set {
	int64_t first; /* the id of bit 0 of words[0]; a multiple of 64 */
	size_t word_count;
	uint64_t *words;
};

/* Makes an empty set for ids from `first` to `last`, both included and not negative; last < first:
 * a set that can hold nothing. false: memory is exhausted (the set is zeroed then). */
bool id_set_init(struct id_set *set, int64_t first, int64_t last);
void id_set_release(struct id_set *set); /* a zeroed struct is fine */

static inline bool id_set_has(const struct id_set *set, int64_t id)
{
	uint64_t bit = (uint64_t)id - (uint64_t)set->first;

	return bit < 64 * (uint64_t)set->word_count && (set->words[bit / 64] >> (bit % 64) & 1);
}

/* `id` must be inside the range. */
static inline void id_set_add(struct id_set *set, int64_t id)
{
	uint64_t bit = (uint64_t)(id - set->first);

	set->words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline void id_set_remove(struct id_set *set, int64_t id)
{
	uint64_t bit = (uint64_t)id - (uint64_t)set->first;

	if (bit < 64 * (uint64_t)set->word_count)
		set->words[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

/* Adds every id from `first` to `last` that is inside the set's range. */
void id_set_add_range(struct id_set *set, int64_t first, int64_t last);

size_t id_set_count(const struct id_set *set);

/* Ids outside of the other's range are in the other not. The union must fit into the set's own range. */
void id_set_intersect(struct id_set *set, const struct id_set *other);
void id_set_subtract(struct id_set *set, const struct id_set *other);
void id_set_unite(struct id_set *set, const struct id_set *other);

/* The least id that is in the set and at least `from`; negative: none. */
int64_t id_set_next(const struct id_set *set, int64_t from);

#endif
