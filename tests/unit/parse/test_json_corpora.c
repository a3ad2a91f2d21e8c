/* JSONTestSuite, every case as a JSON text; the cases on which RFC 8259 leaves the choice are
 * listed in docs/PARSING.md, which this test holds against what the reader does. */
#include "support.h"

#include "transcript.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void read_as_json(struct transcript *transcript, const char *path)
{
	struct reader_options options = {.format = FORMAT_JSON};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	transcript_read(transcript, fd, &options, BRIEF);
	close(fd);
}

struct counts {
	size_t accepted, refused, chosen;
	struct strbuf table;
};

static void add_choice(struct counts *counts, const char *name, const struct transcript *transcript)
{
	strbuf_add_format(&counts->table, "| %s | ", name);
	if (transcript->status == STATUS_INVALID)
		strbuf_add_format(&counts->table, "refused at byte %zu |\n", (size_t)transcript->err.byte);
	else if (transcript->status != STATUS_END)
		strbuf_add_format(&counts->table, "refused: %s |\n", status_code(transcript->status));
	else if (strstr(transcript->text.data, "encoding-error"))
		strbuf_add_string(&counts->table, "read, encoding-error of the row |\n");
	else
		strbuf_add_string(&counts->table, "read |\n");
}

static void judge_case(void *context, const char *path)
{
	struct counts *counts = context;
	const char *name = strrchr(path, '/') + 1;
	struct transcript transcript;

	read_as_json(&transcript, path);
	if (name[0] == 'y') {
		counts->accepted++;
		if (transcript.status != STATUS_END)
			fail_msg("%s: %s", name, transcript.err.detail);
	} else if (name[0] == 'n') {
		counts->refused++;
		if (transcript.status != STATUS_INVALID || transcript.err.line == 0 ||
		    transcript.err.column == 0)
			fail_msg("%s is not refused with a place: %s %s", name,
				 status_code(transcript.status), transcript.err.detail);
	} else {
		counts->chosen++;
		add_choice(counts, name, &transcript);
	}
	transcript_release(&transcript);
}

static void judge_all(struct counts *counts)
{
	*counts = (struct counts){0};
	strbuf_init(&counts->table, 1 << 20);
	visit_files(shared_path("corpus/jsontestsuite/test_parsing"), judge_case, counts);
}

static void jsontestsuite_is_accepted_and_refused_as_it_says(void **state)
{
	(void)state;
	struct counts counts;

	judge_all(&counts);
	assert_int_equal(counts.accepted, 95);
	assert_int_equal(counts.refused, 188);
	assert_int_equal(counts.chosen, 35);
	strbuf_release(&counts.table);
}

/* To renew the table, run this test with ROWMILL_WRITE_DOCS=1. */
static void every_choice_is_in_the_documentation(void **state)
{
	(void)state;
	static const char head[] = "| case | what Rowmill does |\n|---|---|\n";
	struct counts counts;

	judge_all(&counts);
	struct slice document = read_file("docs/PARSING.md");
	char *table = strstr(document.data, head);
	assert_non_null(table);
	table += sizeof head - 1;
	if (getenv("ROWMILL_WRITE_DOCS")) {
		FILE *file = fopen("docs/PARSING.md", "w");
		char *rest = table;
		assert_non_null(file);
		while (*rest == '|')
			rest = strchr(rest, '\n') + 1;
		fwrite(document.data, 1, (size_t)(table - document.data), file);
		fwrite(counts.table.data, 1, counts.table.size, file);
		fwrite(rest, 1, strlen(rest), file);
		assert_int_equal(fclose(file), 0);
	} else if (strncmp(table, counts.table.data, counts.table.size) != 0 ||
		   table[counts.table.size] == '|') {
		print_error("docs/PARSING.md should have:\n%s", counts.table.data);
		fail();
	}
	strbuf_release(&counts.table);
	free((char *)document.data);
}

static void transform_cases_are_read(void *context, const char *path)
{
	struct transcript transcript;

	(void)context;
	read_as_json(&transcript, path);
	if (transcript.status != STATUS_END)
		fail_msg("%s: %s", path, transcript.err.detail);
	transcript_release(&transcript);
}

/* Texts that parsers are known to change: numbers and strings come back as they were sent. */
static void nothing_is_transformed(void **state)
{
	(void)state;
	assert_true(visit_files(shared_path("corpus/jsontestsuite/test_transform"), transform_cases_are_read,
				NULL) > 10);
	struct transcript transcript;
	read_as_json(&transcript, shared_path("corpus/jsontestsuite/test_transform/number_1.000000000000000005.json"));
	assert_slice(strbuf_slice(&transcript.text), "1.000000000000000005 type-error\n");
	transcript_release(&transcript);
}

/* What is wrong in DuckDB's malformed files, and in those with a broken line. */
static void damaged_files_of_duckdb_are_reported(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum status status;
		size_t records, errors;
	} cases[] = {
		{"corpus/duckdb-json/malformed/array_comma_malformed.json", STATUS_INVALID, 0, 0},
		{"corpus/duckdb-json/malformed/empty_array_malformed.json", STATUS_INVALID, 0, 0},
		{"corpus/duckdb-json/malformed/empty_array_trailing.json", STATUS_INVALID, 0, 0},
		{"corpus/duckdb-json/top_level_two_arrays.json", STATUS_INVALID, 0, 0},
		{"corpus/duckdb-json/multiple_objects_per_line.ndjson", STATUS_INVALID, 0, 0},
		{"corpus/duckdb-json/trailing_content.ndjson", STATUS_END, 3, 1},
		{"corpus/duckdb-json/unterminated_quotes.ndjson", STATUS_END, 5, 1},
		{"corpus/duckdb-json/duplicate_key.ndjson", STATUS_END, 5, 1},
		{"corpus/duckdb-json/11152.json", STATUS_END, 4, 10},
		{"corpus/duckdb-json/example_n.ndjson", STATUS_END, 5, 0},
		{"corpus/duckdb-json/example_r.ndjson", STATUS_END, 5, 0},
		{"corpus/duckdb-json/example_rn.ndjson", STATUS_END, 5, 0},
		{"corpus/duckdb-json/sample_utf8_bom.json", STATUS_END, 3, 0},
		{"corpus/duckdb-json/empty.ndjson", STATUS_END, 0, 0},
		{"corpus/duckdb-json/whitespace_only.json", STATUS_END, 0, 0},
		{"corpus/duckdb-json/empty_array.json", STATUS_END, 0, 0},
		{"corpus/duckdb-json/arr.json", STATUS_END, 2, 2},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct transcript transcript;
		int fd = open(shared_path(cases[i].path), O_RDONLY | O_CLOEXEC);
		transcript_read(&transcript, fd, NULL, BRIEF);
		if (transcript.status != cases[i].status || transcript.records != cases[i].records ||
		    transcript.errors != cases[i].errors)
			fail_msg("%s: %s, %zu records, %zu errors", cases[i].path,
				 status_code(transcript.status), transcript.records,
				 transcript.errors);
		transcript_release(&transcript);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsontestsuite_is_accepted_and_refused_as_it_says),
		cmocka_unit_test(every_choice_is_in_the_documentation),
		cmocka_unit_test(nothing_is_transformed),
		cmocka_unit_test(damaged_files_of_duckdb_are_reported),
	};
	return cmocka_run_group_tests_name("json_corpora", tests, NULL, NULL);
}
