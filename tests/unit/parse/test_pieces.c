/* The result of reading does not depend on the pieces in which bytes arrive, and what comes behind
 * a row does not change it: over every file of other people that there is. */
#include "support.h"

#include "slow_read.h"
#include "transcript.h"

#include <stdlib.h>
#include <unistd.h>

enum { SMALL = 4096, LARGE = 16000, CUTS = 40 };

/* ROWMILL_LONG: files of 4 KB or less are cut and split at every byte. */
static bool thorough;

static const char *const folders[] = {"csv-spectrum", "csvkit", "commons-csv", "rust-csv", "frictionless",
				      "duckdb-json", "jsontestsuite", "utf8", "blns", "people"};

static bool slices_match(struct slice a, struct slice b)
{
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void expect_same(const struct transcript *whole, const struct transcript *pieces,
			const char *path, size_t chunk_size)
{
	bool same = whole->status == pieces->status && whole->format == pieces->format &&
		    strcmp(whole->dialect.delimiter, pieces->dialect.delimiter) == 0 &&
		    strcmp(whole->dialect.encoding, pieces->dialect.encoding) == 0 &&
		    whole->dialect.quote == pieces->dialect.quote &&
		    whole->dialect.skipped_lines == pieces->dialect.skipped_lines &&
		    whole->err.line == pieces->err.line && whole->err.column == pieces->err.column &&
		    whole->err.byte == pieces->err.byte &&
		    strcmp(whole->err.detail, pieces->err.detail) == 0 &&
		    slices_match(strbuf_slice(&whole->columns), strbuf_slice(&pieces->columns)) &&
		    slices_match(strbuf_slice(&whole->text), strbuf_slice(&pieces->text));

	if (!same)
		fail_msg("%s reads differently in pieces of %zu bytes", path, chunk_size);
}

static void compare_pieces(struct slice bytes, const struct reader_options *base,
			   const size_t *chunk_sizes, size_t count, const char *path)
{
	struct reader_options options = *base;
	struct transcript whole, pieces;

	transcript_read_bytes(&whole, bytes, &options, FULL);
	for (size_t i = 0; i < count; i++) {
		options.chunk_size = chunk_sizes[i];
		transcript_read_bytes(&pieces, bytes, &options, FULL);
		expect_same(&whole, &pieces, path, chunk_sizes[i]);
		transcript_release(&pieces);
	}
	transcript_release(&whole);
}

static void compare_behind_head(struct slice bytes, const struct reader_options *base,
				const size_t *sizes, size_t count, const char *path)
{
	struct reader_options options = *base;
	struct transcript whole, pieces;

	if (options.format == FORMAT_UNKNOWN) {
		transcript_read_bytes(&whole, bytes, &options, BRIEF);
		options.format = whole.format;
		memcpy(options.delimiter, whole.dialect.delimiter, sizeof options.delimiter);
		options.quote = whole.dialect.quote;
		transcript_release(&whole);
	}
	struct slice padded = behind_the_head(options.format, bytes);
	transcript_read_bytes(&whole, padded, &options, FULL);
	for (size_t i = 0; i < count; i++) {
		slow_read_begin(SNIFF_SIZE, sizes[i], -1, 0);
		transcript_read_bytes(&pieces, padded, &options, FULL);
		slow_read_end();
		expect_same(&whole, &pieces, path, sizes[i]);
		transcript_release(&pieces);
	}
	transcript_release(&whole);
	free((char *)padded.data);
}

/* Two pieces, wherever they part. */
static void split_at_every_byte(struct slice bytes, const struct reader_options *base, const char *path)
{
	for (size_t first = 1; first < bytes.size; first++)
		compare_behind_head(bytes, base, &first, 1, path);
}

static void read_in_pieces(void *context, const char *path)
{
	static const size_t tiny[] = {1, 3, 2, 4, 5, 6, 7}, odd[] = {4093, 65537};
	const size_t sizes = thorough ? 7 : 2;
	static const struct slice known[] = {{"name", 4}, {"email", 5}};
	const struct reader_options plain = {0};
	const struct reader_options limited = {
		.record_size_limit = 50, .known_fields = known, .known_field_count = 2};
	struct slice bytes = read_file(path), head = bytes;

	if (head.size > (thorough ? LARGE : SMALL))
		head.size = thorough ? LARGE : SMALL;
	compare_behind_head(head, &plain, tiny, sizes, path);
	compare_behind_head(head, &limited, tiny, thorough ? 3 : 1, path);
	compare_pieces(head, &plain, tiny, 1, path);
	if (head.size <= SMALL && thorough)
		split_at_every_byte(head, &plain, path);
	if (bytes.size > LARGE)
		compare_pieces(bytes, &plain, odd, 2, path);
	free((char *)bytes.data);
	++*(size_t *)context;
}

static void every_file_reads_the_same_in_whatever_pieces(void **state)
{
	(void)state;
	size_t files = 0;

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		char relative[64] = "corpus/";
		visit_files(shared_path(strncat(relative, folders[i], 40)), read_in_pieces, &files);
	}
	assert_true(files > 600);
}

/* Compares the rows of a file that was cut with those of the whole that end before the cut. Whether
 * a quote is ever closed is the one question that bytes behind a row decide. */
static void expect_prefix(const struct transcript *whole, const struct transcript *cut, size_t at,
			  const char *path)
{
	const struct transcript_end *ends = (const void *)whole->ends.data;
	size_t count = whole->ends.size / sizeof *ends, same = 0;

	for (size_t i = 0; i < count && ends[i].byte <= at && !ends[i].unclosed; i++)
		same = ends[i].text;
	if (cut->text.size < same || memcmp(cut->text.data, whole->text.data, same) != 0)
		fail_msg("%s cut at byte %zu reads differently before the cut", path, at);
}

static void cut_at_every_byte(void *context, const char *path)
{
	struct slice bytes = read_file(path);
	struct transcript whole, cut;

	if (bytes.size <= SMALL) {
		transcript_read_bytes(&whole, bytes, NULL, FULL);
		/* What is detected may change with the file; the reading may not. */
		struct reader_options options = {.format = whole.format,
						 .quote = whole.dialect.quote};
		memcpy(options.delimiter, whole.dialect.delimiter, sizeof options.delimiter);
		size_t step = thorough ? 1 : 1 + bytes.size / CUTS;
		for (size_t at = 0; at < bytes.size; at += step) {
			transcript_read_bytes(&cut, slice_of(bytes.data, at), &options, FULL);
			/* A wrapper without its end is none; then the file fails. */
			if (whole.dialect.records_in[0])
				assert_true(cut.status == STATUS_INVALID || cut.records == whole.records);
			/* Of text in another encoding, places are those of the decoded file. */
			else if (whole.status != STATUS_UNSUPPORTED && cut.status != STATUS_UNSUPPORTED &&
				 strcmp(whole.dialect.encoding, "utf-8") == 0 &&
				 strcmp(cut.dialect.encoding, "utf-8") == 0)
				expect_prefix(&whole, &cut, at, path);
			transcript_release(&cut);
			/* And as whatever it then seems to be: only that it ends. */
			transcript_read_bytes(&cut, slice_of(bytes.data, at), NULL, BRIEF);
			transcript_release(&cut);
		}
		transcript_release(&whole);
		++*(size_t *)context;
	}
	free((char *)bytes.data);
}

static void cutting_a_file_leaves_the_rows_before_the_cut(void **state)
{
	(void)state;
	size_t files = 0;

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		char relative[64] = "corpus/";
		visit_files(shared_path(strncat(relative, folders[i], 40)), cut_at_every_byte, &files);
	}
	assert_true(files > 500);
}

/* Bytes of which most are special, so that damage of every kind meets every boundary. */
static void random_damage_reads_the_same_in_whatever_pieces(void **state)
{
	(void)state;
	static const char csv[] = "ab \"\"\"'',,;\n\r\t\\1\xC3\xA9", json[] = "{}[]\"\":,,\\u00e9truenl-1.0 \n\r";
	static const size_t sizes[] = {1, 2, 3, 5, 8, 64};
	const int rounds = thorough ? 20000 : 150;
	uint64_t seed = random_seed();
	char bytes[300];

	for (int round = 0; round < rounds; round++) {
		const char *alphabet = round % 2 ? csv : json;
		size_t letters = round % 2 ? sizeof csv - 1 : sizeof json - 1;
		size_t size = (size_t)(random_next(&seed) % sizeof bytes);
		struct reader_options options = {
			.record_size_limit = 1 + (size_t)(random_next(&seed) % 100),
			.format = round % 2 ? FORMAT_CSV : round % 4 ? FORMAT_JSON : FORMAT_NDJSON};
		for (size_t i = 0; i < size; i++)
			bytes[i] = alphabet[random_next(&seed) % letters];
		if (options.format == FORMAT_JSON && size)
			bytes[0] = '[';
		compare_behind_head(slice_of(bytes, size), &options, sizes, 6, "random bytes");
	}
}

int main(void)
{
	thorough = getenv("ROWMILL_LONG") != NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_reads_the_same_in_whatever_pieces),
		cmocka_unit_test(cutting_a_file_leaves_the_rows_before_the_cut),
		cmocka_unit_test(random_damage_reads_the_same_in_whatever_pieces),
	};
	return cmocka_run_group_tests_name("pieces", tests, NULL, NULL);
}
