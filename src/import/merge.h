/* JSON Merge Patch (RFC 7396) over stored data: members that are given replace, null removes, objects are merged,
 * and all others stay as they are, digit for digit.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_IMPORT_MERGE_H
#define ROWMILL_IMPORT_MERGE_H

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "record/record.h"

/* A member of a patch, by the name that it has in the result. */
struct merge_member {
	struct slice name;
	const struct json_node *value;
	bool placed; /* merge_write's own */
};

/* The members of an object; NULL: the arena is exhausted. */
struct merge_member *merge_members(const struct json_node *object, struct arena *arena);

/* Writes the object that `target` becomes, which may have no fields. STATUS_NO_MEMORY. */
enum status merge_write(const struct record *target, struct merge_member *members, size_t count,
			struct arena *arena, struct json_writer *json, struct error *err);

#endif
