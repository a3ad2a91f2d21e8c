/* What a user says of a file: words that are taken, and words that are refused by name. */
#include "support.h"

#include "parse/reader.h"

#define NOT_TOLD .skip = -1

static void expect_refused(struct reader_words words, const char *expected)
{
	struct reader_options options = {0};
	const char *word = NULL;
	struct error err;

	assert_int_equal(reader_options_read(&words, &options, &word, &err), STATUS_INVALID);
	assert_string_equal(err.code, "invalid-option");
	assert_string_equal(word, expected);
}

static struct reader_options taken(struct reader_words words)
{
	struct reader_options options = {0};
	const char *word = "";
	struct error err;

	assert_ok(reader_options_read(&words, &options, &word, &err), &err);
	assert_null(word);
	return options;
}

static void formats_are_told_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		enum file_format format;
		const char *delimiter;
	} cases[] = {
		{"csv", FORMAT_CSV, ""},	   {"TSV", FORMAT_CSV, "\t"},	   {"json", FORMAT_JSON, ""},
		{"ndjson", FORMAT_NDJSON, ""}, {"jsonl", FORMAT_NDJSON, ""}, {"Xlsx", FORMAT_XLSX, ""},
		{"", FORMAT_UNKNOWN, ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reader_options options =
			taken((struct reader_words){.format = slice_of_string(cases[i].word), NOT_TOLD});
		assert_int_equal(options.format, cases[i].format);
		assert_string_equal(options.delimiter, cases[i].delimiter);
	}
	expect_refused((struct reader_words){.format = SLICE("xls"), NOT_TOLD}, "format");
	struct reader_options told =
		taken((struct reader_words){.format = SLICE("tsv"), .delimiter = SLICE(";"), NOT_TOLD});
	assert_string_equal(told.delimiter, ";");
}

static void a_delimiter_is_a_character_alone_doubled_or_spaced(void **state)
{
	(void)state;
	static const char *const good[][2] = {
		{";", ";"},	{"tab", "\t"},	{"\\t", "\t"},	    {"||", "||"},	      {", ", ", "},
		{" ", " "},	{"  ", "  "},	{"\xC2\xA6", "\xC2\xA6"}, {"\xC2\xA6 ", "\xC2\xA6 "},
	};
	const struct slice bad[] = {
		SLICE("\n"), SLICE("\r"),	 SLICE("\0"), SLICE("ab"),	 SLICE(" x"),
		SLICE("||x"), SLICE("\xFF"), SLICE("\xC2\xA6x"), SLICE("\xC2\xA6\xC2\xA6"),
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_string_equal(
			taken((struct reader_words){.delimiter = slice_of_string(good[i][0]), NOT_TOLD}).delimiter,
			good[i][1]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		expect_refused((struct reader_words){.delimiter = bad[i], NOT_TOLD}, "delimiter");
}

static void quotes_and_escapes_are_ascii_or_none(void **state)
{
	(void)state;
	const struct slice bad[] = {SLICE("ab"), SLICE("\n"), SLICE("\r"), SLICE("\0"), SLICE("\xE9")};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		expect_refused((struct reader_words){.quote = bad[i], NOT_TOLD}, "quote");
		expect_refused((struct reader_words){.escape = bad[i], NOT_TOLD}, "escape");
	}
	assert_int_equal(taken((struct reader_words){.quote = SLICE("'"), NOT_TOLD}).quote, '\'');
	assert_true(taken((struct reader_words){.quote = SLICE("None"), NOT_TOLD}).no_quotes);
	assert_int_equal(taken((struct reader_words){.escape = SLICE("\\"), NOT_TOLD}).escape, '\\');
	assert_int_equal(taken((struct reader_words){.escape = SLICE("none"), NOT_TOLD}).escape, '\0');
	/* The quote as escape is what doubling is. */
	assert_int_equal(
		taken((struct reader_words){.quote = SLICE("'"), .escape = SLICE("'"), NOT_TOLD}).escape, '\0');
}

static void words_that_contradict_each_other_are_refused(void **state)
{
	(void)state;
	expect_refused((struct reader_words){.delimiter = SLICE("\""), NOT_TOLD}, "quote");
	expect_refused((struct reader_words){.delimiter = SLICE("'"), .quote = SLICE("'"), NOT_TOLD}, "quote");
	assert_string_equal(
		taken((struct reader_words){.delimiter = SLICE("\""), .quote = SLICE("none"), NOT_TOLD}).delimiter, "\"");
	expect_refused((struct reader_words){.delimiter = SLICE(";"), .escape = SLICE(";"), NOT_TOLD}, "escape");
	expect_refused((struct reader_words){.escape = SLICE(" "), NOT_TOLD}, "escape");
	const struct slice others[] = {SLICE("json"), SLICE("ndjson"), SLICE("xlsx")};
	for (size_t i = 0; i < 3; i++) {
		struct reader_words words = {.format = others[i], .delimiter = SLICE(";"), NOT_TOLD};
		expect_refused(words, "format");
		expect_refused((struct reader_words){.format = others[i], .quote = SLICE("'"), NOT_TOLD}, "format");
		expect_refused((struct reader_words){.format = others[i], .quote = SLICE("none"), NOT_TOLD}, "format");
		expect_refused((struct reader_words){.format = others[i], .escape = SLICE("\\"), NOT_TOLD}, "format");
	}
	taken((struct reader_words){.format = SLICE("csv"), .delimiter = SLICE(";"), NOT_TOLD});
	expect_refused((struct reader_words){.format = SLICE("csv"), .sheet = SLICE("S"), NOT_TOLD}, "format");
	taken((struct reader_words){.format = SLICE("xlsx"), .sheet = SLICE("S"), NOT_TOLD});
	assert_slice(taken((struct reader_words){.sheet = SLICE("S"), NOT_TOLD}).sheet, "S");
}

static void encodings_and_lines_to_skip(void **state)
{
	(void)state;
	expect_refused((struct reader_words){.encoding = SLICE("klingon"), NOT_TOLD}, "encoding");
	assert_slice(taken((struct reader_words){.encoding = SLICE("latin1"), NOT_TOLD}).encoding, "latin1");
	for (int64_t skip = -1; skip < 2; skip++) {
		struct reader_options options = taken((struct reader_words){.skip = skip, .no_header = skip == 1});
		assert_int_equal(options.skip_told, skip >= 0);
		assert_int_equal(options.skip_lines, skip > 0);
		assert_int_equal(options.no_header, skip == 1);
	}
}

static void texts_are_listed_with_their_names(void **state)
{
	(void)state;
	static const char *const names[] = {"format", "delimiter", "quote", "escape", "encoding", "sheet"};
	struct reader_words words = {.skip = -1};
	const char *name;
	size_t count = 0;

	for (struct slice *text; (text = reader_words_text(&words, count, &name)); count++) {
		assert_string_equal(name, names[count]);
		*text = SLICE("x");
	}
	assert_int_equal(count, 6);
	assert_slice(words.format, "x");
	assert_slice(words.sheet, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_listed_with_their_names),
		cmocka_unit_test(formats_are_told_by_name),
		cmocka_unit_test(a_delimiter_is_a_character_alone_doubled_or_spaced),
		cmocka_unit_test(quotes_and_escapes_are_ascii_or_none),
		cmocka_unit_test(words_that_contradict_each_other_are_refused),
		cmocka_unit_test(encodings_and_lines_to_skip),
	};
	return cmocka_run_group_tests_name("reader_words", tests, NULL, NULL);
}
