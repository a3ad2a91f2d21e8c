#include "import/slab.h"

#include "base/log.h"
#include "import/record_text.h"

#include <stdlib.h>

#include "base/banned.h"

enum {
	TEXT_CAP = 32 << 20,
	ARENA_CAP = 512 << 20,
};

bool slab_init(struct slab *slab, struct store *store, const struct embed_model *model,
	       struct embed_batcher *batcher, struct schema_cache *schemas, struct text_once *once,
	       _Atomic uint64_t *computed)
{
	*slab = (struct slab){.store = store, .model = model, .batcher = batcher, .schemas = schemas,
			      .once = once, .computed = computed};
	arena_init(&slab->arena, ARENA_CAP);
	strbuf_init(&slab->text, TEXT_CAP);
	slab->vectors = malloc(sizeof(float) * SLAB_RECORDS * EMBED_DIMENSION);
	slab->batch = malloc(sizeof(float) * SLAB_RECORDS * EMBED_DIMENSION);
	return slab->vectors && slab->batch;
}

void slab_release(struct slab *slab)
{
	free(slab->vectors);
	free(slab->batch);
	strbuf_release(&slab->text);
	arena_release(&slab->arena);
	*slab = (struct slab){0};
}

void slab_clear(struct slab *slab)
{
	arena_reset(&slab->arena);
	slab->count = 0;
}

/* ---- texts ---- */

/* Appends the text that stands for a record, from its stored data. */
static enum status write_text(struct slab *slab, const struct pending_record *pending,
			      struct error *err)
{
	const struct schema *schema;
	enum status status = schema_cache_get(slab->schemas, pending->schema,
					      pending->schema_document, &schema, err);

	/* The import was deleted meanwhile, and its record with it: no vector will be kept. */
	if (status == STATUS_NOT_FOUND && pending->schema_document)
		return STATUS_OK;
	if (status != STATUS_OK)
		return status == STATUS_NOT_FOUND
			       ? error_set(err, STATUS_CORRUPT, NULL, "record %lld has an unknown schema",
					   (long long)pending->id)
			       : status;
	status = record_text_write(schema, pending->data, &slab->arena, &slab->text, err);
	schema_release(schema);
	return status;
}

static enum status read_text(struct slab *slab, size_t i, struct error *err)
{
	size_t start = record_text_begin(slab->model, &slab->text);
	enum status status = write_text(slab, &slab->records[i], err);
	if (status == STATUS_CORRUPT || status == STATUS_INVALID) {
		/* Somebody else wrote this row: its text is what there is of it. */
		log_warning(LOG_EVENT("record's data is no JSON; embedded as it stands"),
			    LOG_INT("record_id", slab->records[i].id));
		slab->text.size = start;
		strbuf_add_slice(&slab->text, slab->records[i].data);
	} else if (status != STATUS_OK) {
		return status;
	}
	if (!strbuf_ok(&slab->text) ||
	    !arena_copy(&slab->arena, slice_of(slab->text.data + start, slab->text.size - start),
			&slab->texts[i]))
		return error_no_memory(err);
	record_text_hash(&slab->text, &slab->hashes[i]);
	return STATUS_OK;
}

enum status slab_read_texts(struct slab *slab, struct error *err)
{
	for (size_t i = 0; i < slab->count; i++) {
		enum status status = read_text(slab, i, err);
		if (status != STATUS_OK)
			return status;
		uint32_t first = 0;
		while (memcmp(slab->hashes[first].bytes, slab->hashes[i].bytes, TEXT_HASH_SIZE) != 0)
			first++;
		slab->first[i] = first;
		slab->claimed[i] = slab->ready[i] = slab->taken[i] = slab->truncated[i] = false;
	}
	return STATUS_OK;
}

/* ---- vectors ---- */

/* A text that this worker is to find or compute. */
static bool is_wanted(const struct slab *slab, size_t i)
{
	return slab->claimed[i] && !slab->ready[i];
}

static enum status claim_texts(struct slab *slab, struct error *err)
{
	for (size_t i = 0; i < slab->count; i++) {
		bool failed = false;
		if (slab->first[i] != i || slab->ready[i] || slab->claimed[i])
			continue;
		slab->claimed[i] = text_once_claim(slab->once, &slab->hashes[i], &failed);
		if (failed)
			return error_no_memory(err);
	}
	return STATUS_OK;
}

static void set_vector(struct slab *slab, uint32_t i, const float *vector)
{
	memcpy(slab->vectors + i * EMBED_DIMENSION, vector, EMBED_DIMENSION * sizeof *vector);
	slab->ready[i] = true;
}

/* Takes over what the store has. Only after the claim: what another worker computed was stored
 * before it gave its claim back. */
static enum status find_stored(struct slab *slab, struct error *err)
{
	struct store_reader *reader = NULL;
	struct text_hash hashes[SLAB_RECORDS];
	const float *found[SLAB_RECORDS];
	uint32_t which[SLAB_RECORDS];
	size_t count = 0;

	for (uint32_t i = 0; i < slab->count; i++)
		if (is_wanted(slab, i)) {
			hashes[count] = slab->hashes[i];
			which[count++] = i;
		}
	enum status status = slab->store->call->open_reader(slab->store, &reader, err);
	if (status == STATUS_OK)
		status = slab->store->call->find_vectors(reader, hashes[0].bytes, count,
							 &slab->arena, found, err);
	slab->store->call->close_reader(slab->store, reader);
	for (size_t j = 0; status == STATUS_OK && j < count; j++)
		if (found[j]) {
			set_vector(slab, which[j], found[j]);
			slab->truncated[which[j]] = record_text_is_truncated(slab->model, slab->texts[which[j]]);
		}
	return status;
}

static enum status compute(struct slab *slab, struct error *err)
{
	uint32_t which[SLAB_RECORDS];
	size_t count = 0;

	embed_batcher_clear(slab->batcher);
	for (uint32_t i = 0; i < slab->count; i++)
		if (is_wanted(slab, i)) {
			embed_batcher_add(slab->batcher, slab->texts[i], &slab->truncated[i]);
			which[count++] = i;
		}
	enum status status = embed_batcher_run(slab->batcher, slab->batch, err);
	for (size_t j = 0; status == STATUS_OK && j < count; j++)
		set_vector(slab, which[j], slab->batch + j * EMBED_DIMENSION);
	if (status == STATUS_OK)
		*slab->computed += count;
	return status;
}

enum status slab_embed(struct slab *slab, struct error *err)
{
	enum status status = claim_texts(slab, err);

	if (status == STATUS_OK)
		status = find_stored(slab, err);
	return status == STATUS_OK ? compute(slab, err) : status;
}

bool slab_is_ready(const struct slab *slab)
{
	size_t i = 0;

	while (i < slab->count && slab->ready[slab->first[i]])
		i++;
	return i == slab->count;
}

size_t slab_take_ready(struct slab *slab, struct record_vector vectors[SLAB_RECORDS])
{
	size_t count = 0;

	for (size_t i = 0; i < slab->count; i++) {
		uint32_t first = slab->first[i];
		if (slab->taken[i] || !slab->ready[first])
			continue;
		slab->taken[i] = true;
		vectors[count++] = (struct record_vector){
			.id = slab->records[i].id,
			.import_id = slab->records[i].import_id,
			.vector = slab->vectors + first * EMBED_DIMENSION,
			.text_hash = slab->hashes[first].bytes,
			.truncated = slab->truncated[first],
		};
	}
	return count;
}

void slab_give_back(struct slab *slab)
{
	for (size_t i = 0; i < slab->count; i++)
		if (slab->claimed[i]) {
			text_once_give_back(slab->once, &slab->hashes[i]);
			slab->claimed[i] = false;
		}
}

bool slab_is_done(const struct slab *slab)
{
	size_t i = 0;

	while (i < slab->count && slab->taken[i])
		i++;
	return i == slab->count;
}

void slab_wait(struct slab *slab)
{
	for (size_t i = 0; i < slab->count; i++)
		if (!slab->taken[i])
			text_once_wait(slab->once, &slab->hashes[i]);
}
