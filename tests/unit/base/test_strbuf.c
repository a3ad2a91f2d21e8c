#include "support.h"

#include "base/strbuf.h"

#include <stdlib.h>

static void an_append_over_the_cap_changes_nothing_and_is_remembered(void **state)
{
	(void)state;
	struct strbuf buf;

	strbuf_init(&buf, 8);
	strbuf_add_string(&buf, "12345678");
	assert_true(strbuf_ok(&buf));
	strbuf_add_byte(&buf, '9');
	assert_false(strbuf_ok(&buf));
	assert_slice(strbuf_slice(&buf), "12345678");
	strbuf_clear(&buf);
	strbuf_add_string(&buf, "ab");
	assert_true(strbuf_ok(&buf));
	assert_string_equal(buf.data, "ab");
	strbuf_release(&buf);
	assert_string_equal(buf.data, "");
}

static void integers_are_written_over_their_whole_range(void **state)
{
	(void)state;
	struct strbuf buf;

	strbuf_init(&buf, 256);
	strbuf_add_int(&buf, INT64_MIN);
	strbuf_add_byte(&buf, ' ');
	strbuf_add_int(&buf, 0);
	strbuf_add_byte(&buf, ' ');
	strbuf_add_int(&buf, INT64_MAX);
	assert_slice(strbuf_slice(&buf), "-9223372036854775808 0 9223372036854775807");
	strbuf_release(&buf);
}

static void taking_hands_over_the_bytes(void **state)
{
	(void)state;
	struct strbuf buf;
	size_t size = 99;

	strbuf_init(&buf, 100);
	char *none = strbuf_take(&buf, &size);
	assert_non_null(none);
	assert_int_equal(size, 0);
	free(none);
	strbuf_add_format(&buf, "%s-%d", "row", 7);
	char *bytes = strbuf_take(&buf, &size);
	assert_int_equal(size, 5);
	assert_string_equal(bytes, "row-7");
	assert_int_equal(buf.size, 0);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_append_over_the_cap_changes_nothing_and_is_remembered),
		cmocka_unit_test(integers_are_written_over_their_whole_range),
		cmocka_unit_test(taking_hands_over_the_bytes),
	};
	return cmocka_run_group_tests_name("strbuf", tests, NULL, NULL);
}
