#include "store/sqlite/errors.h"

#include "base/utf8.h"

#include <stdlib.h>

#include "base/banned.h"

enum { TALLY_ARENA = 256 << 20, FIRST_SLOTS = 64 };

void error_tally_init(struct error_tally *tally)
{
	*tally = (struct error_tally){0};
	arena_init(&tally->arena, TALLY_ARENA);
}

void error_tally_release(struct error_tally *tally)
{
	free(tally->groups);
	free(tally->slots);
	arena_release(&tally->arena);
	*tally = (struct error_tally){0};
}

void error_tally_clear(struct error_tally *tally)
{
	arena_reset(&tally->arena);
	tally->count = 0;
	if (tally->slot_count)
		memset(tally->slots, 0, tally->slot_count * sizeof *tally->slots);
}

/* ---- the table ---- */

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t hash, struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		hash = (hash ^ (unsigned char)text.data[i]) * 1099511628211u;
	return hash;
}

/* The slot of a group, or the free one where it belongs. */
static uint32_t *find_slot(const struct error_tally *tally, struct slice field, struct slice code)
{
	size_t mask = tally->slot_count - 1;
	size_t at = (size_t)hash_bytes(hash_bytes(14695981039346656037u, field), code) & mask;

	for (;; at = (at + 1) & mask) {
		uint32_t index = tally->slots[at];
		if (!index)
			break;
		const struct error_tally_group *group = &tally->groups[index - 1];
		if (slice_equal(group->field, field) && slice_equal(group->code, code))
			break;
	}
	return &tally->slots[at];
}

static bool make_room(struct error_tally *tally)
{
	if (tally->count < tally->capacity)
		return true;
	size_t capacity = tally->capacity ? 2 * tally->capacity : FIRST_SLOTS / 2;
	struct error_tally_group *groups = realloc(tally->groups, capacity * sizeof *groups);
	if (!groups)
		return false;
	tally->groups = groups;
	uint32_t *slots = calloc(2 * capacity, sizeof *slots);
	if (!slots)
		return false;
	free(tally->slots);
	tally->slots = slots;
	tally->slot_count = 2 * capacity;
	tally->capacity = capacity;
	for (size_t i = 0; i < tally->count; i++)
		*find_slot(tally, groups[i].field, groups[i].code) = (uint32_t)i + 1;
	return true;
}

/* As the errors' JSON has it, which the index must agree with: what is no UTF-8 is U+FFFD there, and
 * SQLite reads no further than a NUL. NULL: no memory. */
static bool name_field(struct error_tally *tally, struct slice field, struct slice *name)
{
	struct strbuf clean;
	size_t at = 0;

	field.size = slice_find(field, '\0', 0);
	*name = field;
	if (utf8_is_valid(field))
		return true;
	strbuf_init(&clean, 3 * field.size);
	while (at < field.size) {
		uint32_t code_point;
		size_t size = utf8_decode(field, at, &code_point);
		if (size)
			strbuf_add(&clean, field.data + at, size);
		else
			strbuf_add_string(&clean, "\xEF\xBF\xBD");
		at += size ? size : utf8_damage_size(field, at);
	}
	bool done = strbuf_ok(&clean) && arena_copy(&tally->arena, strbuf_slice(&clean), name);
	strbuf_release(&clean);
	return done;
}

/* The group, made where it is new; NULL: no memory. */
static struct error_tally_group *find_group(struct error_tally *tally, struct slice field,
					    struct slice code)
{
	if (!make_room(tally))
		return NULL;
	uint32_t *slot = find_slot(tally, field, code);
	if (!*slot) {
		struct error_tally_group *group = &tally->groups[tally->count];
		*group = (struct error_tally_group){0};
		if (!arena_copy(&tally->arena, field, &group->field) ||
		    !arena_copy(&tally->arena, code, &group->code))
			return NULL;
		*slot = (uint32_t)++tally->count;
	}
	return &tally->groups[*slot - 1];
}

bool error_tally_add(struct error_tally *tally, const struct record *record)
{
	for (size_t i = 0; i < record->error_count; i++) {
		struct slice name;
		if (!name_field(tally, record->errors[i].field, &name))
			return false;
		struct error_tally_group *group =
			find_group(tally, name, slice_of_string(record->errors[i].code));
		if (!group)
			return false;
		group->count++;
	}
	return true;
}

/* ---- storing ---- */

enum status errors_count(struct sqlite_store *store, int64_t import_id, struct error_tally *tally,
			 struct error *err)
{
	for (size_t i = 0; i < tally->count; i++) {
		struct error_tally_group *group = &tally->groups[i];
		struct query query;
		writer_query(store, &query, WRITE_COUNT_ERRORS);
		query_bind_int(&query, 1, import_id);
		query_bind_text(&query, 2, group->code);
		query_bind_text(&query, 3, group->field);
		query_bind_int(&query, 4, group->count);
		if (query_row(&query))
			group->group_id = query_int(&query, 0);
		enum status status = query_end(&query, err);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static enum status link_one(struct sqlite_store *store, int64_t group_id, int64_t record_id,
			    struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_LINK_ERROR);
	query_bind_int(&query, 1, group_id);
	query_bind_int(&query, 2, record_id);
	return query_run(&query, err);
}

enum status errors_link(struct sqlite_store *store, struct error_tally *tally,
			const struct record *record, int64_t record_id, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < record->error_count && status == STATUS_OK; i++) {
		struct slice name;
		if (!name_field(tally, record->errors[i].field, &name))
			return error_no_memory(err);
		struct error_tally_group *group =
			find_group(tally, name, slice_of_string(record->errors[i].code));
		if (!group)
			return error_no_memory(err);
		if (group->linked_record != record_id)
			status = link_one(store, group->group_id, record_id, err);
		group->linked_record = record_id;
	}
	return status;
}

/* ---- and taking out again ---- */

static enum status tally_stored(struct sqlite_store *store, int64_t record_id,
				struct error_tally *tally, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_READ_ERRORS);
	query_bind_int(&query, 1, record_id);
	while (query_row(&query)) {
		struct error_tally_group *group =
			find_group(tally, query_text_borrowed(&query, 0), query_text_borrowed(&query, 1));
		if (!group) {
			query_no_memory(&query);
			break;
		}
		group->count++;
	}
	return query_end(&query, err);
}

static enum status forget_group(struct sqlite_store *store, int64_t import_id, int64_t record_id,
				struct error_tally_group *group, struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_FIND_ERROR_GROUP);
	query_bind_int(&query, 1, import_id);
	query_bind_text(&query, 2, group->code);
	query_bind_text(&query, 3, group->field);
	if (query_row(&query))
		group->group_id = query_int(&query, 0);
	enum status status = query_end(&query, err);
	if (status != STATUS_OK || !group->group_id)
		return status;
	writer_query(store, &query, WRITE_UNLINK_ERROR);
	query_bind_int(&query, 1, group->group_id);
	query_bind_int(&query, 2, record_id);
	status = query_run(&query, err);
	for (int step = 0; step < 2 && status == STATUS_OK; step++) {
		writer_query(store, &query, step == 0 ? WRITE_DROP_ERROR_GROUP : WRITE_UNCOUNT_ERRORS);
		query_bind_int(&query, 1, group->group_id);
		query_bind_int(&query, 2, group->count);
		status = query_run(&query, err);
	}
	return status;
}

enum status errors_forget(struct sqlite_store *store, int64_t import_id, int64_t record_id,
			  struct error *err)
{
	struct error_tally tally;

	error_tally_init(&tally);
	enum status status = tally_stored(store, record_id, &tally, err);
	for (size_t i = 0; i < tally.count && status == STATUS_OK; i++)
		status = forget_group(store, import_id, record_id, &tally.groups[i], err);
	error_tally_release(&tally);
	return status;
}
