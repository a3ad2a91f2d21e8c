#include "embed/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <jansson.h>

#include "base/strbuf.h"
#include "embed/tokenizer.h"

#include "base/banned.h"

#define MODEL_NAME "all-MiniLM-L6-v2"

enum { PATH_CAP = 4096, PACKED_ALIGNMENT = 64, HUGE_PAGE = 2 << 20 };

static const char *const precision_names[] = {
	[EMBED_AUTO] = "auto",
	[EMBED_F32] = "f32",
	[EMBED_BF16] = "bf16",
	[EMBED_INT8] = "int8",
};

bool embed_precision_parse(struct slice name, enum embed_precision *precision)
{
	for (size_t i = 0; i < sizeof precision_names / sizeof *precision_names; i++)
		if (slice_is(name, precision_names[i])) {
			*precision = (enum embed_precision)i;
			return true;
		}
	return false;
}

const char *embed_precision_name(enum embed_precision precision)
{
	return precision_names[precision];
}

void embed_default_folder(struct strbuf *folder)
{
	const char *model = getenv("ROWMILL_MODEL");
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (model && *model) {
		strbuf_add_string(folder, model);
		return;
	}
	/* The XDG specification has relative paths ignored. */
	if (data && *data == '/') {
		strbuf_add_string(folder, data);
	} else {
		strbuf_add_string(folder, home ? home : "");
		strbuf_add_string(folder, "/.local/share");
	}
	strbuf_add_string(folder, "/rowmill/models/" MODEL_NAME);
}

static enum status wrong_config(struct error *err, const char *member)
{
	return error_set(err, STATUS_CORRUPT, "model-damaged",
			 "config.json is not that of " MODEL_NAME ": '%s' has another value.",
			 member);
}

/* The numbers that the weights' shapes do not tell. */
static enum status check_config(const char *path, struct error *err)
{
	static const struct {
		const char *name;
		json_int_t value;
	} members[] = {{"hidden_size", HIDDEN},
		       {"num_hidden_layers", LAYERS},
		       {"num_attention_heads", HEADS},
		       {"intermediate_size", INNER},
		       {"vocab_size", VOCABULARY},
		       {"max_position_embeddings", POSITIONS},
		       {"type_vocab_size", TOKEN_TYPES}};
	enum status status = STATUS_OK;
	json_error_t problem;

	errno = 0;
	json_t *config = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
	if (!config && errno == ENOENT)
		return error_set(err, STATUS_NOT_FOUND, "model-missing",
				 "There is no config.json in the model's folder.");
	if (!config)
		return error_set(err, STATUS_CORRUPT, "model-damaged",
				 "config.json cannot be read as JSON (line %d).", problem.line);
	for (size_t i = 0; i < sizeof members / sizeof *members && status == STATUS_OK; i++) {
		const json_t *member = json_object_get(config, members[i].name);
		if (!json_is_integer(member) || json_integer_value(member) != members[i].value)
			status = wrong_config(err, members[i].name);
	}
	const char *activation = json_string_value(json_object_get(config, "hidden_act"));
	double epsilon = json_number_value(json_object_get(config, "layer_norm_eps"));
	if (status == STATUS_OK && (!activation || strcmp(activation, "gelu") != 0))
		status = wrong_config(err, "hidden_act");
	if (status == STATUS_OK && (epsilon < 0.99e-12 || epsilon > 1.01e-12))
		status = wrong_config(err, "layer_norm_eps");
	json_decref(config);
	return status;
}

static bool join(char path[PATH_CAP], const char *folder, const char *name)
{
	int size = snprintf(path, PATH_CAP, "%s/%s", folder, name);

	return size > 0 && size < PATH_CAP;
}

static enum status open_parts(struct embed_model *model, const char *folder, struct error *err)
{
	char path[PATH_CAP];

	if (!join(path, folder, "config.json"))
		return error_set(err, STATUS_INVALID, NULL, "The model folder's path is too long.");
	enum status status = check_config(path, err);
	if (status == STATUS_OK && join(path, folder, "vocab.txt"))
		status = tokenizer_open(path, VOCABULARY, &model->tokenizer, err);
	if (status == STATUS_OK && join(path, folder, "model.safetensors"))
		status = weights_read(model, path, err);
	return status;
}

/* Says what is to be done where there is no model; the folder itself stays in the log. */
static void add_remedy(struct error *err)
{
	size_t size;

	if (!err || strcmp(err->code, "model-missing") != 0)
		return;
	size = strlen(err->detail);
	snprintf(err->detail + size, sizeof err->detail - size,
		 " './run setup' fetches the model; where it lies elsewhere, set ROWMILL_MODEL to"
		 " the folder.");
}

/* One range for the weights of all layers, so that huge pages can hold them. */
static void *new_pool(size_t size)
{
	size = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	void *pool = aligned_alloc(HUGE_PAGE, size);

	if (pool)
		madvise(pool, size, MADV_HUGEPAGE); /* where it is refused, it is only slower */
	return pool;
}

static bool new_block_pool(struct embed_model *model)
{
	size_t count = 0;

	for (enum matmul_kind kind = 0; kind < MATMUL_KINDS; kind++)
		count += blocks_count(matmul_width(kind), matmul_length(kind));
	struct block_weights *pool = new_pool(count * LAYERS * sizeof *pool);
	model->block_pool = pool;
	for (size_t i = 0; pool && i < LAYERS; i++)
		for (enum matmul_kind kind = 0; kind < MATMUL_KINDS; kind++) {
			model->layers[i].blocks[kind] = pool;
			pool += blocks_count(matmul_width(kind), matmul_length(kind));
		}
	return model->block_pool;
}

/* In the order in which they are used: a product fetches what lies behind its last strip. */
static bool new_strip_pool(struct embed_model *model)
{
	static const size_t number_sizes[] = {
		[EMBED_F32] = sizeof(float), [EMBED_BF16] = sizeof(uint16_t), [EMBED_INT8] = 1};
	size_t number_size = number_sizes[model->precision], size = 0;

	for (enum matmul_kind kind = 0; kind < MATMUL_KINDS; kind++)
		size += matmul_width(kind) * matmul_length(kind) * number_size;
	char *pool = new_pool(size * LAYERS);
	model->strip_pool = pool;
	for (size_t i = 0; pool && i < LAYERS; i++)
		for (enum matmul_kind kind = 0; kind < MATMUL_KINDS; kind++) {
			model->layers[i].strips[kind] = pool;
			pool += matmul_width(kind) * matmul_length(kind) * number_size;
		}
	return model->strip_pool;
}

static bool is_best_in_strips(const struct kernels *kernels, enum embed_precision precision)
{
	switch (precision) {
	case EMBED_F32:
		return kernels->in_strips.f32;
	case EMBED_BF16:
		return kernels->in_strips.bf16 && !matmul_has_tiles();
	default:
		return kernels->in_strips.bytes && !matmul_has_tiles();
	}
}

static enum status choose_precision(struct embed_model *model, enum embed_precision wanted,
				    struct error *err)
{
	static const enum matmul_type types[] = {
		[EMBED_F32] = MATMUL_F32, [EMBED_BF16] = MATMUL_BF16, [EMBED_INT8] = MATMUL_INT8};

	if (wanted == EMBED_AUTO)
		wanted = matmul_support(MATMUL_BF16) == MATMUL_FAST ? EMBED_BF16 : EMBED_F32;
	model->precision = wanted;
	if (is_best_in_strips(model->kernels, wanted))
		return new_strip_pool(model) ? STATUS_OK : error_no_memory(err);
	enum matmul_support support = matmul_support(types[wanted]);
	if (support == MATMUL_NONE && wanted != EMBED_INT8)
		return error_set(err, STATUS_UNSUPPORTED, "precision-unsupported",
				 "This processor cannot embed in %s; 'auto' and f32 work.",
				 precision_names[wanted]);
	if (support == MATMUL_NONE)
		return new_block_pool(model) ? STATUS_OK : error_no_memory(err);
	model->engine = matmul_engine_new(types[wanted]);
	return model->engine ? STATUS_OK : error_no_memory(err);
}

enum status embed_model_open(const char *folder, const struct embed_options *options,
			     struct embed_model **model, struct error *err)
{
	size_t size = (sizeof(struct embed_model) + PACKED_ALIGNMENT - 1) / PACKED_ALIGNMENT *
		      PACKED_ALIGNMENT;
	struct embed_model *made = aligned_alloc(PACKED_ALIGNMENT, size);

	if (!made)
		return error_no_memory(err);
	memset(made, 0, size);
	made->kernels = kernels_select(getenv("ROWMILL_KERNELS"));
	enum status status =
		choose_precision(made, options ? options->precision : EMBED_AUTO, err);
	if (status == STATUS_OK)
		status = open_parts(made, folder, err);
	if (status != STATUS_OK) {
		add_remedy(err);
		embed_model_close(made);
		return status;
	}
	*model = made;
	return STATUS_OK;
}

void embed_model_close(struct embed_model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < LAYERS; i++)
		for (size_t kind = 0; kind < MATMUL_KINDS; kind++)
			matmul_weights_free(model->layers[i].products[kind]);
	matmul_engine_free(model->engine);
	free(model->block_pool);
	free(model->strip_pool);
	tokenizer_close(model->tokenizer);
	free(model->words);
	free(model);
}

const struct tokenizer *embed_model_tokenizer(const struct embed_model *model)
{
	return model->tokenizer;
}

enum embed_precision embed_model_precision(const struct embed_model *model)
{
	return model->precision;
}

const char *embed_model_name(const struct embed_model *model)
{
	(void)model;
	return MODEL_NAME;
}
