/* Memory that runs out and reads that fail, at every point of the way; and memory that stays bounded.
 * read and what makes things are wrapped by the linker. */
#include "support.h"

#include "allocations.h"
#include "packing.h"
#include "slow_read.h"
#include "transcript.h"

#include <archive.h>
#include <errno.h>
#include <expat.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "parse/csv_columns.h"
#include "parse/row_error.h"

/* What the libraries make counts as well. */
FAILING_CALL(struct archive *, archive_read_new, (void), (), NULL)
FAILING_CALL(XML_Parser, XML_ParserCreateNS, (const char *encoding, char separator), (encoding, separator), NULL)
FAILING_CALL(void *, XML_GetBuffer, (XML_Parser parser, int size), (parser, size), NULL)
FAILING_CALL(FILE *, fdopen, (int fd, const char *mode), (fd, mode), NULL)
FAILING_CALL(void *, mmap64, (void *at, size_t size, int access, int flags, int fd, off_t offset),
      (at, size, access, flags, fd, offset), MAP_FAILED)
FAILING_CALL(iconv_t, iconv_open, (const char *to, const char *from), (to, from), (iconv_t)-1)
FAILING_CALL(int, inflateInit2_, (z_stream *stream, int bits, const char *version, int size),
      (stream, bits, version, size), Z_MEM_ERROR)
FAILING_CALL(ZSTD_DStream *, ZSTD_createDStream, (void), (), NULL)

ssize_t __real_pread64(int fd, void *out, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *out, size_t size, off_t offset);

/* How many calls still succeed before one fails with this error; negative: all. */
static long preads_left = -1;
static int pread_error;

ssize_t __wrap_pread64(int fd, void *out, size_t size, off_t offset)
{
	if (preads_left == 0) {
		/* An interruption comes once. */
		preads_left = pread_error == EINTR ? -1 : 0;
		errno = pread_error;
		return -1;
	}
	preads_left -= preads_left > 0;
	return __real_pread64(fd, out, size, offset);
}

/* Files that meet every way of making a record. */
static const char *const files[] = {
	"a,,a,b\"c\n1,2,3,4,5\n1,2,3,4\n\"x \"\"y\"\"\",2,3\n1,2,3,4,\"5 \"\"6\"\"\",\"\xFF\",\"x\"y\n5\"x,\"\xE9\",3,\"\n",
	"'a';b\n'1';2\n",
	"[{\"a\":1,\"a\":2},\"\xFF\",{\"a\":\"\xFF\"},{\"a\":\"\\n\\uD800\",\"\\u0061\":[\"\xFF\"],\"\xE9\":1},1,{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,"
	"\"g\":7,\"h\":8,\"i\":9,\"j\":10,\"k\":11,\"l\":12,\"m\":13,\"n\":\"\\t\"},"
	"\"0123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890123456789012345678901234567890123456789\"]",
	"{\"a\":1}\n{\"a\"\n\"0123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890123456789012345678901234567890123456789\"\n",
	"a,b\n01234567890123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890123456789012345678901234567890123456789\n1,2\n",
};

enum { FILES = sizeof files / sizeof files[0] };

static size_t record_size_limit = 120;

/* Reads a file to its end or to what ends it, with an arena that has `cap` bytes. */
static enum status read_with(struct slice bytes, const struct reader_options *options, size_t cap,
			     uint64_t skipped, struct error *err)
{
	int fd = open_bytes(bytes);
	struct reader *reader = NULL;
	struct batch batch = {0};

	enum status status = reader_open(fd, options, &reader, err);
	if (status == STATUS_OK && !batch_init(&batch, 100, 1 << 20))
		status = error_no_memory(err);
	batch.arena.cap = cap;
	if (status == STATUS_OK)
		status = reader_skip(reader, skipped, err);
	while (status == STATUS_OK)
		status = reader_next(reader, &batch, err);
	batch_release(&batch);
	reader_close(reader);
	close(fd);
	return status;
}

static enum status read_all(const char *file, size_t chunk_size, size_t cap, struct error *err)
{
	struct reader_options options = {.record_size_limit = record_size_limit,
					 .chunk_size = chunk_size};

	return read_with(slice_of_string(file), &options, cap, 0, err);
}

static void memory_that_runs_out_anywhere_is_an_error(void **state)
{
	(void)state;
	struct error err;

	for (size_t i = 0; i < FILES; i++) {
		long failed = 0;
		enum status status = STATUS_NO_MEMORY;
		for (; status == STATUS_NO_MEMORY; failed++) {
			allow_allocations(failed);
			status = read_all(files[i], 16, 1 << 20, &err);
			allocations_end();
		}
		assert_int_equal(status, STATUS_END);
		assert_true(failed > 3);
	}
}

/* What is read from other than plain UTF-8. */
static struct slice file_of_kind(int kind)
{
	const struct slice text = SLICE("a,b\n1,\xC3\xA9\n");
	const struct workbook_part deep = {"xl/styles.xml", "<styleSheet><cellXfs><xf numFmtId='14'/></cellXfs></styleSheet>"};

	switch (kind) {
	case 0: return make_workbook("<row><c t='s'><v>0</v></c><c t='str'><v>&quot;x&quot;</v></c></row>", "<si><t>a</t></si>");
	case 1: return make_workbook_of(&deep, 1);
	case 2: return pack_gzip(text);
	case 3: return pack_zstd(text);
	case 4: return encode_as(text, "UTF-16");
	default: return encode_as(text, "ISO-8859-1");
	}
}

enum { KINDS = 6 };

static void memory_that_runs_out_in_any_stage_is_an_error(void **state)
{
	(void)state;
	struct error err;

	for (int kind = 0; kind < KINDS; kind++) {
		struct reader_options options = {.record_size_limit = 1 << 16};
		struct slice bytes = file_of_kind(kind);
		enum status status = STATUS_NO_MEMORY;
		long left = 0;
		if (kind == KINDS - 1)
			options.encoding = SLICE("iso-8859-1");
		for (; status == STATUS_NO_MEMORY; left++) {
			allow_allocations(left);
			status = read_with(bytes, &options, 1 << 20, 0, &err);
			allocations_end();
		}
		if (status != STATUS_END)
			fail_msg("kind %d, %ld: %d %s", kind, left, status, err.detail);
		assert_true(left > 5);
		free((char *)bytes.data);
	}
}

static void a_workbook_that_cannot_be_read_on_is_an_error(void **state)
{
	(void)state;
	struct slice book = file_of_kind(0);
	struct error err;

	for (int interrupted = 0; interrupted < 2; interrupted++) {
		enum status status = STATUS_IO;
		long calls = 0;
		pread_error = interrupted ? EINTR : EIO;
		for (; interrupted ? calls < 20 : status == STATUS_IO; calls++) {
			preads_left = calls;
			status = read_with(book, &(struct reader_options){0}, 1 << 20, 0, &err);
			preads_left = -1;
			if (interrupted)
				assert_int_equal(status, STATUS_END);
		}
		if (status != STATUS_END)
			fail_msg("%ld: %d %s", calls, status, err.detail);
		assert_true(calls > 5);
	}
	free((char *)book.data);
}

static void an_arena_that_is_full_anywhere_is_an_error(void **state)
{
	(void)state;
	struct error err;

	for (size_t i = 0; i < FILES; i++) {
		size_t cap = 0;
		while (read_all(files[i], 0, cap, &err) == STATUS_NO_MEMORY)
			cap += 16;
		assert_true(cap >= 96);
		assert_int_equal(read_all(files[i], 0, cap, &err), STATUS_END);
	}
}

static void names_that_do_not_fit_are_an_error(void **state)
{
	(void)state;
	const struct slice cells[] = {SLICE("a"),    SLICE(""),  SLICE("a"),
				      SLICE("\xFF"), SLICE("a"), SLICE("field2")};
	struct slice names[6];
	struct arena arena;
	size_t cap = 0;

	for (bool done = false; !done; cap += 16) {
		arena_init(&arena, cap);
		done = csv_name_columns(cells, 6, &arena, names);
		arena_release(&arena);
	}
	assert_true(cap > 400);
}

static void a_wide_header_that_does_not_fit_is_an_error(void **state)
{
	(void)state;
	struct strbuf file;
	struct error err;
	enum status status = STATUS_NO_MEMORY;

	strbuf_init(&file, 1 << 20);
	/* Each of its arrays needs a block of its own. */
	for (int i = 0; i < 5000; i++)
		strbuf_add_string(&file, "\"c\"\"\",");
	record_size_limit = 1 << 20;
	for (long left = 0; status == STATUS_NO_MEMORY; left++) {
		allow_allocations(left);
		status = read_all(file.data, 0, 1 << 20, &err);
		allocations_end();
	}
	assert_int_equal(status, STATUS_END);
	record_size_limit = 120;
	strbuf_release(&file);
}

static void a_read_that_fails_anywhere_is_an_error(void **state)
{
	(void)state;
	static const enum file_format formats[] = {FORMAT_CSV, FORMAT_CSV, FORMAT_JSON, FORMAT_NDJSON,
						   FORMAT_CSV};
	struct error err;

	for (size_t i = 0; i < FILES; i++) {
		struct slice bytes = behind_the_head(formats[i], slice_of_string(files[i]));
		struct reader_options options = {.record_size_limit = 120, .format = formats[i]};
		for (uint64_t skipped = 0; skipped < 4; skipped++) {
			enum status status = STATUS_IO;
			for (long calls = 0; status == STATUS_IO; calls++) {
				slow_read_begin(SNIFF_SIZE, 1, calls, EIO);
				status = read_with(bytes, &options, 1 << 20, skipped, &err);
				slow_read_end();
			}
			if (status != STATUS_END)
				fail_msg("%zu: %s", i, err.detail);
		}
		free((char *)bytes.data);
	}
}

static void a_read_that_fails_before_the_header_is_an_error(void **state)
{
	(void)state;
	struct reader_options options = {.record_size_limit = 1 << 20, .skip_lines = 2};
	struct slice bytes = behind_the_head(FORMAT_CSV, SLICE("\r\n\r\n\nx\r\n\ra,b\n1,2\n"));
	struct error err;

	/* With the head passed, what follows is read for the dialect and the header. */
	for (uint64_t lines = 0; lines < 5; lines++) {
		enum status status = STATUS_IO;
		options.skip_lines = lines;
		for (long calls = 0; status == STATUS_IO; calls++) {
			slow_read_begin(SNIFF_SIZE, 1, calls, EIO);
			status = read_with(bytes, &options, 1 << 20, 0, &err);
			slow_read_end();
		}
		assert_int_equal(status, STATUS_END);
	}
	free((char *)bytes.data);
}

static void a_read_that_fails_while_the_layout_is_open_is_an_error(void **state)
{
	(void)state;
	struct reader_options options = {0};
	struct slice bytes = behind_the_head(FORMAT_JSON, SLICE("\"}\n{}\n"));
	struct error err;

	memcpy((char *)bytes.data, "{\"a\":\"", 6);
	for (long calls = 0; calls < 3; calls++) {
		slow_read_begin(SNIFF_SIZE, 1, calls, EIO);
		assert_int_equal(read_with(bytes, &options, 1 << 20, 0, &err), STATUS_IO);
		slow_read_end();
	}
	free((char *)bytes.data);
}

static void a_read_that_is_interrupted_goes_on(void **state)
{
	(void)state;
	struct error err;

	for (long calls = 0; calls < 100; calls++) {
		slow_read_begin(0, 1, calls, EINTR);
		assert_int_equal(read_all(files[0], 0, 1 << 20, &err), STATUS_END);
		slow_read_end();
	}
}

static void rows_of_too_many_fields_need_room_for_their_error(void **state)
{
	(void)state;
	struct strbuf csv, json;
	struct error err;

	strbuf_init(&csv, 1 << 20);
	strbuf_init(&json, 1 << 20);
	strbuf_add_string(&csv, "a\n");
	strbuf_add_string(&json, "[{");
	for (int i = 0; i < 16400; i++) {
		strbuf_add_byte(&csv, ',');
		strbuf_add_string(&json, i ? ",\"\":1" : "\"\":1");
	}
	strbuf_add_string(&json, "}]");
	record_size_limit = 1 << 20;
	for (int i = 0; i < 2; i++) {
		const struct strbuf *file = i ? &json : &csv;
		enum status status = STATUS_NO_MEMORY;
		size_t cap = file->size - 32;
		for (; status == STATUS_NO_MEMORY; cap += 16)
			status = read_all(file->data, 0, cap, &err);
		assert_int_equal(status, STATUS_END);
		assert_true(cap > file->size + 100);
	}
	record_size_limit = 120;
	strbuf_release(&csv);
	strbuf_release(&json);
}

static void a_text_in_memory_needs_room_for_its_fields(void **state)
{
	(void)state;
	struct record record;
	struct arena arena;
	struct error err;

	arena_init(&arena, 16);
	assert_int_equal(json_read_record(SLICE("{\"a\":1}"), &arena, &record, &err), STATUS_NO_MEMORY);
	arena_release(&arena);
}

static void a_damaged_record_needs_room_for_its_error(void **state)
{
	(void)state;
	struct record record = {0};
	struct arena arena;

	arena_init(&arena, 16);
	assert_false(row_error_damaged(&record, &arena, ERROR_SYNTAX, SLICE("x")));
	assert_null(row_error_message(&arena, "%0600d", 1).data);
	arena_release(&arena);
	arena_init(&arena, 10000);
	assert_int_equal(row_error_message(&arena, "%0600d", 1).size, 511);
	arena_release(&arena);
}

/* 20 MB through a pipe: the most that the reader and the batch hold is some chunks. */
static void memory_does_not_grow_with_the_file(void **state)
{
	(void)state;
	static const char *const heads[] = {"name,text\n", "[", ""};
	static const char *const rows[] = {"Ada,\"some \"\"text\"\"\"\n", "{\"name\":\"Ada\",\"text\":\"\\n\"},",
					   "{\"name\":\"Ada\",\"text\":\"\\n\"}\n"};
	static const char *const tails[] = {"", "1]", ""};

	for (int i = 0; i < 3; i++) {
		size_t count = 20000000 / strlen(rows[i]), records = 0, largest = 0;
		struct strbuf file;
		struct reader *reader;
		struct batch batch;
		struct error err;
		strbuf_init(&file, 1u << 30);
		strbuf_add_string(&file, heads[i]);
		for (size_t k = 0; k < count; k++)
			strbuf_add_string(&file, rows[i]);
		strbuf_add_string(&file, tails[i]);
		int fd = open_bytes(strbuf_slice(&file));
		strbuf_release(&file);
		assert_true(batch_init(&batch, 500, 256 * 1024));
		/* The buffer is made once; from then on nothing is allocated. */
		assert_ok(reader_open(fd, NULL, &reader, &err), &err);
		assert_ok(reader_next(reader, &batch, &err), &err);
		records += batch.count;
		largest = batch.arena.total_size;
		batch_clear(&batch);
		allow_allocations(20);
		while (reader_next(reader, &batch, &err) == STATUS_OK) {
			records += batch.count;
			batch_clear(&batch);
		}
		allocations_end();
		assert_int_equal(records, count + (i == 1));
		assert_true(batch.arena.total_size <= largest + 128 * 1024);
		batch_release(&batch);
		reader_close(reader);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_that_runs_out_anywhere_is_an_error),
		cmocka_unit_test(memory_that_runs_out_in_any_stage_is_an_error),
		cmocka_unit_test(a_workbook_that_cannot_be_read_on_is_an_error),
		cmocka_unit_test(an_arena_that_is_full_anywhere_is_an_error),
		cmocka_unit_test(names_that_do_not_fit_are_an_error),
		cmocka_unit_test(a_wide_header_that_does_not_fit_is_an_error),
		cmocka_unit_test(a_read_that_fails_anywhere_is_an_error),
		cmocka_unit_test(a_read_that_fails_before_the_header_is_an_error),
		cmocka_unit_test(a_read_that_fails_while_the_layout_is_open_is_an_error),
		cmocka_unit_test(a_read_that_is_interrupted_goes_on),
		cmocka_unit_test(a_damaged_record_needs_room_for_its_error),
		cmocka_unit_test(rows_of_too_many_fields_need_room_for_their_error),
		cmocka_unit_test(a_text_in_memory_needs_room_for_its_fields),
		cmocka_unit_test(memory_does_not_grow_with_the_file),
	};
	return cmocka_run_group_tests_name("exhaustion", tests, NULL, NULL);
}
