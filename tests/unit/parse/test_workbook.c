/* Workbooks whose parts are unusual, missing or damaged. */
#include "support.h"

#include "packing.h"
#include "transcript.h"

#include <stdlib.h>

#include "base/strbuf.h"

#define BOOK(inside) "<workbook xmlns:r='r'>" inside "</workbook>"
#define RELATIONS(inside) "<Relationships>" inside "</Relationships>"
#define SHEET(inside) "<worksheet>" inside "</worksheet>"
#define WORKBOOK "xl/workbook.xml"
#define BOOK_RELATIONS "xl/_rels/workbook.xml.rels"
#define FIRST_SHEET "xl/worksheets/sheet1.xml"

static const struct reader_options no_header = {.no_header = true};

static void expect_records(const struct workbook_part *parts, size_t count, struct slice sheet,
			   const char *expected)
{
	struct reader_options options = no_header;
	struct slice book = make_workbook_of(parts, count);

	options.sheet = sheet;
	assert_records_at(book, &options, expected, __FILE__, __LINE__);
	free((char *)book.data);
}

static void expect_failure(const struct workbook_part *parts, size_t count, struct slice sheet,
			   const char *code)
{
	struct reader_options options = no_header;
	struct slice book = make_workbook_of(parts, count);
	struct transcript transcript;

	options.sheet = sheet;
	transcript_read_bytes(&transcript, book, &options, BRIEF);
	assert_true(transcript.status != STATUS_END);
	assert_string_equal(transcript.err.code, code);
	transcript_release(&transcript);
	free((char *)book.data);
}

static const char one[] = "{\"field1\":\"1\"}\n";

static void parts_are_found_however_they_are_named(void **state)
{
	(void)state;
	static const char *const targets[] = {"/xl/worksheets/sheet1.xml", "./worksheets/sheet1.xml",
					      "../xl/worksheets/sheet1.xml", "../../xl/worksheets/sheet1.xml"};
	struct strbuf text;

	strbuf_init(&text, 1 << 16);
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		strbuf_clear(&text);
		strbuf_add_format(&text, RELATIONS("<Other/><Relationship Id='r0' Target='x'/><Relationship Id='r1' Target='%s'/>"
						   "<Relationship Type='/x'/><Relationship Id='r1' Target='second'/>"),
				  targets[i]);
		const struct workbook_part parts[] = {{BOOK_RELATIONS, text.data}};
		expect_records(parts, 1, SLICE(""), one);
	}
	strbuf_release(&text);
	/* Without relations of its own, a workbook lies where it usually does. */
	const struct workbook_part bare[] = {{"_rels/.rels", NULL}};
	expect_records(bare, 1, SLICE(""), one);
	const struct workbook_part deep[] = {
		{"_rels/.rels", RELATIONS("<Relationship Type='/officeDocument' Target='a/b/book.xml'/>")},
		{"a/b/book.xml", BOOK("<sheet name='S' r:id='r1'/>")},
		{"a/b/_rels/book.xml.rels", RELATIONS("<Relationship Id='r1' Target='../c.xml'/>")},
		{"a/c.xml", SHEET("<row><c><v>2</v></c></row>")},
	};
	expect_records(deep, 4, SLICE(""), "{\"field1\":\"2\"}\n");
}

static void sheets_are_chosen_by_name_by_number_or_as_the_first_visible(void **state)
{
	(void)state;
	const struct workbook_part parts[] = {
		{WORKBOOK, BOOK("<workbookPr/><sheet name='Hidden' state='hidden' r:id='r2'/><sheet name='no relation'/>"
				"<sheet r:id='r1'/><sheet name='Seen' state='visible' r:id='r1'/>")},
		{BOOK_RELATIONS, RELATIONS("<Relationship Id='r1' Target='worksheets/sheet1.xml'/>"
					   "<Relationship Id='r2' Target='two.xml'/>")},
		{"xl/two.xml", SHEET("<row><c><v>2</v></c></row>")},
	};
	const struct workbook_part hidden[] = {
		{WORKBOOK, BOOK("<sheet name='Hidden' state='veryHidden' r:id='r1'/>")}};
	const struct workbook_part none[] = {{WORKBOOK, BOOK("")}};
	const char *two = "{\"field1\":\"2\"}\n";

	expect_records(parts, 3, SLICE(""), one);
	expect_records(parts, 3, SLICE("2"), one);
	expect_records(parts, 3, SLICE("seen"), one);
	expect_records(parts, 3, SLICE("hidden"), two);
	expect_records(parts, 3, SLICE("1"), two);
	expect_failure(parts, 3, SLICE("3"), "unknown-sheet");
	expect_failure(parts, 3, SLICE("0"), "unknown-sheet");
	expect_failure(parts, 3, SLICE("other"), "unknown-sheet");
	expect_records(hidden, 1, SLICE(""), one);
	expect_failure(none, 1, SLICE(""), "unknown-sheet");
}

static void numbers_show_by_the_styles_of_the_book(void **state)
{
	(void)state;
	static const struct {
		long first, last;
		const char *shown;
	} builtin[] = {
		{0, 13, "1.5"}, {14, 17, "1900-01-01T12:00:00"}, {18, 21, "1900-01-01T12:00:00"}, {22, 22, "1900-01-01T12:00:00"},
		{23, 26, "1.5"}, {27, 36, "1900-01-01T12:00:00"}, {37, 44, "1.5"}, {45, 45, "1900-01-01T12:00:00"},
		{46, 46, "PT36H0M0S"}, {47, 47, "1900-01-01T12:00:00"}, {48, 49, "1.5"}, {50, 58, "1900-01-01T12:00:00"},
		{59, 60, "1.5"},
	};
	struct strbuf styles, sheet, expected;

	strbuf_init(&styles, 1 << 16);
	strbuf_init(&sheet, 1 << 16);
	strbuf_init(&expected, 1 << 16);
	strbuf_add_string(&styles, "<styleSheet><numFmt numFmtId='165'/><numFmt numFmtId='164' formatCode='yyyy'/>"
				   "<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs><cellXfs>");
	for (size_t i = 0; i < sizeof builtin / sizeof builtin[0]; i++)
		for (long id = builtin[i].first; id <= builtin[i].last; id++) {
			strbuf_add_format(&styles, "<xf numFmtId='%ld'/>", id);
			strbuf_add_format(&sheet, "<row><c s='%ld' t='n'><v>1.5</v></c></row>", id);
			strbuf_add_format(&expected, "{\"field1\":\"%s\"}\n", builtin[i].shown);
		}
	strbuf_add_string(&styles, "<xf/><xf numFmtId='164'/></cellXfs><dxfs><xf numFmtId='14'/></dxfs></styleSheet>");
	strbuf_add_string(&sheet, "<row><c s='61'><v>1.5</v></c></row><row><c s='62'><v>1</v></c></row>"
				  "<row><c s='63'><v>1.5</v></c></row>");
	strbuf_add_string(&expected, "{\"field1\":\"1.5\"}\n{\"field1\":\"1900-01-01\"}\n{\"field1\":\"1.5\"}\n");
	struct strbuf whole;
	strbuf_init(&whole, 1 << 16);
	strbuf_add_format(&whole, SHEET("%s"), sheet.data);
	const struct workbook_part parts[] = {{"xl/styles.xml", styles.data}, {FIRST_SHEET, whole.data}};
	expect_records(parts, 2, SLICE(""), expected.data);
	strbuf_release(&whole);
	strbuf_release(&styles);
	strbuf_release(&sheet);
	strbuf_release(&expected);
	/* Styles that are named and not there: numbers are plain. */
	const struct workbook_part bare[] = {{"xl/styles.xml", NULL},
					     {FIRST_SHEET, SHEET("<row><c s='1'><v>1.5</v></c></row>")}};
	expect_records(bare, 2, SLICE(""), "{\"field1\":\"1.5\"}\n");
}

static void days_count_from_1904_where_the_book_says_so(void **state)
{
	(void)state;
	static const char *const said[] = {"1", "true", "0"};

	for (size_t i = 0; i < 3; i++) {
		struct strbuf book;
		strbuf_init(&book, 1000);
		strbuf_add_format(&book, BOOK("<workbookPr date1904='%s'/><sheet name='S' r:id='r1'/>"), said[i]);
		const struct workbook_part parts[] = {{WORKBOOK, book.data},
						      {FIRST_SHEET, SHEET("<row><c s='1'><v>1</v></c></row>")}};
		expect_records(parts, 2, SLICE(""),
			       i < 2 ? "{\"field1\":\"1904-01-02\"}\n" : "{\"field1\":\"1900-01-01\"}\n");
		strbuf_release(&book);
	}
}

static void rows_are_filled_up_and_long_sheets_come_in_pieces(void **state)
{
	(void)state;
	const struct workbook_part parts[] = {
		{FIRST_SHEET, SHEET("<row><c r='A1'><v>1</v></c><c r='C1' t='b'><v>0</v></c></row><row><c><v>2</v></c></row>"
				    "<row r='3'><c r='a3' t='str'><v>_xD800_ _x00412 _a _y00411_ _xE000_ \"</v></c></row>")}};
	expect_records(parts, 1, SLICE(""),
		       "{\"field1\":\"1\",\"field2\":\"\",\"field3\":\"false\"}\n"
		       "{\"field1\":\"2\",\"field2\":\"\",\"field3\":\"\"}\n"
		       "{\"field1\":\"_xD800_ _x00412 _a _y00411_ \xEE\x80\x80 \\\"\",\"field2\":\"\",\"field3\":\"\"}\n");

	struct strbuf sheet;
	struct transcript transcript;
	strbuf_init(&sheet, 4 << 20);
	for (int i = 0; i < 60000; i++)
		strbuf_add_string(&sheet, "<row><c><v>123456789</v></c></row>");
	struct slice book = make_workbook(sheet.data, NULL);
	transcript_read_bytes(&transcript, book, &no_header, BRIEF);
	assert_int_equal(transcript.status, STATUS_END);
	assert_int_equal(transcript.records, 60000);
	transcript_release(&transcript);
	strbuf_release(&sheet);
	free((char *)book.data);
}

static void a_cell_over_the_limit_fails_the_book(void **state)
{
	(void)state;
	static const char head[] = "<worksheet><row><c t='str'><v>", tail[] = "</v></c></row></worksheet>";
	size_t size = (32u << 20) + 1;
	char *sheet = malloc(sizeof head + size + sizeof tail);

	assert_non_null(sheet);
	memcpy(sheet, head, sizeof head - 1);
	memset(sheet + sizeof head - 1, 'x', size);
	memcpy(sheet + sizeof head - 1 + size, tail, sizeof tail);
	const struct workbook_part part = {FIRST_SHEET, sheet};
	expect_failure(&part, 1, SLICE(""), "corrupt-workbook");
	free(sheet);
}

static void what_is_missing_or_damaged_fails_the_book(void **state)
{
	(void)state;
	static const struct {
		struct workbook_part part;
		const char *code;
	} cases[] = {
		{{WORKBOOK, NULL}, "corrupt-workbook"},
		{{WORKBOOK, "<workbook"}, "corrupt-workbook"},
		{{"_rels/.rels", "<a><b></a>"}, "corrupt-workbook"},
		{{"_rels/.rels", RELATIONS("<Relationship Type='/officeDocument' Target='xl/workbook.bin'/>")}, "unsupported-format"},
		{{BOOK_RELATIONS, NULL}, "corrupt-workbook"},
		{{BOOK_RELATIONS, "<x"}, "corrupt-workbook"},
		{{BOOK_RELATIONS, RELATIONS("<Relationship Id='r1'/>")}, "corrupt-workbook"},
		{{BOOK_RELATIONS, RELATIONS("<Relationship Id='r2' Type='t' Target='x'/>")}, "corrupt-workbook"},
		{{FIRST_SHEET, NULL}, "corrupt-workbook"},
		{{FIRST_SHEET, "<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet/>"}, "corrupt-workbook"},
		{{WORKBOOK, "<!DOCTYPE x><workbook/>"}, "corrupt-workbook"},
		{{"xl/styles.xml", "<styleSheet>"}, "corrupt-workbook"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_failure(&cases[i].part, 1, SLICE(""), cases[i].code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_found_however_they_are_named),
		cmocka_unit_test(sheets_are_chosen_by_name_by_number_or_as_the_first_visible),
		cmocka_unit_test(numbers_show_by_the_styles_of_the_book),
		cmocka_unit_test(days_count_from_1904_where_the_book_says_so),
		cmocka_unit_test(rows_are_filled_up_and_long_sheets_come_in_pieces),
		cmocka_unit_test(a_cell_over_the_limit_fails_the_book),
		cmocka_unit_test(what_is_missing_or_damaged_fails_the_book),
	};
	return cmocka_run_group_tests_name("workbook", tests, NULL, NULL);
}
