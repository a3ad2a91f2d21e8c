/* Words as they are indexed: what separates them, and what folding makes equal. */
#include "support.h"

#include "base/utf8.h"
#include "record/word_reader.h"

static void check(const char *text, const char *words)
{
	struct strbuf out;

	strbuf_init(&out, 1 << 20);
	words_fold(slice_of_string(text), &out);
	assert_true(strbuf_ok(&out));
	assert_slice(strbuf_slice(&out), words);
	strbuf_release(&out);
}

static void words_are_runs_of_letters_and_digits(void **state)
{
	(void)state;
	check("", "");
	check("  ,;-- ", "");
	check("John Doe", "john doe ");
	check("john.doe+x@Example.COM", "john doe x example com ");
	check("O'Connor-Smith", "o connor smith ");
	check("01835-703597", "01835 703597 ");
	check("a\x01" "b\tc", "a b c ");
	check("€5 © 2", "5 2 ");
}

static void folding_leaves_no_case_and_no_accent(void **state)
{
	(void)state;
	check("Émile ÉMILE e\u0301mile", "emile emile emile ");
	check("STRASSE Straße", "strasse strasse ");
	check("Søren Łukasz Đorđe Yılmaz", "soren lukasz dorde yilmaz ");
	check("Ærø œuvre Þór", "aero oeuvre thor ");
	check("İstanbul Ιωάννης ΙΩΆΝΝΗΣ", "istanbul ιωαννησ ιωαννησ ");
	check("Ёлка ёлка", "елка елка ");
	check("\uFB01nance \uFF21\uFF22", "finance ab ");
	check("\u0301\u0308", "");
}

static void scripts_without_spaces_give_a_word_a_character(void **state)
{
	(void)state;
	check("東京都", "東 京 都 ");
	check("x東京y", "x 東 京 y ");
	check("カ\u3099 ガ", "カ カ ");
	/* Vowel signs of Devanagari and syllables of Hangul are letters of their words. */
	check("हिन्दी", "हिन्दी ");
	check("서울 시", "서울 시 ");
}

static void bytes_that_are_no_text_separate(void **state)
{
	(void)state;
	check("a\xFF" "b\xC3", "a b ");
	check("\xED\xA0\x80x", "x ");
}

static void long_words_are_cut_alike(void **state)
{
	char text[300], words[300];

	(void)state;
	memset(text, 'A', 200);
	text[200] = '\0';
	memset(words, 'a', WORD_MAX_SIZE);
	memcpy(words + WORD_MAX_SIZE, " ", 2);
	check(text, words);
	/* Never inside a character. */
	for (size_t i = 0; i < 200; i += 2)
		memcpy(text + i, "д", 2);
	memmove(text + 1, text, 199);
	text[0] = 'x';
	text[199] = '\0';
	struct word_reader reader;
	word_reader_init(&reader, slice_of_string(text));
	assert_true(word_reader_next(&reader));
	assert_int_equal(reader.size, WORD_MAX_SIZE - 1);
	assert_int_equal(reader.end, 199);
	assert_true(reader.cut);
	assert_false(word_reader_next(&reader));
}

static void places_are_those_of_the_text(void **state)
{
	static const char text[] = " É-mile 東京";
	struct word_reader reader;
	size_t places[][2] = {{1, 3}, {4, 8}, {9, 12}, {12, 15}};

	(void)state;
	word_reader_init(&reader, SLICE(text));
	for (size_t i = 0; i < 4; i++) {
		assert_true(word_reader_next(&reader));
		assert_int_equal(reader.start, places[i][0]);
		assert_int_equal(reader.end, places[i][1]);
	}
	assert_false(word_reader_next(&reader));
	assert_false(word_reader_next(&reader));
}

static void check_folded(struct slice text)
{
	struct strbuf once, twice;

	strbuf_init(&once, 1 << 20);
	strbuf_init(&twice, 1 << 20);
	words_fold(text, &once);
	words_fold(strbuf_slice(&once), &twice);
	assert_true(slice_equal(strbuf_slice(&once), strbuf_slice(&twice)));
	for (size_t i = 0; i < once.size; i++) {
		unsigned char c = (unsigned char)once.data[i];
		assert_true(c >= 0x80 || c == ' ' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'));
	}
	strbuf_release(&once);
	strbuf_release(&twice);
}

/* What is folded is not changed by folding: a query made of an index's words finds them. Every
 * character, and random bytes. */
static void folding_twice_is_folding_once(void **state)
{
	uint64_t seed = random_seed();
	char text[64] = "x";

	(void)state;
	for (uint32_t c = 0x80; c < 0x110000; c++) {
		if (c >= 0xD800 && c < 0xE000)
			continue;
		size_t size = 1 + utf8_encode(c, text + 1);
		text[size] = 'y';
		check_folded(slice_of(text, size + 1));
	}
	for (int round = 0; round < 20000; round++) {
		size_t size = random_next(&seed) % sizeof text;
		for (size_t i = 0; i < size; i++)
			text[i] = (char)(random_next(&seed) % (round % 2 ? 256 : 128));
		check_folded(slice_of(text, size));
	}
}

static void spelled_words_are_of_letters(void **state)
{
	(void)state;
	assert_true(word_is_spelled(SLICE("finance")));
	assert_true(word_is_spelled(SLICE("ёлки")));
	assert_false(word_is_spelled(SLICE("abc")));
	assert_false(word_is_spelled(SLICE("smith12")));
	assert_false(word_is_spelled(SLICE("2024")));
	assert_false(word_is_spelled(SLICE("")));
	assert_true(word_is_spelled(SLICE("ёлкиa")));
	assert_false(word_is_spelled(SLICE("ёлки2")));
	assert_false(word_is_spelled(SLICE("abc\u0663\u0664")));
	assert_false(word_is_spelled(SLICE("漢字漢字")));
	assert_false(word_is_spelled(SLICE("abcd\xFF")));
}

static void nothing_is_added_to_a_word_that_was_cut(void **state)
{
	char text[WORD_MAX_SIZE + 3];
	struct word_reader reader;
	struct strbuf out;

	(void)state;
	/* One byte is left, where two are wanted: what follows belongs to the same word. */
	memset(text, 'a', WORD_MAX_SIZE - 1);
	memcpy(text + WORD_MAX_SIZE - 1, "\xD0\xB6" "b ", 4);
	word_reader_init(&reader, slice_of(text, sizeof text));
	assert_true(word_reader_next(&reader));
	assert_int_equal(word_reader_word(&reader).size, WORD_MAX_SIZE - 1);
	assert_int_equal(reader.end, WORD_MAX_SIZE + 2);
	assert_false(word_reader_next(&reader));
	strbuf_init(&out, 16);
	words_fold(SLICE("one two three four five"), &out);
	assert_false(strbuf_ok(&out));
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_runs_of_letters_and_digits),
		cmocka_unit_test(folding_leaves_no_case_and_no_accent),
		cmocka_unit_test(scripts_without_spaces_give_a_word_a_character),
		cmocka_unit_test(bytes_that_are_no_text_separate),
		cmocka_unit_test(long_words_are_cut_alike),
		cmocka_unit_test(places_are_those_of_the_text),
		cmocka_unit_test(folding_twice_is_folding_once),
		cmocka_unit_test(spelled_words_are_of_letters),
		cmocka_unit_test(nothing_is_added_to_a_word_that_was_cut),
	};
	return cmocka_run_group_tests_name("word reader", tests, NULL, NULL);
}
