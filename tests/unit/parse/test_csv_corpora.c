/* CSV files by other people, against what they or the standard say must come out. */
#include "support.h"

#include "transcript.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "base/utf8.h"

static void expect_row(const struct record *record, json_t *expected)
{
	assert_int_equal(record->error_count, 0);
	assert_int_equal(record->field_count, json_object_size(expected));
	for (size_t i = 0; i < record->field_count; i++) {
		struct slice name = record->fields[i].name, text = record->fields[i].value.text;
		json_t *value = json_object_getn(expected, name.data, name.size);
		assert_non_null(value);
		assert_true(slice_equal(text, slice_of(json_string_value(value),
						       json_string_length(value))));
	}
}

/* Files named *_crlf may have lost their CRs on the way through version control, which the
 * expected values still have: they are put back. */
static int open_spectrum(const char *path)
{
	struct slice bytes = read_file(path);
	struct strbuf crlf;

	strbuf_init(&crlf, 1 << 16);
	if (strstr(path, "_crlf") && slice_find(bytes, '\r', 0) == bytes.size)
		for (size_t i = 0; i < bytes.size; i++)
			strbuf_add_string(&crlf, (char[]){bytes.data[i] == '\n' ? '\r' : bytes.data[i],
							  bytes.data[i] == '\n' ? '\n' : '\0', '\0'});
	int fd = open_bytes(crlf.size ? strbuf_slice(&crlf) : bytes);
	strbuf_release(&crlf);
	free((char *)bytes.data);
	return fd;
}

/* Its cases are NAME.csv with the expected rows in NAME.json. */
static void compare_spectrum(void *context, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct reader *reader;
	struct batch batch;
	char relative[256];
	struct error err;

	(void)context;
	int fd = open_spectrum(path);
	assert_ok(reader_open(fd, NULL, &reader, &err), &err);
	snprintf(relative, sizeof relative, "corpus/csv-spectrum/json/%.*s.json", (int)strlen(name) - 4,
		 name);
	json_t *expected = json_load_file(shared_path(relative), 0, NULL);
	assert_non_null(expected);
	assert_true(batch_init(&batch, 100, 1 << 20));
	assert_ok(reader_next(reader, &batch, &err), &err);
	assert_int_equal(batch.count, json_array_size(expected));
	for (size_t i = 0; i < batch.count; i++)
		expect_row(&batch.records[i], json_array_get(expected, i));
	json_decref(expected);
	batch_release(&batch);
	reader_close(reader);
	close(fd);
}

static void csv_spectrum_is_read_as_its_json_says(void **state)
{
	(void)state;
	assert_int_equal(visit_files(shared_path("corpus/csv-spectrum/csvs"), compare_spectrum, NULL), 11);
}

/* Records, errors, delimiter of files whose content was looked at by hand. */
static void files_of_other_people_give_what_stands_in_them(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		size_t records, errors;
		char delimiter;
		const char *columns;
	} cases[] = {
		{"corpus/csvkit/mac_newlines.csv", 2, 0, ',', "[a][b][c]"},
		{"corpus/csvkit/null_byte.csv", 1, 1, ',', "[a][b][c]"},
		{"corpus/csvkit/bad_skip_lines.csv", 3, 2, ',', "[column_a][column_b][column_c]"},
		{"corpus/csvkit/dummy.tsv", 1, 0, '\t', "[a][b][c]"},
		{"corpus/csvkit/sniff_limit.csv", 1, 0, ';', "[a][b][c]"},
		{"corpus/csvkit/optional_quote_characters.csv", 1, 0, ',', "[a][b][c]"},
		{"corpus/csvkit/test_utf8_bom.csv", 2, 0, ',', "[foo][bar][baz]"},
		{"corpus/csvkit/test_empty_columns.csv", 3, 1, ',', "[a][b][c][field4][field5]"},
		{"corpus/csvkit/iris.csv", 150, 0, ',', NULL},
		{"corpus/csvkit/empty.csv", 0, 0, ',', ""},
		{"corpus/csvkit/realdata/census_2010/ilgeo2010_excerpt.csv", 1000, 0, ',', NULL},
		{"corpus/commons-csv/CSV-196/japanese.csv", 3, 0, ',', NULL},
		{"corpus/commons-csv/CSV-196/emoji.csv", 4, 0, ',', NULL},
		{"corpus/commons-csv/CSV-213/999751170.patch.csv", 1, 0, ';', "[CHANELID][ADDRESS]"},
		{"corpus/commons-csv/CSV-290/psql.tsv", 2, 0, '\t', NULL},
		{"corpus/rust-csv/bench/worldcitiespop.csv", 20000, 0, ',', NULL},
		{"corpus/rust-csv/smallpop.csv", 10, 0, ',', NULL},
		{"corpus/rust-csv/uspop-latin1.csv", 100, 0, ',', NULL},
		{"corpus/rust-csv/strange.csv", 6, 6, ';', NULL},
		{"corpus/frictionless/duplicate-headers.csv", 2, 0, ',', "[id][name][id_2][age][id_3]"},
		{"corpus/frictionless/blank-headers.csv", 2, 0, ',', "[id][field2][age]"},
		{"corpus/frictionless/blank-rows-no-fields.csv", 2, 0, ',', "[id][name][age]"},
		{"corpus/frictionless/defective-rows.csv", 2, 2, ',', "[id][name][age]"},
		{"corpus/frictionless/dialect.csv", 2, 1, '|', "[id][name]"},
		{"corpus/frictionless/issue-1138.csv", 7, 0, ';', "[Zeit [MEZ]][Wasserstand][Status][field4]"},
		{"corpus/people/uk-500.csv", 500, 0, ',', NULL},
		{"corpus/people/country-codes.csv", 249, 0, ',', NULL},
		{"corpus/people/congress-age/congress-terms.csv", 18635, 0, ',', NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct transcript transcript;
		int fd = open(shared_path(cases[i].path), O_RDONLY | O_CLOEXEC);
		transcript_read(&transcript, fd, NULL, BRIEF);
		if (transcript.status != STATUS_END || transcript.records != cases[i].records ||
		    transcript.errors != cases[i].errors ||
		    transcript.dialect.delimiter[0] != cases[i].delimiter)
			fail_msg("%s: %s, %zu records, %zu errors, delimiter '%s'", cases[i].path,
				 status_code(transcript.status), transcript.records,
				 transcript.errors, transcript.dialect.delimiter);
		if (cases[i].columns)
			assert_slice(strbuf_slice(&transcript.columns), cases[i].columns);
		transcript_release(&transcript);
		close(fd);
	}
}

/* Every string of the list, in every one of three cells, comes back byte by byte. */
static void naughty_strings_come_back_byte_by_byte(void **state)
{
	(void)state;
	json_t *strings = json_load_file(shared_path("corpus/blns/blns.json"), JSON_ALLOW_NUL, NULL);
	struct reader_options options = {.delimiter = ",", .quote = '"'};
	struct reader *reader;
	struct strbuf file;
	struct batch batch;
	struct error err;
	size_t count = json_array_size(strings), rows = 0;

	assert_true(count > 500);
	strbuf_init(&file, 1 << 24);
	strbuf_add_string(&file, "a,b,c\n");
	for (size_t i = 0; i < count; i++) {
		json_t *string = json_array_get(strings, i);
		for (int cell = 0; cell < 3; cell++) {
			strbuf_add_string(&file, cell ? ",\"" : "\"");
			for (size_t k = 0; k < json_string_length(string); k++) {
				char byte = json_string_value(string)[k];
				strbuf_add_byte(&file, byte);
				if (byte == '"')
					strbuf_add_byte(&file, byte);
			}
			strbuf_add_string(&file, "\"");
		}
		strbuf_add_byte(&file, '\n');
	}
	int fd = open_bytes(strbuf_slice(&file));
	assert_ok(reader_open(fd, &options, &reader, &err), &err);
	assert_true(batch_init(&batch, 50, 1 << 20));
	while (reader_next(reader, &batch, &err) == STATUS_OK) {
		for (size_t i = 0; i < batch.count; i++, rows++) {
			json_t *string = json_array_get(strings, rows);
			struct slice sent = slice_of(json_string_value(string),
						     json_string_length(string));
			assert_int_equal(batch.records[i].error_count, 0);
			assert_int_equal(batch.records[i].field_count, 3);
			for (size_t k = 0; k < 3; k++)
				assert_true(slice_equal(batch.records[i].fields[k].value.text, sent));
		}
		batch_clear(&batch);
	}
	assert_int_equal(rows, count);
	batch_release(&batch);
	reader_close(reader);
	close(fd);
	strbuf_release(&file);
	json_decref(strings);
}

/* The cases of utf8tests.bin: NUMBER:valid:BYTES or NUMBER:invalid:BYTES, a line each. */
static void utf8_is_judged_as_the_utf8_tests_say(void **state)
{
	(void)state;
	struct slice tests = read_file(shared_path("corpus/utf8/utf8tests.bin"));
	struct reader_options options = {.delimiter = ",", .quote = '"', .no_header = true,
					 .encoding = SLICE("utf-8")};
	size_t cases = 0;

	for (size_t at = 0; at < tests.size;) {
		size_t end = slice_find(tests, '\n', at);
		size_t first = slice_find(tests, ':', at), second = slice_find(tests, ':', first + 1);
		struct slice verdict = slice_of(tests.data + first + 1, second - first - 1);
		struct slice bytes = slice_of(tests.data + second + 1, end - second - 1);
		at = end + 1;
		if (second >= end || (!slice_is(verdict, "valid") && !slice_is(verdict, "invalid")))
			continue;
		if (bytes.size == 0 || slice_find(bytes, ',', 0) < bytes.size ||
		    slice_find(bytes, '"', 0) < bytes.size || slice_find(bytes, '\0', 0) < bytes.size ||
		    slice_find(bytes, '\r', 0) < bytes.size)
			continue;
		assert_int_equal(utf8_is_valid(bytes), slice_is(verdict, "valid"));
		struct strbuf file;
		struct transcript transcript;
		strbuf_init(&file, 1 << 16);
		/* A neighbour, so that no file begins with a byte order mark of its own. */
		strbuf_add_string(&file, "x,");
		strbuf_add_slice(&file, bytes);
		transcript_read_bytes(&transcript, strbuf_slice(&file), &options, BRIEF);
		assert_int_equal(transcript.records, 1);
		assert_int_equal(transcript.errors, slice_is(verdict, "valid") ? 0 : 1);
		transcript_release(&transcript);
		strbuf_release(&file);
		cases++;
	}
	assert_true(cases > 100);
	free((char *)tests.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_spectrum_is_read_as_its_json_says),
		cmocka_unit_test(files_of_other_people_give_what_stands_in_them),
		cmocka_unit_test(naughty_strings_come_back_byte_by_byte),
		cmocka_unit_test(utf8_is_judged_as_the_utf8_tests_say),
	};
	return cmocka_run_group_tests_name("csv_corpora", tests, NULL, NULL);
}
