/* Rowmill's encoder as one engine among others: what bench/embedding asks, and bench/peers/serving.py does for the others.
 *
 *	embed_peer PRECISION THREADS
 *
 * Reads a JSON object a line, answers a line each. The first line it writes says that the model is ready.
 *
 *	{"ask": "embed", "texts": […], "single": false, "vectors": "FILE" or null}
 *		all texts; one by one where "single" is true. Answers seconds, processor_seconds, tokens, flop;
 *		the vectors go to FILE as little-endian float32.
 *	{"ask": "roof"}                         flop_per_second of the products alone, on one thread
 *	{"ask": "scaling"}                      how many times as fast registers alone are on 2 threads as on one
 *	{"ask": "profile", "texts": […], "seconds": 3}
 *		the texts again and again on one thread for so long; answers what sampler_take() gives */
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hand_out.h"
#include "base/strbuf.h"
#include "embed/batcher.h"
#include "embed/model.h"
#include "registers.h"
#include "roof.h"
#include "sampler.h"

#include "base/banned.h"

enum { THREADS_MAX = 256, SLAB = 128, SLAB_LEAST = 4 }; /* texts that a worker takes at once: at most, at least */

struct peer {
	struct embed_model *model;
	unsigned threads;
	struct embed_batcher *batchers[THREADS_MAX];
	struct embed_workspace *workspace; /* for one by one */

	struct slice *texts; /* [count], of the question */
	size_t count;
	float *vectors; /* [count][EMBED_DIMENSION] */
	struct hand_out slabs;
	_Atomic unsigned next_batcher;
};

/* Nothing here is worth going on without. */
static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "embed_peer: %s\n", what);
	exit(1);
}

static double seconds_since(uint64_t begin)
{
	return (double)(clock_monotonic_ns() - begin) / 1e9;
}

static void *embed_slabs(void *argument)
{
	struct peer *peer = argument;
	struct embed_batcher *batcher = peer->batchers[peer->next_batcher++];
	struct error err;
	bool truncated;
	size_t first, count;

	while ((count = hand_out_take(&peer->slabs, &first))) {
		for (size_t i = first; i < first + count; i++)
			embed_batcher_add(batcher, peer->texts[i], &truncated);
		if (embed_batcher_run(batcher, peer->vectors + first * EMBED_DIMENSION, &err) !=
		    STATUS_OK)
			fail(err.detail);
	}
	return NULL;
}

static void embed_all(struct peer *peer, unsigned threads)
{
	pthread_t others[THREADS_MAX];

	hand_out_init(&peer->slabs, peer->count, threads, SLAB_LEAST, SLAB);
	peer->next_batcher = 0;
	for (unsigned i = 1; i < threads; i++)
		if (pthread_create(&others[i], NULL, embed_slabs, peer) != 0)
			fail("no thread can be started");
	embed_slabs(peer);
	for (unsigned i = 1; i < threads; i++)
		pthread_join(others[i], NULL);
}

static uint32_t tokenize(const struct peer *peer, size_t index, int32_t ids[EMBED_MAX_TOKENS])
{
	bool truncated;

	return (uint32_t)tokenizer_encode(embed_model_tokenizer(peer->model), peer->texts[index], ids,
					  EMBED_MAX_TOKENS, &truncated);
}

static void embed_one_by_one(struct peer *peer)
{
	int32_t ids[EMBED_MAX_TOKENS];
	struct error err;

	for (size_t i = 0; i < peer->count; i++) {
		uint32_t size = tokenize(peer, i, ids);
		if (embed_run(peer->model, peer->workspace, ids, &size, 1,
			      peer->vectors + i * EMBED_DIMENSION, &err) != STATUS_OK)
			fail(err.detail);
	}
}

static size_t count_tokens(const struct peer *peer)
{
	int32_t ids[EMBED_MAX_TOKENS];
	size_t tokens = 0;

	for (size_t i = 0; i < peer->count; i++)
		tokens += tokenize(peer, i, ids);
	return tokens;
}

static void take_texts(struct peer *peer, const json_t *question)
{
	const json_t *texts = json_object_get(question, "texts");

	peer->count = json_array_size(texts);
	peer->texts = calloc(peer->count + 1, sizeof *peer->texts);
	peer->vectors = calloc((peer->count + 1) * EMBED_DIMENSION, sizeof *peer->vectors);
	if (!peer->texts || !peer->vectors)
		fail("out of memory");
	for (size_t i = 0; i < peer->count; i++) {
		const json_t *text = json_array_get(texts, i);
		peer->texts[i] = slice_of(json_string_value(text), json_string_length(text));
	}
}

static void drop_texts(struct peer *peer)
{
	free(peer->texts);
	free(peer->vectors);
	peer->texts = NULL;
	peer->vectors = NULL;
	peer->count = 0;
}

static void write_vectors(const struct peer *peer, const char *path)
{
	FILE *file = fopen(path, "wb");

	if (!file ||
	    fwrite(peer->vectors, EMBED_DIMENSION * sizeof(float), peer->count, file) != peer->count ||
	    fclose(file) != 0)
		fail("the vectors cannot be written");
}

static json_t *answer_embed(struct peer *peer, const json_t *question)
{
	const char *path = json_string_value(json_object_get(question, "vectors"));
	double processor = roof_processor_seconds();
	uint64_t begin = clock_monotonic_ns();

	if (json_is_true(json_object_get(question, "single")))
		embed_one_by_one(peer);
	else
		embed_all(peer, peer->threads);
	double seconds = seconds_since(begin);
	processor = roof_processor_seconds() - processor;
	if (path)
		write_vectors(peer, path);
	size_t tokens = count_tokens(peer);
	return json_pack("{s:f, s:f, s:I, s:f}", "seconds", seconds, "processor_seconds", processor,
			 "tokens", (json_int_t)tokens, "flop", roof_flop(tokens));
}

static json_t *answer_profile(struct peer *peer, const json_t *question)
{
	double seconds = json_number_value(json_object_get(question, "seconds"));
	json_t *answer = json_object();
	uint64_t begin = clock_monotonic_ns();

	if (!sampler_start())
		fail("no timer for the profile");
	do
		embed_all(peer, 1);
	while (seconds_since(begin) < seconds);
	sampler_stop();
	if (!sampler_take(answer))
		fail("out of memory");
	return answer;
}

static json_t *answer(struct peer *peer, const json_t *question)
{
	const char *ask = json_string_value(json_object_get(question, "ask"));

	if (ask && strcmp(ask, "embed") == 0)
		return answer_embed(peer, question);
	if (ask && strcmp(ask, "roof") == 0)
		return json_pack("{s:f}", "flop_per_second", roof_measure(peer->model));
	if (ask && strcmp(ask, "scaling") == 0)
		return json_pack("{s:f}", "scaling", registers_scaling());
	if (ask && strcmp(ask, "profile") == 0)
		return answer_profile(peer, question);
	fail("a question that it does not know");
}

static void say(json_t *line)
{
	if (!line || json_dumpf(line, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF ||
	    fflush(stdout) != 0)
		fail("the answer cannot be written");
	json_decref(line);
}

static void open_peer(struct peer *peer, const char *precision, const char *threads)
{
	struct embed_options options = {0};
	struct strbuf folder;
	struct error err;

	if (!embed_precision_parse(slice_of_string(precision), &options.precision))
		fail("there is no such precision");
	peer->threads = (unsigned)strtoul(threads, NULL, 10);
	if (peer->threads < 1 || peer->threads > THREADS_MAX)
		fail("THREADS is a number from 1 to 256");
	strbuf_init(&folder, 4096);
	embed_default_folder(&folder);
	uint64_t begin = clock_monotonic_ns();
	if (embed_model_open(folder.data, &options, &peer->model, &err) != STATUS_OK)
		fail(err.detail);
	double seconds = seconds_since(begin);
	strbuf_release(&folder);
	for (unsigned i = 0; i < peer->threads; i++)
		if (!(peer->batchers[i] = embed_batcher_new(peer->model, SLAB)))
			fail("out of memory");
	if (!(peer->workspace = embed_workspace_new(peer->model, EMBED_MAX_TOKENS)))
		fail("out of memory");
	say(json_pack("{s:b, s:f, s:s, s:s}", "ready", 1, "seconds", seconds, "precision",
		      embed_precision_name(embed_model_precision(peer->model)), "kernels",
		      peer->model->kernels->name));
}

static void close_peer(struct peer *peer)
{
	for (unsigned i = 0; i < peer->threads; i++)
		embed_batcher_free(peer->batchers[i]);
	embed_workspace_free(peer->workspace);
	embed_model_close(peer->model);
}

int main(int argument_count, char **arguments)
{
	static struct peer peer;
	char *line = NULL;
	size_t allocated = 0;
	ssize_t size;

	if (argument_count != 3)
		fail("usage: embed_peer PRECISION THREADS");
	open_peer(&peer, arguments[1], arguments[2]);
	while ((size = getline(&line, &allocated, stdin)) > 0) {
		json_t *question = json_loadb(line, (size_t)size, JSON_ALLOW_NUL, NULL);
		if (!question)
			fail("a line that is no JSON");
		take_texts(&peer, question);
		say(answer(&peer, question));
		drop_texts(&peer);
		json_decref(question);
	}
	free(line);
	close_peer(&peer);
	return 0;
}
