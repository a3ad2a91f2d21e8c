#include "record/id_set.h"

#include <stdlib.h>

#include "base/banned.h"

bool id_set_init(struct id_set *set, int64_t first, int64_t last)
{
	*set = (struct id_set){.first = first & ~(int64_t)63};
	if (last < first)
		return true;
	set->word_count = (size_t)((last - set->first) / 64) + 1;
	set->words = calloc(set->word_count, sizeof *set->words);
	if (!set->words)
		*set = (struct id_set){0};
	return set->words != NULL;
}

void id_set_release(struct id_set *set)
{
	free(set->words);
	*set = (struct id_set){0};
}

/* The last id of the range; less than `first` where there is none. */
static int64_t last_id(const struct id_set *set)
{
	return set->first + 64 * (int64_t)set->word_count - 1;
}

void id_set_add_range(struct id_set *set, int64_t first, int64_t last)
{
	if (first < set->first)
		first = set->first;
	if (last > last_id(set))
		last = last_id(set);
	if (last < first)
		return;
	uint64_t from = (uint64_t)(first - set->first), to = (uint64_t)(last - set->first);
	uint64_t head = ~(uint64_t)0 << (from % 64), tail = ~(uint64_t)0 >> (63 - to % 64);

	if (from / 64 == to / 64) {
		set->words[from / 64] |= head & tail;
		return;
	}
	set->words[from / 64] |= head;
	for (uint64_t word = from / 64 + 1; word < to / 64; word++)
		set->words[word] = ~(uint64_t)0;
	set->words[to / 64] |= tail;
}

size_t id_set_count(const struct id_set *set)
{
	size_t count = 0;

	for (size_t i = 0; i < set->word_count; i++)
		count += (size_t)__builtin_popcountll(set->words[i]);
	return count;
}

/* The other's word for the ids of the set's word `index`: both ranges begin at multiples of 64. */
static uint64_t word_beside(const struct id_set *set, const struct id_set *other, size_t index)
{
	int64_t at = (set->first - other->first) / 64 + (int64_t)index;

	return at >= 0 && (size_t)at < other->word_count ? other->words[at] : 0;
}

void id_set_intersect(struct id_set *set, const struct id_set *other)
{
	for (size_t i = 0; i < set->word_count; i++)
		set->words[i] &= word_beside(set, other, i);
}

void id_set_subtract(struct id_set *set, const struct id_set *other)
{
	for (size_t i = 0; i < set->word_count; i++)
		set->words[i] &= ~word_beside(set, other, i);
}

void id_set_unite(struct id_set *set, const struct id_set *other)
{
	for (size_t i = 0; i < set->word_count; i++)
		set->words[i] |= word_beside(set, other, i);
}

int64_t id_set_next(const struct id_set *set, int64_t from)
{
	uint64_t bit = from > set->first ? (uint64_t)(from - set->first) : 0;
	size_t word = (size_t)(bit / 64);

	if (word >= set->word_count)
		return -1;
	uint64_t left = set->words[word] & (~(uint64_t)0 << (bit % 64));
	while (!left) {
		if (++word == set->word_count)
			return -1;
		left = set->words[word];
	}
	return set->first + 64 * (int64_t)word + __builtin_ctzll(left);
}
