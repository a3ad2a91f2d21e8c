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
#include <uchardet/uchardet.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

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
FAILING_CALL(int, inflate, (z_stream *stream, int flush), (stream, flush), Z_MEM_ERROR)
FAILING_CALL(size_t, ZSTD_decompressStream, (ZSTD_DStream *stream, ZSTD_outBuffer *out, ZSTD_inBuffer *in), (stream, out, in),
	     (size_t)-ZSTD_error_memory_allocation)
FAILING_CALL(uchardet_t, uchardet_new, (void), (), NULL)
FAILING_CALL(int, uchardet_handle_data, (uchardet_t detector, const char *text, size_t size), (detector, text, size), 1)

/* What libarchive says of its own failures: errno, and a text or none. */
static int archive_problem = ENOMEM;

static int fail_header(struct archive *zip)
{
	archive_clear_error(zip);
	if (archive_problem)
		archive_set_error(zip, archive_problem, "no memory");
	return ARCHIVE_FATAL;
}

FAILING_CALL(int, archive_read_next_header, (struct archive *zip, struct archive_entry **entry), (zip, entry), fail_header(zip))

static bool parser_failed;

FAILING_CALL(enum XML_Status, XML_ParseBuffer, (XML_Parser parser, int size, int final), (parser, size, final),
	     (parser_failed = true, XML_STATUS_ERROR))

enum XML_Error __real_XML_GetErrorCode(XML_Parser parser);
enum XML_Error __wrap_XML_GetErrorCode(XML_Parser parser);

enum XML_Error __wrap_XML_GetErrorCode(XML_Parser parser)
{
	enum XML_Error code = parser_failed ? XML_ERROR_NO_MEMORY : __real_XML_GetErrorCode(parser);

	parser_failed = false;
	return code;
}

size_t __real_iconv(iconv_t conversion, char **from, size_t *from_left, char **to, size_t *to_left);
size_t __wrap_iconv(iconv_t conversion, char **from, size_t *from_left, char **to, size_t *to_left);

/* What iconv fails with; 0: it does not. */
static int conversion_problem;

size_t __wrap_iconv(iconv_t conversion, char **from, size_t *from_left, char **to, size_t *to_left)
{
	if (!conversion_problem)
		return __real_iconv(conversion, from, from_left, to, to_left);
	errno = conversion_problem;
	return (size_t)-1;
}

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
	"a:b:c:d:e:f:g:h:i:j:k:l:m:n:o:p:q:r:s:t:u:v:w:x:y:z:a:b:c:d:e:f:g:h:i:j:k:l:m:n:o:p:q:r:s:t:u:v:w:x:y\n"
	"1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23:24:25:26:27:28:29:30:31:32:33:34:35:36:37\n",
	"{\"n\":0,\"rows\":[{\"a\":1},\"0123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890123456789012345678901234567890123456789\"],\"x\":[1,2]}",
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
	while (status == STATUS_OK) {
		status = reader_next(reader, &batch, err);
		if (batch_is_full(&batch))
			batch_clear(&batch);
	}
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

	for (size_t i = 0; i < 2 * FILES; i++) {
		bool failed = true;
		long calls = 0;
		for (; failed; calls++) {
			(i % 2 ? fail_one_allocation : allow_allocations)(calls);
			enum status status = read_all(files[i / 2], 16, 1 << 20, &err);
			failed = allocations_end();
			assert_int_equal(status, failed ? STATUS_NO_MEMORY : STATUS_END);
		}
		assert_true(calls > 3);
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
	case 5: return encode_as(text, "ISO-8859-1");
	/* Nothing says that these are in Cyrillic, and in Japanese. */
	case 6: return encode_as(SLICE("a,b\n\xD0\x94\xD0\xBE\xD0\xB1\xD1\x80\xD1\x8B\xD0\xB9 \xD0\xB4\xD0\xB5\xD0\xBD\xD1\x8C,"
				       "\xD0\xBA\xD0\xB0\xD0\xBA \xD0\xB4\xD0\xB5\xD0\xBB\xD0\xB0\n"), "CP1251");
	case 7: return encode_as(SLICE("a,b\n1,\xE6\x9D\xB1\xE4\xBA\xAC\n"), "ISO-2022-JP");
	case 8: return encode_as(text, "IBM1047");
	default: return encode_as(SLICE("a,b\n1,\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4\n"), "ISO-2022-KR");
	}
}

enum { KINDS = 10 };

/* NULL: it is told by looking. */
static const char *const said_of_kind[KINDS] = {[5] = "iso-8859-1", [8] = "ibm1047"};

static void memory_that_runs_out_in_any_stage_is_an_error(void **state)
{
	(void)state;
	struct error err;

	for (int kind = 0; kind < KINDS; kind++) {
		struct reader_options options = {.record_size_limit = 1 << 16};
		struct slice bytes = file_of_kind(kind);
		options.encoding = slice_of_string(said_of_kind[kind]);
		for (int alone = 0; alone < 2; alone++) {
			bool failed = true;
			long calls = 0;
			for (; failed; calls++) {
				(alone ? fail_one_allocation : allow_allocations)(calls);
				enum status status = read_with(bytes, &options, 1 << 20, 0, &err);
				failed = allocations_end();
				if (status != (failed ? STATUS_NO_MEMORY : STATUS_END))
					fail_msg("kind %d, %ld: %d %s", kind, calls, status, err.detail);
			}
			assert_true(calls > 5);
		}
		free((char *)bytes.data);
	}
}

static void a_head_needs_memory_to_be_told(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		struct slice bytes = file_of_kind(kind);
		bool failed = true;
		for (long calls = 0; failed; calls++) {
			enum file_format format;
			struct error err;
			struct reader_options options = {.encoding = slice_of_string(said_of_kind[kind])};
			allow_allocations(calls);
			enum status status = reader_sniff(bytes, true, &options, &format, &err);
			failed = allocations_end();
			assert_int_equal(status, failed ? STATUS_NO_MEMORY : STATUS_OK);
		}
		free((char *)bytes.data);
	}
}

/* libarchive fails without saying why. */
static void a_container_that_cannot_be_read_is_told_so(void **state)
{
	(void)state;
	struct slice book = file_of_kind(0);
	struct error err;
	int failures = 0;

	archive_problem = 0;
	for (long calls = 0; calls < 60; calls++) {
		fail_one_allocation(calls);
		if (read_with(book, &(struct reader_options){0}, 1 << 20, 0, &err) == STATUS_INVALID) {
			assert_string_equal(err.code, "corrupt-workbook");
			assert_non_null(strstr(err.detail, "its container cannot be read"));
			failures++;
		}
		allocations_end();
	}
	archive_problem = ENOMEM;
	assert_true(failures > 5);
	free((char *)book.data);
}

static void a_conversion_that_fails_is_an_error(void **state)
{
	static const int problems[] = {EBADF, EINVAL};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct slice bytes = encode_as(SLICE("a,b\n1,2\n3,4\n"), "UTF-16");
		struct error err;
		conversion_problem = problems[i];
		assert_int_equal(read_with(bytes, &(struct reader_options){0}, 1 << 20, 0, &err), STATUS_IO);
		conversion_problem = 0;
		assert_non_null(strstr(err.detail, "decoding the upload"));
		free((char *)bytes.data);
	}
}

/* Files whose rows go on behind the head, with what a stage makes of them. */
static struct slice long_file(int kind)
{
	struct strbuf rows;
	uint64_t random = 1;

	strbuf_init(&rows, 1 << 20);
	strbuf_add_string(&rows, "a\n");
	while (rows.size < 200000)
		strbuf_add_format(&rows, "%llu\n", (unsigned long long)random_next(&random));
	struct slice text = strbuf_slice(&rows), bytes;
	switch (kind) {
	case 0: bytes = pack_gzip(text); break;
	case 1: bytes = pack_zstd(text); break;
	default: bytes = encode_as(text, "UTF-16");
	}
	assert_true(bytes.size > SNIFF_SIZE + 10000);
	strbuf_release(&rows);
	return bytes;
}

static void a_read_that_fails_below_any_stage_is_an_error(void **state)
{
	(void)state;
	struct error err;

	for (int kind = 0; kind < 3; kind++) {
		struct slice bytes = long_file(kind);
		enum status status = STATUS_IO;
		long calls = 0;
		for (; status == STATUS_IO; calls++) {
			slow_read_begin(SNIFF_SIZE, 4000, calls, EIO);
			status = read_with(bytes, &(struct reader_options){0}, 1 << 20, 0, &err);
			slow_read_end();
		}
		assert_int_equal(status, STATUS_END);
		assert_true(calls > 5);
		/* In pieces that are smaller than what a stage makes at once. */
		static const long pieces[] = {4090, 4100, 4110, 4500};
		for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
			slow_read_begin(0, 16, pieces[i], EIO);
			status = read_with(bytes, &(struct reader_options){.chunk_size = 16}, 1 << 20, 0, &err);
			slow_read_end();
			assert_int_equal(status, STATUS_IO);
		}
		free((char *)bytes.data);
	}
}

/* A member, and then another that has not come when the first has ended. */
static void packed_members_may_come_one_by_one(void **state)
{
	(void)state;
	struct slice first = long_file(0), second = pack_gzip(SLICE("last\n")), both = join_bytes(first, second);
	struct transcript transcript;

	slow_read_begin(SNIFF_SIZE, 1, -1, 0);
	transcript_read_bytes(&transcript, both, NULL, BRIEF);
	slow_read_end();
	assert_int_equal(transcript.status, STATUS_END);
	assert_true(transcript.records > 9000);
	assert_non_null(strstr(transcript.text.data, "{\"a\":\"last\"}"));
	transcript_release(&transcript);
	free((char *)first.data);
	free((char *)second.data);
	free((char *)both.data);
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
	static const enum file_format formats[FILES] = {FORMAT_CSV, FORMAT_CSV, FORMAT_JSON, FORMAT_NDJSON,
							FORMAT_CSV, FORMAT_CSV, FORMAT_JSON};
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
	struct slice bytes = behind_the_head(FORMAT_JSON, SLICE("\"}\n{}\n"));
	struct error err;

	memcpy((char *)bytes.data, "{\"a\":\"", 6);
	for (long calls = 0; calls < 6; calls++) {
		struct reader_options options = {.format = calls < 3 ? FORMAT_UNKNOWN : FORMAT_JSON};
		slow_read_begin(SNIFF_SIZE, 1, calls % 3, EIO);
		assert_int_equal(read_with(bytes, &options, 1 << 20, 0, &err), STATUS_IO);
		slow_read_end();
	}
	free((char *)bytes.data);
}

/* The other members of a wrapper that was not looked at whole. */
static void a_read_that_fails_behind_the_records_is_an_error(void **state)
{
	(void)state;
	struct reader_options options = {.record_size_limit = 120, .format = FORMAT_JSON};
	struct slice bytes = behind_the_head(FORMAT_JSON, SLICE("],\"x\":[1,2]}"));
	enum status status = STATUS_IO;
	struct error err;
	long calls = 0;

	memcpy((char *)bytes.data, "{\"rows\":[{}", 11);
	for (; status == STATUS_IO; calls++) {
		slow_read_begin(SNIFF_SIZE, 1, calls, EIO);
		status = read_with(bytes, &options, 1 << 20, 0, &err);
		slow_read_end();
	}
	assert_int_equal(status, STATUS_END);
	assert_true(calls > 10);
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
	arena_init(&arena, 16);
	assert_int_equal(json_read_line(SLICE("{\"a\" 1}"), &arena, &record, &err), STATUS_NO_MEMORY);
	arena_release(&arena);
}

static bool drops_none(struct slice name)
{
	(void)name;
	return false;
}

static void a_text_without_its_members_needs_room(void **state)
{
	(void)state;
	bool done = false;
	size_t cap = 0;

	for (; !done; cap += 8) {
		struct arena arena;
		struct slice left;
		arena_init(&arena, cap);
		done = json_without(SLICE("{\"\\u0061\":1}"), drops_none, &arena, &left);
		if (done)
			assert_slice(left, "{\"\\u0061\":1}");
		arena_release(&arena);
	}
	assert_true(cap > 16);
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
		cmocka_unit_test(a_head_needs_memory_to_be_told),
		cmocka_unit_test(a_container_that_cannot_be_read_is_told_so),
		cmocka_unit_test(a_conversion_that_fails_is_an_error),
		cmocka_unit_test(a_read_that_fails_below_any_stage_is_an_error),
		cmocka_unit_test(packed_members_may_come_one_by_one),
		cmocka_unit_test(a_text_without_its_members_needs_room),
		cmocka_unit_test(a_workbook_that_cannot_be_read_on_is_an_error),
		cmocka_unit_test(an_arena_that_is_full_anywhere_is_an_error),
		cmocka_unit_test(names_that_do_not_fit_are_an_error),
		cmocka_unit_test(a_wide_header_that_does_not_fit_is_an_error),
		cmocka_unit_test(a_read_that_fails_anywhere_is_an_error),
		cmocka_unit_test(a_read_that_fails_before_the_header_is_an_error),
		cmocka_unit_test(a_read_that_fails_while_the_layout_is_open_is_an_error),
		cmocka_unit_test(a_read_that_fails_behind_the_records_is_an_error),
		cmocka_unit_test(a_read_that_is_interrupted_goes_on),
		cmocka_unit_test(a_damaged_record_needs_room_for_its_error),
		cmocka_unit_test(rows_of_too_many_fields_need_room_for_their_error),
		cmocka_unit_test(a_text_in_memory_needs_room_for_its_fields),
		cmocka_unit_test(memory_does_not_grow_with_the_file),
	};
	return cmocka_run_group_tests_name("exhaustion", tests, NULL, NULL);
}
