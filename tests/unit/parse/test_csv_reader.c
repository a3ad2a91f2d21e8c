#include "support.h"

#include "transcript.h"

#include <stdlib.h>
#include <unistd.h>

static void expect_columns(const char *bytes, const char *columns)
{
	struct transcript transcript;

	transcript_read_bytes(&transcript, slice_of_string(bytes), NULL, BRIEF);
	assert_slice(strbuf_slice(&transcript.columns), columns);
	transcript_release(&transcript);
}

/* Expects the place and the message of the first error of the first record that has one. */
static void expect_place(const char *bytes, size_t line, size_t byte, const char *message)
{
	int fd = open_bytes(slice_of_string(bytes));
	struct reader *reader;
	struct batch batch;
	struct error err;

	assert_ok(reader_open(fd, NULL, &reader, &err), &err);
	assert_true(batch_init(&batch, 100, 1 << 20));
	assert_ok(reader_next(reader, &batch, &err), &err);
	size_t i = 0;
	while (i < batch.count && batch.records[i].error_count == 0)
		i++;
	assert_true(i < batch.count);
	assert_slice(batch.records[i].errors[0].message, message);
	assert_int_equal(batch.records[i].errors[0].line, line);
	assert_int_equal(batch.records[i].errors[0].byte, byte);
	batch_release(&batch);
	reader_close(reader);
	close(fd);
}

static void lines_end_at_crlf_lf_or_cr(void **state)
{
	(void)state;
	const char *expected = "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n";

	assert_records("a,b\r\n1,2\r\n3,4\r\n", expected);
	assert_records("a,b\n1,2\n3,4\n", expected);
	assert_records("a,b\r1,2\r3,4\r", expected);
	assert_records("a,b\r1,2\n3,4", expected);
	assert_records("a,b\n\r1,2\n\r\r\n3,4\r\n\n", expected);
}

static void quoted_cells_hold_delimiters_quotes_and_line_ends(void **state)
{
	(void)state;
	assert_records("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"1\r\n2\n3\r4\",\"\"\n",
		       "{\"a\":\"x,y\",\"b\":\"say \\\"hi\\\"\"}\n"
		       "{\"a\":\"1\\r\\n2\\n3\\r4\",\"b\":\"\"}\n");
}

static void blanks_around_quoted_cells_do_not_belong_to_them(void **state)
{
	(void)state;
	assert_records("a,b\n 1 , \"x, y\" \n\t\"2\"\t,3\n",
		       "{\"a\":\" 1 \",\"b\":\"x, y\"}\n{\"a\":\"2\",\"b\":\"3\"}\n");
	/* A tab that delimits is no blank. */
	assert_records("a\tb\n\"x\"\t\t\n\"x\"\t\"y\"\n", "{\"a\":\"x\",\"b\":\"\",\"_extra\":[\"\"]} "
							 "extra-cell(_extra)\n"
							 "{\"a\":\"x\",\"b\":\"y\"}\n");
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **state)
{
	(void)state;
	expect_columns("\xEF\xBB\xBFname,email\n", "[name][email]");
	expect_columns("\xEF\xBB\xBF\"name\",email\n", "[name][email]");
}

static void blank_lines_are_no_rows(void **state)
{
	(void)state;
	assert_records("a,b\n\n1,2\n\r\n\n3,4\n\n", "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n");
	/* Also in a file of one column, where an empty cell is written "". */
	assert_records("a\n1\n\n\"\"\n2\n", "{\"a\":\"1\"}\n{\"a\":\"\"}\n{\"a\":\"2\"}\n");
	/* A row of empty cells is one, and so is a line of blanks. */
	assert_records("a,b\n,\n  \n", "{\"a\":\"\",\"b\":\"\"}\n{\"a\":\"  \"} missing-cell(b)\n");
}

static void a_file_without_rows_gives_no_records(void **state)
{
	(void)state;
	assert_records("", "");
	assert_records("\n\r\n\r", "");
	assert_records("\xEF\xBB\xBF", "");
	assert_records("a,b", "");
	assert_records("a,b\r\n", "");
	expect_columns("", "");
	expect_columns("\n\n", "");
	expect_columns("a,b", "[a][b]");
}

static void ragged_rows_are_errors_of_those_rows(void **state)
{
	(void)state;
	assert_records("a,b,c\n1,2,3\n1\n1,2,3,\"x \"\"y\"\"\",\n4,5,6\n",
		       "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}\n"
		       "{\"a\":\"1\"} missing-cell(b) missing-cell(c)\n"
		       "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"_extra\":[\"x \\\"y\\\"\",\"\"]} "
		       "extra-cell(_extra)\n"
		       "{\"a\":\"4\",\"b\":\"5\",\"c\":\"6\"}\n");
	expect_place("a,b\n1,2\n1,2,3,4\n", 3, 12,
		     "The row has 4 cells, and there are 2 columns; put a cell with delimiters in "
		     "quotes.");
	expect_place("a,b\n\"1\n2\"\n", 3, 9,
		     "The row has 1 cell, and there are 2 columns: this one is missing.");
}

static void a_quote_inside_an_unquoted_cell_damages_that_cell_alone(void **state)
{
	(void)state;
	assert_records("a,b\n5\" pipe,2\n3,4\n",
		       "{\"a\":\"5\\\" pipe\",\"b\":\"2\"} quote-error(a)\n{\"a\":\"3\",\"b\":\"4\"}\n");
	assert_records("a,b\n1,x\"y\"z", "{\"a\":\"1\",\"b\":\"x\\\"y\\\"z\"} quote-error(b)\n");
	expect_place("a,b\n\n\"1\n\n2\",x\"y\n", 5, 12,
		     "A quote stands inside the text; put the cell in quotes and double each quote "
		     "that is part of the text.");
}

static void text_behind_a_closing_quote_goes_on_to_a_quote_that_closes(void **state)
{
	(void)state;
	assert_records("a,b\n\"Jake \"the Snake, Esq.\" Roberts\",2\n3,4\n",
		       "{\"a\":\"\\\"Jake \\\"the Snake, Esq.\\\" Roberts\\\"\",\"b\":\"2\"} quote-error(a)\n"
		       "{\"a\":\"3\",\"b\":\"4\"}\n");
	assert_records("a,b\n1,\"x\"y\"\n3,4\n",
		       "{\"a\":\"1\",\"b\":\"\\\"x\\\"y\\\"\"} quote-error(b)\n{\"a\":\"3\",\"b\":\"4\"}\n");
	assert_records("a,b\n1,\"x\"y\" ", "{\"a\":\"1\",\"b\":\"\\\"x\\\"y\\\"\"} quote-error(b)\n");
}

static void text_behind_a_closing_quote_goes_on_to_the_delimiter_where_none_closes(void **state)
{
	(void)state;
	assert_records("a,b,c\n\"x,1\"y,2,\"p\"q\n3,4,5\n",
		       "{\"a\":\"\\\"x,1\\\"y\",\"b\":\"2\",\"c\":\"\\\"p\\\"q\"} quote-error(a) quote-error(c)\n"
		       "{\"a\":\"3\",\"b\":\"4\",\"c\":\"5\"}\n");
	assert_records("a,b\n\"x\"y,2", "{\"a\":\"\\\"x\\\"y\",\"b\":\"2\"} quote-error(a)\n");
}

static void an_unclosed_quote_costs_its_line_and_not_the_rest_of_the_file(void **state)
{
	(void)state;
	assert_records("a,b\n1,\"x\n2,y\n3,z\n",
		       "{\"a\":\"1\",\"b\":\"\\\"x\"} quote-error(b)\n{\"a\":\"2\",\"b\":\"y\"}\n"
		       "{\"a\":\"3\",\"b\":\"z\"}\n");
	/* A quote further down closes it only where a delimiter or a line end follows. */
	assert_records("a,b\n\"x,1\n2,y\n3,\"z, \"\"w\"\"\"\n",
		       "{\"a\":\"\\\"x\",\"b\":\"1\"} quote-error(a)\n{\"a\":\"2\",\"b\":\"y\"}\n"
		       "{\"a\":\"3\",\"b\":\"z, \\\"w\\\"\"}\n");
	assert_records("a,b\n1,\"", "{\"a\":\"1\",\"b\":\"\\\"\"} quote-error(b)\n");
	expect_place("a,b\n1,2\n3,\"x\n", 3, 10,
		     "The quote is never closed; close it, or double a quote that is part of the "
		     "text.");
}

static void bytes_that_are_no_utf8_are_kept_and_reported(void **state)
{
	(void)state;
	struct transcript transcript;

	assert_records("a,b\n1,caf\xE9\n2,caf\xC3\xA9\n",
		       "{\"a\":\"1\",\"b\":\"caf\xEF\xBF\xBD\"} encoding-error(b)\n"
		       "{\"a\":\"2\",\"b\":\"caf\xC3\xA9\"}\n");
	transcript_read_bytes(&transcript, SLICE("a,b\n\xFF,\xE9,\xE9\n"), NULL, FULL);
	assert_non_null(strstr(transcript.text.data, "raw \\xFF,\\xE9,\\xE9 a:3:\\xFF b:3:\\xE9"));
	assert_non_null(strstr(transcript.text.data, "Byte 1 of the value (0xFF) is no UTF-8"));
	assert_int_equal(transcript.errors, 4);
	transcript_release(&transcript);
}

static void a_nul_byte_is_kept_and_reported(void **state)
{
	(void)state;
	assert_records_at(SLICE("a,b\n1,x\0y\n\0,\xFF\0\n"), NULL,
			  "{\"a\":\"1\",\"b\":\"x\\u0000y\"} encoding-error(b)\n"
			  "{\"a\":\"\\u0000\",\"b\":\"\xEF\xBF\xBD\\u0000\"} encoding-error(a) "
			  "encoding-error(b) encoding-error(b)\n",
			  __FILE__, __LINE__);
}

static void blank_and_repeated_names_are_made_different(void **state)
{
	(void)state;
	expect_columns("id,name,id,age,id\n", "[id][name][id_2][age][id_3]");
	expect_columns("id,,age,  \n", "[id][field2][age][field4]");
	expect_columns("a_2,a,a,a\n", "[a_2][a][a_3][a_4]");
	/* A name that is there is not lost to a blank one; "_extra" is the extra cells'. */
	expect_columns(",field1,_extra\n", "[field1_2][field1][_extra_2]");
	expect_columns("caf\xE9,\xFF\xFE x,\xE2\x82\n",
		       "[caf\xEF\xBF\xBD][\xEF\xBF\xBD\xEF\xBF\xBD x][\xEF\xBF\xBD]");
	expect_columns("\"a \"\"b\"\"\",\"x\ny\"\n", "[a \"b\"][x\ny]");
}

static void rows_know_their_number_line_and_byte(void **state)
{
	(void)state;
	struct transcript transcript;

	transcript_read_bytes(&transcript,
			      SLICE("\xEF\xBB\xBFid,t\r\n1,\"x\r\ny\rz\"\r\n\r\n2,\"a\"\r3,b\n"), NULL,
			      FULL);
	assert_slice(strbuf_slice(&transcript.text),
		     "row 1 line 2 byte 9 shape 0 json 0 raw 1,\"x\\x0D\\x0Ay\\x0Dz\" id:3:1 "
		     "t:3:x\\x0D\\x0Ay\\x0Dz []\n"
		     "row 2 line 6 byte 23 shape 0 json 0 raw 2,\"a\" id:3:2 t:3:a []\n"
		     "row 3 line 7 byte 29 shape 0 json 0 raw 3,b id:3:3 t:3:b []\n");
	transcript_release(&transcript);
}

static void a_row_over_the_limit_costs_itself(void **state)
{
	(void)state;
	struct reader_options options = {.record_size_limit = 8};

	assert_records_with("a,b\n1234,678\n1234,6789\r\n3,4\n1234567890\r\n\n5,6", &options,
			    "{\"a\":\"1234\",\"b\":\"678\"}\n"
			    "\"1234,678\" too-long-row\n{\"a\":\"3\",\"b\":\"4\"}\n"
			    "\"12345678\" too-long-row\n{\"a\":\"5\",\"b\":\"6\"}\n");
	assert_records_with("a,b\n123456789", &options, "\"12345678\" too-long-row\n");
	assert_records_with("a,b\n123456789\r", &options, "\"12345678\" too-long-row\n");
	/* Nine and ten bytes with each line end: the limit falls into it. */
	assert_records_with("a,b\n123456789\r\n1,2\r\n1234567890\r\n1,2\n123456789\r1,2\n", &options,
			    "\"12345678\" too-long-row\n{\"a\":\"1\",\"b\":\"2\"}\n"
			    "\"12345678\" too-long-row\n{\"a\":\"1\",\"b\":\"2\"}\n"
			    "\"12345678\" too-long-row\n{\"a\":\"1\",\"b\":\"2\"}\n");
	/* A quote that is open there counts as never closed. */
	assert_records_with("a,b\n\"x,1\n2,3\n4,5\n6,7\"\n8,9\n", &options,
			    "{\"a\":\"\\\"x\",\"b\":\"1\"} quote-error(a)\n{\"a\":\"2\",\"b\":\"3\"}\n"
			    "{\"a\":\"4\",\"b\":\"5\"}\n{\"a\":\"6\",\"b\":\"7\\\"\"} quote-error(b)\n"
			    "{\"a\":\"8\",\"b\":\"9\"}\n");
	struct transcript transcript;
	transcript_read_bytes(&transcript, SLICE("long,header\n1,2\n"), &options, BRIEF);
	assert_int_equal(transcript.status, STATUS_INVALID);
	assert_string_equal(transcript.err.code, "too-long-row");
	assert_int_equal(transcript.err.line, 1);
	transcript_release(&transcript);
}

static struct slice many_cells(size_t rows_before, size_t cells)
{
	char *bytes = malloc(8 + 2 * cells);
	size_t size = rows_before ? 4 : 0;

	assert_non_null(bytes);
	memcpy(bytes, "a,b\n", 4);
	for (size_t i = 0; i < cells; i++) {
		bytes[size++] = 'x';
		bytes[size++] = i + 1 < cells ? ',' : '\n';
	}
	return slice_of(bytes, size);
}

static void a_row_of_too_many_cells_costs_itself(void **state)
{
	(void)state;
	struct slice fits = many_cells(1, 16384), over = many_cells(1, 40000);
	struct slice header = many_cells(0, 16385);
	struct transcript transcript;

	transcript_read_bytes(&transcript, fits, NULL, BRIEF);
	assert_int_equal(transcript.status, STATUS_END);
	assert_non_null(strstr(transcript.text.data, "\"x\"]} extra-cell(_extra)"));
	transcript_release(&transcript);
	transcript_read_bytes(&transcript, over, NULL, BRIEF);
	assert_int_equal(transcript.records, 1);
	assert_non_null(strstr(transcript.text.data, "\" too-long-row\n"));
	transcript_release(&transcript);
	transcript_read_bytes(&transcript, header, NULL, BRIEF);
	assert_int_equal(transcript.status, STATUS_INVALID);
	transcript_release(&transcript);
	/* A head of more cells than are kept, and a limit that no machine has. */
	struct reader_options options = {.record_size_limit = SIZE_MAX};
	char *commas = malloc(50000);
	assert_non_null(commas);
	memset(commas, ',', 50000);
	transcript_read_bytes(&transcript, slice_of(commas, 50000), &options, BRIEF);
	assert_int_equal(transcript.status, STATUS_INVALID);
	transcript_release(&transcript);
	free(commas);
	free((char *)fits.data);
	free((char *)over.data);
	free((char *)header.data);
}

static void skipping_is_reading_without_looking(void **state)
{
	(void)state;
	const char *bytes = "a,b\n1,2\n\n\"3\n\",4\n5,\"x\n6,7\n8,9\n";
	struct error err;

	for (uint64_t skipped = 0; skipped <= 6; skipped++) {
		int fd = open_bytes(slice_of_string(bytes));
		struct reader *reader;
		struct batch batch;
		assert_true(batch_init(&batch, 1, 1 << 20));
		assert_ok(reader_open(fd, NULL, &reader, &err), &err);
		assert_int_equal(reader_skip(reader, skipped, &err),
				 skipped <= 5 ? STATUS_OK : STATUS_END);
		enum status status = reader_next(reader, &batch, &err);
		assert_int_equal(status, skipped < 5 ? STATUS_OK : STATUS_END);
		if (status == STATUS_OK) {
			static const uint64_t lines[] = {2, 4, 6, 7, 8};
			assert_int_equal(batch.records[0].row, skipped + 1);
			assert_int_equal(batch.records[0].line, lines[skipped]);
		}
		batch_release(&batch);
		reader_close(reader);
		close(fd);
	}
}

static void what_the_user_says_is_not_detected(void **state)
{
	(void)state;
	struct reader_options no_header = {.no_header = true};
	struct reader_options semicolon = {.delimiter = ";", .quote = '\''};
	struct reader_options skip = {.skip_lines = 2, .skip_told = true};
	struct transcript transcript;

	assert_records_with("1,2\n3,4\n", &no_header,
			    "{\"field1\":\"1\",\"field2\":\"2\"}\n{\"field1\":\"3\",\"field2\":\"4\"}\n");
	assert_records_with("", &no_header, "");
	assert_records_with("a,b;c\n'1;\"2';3\n", &semicolon, "{\"a,b\":\"1;\\\"2\",\"c\":\"3\"}\n");
	transcript_read_bytes(&transcript, SLICE("x\r\n\"y\n\na,b\n1,2\n"), &skip, BRIEF);
	assert_slice(strbuf_slice(&transcript.text), "{\"a\":\"1\",\"b\":\"2\"}\n");
	assert_int_equal(transcript.dialect.skipped_lines, 3);
	transcript_release(&transcript);
	assert_records_with("a\n", &skip, "");
}

static void a_reader_tells_what_it_found(void **state)
{
	(void)state;
	int fd = open_bytes(SLICE("a\tb\n1\t2\n"));
	struct json_writer json;
	struct reader *reader;
	struct strbuf out;
	struct error err;

	assert_ok(reader_open(fd, NULL, &reader, &err), &err);
	strbuf_init(&out, 1000);
	json_writer_init(&json, &out);
	dialect_write_json(reader_dialect(reader), &json);
	assert_slice(strbuf_slice(&out), "{\"encoding\":\"utf-8\",\"delimiter\":\"\\t\",\"quote\":\"\\\"\","
					 "\"header\":true,\"skipped_lines\":0}");
	assert_int_equal(reader_bytes_read(reader), 8);
	assert_string_equal(file_format_name(reader_format(reader)), "csv");
	assert_string_equal(file_format_name(FORMAT_UNKNOWN), "unknown");
	strbuf_release(&out);
	reader_close(reader);
	reader_close(NULL);
	close(fd);
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	struct reader *reader;
	struct error err;

	assert_int_equal(reader_open(-1, NULL, &reader, &err), STATUS_IO);
	assert_null(reader);
	assert_string_equal(err.code, "io-error");
}

/* What is damaged is the text between the delimiters, as it stands: a name, and a cell with escapes. */
static void what_is_damaged_is_kept_as_it_stands(void **state)
{
	(void)state;
	const struct reader_options escaping = {.escape = '\\'};

	assert_records_with("a,b\nx\\,y\"z,2\nx\\,y,2\n", &escaping,
			    "{\"a\":\"x\\\\,y\\\"z\",\"b\":\"2\"} quote-error(a)\n{\"a\":\"x,y\",\"b\":\"2\"}\n");
	assert_records("\"a\"\"b\"x,c\n1,2\n", "{\"\\\"a\\\"\\\"b\\\"x\":\"1\",\"c\":\"2\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_damaged_is_kept_as_it_stands),
		cmocka_unit_test(lines_end_at_crlf_lf_or_cr),
		cmocka_unit_test(quoted_cells_hold_delimiters_quotes_and_line_ends),
		cmocka_unit_test(blanks_around_quoted_cells_do_not_belong_to_them),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_name),
		cmocka_unit_test(blank_lines_are_no_rows),
		cmocka_unit_test(a_file_without_rows_gives_no_records),
		cmocka_unit_test(ragged_rows_are_errors_of_those_rows),
		cmocka_unit_test(a_quote_inside_an_unquoted_cell_damages_that_cell_alone),
		cmocka_unit_test(text_behind_a_closing_quote_goes_on_to_a_quote_that_closes),
		cmocka_unit_test(text_behind_a_closing_quote_goes_on_to_the_delimiter_where_none_closes),
		cmocka_unit_test(an_unclosed_quote_costs_its_line_and_not_the_rest_of_the_file),
		cmocka_unit_test(bytes_that_are_no_utf8_are_kept_and_reported),
		cmocka_unit_test(a_nul_byte_is_kept_and_reported),
		cmocka_unit_test(blank_and_repeated_names_are_made_different),
		cmocka_unit_test(rows_know_their_number_line_and_byte),
		cmocka_unit_test(a_row_over_the_limit_costs_itself),
		cmocka_unit_test(a_row_of_too_many_cells_costs_itself),
		cmocka_unit_test(skipping_is_reading_without_looking),
		cmocka_unit_test(what_the_user_says_is_not_detected),
		cmocka_unit_test(a_reader_tells_what_it_found),
		cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
	};
	return cmocka_run_group_tests_name("csv_reader", tests, NULL, NULL);
}
