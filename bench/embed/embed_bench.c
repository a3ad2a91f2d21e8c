/* How fast texts become vectors, and how much of the processor's matrix speed that is.
 *
 *	ninja -C build bench/embed/embed_bench && build/bench/embed/embed_bench [precision …]
 *
 * 2,000 made-up people rows, 1 and 2 threads, tokenizer included. The roof is the rate of the products
 * alone, on one thread, at 21.2 MFLOP a token. Shares of it are of processor time, which a busy
 * neighbour harms least; rows a second are of the wall clock. What the machine's second processor gives at best is
 * told by a loop over registers alone. Each figure is the best of ROUNDS
 * runs, and the precisions take turns. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hand_out.h"
#include "base/strbuf.h"
#include "embed/batcher.h"
#include "embed/model.h"
#include "registers.h"
#include "roof.h"

#include "base/banned.h"

enum { ROWS = 2000, SLICE_ROWS = 100, SLICE_LEAST = 4, ROUNDS = 5, THREADS = 2, PRECISIONS = 8, TEXT_SIZE = 160 };

struct result {
	double wall[THREADS], processor[THREADS]; /* seconds, by threads - 1 */
	double latency[2];                        /* of one text: a people row, a short one */
	double roof;                              /* FLOP a processor second */
};

static char texts[ROWS][TEXT_SIZE];
static float vectors[ROWS][EMBED_DIMENSION];

static void keep_least(double *least, double seconds)
{
	if (*least == 0 || seconds < *least)
		*least = seconds;
}

static void make_texts(void)
{
	static const char *const first[] = {"Olivia", "Liam",  "Emma",	 "Noah",   "Amelia", "Mateo",
					    "Sofia",  "Lucas", "Ingrid", "Hiroshi", "Fatima", "Kwame"};
	static const char *const last[] = {"Smith",  "Johnson", "García",   "Müller", "Nakamura", "Okafor",
					   "Dubois", "Kowalski", "Andersson", "Rossi", "Haddad",  "Nguyen"};
	static const char *const teams[] = {"Engineering", "Marketing", "Sales", "Finance",
					    "Research",	   "Support"};
	uint32_t random = 1;

	for (size_t i = 0; i < ROWS; i++) {
		random = random * 1664525U + 1013904223U;
		const char *given = first[(random >> 8) % 12], *family = last[(random >> 14) % 12];
		snprintf(texts[i], TEXT_SIZE, "%s %s %s.%s%zu@example.com %u %s", given, family, given,
			 family, i, 18 + (random >> 20) % 60, teams[(random >> 5) % 6]);
	}
}

struct work {
	const struct embed_model *model;
	struct hand_out slices;
	atomic_size_t tokens;
};

static void *embed_slices(void *argument)
{
	struct work *work = argument;
	struct embed_batcher *batcher = embed_batcher_new(work->model, SLICE_ROWS);
	struct error err;
	size_t begin, count;
	bool truncated;

	if (!batcher)
		abort();
	while ((count = hand_out_take(&work->slices, &begin))) {
		for (size_t i = begin; i < begin + count; i++)
			embed_batcher_add(batcher, slice_of_string(texts[i]), &truncated);
		if (embed_batcher_run(batcher, vectors[begin], &err) != STATUS_OK)
			abort();
	}
	embed_batcher_free(batcher);
	return NULL;
}

static void time_rows(const struct embed_model *model, size_t threads, struct result *result)
{
	struct work work = {.model = model};
	pthread_t others[THREADS];

	hand_out_init(&work.slices, ROWS, threads, SLICE_LEAST, SLICE_ROWS);
	double processor = roof_processor_seconds();
	uint64_t begin = clock_monotonic_ns();

	for (size_t i = 1; i < threads; i++)
		if (pthread_create(&others[i], NULL, embed_slices, &work) != 0)
			abort();
	embed_slices(&work);
	for (size_t i = 1; i < threads; i++)
		pthread_join(others[i], NULL);
	keep_least(&result->wall[threads - 1], (double)(clock_monotonic_ns() - begin) / 1e9);
	keep_least(&result->processor[threads - 1], roof_processor_seconds() - processor);
}

/* Seconds for one text on one thread, with everything warm. */
static double time_text(const struct embed_model *model, const char *text)
{
	enum { TIMES = 100 };
	struct embed_workspace *workspace = embed_workspace_new(model, EMBED_MAX_TOKENS);
	int32_t ids[EMBED_MAX_TOKENS];
	float vector[EMBED_DIMENSION];
	uint64_t begin = 0;
	bool truncated;

	for (int i = -5; i < TIMES; i++) {
		if (i == 0)
			begin = clock_monotonic_ns();
		uint32_t size = (uint32_t)tokenizer_encode(embed_model_tokenizer(model),
							   slice_of_string(text), ids,
							   EMBED_MAX_TOKENS, &truncated);
		if (!workspace ||
		    embed_run(model, workspace, ids, &size, 1, vector, NULL) != STATUS_OK)
			abort();
	}
	double seconds = (double)(clock_monotonic_ns() - begin) / 1e9 / TIMES;
	embed_workspace_free(workspace);
	return seconds;
}

static size_t count_tokens(const struct embed_model *model)
{
	int32_t ids[EMBED_MAX_TOKENS];
	size_t tokens = 0;
	bool truncated;

	for (size_t i = 0; i < ROWS; i++)
		tokens += tokenizer_encode(embed_model_tokenizer(model), slice_of_string(texts[i]), ids,
					   EMBED_MAX_TOKENS, &truncated);
	return tokens;
}

static void measure(const struct embed_model *model, struct result *result)
{
	static const char *const single[] = {"Olivia Smith olivia.smith7@example.com 36 Engineering",
					     "a red bicycle"};
	double roof = roof_measure(model);

	if (roof > result->roof)
		result->roof = roof;
	for (size_t i = 0; i < THREADS; i++)
		time_rows(model, i + 1, result);
	for (size_t i = 0; i < 2; i++)
		keep_least(&result->latency[i], time_text(model, single[i]));
}

static void print_result(const struct embed_model *model, const struct result *result, size_t tokens)
{
	const double flop = roof_flop(tokens);

	printf("%-5s  roof %5.0f GFLOP/s", embed_precision_name(embed_model_precision(model)),
	       result->roof / 1e9);
	for (size_t i = 0; i < THREADS; i++)
		printf("  | %zu thread%s %6.0f rows/s = %.2f of the roof", i + 1, i ? "s" : " ",
		       ROWS / result->wall[i], flop / result->processor[i] / result->roof);
	printf("  | scaling %.2f | one text %.2f ms, short %.2f ms\n",
	       result->wall[0] / result->wall[1], result->latency[0] * 1e3,
	       result->latency[1] * 1e3);
}

static struct embed_model *open_model(const char *name)
{
	struct embed_options options;
	struct embed_model *model;
	struct strbuf folder;
	struct error err;

	if (!embed_precision_parse(slice_of_string(name), &options.precision)) {
		fprintf(stderr, "There is no precision '%s'.\n", name);
		return NULL;
	}
	strbuf_init(&folder, 4096);
	embed_default_folder(&folder);
	uint64_t begin = clock_monotonic_ns();
	enum status status = embed_model_open(folder.data, &options, &model, &err);
	strbuf_release(&folder);
	if (status != STATUS_OK) {
		fprintf(stderr, "%s: %s\n", name, err.detail);
		return NULL;
	}
	printf("%-5s  ready in %.0f ms, kernels %s\n", name,
	       (double)(clock_monotonic_ns() - begin) / 1e6, model->kernels->name);
	return model;
}

int main(int argument_count, char **arguments)
{
	static const char *const all[] = {"f32", "bf16", "int8"};
	const char *const *names = all;
	size_t count = sizeof all / sizeof *all;
	struct embed_model *models[PRECISIONS] = {0};
	struct result results[PRECISIONS] = {0};

	if (argument_count > 1) {
		names = (const char *const *)arguments + 1;
		count = (size_t)argument_count - 1;
	}
	make_texts();
	printf("registers alone: 2 threads are %.2f times as fast as one\n", registers_scaling());
	for (size_t i = 0; i < count && i < PRECISIONS; i++)
		models[i] = open_model(names[i]);
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < PRECISIONS; i++)
			if (models[i])
				measure(models[i], &results[i]);
	for (size_t i = 0; i < PRECISIONS; i++)
		if (models[i]) {
			print_result(models[i], &results[i], count_tokens(models[i]));
			embed_model_close(models[i]);
		}
	return 0;
}
