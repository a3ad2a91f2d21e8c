#include "search/ranked_lists.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct ranked_list {
	int64_t name; /* 0: there is none */
	uint64_t search;
	uint64_t made_ns;
	size_t count;
	/* Apart, so that an entry takes 12 bytes. */
	int64_t *ids;
	float *scores;
};

struct ranked_lists {
	pthread_mutex_t mutex;
	int64_t latest;
	struct ranked_list lists[RANKED_LISTS_MOST];
};

struct ranked_lists *ranked_lists_new(void)
{
	struct ranked_lists *lists = calloc(1, sizeof *lists);

	if (!lists)
		return NULL;
	pthread_mutex_init(&lists->mutex, NULL);
	/* A name of an earlier run of the program names nothing. */
	lists->latest = clock_now_ms() << 16;
	return lists;
}

static void forget(struct ranked_list *list)
{
	free(list->ids);
	free(list->scores);
	*list = (struct ranked_list){0};
}

void ranked_lists_free(struct ranked_lists *lists)
{
	if (!lists)
		return;
	for (size_t i = 0; i < RANKED_LISTS_MOST; i++)
		forget(&lists->lists[i]);
	pthread_mutex_destroy(&lists->mutex);
	free(lists);
}

/* Frees what is too old; gives a free place, or that of the oldest. */
static struct ranked_list *make_place(struct ranked_lists *lists)
{
	uint64_t now = clock_monotonic_ns();
	struct ranked_list *place = &lists->lists[0];

	for (size_t i = 0; i < RANKED_LISTS_MOST; i++) {
		struct ranked_list *list = &lists->lists[i];
		if (list->name && now - list->made_ns > RANKED_KEPT_S * UINT64_C(1000000000))
			forget(list);
		if (list->made_ns < place->made_ns)
			place = list;
	}
	forget(place);
	place->made_ns = now;
	return place;
}

int64_t ranked_lists_keep(struct ranked_lists *lists, uint64_t search, const struct ranked_item *items, size_t count)
{
	int64_t *ids = malloc((count + 1) * sizeof *ids);
	float *scores = malloc((count + 1) * sizeof *scores);
	int64_t name;

	if (!ids || !scores) {
		free(ids);
		free(scores);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		ids[i] = items[i].id;
		scores[i] = items[i].score;
	}
	pthread_mutex_lock(&lists->mutex);
	struct ranked_list *list = make_place(lists);
	name = list->name = ++lists->latest;
	list->search = search;
	list->count = count;
	list->ids = ids;
	list->scores = scores;
	pthread_mutex_unlock(&lists->mutex);
	return name;
}

static struct ranked_list *find(struct ranked_lists *lists, int64_t name, uint64_t search)
{
	uint64_t now = clock_monotonic_ns();

	for (size_t i = 0; i < RANKED_LISTS_MOST; i++) {
		struct ranked_list *list = &lists->lists[i];
		if (list->name == name && list->search == search)
			return now - list->made_ns <= RANKED_KEPT_S * UINT64_C(1000000000) ? list : NULL;
	}
	return NULL;
}

bool ranked_lists_read(struct ranked_lists *lists, int64_t name, uint64_t search, size_t offset, size_t limit,
		       struct ranked_item *items, size_t *count, bool *more)
{
	*count = 0;
	*more = false;
	pthread_mutex_lock(&lists->mutex);
	const struct ranked_list *list = name ? find(lists, name, search) : NULL;
	bool found = list != NULL;
	if (found) {
		for (size_t i = offset; i < list->count && *count < limit; i++)
			items[(*count)++] = (struct ranked_item){list->ids[i], list->scores[i]};
		*more = offset < list->count && list->count - offset > limit;
	}
	pthread_mutex_unlock(&lists->mutex);
	return found;
}
