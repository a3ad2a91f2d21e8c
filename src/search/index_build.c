/* The vector index, filled from the store when the program starts: by one thread a processor, each of which reads
 * ranges of ids, with a reader of its own, and adds what it read. */
#include "base/clock.h"
#include "base/log.h"
#include "search/internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	RANGE_IDS = 4096, /* as many rows as the index adds without copying them again */
	RANGE_ARENA = 64 << 20,
	SAMPLE_RANGES = 32,
	SAMPLE_RANGE_ROWS = 128,
	MOST_THREADS = 16,
};

struct build {
	struct store *store;
	struct vector_index *index;
	uint64_t as_of;
	int64_t last_id;
	_Atomic int64_t next; /* ids up to this are taken */
	atomic_bool failed;

	pthread_mutex_t mutex; /* guards what follows */
	struct error err;      /* the first that happened */
};

static void fail(struct build *build, const struct error *err)
{
	pthread_mutex_lock(&build->mutex);
	if (!build->failed)
		build->err = *err;
	build->failed = true;
	pthread_mutex_unlock(&build->mutex);
}

static bool add_vectors(struct build *build, const struct record_vector *vectors, size_t count)
{
	struct vector_entry entries[RANGE_IDS];

	for (size_t i = 0; i < count; i++)
		entries[i] = (struct vector_entry){vectors[i].id, vectors[i].import_id, vectors[i].vector};
	return vector_index_add(build->index, entries, count, build->as_of) == VECTOR_ADDED;
}

static enum status add_range(struct build *build, struct store_reader *reader, int64_t after,
			     struct arena *arena, struct error *err)
{
	struct record_vector *vectors;
	size_t count;

	arena_reset(arena);
	enum status status = build->store->call->list_vectors(reader, after, after + RANGE_IDS, RANGE_IDS, arena,
							      &vectors, &count, err);
	if (status == STATUS_OK && count && !add_vectors(build, vectors, count))
		status = error_no_memory(err);
	return status;
}

static void *add_ranges(void *context)
{
	struct build *build = context;
	struct store_reader *reader = NULL;
	struct arena arena;
	struct error err;
	int64_t after;

	arena_init(&arena, RANGE_ARENA);
	enum status status = build->store->call->open_reader(build->store, &reader, &err);
	while (status == STATUS_OK && !build->failed &&
	       (after = atomic_fetch_add(&build->next, RANGE_IDS)) < build->last_id)
		status = add_range(build, reader, after, &arena, &err);
	if (status != STATUS_OK)
		fail(build, &err);
	build->store->call->close_reader(build->store, reader);
	arena_release(&arena);
	return NULL;
}

/* Whether there is a vector with an id behind `id`. */
static enum status has_more(struct build *build, struct store_reader *reader, int64_t id, struct arena *arena,
			    bool *more, struct error *err)
{
	struct record_vector *vectors;
	size_t count = 0;

	arena_reset(arena);
	enum status status = build->store->call->list_vectors(reader, id, INT64_MAX, 1, arena, &vectors, &count, err);
	*more = count > 0;
	return status;
}

/* The id of the last vector: the bits of the greatest id behind which there is one, from the highest down. */
static enum status find_last(struct build *build, struct store_reader *reader, struct arena *arena,
			     struct error *err)
{
	enum status status;
	bool more;

	build->last_id = 0;
	status = has_more(build, reader, 0, arena, &more, err);
	if (status != STATUS_OK || !more)
		return status;
	int64_t before = 0;
	for (int bit = 62; bit >= 0 && status == STATUS_OK; bit--) {
		status = has_more(build, reader, before | (int64_t)1 << bit, arena, &more, err);
		if (more)
			before |= (int64_t)1 << bit;
	}
	build->last_id = before + 1;
	return status;
}

/* Shows the index what the vectors are like, from all parts of the store. */
static enum status show_sample(struct build *build, struct store_reader *reader, struct arena *arena,
			       float *sample, struct error *err)
{
	struct record_vector *vectors;
	struct store_stats stats;
	size_t sampled = 0, count;
	enum status status = build->store->call->get_stats(reader, &stats, err);

	for (int64_t i = 0; i < SAMPLE_RANGES && status == STATUS_OK; i++) {
		arena_reset(arena);
		status = build->store->call->list_vectors(reader, build->last_id / SAMPLE_RANGES * i, INT64_MAX,
							  SAMPLE_RANGE_ROWS, arena, &vectors, &count, err);
		for (size_t k = 0; status == STATUS_OK && k < count; k++)
			memcpy(sample + sampled++ * EMBED_DIMENSION, vectors[k].vector,
			       sizeof(float[EMBED_DIMENSION]));
	}
	if (status == STATUS_OK && (size_t)stats.records_embedded > sampled &&
	    !vector_index_prepare(build->index, sample, sampled, (size_t)stats.records_embedded))
		status = error_no_memory(err);
	return status;
}

static enum status prepare(struct build *build, struct error *err)
{
	float *sample = malloc(sizeof(float[SAMPLE_RANGES * SAMPLE_RANGE_ROWS][EMBED_DIMENSION]));
	struct store_reader *reader = NULL;
	struct arena arena;

	if (!sample)
		return error_no_memory(err);
	arena_init(&arena, RANGE_ARENA);
	enum status status = build->store->call->open_reader(build->store, &reader, err);
	if (status == STATUS_OK)
		status = find_last(build, reader, &arena, err);
	if (status == STATUS_OK)
		status = show_sample(build, reader, &arena, sample, err);
	build->store->call->close_reader(build->store, reader);
	arena_release(&arena);
	free(sample);
	return status;
}

static void run_threads(struct build *build)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN), started = 0;
	pthread_t threads[MOST_THREADS];

	/* What no thread can be started for is done by this one. */
	while (started + 1 < cores && started < MOST_THREADS && build->last_id > RANGE_IDS * (started + 1) &&
	       pthread_create(&threads[started], NULL, add_ranges, build) == 0)
		started++;
	add_ranges(build);
	for (long i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

enum status searcher_build_index(struct searcher *searcher, struct error *err)
{
	struct build build = {.store = searcher->store,
			      .index = searcher->index,
			      .as_of = vector_index_removals(searcher->index)};
	uint64_t started_ns = clock_monotonic_ns();
	enum status status = prepare(&build, err);

	if (status != STATUS_OK)
		return status;
	pthread_mutex_init(&build.mutex, NULL);
	run_threads(&build);
	pthread_mutex_destroy(&build.mutex);
	if (build.failed) {
		if (err)
			*err = build.err;
		return build.err.status;
	}
	log_info(LOG_EVENT("vector index ready"), LOG_INT("vectors", vector_index_count(build.index)),
		 LOG_INT("took_ms", (clock_monotonic_ns() - started_ns) / 1000000));
	return STATUS_OK;
}
