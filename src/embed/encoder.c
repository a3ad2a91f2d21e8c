#include "embed/model.h"

#include <stdlib.h>

#include "base/banned.h"

enum {
	BUFFER_ALIGNMENT = 64,
	BLOCK_PANEL = 48, /* rows in blocks: what is between two products stays in 512 KB of cache */
	STRIP_PANEL = 96,  /* rows in strips: by as many, weights from memory come in time */
	BYTES_PANEL = 48,  /* of bytes in strips, which are float32 until they are rotated */
	TEXTS_TOKENS = 96, /* with strips: what is between two passes stays in 1 MB of cache */
};

/* What products read where they do not read float32: bf16, or bytes with their levels. */
struct narrow {
	void *numbers;                    /* NULL where products read float32 */
	struct quantized_row *levels;     /* a row each; NULL but for bytes by rows */
	struct block_level *block_levels; /* a block each; NULL but for bytes in blocks */
};

/* Buffers over all tokens of a batch have rows for whole panels: products may touch the rows
 * behind the last token. */
struct embed_workspace {
	struct matmul_context *context; /* NULL where there is no engine */
	size_t panel_rows;
	size_t max_tokens;
	size_t texts_tokens; /* that go through all layers together; a longer text goes alone */
	float *state; /* [that, up to panels][HIDDEN]: what flows from layer to layer */
	bool is_qkv_narrow;
	float *qkv;           /* [the same][QKV]; or */
	uint16_t *narrow_qkv; /* the same in bf16, where attention reads that */
	float *attended;      /* [the same][HIDDEN]; NULL with bf16 */
	float *inner;         /* [panel_rows][INNER] */
	float *product;       /* [panel_rows][HIDDEN] */
	struct narrow narrow_state, narrow_attended; /* as state */
	struct narrow narrow_inner;                  /* [group_rows][INNER] */

	/* Rows that go up to INNER together before any comes down: a panel in float32, strips and blocks,
	 * else all. */
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
	if (workspace->is_qkv_narrow)
		workspace->narrow_qkv = new_rows(rows, QKV, sizeof(uint16_t));
	else
		workspace->qkv = new_rows(rows, QKV, sizeof(float));
	workspace->inner = new_rows(workspace->panel_rows, INNER, sizeof(float));
	workspace->product = new_rows(workspace->panel_rows, HIDDEN, sizeof(float));
	return workspace->state && (workspace->qkv || workspace->narrow_qkv) && workspace->inner &&
	       workspace->product;
}

static bool narrow_new(struct narrow *narrow, size_t rows, size_t columns,
		       const struct embed_model *model)
{
	enum embed_precision precision = model->precision;

	if (precision == EMBED_F32)
		return true;
	if (precision == EMBED_BF16) {
		narrow->numbers = new_rows(rows, columns, sizeof(uint16_t));
		return narrow->numbers;
	}
	narrow->numbers = new_rows(rows, columns, sizeof(uint8_t));
	if (model->block_pool) {
		narrow->block_levels = calloc(rows * columns / BLOCK, sizeof *narrow->block_levels);
		return narrow->numbers && narrow->block_levels;
	}
	narrow->levels = calloc(rows, sizeof *narrow->levels);
	return narrow->numbers && narrow->levels;
}

static void narrow_release(struct narrow *narrow)
{
	free(narrow->numbers);
	free(narrow->levels);
	free(narrow->block_levels);
}

static bool new_sources(struct embed_workspace *workspace, size_t rows,
			const struct embed_model *model)
{
	workspace->group_rows = model->strip_pool || model->block_pool ||
						model->precision == EMBED_F32
					? workspace->panel_rows
					: rows;
	if (model->precision != EMBED_BF16) {
		workspace->attended = new_rows(rows, HIDDEN, sizeof(float));
		if (!workspace->attended)
			return false;
	}
	return narrow_new(&workspace->narrow_state, rows, HIDDEN, model) &&
	       narrow_new(&workspace->narrow_attended, rows, HIDDEN, model) &&
	       narrow_new(&workspace->narrow_inner, rows, INNER, model);
}

static size_t choose_panel_rows(const struct embed_model *model)
{
	if (model->block_pool)
		return BLOCK_PANEL;
	if (model->strip_pool)
		return model->precision == EMBED_INT8 ? BYTES_PANEL : STRIP_PANEL;
	return MATMUL_PANEL;
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
	workspace->max_tokens = max_tokens;
	workspace->panel_rows = choose_panel_rows(model);
	workspace->is_qkv_narrow = model->strip_pool && model->precision != EMBED_F32 &&
				   model->kernels->attend_narrow;
	workspace->texts_tokens = model->strip_pool ? TEXTS_TOKENS : max_tokens;
	size_t most = model->strip_pool ? EMBED_MAX_TOKENS : max_tokens;
	size_t rows = (most + workspace->panel_rows - 1) / workspace->panel_rows *
		      workspace->panel_rows;
	if (model->engine)
		workspace->context = matmul_context_new(model->engine);
	if ((model->engine && !workspace->context) || !new_buffers(workspace, rows) ||
	    !new_sources(workspace, rows, model)) {
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
	free(workspace->narrow_qkv);
	free(workspace->attended);
	free(workspace->inner);
	free(workspace->product);
	narrow_release(&workspace->narrow_state);
	narrow_release(&workspace->narrow_attended);
	narrow_release(&workspace->narrow_inner);
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

static size_t panel_rows(const struct embed_workspace *workspace, size_t row, size_t end)
{
	return end - row < workspace->panel_rows ? end - row : workspace->panel_rows;
}

static uint16_t *bf16_row(const struct narrow *narrow, size_t row, size_t columns)
{
	if (!narrow->numbers || narrow->levels || narrow->block_levels)
		return NULL;
	return (uint16_t *)narrow->numbers + row * columns;
}

/* Writes the bytes of rows that the kernels left in float32. */
static void quantize(const struct embed_model *model, const struct narrow *narrow, const float *x,
		     enum matmul_kind kind, size_t row, size_t rows)
{
	size_t columns = matmul_length(kind);

	if (narrow->levels)
		model->kernels->quantize(x, columns, is_rotated(kind),
					 (uint8_t *)narrow->numbers + row * columns,
					 narrow->levels + row, rows);
	if (narrow->block_levels)
		model->kernels->quantize_blocks(x, columns, is_rotated(kind),
						(uint8_t *)narrow->numbers + row * columns,
						narrow->block_levels + row * columns / BLOCK, rows);
}

/* The layer's product of rows from `row` on, in strips. */
static void multiply_strips(const struct embed_model *model, const struct layer *layer,
			    enum matmul_kind kind, const float *wide, const struct narrow *narrow,
			    size_t row, size_t rows, enum strip_finish finish, const float *bias,
			    void *destination)
{
	size_t at = row * matmul_length(kind);
	struct strip_product product = {.weights = layer->strips[kind],
					.length = matmul_length(kind),
					.width = matmul_width(kind),
					.finish = finish,
					.bias = bias,
					.destination = destination};

	switch (model->precision) {
	case EMBED_BF16:
		product.source = (const uint16_t *)narrow->numbers + at;
		model->kernels->multiply_bf16(&product, rows);
		break;
	case EMBED_INT8:
		product.source = (const uint8_t *)narrow->numbers + at;
		product.levels = narrow->levels + row;
		product.scales = layer->channels[kind].scales;
		product.offsets = layer->channels[kind].offsets;
		model->kernels->multiply_bytes(&product, rows);
		break;
	default:
		product.source = wide + at;
		model->kernels->multiply_f32(&product, rows);
	}
}

/* destination[rows][width] = the layer's product of rows from `row` on: the narrow ones, or
 * those of `wide` where products read float32. */
static bool multiply(const struct embed_model *model, const struct layer *layer,
		     enum matmul_kind kind, struct embed_workspace *workspace, const float *wide,
		     const struct narrow *narrow, size_t row, size_t rows, float *destination)
{
	size_t at = row * matmul_length(kind);
	const void *source;

	if (narrow->block_levels) {
		model->kernels->multiply_blocks((const uint8_t *)narrow->numbers + at,
						narrow->block_levels + at / BLOCK,
						matmul_length(kind), layer->blocks[kind],
						matmul_width(kind), destination, rows);
		return true;
	}
	if (layer->strips[kind]) {
		multiply_strips(model, layer, kind, wide, narrow, row, rows, STRIP_SUM, NULL, destination);
		return true;
	}
	if (narrow->levels)
		source = (const uint8_t *)narrow->numbers + at;
	else if (narrow->numbers)
		source = (const uint16_t *)narrow->numbers + at;
	else
		source = wide + at;
	if (!matmul_run(workspace->context, layer->products[kind], rows, source, destination))
		return false;
	if (narrow->levels)
		model->kernels->dequantize(destination, matmul_width(kind),
					   layer->channels[kind].scales,
					   layer->channels[kind].offsets, narrow->levels + row,
					   rows);
	return true;
}

static void look_up(const struct embed_model *model, struct embed_workspace *workspace,
		    const int32_t *ids, size_t row, size_t rows)
{
	float *state = workspace->state + row * HIDDEN;

	model->kernels->look_up(state, ids, model->words, model->positions, &model->embedding_norm,
				bf16_row(&workspace->narrow_state, row, HIDDEN), rows);
	quantize(model, &workspace->narrow_state, state, MATMUL_QKV, row, rows);
}

static void attend(const struct embed_model *model, const struct layer *layer,
		   struct embed_workspace *workspace, size_t row, size_t rows)
{
	uint16_t *narrow = bf16_row(&workspace->narrow_attended, row, HIDDEN);
	float *attended = narrow ? NULL : workspace->attended + row * HIDDEN;

	if (workspace->narrow_qkv)
		model->kernels->attend_narrow(workspace->narrow_qkv + row * QKV, attended, narrow,
					      rows);
	else if (narrow)
		model->kernels->attend_bf16(workspace->qkv + row * QKV, layer->qkv_bias, narrow,
					    rows);
	else
		model->kernels->attend(workspace->qkv + row * QKV, layer->qkv_bias, attended, rows);
	if (narrow)
		return;
	quantize(model, &workspace->narrow_attended, attended, MATMUL_OUT, row, rows);
}

/* The queries, keys and values of all tokens, then attention text by text. */
static bool run_attention(const struct embed_model *model, const struct layer *layer,
			  struct embed_workspace *workspace, const uint32_t *sizes, size_t count,
			  size_t tokens)
{
	for (size_t row = 0; row < tokens; row += workspace->panel_rows) {
		size_t rows = panel_rows(workspace, row, tokens);

		if (workspace->narrow_qkv)
			multiply_strips(model, layer, MATMUL_QKV, NULL, &workspace->narrow_state, row,
					rows, STRIP_BF16, layer->qkv_bias,
					workspace->narrow_qkv + row * QKV);
		else if (!multiply(model, layer, MATMUL_QKV, workspace, workspace->state,
				   &workspace->narrow_state, row, rows,
				   workspace->qkv + row * QKV))
			return false;
	}
	for (size_t i = 0, row = 0; i < count; row += sizes[i++])
		attend(model, layer, workspace, row, sizes[i]);
	return true;
}

/* A panel of state = norm(state + product + bias). */
static void add_norm(const struct embed_model *model, struct embed_workspace *workspace,
		     const float *bias, const struct norm *norm, size_t row, size_t rows)
{
	float *state = workspace->state + row * HIDDEN;

	model->kernels->add_norm(state, workspace->product, bias, norm,
				 bf16_row(&workspace->narrow_state, row, HIDDEN), rows);
	quantize(model, &workspace->narrow_state, state, MATMUL_UP, row, rows);
}

/* A panel's way up and through GELU. `group` is where its group begins. */
static bool run_up(const struct embed_model *model, const struct layer *layer,
		   struct embed_workspace *workspace, size_t group, size_t row, size_t rows)
{
	uint16_t *narrow = bf16_row(&workspace->narrow_inner, row - group, INNER);
	float *inner = workspace->inner;

	if (layer->strips[MATMUL_UP]) {
		multiply_strips(model, layer, MATMUL_UP, workspace->state,
				&workspace->narrow_state, row, rows, STRIP_GELU, layer->up_bias,
				narrow ? (void *)narrow : inner);
		quantize(model, &workspace->narrow_inner, inner, MATMUL_DOWN, row - group, rows);
		return true;
	}
	if (!multiply(model, layer, MATMUL_UP, workspace, workspace->state,
		      &workspace->narrow_state, row, rows, inner))
		return false;
	if (workspace->narrow_inner.block_levels) {
		size_t at = (row - group) * INNER;
		model->kernels->gelu_blocks(inner, layer->up_bias,
					    (uint8_t *)workspace->narrow_inner.numbers + at,
					    workspace->narrow_inner.block_levels + at / BLOCK, rows);
		return true;
	}
	if (narrow) {
		model->kernels->gelu_bf16(inner, layer->up_bias, narrow, rows);
		return true;
	}
	model->kernels->gelu(inner, layer->up_bias, rows);
	quantize(model, &workspace->narrow_inner, inner, MATMUL_DOWN, row - group, rows);
	return true;
}

/* What follows attention needs no other token, so a group of rows goes all the way while it is in
 * the cache. Each product's weights are gone through for all panels of the group in turn: the weights
 * of two products do not fit into 2 MB together, and fetching them anew for each panel
 * would take longer than multiplying by them. */
static bool run_group(const struct embed_model *model, const struct layer *layer,
		      struct embed_workspace *workspace, size_t group, size_t end)
{
	for (size_t row = group; row < end; row += workspace->panel_rows) {
		if (!multiply(model, layer, MATMUL_OUT, workspace, workspace->attended,
			      &workspace->narrow_attended, row, panel_rows(workspace, row, end),
			      workspace->product))
			return false;
		add_norm(model, workspace, layer->out_bias, &layer->attention_norm, row,
			 panel_rows(workspace, row, end));
	}
	for (size_t row = group; row < end; row += workspace->panel_rows)
		if (!run_up(model, layer, workspace, group, row, panel_rows(workspace, row, end)))
			return false;
	for (size_t row = group; row < end; row += workspace->panel_rows) {
		if (!multiply(model, layer, MATMUL_DOWN, workspace, workspace->inner,
			      &workspace->narrow_inner, row - group, panel_rows(workspace, row, end),
			      workspace->product))
			return false;
		add_norm(model, workspace, layer->down_bias, &layer->output_norm, row,
			 panel_rows(workspace, row, end));
	}
	return true;
}

/* Texts of `tokens` tokens together, all the way. */
static bool run_texts(const struct embed_model *model, struct embed_workspace *workspace,
		      const int32_t *ids, const uint32_t *sizes, size_t count, size_t tokens,
		      float *vectors)
{
	for (size_t i = 0, row = 0; i < count; row += sizes[i++])
		look_up(model, workspace, ids + row, row, sizes[i]);
	for (size_t i = 0; i < LAYERS; i++) {
		const struct layer *layer = &model->layers[i];

		if (!run_attention(model, layer, workspace, sizes, count, tokens))
			return false;
		for (size_t row = 0; row < tokens; row += workspace->group_rows) {
			size_t end = row + workspace->group_rows;
			if (!run_group(model, layer, workspace, row, end < tokens ? end : tokens))
				return false;
		}
	}
	for (size_t i = 0, row = 0; i < count; row += sizes[i++])
		model->kernels->pool(workspace->state + row * HIDDEN, vectors + i * EMBED_DIMENSION,
				     sizes[i]);
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
	for (size_t i = 0, begin; i < count; vectors += (i - begin) * EMBED_DIMENSION) {
		begin = i;
		tokens = sizes[i++];
		while (i < count && tokens + sizes[i] <= workspace->texts_tokens)
			tokens += sizes[i++];
		if (!run_texts(model, workspace, ids, sizes + begin, i - begin, tokens, vectors))
			return error_no_memory(err);
		ids += tokens;
	}
	return STATUS_OK;
}
