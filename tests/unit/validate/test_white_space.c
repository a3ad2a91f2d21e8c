#include "support.h"

#include "base/utf8.h"
#include "validate/white_space.h"

#include "base/banned.h"

/* Unicode 15, PropList.txt, White_Space. */
static const uint32_t all[] = {
	0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
	0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
};

static void white_space_is_unicodes(void **state)
{
	size_t next = 0;

	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		bool expected = next < sizeof all / sizeof *all && all[next] == c;
		if (is_white_space(c) != expected)
			fail_msg("U+%04X is taken for the wrong thing", (unsigned)c);
		next += expected;
	}
	assert_int_equal(next, sizeof all / sizeof *all);
}

static void every_white_space_is_trimmed_at_both_ends(void **state)
{
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		size_t size = utf8_encode(all[i], text);
		memcpy(text + size, "a b", 3);
		size_t after = utf8_encode(all[i], text + size + 3);
		assert_slice(trim_white_space(slice_of(text, size + 3 + after)), "a b");
		assert_slice(trim_white_space(slice_of(text, size)), "");
	}
}

static void other_bytes_are_kept(void **state)
{
	(void)state;
	assert_slice(trim_white_space(SLICE("")), "");
	assert_slice(trim_white_space(slice_of(NULL, 0)), "");
	assert_slice(trim_white_space(SLICE(" \xE2\x80\x8B ")), "\xE2\x80\x8B"); /* zero width: no White_Space */
	assert_slice(trim_white_space(SLICE(" \xFF ")), "\xFF");
	assert_slice(trim_white_space(SLICE(" \xC2")), "\xC2");
	assert_slice(trim_white_space(SLICE("a\xA0")), "a\xA0");
	assert_slice(trim_white_space(SLICE("\xE3\x80")), "\xE3\x80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(white_space_is_unicodes),
		cmocka_unit_test(every_white_space_is_trimmed_at_both_ends),
		cmocka_unit_test(other_bytes_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
