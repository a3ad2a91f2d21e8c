/* From a Table Schema document to a schema. Every mistake is told with its place. */
#include "base/utf8.h"
#include "validate/document.h"
#include "validate/white_space.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum {
	ARENA_CAP = 256 << 20,
	PLACE_SIZE = 4096,
	MESSAGE_SIZE = 256,
	TEMPLATE_SIZE = 10000,
	KNOWN_NAMES_MAX = 10000,
};

/* A schema that was made of a document. */
struct loaded_schema {
	struct schema base; /* first: a struct schema * that is not built in is one of these */
	_Atomic unsigned holders;
	struct arena arena; /* everything that the schema points to */
};

static void loaded_free(struct loaded_schema *loaded)
{
	for (size_t i = 0; i < loaded->base.field_count; i++)
		pattern_free(loaded->base.fields[i].pattern);
	arena_release(&loaded->arena);
	free(loaded);
}

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
	if (atomic_fetch_sub(&loaded->holders, 1) == 1)
		loaded_free(loaded);
}

/* ---- places and faults ---- */

struct place member_place(const struct place *above, struct slice name)
{
	return (struct place){.above = above, .name = name};
}

/* As a JSON Pointer. */
static void write_place(const struct place *place, struct strbuf *out)
{
	if (!place->above)
		return;
	write_place(place->above, out);
	strbuf_add_byte(out, '/');
	if (!place->name.data)
		strbuf_add_int(out, (int64_t)place->index);
	for (size_t i = 0; i < place->name.size; i++) {
		char c = place->name.data[i];
		if (c == '~' || c == '/')
			strbuf_add_string(out, c == '~' ? "~0" : "~1");
		else
			strbuf_add_byte(out, c);
	}
}

void add_fault(struct document *document, const struct place *place, const char *type,
	       const char *format, ...)
{
	struct schema_faults *faults = document->faults;
	char message[MESSAGE_SIZE];
	struct strbuf where;
	va_list arguments;

	document->fault_count++;
	if (faults->count == SCHEMA_FAULTS_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	size_t size = strlen(message);
	strbuf_init(&where, PLACE_SIZE);
	write_place(place, &where);
	struct schema_fault *fault = &faults->list[faults->count];
	*fault = (struct schema_fault){.type = type};
	if (arena_copy(faults->arena, strbuf_slice(&where), &fault->place) &&
	    arena_copy(faults->arena, slice_of(message, utf8_floor(slice_of(message, size), size)),
		       &fault->message))
		faults->count++;
	else
		document->no_memory = true;
	strbuf_release(&where);
}

bool is_kind(struct document *document, const struct place *place, const struct json_node *node,
	     enum json_node_kind kind)
{
	if (node->kind == kind)
		return true;
	add_fault(document, place, "wrong-type", "must be %s, not %s", json_node_kind_name(kind),
		  json_node_kind_name(node->kind));
	return false;
}

void *allocate(struct document *document, size_t count, size_t size)
{
	void *items = arena_alloc_zeroed(document->arena, count, size);

	if (!items)
		document->no_memory = true;
	return items;
}

struct slice copy_text(struct document *document, struct slice text)
{
	struct slice copy = SLICE("");

	if (!arena_copy(document->arena, text, &copy))
		document->no_memory = true;
	return copy;
}

bool read_texts(struct document *document, const struct place *place, const struct json_node *node,
		struct texts *texts)
{
	size_t i = 0;

	if (!is_kind(document, place, node, NODE_ARRAY))
		return false;
	struct slice *list = allocate(document, node->count, sizeof *list);
	if (!list)
		return false;
	for (const struct json_node *item = node->first; item; item = item->next, i++) {
		struct place inner = {.above = place, .index = i};
		if (!is_kind(document, &inner, item, NODE_STRING))
			return false;
		list[i] = copy_text(document, item->text);
	}
	*texts = (struct texts){list, node->count};
	return true;
}

bool is_ignored(struct slice name)
{
	static const char *const known[] = {"title", "description", "example", "rdfType",
					    "name",  "$schema",     "profile"};

	if (slice_starts_with(name, SLICE("x-")) || slice_starts_with(name, SLICE("title@")) ||
	    slice_starts_with(name, SLICE("description@")) || slice_find(name, ':', 0) < name.size)
		return true;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(name, known[i]))
			return true;
	return false;
}

/* ---- names ---- */

static int compare_known(const void *a, const void *b)
{
	const struct known_name *left = a, *right = b;
	size_t common = left->folded.size < right->folded.size ? left->folded.size : right->folded.size;
	int order = common ? memcmp(left->folded.data, right->folded.data, common) : 0;

	if (order)
		return order;
	if (left->folded.size != right->folded.size)
		return left->folded.size < right->folded.size ? -1 : 1;
	return (left->field > right->field) - (left->field < right->field);
}

static struct known_name make_known(struct document *document, struct slice name, uint32_t field,
				    bool is_alias)
{
	char *bytes = allocate(document, name.size + 1, 1);
	struct known_name known = {.name = name, .field = field, .is_alias = is_alias};

	if (bytes)
		known.folded = fold_name(name, bytes);
	return known;
}

/* An alias leads to one field, and no two fields have one name. */
static void check_known(struct document *document, const struct place *above,
			const struct known_name *lookup, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct known_name *before = &lookup[i - 1], *known = &lookup[i];
		struct place item = {.above = above, .index = known->field};
		bool has_alias = before->is_alias || known->is_alias;
		struct place place = member_place(&item, has_alias ? SLICE("aliases") : SLICE("name"));
		if (before->field == known->field || !slice_equal(before->folded, known->folded))
			continue;
		if (has_alias)
			add_fault(document, &place, "conflict", "fields %u and %u are both known as '%.*s'",
				  before->field, known->field, SLICE_ARG(known->name));
		else if (slice_equal(before->name, known->name))
			add_fault(document, &place, "repeated", "field %u has this name already", before->field);
	}
}

static void list_known(struct document *document, const struct place *place, struct schema *schema)
{
	size_t count = schema->field_count;

	for (size_t i = 0; i < schema->field_count; i++)
		count += schema->fields[i].aliases.count;
	if (count > KNOWN_NAMES_MAX) {
		add_fault(document, place, "out-of-range", "the fields may have at most %d names and aliases together",
			  KNOWN_NAMES_MAX);
		return;
	}
	struct slice *known = allocate(document, count, sizeof *known);
	struct known_name *lookup = allocate(document, count, sizeof *lookup);
	if (!known || !lookup)
		return;
	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct texts *aliases = &schema->fields[i].aliases;
		lookup[schema->known_count] = make_known(document, schema->names[i], i, false);
		known[schema->known_count++] = schema->names[i];
		for (size_t a = 0; a < aliases->count; a++) {
			lookup[schema->known_count] = make_known(document, aliases->list[a], i, true);
			known[schema->known_count++] = aliases->list[a];
		}
	}
	qsort(lookup, count, sizeof *lookup, compare_known);
	schema->known = known;
	schema->lookup = lookup;
	check_known(document, place, lookup, count);
}

static void read_fields(struct document *document, const struct place *place,
			const struct json_node *node, struct schema *schema)
{
	if (!is_kind(document, place, node, NODE_ARRAY))
		return;
	if (node->count == 0 || node->count > SCHEMA_FIELDS_MAX) {
		add_fault(document, place, "out-of-range", "must list 1 to %d fields", SCHEMA_FIELDS_MAX);
		return;
	}
	struct schema_field *fields = allocate(document, node->count, sizeof *fields);
	struct slice *names = allocate(document, node->count, sizeof *names);
	if (!fields || !names)
		return;
	schema->fields = fields;
	schema->names = names;
	for (const struct json_node *item = node->first; item; item = item->next) {
		size_t i = schema->field_count++;
		struct place inner = {.above = place, .index = i};
		read_field(document, &inner, item, &fields[i]);
		names[i] = fields[i].name;
	}
	list_known(document, place, schema);
}

static size_t find_field(const struct schema *schema, struct slice name)
{
	size_t i = 0;

	while (i < schema->field_count && !slice_equal(schema->names[i], name))
		i++;
	return i;
}

/* ---- the other members of the whole ---- */

/* A key of one field says that it is required and unique. */
static void read_key(struct document *document, const struct place *place,
		     const struct json_node *node, struct schema *schema)
{
	const struct json_node *name = node;

	if (node->kind == NODE_ARRAY && node->count > 1) {
		add_fault(document, place, "not-supported",
			  "a key of several fields is not checked here; leave it away, or make one field unique");
		return;
	}
	if (node->kind == NODE_ARRAY && node->count == 1)
		name = node->first;
	if (!is_kind(document, place, name, NODE_STRING))
		return;
	size_t i = find_field(schema, name->text);
	if (i == schema->field_count) {
		add_fault(document, place, "out-of-range", "there is no field '%.*s'", SLICE_ARG(name->text));
		return;
	}
	struct schema_field *field = (struct schema_field *)(uintptr_t)&schema->fields[i];
	field->required = field->unique = true;
}

static bool add_piece(struct document *document, struct schema *schema, struct template_piece *pieces,
		      struct slice text, uint32_t field)
{
	pieces[schema->piece_count] = (struct template_piece){
		.text = copy_text(document, text), .field = field};
	schema->piece_count++;
	return !document->no_memory;
}

/* What stands at `at`, which ends before *end: a text, a doubled brace, or a field in braces. */
static const char *read_piece(struct document *document, struct schema *schema,
			      struct template_piece *pieces, struct slice text, size_t at, size_t *end)
{
	char c = text.data[at];

	if ((c == '{' || c == '}') && at + 1 < text.size && text.data[at + 1] == c) {
		*end = at + 2;
		add_piece(document, schema, pieces, slice_of(text.data + at, 1), TEMPLATE_TEXT);
		return NULL;
	}
	if (c == '}')
		return "has a } without its {; write }} for the sign itself";
	if (c == '{') {
		size_t close = slice_find(text, '}', at);
		if (close == text.size)
			return "has a { without its }; write {{ for the sign itself";
		size_t i = find_field(schema, slice_of(text.data + at + 1, close - at - 1));
		if (i == schema->field_count)
			return "names a field in braces that the schema does not have";
		*end = close + 1;
		add_piece(document, schema, pieces, SLICE(""), (uint32_t)i);
		return NULL;
	}
	for (*end = at; *end < text.size && text.data[*end] != '{' && text.data[*end] != '}';)
		(*end)++;
	add_piece(document, schema, pieces, slice_of(text.data + at, *end - at), TEMPLATE_TEXT);
	return NULL;
}

static void read_template(struct document *document, const struct place *place,
			  const struct json_node *node, struct schema *schema)
{
	const char *fault = NULL;
	bool has_field = false;

	if (!is_kind(document, place, node, NODE_STRING))
		return;
	struct slice text = node->text;
	if (text.size > TEMPLATE_SIZE) {
		add_fault(document, place, "out-of-range", "must have at most %d bytes", TEMPLATE_SIZE);
		return;
	}
	struct template_piece *pieces = allocate(document, text.size + 1, sizeof *pieces);
	if (!pieces)
		return;
	for (size_t at = 0, end = 0; at < text.size && !fault; at = end)
		fault = read_piece(document, schema, pieces, text, at, &end);
	for (size_t i = 0; i < schema->piece_count; i++)
		has_field = has_field || pieces[i].field != TEMPLATE_TEXT;
	if (!fault && !has_field)
		fault = "must name at least one field, like {name}";
	if (fault)
		add_fault(document, place, "out-of-range", "%s", fault);
	schema->pieces = pieces;
}

static void read_member(struct document *document, const struct place *place,
			const struct json_node *node, struct schema *schema)
{
	struct slice name = node->name;

	if (slice_is(name, "fields") || slice_is(name, "missingValues"))
		return;
	if (slice_is(name, "primaryKey"))
		read_key(document, place, node, schema);
	else if (slice_is(name, "embedding_template"))
		read_template(document, place, node, schema);
	else if (slice_is(name, "foreignKeys") || slice_is(name, "uniqueKeys"))
		add_fault(document, place, "not-supported", "is not checked here; leave it away");
	else if (slice_is(name, "fieldsMatch") && !slice_is(node->text, "partial"))
		add_fault(document, place, "not-supported",
			  "columns may be fewer, more and in any order here: 'partial' is the only choice");
	else if (!slice_is(name, "fieldsMatch") && !is_ignored(name))
		add_fault(document, place, "unknown",
			  "there is no such member of a schema; names of your own begin with 'x-'");
}

static void read_root(struct document *document, const struct json_node *root, struct schema *schema)
{
	struct place top = {0}, place = member_place(&top, SLICE("missingValues"));
	const struct json_node *fields = json_node_find(root, "fields");
	const struct json_node *missing = json_node_find(root, "missingValues");

	if (!is_kind(document, &top, root, NODE_OBJECT))
		return;
	if (missing)
		read_texts(document, &place, missing, &document->missing);
	place = member_place(&top, SLICE("fields"));
	if (fields)
		read_fields(document, &place, fields, schema);
	else
		add_fault(document, &place, "missing", "is needed: the list of the schema's fields");
	for (const struct json_node *member = root->first; member; member = member->next) {
		struct place inner = member_place(&top, member->name);
		read_member(document, &inner, member, schema);
	}
	for (size_t i = 0; i < schema->field_count; i++)
		schema->has_unique = schema->has_unique || schema->fields[i].unique;
}

/* ---- the whole ---- */

static enum status read_document(struct document *document, struct schema *schema, struct error *err)
{
	const struct json_node *root;
	struct place top = {0};
	struct error reason;
	struct arena tree;

	arena_init(&tree, ARENA_CAP);
	enum status status = json_tree_read(schema->document, &tree, &root, &reason);
	if (status == STATUS_OK)
		read_root(document, root, schema);
	else if (status == STATUS_INVALID)
		add_fault(document, &top, "syntax-error", "the schema cannot be read as JSON: %s",
			  reason.detail);
	arena_release(&tree);
	if (status == STATUS_NO_MEMORY || document->no_memory)
		return error_no_memory(err);
	if (document->fault_count == 0)
		return STATUS_OK;
	const struct schema_fault *first = &document->faults->list[0];
	return error_set(err, STATUS_INVALID, "invalid-schema", "%.*s%s%.*s", SLICE_ARG(first->place),
			 first->place.size ? ": " : "", SLICE_ARG(first->message));
}

enum status schema_parse(struct slice name, struct slice text, const struct schema **schema,
			 struct schema_faults *faults, struct error *err)
{
	struct arena own_arena;
	struct schema_faults own = {.arena = &own_arena};

	*schema = NULL;
	if (text.size > SCHEMA_DOCUMENT_MAX)
		return error_set(err, STATUS_TOO_LARGE, NULL, "a schema may have at most %d bytes",
				 SCHEMA_DOCUMENT_MAX);
	struct loaded_schema *loaded = calloc(1, sizeof *loaded);
	if (!loaded)
		return error_no_memory(err);
	loaded->holders = 1;
	arena_init(&loaded->arena, ARENA_CAP);
	arena_init(&own_arena, 1 << 20);
	struct document document = {.arena = &loaded->arena, .faults = faults ? faults : &own};
	document.faults->count = 0;
	loaded->base.name = copy_text(&document, name);
	loaded->base.document = copy_text(&document, slice_trim(text));
	enum status status = document.no_memory ? error_no_memory(err)
						: read_document(&document, &loaded->base, err);
	arena_release(&own_arena);
	if (status != STATUS_OK) {
		loaded_free(loaded);
		return status;
	}
	*schema = &loaded->base;
	return STATUS_OK;
}
