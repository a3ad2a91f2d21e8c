#include "support.h"

#include <errno.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

#include "base/banned.h"

static void every_status_has_a_code_and_a_meaning(void **state)
{
	(void)state;
#define X(name, code, meaning)                                                                     \
	assert_string_equal(status_code(name), code);                                              \
	assert_string_equal(status_meaning(name), meaning);
	STATUS_LIST(X)
#undef X
}

static void an_error_is_filled_and_its_status_returned(void **state)
{
	struct error err = {.line = 3, .column = 4, .byte = 5};

	(void)state;
	assert_int_equal(error_set(&err, STATUS_INVALID, "syntax-error", "at %d", 7), STATUS_INVALID);
	assert_int_equal(err.status, STATUS_INVALID);
	assert_string_equal(err.code, "syntax-error");
	assert_string_equal(err.detail, "at 7");
	assert_int_equal(err.line, 0);
	assert_int_equal(err.column, 0);
	assert_int_equal(err.byte, 0);
	error_set(&err, STATUS_TOO_LARGE, NULL, "x");
	assert_string_equal(err.code, "too-large");
	assert_int_equal(error_set_at(&err, STATUS_INVALID, NULL, 2, 9, 40, "x"), STATUS_INVALID);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 9);
	assert_int_equal(err.byte, 40);
}

static void whoever_needs_the_status_alone_passes_nothing(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, STATUS_IO, NULL, "x"), STATUS_IO);
	assert_int_equal(error_set_at(NULL, STATUS_INVALID, NULL, 1, 1, 0, "x"), STATUS_INVALID);
	assert_int_equal(error_no_memory(NULL), STATUS_NO_MEMORY);
}

static void long_details_are_cut_between_characters(void **state)
{
	struct error err;
	char text[2 * ERROR_DETAIL_SIZE + 1];

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'a', sizeof text - 1);
		for (size_t i = shift; i + 4 < sizeof text; i += 4)
			memcpy(text + i, "\xF0\x9F\x99\x82", 4);
		text[sizeof text - 1] = '\0';
		error_set(&err, STATUS_INVALID, NULL, "%s", text);
		size_t size = strlen(err.detail);
		assert_in_range(size, ERROR_DETAIL_SIZE - 8, ERROR_DETAIL_SIZE - 1);
		assert_string_equal(err.detail + size - 3, "...");
		assert_true(utf8_is_valid(slice_of_string(err.detail)));
	}
	memset(text, 'a', sizeof text);
	text[ERROR_DETAIL_SIZE - 1] = '\0';
	error_set(&err, STATUS_INVALID, NULL, "%s", text);
	assert_string_equal(err.detail, text);
}

static void the_systems_errors_keep_their_kind_and_words(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_from_errno(&err, ENOSPC, "writing the upload"), STATUS_FULL);
	assert_string_equal(err.code, "disk-full");
	assert_string_equal(err.detail, "writing the upload: No space left on device");
	assert_int_equal(error_from_errno(&err, EDQUOT, "x"), STATUS_FULL);
	assert_int_equal(error_from_errno(&err, ENOMEM, "x"), STATUS_NO_MEMORY);
	assert_int_equal(error_from_errno(&err, EIO, "x"), STATUS_IO);
	assert_string_equal(err.detail, "x: Input/output error");
	assert_int_equal(error_from_errno(&err, 99999, "x"), STATUS_IO);
	assert_non_null(strstr(err.detail, "99999"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_code_and_a_meaning),
		cmocka_unit_test(an_error_is_filled_and_its_status_returned),
		cmocka_unit_test(whoever_needs_the_status_alone_passes_nothing),
		cmocka_unit_test(long_details_are_cut_between_characters),
		cmocka_unit_test(the_systems_errors_keep_their_kind_and_words),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
