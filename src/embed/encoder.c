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
	float *attended; /* [the same][HIDDEN], in float32 */
	float *inner;    /* [MATMUL_PANEL][INNER] */
	float *product;  /* [MATMUL_PANEL][HIDDEN] */

	/* What products read where they do not read float32; NULL where they do. */
	uint16_t *narrow_state;    /* as state */
	uint16_t *narrow_attended; /* as attended, which is NULL then */
	uint16_t *narrow_inner;    /* [group_rows][INNER] */

	/* Rows that go up to INNER together before any comes down: a panel in float32, all where
	 * numbers are narrow. */
	size_t group_rows;
};

static void *new_rows(size_t rows, size_t columns, size_t number_size)
{
	size_t size = rows * columns * number_size;
	void *data = aligned_alloc(BUFFER_ALIGNMENT, size);

	/* Rows behind the last token are multiplied too; what comes of them is not used, but
	 * numbers too small or none at all would make it slow. */
	if (data)
		memset(data, 0, size);
	return data;
}

static bool new_buffers(struct embed_workspace *workspace, size_t rows)
{
	workspace->state = new_rows(rows, HIDDEN, sizeof(float));
	workspace->qkv = new_rows(rows, QKV, sizeof(float));
	workspace->inner = new_rows(MATMUL_PANEL, INNER, sizeof(float));
	workspace->product = new_rows(MATMUL_PANEL, HIDDEN, sizeof(float));
	return workspace->state && workspace->qkv && workspace->inner && workspace->product;
}

static bool new_sources(struct embed_workspace *workspace, size_t rows, enum embed_precision precision)
{
	workspace->group_rows = MATMUL_PANEL;
	if (precision == EMBED_F32) {
		workspace->attended = new_rows(rows, HIDDEN, sizeof(float));
		return workspace->attended;
	}
	workspace->narrow_state = new_rows(rows, HIDDEN, sizeof(uint16_t));
	workspace->narrow_attended = new_rows(rows, HIDDEN, sizeof(uint16_t));
	workspace->narrow_inner = new_rows(rows, INNER, sizeof(uint16_t));
	workspace->group_rows = rows;
	return workspace->narrow_state && workspace->narrow_attended && workspace->narrow_inner;
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
	if (!workspace->context || !new_buffers(workspace, rows) ||
	    !new_sources(workspace, rows, model->precision)) {
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
	free(workspace->narrow_state);
	free(workspace->narrow_attended);
	free(workspace->narrow_inner);
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

/* Where the narrow state's row is; NULL where there is none. */
static uint16_t *narrow_row(const struct embed_workspace *workspace, size_t row)
{
	return workspace->narrow_state ? workspace->narrow_state + row * HIDDEN : NULL;
}

/* What a product reads of the state from `row` on. */
static const void *state_source(const struct embed_workspace *workspace, size_t row)
{
	const void *narrow = narrow_row(workspace, row);

	return narrow ? narrow : workspace->state + row * HIDDEN;
}

static void attend(const struct embed_model *model, const struct layer *layer,
		   struct embed_workspace *workspace, size_t row, size_t rows)
{
	const float *qkv = workspace->qkv + row * QKV;

	if (workspace->narrow_attended)
		model->kernels->attend_bf16(qkv, layer->query_bias,
					    workspace->narrow_attended + row * HIDDEN, rows);
	else
		model->kernels->attend(qkv, layer->query_bias, workspace->attended + row * HIDDEN,
				       rows);
}

static const void *attended_source(const struct embed_workspace *workspace, size_t row)
{
	if (workspace->narrow_attended)
		return workspace->narrow_attended + row * HIDDEN;
	return workspace->attended + row * HIDDEN;
}

static size_t panel_rows(size_t row, size_t end)
{
	return end - row < MATMUL_PANEL ? end - row : MATMUL_PANEL;
}

/* The queries, keys and values of all tokens, then attention text by text. */
static bool run_attention(const struct embed_model *model, const struct layer *layer,
			  struct embed_workspace *workspace, const uint32_t *sizes, size_t count,
			  size_t tokens)
{
	for (size_t row = 0; row < tokens; row += MATMUL_PANEL) {
		if (!matmul_run(workspace->context, layer->products[MATMUL_QKV],
				panel_rows(row, tokens), state_source(workspace, row),
				workspace->qkv + row * QKV))
			return false;
	}
	for (size_t i = 0, row = 0; i < count; row += sizes[i++])
		attend(model, layer, workspace, row, sizes[i]);
	return true;
}

/* state = norm(state + source · weights + bias), a panel of it. */
static bool run_and_add(const struct embed_model *model, struct embed_workspace *workspace,
			const struct matmul_weights *weights, const void *source,
			const float *bias, const struct norm *norm, size_t row, size_t rows)
{
	if (!matmul_run(workspace->context, weights, rows, source, workspace->product))
		return false;
	model->kernels->add_norm(workspace->state + row * HIDDEN, workspace->product, bias, norm,
				 narrow_row(workspace, row), rows);
	return true;
}

/* A panel's way up and through GELU. `group` is where its group begins. */
static bool run_up(const struct embed_model *model, const struct layer *layer,
		   struct embed_workspace *workspace, size_t group, size_t row, size_t rows)
{
	if (!matmul_run(workspace->context, layer->products[MATMUL_UP], rows,
			state_source(workspace, row), workspace->inner))
		return false;
	if (workspace->narrow_inner)
		model->kernels->gelu_bf16(workspace->inner, layer->up_bias,
					  workspace->narrow_inner + (row - group) * INNER, rows);
	else
		model->kernels->gelu(workspace->inner, layer->up_bias, rows);
	return true;
}

/* What follows attention needs no other token, so a group of rows goes all the way while it is in
 * the cache. Each product's weights are gone through for all panels of the group in turn: the weights
 * of two products do not fit into 2 MB together, and fetching them anew for each panel
 * would take longer than multiplying by them. */
static bool run_group(const struct embed_model *model, const struct layer *layer,
		      struct embed_workspace *workspace, size_t group, size_t end)
{
	for (size_t row = group; row < end; row += MATMUL_PANEL)
		if (!run_and_add(model, workspace, layer->products[MATMUL_OUT],
				 attended_source(workspace, row), layer->out_bias,
				 &layer->attention_norm, row, panel_rows(row, end)))
			return false;
	for (size_t row = group; row < end; row += MATMUL_PANEL)
		if (!run_up(model, layer, workspace, group, row, panel_rows(row, end)))
			return false;
	for (size_t row = group; row < end; row += MATMUL_PANEL) {
		const void *source = workspace->inner;
		if (workspace->narrow_inner)
			source = workspace->narrow_inner + (row - group) * INNER;
		if (!run_and_add(model, workspace, layer->products[MATMUL_DOWN], source,
				 layer->down_bias, &layer->output_norm, row, panel_rows(row, end)))
			return false;
	}
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
					model->positions, &model->embedding_norm,
					narrow_row(workspace, row), sizes[i]);
	for (size_t i = 0; i < LAYERS; i++) {
		const struct layer *layer = &model->layers[i];

		if (!run_attention(model, layer, workspace, sizes, count, tokens))
			return error_no_memory(err);
		for (size_t row = 0; row < tokens; row += workspace->group_rows) {
			size_t end = row + workspace->group_rows;
			if (!run_group(model, layer, workspace, row, end < tokens ? end : tokens))
				return error_no_memory(err);
		}
	}
	for (size_t i = 0, row = 0; i < count; row += sizes[i++])
		model->kernels->pool(workspace->state + row * HIDDEN, vectors + i * EMBED_DIMENSION,
				     sizes[i]);
	return STATUS_OK;
}
