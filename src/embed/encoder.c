#include "embed/model.h"

#include <stdlib.h>

#include "base/banned.h"

enum { BUFFER_ALIGNMENT = 64 };

/* Buffers over all tokens of a batch have rows for whole panels: products may touch the rows
 * behind the last token. */
struct embed_workspace {
	struct matmul_context *context;
	size_t max_tokens;
	float *state;    /* [max_tokens, up to a panel][HIDDEN]: what flows from layer to layer */
	float *qkv;      /* [the same][QKV] */
	float *attended; /* [the same][HIDDEN] */
	float *inner;    /* [MATMUL_PANEL][INNER] */
	float *product;  /* [MATMUL_PANEL][HIDDEN] */
};

static float *new_rows(size_t rows, size_t columns)
{
	size_t size = rows * columns * sizeof(float);
	float *data = aligned_alloc(BUFFER_ALIGNMENT, size);

	/* Rows behind the last token are multiplied too; what comes of them is not used, but
	 * numbers too small or none at all would make it slow. */
	if (data)
		memset(data, 0, size);
	return data;
}

struct embed_workspace *embed_workspace_new(const struct embed_model *model, size_t max_tokens)
{
	struct embed_workspace *workspace = calloc(1, sizeof *workspace);

	if (!workspace || max_tokens > SIZE_MAX / (QKV * sizeof(float) * 2)) {
		free(workspace);
		return NULL;
	}
	if (max_tokens < EMBED_MAX_TOKENS)
		max_tokens = EMBED_MAX_TOKENS;
	size_t rows = (max_tokens + MATMUL_PANEL - 1) / MATMUL_PANEL * MATMUL_PANEL;
	workspace->max_tokens = max_tokens;
	workspace->context = matmul_context_new(model->engine);
	workspace->state = new_rows(rows, HIDDEN);
	workspace->qkv = new_rows(rows, QKV);
	workspace->attended = new_rows(rows, HIDDEN);
	workspace->inner = new_rows(MATMUL_PANEL, INNER);
	workspace->product = new_rows(MATMUL_PANEL, HIDDEN);
	if (!workspace->context || !workspace->state || !workspace->qkv || !workspace->attended ||
	    !workspace->inner || !workspace->product) {
		embed_workspace_free(workspace);
		return NULL;
	}
	return workspace;
}

void embed_workspace_free(struct embed_workspace *workspace)
{
	if (!workspace)
		return;
	matmul_context_free(workspace->context);
	free(workspace->state);
	free(workspace->qkv);
	free(workspace->attended);
	free(workspace->inner);
	free(workspace->product);
	free(workspace);
}

static enum status check_batch(const struct embed_workspace *workspace, const int32_t *ids,
			       const uint32_t *sizes, size_t count, size_t *tokens,
			       struct error *err)
{
	*tokens = 0;
	for (size_t i = 0; i < count; i++) {
		if (sizes[i] < 2 || sizes[i] > EMBED_MAX_TOKENS)
			return error_set(err, STATUS_INVALID, NULL,
					 "A text of %u tokens cannot be embedded; 2 to %d can.",
					 sizes[i], EMBED_MAX_TOKENS);
		*tokens += sizes[i];
	}
	if (*tokens > workspace->max_tokens)
		return error_set(err, STATUS_TOO_LARGE, NULL,
				 "A batch of %zu tokens is over the workspace's %zu.", *tokens,
				 workspace->max_tokens);
	for (size_t i = 0; i < *tokens; i++)
		if (ids[i] < 0 || ids[i] >= VOCABULARY)
			return error_set(err, STATUS_INVALID, NULL,
					 "Token id %d is not in the vocabulary.", ids[i]);
	return STATUS_OK;
}

/* The queries, keys and values of all tokens, then attention text by text. */
static bool run_attention(const struct embed_model *model, const struct layer *layer,
			  struct embed_workspace *workspace, const uint32_t *sizes, size_t count,
			  size_t tokens)
{
	for (size_t row = 0; row < tokens; row += MATMUL_PANEL) {
		size_t rows = tokens - row < MATMUL_PANEL ? tokens - row : MATMUL_PANEL;
		if (!matmul_run(workspace->context, layer->products[MATMUL_QKV], rows,
				workspace->state + row * HIDDEN, workspace->qkv + row * QKV))
			return false;
	}
	for (size_t i = 0, row = 0; i < count; row += sizes[i++])
		model->kernels->attend(workspace->qkv + row * QKV, layer->query_bias,
				       workspace->attended + row * HIDDEN, sizes[i]);
	return true;
}

/* What follows attention needs no other token, so a panel goes all the way while it is in the
 * cache. */
static bool run_panel(const struct embed_model *model, const struct layer *layer,
		      struct embed_workspace *workspace, size_t row, size_t rows)
{
	const struct kernels *kernels = model->kernels;
	float *state = workspace->state + row * HIDDEN, *product = workspace->product;

	if (!matmul_run(workspace->context, layer->products[MATMUL_OUT], rows,
			workspace->attended + row * HIDDEN, product))
		return false;
	kernels->add_norm(state, product, layer->out_bias, &layer->attention_norm, NULL, rows);
	if (!matmul_run(workspace->context, layer->products[MATMUL_UP], rows, state,
			workspace->inner))
		return false;
	kernels->gelu(workspace->inner, layer->up_bias, rows);
	if (!matmul_run(workspace->context, layer->products[MATMUL_DOWN], rows, workspace->inner,
			product))
		return false;
	kernels->add_norm(state, product, layer->down_bias, &layer->output_norm, NULL, rows);
	return true;
}

enum status embed_run(const struct embed_model *model, struct embed_workspace *workspace,
		      const int32_t *ids, const uint32_t *sizes, size_t count, float *vectors,
		      struct error *err)
{
	size_t tokens;

	enum status status = check_batch(workspace, ids, sizes, count, &tokens, err);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0, row = 0; i < count; row += sizes[i++])
		model->kernels->look_up(workspace->state + row * HIDDEN, ids + row, model->words,
					model->positions, &model->embedding_norm, NULL,
					sizes[i]);
	for (size_t i = 0; i < LAYERS; i++) {
		const struct layer *layer = &model->layers[i];

		if (!run_attention(model, layer, workspace, sizes, count, tokens))
			return error_no_memory(err);
		for (size_t row = 0; row < tokens; row += MATMUL_PANEL) {
			size_t rows = tokens - row < MATMUL_PANEL ? tokens - row : MATMUL_PANEL;
			if (!run_panel(model, layer, workspace, row, rows))
				return error_no_memory(err);
		}
	}
	for (size_t i = 0, row = 0; i < count; row += sizes[i++])
		model->kernels->pool(workspace->state + row * HIDDEN, vectors + i * EMBED_DIMENSION,
				     sizes[i]);
	return STATUS_OK;
}
