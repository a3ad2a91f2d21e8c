/* A JSON text (RFC 8259, strict) as a tree in an arena, for small documents of ours whose numbers
 * must keep their digits and whose mistakes must be shown with their place.
 *
 *	if (json_tree_read(text, &arena, &root, &err) != STATUS_OK) …
 *	const struct json_node *fields = json_node_find(root, "fields");
 *	for (const struct json_node *field = fields->first; field; field = field->next) …
 *
 * Members that are given twice are refused: which of them is meant is not known.
 *
 * Ownership: nodes and decoded strings live in the arena; `raw` borrows the text.
 * Threads: a tree is immutable. */
#ifndef ROWMILL_BASE_JSON_TREE_H
#define ROWMILL_BASE_JSON_TREE_H

#include "base/arena.h"
#include "base/status.h"

enum json_node_kind { NODE_NULL, NODE_BOOLEAN, NODE_NUMBER, NODE_STRING, NODE_ARRAY, NODE_OBJECT };

enum {
	JSON_TREE_DEPTH = 64,     /* values within values that are read */
	JSON_TREE_MEMBERS = 1000, /* members of one object that are read */
};

struct json_node {
	enum json_node_kind kind;
	struct slice name; /* of a member; empty for others */
	struct slice text; /* a string, decoded; a number or a boolean as it stands */
	struct slice raw;  /* the value as it stands in the text */
	const struct json_node *first; /* of an array's or object's values, in their order */
	const struct json_node *next;
	size_t count;                  /* of those values */
};

/* STATUS_INVALID ("syntax-error", "encoding-error", "duplicate-member", "too-many-members", "too-deep") with line, column and byte. */
enum status json_tree_read(struct slice text, struct arena *arena, const struct json_node **root,
			   struct error *err);

/* The member so named, or NULL; NULL also for a node that is no object, or no node. */
const struct json_node *json_node_find(const struct json_node *node, const char *name);

const char *json_node_kind_name(enum json_node_kind kind); /* "an object", "a string", … */

#endif
