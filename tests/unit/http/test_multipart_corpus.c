/* Other people's multipart bodies: every case has a decision, each holds for the body cut anywhere. */
#include "form.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base64.h"

/* Where the reader differs from what a corpus expects. */
static const struct difference {
	const char *name;
	bool refused; /* else it is taken, with other content */
	const char *why;
} differences[] = {
	{"almost_match_boundary_without_CR", true, "text follows a boundary on its line: RFC 2046 5.1.1 forbids such content"},
	{"almost_match_boundary_without_LF", true, "the same, with a CR that stands alone"},
	{"almost_match_boundary_without_final_hyphen", true, "the same, with half of a closing boundary"},
	{"single_field_blocks", true, "the boundary is said to be --boundary, but the delimiters are --boundary and not ----boundary"},
	{"base64_encoding", false, "Content-Transfer-Encoding is ignored, as browsers do (RFC 7578 4.7, WPT)"},
	{"quoted_printable_encoding", false, "the same"},
	{"mixed_case_headers", false, "the same"},
	{"mixed_plain_and_base64_encoding", false, "the same"},
};

static const struct difference *find_difference(const char *name)
{
	for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
		if (strcmp(differences[i].name, name) == 0)
			return &differences[i];
	return NULL;
}

struct tally {
	size_t must_fail, refused; /* of those that must */
	size_t taken, differing;
};

/* One cut at every byte, and bytes one by one: always the same. */
static void expect_same_in_all_pieces(const char *name, struct slice boundary, struct slice body, const struct form *whole)
{
	for (size_t cut = 0; cut < body.size; cut++) {
		struct form form;
		form_read(&form, boundary, body, cut, cut ? 0 : 1);
		if (!form_equal(&form, whole))
			fail_msg("%s: cut at byte %zu it gives %s at byte %llu instead of %s at byte %llu", name, cut,
				 status_code(form.status), (unsigned long long)form.err.byte, status_code(whole->status),
				 (unsigned long long)whole->err.byte);
		form_release(&form);
	}
}

static bool is_text(const struct strbuf *buf, const char *text)
{
	return slice_is(strbuf_slice(buf), text ? text : "");
}

static bool equals_python_part(const struct form_part *part, json_t *expected)
{
	const char *filename = json_string_value(json_object_get(expected, "file_name"));
	char *decoded = NULL;
	struct slice data = base64_decode(json_string_value(json_object_get(expected, "data")), &decoded);
	bool equal = part->ended && slice_equal(strbuf_slice(&part->data), data) &&
		     is_text(&part->name, json_string_value(json_object_get(expected, "name"))) &&
		     part->has_filename == (filename != NULL) && is_text(&part->filename, filename);

	free(decoded);
	return equal;
}

static bool equals_python(const struct form *form, json_t *parts)
{
	if (form->status != STATUS_OK || form->count != json_array_size(parts))
		return false;
	for (size_t i = 0; i < form->count; i++)
		if (!equals_python_part(&form->parts[i], json_array_get(parts, i)))
			return false;
	return true;
}

static void check_python_case(json_t *test, struct tally *tally)
{
	const char *name = json_string_value(json_object_get(test, "name"));
	struct slice boundary = slice_of_string(json_string_value(json_object_get(test, "boundary")));
	json_t *expected = json_object_get(test, "expected");
	json_t *parts = json_object_get(expected, "parts_data_base64");
	const struct difference *difference = find_difference(name);
	char *bytes = NULL;
	struct slice body = base64_decode(json_string_value(json_object_get(test, "body_base64")), &bytes);
	struct form form;

	form_read(&form, boundary, body, 0, 0);
	expect_same_in_all_pieces(name, boundary, body, &form);
	if (!parts) {
		tally->must_fail++;
		if (form.status != STATUS_INVALID)
			fail_msg("%s was taken", name);
		tally->refused++;
	} else if (difference) {
		if (difference->refused != (form.status == STATUS_INVALID) || equals_python(&form, parts))
			fail_msg("%s does not differ as written down: %s", name, difference->why);
		tally->differing++;
	} else {
		if (!equals_python(&form, parts))
			fail_msg("%s: %s; its parts are not those expected", name, form.err.detail);
		tally->taken++;
	}
	form_release(&form);
	free(bytes);
}

static bool equals_wpt_part(const struct form_part *part, json_t *entry)
{
	json_t *value = json_array_get(entry, 1);
	json_t *content = json_is_string(value) ? value : json_object_get(value, "body");
	const char *filename = json_string_value(json_object_get(value, "name"));
	struct slice data = slice_of(json_string_value(content), json_string_length(content));

	if (!part->ended || !slice_equal(strbuf_slice(&part->data), data) ||
	    !is_text(&part->name, json_string_value(json_array_get(entry, 0))))
		return false;
	if (json_is_string(value))
		return !part->has_filename;
	/* Without a Content-Type, text/plain is the browser's default and not the reader's. */
	return part->has_filename && is_text(&part->filename, filename) &&
	       (part->content_type.size == 0 ||
		is_text(&part->content_type, json_string_value(json_object_get(value, "type"))));
}

static void check_wpt_case(json_t *test, struct slice boundary, struct tally *tally)
{
	const char *name = json_string_value(json_object_get(test, "name"));
	json_t *text = json_object_get(test, "body"), *expected = json_object_get(test, "expected");
	struct slice body = slice_of(json_string_value(text), json_string_length(text));
	struct form form;
	bool equal;

	form_read(&form, boundary, body, 0, 0);
	expect_same_in_all_pieces(name, boundary, body, &form);
	if (json_is_string(expected)) {
		tally->must_fail++;
		if (form.status != STATUS_INVALID)
			fail_msg("%s was taken", name);
		tally->refused++;
	} else {
		equal = form.status == STATUS_OK && form.count == json_array_size(expected);
		for (size_t i = 0; equal && i < form.count; i++)
			equal = equals_wpt_part(&form.parts[i], json_array_get(expected, i));
		if (!equal)
			fail_msg("%s: %s; its parts are not those expected", name, form.err.detail);
		tally->taken++;
	}
	form_release(&form);
}

static json_t *load(const char *relative)
{
	json_error_t error;
	json_t *root = json_load_file(shared_path(relative), JSON_ALLOW_NUL, &error);

	if (!root)
		fail_msg("%s: %s", relative, error.text);
	return root;
}

static void python_multipart_cases_are_taken_or_refused_as_decided(void **state)
{
	json_t *cases = load("corpus/multipart-python/cases.json");
	struct tally tally = {0};

	(void)state;
	for (size_t i = 0; i < json_array_size(cases); i++)
		check_python_case(json_array_get(cases, i), &tally);
	print_message("# python-multipart: %zu of %zu must-fail cases refused, %zu taken, %zu decided otherwise\n",
		      tally.refused, tally.must_fail, tally.taken, tally.differing);
	assert_int_equal(tally.differing, sizeof differences / sizeof *differences);
	json_decref(cases);
}

static void web_platform_cases_are_taken_or_refused_as_browsers_do(void **state)
{
	json_t *root = load("corpus/wpt/formdata-parsing.json"), *cases = json_object_get(root, "cases");
	struct slice boundary = slice_of_string(json_string_value(json_object_get(root, "boundary")));
	struct tally tally = {0};

	(void)state;
	for (size_t i = 0; i < json_array_size(cases); i++)
		check_wpt_case(json_array_get(cases, i), boundary, &tally);
	print_message("# WPT: %zu of %zu must-fail cases refused, %zu taken\n", tally.refused, tally.must_fail, tally.taken);
	assert_true(tally.must_fail > 0 && tally.taken > 0);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(python_multipart_cases_are_taken_or_refused_as_decided),
		cmocka_unit_test(web_platform_cases_are_taken_or_refused_as_browsers_do),
	};

	return cmocka_run_group_tests_name("multipart corpus", tests, NULL, NULL);
}
