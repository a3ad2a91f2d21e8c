#include "cli/embed_command.h"

#include "base/arena.h"
#include "base/hand_out.h"
#include "base/json_writer.h"
#include "embed/batcher.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	CHUNK_LINES = 8192,     /* lines read, embedded and written together */
	CHUNK_BYTES = 64 << 20, /* or as many bytes */
	SLAB_LINES = 128,       /* at most, that a worker takes at once */
	SLAB_LEAST = 4,
	THREADS_MAX = 256,
};

const struct option_spec embed_command_options[] = {
	{"output", "json|raw", "json", "a JSON array a line, or little-endian float32 rows"},
	{"precision", "auto|f32|bf16|int8", "auto", "arithmetic of the encoder"},
	{"model", "FOLDER", NULL, "folder of the model (default: where the set-up put it)"},
	{"threads", "N", "0", "workers; 0: one a core"},
	{0},
};

/* Some lines of the input on their way to vectors. */
struct chunk {
	struct arena arena; /* the texts */
	struct slice texts[CHUNK_LINES];
	float *vectors; /* [CHUNK_LINES][EMBED_DIMENSION] */
	size_t count;
};

struct job {
	struct embed_model *model;
	struct chunk chunk;
	bool raw;
	uint64_t line; /* of the input, from 1 */

	struct embed_batcher *batchers[THREADS_MAX];
	unsigned threads;
	struct hand_out lines; /* of the chunk */
	_Atomic unsigned next_batcher;
	pthread_mutex_t mutex;
	struct error failure; /* the first; status STATUS_OK: none */
};

/* A line is a string, or an object whose member "text" is one. */
static enum status read_line(struct job *job, struct slice line, struct error *err)
{
	json_error_t reason;
	json_t *value = json_loadb(line.data, line.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &reason);
	const json_t *text = json_is_object(value) ? json_object_get(value, "text") : value;
	enum status status = STATUS_OK;

	if (!value)
		status = error_set(err, STATUS_INVALID, NULL, "line %llu of the input is no JSON: %s",
				   (unsigned long long)job->line, reason.text);
	else if (!json_is_string(text))
		status = error_set(err, STATUS_INVALID, NULL,
				   "line %llu of the input is neither a JSON string nor an object with a "
				   "string \"text\"",
				   (unsigned long long)job->line);
	else if (!arena_copy(&job->chunk.arena,
			     slice_of(json_string_value(text), json_string_length(text)),
			     &job->chunk.texts[job->chunk.count]))
		status = error_no_memory(err);
	else
		job->chunk.count++;
	json_decref(value);
	return status;
}

/* Reads up to a chunk of lines; count 0 at the end of the input. */
static enum status read_chunk(struct job *job, struct error *err)
{
	char *line = NULL;
	size_t allocated = 0;
	enum status status = STATUS_OK;

	arena_reset(&job->chunk.arena);
	job->chunk.count = 0;
	while (status == STATUS_OK && job->chunk.count < CHUNK_LINES &&
	       arena_used(&job->chunk.arena) < CHUNK_BYTES) {
		ssize_t size = getline(&line, &allocated, stdin);
		if (size < 0)
			break;
		job->line++;
		if (slice_trim(slice_of(line, (size_t)size)).size)
			status = read_line(job, slice_of(line, (size_t)size), err);
	}
	free(line);
	if (status == STATUS_OK && ferror(stdin))
		status = error_set(err, STATUS_IO, NULL, "standard input cannot be read");
	return status;
}

static void keep_failure(struct job *job, const struct error *err)
{
	pthread_mutex_lock(&job->mutex);
	if (job->failure.status == STATUS_OK)
		job->failure = *err;
	pthread_mutex_unlock(&job->mutex);
}

static void *worker_main(void *argument)
{
	struct job *job = argument;
	struct embed_batcher *batcher = job->batchers[job->next_batcher++];
	struct chunk *chunk = &job->chunk;
	struct error err;
	size_t first, count;

	while ((count = hand_out_take(&job->lines, &first))) {
		bool truncated;
		for (size_t i = first; i < first + count; i++)
			embed_batcher_add(batcher, chunk->texts[i], &truncated);
		if (embed_batcher_run(batcher, chunk->vectors + first * EMBED_DIMENSION, &err) !=
		    STATUS_OK)
			keep_failure(job, &err);
	}
	return NULL;
}

/* All workers over one chunk; the calling thread is one of them. */
static enum status embed_chunk(struct job *job, struct error *err)
{
	pthread_t threads[THREADS_MAX];
	unsigned started = 0;

	hand_out_init(&job->lines, job->chunk.count, job->threads, SLAB_LEAST, SLAB_LINES);
	job->next_batcher = 0;
	while (started + 1 < job->threads &&
	       pthread_create(&threads[started], NULL, worker_main, job) == 0)
		started++;
	worker_main(job);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	*err = job->failure;
	return err->status;
}

static enum status write_chunk(struct job *job, struct error *err)
{
	const struct chunk *chunk = &job->chunk;
	struct strbuf line;
	struct json_writer json;

	if (job->raw)
		fwrite(chunk->vectors, EMBED_DIMENSION * sizeof(float), chunk->count, stdout);
	strbuf_init(&line, 1 << 20);
	for (size_t i = 0; i < chunk->count && !job->raw; i++) {
		strbuf_clear(&line);
		json_writer_init(&json, &line);
		json_begin_array(&json);
		for (size_t j = 0; j < EMBED_DIMENSION; j++)
			json_put_double(&json, (double)chunk->vectors[i * EMBED_DIMENSION + j], 9);
		json_end_array(&json);
		strbuf_add_byte(&line, '\n');
		fwrite(line.data, 1, line.size, stdout);
	}
	bool failed = !strbuf_ok(&line);
	strbuf_release(&line);
	if (failed)
		return error_no_memory(err);
	if (fflush(stdout) != 0 || ferror(stdout))
		return error_set(err, STATUS_IO, NULL, "standard output cannot be written");
	return STATUS_OK;
}

static enum status open_model(struct job *job, const char *given, const struct embed_options *options,
			      struct error *err)
{
	struct strbuf folder;

	strbuf_init(&folder, 4095);
	if (given)
		strbuf_add_string(&folder, given);
	else
		embed_default_folder(&folder);
	enum status status = strbuf_ok(&folder)
				     ? embed_model_open(folder.data, options, &job->model, err)
				     : error_set(err, STATUS_INVALID, NULL, "--model: the path is too long");
	strbuf_release(&folder);
	return status;
}

static enum status open_job(struct job *job, const struct options *options, struct error *err)
{
	const char *output = option_text(options, "output");
	struct embed_options embed = {0};
	int64_t threads;

	job->raw = strcmp(output, "raw") == 0;
	if (!job->raw && strcmp(output, "json") != 0)
		return error_set(err, STATUS_INVALID, NULL, "--output must be json or raw, not '%s'",
				 output);
	if (!embed_precision_parse(slice_of_string(option_text(options, "precision")),
				   &embed.precision))
		return error_set(err, STATUS_INVALID, NULL, "--precision must be auto, f32, bf16 or int8, not '%s'",
				 option_text(options, "precision"));
	enum status status = option_integer(options, "threads", 0, THREADS_MAX, &threads, err);
	if (status != STATUS_OK)
		return status;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = (unsigned)(threads ? threads : cores > 0 ? cores : 1);
	job->threads = wanted < THREADS_MAX ? wanted : THREADS_MAX;
	status = open_model(job, option_text(options, "model"), &embed, err);
	for (unsigned i = 0; status == STATUS_OK && i < job->threads; i++) {
		job->batchers[i] = embed_batcher_new(job->model, SLAB_LINES);
		if (!job->batchers[i])
			status = error_no_memory(err);
	}
	arena_init(&job->chunk.arena, SIZE_MAX / 2);
	job->chunk.vectors = malloc(sizeof(float) * CHUNK_LINES * EMBED_DIMENSION);
	return status == STATUS_OK && !job->chunk.vectors ? error_no_memory(err) : status;
}

static void close_job(struct job *job)
{
	for (unsigned i = 0; i < job->threads; i++)
		embed_batcher_free(job->batchers[i]);
	embed_model_close(job->model);
	arena_release(&job->chunk.arena);
	free(job->chunk.vectors);
	pthread_mutex_destroy(&job->mutex);
	free(job);
}

int embed_command_run(const struct options *options)
{
	struct job *job = calloc(1, sizeof *job);
	struct error err;

	if (!job) {
		error_no_memory(&err);
		return command_fail(&err);
	}
	pthread_mutex_init(&job->mutex, NULL);
	enum status status = open_job(job, options, &err);
	while (status == STATUS_OK) {
		status = read_chunk(job, &err);
		if (status != STATUS_OK || job->chunk.count == 0)
			break;
		status = embed_chunk(job, &err);
		if (status == STATUS_OK)
			status = write_chunk(job, &err);
	}
	close_job(job);
	return status == STATUS_OK ? 0 : command_fail(&err);
}
