/* Workbooks whose parts are unusual, missing or damaged. */
#include "support.h"

#include "packing.h"
#include "transcript.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "parse/xlsx_book.h"

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

/* The book fails with this code, and with `word` in the detail. Frees the bytes. */
static void expect_broken(struct slice book, const struct reader_options *options, const char *code, const char *word)
{
	struct transcript transcript;

	transcript_read_bytes(&transcript, book, options, BRIEF);
	assert_true(transcript.status != STATUS_END);
	assert_string_equal(transcript.err.code, code);
	if (!strstr(transcript.err.detail, word))
		fail_msg("'%s' is not in '%s'", word, transcript.err.detail);
	transcript_release(&transcript);
	free((char *)book.data);
}

/* Where a member's name stands behind a header of this kind. */
static unsigned char *find_header(struct slice book, const char *name, const char *kind, size_t header_size)
{
	for (size_t at = header_size; at + strlen(name) <= book.size; at++)
		if (memcmp(book.data + at, name, strlen(name)) == 0 && memcmp(book.data + at - header_size, kind, 4) == 0)
			return (unsigned char *)(uintptr_t)book.data + at - header_size;
	fail_msg("%s has no such header", name);
	return NULL;
}

static unsigned char *local_header(struct slice book, const char *name)
{
	return find_header(book, name, "PK\3\4", 30);
}

static unsigned char *central_header(struct slice book, const char *name)
{
	return find_header(book, name, "PK\1\2", 46);
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
		strbuf_add_format(&text, RELATIONS("<Other/><Relationship Type='/y'/><Relationship Id='r0' Target='x'/><Relationship Id='r1' Target='%s'/>"
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

/* Nothing that a container says is taken for true. */
static void a_damaged_container_fails_the_book(void **state)
{
	(void)state;
	struct slice book = make_workbook_of(NULL, 0);

	/* The compressed bytes of the sheet, and of the workbook. */
	static const char *const members[] = {FIRST_SHEET, WORKBOOK};
	for (size_t i = 0; i < 2; i++) {
		struct slice damaged = join_bytes(book, SLICE(""));
		unsigned char *header = local_header(damaged, members[i]);
		unsigned char *data = header + 30 + header[26] + header[28];
		for (int k = 4; k < 24; k++)
			data[k] ^= 0x55;
		expect_broken(damaged, &no_header, "corrupt-workbook", "damaged");
	}
	/* A member that lies behind the end of the file. */
	struct slice beyond = join_bytes(book, SLICE(""));
	memcpy(central_header(beyond, FIRST_SHEET) + 42, "\xFF\xFF\xFF\x7F", 4);
	expect_broken(beyond, &no_header, "corrupt-workbook", "damaged");
	/* One that is encrypted. */
	struct slice locked = join_bytes(book, SLICE(""));
	local_header(locked, FIRST_SHEET)[6] |= 1;
	central_header(locked, FIRST_SHEET)[8] |= 1;
	expect_broken(locked, &no_header, "unsupported-format", "protected by a password");
	/* A name that is no text is that of another member. */
	struct slice named = join_bytes(book, SLICE(""));
	unsigned char *local = local_header(named, "[Content_Types].xml"), *central = central_header(named, "[Content_Types].xml");
	local[7] |= 8;
	central[9] |= 8;
	local[30] = local[31] = central[46] = central[47] = 0xFF;
	assert_records_at(named, &no_header, one, __FILE__, __LINE__);
	free((char *)named.data);
	free((char *)book.data);
}

static void a_book_has_a_limit_of_members(void **state)
{
	(void)state;
	enum { FILLERS = 10000 };
	static struct workbook_part parts[FILLERS + 1];
	static char names[FILLERS][8];

	for (int i = 0; i < FILLERS; i++) {
		snprintf(names[i], sizeof names[i], "m%d", i);
		parts[i] = (struct workbook_part){names[i], ""};
	}
	parts[FILLERS] = (struct workbook_part){FIRST_SHEET, SHEET("<row><c><v>1</v></c></row>")};
	expect_broken(make_workbook_of(parts, FILLERS + 1), &no_header, "corrupt-workbook", "too many files");
	expect_records(parts + FILLERS - 9000, 9001, SLICE(""), one);
}

static void a_book_has_a_limit_of_sheets(void **state)
{
	(void)state;
	struct strbuf book;

	strbuf_init(&book, 1 << 20);
	strbuf_add_string(&book, "<workbook xmlns:r='r'>");
	for (int i = 1; i <= 1030; i++)
		strbuf_add_format(&book, "<sheet name='S%d' r:id='r1'/>", i);
	strbuf_add_string(&book, "</workbook>");
	const struct workbook_part parts[] = {{WORKBOOK, book.data}};
	struct reader_options behind = {.sheet = SLICE("S1025")};
	expect_records(parts, 1, SLICE("S1024"), one);
	expect_broken(make_workbook_of(parts, 1), &behind, "unknown-sheet", "it has 1024");
	strbuf_release(&book);
}

static void formats_and_styles_over_their_limits_are_plain(void **state)
{
	(void)state;
	enum { FORMATS = 8192, STYLES = 65536 };
	struct strbuf styles;

	strbuf_init(&styles, 4 << 20);
	strbuf_add_string(&styles, "<styleSheet>");
	for (int i = 1; i <= FORMATS + 1; i++)
		strbuf_add_format(&styles, "<numFmt numFmtId='%d' formatCode='yyyy'/>", 1000 + i);
	strbuf_add_format(&styles, "<cellXfs><xf numFmtId='%d'/><xf numFmtId='%d'/>", 1000 + FORMATS, 1000 + FORMATS + 1);
	for (int i = 2; i <= STYLES; i++)
		strbuf_add_string(&styles, "<xf numFmtId='14'/>");
	strbuf_add_string(&styles, "</cellXfs></styleSheet>");
	const struct workbook_part parts[] = {
		{"xl/styles.xml", styles.data},
		{FIRST_SHEET, SHEET("<row><c s='0'><v>1</v></c><c s='1'><v>1</v></c><c s='65535'><v>1</v></c><c s='65536'><v>1</v></c></row>")}};
	expect_records(parts, 2, SLICE(""),
		       "{\"field1\":\"1900-01-01\",\"field2\":\"1\",\"field3\":\"1900-01-01\",\"field4\":\"1\"}\n");
	strbuf_release(&styles);
}

static void rows_may_be_skipped(void **state)
{
	(void)state;
	struct reader_options options = {.skip_lines = 2, .skip_told = true};
	struct slice book = make_workbook("<row><c><v>1</v></c></row><row><c><v>2</v></c></row><row><c t='str'><v>a</v></c></row>"
					  "<row><c><v>3</v></c></row>", NULL);

	assert_records_at(book, &options, "{\"a\":\"3\"}\n", __FILE__, __LINE__);
	free((char *)book.data);
}

/* Empty strings, one by one and all together. */
static void shared_strings_may_be_empty(void **state)
{
	(void)state;
	static const char rows[] = "<row><c t='str'><v>a</v></c><c t='str'><v>b</v></c></row><row><c t='s'><v>0</v></c><c><v>1</v></c></row>";
	static const char *const strings[] = {"<si><t/></si><si><t>x</t></si>", "<si><t></t></si>"};

	for (size_t i = 0; i < 2; i++) {
		struct slice book = make_workbook(rows, strings[i]);
		assert_records_at(book, NULL, "{\"a\":\"\",\"b\":\"1\"}\n", __FILE__, __LINE__);
		free((char *)book.data);
	}
	struct slice book = make_workbook("<row><c><v>1</v></c></row>", "");
	assert_records_at(book, &no_header, one, __FILE__, __LINE__);
	free((char *)book.data);
}

/* Some bytes of a sheet may name much text: it is made as it is read. */
static void long_strings_come_in_pieces(void **state)
{
	(void)state;
	enum { ROWS = 3000, SIZE = 2000 };
	struct strbuf rows, strings;
	struct transcript transcript;

	strbuf_init(&rows, 1 << 20);
	strbuf_init(&strings, 1 << 20);
	strbuf_add_format(&strings, "<si><t>%0*d</t></si>", SIZE, 7);
	for (int i = 0; i < ROWS; i++)
		strbuf_add_string(&rows, "<row><c t='s'><v>0</v></c></row>");
	struct slice book = make_workbook(rows.data, strings.data);
	transcript_read_bytes(&transcript, book, &no_header, BRIEF);
	assert_int_equal(transcript.status, STATUS_END);
	assert_int_equal(transcript.records, ROWS);
	assert_int_equal(transcript.text.size, ROWS * (SIZE + sizeof "{\"field1\":\"\"}\n" - 1));
	transcript_release(&transcript);
	strbuf_release(&rows);
	strbuf_release(&strings);
	free((char *)book.data);
}

static struct slice book_of_string(size_t size)
{
	struct strbuf strings;

	strbuf_init(&strings, 2 << 20);
	strbuf_add_format(&strings, "<si><t>%0*d</t></si>", (int)size, 7);
	struct slice book = make_workbook("<row><c><v>1</v></c></row>", strings.data);
	strbuf_release(&strings);
	return book;
}

static void texts_are_limited_together(void **state)
{
	(void)state;
	struct reader_options options = {.no_header = true, .unpacked_size_limit = 100000};
	struct slice book = book_of_string(25000);

	assert_records_at(book, &options, one, __FILE__, __LINE__);
	free((char *)book.data);
	expect_broken(book_of_string(25001), &options, "too-much-unpacked", "more than 25000 bytes");
}

static void texts_lie_in_the_folder_that_is_told(void **state)
{
	(void)state;
	static const char *const variables[] = {NULL, "/tmp", "/nonexistent"};
	struct slice book = book_of_string(10);
	const char *before = getenv("TMPDIR");
	char *kept = before ? strdup(before) : NULL;

	for (size_t i = 0; i < 6; i++) {
		struct reader_options options = no_header;
		if (i % 2)
			options.temporary_folder = make_temporary_folder();
		if (variables[i / 2])
			setenv("TMPDIR", variables[i / 2], 1);
		else
			unsetenv("TMPDIR");
		/* A folder in which no nameless file can be made has the C library's own in its place. */
		assert_records_at(book, &options, one, __FILE__, __LINE__);
	}
	if (kept)
		setenv("TMPDIR", kept, 1);
	else
		unsetenv("TMPDIR");
	free(kept);
	free((char *)book.data);
}

/* As where the disk is full: files may not grow beyond some bytes. */
static void texts_that_cannot_be_kept_fail_the_book(void **state)
{
	(void)state;
	static const size_t sizes[] = {3000, 200000}; /* found out at the end, and on the way */

	for (size_t i = 0; i < 2; i++) {
		struct slice book = book_of_string(sizes[i]);
		struct transcript transcript;
		struct rlimit limit;
		int fd = open_bytes(book);
		void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, limit.rlim_max}), 0);
		transcript_read(&transcript, fd, &no_header, BRIEF);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		signal(SIGXFSZ, handler);
		assert_int_equal(transcript.status, STATUS_IO);
		assert_non_null(strstr(transcript.err.detail, "keeping the workbook's strings"));
		transcript_release(&transcript);
		close(fd);
		free((char *)book.data);
	}
}

static void a_book_that_comes_through_a_pipe_cannot_be_read(void **state)
{
	(void)state;
	struct slice book = make_workbook_of(NULL, 0);
	struct reader *reader;
	struct error err;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], book.data, book.size), book.size);
	close(ends[1]);
	assert_int_equal(reader_open(ends[0], NULL, &reader, &err), STATUS_IO);
	assert_non_null(strstr(err.detail, "reading the upload"));
	assert_null(reader);
	close(ends[0]);
	free((char *)book.data);
}

/* For progress: the farthest place of the file that was read. */
static void what_was_read_of_a_large_book_is_counted(void **state)
{
	(void)state;
	char *noise = malloc(400001);
	uint64_t random = 1;
	struct reader *reader;
	struct batch batch;
	struct error err;

	assert_non_null(noise);
	for (size_t i = 0; i < 400000; i++)
		noise[i] = (char)('a' + random_next(&random) % 26);
	noise[400000] = '\0';
	const struct workbook_part parts[] = {{"noise", noise}, {FIRST_SHEET, SHEET("<row><c><v>1</v></c></row>")}};
	struct slice book = make_workbook_of(parts, 2);
	int fd = open_bytes(book);
	assert_true(book.size > 200000);
	assert_ok(reader_open(fd, &no_header, &reader, &err), &err);
	assert_true(batch_init(&batch, 10, 1 << 20));
	assert_ok(reader_next(reader, &batch, &err), &err);
	assert_int_equal(reader_bytes_read(reader), book.size);
	batch_release(&batch);
	reader_close(reader);
	close(fd);
	free(noise);
	free((char *)book.data);
}

/* Names, relations and styles are kept in an arena: whatever finds no room there, the book fails by that. */
static void a_book_needs_room_for_what_it_names(void **state)
{
	(void)state;
	const struct workbook_part parts[] = {
		{WORKBOOK, BOOK("<sheet name='First' r:id='r1'/><sheet name='Second' r:id='r2'/>")},
		{BOOK_RELATIONS, RELATIONS("<Relationship Id='r1' Target='worksheets/sheet1.xml'/><Relationship Id='r2' Target='two.xml'/>"
					   "<Relationship Id='r3' Type='/styles' Target='styles.xml'/>"
					   "<Relationship Id='r4' Type='/sharedStrings' Target='strings.xml'/>")}};
	/* About what the large things need: room for the sheets, a block of the arena, the formats and the styles. */
	static const size_t floors[] = {0, 32 << 10, 64 << 10, 192 << 10, 256 << 10};
	struct slice bytes = make_workbook_of(parts, 2);
	int fd = open_bytes(bytes);
	bool done = false;

	for (size_t i = 0; i < sizeof floors / sizeof floors[0]; i++)
		for (size_t more = 0; more < 1024 && !done; more += 16) {
			uint64_t bytes_read = 0;
			struct xlsx_archive archive;
			struct xlsx_book book;
			struct arena arena;
			struct error err;
			arena_init(&arena, floors[i] + more);
			assert_ok(xlsx_archive_init(&archive, fd, 0, &bytes_read, &err), &err);
			enum status status = xlsx_book_read(&book, &archive, SLICE("second"), &arena, &err);
			done = status == STATUS_OK;
			assert_true(done || status == STATUS_NO_MEMORY);
			if (done) {
				assert_slice(book.sheet_name, "Second");
				assert_string_equal(book.sheet, "xl/two.xml");
				assert_string_equal(book.strings, "xl/strings.xml");
				assert_int_equal(book.style_count, 2);
			}
			arena_release(&arena);
		}
	assert_true(done);
	close(fd);
	free((char *)bytes.data);
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
		cmocka_unit_test(a_damaged_container_fails_the_book),
		cmocka_unit_test(a_book_has_a_limit_of_members),
		cmocka_unit_test(a_book_has_a_limit_of_sheets),
		cmocka_unit_test(formats_and_styles_over_their_limits_are_plain),
		cmocka_unit_test(rows_may_be_skipped),
		cmocka_unit_test(shared_strings_may_be_empty),
		cmocka_unit_test(long_strings_come_in_pieces),
		cmocka_unit_test(texts_are_limited_together),
		cmocka_unit_test(texts_lie_in_the_folder_that_is_told),
		cmocka_unit_test(texts_that_cannot_be_kept_fail_the_book),
		cmocka_unit_test(a_book_that_comes_through_a_pipe_cannot_be_read),
		cmocka_unit_test(what_was_read_of_a_large_book_is_counted),
		cmocka_unit_test(a_book_needs_room_for_what_it_names),
	};
	return cmocka_run_group_tests_name("workbook", tests, NULL, NULL);
}
