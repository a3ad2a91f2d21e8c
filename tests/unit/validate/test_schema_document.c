/* Documents: what is taken, what is refused and where. */
#include "support.h"

#include "arena_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "validate/schema.h"

#include "base/banned.h"

static const struct schema *parse(const char *document)
{
	const struct schema *schema;
	struct error err;

	assert_ok(schema_parse(SLICE("test"), slice_of_string(document), &schema, NULL, &err), &err);
	return schema;
}

/* The only fault is this one. */
static void check_fault_at(const char *document, const char *place, const char *type, int line)
{
	const struct schema *schema;
	struct schema_faults faults = {.arena = &test_arena};
	struct error err;

	arena_reset(&test_arena);
	enum status status = schema_parse(SLICE("test"), slice_of_string(document), &schema, &faults, &err);
	if (status != STATUS_INVALID || faults.count != 1 || !slice_is(faults.list[0].place, place) ||
	    strcmp(faults.list[0].type, type) != 0)
		fail_msg("line %d: %s: %d faults, at '%.*s': %s (%.*s)", line, document, (int)faults.count,
			 SLICE_ARG(faults.list[0].place), faults.list[0].type, SLICE_ARG(faults.list[0].message));
	assert_null(schema);
	assert_string_equal(err.code, "invalid-schema");
	assert_true(faults.list[0].message.size > 5);
}
#define check_fault(document_, place_, type_) check_fault_at(document_, place_, type_, __LINE__)

/* A field of this type with these further members. */
#define FIELD(members_) "{\"fields\": [{\"name\": \"a\", " members_ "}]}"
#define LIMITED(type_, constraints_) FIELD("\"type\": \"" type_ "\", \"constraints\": {" constraints_ "}")

static void what_is_no_document_is_refused_with_its_place(void **state)
{
	(void)state;
	check_fault("", "", "syntax-error");
	check_fault("[", "", "syntax-error");
	check_fault("[]", "", "wrong-type");
	check_fault("{}", "/fields", "missing");
	check_fault("{\"fields\": {}}", "/fields", "wrong-type");
	check_fault("{\"fields\": []}", "/fields", "out-of-range");
	check_fault("{\"fields\": [1]}", "/fields/0", "wrong-type");
	check_fault("{\"fields\": [{}]}", "/fields/0/name", "missing");
	check_fault("{\"fields\": [{\"name\": 1}]}", "/fields/0/name", "wrong-type");
	check_fault("{\"fields\": [{\"name\": \" \"}]}", "/fields/0/name", "out-of-range");
	check_fault("{\"fields\": [{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"a\"}]}", "/fields/2/name", "repeated");
	check_fault(FIELD("\"a/b~c\": 1"), "/fields/0/a~1b~0c", "unknown");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"nonsense\": 1}", "/nonsense", "unknown");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"foreignKeys\": []}", "/foreignKeys", "not-supported");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"uniqueKeys\": []}", "/uniqueKeys", "not-supported");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"fieldsMatch\": \"exact\"}", "/fieldsMatch", "not-supported");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"primaryKey\": \"b\"}", "/primaryKey", "out-of-range");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"primaryKey\": 1}", "/primaryKey", "wrong-type");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"primaryKey\": []}", "/primaryKey", "wrong-type");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"primaryKey\": [\"a\", \"b\"]}", "/primaryKey", "not-supported");
	check_fault("{\"fields\": [{\"name\": \"a\"}], \"missingValues\": [1]}", "/missingValues/0", "wrong-type");
}

static void what_a_field_cannot_be_is_refused(void **state)
{
	(void)state;
	check_fault(FIELD("\"type\": 1"), "/fields/0/type", "wrong-type");
	check_fault(FIELD("\"type\": \"array\""), "/fields/0/type", "not-supported");
	check_fault(FIELD("\"type\": \"text\""), "/fields/0/type", "unknown");
	check_fault(FIELD("\"format\": 1"), "/fields/0/format", "wrong-type");
	check_fault(FIELD("\"format\": \"binary\""), "/fields/0/format", "not-supported");
	check_fault(FIELD("\"type\": \"integer\", \"format\": \"x\""), "/fields/0/format", "not-supported");
	check_fault(FIELD("\"type\": \"date\", \"format\": \"iso\""), "/fields/0/format", "out-of-range");
	check_fault(FIELD("\"type\": \"date\", \"format\": \"%Y %H\""), "/fields/0/format", "out-of-range");
	check_fault(FIELD("\"required\": true"), "/fields/0/required", "unknown");
	check_fault(FIELD("\"categories\": []"), "/fields/0/categories", "not-supported");
	check_fault(FIELD("\"decimalChar\": \",\""), "/fields/0/decimalChar", "unknown");
	check_fault(FIELD("\"type\": \"integer\", \"decimalChar\": \",\""), "/fields/0/decimalChar", "unknown");
	check_fault(FIELD("\"type\": \"number\", \"decimalChar\": \"\""), "/fields/0/decimalChar", "out-of-range");
	check_fault(FIELD("\"type\": \"number\", \"decimalChar\": \"5\""), "/fields/0/decimalChar", "out-of-range");
	check_fault(FIELD("\"type\": \"number\", \"groupChar\": \"..\""), "/fields/0/groupChar", "out-of-range");
	check_fault(FIELD("\"type\": \"number\", \"groupChar\": \".\""), "/fields/0", "conflict");
	check_fault(FIELD("\"type\": \"number\", \"bareNumber\": 0"), "/fields/0/bareNumber", "wrong-type");
	check_fault(FIELD("\"type\": \"number\", \"decimalChar\": 5"), "/fields/0/decimalChar", "wrong-type");
	check_fault(FIELD("\"type\": \"number\", \"decimalChar\": \"\\u0000\""), "/fields/0/decimalChar", "out-of-range");
	check_fault(FIELD("\"groupChar\": \",\""), "/fields/0/groupChar", "unknown");
	check_fault(FIELD("\"bareNumber\": true"), "/fields/0/bareNumber", "unknown");
	check_fault(FIELD("\"falseValues\": [\"x\"]"), "/fields/0/falseValues", "unknown");
	check_fault(FIELD("\"categoriesOrdered\": true"), "/fields/0/categoriesOrdered", "not-supported");
	check_fault(FIELD("\"type\": \"boolean\", \"trueValues\": [\"\"]"), "/fields/0/trueValues", "out-of-range");
	check_fault(FIELD("\"trueValues\": [\"x\"]"), "/fields/0/trueValues", "unknown");
	check_fault(FIELD("\"type\": \"boolean\", \"trueValues\": []"), "/fields/0/trueValues", "out-of-range");
	check_fault(FIELD("\"type\": \"boolean\", \"trueValues\": [\" x\"]"), "/fields/0/trueValues", "out-of-range");
	check_fault(FIELD("\"type\": \"boolean\", \"falseValues\": \"x\""), "/fields/0/falseValues", "wrong-type");
	check_fault(FIELD("\"type\": \"boolean\", \"trueValues\": [\"0\"]"), "/fields/0", "conflict");
	check_fault(FIELD("\"aliases\": [\"\"]"), "/fields/0/aliases", "out-of-range");
	check_fault(FIELD("\"aliases\": [1]"), "/fields/0/aliases/0", "wrong-type");
	check_fault("{\"fields\": [{\"name\": \"a\"}, {\"name\": \"b\", \"aliases\": [\"A-\"]}]}", "/fields/1/aliases",
		    "conflict");
	check_fault("{\"fields\": [{\"name\": \"a\", \"aliases\": [\"c d\"]}, {\"name\": \"b\", \"aliases\": [\"C_D\"]}]}",
		    "/fields/1/aliases", "conflict");
}

static void names_have_a_longest(void **state)
{
	(void)state;
	char name[1002], document[1200];

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(document, sizeof document, "{\"fields\": [{\"name\": \"%s\"}]}", name);
	check_fault(document, "/fields/0/name", "out-of-range");
	snprintf(document, sizeof document, "{\"fields\": [{\"name\": \"a\", \"aliases\": [\"%s\"]}]}", name);
	check_fault(document, "/fields/0/aliases", "out-of-range");
}

static void constraints_must_fit_their_type(void **state)
{
	(void)state;
	check_fault(FIELD("\"constraints\": []"), "/fields/0/constraints", "wrong-type");
	check_fault(LIMITED("string", "\"nonsense\": 1"), "/fields/0/constraints/nonsense", "unknown");
	check_fault(LIMITED("string", "\"jsonSchema\": {}"), "/fields/0/constraints/jsonSchema", "not-supported");
	check_fault(LIMITED("string", "\"required\": \"yes\""), "/fields/0/constraints/required", "wrong-type");
	check_fault(LIMITED("string", "\"maxLength\": 99999999999"), "/fields/0/constraints/maxLength", "out-of-range");
	check_fault(LIMITED("string", "\"minLength\": -1"), "/fields/0/constraints/minLength", "out-of-range");
	check_fault(LIMITED("string", "\"maxLength\": 0"), "/fields/0/constraints/maxLength", "out-of-range");
	check_fault(LIMITED("string", "\"maxLength\": 1.5"), "/fields/0/constraints/maxLength", "out-of-range");
	check_fault(LIMITED("string", "\"maxLength\": \"9\""), "/fields/0/constraints/maxLength", "wrong-type");
	check_fault(LIMITED("integer", "\"maxLength\": 9"), "/fields/0/constraints/maxLength", "not-supported");
	check_fault(LIMITED("string", "\"minLength\": 3, \"maxLength\": 2"), "/fields/0/constraints", "conflict");
	check_fault(LIMITED("string", "\"minimum\": 1"), "/fields/0/constraints/minimum", "not-supported");
	check_fault(LIMITED("integer", "\"minimum\": true"), "/fields/0/constraints/minimum", "wrong-type");
	check_fault(LIMITED("integer", "\"minimum\": \"x\""), "/fields/0/constraints/minimum", "wrong-type");
	check_fault(LIMITED("integer", "\"minimum\": 2, \"maximum\": 1"), "/fields/0/constraints", "conflict");
	check_fault(LIMITED("date", "\"minimum\": \"2024-01-02\", \"maximum\": \"2024-01-01\""), "/fields/0/constraints",
		    "conflict");
	check_fault(LIMITED("date", "\"minimum\": \"soon\""), "/fields/0/constraints/minimum", "wrong-type");
	check_fault(LIMITED("date", "\"minimum\": 2024"), "/fields/0/constraints/minimum", "wrong-type");
	check_fault(LIMITED("number", "\"minimum\": 1, \"exclusiveMinimum\": 1"), "/fields/0/constraints/exclusiveMinimum",
		    "conflict");
	check_fault(LIMITED("number", "\"pattern\": \"a\""), "/fields/0/constraints/pattern", "not-supported");
	check_fault(LIMITED("string", "\"pattern\": 1"), "/fields/0/constraints/pattern", "wrong-type");
	check_fault(LIMITED("string", "\"pattern\": \"(\""), "/fields/0/constraints/pattern", "out-of-range");
	check_fault(LIMITED("string", "\"enum\": []"), "/fields/0/constraints/enum", "out-of-range");
	check_fault(LIMITED("string", "\"enum\": \"a\""), "/fields/0/constraints/enum", "wrong-type");
	check_fault(LIMITED("string", "\"enum\": [\"a\", 1]"), "/fields/0/constraints/enum/1", "wrong-type");
	check_fault(LIMITED("string", "\"enum\": [\"\"]"), "/fields/0/constraints/enum/0", "out-of-range");
	check_fault(LIMITED("any", "\"enum\": [null]"), "/fields/0/constraints/enum/0", "out-of-range");
	check_fault(LIMITED("date", "\"enum\": [\"2024-02-30\"]"), "/fields/0/constraints/enum/0", "wrong-type");
}

#define TEMPLATE(text_) "{\"fields\": [{\"name\": \"a\"}], \"embedding_template\": " text_ "}"

static void templates_name_fields_in_braces(void **state)
{
	(void)state;
	check_fault(TEMPLATE("1"), "/embedding_template", "wrong-type");
	check_fault(TEMPLATE("\"\""), "/embedding_template", "out-of-range");
	check_fault(TEMPLATE("\"text\""), "/embedding_template", "out-of-range");
	check_fault(TEMPLATE("\"{b}\""), "/embedding_template", "out-of-range");
	check_fault(TEMPLATE("\"{a\""), "/embedding_template", "out-of-range");
	check_fault(TEMPLATE("\"{a}}\""), "/embedding_template", "out-of-range");
	check_fault(TEMPLATE("\"{{a}}\""), "/embedding_template", "out-of-range");
	schema_release(parse(TEMPLATE("\"{{ {a} }}\"")));
	char text[10100];
	snprintf(text, sizeof text, TEMPLATE("\"{a}%09997d\""), 0);
	schema_release(parse(text));
	snprintf(text, sizeof text, TEMPLATE("\"{a}%09998d\""), 0);
	check_fault(text, "/embedding_template", "out-of-range");
}

static void patterns_are_limited_together(void **state)
{
	struct schema_faults faults = {.arena = &test_arena};
	const struct schema *schema;
	enum status status = STATUS_OK;
	struct strbuf text;
	struct error err;
	int count = 0;

	(void)state;
	arena_reset(&test_arena);
	strbuf_init(&text, 1 << 20);
	while (status == STATUS_OK) {
		count += 20;
		assert_true(count <= SCHEMA_FIELDS_MAX);
		strbuf_clear(&text);
		strbuf_add_string(&text, "{\"fields\": [");
		for (int i = 0; i < count; i++)
			strbuf_add_format(&text, "%s{\"name\": \"f%d\", \"constraints\": {\"pattern\": \"(?:[a-z]b){999}\"}}",
					  i ? "," : "", i);
		strbuf_add_string(&text, "]}");
		status = schema_parse(SLICE("t"), strbuf_slice(&text), &schema, &faults, &err);
		schema_release(schema);
	}
	assert_int_equal(status, STATUS_INVALID);
	assert_true(count > 20);
	assert_string_equal(faults.list[0].type, "out-of-range");
	assert_non_null(strstr(err.detail, "/constraints/pattern: the schema's patterns take too much memory together"));
	strbuf_release(&text);
}

static void what_only_describes_is_ignored(void **state)
{
	(void)state;
	schema_release(parse("{\"$schema\": \"x\", \"title\": \"T\", \"description\": [], \"x-own\": {}, \"ours:thing\": 1, "
			     "\"fieldsMatch\": \"partial\", \"fields\": [{\"name\": \"a\", \"title@en\": \"A\", \"example\": 1, "
			     "\"rdfType\": \"y\", \"constraints\": {\"x-own\": 1}}]}"));
}

static void faults_are_listed_up_to_a_limit(void **state)
{
	struct schema_faults faults = {.arena = &test_arena};
	const struct schema *schema;
	struct strbuf text;
	struct error err;

	(void)state;
	arena_reset(&test_arena);
	strbuf_init(&text, 1 << 16);
	strbuf_add_string(&text, "{\"fields\": [{}");
	for (int i = 0; i < 30; i++)
		strbuf_add_string(&text, ",{}");
	strbuf_add_string(&text, "]}");
	assert_int_equal(schema_parse(SLICE("test"), strbuf_slice(&text), &schema, &faults, &err), STATUS_INVALID);
	assert_int_equal(faults.count, SCHEMA_FAULTS_MAX);
	assert_string_equal(err.detail, "/fields/0/name: is needed: the name of the column");
	strbuf_release(&text);
}

static void sizes_are_limited(void **state)
{
	const struct schema *schema;
	struct strbuf text;

	(void)state;
	strbuf_init(&text, 4 << 20);
	for (int extra = 0; extra < 2; extra++) {
		strbuf_clear(&text);
		strbuf_add_string(&text, "{\"fields\": [");
		for (int i = 0; i < SCHEMA_FIELDS_MAX + extra; i++)
			strbuf_add_format(&text, "%s{\"name\": \"f%d\"}", i ? "," : "", i);
		strbuf_add_string(&text, "]}");
		enum status status = schema_parse(SLICE("t"), strbuf_slice(&text), &schema, NULL, NULL);
		assert_int_equal(status, extra ? STATUS_INVALID : STATUS_OK);
		schema_release(schema);
	}
	while (text.size <= SCHEMA_DOCUMENT_MAX)
		strbuf_add_byte(&text, ' ');
	assert_int_equal(schema_parse(SLICE("t"), strbuf_slice(&text), &schema, NULL, NULL), STATUS_TOO_LARGE);
	strbuf_clear(&text);
	strbuf_add_string(&text, "{\"fields\": [{\"name\": \"a\", \"aliases\": [\"b\"");
	for (int i = 0; i < 10000; i++)
		strbuf_add_format(&text, ",\"b%d\"", i);
	strbuf_add_string(&text, "]}]}");
	assert_int_equal(schema_parse(SLICE("t"), strbuf_slice(&text), &schema, NULL, NULL), STATUS_INVALID);
	strbuf_release(&text);
}

static void a_schema_says_what_it_is(void **state)
{
	const struct schema *schema = parse(
		" {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"mail\", \"type\": \"email\", "
		"\"aliases\": [\"E-Mail\"]}], \"primaryKey\": [\"id\"]}\n");
	size_t count;

	(void)state;
	assert_slice(schema_name(schema), "test");
	assert_false(schema_is_builtin(schema));
	assert_true(schema_document(schema).data[0] == '{');
	assert_true(schema_document(schema).data[schema_document(schema).size - 1] == '}');
	assert_int_equal(schema_field_type(schema, 1), TYPE_EMAIL);
	assert_true(schema_has_unique(schema));
	assert_true(schema_field_is_unique(schema, 0));
	assert_false(schema_field_is_unique(schema, 1));
	assert_slice(schema_known_columns(schema, &count)[2], "E-Mail");
	assert_int_equal(count, 3);
	assert_ptr_equal(schema_hold(schema), schema);
	schema_release(schema);
	schema_release(schema);
	schema_release(NULL);
	schema_release(schema_hold(schema_builtin(SLICE("people"))));
}

static void names_of_schemas_are_plain_words(void **state)
{
	static const char *const good[] = {"a", "A-1_b.c", "_x", "-", "0"};
	static const char *const bad[] = {"", ".a", "a b", "a/b", "\xC3\xA4", "a\x01"};
	char longest[SCHEMA_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(schema_name_is_valid(slice_of_string(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(schema_name_is_valid(slice_of_string(bad[i])));
	memset(longest, 'a', sizeof longest);
	assert_true(schema_name_is_valid(slice_of(longest, SCHEMA_NAME_MAX)));
	assert_false(schema_name_is_valid(slice_of(longest, SCHEMA_NAME_MAX + 1)));
	assert_false(schema_name_is_valid(slice_of("a\0b", 3)));
}

/* ---- documents of others ---- */

struct tally {
	size_t taken, refused;
};

/* Whatever has "fields" within the file is a schema to somebody. */
static void try_schemas(const struct json_node *node, struct tally *tally)
{
	const struct schema *schema;
	struct schema_faults faults = {.arena = &test_arena};
	struct error err;

	if (json_node_find(node, "fields")) {
		enum status status = schema_parse(SLICE("theirs"), node->raw, &schema, &faults, &err);
		assert_true(status == STATUS_OK || (status == STATUS_INVALID && faults.count > 0));
		tally->taken += status == STATUS_OK;
		tally->refused += status == STATUS_INVALID;
		schema_release(schema);
	}
	for (const struct json_node *inner = node->first; inner; inner = inner->next)
		try_schemas(inner, tally);
}

static void visit(void *context, const char *path)
{
	const struct json_node *root;
	struct arena tree;
	size_t size = strlen(path);

	if (size < 5 || strcmp(path + size - 5, ".json") != 0)
		return;
	struct slice text = read_file(path);
	arena_init(&tree, 64 << 20);
	if (json_tree_read(text, &tree, &root, NULL) == STATUS_OK)
		try_schemas(root, context);
	arena_reset(&test_arena);
	arena_release(&tree);
	free((char *)(uintptr_t)text.data);
}

static void check_file(const char *name, bool taken)
{
	char path[256];
	const struct schema *schema;
	struct error err = {0};

	snprintf(path, sizeof path, "corpus/frictionless/%s", name);
	struct slice text = read_file(shared_path(path));
	enum status status = schema_parse(SLICE("theirs"), text, &schema, NULL, &err);
	if (status != (taken ? STATUS_OK : STATUS_INVALID))
		fail_msg("%s: %s", name, err.detail);
	schema_release(schema);
	free((char *)(uintptr_t)text.data);
}

static void documents_of_others_are_taken_or_refused_with_a_reason(void **state)
{
	struct tally tally = {0};

	(void)state;
	visit_files(shared_path("corpus/frictionless"), visit, &tally);
	assert_true(tally.taken >= 45);
	assert_true(tally.refused >= 15);
	check_file("schema.json", true);
	check_file("schema-valid.json", true);
	check_file("schema-valid-simple.json", true);
	check_file("schema-valid-pk.json", true);
	check_file("unique-field.json", true);
	check_file("schema-invalid.json", false);
	check_file("schema-invalid-multiple-errors.json", false);
	check_file("schema-invalid-pk-string.json", false);
	check_file("schema-valid-full.json", false); /* foreign keys are not checked here */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_document_is_refused_with_its_place),
		cmocka_unit_test(what_a_field_cannot_be_is_refused),
		cmocka_unit_test(names_have_a_longest),
		cmocka_unit_test(constraints_must_fit_their_type),
		cmocka_unit_test(templates_name_fields_in_braces),
		cmocka_unit_test(patterns_are_limited_together),
		cmocka_unit_test(what_only_describes_is_ignored),
		cmocka_unit_test(faults_are_listed_up_to_a_limit),
		cmocka_unit_test(sizes_are_limited),
		cmocka_unit_test(a_schema_says_what_it_is),
		cmocka_unit_test(names_of_schemas_are_plain_words),
		cmocka_unit_test(documents_of_others_are_taken_or_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, make_test_arena, release_test_arena);
}
