#include "import/merge.h"

#include "parse/reader.h"

#include "base/banned.h"

struct merge_member *merge_members(const struct json_node *object, struct arena *arena)
{
	struct merge_member *members = arena_alloc_zeroed(arena, object->count + 1, sizeof *members);
	size_t count = 0;

	for (const struct json_node *node = object->first; members && node; node = node->next)
		members[count++] = (struct merge_member){.name = node->name, .value = node};
	return members;
}

/* What becomes of one value; depth is bounded by the patch's. */
static enum status write_value(struct value before, const struct json_node *patch, struct arena *arena,
			       struct json_writer *json, struct error *err)
{
	struct record target = {0};

	if (patch->kind != NODE_OBJECT) {
		json_put_raw(json, patch->raw);
		return STATUS_OK;
	}
	struct merge_member *members = merge_members(patch, arena);
	if (!members)
		return error_no_memory(err);
	if (before.kind == VALUE_OBJECT) {
		enum status status = json_read_record(before.text, arena, &target, err);
		if (status != STATUS_OK)
			return status;
	}
	return merge_write(&target, members, patch->count, arena, json, err);
}

static enum status write_member(struct value before, struct merge_member *member, struct arena *arena,
				struct json_writer *json, struct error *err)
{
	/* A name that stands twice in damaged data is settled by the first. */
	if (member->placed || member->value->kind == NODE_NULL)
		return STATUS_OK;
	member->placed = true;
	json_put_member_slice(json, member->name);
	return write_value(before, member->value, arena, json, err);
}

static struct merge_member *find(struct merge_member *members, size_t count, struct slice name)
{
	size_t i = 0;

	while (i < count && !slice_equal(members[i].name, name))
		i++;
	return i < count ? &members[i] : NULL;
}

enum status merge_write(const struct record *target, struct merge_member *members, size_t count,
			struct arena *arena, struct json_writer *json, struct error *err)
{
	enum status status = STATUS_OK;

	json_begin_object(json);
	for (size_t i = 0; i < target->field_count && status == STATUS_OK; i++) {
		const struct field *field = &target->fields[i];
		struct merge_member *member = find(members, count, field->name);
		if (member) {
			status = write_member(field->value, member, arena, json, err);
		} else {
			json_put_member_slice(json, field->name);
			value_write_json(field->value, json);
		}
	}
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = write_member((struct value){VALUE_NULL, SLICE("")}, &members[i], arena, json, err);
	json_end_object(json);
	return status;
}
