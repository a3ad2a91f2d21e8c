#include "embed_support.h"

#include <math.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/strbuf.h"

const struct embed_model *test_model(enum embed_precision precision)
{
	static struct embed_model *models[8];
	struct embed_options options = {.precision = precision};
	struct strbuf folder;
	struct error err;

	if (models[precision])
		return models[precision];
	strbuf_init(&folder, 4096);
	embed_default_folder(&folder);
	enum status status = embed_model_open(folder.data, &options, &models[precision], &err);
	if (status == STATUS_UNSUPPORTED)
		print_message("# SKIPPED: %s\n", err.detail);
	else if (status != STATUS_OK)
		fail_msg("The model in %s cannot be opened: %s", folder.data, err.detail);
	strbuf_release(&folder);
	return models[precision];
}

static void read_line(struct reference *reference, const char *line, size_t size)
{
	json_error_t problem;
	size_t at = reference->count, i;
	json_t *value;

	json_t *root = json_loadb(line, size, JSON_ALLOW_NUL, &problem);
	const json_t *text = json_object_get(root, "text"), *ids = json_object_get(root, "ids");
	assert_true(json_is_string(text) && json_is_array(ids));
	assert_in_range(json_array_size(ids), 2, EMBED_MAX_TOKENS);
	reference->text_sizes[at] = json_string_length(text);
	reference->texts[at] = malloc(json_string_length(text) + 1);
	assert_non_null(reference->texts[at]);
	memcpy(reference->texts[at], json_string_value(text), json_string_length(text) + 1);
	reference->id_counts[at] = (uint32_t)json_array_size(ids);
	json_array_foreach(ids, i, value)
		reference->ids[at][i] = (int32_t)json_integer_value(value);
	reference->count++;
	json_decref(root);
}

const struct reference *test_reference(void)
{
	static struct reference reference;

	if (reference.count)
		return &reference;
	struct slice lines = read_file(shared_path("reference/texts.jsonl"));
	struct slice vectors = read_file(shared_path("reference/embeddings.f32"));
	size_t count = vectors.size / (EMBED_DIMENSION * sizeof(float));

	reference.texts = calloc(count, sizeof *reference.texts);
	reference.text_sizes = calloc(count, sizeof *reference.text_sizes);
	reference.ids = calloc(count, sizeof *reference.ids);
	reference.id_counts = calloc(count, sizeof *reference.id_counts);
	reference.vectors = (float *)(uintptr_t)vectors.data;
	assert_true(reference.texts && reference.text_sizes && reference.ids &&
		    reference.id_counts);
	for (size_t at = 0; at < lines.size;) {
		size_t end = slice_find(lines, '\n', at);
		assert_true(reference.count < count);
		read_line(&reference, lines.data + at, end - at);
		at = end + 1;
	}
	assert_int_equal(reference.count, count);
	free((void *)(uintptr_t)lines.data);
	return &reference;
}

double cosine(const float *a, const float *b)
{
	double dot = 0, aa = 0, bb = 0;

	for (size_t i = 0; i < EMBED_DIMENSION; i++) {
		dot += (double)a[i] * (double)b[i];
		aa += (double)a[i] * (double)a[i];
		bb += (double)b[i] * (double)b[i];
	}
	return dot / sqrt(aa * bb);
}

static void add_accuracy(struct accuracy *accuracy, const struct reference *reference, size_t first,
			 size_t end, const float *vectors)
{
	for (size_t i = first; i < end; i++) {
		double c = cosine(vectors + (i - first) * EMBED_DIMENSION,
				  reference->vectors + i * EMBED_DIMENSION);
		accuracy->mean += c / (double)reference->count;
		if (!(c >= accuracy->least)) { /* also where c is no number */
			accuracy->least = c;
			accuracy->worst = i;
		}
	}
}

struct accuracy test_accuracy(enum embed_precision precision, size_t batch_tokens)
{
	const struct reference *reference = test_reference();
	const struct embed_model *model = test_model(precision);
	struct embed_workspace *workspace = embed_workspace_new(model, batch_tokens);
	float *vectors = calloc(reference->count * EMBED_DIMENSION, sizeof *vectors);
	int32_t *ids = calloc(batch_tokens, sizeof *ids);
	struct accuracy accuracy = {.least = 2};
	struct error err;
	size_t first = 0;

	assert_true(workspace && vectors && ids);
	while (first < reference->count) {
		size_t end = first, tokens = 0;
		while (end < reference->count &&
		       tokens + reference->id_counts[end] <= batch_tokens) {
			memcpy(ids + tokens, reference->ids[end],
			       reference->id_counts[end] * sizeof *ids);
			tokens += reference->id_counts[end++];
		}
		assert_ok(embed_run(model, workspace, ids, reference->id_counts + first,
				    end - first, vectors, &err),
			  &err);
		add_accuracy(&accuracy, reference, first, end, vectors);
		first = end;
	}
	embed_workspace_free(workspace);
	free(vectors);
	free(ids);
	return accuracy;
}
