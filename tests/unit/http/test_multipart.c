/* The multipart reader: what is taken, what is refused and where. */
#include "form.h"

static struct form form;

static int release(void **state)
{
	(void)state;
	form_release(&form);
	return 0;
}

static void read_text(const char *body)
{
	form_read(&form, SLICE("b"), slice_of_string(body), 0, 0);
}

static void expect_refused(const char *body, uint64_t byte, const char *detail)
{
	form_release(&form);
	read_text(body);
	if (form.status != STATUS_INVALID || form.err.byte != byte || !strstr(form.err.detail, detail))
		fail_msg("\"%s\": %s at byte %llu: %s", body, status_code(form.status), (unsigned long long)form.err.byte,
			 form.err.detail);
	assert_string_equal(form.err.code, "malformed-multipart");
}

#define NAMED "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n"

static void a_file_comes_out_with_its_names(void **state)
{
	(void)state;
	read_text("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"people \\\"x\\\" 100%22 c:\\dir.csv\"\r\n"
		  "Content-Type: text/csv\r\n\r\nname,email\r\n\r\n--b--\r\n");
	assert_ok(form.status, &form.err);
	assert_int_equal(form.count, 1);
	assert_slice(strbuf_slice(&form.parts[0].name), "file");
	assert_slice(strbuf_slice(&form.parts[0].filename), "people \"x\" 100%22 c:\\dir.csv");
	assert_slice(strbuf_slice(&form.parts[0].content_type), "text/csv");
	assert_slice(strbuf_slice(&form.parts[0].data), "name,email\r\n");
}

static void a_field_without_a_filename_is_told_from_one_with_an_empty_one(void **state)
{
	(void)state;
	read_text(NAMED "\r\n1\r\n--b\r\nContent-Disposition: form-data; filename=\"\"; name=c\r\n\r\n2\r\n--b--");
	assert_ok(form.status, &form.err);
	assert_int_equal(form.count, 2);
	assert_false(form.parts[0].has_filename);
	assert_true(form.parts[1].has_filename);
	assert_slice(strbuf_slice(&form.parts[1].name), "c");
}

static void content_like_a_delimiter_is_content(void **state)
{
	(void)state;
	read_text(NAMED "\r\n--b\r\r\n-\r\n--\r\n\n--b x\r\r\n--b--");
	assert_ok(form.status, &form.err);
	assert_slice(strbuf_slice(&form.parts[0].data), "--b\r\r\n-\r\n--\r\n\n--b x\r");
}

static void what_is_malformed_is_refused_with_its_byte(void **state)
{
	(void)state;
	expect_refused("", 0, "closing boundary");
	expect_refused("hello", 0, "begin");
	expect_refused("--c\r\n", 2, "begin");
	expect_refused("preamble\r\n--b--", 0, "begin");
	expect_refused("--b", 3, "closing boundary");
	expect_refused("--b\n", 3, "follows");
	expect_refused("--bx\r\n", 3, "follows");
	expect_refused("--b-x", 4, "follows");
	expect_refused("--b--x", 5, "follows");
	expect_refused("--b \rx", 5, "follows");
	expect_refused("--b\r\n\r\n1\r\n--b--", 5, "no Content-Disposition");
	expect_refused("--b\r\nContent-Type: a/b\r\n\r\n1\r\n--b--", 5, "no Content-Disposition");
	expect_refused("--b\r\nContent-Disposition: attachment; name=a\r\n\r\n", 5, "not form-data");
	expect_refused("--b\r\nContent-Disposition: form-data\r\n\r\n", 5, "no name");
	expect_refused("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n", 5, "cannot be read");
	expect_refused("--b\r\nContent-Disposition: form-data; name=a b\r\n\r\n", 5, "cannot be read");
	expect_refused("--b\r\nContent-Disposition: form-data; name\r\n\r\n", 5, "cannot be read");
	expect_refused("--b\r\nContent-Disposition: form-data; name=\r\n\r\n", 5, "cannot be read");
	expect_refused("--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n", 5, "twice");
	expect_refused(NAMED "Content-Disposition: form-data; name=\"b\"\r\n\r\n", 47, "two Content-Disposition");
	expect_refused(NAMED " more\r\n\r\n", 47, "folded");
	expect_refused(NAMED "no colon\r\n\r\n", 47, "no colon");
	expect_refused(NAMED "a b: c\r\n\r\n", 47, "token");
	expect_refused(NAMED ": c\r\n\r\n", 47, "token");
	expect_refused(NAMED "x: a\x01\r\n\r\n", 47, "control");
	expect_refused(NAMED "x: a\ny: b\r\n\r\n", 51, "bare LF");
	expect_refused(NAMED "x: a\ry: b\r\n\r\n", 52, "CR stands alone");
	expect_refused(NAMED "\r\n1\r\n--b", 55, "closing boundary");
	expect_refused(NAMED "\r\n1--b--", 55, "closing boundary");
}

static void headers_of_a_part_are_capped(void **state)
{
	struct strbuf body;

	(void)state;
	strbuf_init(&body, 1 << 20);
	strbuf_add_string(&body, NAMED "X: ");
	while (body.size < 5 + 8192 - 4)
		strbuf_add_byte(&body, 'x');
	size_t longest = body.size;
	strbuf_add_string(&body, "\r\n\r\n1\r\n--b--");
	form_read(&form, SLICE("b"), strbuf_slice(&body), 0, 0);
	assert_ok(form.status, &form.err);
	form_release(&form);
	strbuf_clear(&body);
	strbuf_add_string(&body, NAMED "X: ");
	while (body.size < longest + 3)
		strbuf_add_byte(&body, 'x');
	strbuf_add_string(&body, "\r\n\r\n1\r\n--b--");
	form_read(&form, SLICE("b"), strbuf_slice(&body), 0, 0);
	assert_int_equal(form.status, STATUS_INVALID);
	assert_non_null(strstr(form.err.detail, "8 KiB"));
	strbuf_release(&body);
}

static enum status refuse_part(void *context, const struct multipart_part *part, struct error *err)
{
	(void)context;
	(void)part;
	return error_set(err, STATUS_CONFLICT, "unwanted", "no");
}

static void what_a_callback_says_ends_the_parse(void **state)
{
	const struct multipart_callbacks callbacks = {.on_part = refuse_part};
	struct multipart *multipart = multipart_new(SLICE("b"), &callbacks);
	struct error err = {0};

	(void)state;
	assert_int_equal(multipart_feed(multipart, SLICE(NAMED "\r\n1\r\n--b--"), &err), STATUS_CONFLICT);
	assert_string_equal(err.code, "unwanted");
	assert_int_equal(multipart_feed(multipart, SLICE("x"), &err), STATUS_INVALID);
	multipart_free(multipart);
}

static void expect_boundary(const char *content_type, bool multipart, const char *boundary)
{
	struct slice found;

	assert_int_equal(multipart_boundary(slice_of_string(content_type), &found), multipart);
	if (!slice_is(found, boundary))
		fail_msg("%s: boundary \"%.*s\"", content_type, SLICE_ARG(found));
}

static void the_boundary_is_found_or_known_to_be_bad(void **state)
{
	(void)state;
	expect_boundary("multipart/form-data; boundary=abc", true, "abc");
	expect_boundary("Multipart/Form-Data ;charset=utf-8; BOUNDARY=\"a b?c\"", true, "a b?c");
	expect_boundary("multipart/form-data; boundary=----WebKitFormBoundary5BZGOJCWtXGYC9HW", true,
			"----WebKitFormBoundary5BZGOJCWtXGYC9HW");
	expect_boundary("multipart/mixed; boundary=abc", false, "");
	expect_boundary("text/csv", false, "");
	expect_boundary("", false, "");
	expect_boundary("multipart/form-data", true, "");
	expect_boundary("multipart/form-data; boundary=", true, "");
	expect_boundary("multipart/form-data; boundary=\"\"", true, "");
	expect_boundary("multipart/form-data; boundary=\"a ", true, "");
	expect_boundary("multipart/form-data; boundary=\"a \"", true, "");
	expect_boundary("multipart/form-data; boundary=a\xC3\xA4", true, "");
	expect_boundary("multipart/form-data; boundary=a; boundary=b", true, "");
	expect_boundary("multipart/form-data; boundary=a; junk", true, "");
	expect_boundary("multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789", true,
			"0123456789012345678901234567890123456789012345678901234567890123456789");
	expect_boundary("multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
			true, "");
}

static void a_missing_boundary_refuses_every_body(void **state)
{
	(void)state;
	form_read(&form, SLICE(""), SLICE("--\r\n"), 0, 0);
	assert_int_equal(form.status, STATUS_INVALID);
}

/* Random runs of the bytes that delimiters are made of, cut at random: the content comes out as
 * it went in. */
static void any_content_survives_any_pieces(void **state)
{
	static const char *const bits[] = {"\r", "\n", "-", "--", "b", "\r\n", "\r\n--", "x", "\r\n--c", "--bb"};
	uint64_t seed = random_seed();
	struct strbuf body, content;

	(void)state;
	strbuf_init(&body, 1 << 16);
	strbuf_init(&content, 1 << 16);
	for (int round = 0; round < 2000; round++) {
		strbuf_clear(&content);
		for (uint64_t i = random_next(&seed) % 40; i > 0; i--)
			strbuf_add_string(&content, bits[random_next(&seed) % (sizeof bits / sizeof *bits)]);
		/* What holds the delimiter itself is no content. */
		if (strstr(content.data, "\r\n--bb"))
			continue;
		strbuf_clear(&body);
		strbuf_add_string(&body, "--bb\r\nContent-Disposition: form-data; name=a\r\n\r\n");
		strbuf_add_slice(&body, strbuf_slice(&content));
		strbuf_add_string(&body, "\r\n--bb--");
		form_read(&form, SLICE("bb"), strbuf_slice(&body), random_next(&seed) % 60, random_next(&seed) % 9);
		assert_ok(form.status, &form.err);
		assert_true(slice_equal(strbuf_slice(&form.parts[0].data), strbuf_slice(&content)));
		form_release(&form);
	}
	strbuf_release(&body);
	strbuf_release(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_file_comes_out_with_its_names, release),
		cmocka_unit_test_teardown(a_field_without_a_filename_is_told_from_one_with_an_empty_one, release),
		cmocka_unit_test_teardown(content_like_a_delimiter_is_content, release),
		cmocka_unit_test_teardown(what_is_malformed_is_refused_with_its_byte, release),
		cmocka_unit_test_teardown(headers_of_a_part_are_capped, release),
		cmocka_unit_test(what_a_callback_says_ends_the_parse),
		cmocka_unit_test(the_boundary_is_found_or_known_to_be_bad),
		cmocka_unit_test_teardown(a_missing_boundary_refuses_every_body, release),
		cmocka_unit_test(any_content_survives_any_pieces),
	};

	return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
