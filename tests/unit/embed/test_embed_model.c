/* Opening a model folder, and what a model gives for batches however they are put together. */
#include "embed_support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "embed/batcher.h"
#include "embed/model.h"

static const char *const files[] = {"config.json", "vocab.txt", "model.safetensors"};

static void join(char path[4096], const char *folder, const char *name)
{
	snprintf(path, 4096, "%s/%s", folder, name);
}

/* A folder that has the default folder's files by links, but for `own`. */
static const char *linked_folder(const char *own)
{
	const char *folder = make_temporary_folder();
	struct strbuf original;

	strbuf_init(&original, 4096);
	embed_default_folder(&original);
	for (size_t i = 0; i < 3; i++) {
		char from[4096], to[4096];
		join(from, original.data, files[i]);
		join(to, folder, files[i]);
		if (strcmp(files[i], own) != 0)
			assert_int_equal(symlink(from, to), 0);
	}
	strbuf_release(&original);
	return folder;
}

static struct slice read_original(const char *name)
{
	struct strbuf original;
	char path[4096];

	strbuf_init(&original, 4096);
	embed_default_folder(&original);
	join(path, original.data, name);
	strbuf_release(&original);
	return read_file(path);
}

static void write_own(const char *folder, const char *name, struct slice bytes)
{
	char path[4096];

	join(path, folder, name);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
	assert_int_equal(fclose(file), 0);
}

static void assert_open_fails(const char *folder, enum status expected, const char *code,
			      const char *reason)
{
	struct embed_model *model = NULL;
	struct error err = {0};

	assert_int_equal(embed_model_open(folder, NULL, &model, &err), expected);
	assert_null(model);
	assert_string_equal(err.code, code);
	if (!strstr(err.detail, reason))
		fail_msg("'%s' says nothing of '%s'", err.detail, reason);
}

static void assert_own_refused(const char *name, struct slice bytes, const char *reason)
{
	const char *folder = linked_folder(name);

	write_own(folder, name, bytes);
	assert_open_fails(folder, STATUS_CORRUPT, "model-damaged", reason);
}

static void a_missing_file_is_named_with_the_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const char *folder = linked_folder(files[i]);
		assert_open_fails(folder, STATUS_NOT_FOUND, "model-missing", files[i]);
		assert_open_fails(folder, STATUS_NOT_FOUND, "model-missing", "ROWMILL_MODEL");
	}
	assert_open_fails("/nowhere", STATUS_NOT_FOUND, "model-missing", "./run setup");
}

static void a_configuration_of_another_model_is_refused(void **state)
{
	const char *const members[][2] = {
		{"\"hidden_size\": 384", "\"hidden_size\": 768"},
		{"\"num_hidden_layers\": 6", "\"num_hidden_layers\": 12"},
		{"\"num_attention_heads\": 12", "\"num_attention_heads\": 6.0"},
		{"\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\""},
		{"\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": 1e-5"},
		{"\"vocab_size\": 30522", "\"vocab_size\": \"30522\""},
	};
	struct slice config = read_original("config.json");

	(void)state;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const char *at = strstr(config.data, members[i][0]);
		char changed[2048];
		assert_non_null(at);
		int size = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - config.data),
				    config.data, members[i][1], at + strlen(members[i][0]));
		assert_own_refused("config.json", slice_of(changed, (size_t)size), "config.json");
	}
	assert_own_refused("config.json", SLICE("{"), "JSON");
	assert_own_refused("config.json", SLICE(""), "JSON");
	assert_own_refused("config.json", SLICE("[]"), "hidden_size");
	free((void *)(uintptr_t)config.data);
}

static void a_bent_vocabulary_is_refused_with_its_line(void **state)
{
	struct slice good = read_original("vocab.txt");
	char *bytes = (char *)(uintptr_t)good.data;
	char *line_101 = strstr(bytes, "[CLS]"), *the = strstr(bytes, "\nthe\n") + 1;

	(void)state;
	assert_own_refused("vocab.txt", slice_of(bytes, good.size - 10), "lines");
	assert_own_refused("vocab.txt", SLICE(""), "lines");
	*line_101 = '(';
	assert_own_refused("vocab.txt", good, "no line [CLS]");
	*line_101 = '[';
	memcpy(the, "and", 3);
	assert_own_refused("vocab.txt", good, "twice");
	memcpy(the, "\xFFhe", 3);
	assert_own_refused("vocab.txt", good, "line 1997 is no UTF-8");
	memcpy(the, "th\n", 3);
	assert_own_refused("vocab.txt", good, "empty");
	free(bytes);
}

static void a_vocabulary_cut_anywhere_is_refused(void **state)
{
	struct slice good = read_original("vocab.txt");
	const char *folder = linked_folder("vocab.txt");

	(void)state;
	/* Without its last byte, a line end, it is whole. */
	for (size_t size = 1; size < good.size - 1; size += size < good.size - 4000 ? 3989 : 37) {
		write_own(folder, "vocab.txt", slice_of(good.data, size));
		assert_open_fails(folder, STATUS_CORRUPT, "model-damaged", "vocab.txt");
	}
	free((void *)(uintptr_t)good.data);
}

static void a_weights_file_cut_anywhere_is_refused(void **state)
{
	struct slice good = read_original("model.safetensors");
	const size_t sizes[] = {0, 7, 8, 11415, 11416, 5000000, good.size / 2, good.size - 1};
	const char *folder = linked_folder("model.safetensors");

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		write_own(folder, "model.safetensors", slice_of(good.data, sizes[i]));
		assert_open_fails(folder, STATUS_CORRUPT, "model-damaged", "model.safetensors");
	}
	free((void *)(uintptr_t)good.data);
}

static void a_weights_file_with_a_bent_tensor_is_refused(void **state)
{
	struct slice good = read_original("model.safetensors");
	char *bytes = (char *)(uintptr_t)good.data;
	const char *folder = linked_folder("model.safetensors");

	(void)state;
	char *name = memmem(bytes, 12000, "layer.5.output.dense.bias", 25);
	assert_non_null(name);
	name[6] = '6';
	write_own(folder, "model.safetensors", good);
	assert_open_fails(folder, STATUS_CORRUPT, "model-damaged", "layer.5.output.dense.bias");
	name[6] = '5';
	memset(bytes + 11416 + 47700000, 0xFF, 4);
	write_own(folder, "model.safetensors", good);
	assert_open_fails(folder, STATUS_CORRUPT, "model-damaged", "finite");
	free(bytes);
}

static void the_default_folder_follows_the_environment(void **state)
{
	const char *names[] = {"ROWMILL_MODEL", "XDG_DATA_HOME", "HOME"};
	char *kept[3];
	struct strbuf folder;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		kept[i] = getenv(names[i]) ? strdup(getenv(names[i])) : NULL;
	strbuf_init(&folder, 4096);
	setenv("HOME", "/home/ada", 1);
	unsetenv("ROWMILL_MODEL");
	unsetenv("XDG_DATA_HOME");
	embed_default_folder(&folder);
	assert_string_equal(folder.data, "/home/ada/.local/share/rowmill/models/all-MiniLM-L6-v2");
	strbuf_clear(&folder);
	setenv("XDG_DATA_HOME", "/data", 1);
	embed_default_folder(&folder);
	assert_string_equal(folder.data, "/data/rowmill/models/all-MiniLM-L6-v2");
	strbuf_clear(&folder);
	setenv("ROWMILL_MODEL", "/m", 1);
	embed_default_folder(&folder);
	assert_string_equal(folder.data, "/m");
	strbuf_release(&folder);
	for (size_t i = 0; i < 3; i++) {
		if (kept[i])
			setenv(names[i], kept[i], 1);
		else
			unsetenv(names[i]);
		free(kept[i]);
	}
}

static void precisions_are_read_and_named(void **state)
{
	enum embed_precision precision = EMBED_AUTO;

	(void)state;
	assert_true(embed_precision_parse(SLICE("f32"), &precision));
	assert_int_equal(precision, EMBED_F32);
	assert_true(embed_precision_parse(SLICE("auto"), &precision));
	assert_int_equal(precision, EMBED_AUTO);
	assert_true(embed_precision_parse(SLICE("bf16"), &precision));
	assert_int_equal(precision, EMBED_BF16);
	assert_true(embed_precision_parse(SLICE("int8"), &precision));
	assert_int_equal(precision, EMBED_INT8);
	assert_string_equal(embed_precision_name(EMBED_INT8), "int8");
	assert_false(embed_precision_parse(SLICE("f64"), &precision));
	assert_false(embed_precision_parse(SLICE(""), &precision));
	assert_string_equal(embed_precision_name(EMBED_F32), "f32");
}

enum { TEXTS = 24 };

/* Texts of all sizes with random ids. Returns the number of tokens. */
static size_t random_batch(uint64_t *random, int32_t *ids, uint32_t sizes[TEXTS])
{
	size_t tokens = 0;

	for (size_t i = 0; i < TEXTS; i++) {
		sizes[i] = 2 + (uint32_t)(random_next(random) %
					  (i % 8 == 0 ? EMBED_MAX_TOKENS - 1 : 30));
		for (size_t j = 0; j < sizes[i]; j++)
			ids[tokens++] = (int32_t)(random_next(random) % 30522);
	}
	return tokens;
}

/* A text's numbers do not depend on its neighbours; only the order of oneDNN's sums may. */
static void check_batches(enum embed_precision precision, float tolerance)
{
	const struct embed_model *model = test_model(precision);
	static int32_t ids[TEXTS * EMBED_MAX_TOKENS];
	static float together[TEXTS][EMBED_DIMENSION], alone[EMBED_DIMENSION];
	uint32_t sizes[TEXTS];
	uint64_t random = random_seed();
	struct error err;

	if (!model)
		return;
	if (model->strip_pool)
		tolerance = 0;
	struct embed_workspace *workspace = embed_workspace_new(model, TEXTS * EMBED_MAX_TOKENS);
	assert_non_null(workspace);
	random_batch(&random, ids, sizes);
	assert_ok(embed_run(model, workspace, ids, sizes, TEXTS, together[0], &err), &err);
	for (size_t i = 0, at = 0; i < TEXTS; at += sizes[i++]) {
		assert_ok(embed_run(model, workspace, ids + at, &sizes[i], 1, alone, &err), &err);
		for (size_t j = 0; j < EMBED_DIMENSION; j++)
			assert_float_equal(together[i][j], alone[j], tolerance);
	}
	embed_workspace_free(workspace);
}

static void a_text_has_the_same_vector_alone_and_in_any_batch(void **state)
{
	(void)state;
	check_batches(EMBED_F32, 3e-6F);
	check_batches(EMBED_BF16, 3e-3F);
	check_batches(EMBED_INT8, 1e-5F);
}

static void embed_few(const struct embed_model *model, float vectors[3][EMBED_DIMENSION])
{
	static const uint32_t sizes[] = {2, 65, 30};
	struct embed_workspace *workspace = embed_workspace_new(model, EMBED_MAX_TOKENS);
	int32_t ids[2 + 65 + 30];
	struct error err;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		ids[i] = (int32_t)(1000 + 251 * i);
	assert_non_null(workspace);
	assert_ok(embed_run(model, workspace, ids, sizes, 3, vectors[0], &err), &err);
	embed_workspace_free(workspace);
}

/* float32 goes through oneDNN or through strips; which, the kernels say. */
static void every_table_of_kernels_gives_the_same_f32_vectors(void **state)
{
	const struct embed_options options = {.precision = EMBED_F32};
	const char *folder = linked_folder("");
	float vectors[3][EMBED_DIMENSION], others[3][EMBED_DIMENSION];
	const struct kernels *kernels;
	struct embed_model *model;
	struct error err;

	(void)state;
	embed_few(test_model(EMBED_F32), vectors);
	const char *most = getenv("ROWMILL_KERNELS");
	char *kept = most ? strdup(most) : NULL;
	for (size_t table = 0; (kernels = kernels_table(table)); table++) {
		setenv("ROWMILL_KERNELS", kernels->name, 1);
		assert_ok(embed_model_open(folder, &options, &model, &err), &err);
		assert_ptr_equal(model->kernels, kernels);
		assert_int_equal(model->strip_pool != NULL, kernels->in_strips.f32);
		embed_few(model, others);
		for (size_t i = 0; i < 3; i++)
			for (size_t j = 0; j < EMBED_DIMENSION; j++)
				assert_float_equal(vectors[i][j], others[i][j], 3e-6F);
		embed_model_close(model);
	}
	if (kept)
		setenv("ROWMILL_KERNELS", kept, 1);
	else
		unsetenv("ROWMILL_KERNELS");
	free(kept);
}

static void a_vector_has_norm_one(void **state)
{
	const struct embed_model *model = test_model(EMBED_F32);
	struct embed_workspace *workspace = embed_workspace_new(model, 0);
	const int32_t ids[] = {101, 7592, 102};
	const uint32_t size = 3;
	float vector[EMBED_DIMENSION];
	double squares = 0;
	struct error err;

	(void)state;
	assert_ok(embed_run(model, workspace, ids, &size, 1, vector, &err), &err);
	for (size_t i = 0; i < EMBED_DIMENSION; i++)
		squares += (double)vector[i] * (double)vector[i];
	assert_float_equal(squares, 1, 1e-6);
	embed_workspace_free(workspace);
}

static void a_run_of_batches_ends_when_it_is_to_stop(void **state)
{
	struct embed_batcher *batcher = embed_batcher_new(test_model(EMBED_F32), 2);
	static float vectors[2][EMBED_DIMENSION];
	atomic_bool stop = true;
	bool truncated;
	struct error err;

	(void)state;
	embed_batcher_stop_on(batcher, &stop);
	assert_true(embed_batcher_add(batcher, SLICE("one"), &truncated));
	assert_int_equal(embed_batcher_run(batcher, vectors[0], &err), STATUS_CANCELLED);
	assert_int_equal(embed_batcher_count(batcher), 0);
	stop = false;
	assert_true(embed_batcher_add(batcher, SLICE("one"), &truncated));
	assert_ok(embed_batcher_run(batcher, vectors[0], &err), &err);
	embed_batcher_free(batcher);
}

static void a_batch_that_cannot_be_is_refused(void **state)
{
	const struct embed_model *model = test_model(EMBED_F32);
	struct embed_workspace *workspace = embed_workspace_new(model, EMBED_MAX_TOKENS);
	static int32_t ids[EMBED_MAX_TOKENS + 2];
	static float vectors[2][EMBED_DIMENSION];
	uint32_t sizes[] = {2, EMBED_MAX_TOKENS};
	struct error err;

	(void)state;
	assert_int_equal(embed_run(model, workspace, ids, sizes, 2, vectors[0], &err),
			 STATUS_TOO_LARGE);
	assert_ok(embed_run(model, workspace, ids, sizes + 1, 1, vectors[0], &err), &err);
	assert_ok(embed_run(model, workspace, ids, sizes, 0, vectors[0], &err), &err);
	const uint32_t bad_sizes[] = {0, 1, EMBED_MAX_TOKENS + 1, UINT32_MAX};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(embed_run(model, workspace, ids, &bad_sizes[i], 1, vectors[0], &err),
				 STATUS_INVALID);
	const int32_t bad_ids[] = {-1, 30522, INT32_MAX, INT32_MIN};
	for (size_t i = 0; i < 4; i++) {
		ids[1] = bad_ids[i];
		assert_int_equal(embed_run(model, workspace, ids, sizes, 1, vectors[0], &err),
				 STATUS_INVALID);
	}
	embed_workspace_free(workspace);
}

struct job {
	const int32_t *ids;
	const uint32_t *sizes;
	const float *expected;
	bool same;
};

static void *embed_many(void *argument)
{
	const struct embed_model *model = test_model(EMBED_F32);
	struct embed_workspace *workspace = embed_workspace_new(model, TEXTS * EMBED_MAX_TOKENS);
	float *vectors = calloc(TEXTS * EMBED_DIMENSION, sizeof *vectors);
	struct job *job = argument;

	job->same = workspace && vectors;
	for (int i = 0; i < 3 && job->same; i++)
		job->same = embed_run(model, workspace, job->ids, job->sizes, TEXTS, vectors,
				      NULL) == STATUS_OK &&
			    memcmp(vectors, job->expected,
				   TEXTS * EMBED_DIMENSION * sizeof *vectors) == 0;
	embed_workspace_free(workspace);
	free(vectors);
	return NULL;
}

static void threads_with_their_own_workspaces_share_a_model(void **state)
{
	const struct embed_model *model = test_model(EMBED_F32);
	struct embed_workspace *workspace = embed_workspace_new(model, TEXTS * EMBED_MAX_TOKENS);
	static int32_t ids[TEXTS * EMBED_MAX_TOKENS];
	static float expected[TEXTS][EMBED_DIMENSION];
	uint32_t sizes[TEXTS];
	uint64_t random = random_seed();
	pthread_t threads[4];
	struct job jobs[4];
	struct error err;

	(void)state;
	random_batch(&random, ids, sizes);
	assert_ok(embed_run(model, workspace, ids, sizes, TEXTS, expected[0], &err), &err);
	for (size_t i = 0; i < 4; i++) {
		jobs[i] = (struct job){ids, sizes, expected[0], false};
		assert_int_equal(pthread_create(&threads[i], NULL, embed_many, &jobs[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_true(jobs[i].same);
	}
	embed_workspace_free(workspace);
}

/* An argument chooses tests by their names. */
int main(int argc, char **argv)
{
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_file_is_named_with_the_remedy),
		cmocka_unit_test(a_configuration_of_another_model_is_refused),
		cmocka_unit_test(a_bent_vocabulary_is_refused_with_its_line),
		cmocka_unit_test(a_vocabulary_cut_anywhere_is_refused),
		cmocka_unit_test(a_weights_file_cut_anywhere_is_refused),
		cmocka_unit_test(a_weights_file_with_a_bent_tensor_is_refused),
		cmocka_unit_test(the_default_folder_follows_the_environment),
		cmocka_unit_test(precisions_are_read_and_named),
		cmocka_unit_test(a_text_has_the_same_vector_alone_and_in_any_batch),
		cmocka_unit_test(every_table_of_kernels_gives_the_same_f32_vectors),
		cmocka_unit_test(a_vector_has_norm_one),
		cmocka_unit_test(a_run_of_batches_ends_when_it_is_to_stop),
		cmocka_unit_test(a_batch_that_cannot_be_is_refused),
		cmocka_unit_test(threads_with_their_own_workspaces_share_a_model),
	};

	return cmocka_run_group_tests_name("embed model", tests, NULL, NULL);
}
