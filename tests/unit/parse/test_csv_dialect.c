#include "support.h"

#include "transcript.h"

static void expect_dialect(const char *bytes, const char *delimiter, char quote)
{
	struct transcript transcript;

	transcript_read_bytes(&transcript, slice_of_string(bytes), NULL, BRIEF);
	assert_string_equal(transcript.dialect.delimiter, delimiter);
	assert_int_equal(transcript.dialect.quote, quote);
	transcript_release(&transcript);
}

static void expect_header(const char *bytes, const char *columns, size_t skipped_lines)
{
	const struct slice known[] = {SLICE("name"), SLICE("email"), SLICE("age")};
	struct reader_options options = {.known_fields = known, .known_field_count = 3};
	struct transcript transcript;

	transcript_read_bytes(&transcript, slice_of_string(bytes), &options, BRIEF);
	assert_slice(strbuf_slice(&transcript.columns), columns);
	assert_int_equal(transcript.dialect.skipped_lines, skipped_lines);
	assert_true(transcript.dialect.header);
	transcript_release(&transcript);
}

static void each_delimiter_is_detected(void **state)
{
	(void)state;
	expect_dialect("a,b\n1,2\n", ",", '"');
	expect_dialect("a;b\n1;2\n", ";", '"');
	expect_dialect("a\tb\n1\t2\n", "\t", '"');
	expect_dialect("a|b\n1|2\n", "|", '"');
	expect_dialect("a\n1\n", ",", '"');
	expect_dialect("", ",", '"');
}

static void decimal_commas_and_prose_do_not_outvote_the_delimiter(void **state)
{
	(void)state;
	expect_dialect("a;b\n1,5;2,5\n3,5;4,5\n", ";", '"');
	expect_dialect("id;text\n1;one, two, three\n2;four\n", ";", '"');
	expect_dialect("a,b\n\"x;y;z\",1\n\"p;q;r\",2\n", ",", '"');
	/* Where shares are equal, more cells win, then the order. */
	expect_dialect("a,b;c;d\n1,2;3;4\n", ";", '"');
	expect_dialect("a,b;c,d\ne,f;g,h\n", ",", '"');
	expect_dialect("a,b;c\n1,2;3\n", ";", '"');
}

static void some_ragged_or_damaged_rows_do_not_change_the_delimiter(void **state)
{
	(void)state;
	expect_dialect("a,b,c\n1,2,3\n1\n1,2,3,4\n5,6,7\n", ",", '"');
	expect_dialect("a;b\n\"x\"y\";1\n\"x\"z\";2, 3\n", ";", '"');
	/* Where both delimiters give two cells a row, the one that leaves quotes whole. */
	expect_dialect("\"k\";l,m\n\"n\";o,p\n", ";", '"');
}

static void single_quotes_are_taken_where_they_quote(void **state)
{
	(void)state;
	expect_dialect("a,b\n'x,y',2\n", ",", '\'');
	expect_dialect("'a';'b'\n'it''s';'2'\n", ";", '\'');
	/* But not apostrophes, and not beside double quotes. */
	expect_dialect("a,b\nit's,'twas\n", ",", '"');
	expect_dialect("a,b\n'x',1\n'tis the season,2\n", ",", '"');
	expect_dialect("a,b\n'x',\"y\"\n", ",", '"');
}

static void the_schema_s_names_settle_the_delimiter(void **state)
{
	(void)state;
	expect_header("x,y,z;name;email\n1,2,3;a;b\n4,5,6;c;d\n", "[x,y,z][name][email]", 0);
}

/* Single quotes around a part of the header would hide a field of the schema. */
static void single_quotes_do_not_cost_a_name(void **state)
{
	(void)state;
	expect_header("'x,name,y',z\n'1,2,3',4\n", "['x][name][y'][z]", 0);
}

static void the_header_is_the_first_row_or_the_first_that_names_a_field(void **state)
{
	(void)state;
	expect_header("x,y\n1,2\n", "[x][y]", 0);
	expect_header("Report of March\n\"two\nlines\",x\n\nE-Mail,Name,x\na,b,c\n", "[E-Mail][Name][x]", 4);
	expect_header("name,x\n1,email\n", "[name][x]", 0);
	expect_header("\n\nname,x\n", "[name][x]", 2);
}

static void the_header_is_searched_in_twenty_rows(void **state)
{
	(void)state;
	char bytes[256] = "";
	size_t size = 0;

	for (int i = 0; i < 19; i++, size += 2)
		memcpy(bytes + size, "x\n", 3);
	memcpy(bytes + size, "name,age\nA,1\n", 14);
	expect_header(bytes, "[name][age]", 19);
	memmove(bytes + 2, bytes, sizeof bytes - 2);
	expect_header(bytes, "[x]", 0);
}

static void a_header_longer_than_the_head_is_read(void **state)
{
	(void)state;
	static char bytes[200 * 1000];
	struct transcript transcript;
	size_t size = 70 * 1000;

	memset(bytes, 'x', size);
	memcpy(bytes + size, ";b\n1;2\n", 8);
	transcript_read_bytes(&transcript, slice_of_string(bytes), NULL, BRIEF);
	assert_int_equal(transcript.records, 1);
	/* The delimiter is behind the head. */
	assert_string_equal(transcript.dialect.delimiter, ",");
	transcript_release(&transcript);
	bytes[10] = ';';
	transcript_read_bytes(&transcript, slice_of_string(bytes), NULL, BRIEF);
	assert_string_equal(transcript.dialect.delimiter, ";");
	assert_non_null(strstr(transcript.columns.data, "x][b]"));
	transcript_release(&transcript);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_delimiter_is_detected),
		cmocka_unit_test(decimal_commas_and_prose_do_not_outvote_the_delimiter),
		cmocka_unit_test(some_ragged_or_damaged_rows_do_not_change_the_delimiter),
		cmocka_unit_test(single_quotes_are_taken_where_they_quote),
		cmocka_unit_test(the_schema_s_names_settle_the_delimiter),
		cmocka_unit_test(single_quotes_do_not_cost_a_name),
		cmocka_unit_test(the_header_is_the_first_row_or_the_first_that_names_a_field),
		cmocka_unit_test(the_header_is_searched_in_twenty_rows),
		cmocka_unit_test(a_header_longer_than_the_head_is_read),
	};
	return cmocka_run_group_tests_name("csv_dialect", tests, NULL, NULL);
}
