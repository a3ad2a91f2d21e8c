#include "import/correct.h"

#include "base/log.h"
#include "embed/batcher.h"
#include "import/column_feed.h"
#include "import/internal.h"
#include "import/merge.h"
#include "import/record_text.h"
#include "import/renaming.h"
#include "import/row_check.h"
#include "parse/reader.h"

#include "base/banned.h"

enum { SCRATCH_CAP = 256 << 20 };

/* One record on its way from what it was to what it is to be. */
struct correcting {
	struct importer *importer;
	struct arena *arena;
	struct strbuf scratch;

	struct stored_record before;
	struct import import;
	const struct schema *schema;
	struct record record; /* as it is to be */

	bool has_vector;
	float vector[EMBED_DIMENSION];
	struct text_hash hash;
	int more_truncated;
};

/* ---- what is there ---- */

static enum status find_before(struct correcting *correcting, struct store_reader *reader, int64_t record_id,
			       struct error *err)
{
	struct store *store = correcting->importer->config.store;
	struct record_list list;
	enum status status =
		store->call->get_records(reader, &record_id, 1, correcting->arena, &list, err);

	if (status == STATUS_OK && list.count) {
		correcting->before = list.records[0];
		status = store->call->get_import(reader, correcting->before.import_id, correcting->arena,
						 &correcting->import, err);
	}
	if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !list.count))
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is no record %lld", (long long)record_id);
	return status;
}

static enum status read_before(struct correcting *correcting, const struct correction_request *request,
			       struct error *err)
{
	struct store *store = correcting->importer->config.store;
	struct store_reader *reader = NULL;
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = find_before(correcting, reader, request->record_id, err);
	store->call->close_reader(store, reader);
	if (status != STATUS_OK)
		return status;
	const struct import *import = &correcting->import;
	if (import->status != IMPORT_COMPLETED)
		return error_set(err, STATUS_CONFLICT, "import-not-completed",
				 "import %lld is %s; correct its records when it is completed",
				 (long long)import->id, import_status_name(import->status));
	if (request->data_before.data && !slice_equal(request->data_before, correcting->before.data))
		return error_set(err, STATUS_CONFLICT, "changed-meanwhile", "record %lld was changed meanwhile",
				 (long long)request->record_id);
	return schema_cache_get(correcting->importer->config.schemas, import->schema, import->schema_document,
				&correcting->schema, err);
}

/* ---- names ---- */

/* Invalid rows of JSON are kept as they were sent: with the names that the upload's map= speaks of. */
static enum status map_names(struct correcting *correcting, struct validator *validator, struct error *err)
{
	const struct import *import = &correcting->import;
	struct upload_options upload;
	struct column_rename *renames;

	if (correcting->before.valid || (!slice_is(import->format, "json") && !slice_is(import->format, "ndjson")))
		return STATUS_OK;
	enum status status = upload_options_read(import->options, correcting->arena, &upload, err);
	if (status == STATUS_OK)
		status = upload_options_renames(&upload, correcting->arena, &renames, err);
	return status == STATUS_OK && upload.map_count
		       ? validator_rename(validator, renames, upload.map_count, err)
		       : status;
}

/* Gives each name the one that the schema has for its field. */
static enum status name_by_schema(struct validator *validator, struct slice *const *names, size_t count,
				  struct arena *arena, struct error *err)
{
	struct record record = {.fields = arena_alloc_zeroed(arena, count + 1, sizeof *record.fields),
				.field_count = count};

	if (!record.fields)
		return error_no_memory(err);
	for (size_t i = 0; i < count; i++)
		record.fields[i] = (struct field){*names[i], {VALUE_STRING, SLICE("")}};
	enum status status = validator_check(validator, &record, arena, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		*names[i] = record.fields[i].name;
	return status;
}

static enum status name_target(struct validator *validator, struct record *target, struct arena *arena,
			       struct error *err)
{
	struct slice **names = arena_alloc_zeroed(arena, target->field_count + 1, sizeof *names);

	if (!names)
		return error_no_memory(err);
	for (size_t i = 0; i < target->field_count; i++)
		names[i] = &target->fields[i].name;
	return name_by_schema(validator, names, target->field_count, arena, err);
}

/* Members that the record has by the very name need no other. */
static enum status name_members(struct validator *validator, const struct record *target,
				struct merge_member *members, size_t count, struct arena *arena,
				struct error *err)
{
	struct slice **names = arena_alloc_zeroed(arena, count + 1, sizeof *names);
	size_t named = 0;

	if (!names)
		return error_no_memory(err);
	for (size_t i = 0; i < count; i++)
		if (record_find_field(target, members[i].name) == target->field_count)
			names[named++] = &members[i].name;
	return name_by_schema(validator, names, named, arena, err);
}

static enum status refuse_twice(struct correcting *correcting, struct slice name, struct error *err)
{
	struct cell_error *error = record_add_error(&correcting->record, correcting->arena);

	if (!error)
		return error_no_memory(err);
	error->field = name;
	error->code = "duplicate-member";
	error->message = SLICE("Two members are this field; give one of them.");
	return error_set(err, STATUS_INVALID, "invalid-record", "two members are the field '%.*s'",
			 (int)(name.size > 64 ? 64 : name.size), name.data);
}

static enum status check_members_differ(struct correcting *correcting, const struct merge_member *members,
					size_t count, struct error *err)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (slice_equal(members[i].name, members[j].name))
				return refuse_twice(correcting, members[i].name, err);
	return STATUS_OK;
}

/* ---- merging, checking ---- */

/* Of data that is no object, nothing stays. */
static enum status read_target(struct correcting *correcting, struct record *target, struct error *err)
{
	enum status status = json_read_record(correcting->before.data, correcting->arena, target, err);

	if (status != STATUS_OK && status != STATUS_INVALID)
		return status;
	if (status == STATUS_INVALID || target->shape != RECORD_FIELDS)
		*target = (struct record){0};
	return STATUS_OK;
}

static enum status merge_into(struct correcting *correcting, struct validator *naming,
			      const struct json_node *patch, struct slice *merged, struct error *err)
{
	struct arena *arena = correcting->arena;
	struct merge_member *members = merge_members(patch, arena);
	struct record target = {0};
	struct json_writer json;

	if (!members)
		return error_no_memory(err);
	enum status status = read_target(correcting, &target, err);
	if (status == STATUS_OK)
		status = map_names(correcting, naming, err);
	if (status == STATUS_OK)
		status = name_target(naming, &target, arena, err);
	if (status == STATUS_OK)
		status = name_members(naming, &target, members, patch->count, arena, err);
	if (status == STATUS_OK)
		status = check_members_differ(correcting, members, patch->count, err);
	if (status != STATUS_OK)
		return status;
	json_writer_init(&json, &correcting->scratch);
	status = merge_write(&target, members, patch->count, arena, &json, err);
	if (status != STATUS_OK)
		return status;
	return strbuf_ok(&correcting->scratch) &&
			       arena_copy(arena, strbuf_slice(&correcting->scratch), merged)
		       ? STATUS_OK
		       : error_no_memory(err);
}

static enum status merge(struct correcting *correcting, const struct json_node *patch, struct slice *merged,
			 struct error *err)
{
	struct validator *naming = validator_new(correcting->schema);
	enum status status = naming ? merge_into(correcting, naming, patch, merged, err) : error_no_memory(err);

	validator_free(naming);
	return status;
}

static enum status check(struct correcting *correcting, struct slice merged, struct error *err)
{
	struct record *record = &correcting->record;
	struct reject_form form;
	enum status status = json_read_record(merged, correcting->arena, record, err);

	if (status == STATUS_OK)
		status = reject_form_read(&correcting->import, correcting->arena, &form, err);
	if (status != STATUS_OK)
		return status;
	record->row = (uint64_t)correcting->before.row;
	record->line = (uint64_t)correcting->before.line;
	struct row_check row = {.validator = validator_new(correcting->schema),
				.schema = correcting->schema,
				.form = &form,
				.scratch = &correcting->scratch};
	status = row.validator ? row_check(&row, record, correcting->arena, err) : error_no_memory(err);
	validator_free(row.validator);
	if (status == STATUS_OK && !record_is_valid(record))
		return error_set(err, STATUS_INVALID, "invalid-record", "the record would not be valid");
	return status;
}

/* ---- embedding ---- */

static enum status write_text(struct correcting *correcting, struct slice data, struct slice *text,
			      struct error *err)
{
	struct strbuf *out = &correcting->scratch;
	size_t start = record_text_begin(correcting->importer->config.model, out);
	enum status status = record_text_write(correcting->schema, data, correcting->arena, out, err);

	if (status == STATUS_OK && !strbuf_ok(out))
		return error_no_memory(err);
	*text = slice_of(out->data + start, out->size - start);
	return status;
}

static enum status run_model(struct correcting *correcting, struct slice text, bool *truncated,
			     struct error *err)
{
	struct importer *importer = correcting->importer;
	/* Of its own: it waits for no import's batch. */
	struct embed_batcher *batcher = embed_batcher_new(importer->config.model, 1);

	if (!batcher)
		return error_no_memory(err);
	embed_batcher_add(batcher, text, truncated);
	enum status status = embed_batcher_run(batcher, correcting->vector, err);
	embed_batcher_free(batcher);
	if (status == STATUS_OK)
		importer->texts_computed++;
	return status;
}

/* *found: the vector of an equal text, of this record or any other. */
static enum status find_vector(struct correcting *correcting, bool *found, struct error *err)
{
	struct store *store = correcting->importer->config.store;
	struct store_reader *reader = NULL;
	const float *vector = NULL;
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = store->call->find_vectors(reader, correcting->hash.bytes, 1, correcting->arena, &vector, err);
	store->call->close_reader(store, reader);
	*found = status == STATUS_OK && vector;
	if (*found)
		memcpy(correcting->vector, vector, sizeof correcting->vector);
	return status;
}

static enum status embed(struct correcting *correcting, struct error *err)
{
	const struct embed_model *model = correcting->importer->config.model;
	bool was_truncated = false, is_truncated = false;
	struct slice text;

	if (correcting->import.no_embed)
		return STATUS_OK;
	if (correcting->before.embedded &&
	    write_text(correcting, correcting->before.data, &text, err) == STATUS_OK)
		was_truncated = record_text_is_truncated(model, text);
	enum status status = write_text(correcting, correcting->record.data, &text, err);
	if (status != STATUS_OK)
		return status;
	record_text_hash(&correcting->scratch, &correcting->hash);
	bool found;
	status = find_vector(correcting, &found, err);
	if (found)
		is_truncated = record_text_is_truncated(model, text);
	else if (status == STATUS_OK)
		status = run_model(correcting, text, &is_truncated, err);
	correcting->has_vector = status == STATUS_OK;
	correcting->more_truncated = (int)is_truncated - (int)was_truncated;
	return status;
}

/* ---- taking its place ---- */

static void show_vector(struct correcting *correcting)
{
	struct vector_index *index = correcting->importer->config.index;
	const struct vector_entry entry = {correcting->before.id, correcting->before.import_id,
					   correcting->vector};

	/* Nothing is removed meanwhile: that takes `lives`. */
	if (vector_index_replace(index, &entry, vector_index_removals(index)) != VECTOR_ADDED)
		log_error(LOG_EVENT("a corrected record is found by its old meaning until restart"),
			  LOG_INT("record_id", entry.id));
}

static enum status replace(struct correcting *correcting, struct error *err)
{
	struct importer *importer = correcting->importer;
	struct store *store = importer->config.store;
	struct correction correction = {
		.record_id = correcting->before.id,
		.data_before = correcting->before.data,
		.record = &correcting->record,
		.arena = correcting->arena,
		.vector = correcting->has_vector ? correcting->vector : NULL,
		.text_hash = correcting->has_vector ? correcting->hash.bytes : NULL,
		.more_truncated = correcting->more_truncated,
	};

	pthread_mutex_lock(&importer->lives);
	enum status status = store->call->correct_record(store, &correction, err);
	if (status == STATUS_OK && correcting->has_vector)
		show_vector(correcting);
	pthread_mutex_unlock(&importer->lives);
	return status;
}

static enum status commit(struct correcting *correcting, struct stored_record *record, struct error *err)
{
	struct importer *importer = correcting->importer;

	pthread_mutex_lock(&importer->corrections);
	enum status status = replace(correcting, err);
	if (status == STATUS_OK) {
		*record = correcting->before;
		record->valid = true;
		record->embedded = correcting->has_vector;
		record->data = correcting->record.data;
		record->error_message = SLICE("");
		record->errors = SLICE("[]");
		column_feed_record(importer->config.columns, record);
	}
	pthread_mutex_unlock(&importer->corrections);
	if (status == STATUS_OK)
		importer_tell(importer, record->import_id);
	return status;
}

enum status importer_correct(struct importer *importer, const struct correction_request *request, struct arena *arena,
			     struct correction_result *result, struct error *err)
{
	struct correcting correcting = {.importer = importer, .arena = arena};
	struct slice merged;

	*result = (struct correction_result){0};
	strbuf_init(&correcting.scratch, SCRATCH_CAP);
	enum status status = read_before(&correcting, request, err);
	if (status == STATUS_OK)
		status = merge(&correcting, request->patch, &merged, err);
	if (status == STATUS_OK)
		status = check(&correcting, merged, err);
	if (status == STATUS_OK)
		status = embed(&correcting, err);
	if (status == STATUS_OK)
		status = commit(&correcting, &result->record, err);
	if (status == STATUS_INVALID) {
		result->errors = correcting.record.errors;
		result->error_count = correcting.record.error_count;
	}
	schema_release(correcting.schema);
	strbuf_release(&correcting.scratch);
	return status;
}
