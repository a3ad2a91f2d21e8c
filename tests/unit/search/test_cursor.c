#include "support.h"

#include "search/cursor.h"

static const struct cursor example = {.id = 9007199254740993, .score = 0.70710678f, .offset = 12300, .total = 1000000};

static struct strbuf write_example(uint64_t list)
{
	struct strbuf text;

	strbuf_init(&text, 256);
	cursor_write(&example, list, &text);
	assert_true(strbuf_ok(&text));
	return text;
}

static void a_cursor_comes_back_as_it_was(void **state)
{
	(void)state;
	uint64_t list = cursor_list_id("records", SLICE("all"));
	struct strbuf text = write_example(list);
	struct cursor read;

	assert_true(cursor_parse(strbuf_slice(&text), list, &read));
	assert_int_equal(read.id, example.id);
	assert_int_equal(read.offset, example.offset);
	assert_int_equal(read.total, example.total);
	assert_memory_equal(&read.score, &example.score, sizeof read.score);
	strbuf_release(&text);
}

static void a_cursor_is_one_word_for_addresses(void **state)
{
	(void)state;
	struct strbuf text = write_example(7);

	assert_true(text.size > 0);
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		assert_true((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_');
	}
	strbuf_release(&text);
}

static void a_cursor_of_another_list_is_refused(void **state)
{
	(void)state;
	struct strbuf text = write_example(cursor_list_id("records", SLICE("import 1")));
	struct cursor read;

	assert_false(cursor_parse(strbuf_slice(&text), cursor_list_id("records", SLICE("import 2")), &read));
	assert_false(cursor_parse(strbuf_slice(&text), cursor_list_id("imports", SLICE("import 1")), &read));
	strbuf_release(&text);
}

static void every_change_of_a_letter_is_noticed(void **state)
{
	(void)state;
	struct strbuf text = write_example(7);
	struct cursor read;

	for (size_t i = 0; i < text.size; i++) {
		char kept = text.data[i];
		text.data[i] = kept == 'A' ? 'B' : 'A';
		assert_false(cursor_parse(strbuf_slice(&text), 7, &read));
		text.data[i] = '+';
		assert_false(cursor_parse(strbuf_slice(&text), 7, &read));
		text.data[i] = kept;
	}
	assert_true(cursor_parse(strbuf_slice(&text), 7, &read));
	strbuf_release(&text);
}

static void a_cut_or_lengthened_cursor_is_refused(void **state)
{
	(void)state;
	struct strbuf text = write_example(7);
	struct cursor read;

	for (size_t size = 0; size < text.size; size++)
		assert_false(cursor_parse(slice_of(text.data, size), 7, &read));
	strbuf_add_byte(&text, 'A');
	assert_false(cursor_parse(strbuf_slice(&text), 7, &read));
	strbuf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cursor_comes_back_as_it_was),
		cmocka_unit_test(a_cursor_is_one_word_for_addresses),
		cmocka_unit_test(a_cursor_of_another_list_is_refused),
		cmocka_unit_test(every_change_of_a_letter_is_noticed),
		cmocka_unit_test(a_cut_or_lengthened_cursor_is_refused),
	};
	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
