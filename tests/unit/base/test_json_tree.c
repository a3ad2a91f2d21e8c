#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_tree.h"
#include "base/strbuf.h"

#include "base/banned.h"

static struct arena arena;

static const struct json_node *read_tree(struct slice text)
{
	const struct json_node *root;
	struct error err;

	arena_reset(&arena);
	assert_ok(json_tree_read(text, &arena, &root, &err), &err);
	return root;
}

static void a_document_is_a_tree_that_keeps_digits(void **state)
{
	(void)state;
	const struct json_node *root = read_tree(
		SLICE(" {\"n\": -1.50e+07, \"list\": [1, true, null, {}], \"text\": \"a\\u00e4\\ud83d\\ude00\\n\\/\"} "));
	assert_int_equal(root->kind, NODE_OBJECT);
	assert_int_equal(root->count, 3);
	assert_slice(json_node_find(root, "n")->text, "-1.50e+07");
	const struct json_node *list = json_node_find(root, "list");
	assert_int_equal(list->count, 4);
	assert_slice(list->raw, "[1, true, null, {}]");
	assert_slice(list->first->next->text, "true");
	assert_int_equal(list->first->next->next->kind, NODE_NULL);
	assert_slice(json_node_find(root, "text")->text, "a\xC3\xA4\xF0\x9F\x98\x80\n/");
	assert_null(json_node_find(root, "other"));
	assert_null(json_node_find(list, "n"));
	assert_null(json_node_find(NULL, "n"));
}

static void check_fault(struct slice text, const char *code, uint64_t line, uint64_t column)
{
	const struct json_node *root;
	struct error err = {0};

	arena_reset(&arena);
	if (json_tree_read(text, &arena, &root, &err) != STATUS_INVALID)
		fail_msg("'%.*s' is accepted", SLICE_ARG(text));
	assert_null(root);
	if (strcmp(err.code, code) != 0 || err.line != line || err.column != column)
		fail_msg("'%.*s': %s, %s, line %d, column %d", SLICE_ARG(text), err.code, err.detail,
			 (int)err.line, (int)err.column);
}

static void mistakes_have_their_place(void **state)
{
	(void)state;
	check_fault(SLICE(""), "syntax-error", 1, 1);
	check_fault(SLICE("{\"a\": 1,\n \"a\": 2}"), "duplicate-member", 2, 2);
	check_fault(SLICE("{\"\\u0061\": 1, \"a\": 2}"), "duplicate-member", 1, 15);
	check_fault(SLICE("[1, 2"), "syntax-error", 1, 6);
	check_fault(SLICE("[1 2]"), "syntax-error", 1, 4);
	check_fault(SLICE("{\"a\" 1}"), "syntax-error", 1, 6);
	check_fault(SLICE("{a: 1}"), "syntax-error", 1, 2);
	check_fault(SLICE("\"\xC3\xA4\\x\""), "syntax-error", 1, 3);
	check_fault(SLICE("\"\\ud800\""), "syntax-error", 1, 2);
	check_fault(SLICE("\"\\udc00\""), "syntax-error", 1, 2);
	check_fault(SLICE("\"\\ud800\\u0041\""), "syntax-error", 1, 2);
	check_fault(SLICE("\"\\u12g4\""), "syntax-error", 1, 2);
	check_fault(SLICE("\"a\nb\""), "syntax-error", 1, 3);
	check_fault(SLICE("\"abc"), "syntax-error", 1, 1);
	check_fault(SLICE("\"abc\\"), "syntax-error", 1, 1);
	check_fault(SLICE("[1] x"), "syntax-error", 1, 5);
	check_fault(SLICE("\xFF"), "encoding-error", 1, 1);
	check_fault(SLICE("nul"), "syntax-error", 1, 1);
}

static void depth_and_members_are_limited(void **state)
{
	struct strbuf text;

	(void)state;
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < JSON_TREE_DEPTH; i++)
		strbuf_add_byte(&text, '[');
	for (int i = 0; i < JSON_TREE_DEPTH; i++)
		strbuf_add_byte(&text, ']');
	read_tree(strbuf_slice(&text));
	strbuf_clear(&text);
	for (int i = 0; i <= JSON_TREE_DEPTH; i++)
		strbuf_add_byte(&text, '[');
	check_fault(strbuf_slice(&text), "too-deep", 1, JSON_TREE_DEPTH + 1);
	for (int extra = 0; extra < 2; extra++) {
		strbuf_clear(&text);
		strbuf_add_byte(&text, '{');
		for (int i = 0; i < JSON_TREE_MEMBERS + extra; i++)
			strbuf_add_format(&text, "%s\"m%04d\":1", i ? "," : "", i);
		strbuf_add_byte(&text, '}');
		if (!extra)
			read_tree(strbuf_slice(&text));
		else
			check_fault(strbuf_slice(&text), "too-many-members", 1, 2 + 10 * JSON_TREE_MEMBERS);
	}
	strbuf_release(&text);
}

static void memory_that_runs_out_is_told(void **state)
{
	const struct json_node *root;
	struct arena none;
	struct error err;

	(void)state;
	arena_init(&none, 0);
	assert_int_equal(json_tree_read(SLICE("1"), &none, &root, &err), STATUS_NO_MEMORY);
	arena_release(&none);
}

static void visit(void *context, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	const struct json_node *root;
	struct slice text = read_file(path);
	struct error err;
	size_t *seen = context;

	arena_reset(&arena);
	enum status status = json_tree_read(text, &arena, &root, &err);
	/* Repeated members are JSON by the letter, and refused here. */
	bool is_repeated = status == STATUS_INVALID && strcmp(err.code, "duplicate-member") == 0;
	if (name[0] == 'y' && status != STATUS_OK && !is_repeated)
		fail_msg("%s: %s", name, err.detail);
	if (name[0] == 'n' && status != STATUS_INVALID)
		fail_msg("%s is accepted", name);
	*seen += name[0] == 'y' || name[0] == 'n';
	free((char *)(uintptr_t)text.data);
}

static void the_suite_of_others_is_decided_alike(void **state)
{
	size_t seen = 0;

	(void)state;
	visit_files(shared_path("corpus/jsontestsuite/test_parsing"), visit, &seen);
	assert_true(seen > 250);
}

/* No beginning of a document is one, and none reads beyond its end (as the sanitizers see). */
static void every_beginning_is_told_apart(void **state)
{
	static const char text[] = "{\"a\\n\": [1.5e3, \"\\ud83d\\ude00\", {\"b\": null}], \"c\": false}";

	(void)state;
	for (size_t size = 0; size < sizeof text - 1; size++) {
		char *piece = malloc(size + 1);
		const struct json_node *root;
		memcpy(piece, text, size);
		arena_reset(&arena);
		assert_int_equal(json_tree_read(slice_of(piece, size), &arena, &root, NULL), STATUS_INVALID);
		free(piece);
	}
	read_tree(slice_of(text, sizeof text - 1));
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 64 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_a_tree_that_keeps_digits),
		cmocka_unit_test(mistakes_have_their_place),
		cmocka_unit_test(depth_and_members_are_limited),
		cmocka_unit_test(memory_that_runs_out_is_told),
		cmocka_unit_test(the_suite_of_others_is_decided_alike),
		cmocka_unit_test(every_beginning_is_told_apart),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
