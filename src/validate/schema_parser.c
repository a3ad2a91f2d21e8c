/* From a Table Schema document to a schema. Every mistake is told with its place. */
#include "base/json_tree.h"
#include "record/field_name.h"
#include "validate/schema_table.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { ARENA_CAP = 64 << 20, PLACE_SIZE = 256, MESSAGE_SIZE = 256 };

/* A schema that was made of a document. */
struct loaded_schema {
	struct schema base; /* first: a struct schema * that is not built in is one of these */
	_Atomic unsigned holders;
	struct arena arena; /* everything that the schema points to */
};

static struct loaded_schema *loaded_of(const struct schema *schema)
{
	return (struct loaded_schema *)(uintptr_t)schema;
}

const struct schema *schema_hold(const struct schema *schema)
{
	if (!schema_is_builtin(schema))
		atomic_fetch_add(&loaded_of(schema)->holders, 1);
	return schema;
}

void schema_release(const struct schema *schema)
{
	if (!schema || schema_is_builtin(schema))
		return;
	struct loaded_schema *loaded = loaded_of(schema);
	if (atomic_fetch_sub(&loaded->holders, 1) != 1)
		return;
	arena_release(&loaded->arena);
	free(loaded);
}

/* ---- what is wrong ---- */

/* Where the parser is in the document. */
struct place {
	const struct place *above; /* NULL: the document itself */
	const char *name;          /* of a member; NULL: an item of a list */
	size_t index;
};

struct parser {
	struct loaded_schema *schema;
	struct arena *arena;          /* the schema's */
	struct schema_faults *faults; /* the caller's or of its own */
	size_t fault_count;           /* all of them */
	bool no_memory;
};

static void write_place(const struct place *place, struct strbuf *out)
{
	if (!place || !place->above)
		return;
	write_place(place->above, out);
	if (place->name)
		strbuf_add_format(out, "/%s", place->name);
	else
		strbuf_add_format(out, "/%zu", place->index);
}

__attribute__((format(printf, 4, 5)))
static void add_fault(struct parser *parser, const struct place *place, const char *type,
		      const char *format, ...)
{
	struct schema_faults *faults = parser->faults;
	char message[MESSAGE_SIZE];
	struct strbuf where;
	va_list arguments;

	parser->fault_count++;
	if (faults->count == SCHEMA_FAULTS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	strbuf_init(&where, PLACE_SIZE);
	write_place(place, &where);
	struct schema_fault *fault = &faults->list[faults->count];
	*fault = (struct schema_fault){.type = type};
	if (arena_copy(faults->arena, strbuf_slice(&where), &fault->place) &&
	    arena_copy(faults->arena, slice_of_string(message), &fault->message))
		faults->count++;
	else
		parser->no_memory = true;
	strbuf_release(&where);
}

static bool is_kind(struct parser *parser, const struct place *place, const struct json_node *node,
		    enum json_node_kind kind)
{
	if (node->kind == kind)
		return true;
	add_fault(parser, place, "wrong-type", "must be %s, not %s", json_node_kind_name(kind),
		  json_node_kind_name(node->kind));
	return false;
}

static void *allocate(struct parser *parser, size_t count, size_t size)
{
	void *items = arena_alloc_zeroed(parser->arena, count, size);

	if (!items)
		parser->no_memory = true;
	return items;
}

static struct slice copy_text(struct parser *parser, struct slice text)
{
	struct slice copy = {0};

	if (!arena_copy(parser->arena, text, &copy))
		parser->no_memory = true;
	return copy;
}

/* ---- fields ---- */

static void parse_flag(struct parser *parser, const struct place *place,
		       const struct json_node *node, bool *flag)
{
	if (is_kind(parser, place, node, NODE_BOOLEAN))
		*flag = slice_is(node->text, "true");
}

static bool parse_number(struct parser *parser, const struct place *place,
			 const struct json_node *node, int64_t *value)
{
	if (!is_kind(parser, place, node, NODE_NUMBER))
		return false;
	if (slice_parse_int64(node->text, value))
		return true;
	add_fault(parser, place, "out-of-range", "must be a whole number of at most 18 digits");
	return false;
}

static void parse_constraint(struct parser *parser, const struct place *place,
			     const struct json_node *node, struct schema_field *field)
{
	int64_t length = 0;

	if (slice_is(node->name, "required"))
		parse_flag(parser, place, node, &field->required);
	else if (slice_is(node->name, "unique"))
		parse_flag(parser, place, node, &field->unique);
	else if (slice_is(node->name, "minimum"))
		field->has_minimum = parse_number(parser, place, node, &field->minimum);
	else if (slice_is(node->name, "maximum"))
		field->has_maximum = parse_number(parser, place, node, &field->maximum);
	else if (slice_is(node->name, "maxLength") && parse_number(parser, place, node, &length))
		field->max_length = (size_t)length;
	else
		add_fault(parser, place, "not-supported", "is no constraint that is checked here");
}

static void parse_constraints(struct parser *parser, const struct place *place,
			      const struct json_node *node, struct schema_field *field)
{
	if (!is_kind(parser, place, node, NODE_OBJECT))
		return;
	for (const struct json_node *member = node->first; member; member = member->next) {
		struct slice name = copy_text(parser, member->name);
		struct place inner = {.above = place, .name = name.data};
		parse_constraint(parser, &inner, member, field);
	}
}

static void parse_type(struct parser *parser, const struct place *place, const struct json_node *node,
		       struct schema_field *field)
{
	const struct json_node *type = json_node_find(node, "type");
	const struct json_node *format = json_node_find(node, "format");
	struct place inner = {.above = place, .name = "type"};

	field->type = TYPE_STRING;
	if (type && is_kind(parser, &inner, type, NODE_STRING)) {
		if (slice_is(type->text, "integer"))
			field->type = TYPE_INTEGER;
		else if (slice_is(type->text, "email"))
			field->type = TYPE_EMAIL;
		else if (!slice_is(type->text, "string"))
			add_fault(parser, &inner, "not-supported", "is no type that is checked here");
	}
	if (format && field->type == TYPE_STRING && slice_is(format->text, "email"))
		field->type = TYPE_EMAIL;
}

static void parse_field(struct parser *parser, const struct place *place,
			const struct json_node *node, struct schema_field *field)
{
	const struct json_node *name, *constraints;
	struct place inner = {.above = place, .name = "name"};

	if (!is_kind(parser, place, node, NODE_OBJECT))
		return;
	name = json_node_find(node, "name");
	if (!name)
		add_fault(parser, &inner, "missing", "is needed: the name of the column");
	else if (is_kind(parser, &inner, name, NODE_STRING))
		field->name = copy_text(parser, name->text);
	parse_type(parser, place, node, field);
	constraints = json_node_find(node, "constraints");
	inner.name = "constraints";
	if (constraints)
		parse_constraints(parser, &inner, constraints, field);
}

static void parse_fields(struct parser *parser, const struct place *place,
			 const struct json_node *node)
{
	struct schema *schema = &parser->schema->base;

	if (!is_kind(parser, place, node, NODE_ARRAY))
		return;
	if (node->count == 0 || node->count > SCHEMA_FIELDS_MAX) {
		add_fault(parser, place, "out-of-range", "must list 1 to %d fields", SCHEMA_FIELDS_MAX);
		return;
	}
	struct schema_field *fields = allocate(parser, node->count, sizeof *fields);
	struct slice *names = allocate(parser, node->count, sizeof *names);
	if (!fields || !names)
		return;
	for (const struct json_node *item = node->first; item; item = item->next) {
		size_t i = schema->field_count++;
		struct place inner = {.above = place, .index = i};
		parse_field(parser, &inner, item, &fields[i]);
		names[i] = fields[i].name;
		schema->has_unique = schema->has_unique || fields[i].unique;
	}
	schema->fields = fields;
	schema->names = schema->known = names;
	schema->known_count = schema->field_count;
}

static void parse_root(struct parser *parser, const struct json_node *root)
{
	struct place top = {0}, inner = {.above = &top, .name = "fields"};

	if (!is_kind(parser, &top, root, NODE_OBJECT))
		return;
	const struct json_node *fields = json_node_find(root, "fields");
	if (fields)
		parse_fields(parser, &inner, fields);
	else
		add_fault(parser, &inner, "missing", "is needed: the list of the schema's fields");
}

/* ---- the whole ---- */

static enum status parse_document(struct parser *parser, struct slice document, struct error *err)
{
	const struct json_node *root;
	struct place top = {0};
	struct error reason;
	struct arena tree;

	arena_init(&tree, ARENA_CAP);
	enum status status = json_tree_read(document, &tree, &root, &reason);
	if (status == STATUS_OK)
		parse_root(parser, root);
	else if (status == STATUS_INVALID)
		add_fault(parser, &top, "syntax-error", "the schema is no JSON: %s", reason.detail);
	arena_release(&tree);
	if (status == STATUS_NO_MEMORY || parser->no_memory)
		return error_no_memory(err);
	if (parser->fault_count == 0)
		return STATUS_OK;
	const struct schema_fault *first = &parser->faults->list[0];
	return error_set(err, STATUS_INVALID, "invalid-schema", "%.*s%s%.*s", SLICE_ARG(first->place),
			 first->place.size ? " " : "", SLICE_ARG(first->message));
}

static enum status check_size(struct slice document, struct error *err)
{
	if (document.size <= SCHEMA_DOCUMENT_MAX)
		return STATUS_OK;
	return error_set(err, STATUS_TOO_LARGE, NULL, "a schema may have at most %d bytes",
			 SCHEMA_DOCUMENT_MAX);
}

enum status schema_parse(struct slice name, struct slice document, const struct schema **schema,
			 struct schema_faults *faults, struct error *err)
{
	struct arena own_arena;
	struct schema_faults own = {.arena = &own_arena};
	enum status status = check_size(document, err);

	*schema = NULL;
	if (status != STATUS_OK)
		return status;
	struct loaded_schema *loaded = calloc(1, sizeof *loaded);
	if (!loaded)
		return error_no_memory(err);
	loaded->holders = 1;
	arena_init(&loaded->arena, ARENA_CAP);
	arena_init(&own_arena, 1 << 20);
	struct parser parser = {
		.schema = loaded, .arena = &loaded->arena, .faults = faults ? faults : &own};
	parser.faults->count = 0;
	loaded->base.name = copy_text(&parser, name);
	loaded->base.document = copy_text(&parser, slice_trim(document));
	status = parse_document(&parser, loaded->base.document, err);
	arena_release(&own_arena);
	if (status != STATUS_OK) {
		arena_release(&loaded->arena);
		free(loaded);
		return status;
	}
	*schema = &loaded->base;
	return STATUS_OK;
}
