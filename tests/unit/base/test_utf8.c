#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "base/utf8.h"

#include "base/banned.h"

static void every_code_point_survives_both_ways(void **state)
{
	char bytes[4];
	uint32_t decoded;

	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		if (c >= 0xD800 && c < 0xE000)
			continue;
		size_t size = utf8_encode(c, bytes);
		if (utf8_decode(slice_of(bytes, size), 0, &decoded) != size || decoded != c)
			fail_msg("U+%04X comes back as U+%04X", (unsigned)c, (unsigned)decoded);
		/* Cut anywhere, it is no character. */
		for (size_t cut = 1; cut < size; cut++)
			assert_int_equal(utf8_decode(slice_of(bytes, cut), 0, &decoded), 0);
	}
}

/* RFC 3629's grammar, written down a second time, over every sequence of three bytes. */
static size_t size_by_grammar(const unsigned char *b)
{
#define TAIL(byte) ((byte) >= 0x80 && (byte) <= 0xBF)
	if (b[0] <= 0x7F)
		return 1;
	if (b[0] >= 0xC2 && b[0] <= 0xDF && TAIL(b[1]))
		return 2;
	if (((b[0] == 0xE0 && b[1] >= 0xA0 && b[1] <= 0xBF) ||
	     (b[0] == 0xED && b[1] >= 0x80 && b[1] <= 0x9F) ||
	     (b[0] >= 0xE1 && b[0] <= 0xEF && b[0] != 0xED && TAIL(b[1]))) &&
	    TAIL(b[2]))
		return 3;
	return 0;
#undef TAIL
}

static void three_bytes_are_a_character_where_the_grammar_says_so(void **state)
{
	uint32_t code_point;

	(void)state;
	for (unsigned all = 0; all < 1u << 24; all++) {
		unsigned char bytes[3] = {(unsigned char)(all >> 16), (unsigned char)(all >> 8),
					  (unsigned char)all};
		size_t size = utf8_decode(slice_of((const char *)bytes, 3), 0, &code_point);
		if (size != size_by_grammar(bytes))
			fail_msg("%02X %02X %02X is read as %zu bytes", bytes[0], bytes[1], bytes[2], size);
	}
}

static void replace_damage(struct slice text, struct strbuf *out)
{
	uint32_t code_point;

	for (size_t at = 0, size; at < text.size; at += size) {
		size = utf8_decode(text, at, &code_point);
		if (size) {
			strbuf_add(out, text.data + at, size);
		} else {
			strbuf_add_string(out, "\xEF\xBF\xBD");
			size = utf8_damage_size(text, at);
		}
	}
}

static void add_hex(struct slice digits, struct strbuf *out)
{
	static const char hex[] = "0123456789abcdef";
	unsigned value = 0, count = 0;

	for (size_t i = 0; i < digits.size; i++) {
		const char *digit = memchr(hex, digits.data[i] | 32, 16);
		if (!digit)
			continue;
		value = value << 4 | (unsigned)(digit - hex);
		if (++count % 2 == 0)
			strbuf_add_byte(out, (char)(value & 0xFF));
	}
}

/* One line of utf8tests.txt: "num:valid:text", "num:valid hex:bytes" or
 * "num:invalid hex:bytes:without the damage:with U+FFFD for it". */
static bool check_line(struct slice line)
{
	size_t kind_at = slice_find(line, ':', 0) + 1, bytes_at = slice_find(line, ':', kind_at) + 1;
	size_t bytes_end = slice_find(line, ':', bytes_at), replaced_at = bytes_end;
	struct strbuf bytes, expected, actual;

	if (line.size == 0 || line.data[0] == '#' || bytes_at > line.size)
		return false;
	strbuf_init(&bytes, 1 << 16);
	strbuf_init(&expected, 1 << 16);
	strbuf_init(&actual, 1 << 16);
	struct slice kind = slice_trim(slice_of(line.data + kind_at, bytes_at - 1 - kind_at));
	struct slice given = slice_of(line.data + bytes_at, bytes_end - bytes_at);
	bool valid = slice_starts_with(kind, SLICE("valid"));
	if (slice_is(kind, "valid"))
		strbuf_add_slice(&bytes, given);
	else
		add_hex(given, &bytes);
	if (valid) {
		strbuf_add_slice(&expected, strbuf_slice(&bytes));
	} else {
		replaced_at = slice_find(line, ':', bytes_end + 1) + 1;
		add_hex(slice_of(line.data + replaced_at, line.size - replaced_at), &expected);
	}
	replace_damage(strbuf_slice(&bytes), &actual);
	if (utf8_is_valid(strbuf_slice(&bytes)) != valid ||
	    !slice_equal(strbuf_slice(&actual), strbuf_slice(&expected)))
		fail_msg("the case \"%.*s\" is decided otherwise", SLICE_ARG(line));
	strbuf_release(&bytes);
	strbuf_release(&expected);
	strbuf_release(&actual);
	return true;
}

static void other_peoples_cases_are_decided_as_they_say(void **state)
{
	struct slice file = read_file(shared_path("corpus/utf8/utf8tests.txt"));
	size_t count = 0;

	(void)state;
	for (size_t at = 0, end; at < file.size; at = end + 1) {
		end = slice_find(file, '\n', at);
		count += check_line(slice_of(file.data + at, end - at));
	}
	assert_int_equal(count, 222);
	free((char *)file.data);
}

static void the_valid_prefix_ends_at_the_first_damage_wherever_it_is(void **state)
{
	uint64_t random = random_seed();
	char text[64];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t size = 0, damage;
		while (size < 40)
			size += utf8_encode(random_next(&random) % 4 ? 'a'
					    : (uint32_t)(random_next(&random) % 0xD7FF), text + size);
		assert_int_equal(utf8_valid_prefix(slice_of(text, size)), size);
		assert_true(utf8_is_valid(slice_of(text, size)));
		do
			damage = random_next(&random) % size;
		while (((unsigned char)text[damage] & 0xC0) == 0x80);
		text[damage] = (char)0xFF;
		assert_int_equal(utf8_valid_prefix(slice_of(text, size)), damage);
	}
	assert_int_equal(utf8_valid_prefix(SLICE("")), 0);
}

static void characters_are_counted_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(utf8_count(SLICE("")), 0);
	assert_int_equal(utf8_count(SLICE("a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x99\x82")), 4);
}

static void a_floor_never_falls_inside_a_character(void **state)
{
	static const char text[] = "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x99\x82z";
	static const size_t floors[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

	(void)state;
	for (size_t at = 0; at < sizeof floors / sizeof *floors; at++)
		assert_int_equal(utf8_floor(SLICE(text), at), floors[at]);
	/* Where there are no characters, every place is as good. */
	assert_int_equal(utf8_floor(SLICE("\x80\x80\x80\x80\x80\x80"), 5), 5);
	assert_int_equal(utf8_floor(SLICE("\xC3" "aaa"), 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_survives_both_ways),
		cmocka_unit_test(three_bytes_are_a_character_where_the_grammar_says_so),
		cmocka_unit_test(other_peoples_cases_are_decided_as_they_say),
		cmocka_unit_test(the_valid_prefix_ends_at_the_first_damage_wherever_it_is),
		cmocka_unit_test(characters_are_counted_not_bytes),
		cmocka_unit_test(a_floor_never_falls_inside_a_character),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
