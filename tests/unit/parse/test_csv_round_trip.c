/* What a CSV writer writes in any dialect is read back equal. */
#include "support.h"

#include "transcript.h"

#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 12, COLUMNS = 6, CELL = 12 };

struct table {
	size_t rows, columns;
	size_t sizes[ROWS][COLUMNS];
	char cells[ROWS][COLUMNS][CELL];
};

struct writing {
	char delimiter, quote;
	const char *line_end;
	bool quote_all, last_line_end, blanks;
};

static void make_table(struct table *table, uint64_t *seed)
{
	static const char *const letters[] = {"a", "B", "7", " ", ",", ";", "\t", "|", "\"", "'", "\n",
					      "\r", "\r\n", "\xC3\xA9", "\xE2\x82\xAC", "\\"};

	table->rows = 1 + (size_t)(random_next(seed) % ROWS);
	table->columns = 1 + (size_t)(random_next(seed) % COLUMNS);
	for (size_t r = 0; r < table->rows; r++)
		for (size_t c = 0; c < table->columns; c++) {
			size_t length = (size_t)(random_next(seed) % 4);
			table->sizes[r][c] = 0;
			while (length--) {
				const char *letter = letters[random_next(seed) % 16];
				memcpy(&table->cells[r][c][table->sizes[r][c]], letter, strlen(letter));
				table->sizes[r][c] += strlen(letter);
			}
		}
}

static bool needs_quotes(const struct writing *writing, struct slice cell, size_t columns)
{
	if (writing->quote_all || (cell.size == 0 && columns == 1))
		return true;
	for (size_t i = 0; i < cell.size; i++)
		if (cell.data[i] == writing->delimiter || cell.data[i] == writing->quote ||
		    cell.data[i] == '\n' || cell.data[i] == '\r')
			return true;
	return false;
}

static void write_cell(struct strbuf *out, const struct writing *writing, struct slice cell,
		       size_t columns)
{
	if (!needs_quotes(writing, cell, columns)) {
		strbuf_add_slice(out, cell);
		return;
	}
	if (writing->blanks)
		strbuf_add_byte(out, ' ');
	strbuf_add_byte(out, writing->quote);
	for (size_t i = 0; i < cell.size; i++) {
		if (cell.data[i] == writing->quote)
			strbuf_add_byte(out, writing->quote);
		strbuf_add_byte(out, cell.data[i]);
	}
	strbuf_add_byte(out, writing->quote);
}

static void write_table(struct strbuf *out, const struct writing *writing, const struct table *table)
{
	for (size_t r = 0; r < table->rows; r++) {
		for (size_t c = 0; c < table->columns; c++) {
			if (c)
				strbuf_add_byte(out, writing->delimiter);
			write_cell(out, writing, slice_of(table->cells[r][c], table->sizes[r][c]),
				   table->columns);
		}
		if (r + 1 < table->rows || writing->last_line_end)
			strbuf_add_string(out, writing->line_end);
	}
}

static void expect_table(const struct table *table, const struct batch *batch)
{
	assert_int_equal(batch->count, table->rows);
	for (size_t r = 0; r < table->rows; r++) {
		const struct record *record = &batch->records[r];
		assert_int_equal(record->error_count, 0);
		assert_int_equal(record->field_count, table->columns);
		for (size_t c = 0; c < table->columns; c++)
			assert_true(slice_equal(record->fields[c].value.text,
						slice_of(table->cells[r][c], table->sizes[r][c])));
	}
}

static void any_table_in_any_dialect_is_read_back_equal(void **state)
{
	(void)state;
	static const char delimiters[] = ",;\t|", quotes[] = "\"'";
	static const char *const line_ends[] = {"\n", "\r\n", "\r"};
	int rounds = getenv("ROWMILL_LONG") ? 100000 : 5000;
	uint64_t seed = random_seed();
	struct table table;
	struct strbuf file;
	struct batch batch;
	struct error err;

	strbuf_init(&file, 1 << 20);
	assert_true(batch_init(&batch, 2 * ROWS, 1 << 20));
	for (int round = 0; round < rounds; round++) {
		uint64_t dice = random_next(&seed);
		struct writing writing = {
			.delimiter = delimiters[dice % 4],
			.quote = quotes[dice / 4 % 2],
			.line_end = line_ends[dice / 8 % 3],
			.quote_all = dice / 24 % 2,
			.last_line_end = dice / 48 % 2,
			.blanks = dice / 96 % 2,
		};
		struct reader_options options = {.format = FORMAT_CSV,
						 .delimiter = {writing.delimiter},
						 .quote = writing.quote,
						 .no_header = true};
		struct reader *reader;
		make_table(&table, &seed);
		strbuf_clear(&file);
		write_table(&file, &writing, &table);
		int fd = open_bytes(strbuf_slice(&file));
		assert_ok(reader_open(fd, &options, &reader, &err), &err);
		assert_ok(reader_next(reader, &batch, &err), &err);
		expect_table(&table, &batch);
		batch_clear(&batch);
		reader_close(reader);
		close(fd);
	}
	batch_release(&batch);
	strbuf_release(&file);
}

/* Tables as people make them, with the dialect left to be detected. */
static void the_dialect_of_a_plain_table_is_detected(void **state)
{
	(void)state;
	static const char *const words[] = {"Ada", "Bob Stone", "41", "3,5", "x;y", "it's", "a|b", "", "7.25"};
	static const char delimiters[] = ",;\t|";
	uint64_t seed = random_seed();
	struct strbuf file;

	strbuf_init(&file, 1 << 20);
	for (int round = 0; round < 2000; round++) {
		uint64_t dice = random_next(&seed);
		struct writing writing = {.delimiter = delimiters[dice % 4],
					  .quote = '"',
					  .quote_all = dice / 4 % 2};
		struct transcript transcript;
		strbuf_clear(&file);
		for (size_t i = 0; i < 20 * 3; i++) {
			struct slice word = i < 3 ? slice_of_string((const char *[]){"id", "name", "city"}[i])
						  : slice_of_string(words[random_next(&seed) % 9]);
			write_cell(&file, &writing, word, 3);
			strbuf_add_byte(&file, i % 3 < 2 ? writing.delimiter : '\n');
		}
		transcript_read_bytes(&transcript, strbuf_slice(&file), NULL, BRIEF);
		assert_int_equal(transcript.dialect.delimiter[0], writing.delimiter);
		assert_int_equal(transcript.records, 19);
		assert_int_equal(transcript.errors, 0);
		transcript_release(&transcript);
	}
	strbuf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_table_in_any_dialect_is_read_back_equal),
		cmocka_unit_test(the_dialect_of_a_plain_table_is_detected),
	};
	return cmocka_run_group_tests_name("csv_round_trip", tests, NULL, NULL);
}
