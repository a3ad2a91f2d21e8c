/* Rowmill's vector index alone, asked what the other engines are asked.
 *
 *	nearest_bench VECTORS QUERIES OUT K [EVERY]
 *
 * VECTORS and QUERIES are float32 rows of 384. Adds the vectors, with ids from 1 on, by as many threads as there are
 * processors, asks all queries one after the other, three times, and writes the ids of the last hits to OUT (int64, K a query).
 * EVERY: only every EVERYth id passes the filter. Prints one JSON object. */
#include "base/clock.h"
#include "vector/vector_index.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { DIMENSION = 384, SLICE_ROWS = 4096, SAMPLE = 4096, TURNS = 3, MOST_THREADS = 64 };

struct rows {
	const float *vectors; /* [count][DIMENSION] */
	size_t count;
};

static void fail(const char *what)
{
	fprintf(stderr, "nearest_bench: %s\n", what);
	exit(1);
}

static struct rows open_rows(const char *path)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &stat) != 0)
		fail(path);
	void *data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		fail(path);
	return (struct rows){data, (size_t)stat.st_size / (DIMENSION * sizeof(float))};
}

struct building {
	struct vector_index *index;
	struct rows rows;
	atomic_size_t next;
};

static void *add_slices(void *context)
{
	struct building *building = context;
	struct vector_entry *entries = calloc(SLICE_ROWS, sizeof *entries);
	size_t at;

	while (entries && (at = atomic_fetch_add(&building->next, SLICE_ROWS)) < building->rows.count) {
		size_t count = building->rows.count - at < SLICE_ROWS ? building->rows.count - at : SLICE_ROWS;
		for (size_t i = 0; i < count; i++)
			entries[i] = (struct vector_entry){(int64_t)(at + i) + 1, 1,
							   building->rows.vectors + (at + i) * DIMENSION};
		if (vector_index_add(building->index, entries, count, 0) != VECTOR_ADDED)
			fail("out of memory");
	}
	free(entries);
	return NULL;
}

static struct vector_index *build(struct rows rows, long threads)
{
	struct building building = {.index = vector_index_new(DIMENSION), .rows = rows};
	size_t step = rows.count / SAMPLE + 1, sampled = 0;
	float *sample = malloc((rows.count / step + 1) * DIMENSION * sizeof *sample);
	pthread_t started[MOST_THREADS];

	if (!building.index || !sample)
		fail("out of memory");
	for (size_t row = 0; row < rows.count; row += step)
		memcpy(sample + sampled++ * DIMENSION, rows.vectors + row * DIMENSION, DIMENSION * sizeof *sample);
	vector_index_prepare(building.index, sample, sampled, rows.count);
	free(sample);
	threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
	for (long i = 0; i < threads; i++)
		if (pthread_create(&started[i], NULL, add_slices, &building) != 0)
			fail("no thread");
	for (long i = 0; i < threads; i++)
		pthread_join(started[i], NULL);
	return building.index;
}

static int compare_times(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static size_t resident_kib(void)
{
	char line[256];
	size_t kib = 0;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof line, status))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtoul(line + 8, NULL, 10);
	if (status)
		fclose(status);
	return kib;
}

/* Milliseconds of each query, the least of its turns, sorted. */
static double *ask(struct vector_index *index, struct rows queries, size_t k, const struct id_set *filter,
		   FILE *out)
{
	double *times = calloc(queries.count, sizeof *times);
	struct vector_hit *hits = calloc(k, sizeof *hits);
	size_t count;
	bool more;

	if (!times || !hits)
		fail("out of memory");
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t i = 0; i < queries.count; i++) {
			struct vector_query query = {.vector = queries.vectors + i * DIMENSION,
						     .min_score = -INFINITY,
						     .filter = filter,
						     .limit = k};
			uint64_t start = clock_monotonic_ns();
			if (!vector_index_search(index, &query, hits, &count, NULL, &more))
				fail("out of memory");
			double ms = (double)(clock_monotonic_ns() - start) / 1e6;
			if (turn == 0 || ms < times[i])
				times[i] = ms;
			for (size_t n = 0; n < k && turn == TURNS - 1; n++) {
				int64_t id = n < count ? hits[n].id : 0;
				fwrite(&id, sizeof id, 1, out);
			}
		}
	}
	free(hits);
	qsort(times, queries.count, sizeof *times, compare_times);
	return times;
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc > 6)
		fail("usage: nearest_bench VECTORS QUERIES OUT K [EVERY]");
	struct rows rows = open_rows(argv[1]), queries = open_rows(argv[2]);
	FILE *out = fopen(argv[3], "we");
	size_t k = strtoul(argv[4], NULL, 10), every = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;
	struct id_set filter = {0};

	if (!out || !k || !rows.count || !queries.count)
		fail("nothing to do");
	size_t before_kib = resident_kib();
	uint64_t start = clock_monotonic_ns();
	struct vector_index *index = build(rows, sysconf(_SC_NPROCESSORS_ONLN));
	double build_s = (double)(clock_monotonic_ns() - start) / 1e9;
	size_t index_kib = resident_kib() - before_kib;
	if (every && !id_set_init(&filter, 1, (int64_t)rows.count))
		fail("out of memory");
	for (size_t id = every; every && id <= rows.count; id += every)
		id_set_add(&filter, (int64_t)id);
	double *times = ask(index, queries, k, every ? &filter : NULL, out);
	printf("{\"build_s\": %.3f, \"kib\": %zu, \"p50_ms\": %.4f, \"p95_ms\": %.4f, \"count\": %zu}\n", build_s,
	       index_kib, times[queries.count / 2], times[queries.count * 95 / 100], vector_index_count(index));
	free(times);
	id_set_release(&filter);
	vector_index_free(index);
	return fclose(out) == 0 ? 0 : 1;
}
