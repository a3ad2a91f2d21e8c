/* Cells by any dialect: escapes, delimiters of several bytes, quotes that are not there. */
#include "support.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "parse/csv_scanner.h"

static const struct csv_syntax escapes = {.delimiter = ",", .quote = '"', .escape = '\\'};
static const struct csv_syntax only_escapes = {.delimiter = ",", .escape = '\\'};
static const struct csv_syntax doubled = {.delimiter = "||", .quote = '"'};
static const struct csv_syntax spaced = {.delimiter = ",", .blank_after = true, .quote = '"'};
static const struct csv_syntax wide = {.delimiter = "\xC2\xA6", .quote = '"'};

/* The cells of the first record as [text] each, with a '!' before damaged ones. */
static enum csv_scan scan(const struct csv_syntax *syntax, struct slice bytes, bool final, struct csv_row *row,
			  struct strbuf *out)
{
	/* Bytes on the heap, so that a sanitizer sees each read behind them. */
	char *copy = malloc(bytes.size);
	assert_non_null(copy);
	memcpy(copy, bytes.data, bytes.size);
	enum csv_scan result = csv_scan_record(syntax, slice_of(copy, bytes.size), final, row);

	strbuf_clear(out);
	for (size_t i = 0; result == CSV_SCAN_OK && i < row->count; i++) {
		struct csv_cell cell = row->cells[i];
		char *text = strbuf_reserve(out, cell.size + 3);
		assert_non_null(text);
		if (cell.flags & (CELL_DAMAGED | CELL_UNCLOSED))
			strbuf_add_byte(out, '!');
		strbuf_add_byte(out, '[');
		text = out->data + out->size;
		out->size += csv_unescape(slice_of(copy + cell.start, cell.size), cell.flags, syntax, text);
		strbuf_add_byte(out, ']');
	}
	free(copy);
	return result;
}

/* The whole gives these cells and so many line ends; and each part of it asks for more, or gives the same. */
static void expect_cells(const struct csv_syntax *syntax, const char *file, const char *cells, size_t lines)
{
	struct slice bytes = slice_of_string(file);
	struct csv_row row = {0};
	struct strbuf out;

	strbuf_init(&out, 1 << 16);
	assert_int_equal(scan(syntax, bytes, true, &row, &out), CSV_SCAN_OK);
	assert_slice(strbuf_slice(&out), cells);
	assert_int_equal(row.lines, lines);
	size_t settled = 0;
	for (size_t size = 1; size <= bytes.size; size++) {
		enum csv_scan result = scan(syntax, slice_of(file, size), false, &row, &out);
		if (result == CSV_SCAN_MORE)
			continue;
		assert_int_equal(result, CSV_SCAN_OK);
		assert_slice(strbuf_slice(&out), cells);
		settled++;
	}
	assert_int_equal(settled > 0, file[bytes.size - 1] == '\n');
	csv_row_release(&row);
	strbuf_release(&out);
}

static void escapes_stand_before_anything(void **state)
{
	(void)state;
	expect_cells(&escapes, "a\\,b,c\n", "[a,b][c]", 1);
	expect_cells(&escapes, "\"a\\\"b\",\\\\\n", "[a\"b][\\]", 1);
	expect_cells(&escapes, "\"a\"\"\\\"b\",c\n", "[a\"\"b][c]", 1);
	expect_cells(&escapes, "a\\\nb,c\n", "[a\nb][c]", 2);
	expect_cells(&escapes, "\"a\\\nb\",c\n", "[a\nb][c]", 2);
	expect_cells(&escapes, "a\\", "[a\\]", 0);
	expect_cells(&escapes, "\"a\\", "![\"a\\]", 0);
	expect_cells(&escapes, "\"a\"x\\\"y\",c\n", "![\"a\"x\\\"y\"][c]", 1);
	expect_cells(&escapes, "\"a\"x\\", "![\"a\"x\\]", 0);
	expect_cells(&escapes, "\"a\"x\\y\"\\\nz\n", "![\"a\"xy\"\nz]", 2);
	expect_cells(&only_escapes, "\"a\",\\,\n", "[\"a\"][,]", 1);
}

/* Bytes are looked at in blocks. */
static void an_escape_may_end_a_block(void **state)
{
	(void)state;
	char file[140], cells[160];

	for (size_t size = 60; size < 68; size++) {
		memset(file, 'x', size);
		strcpy(file + size, "\\,y,z\n");
		memset(cells, 'x', size + 1);
		cells[0] = '[';
		strcpy(cells + 1 + size, ",y][z]");
		expect_cells(&escapes, file, cells, 1);
	}
}

static void delimiters_may_have_several_bytes(void **state)
{
	(void)state;
	expect_cells(&doubled, "a||b|c||\"d||\"\"e\"||\n", "[a][b|c][d||\"e][]", 1);
	expect_cells(&doubled, "a|", "[a|]", 0);
	expect_cells(&doubled, "\"a\"||b\n", "[a][b]", 1);
	expect_cells(&doubled, "\"a\"|b\n", "![\"a\"|b]", 1);
	expect_cells(&doubled, "\"\"x||b\n", "![\"\"x][b]", 1);
	expect_cells(&wide, "a\xC2\xA6" "b\xC2\xA9\xC2\xA6" "\"c\"\n", "[a][b\xC2\xA9][c]", 1);
	expect_cells(&spaced, "a, b,c,  d, \"e, f\", \n", "[a][b][c][ d][e, f][]", 1);
	expect_cells(&spaced, "a, ", "[a][]", 0);
	expect_cells(&spaced, "a,", "[a][]", 0);
	/* A quote that seems to open a cell, behind one that was never closed. */
	expect_cells(&spaced, "\"a, \"b\", c\n", "![\"a][b][c]", 1);
	expect_cells(&spaced, "\"a \"b\n", "![\"a \"b]", 1);
}

static void a_quote_alone_at_the_end_stands_for_nothing(void **state)
{
	(void)state;
	char out[8];

	assert_int_equal(csv_unescape(SLICE("a\""), CELL_DOUBLED, &escapes, out), 1);
	assert_int_equal(out[0], 'a');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_stand_before_anything),
		cmocka_unit_test(an_escape_may_end_a_block),
		cmocka_unit_test(delimiters_may_have_several_bytes),
		cmocka_unit_test(a_quote_alone_at_the_end_stands_for_nothing),
	};
	return cmocka_run_group_tests_name("csv_scanner", tests, NULL, NULL);
}
