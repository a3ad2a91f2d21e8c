/* What the two halves of the parser of schema documents share: where it is, and what is wrong there.
 *
 * Threads: one at a time. */
#ifndef ROWMILL_VALIDATE_DOCUMENT_H
#define ROWMILL_VALIDATE_DOCUMENT_H

#include "base/json_tree.h"
#include "validate/schema_table.h"

/* Where the parser is in the document. */
struct place {
	const struct place *above; /* NULL: the document itself */
	struct slice name;         /* of a member; data NULL: an item of a list */
	size_t index;
};

struct document {
	struct arena *arena;          /* of the schema that is made */
	struct schema_faults *faults;
	size_t fault_count;           /* all of them, also those that are not listed */
	size_t pattern_bytes;         /* memory of all patterns */
	struct texts missing;         /* missingValues of the whole */
	bool no_memory;
};

__attribute__((format(printf, 4, 5)))
void add_fault(struct document *document, const struct place *place, const char *type,
	       const char *format, ...);

struct place member_place(const struct place *above, struct slice name);

/* Whether the node is of that kind; if not, that is a fault. */
bool is_kind(struct document *document, const struct place *place, const struct json_node *node,
	     enum json_node_kind kind);

void *allocate(struct document *document, size_t count, size_t size); /* zeroed; NULL: noted */
struct slice copy_text(struct document *document, struct slice text);

/* A list of strings, copied; false (and a fault) if it is none. */
bool read_texts(struct document *document, const struct place *place, const struct json_node *node,
		struct texts *texts);

/* A member that means nothing to us: titles, and names that others may use for their own ("x-…", "ours:…"). */
bool is_ignored(struct slice name);

/* field_parser.c: one item of "fields". */
void read_field(struct document *document, const struct place *place, const struct json_node *node,
		struct schema_field *field);

#endif
