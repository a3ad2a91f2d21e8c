/* Telling the encoding of a text, whatever uchardet says of it. What it answers is put in its place by the linker. */
#include "support.h"

#include "packing.h"
#include "transcript.h"

#include <stdlib.h>
#include <uchardet/uchardet.h>

#include "parse/encoding.h"

const char *__real_uchardet_get_charset(uchardet_t detector);
const char *__wrap_uchardet_get_charset(uchardet_t detector);

static const char *answer; /* NULL: its own */

const char *__wrap_uchardet_get_charset(uchardet_t detector)
{
	return answer ? answer : __real_uchardet_get_charset(detector);
}

/* `expected` NULL: UTF-8, or nothing that can be told. */
static void expect_guess_at(struct slice text, bool whole, bool json, const char *expected, int line)
{
	struct encoding encoding;
	bool known;

	assert_true(encoding_guess(text, whole, json, &encoding, &known));
	if (known != (expected != NULL) || (known && strcmp(encoding.name, expected) != 0))
		fail_msg("line %d: %s", line, known ? encoding.name : "none");
}
#define expect_guess(text_, whole_, json_, expected_) expect_guess_at(text_, whole_, json_, expected_, __LINE__)

static void a_character_that_the_end_cuts_is_no_damage(void **state)
{
	(void)state;
	expect_guess(SLICE("\xE9t"), true, false, "windows-1252");
	expect_guess(SLICE("\xE9"), true, false, "windows-1252");
	expect_guess(SLICE("\xE9"), false, false, NULL);
	expect_guess(SLICE("\xE2\x82"), false, false, NULL);
}

static void json_with_a_valid_character_is_utf8(void **state)
{
	(void)state;
	expect_guess(SLICE("\xE9 \xE9 \xE9 \xE9 \xE9 \xE9 "), true, true, "windows-1252");
	expect_guess(SLICE("\xE9 \xE9 \xE9 \xE9 \xE9 \xE9 \xC3\xA9 "), true, true, NULL);
	expect_guess(SLICE("\xE9 \xE9 \xE9 \xE9 \xE9 \xE9 \xC3\xA9 "), true, false, "windows-1252");
	expect_guess(SLICE("\xE9 \xE9 \xE9 \xC3\xA9 "), true, true, NULL);
}

/* Two places that could be UTF-8 by accident among six that are not, all in one run. */
static void an_alphabet_that_is_not_latin_is_taken_from_uchardet(void **state)
{
	(void)state;
	const struct slice text = SLICE("\xC3\xA9\xB0\xB0\xC3\xA9\xB0\xB0\xB0\xB0");

	answer = "EUC-KR";
	expect_guess(text, true, false, "euc-kr");
	expect_guess(text, true, true, NULL);
	answer = "WINDOWS-1252";
	expect_guess(text, true, false, NULL);
	answer = "";
	expect_guess(text, true, false, NULL);
	answer = "UTF-8";
	expect_guess(text, true, false, NULL);
	answer = NULL;
}

/* A fifth of what is not ASCII is valid, and letters stand alone: UTF-8 that was damaged. */
static void some_valid_letters_among_damage_are_utf8(void **state)
{
	(void)state;
	answer = "EUC-KR";
	expect_guess(SLICE("\xC3\xA9 \xE9 \xE9 \xE9 \xE9 "), true, false, NULL);
	answer = NULL;
}

static void shifts_are_of_iso_2022_alone(void **state)
{
	(void)state;
	answer = "ISO-2022-KR";
	expect_guess(SLICE("\x1B$)C"), true, false, "iso-2022-kr");
	answer = "KOI8-R";
	expect_guess(SLICE("\x1B$)C"), true, false, NULL);
	answer = NULL;
}

static void expect_unicode(struct slice head, const char *expected)
{
	struct encoding encoding;
	bool found = encoding_of_unicode(head, &encoding);

	assert_int_equal(found, expected != NULL);
	if (found)
		assert_string_equal(encoding.name, expected);
}

static void unicode_without_a_mark_is_told_by_its_nul_bytes(void **state)
{
	(void)state;
	expect_unicode(SLICE("a\0\0\0b\0\0\0"), "utf-32le");
	expect_unicode(SLICE("\0\0\0a\0\0\0b"), "utf-32be");
	/* One character may be anything. */
	expect_unicode(SLICE("a\0\0\0"), NULL);
	expect_unicode(SLICE("\0\0\0a"), NULL);
	/* Hardly any character is ASCII, but the line ends are. */
	struct strbuf text;
	strbuf_init(&text, 1000);
	for (int i = 0; i < 5; i++)
		strbuf_add_string(&text, "\xE6\x9D\xB1\xE4\xBA\xAC\xE6\x9D\xB1\xE4\xBA\xAC\n");
	static const char *const names[][2] = {{"UTF-16LE", "utf-16le"}, {"UTF-16BE", "utf-16be"}};
	for (size_t i = 0; i < 2; i++) {
		struct slice wide = encode_as(strbuf_slice(&text), names[i][0]);
		expect_unicode(wide, names[i][1]);
		free((char *)wide.data);
	}
	strbuf_release(&text);
}

static void names_may_have_underscores(void **state)
{
	static const char *const names[][2] = {{"latin_1", "windows-1252"}, {"utf-32", "utf-32le"}, {"UTF32", "utf-32le"},
					       {"UTF-32BE", "utf-32be"}};
	struct encoding encoding;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_true(encoding_find(slice_of_string(names[i][0]), &encoding));
		assert_string_equal(encoding.name, names[i][1]);
	}
}

/* What is read, and as what, where this encoding is said. */
static void expect_said(struct slice bytes, const char *said, size_t chunk_size, const char *expected, const char *encoding)
{
	struct reader_options options = {.encoding = slice_of_string(said), .chunk_size = chunk_size};
	struct transcript transcript;

	transcript_read_bytes(&transcript, bytes, &options, BRIEF);
	assert_int_equal(transcript.status, STATUS_END);
	assert_slice(strbuf_slice(&transcript.text), expected);
	assert_string_equal(transcript.dialect.encoding, encoding);
	transcript_release(&transcript);
}

static void what_is_said_counts_but_for_the_order_of_bytes(void **state)
{
	(void)state;
	expect_said(SLICE("\xFE\xFF\0a\0\n\0b"), "utf-16le", 0, "{\"a\":\"b\"}\n", "utf-16be");
	/* Marks of UTF-16 where UTF-32 is said, and nothing by which to tell. */
	expect_said(SLICE("\xFF\xFE\1\0a\0\0\0\n\0\0\0b\0\0\0"), "utf-32le", 0, "{\"\xF0\x9F\xBB\xBF" "a\":\"b\"}\n", "utf-32le");
	expect_said(SLICE("\x41\x30\n\0\x42\x30"), "utf-16", 0, "{\"\xE3\x81\x81\":\"\xE3\x81\x82\"}\n", "utf-16le");
}

static void half_a_pair_is_damage_in_either_order(void **state)
{
	(void)state;
	const char *marked = "{\"a\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\"} encoding-error(a)\n";

	expect_said(SLICE("\0a\0\n\xD8\x3D\0x"), "utf-16be", 0, marked, "utf-16be");
	expect_said(SLICE("a\0\n\0\x3D\xD8x\0"), "utf-16le", 0, marked, "utf-16le");
}

/* windows-1258 writes a letter and its accent one after the other, so that iconv keeps a letter until it knows. */
static void what_a_conversion_keeps_back_comes_at_the_end(void **state)
{
	static const size_t chunks[] = {0, 1, 7};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		expect_said(SLICE("a\nbe"), "windows-1258", chunks[i], "{\"a\":\"be\"}\n", "windows-1258");
}

/* 9 MiB behind a letter: more is not looked at. */
static void a_lone_letter_is_judged_by_eight_megabytes(void **state)
{
	(void)state;
	struct transcript transcript;
	struct strbuf file;

	strbuf_init(&file, 1 << 24);
	strbuf_add_string(&file, "a,b\nJos\xE9,x\n");
	while (file.size < 9 << 20)
		strbuf_add_string(&file, "0123456789012345678901234567890123456789012345678901234567890123456789,text\n");
	strbuf_add_string(&file, "Jos\xC3\xA9,x\nJos\xC3\xA9,x\n");
	transcript_read_bytes(&transcript, strbuf_slice(&file), NULL, BRIEF);
	assert_int_equal(transcript.status, STATUS_END);
	assert_string_equal(transcript.dialect.encoding, "windows-1252");
	assert_non_null(strstr(transcript.text.data, "{\"a\":\"Jos\xC3\xA9\""));
	transcript_release(&transcript);
	strbuf_release(&file);
}

static void where_utf8_is_expected_nothing_is_guessed(void **state)
{
	(void)state;
	struct reader_options options = {.expect_utf8 = true};
	struct transcript transcript;

	transcript_read_bytes(&transcript, SLICE("a\nJos\xE9\n"), &options, BRIEF);
	assert_int_equal(transcript.status, STATUS_END);
	assert_string_equal(transcript.dialect.encoding, "utf-8");
	assert_int_equal(transcript.errors, 1);
	transcript_release(&transcript);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_character_that_the_end_cuts_is_no_damage),
		cmocka_unit_test(json_with_a_valid_character_is_utf8),
		cmocka_unit_test(an_alphabet_that_is_not_latin_is_taken_from_uchardet),
		cmocka_unit_test(some_valid_letters_among_damage_are_utf8),
		cmocka_unit_test(shifts_are_of_iso_2022_alone),
		cmocka_unit_test(unicode_without_a_mark_is_told_by_its_nul_bytes),
		cmocka_unit_test(names_may_have_underscores),
		cmocka_unit_test(what_is_said_counts_but_for_the_order_of_bytes),
		cmocka_unit_test(half_a_pair_is_damage_in_either_order),
		cmocka_unit_test(what_a_conversion_keeps_back_comes_at_the_end),
		cmocka_unit_test(a_lone_letter_is_judged_by_eight_megabytes),
		cmocka_unit_test(where_utf8_is_expected_nothing_is_guessed),
	};
	return cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
