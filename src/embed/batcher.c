#include "embed/batcher.h"

#include <stdlib.h>

#include "base/banned.h"

/* Twice the longest text, so that no batch of long ones is half empty. */
enum { BATCH_TOKENS = 2 * EMBED_MAX_TOKENS };

struct embed_batcher {
	const struct embed_model *model;
	struct embed_workspace *workspace;
	const atomic_bool *stop;
	size_t capacity, count;
	int32_t *ids;     /* [capacity * EMBED_MAX_TOKENS], texts end to end; untouched pages cost nothing */
	size_t id_count;
	size_t *starts;   /* [capacity] first id of each text */
	uint32_t *sizes;  /* [capacity] tokens of each text */
	uint32_t *order;  /* [capacity] texts by rising size */
};

struct embed_batcher *embed_batcher_new(const struct embed_model *model, size_t capacity)
{
	struct embed_batcher *batcher = calloc(1, sizeof *batcher);

	if (!batcher)
		return NULL;
	batcher->model = model;
	batcher->capacity = capacity;
	batcher->workspace = embed_workspace_new(model, BATCH_TOKENS);
	batcher->ids = malloc(capacity * EMBED_MAX_TOKENS * sizeof *batcher->ids);
	batcher->starts = malloc(capacity * sizeof *batcher->starts);
	batcher->sizes = malloc(capacity * sizeof *batcher->sizes);
	batcher->order = malloc(capacity * sizeof *batcher->order);
	if (batcher->workspace && batcher->ids && batcher->starts && batcher->sizes && batcher->order)
		return batcher;
	embed_batcher_free(batcher);
	return NULL;
}

void embed_batcher_free(struct embed_batcher *batcher)
{
	if (!batcher)
		return;
	embed_workspace_free(batcher->workspace);
	free(batcher->ids);
	free(batcher->starts);
	free(batcher->sizes);
	free(batcher->order);
	free(batcher);
}

bool embed_batcher_add(struct embed_batcher *batcher, struct slice text, bool *truncated)
{
	if (batcher->count == batcher->capacity)
		return false;
	size_t size = tokenizer_encode(embed_model_tokenizer(batcher->model), text,
				       batcher->ids + batcher->id_count, EMBED_MAX_TOKENS, truncated);
	batcher->starts[batcher->count] = batcher->id_count;
	batcher->sizes[batcher->count++] = (uint32_t)size;
	batcher->id_count += size;
	return true;
}

void embed_batcher_stop_on(struct embed_batcher *batcher, const atomic_bool *stop)
{
	batcher->stop = stop;
}

size_t embed_batcher_count(const struct embed_batcher *batcher)
{
	return batcher->count;
}

void embed_batcher_clear(struct embed_batcher *batcher)
{
	batcher->count = 0;
	batcher->id_count = 0;
}

/* Counting sort, so that a batch's texts are of like length. */
static void sort_by_size(struct embed_batcher *batcher)
{
	uint32_t starts[EMBED_MAX_TOKENS + 2] = {0};

	for (size_t i = 0; i < batcher->count; i++)
		starts[batcher->sizes[i] + 1]++;
	for (size_t size = 1; size < EMBED_MAX_TOKENS + 2; size++)
		starts[size] += starts[size - 1];
	for (size_t i = 0; i < batcher->count; i++)
		batcher->order[starts[batcher->sizes[i]]++] = (uint32_t)i;
}

/* Embeds the texts order[first…] that fit into one batch; *texts says how many. */
static enum status run_batch(struct embed_batcher *batcher, size_t first, size_t *texts,
			     float *vectors, struct error *err)
{
	int32_t ids[BATCH_TOKENS];
	uint32_t sizes[BATCH_TOKENS];
	float packed[BATCH_TOKENS / 2 * EMBED_DIMENSION]; /* a text has at least two tokens */
	size_t tokens = 0;

	for (*texts = 0; first + *texts < batcher->count; (*texts)++) {
		uint32_t i = batcher->order[first + *texts];
		if (tokens + batcher->sizes[i] > BATCH_TOKENS)
			break;
		memcpy(ids + tokens, batcher->ids + batcher->starts[i],
		       batcher->sizes[i] * sizeof *ids);
		tokens += batcher->sizes[i];
		sizes[*texts] = batcher->sizes[i];
	}
	enum status status =
		embed_run(batcher->model, batcher->workspace, ids, sizes, *texts, packed, err);
	for (size_t j = 0; status == STATUS_OK && j < *texts; j++)
		memcpy(vectors + batcher->order[first + j] * EMBED_DIMENSION,
		       packed + j * EMBED_DIMENSION, EMBED_DIMENSION * sizeof *packed);
	return status;
}

enum status embed_batcher_run(struct embed_batcher *batcher, float *vectors, struct error *err)
{
	enum status status = STATUS_OK;
	size_t texts = 0;

	sort_by_size(batcher);
	for (size_t next = 0; next < batcher->count && status == STATUS_OK; next += texts) {
		if (batcher->stop && *batcher->stop)
			status = error_set(err, STATUS_CANCELLED, NULL, "embedding was stopped");
		else
			status = run_batch(batcher, next, &texts, vectors, err);
	}
	embed_batcher_clear(batcher);
	return status;
}
