/* What lies between the file and the parsers: unpacking, transcoding, workbooks. */
#include "support.h"

#include "packing.h"
#include "transcript.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parse/decompress.h"
#include "parse/encoding.h"
#include "parse/stage.h"
#include "parse/xlsx_archive.h"
#include "parse/xlsx_number.h"

static const size_t chunks[] = {0, 1, 2, 3, 7, 64};
enum { CHUNKS = sizeof chunks / sizeof chunks[0] };

static const char text[] = "name,note\nZo\xC3\xAB,\"a\nb\"\n\xE2\x82\xAC,x,y\n\xF0\x9D\x84\x9E,z\n";

/* The file reads like `expected`, in whatever pieces it comes. Frees the bytes. */
static void expect_like(struct slice bytes, const struct reader_options *base, const char *expected,
			const char *encoding)
{
	for (size_t i = 0; i < CHUNKS; i++) {
		struct reader_options options = base ? *base : (struct reader_options){0};
		struct transcript transcript;
		options.chunk_size = chunks[i];
		transcript_read_bytes(&transcript, bytes, &options, BRIEF);
		if (transcript.status != STATUS_END)
			fail_msg("%s: %s", transcript.err.code, transcript.err.detail);
		assert_slice(strbuf_slice(&transcript.text), expected);
		if (encoding)
			assert_string_equal(transcript.dialect.encoding, encoding);
		transcript_release(&transcript);
	}
	free((char *)bytes.data);
}

static void expect_failure(struct slice bytes, const struct reader_options *options, const char *code)
{
	struct transcript transcript;

	transcript_read_bytes(&transcript, bytes, options, BRIEF);
	assert_true(transcript.status != STATUS_END);
	assert_string_equal(transcript.err.code, code);
	transcript_release(&transcript);
}

static const char *expected_text(void)
{
	return "{\"name\":\"Zo\xC3\xAB\",\"note\":\"a\\nb\"}\n"
	       "{\"name\":\"\xE2\x82\xAC\",\"note\":\"x\",\"_extra\":[\"y\"]} extra-cell(_extra)\n"
	       "{\"name\":\"\xF0\x9D\x84\x9E\",\"note\":\"z\"}\n";
}

static struct slice packed_in_parts(struct slice (*pack)(struct slice), struct slice between)
{
	struct slice whole = slice_of(text, sizeof text - 1);
	struct slice first = pack(slice_of(whole.data, 20));
	struct slice second = pack(slice_of(whole.data + 20, whole.size - 20));
	struct slice front = join_bytes(first, between), both = join_bytes(front, second);
	struct slice all = join_bytes(both, between);

	free((char *)first.data);
	free((char *)second.data);
	free((char *)front.data);
	free((char *)both.data);
	return all;
}

static void packed_files_read_as_what_is_in_them(void **state)
{
	(void)state;
	struct slice whole = slice_of(text, sizeof text - 1), none = SLICE("");

	expect_like(pack_gzip(whole), NULL, expected_text(), "utf-8");
	expect_like(pack_zstd(whole), NULL, expected_text(), "utf-8");
	expect_like(packed_in_parts(pack_gzip, none), NULL, expected_text(), NULL);
	expect_like(packed_in_parts(pack_zstd, none), NULL, expected_text(), NULL);
	expect_like(packed_in_parts(pack_zstd, SLICE("\x5A\x2A\x4D\x18\3\0\0\0abc")), NULL, expected_text(), NULL);
	expect_like(packed_in_parts(pack_gzip, SLICE("\0\0\0")), NULL, expected_text(), NULL);
	expect_like(pack_gzip(SLICE("")), NULL, "", NULL);
	struct slice frame = pack_zstd(whole);
	expect_like(join_bytes(SLICE("\x50\x2A\x4D\x18\0\0\0\0"), frame), NULL, expected_text(), NULL);
	free((char *)frame.data);
	/* Packed, and in another encoding inside. */
	struct slice wide = encode_as(whole, "UTF-16");
	expect_like(pack_zstd(wide), NULL, expected_text(), "utf-16le");
	free((char *)wide.data);
}

static void a_packed_file_that_is_cut_anywhere_fails(void **state)
{
	(void)state;
	struct slice (*const packs[])(struct slice) = {pack_gzip, pack_zstd};

	for (size_t i = 0; i < 2; i++) {
		struct slice bytes = packs[i](slice_of(text, sizeof text - 1));
		for (size_t size = 4; size < bytes.size; size++)
			expect_failure(slice_of(bytes.data, size), NULL, "truncated-compression");
		struct slice more = join_bytes(bytes, SLICE("rest"));
		expect_failure(more, NULL, "corrupt-compression");
		free((char *)more.data);
		((char *)(uintptr_t)bytes.data)[bytes.size - 9] ^= 0x55;
		if (i == 0)
			expect_failure(bytes, NULL, "corrupt-compression");
		free((char *)bytes.data);
	}
}

static void what_unpacks_to_too_much_fails(void **state)
{
	(void)state;
	struct reader_options small = {.unpacked_size_limit = 30};
	struct slice (*const packs[])(struct slice) = {pack_gzip, pack_zstd};

	for (size_t i = 0; i < 2; i++) {
		struct slice bytes = packs[i](slice_of(text, sizeof text - 1));
		expect_failure(bytes, &small, "too-much-unpacked");
		free((char *)bytes.data);
	}
	struct slice book = make_workbook("<row><c><v>1</v></c></row>", NULL);
	expect_failure(book, &small, "too-much-unpacked");
	free((char *)book.data);
}

/* What a stage gives of `bytes` to its end, or to what ends it: *made bytes, which are dropped. */
static enum status drain(struct stage *stage, uint64_t *made, struct error *err)
{
	static char out[1 << 20];
	enum status status = STATUS_OK;
	size_t got = 1;

	assert_non_null(stage);
	for (*made = 0; status == STATUS_OK && got; *made += got) {
		got = 0;
		status = stage->read(stage, out, sizeof out, &got, err);
	}
	stage_free(stage);
	return status;
}

/* 16 MiB of zeros, behind noise that does not pack, again and again. */
static struct slice packed_zeros(size_t noise, int members)
{
	size_t size = 16 << 20;
	char *plain = calloc(1, size);
	struct strbuf all;
	uint64_t random = 1;

	assert_non_null(plain);
	for (size_t i = 0; i < noise; i++)
		plain[i] = (char)random_next(&random);
	struct slice member = pack_gzip(slice_of(plain, size));
	strbuf_init(&all, 1 << 30);
	for (int i = 0; i < members; i++)
		strbuf_add_slice(&all, member);
	free(plain);
	free((char *)member.data);
	size_t taken;
	char *bytes = strbuf_take(&all, &taken);
	return slice_of(bytes, taken);
}

/* From 256 MiB on the ratio counts. */
static void what_unpacks_to_too_many_times_its_size_fails(void **state)
{
	(void)state;
	const uint64_t free_size = UINT64_C(256) << 20;
	struct slice bomb = packed_zeros(0, 17), file = packed_zeros(200000, 17);
	uint64_t made;
	struct error err;

	assert_int_equal(drain(decompress_stage_new(COMPRESSION_GZIP, memory_stage_new(bomb), SLICE(""), 0), &made, &err),
			 STATUS_TOO_LARGE);
	assert_string_equal(err.code, "too-much-unpacked");
	assert_true(made > free_size && made <= free_size + (1 << 20));
	assert_ok(drain(decompress_stage_new(COMPRESSION_GZIP, memory_stage_new(file), SLICE(""), 0), &made, &err), &err);
	assert_int_equal(made, UINT64_C(17) << 24);
	free((char *)bomb.data);
	free((char *)file.data);

	/* Of a workbook, too. */
	struct xlsx_archive archive = {.size = 1 << 20, .size_limit = UINT64_MAX};
	assert_ok(xlsx_archive_count(&archive, 200 << 20, &err), &err);
	assert_ok(xlsx_archive_count(&archive, 20 << 20, &err), &err);
	archive.unpacked = free_size;
	assert_int_equal(xlsx_archive_count(&archive, 1, &err), STATUS_TOO_LARGE);
	assert_string_equal(err.code, "too-much-unpacked");
	archive = (struct xlsx_archive){.size = 2 << 20, .size_limit = UINT64_MAX, .unpacked = free_size};
	assert_ok(xlsx_archive_count(&archive, 1, &err), &err);
}

/* More room than zlib counts. */
static void a_large_room_is_used_in_part(void **state)
{
	(void)state;
	size_t room = (size_t)1 << 32, got = 0;
	struct slice bytes = pack_gzip(slice_of(text, sizeof text - 1));
	struct stage *stage = decompress_stage_new(COMPRESSION_GZIP, memory_stage_new(bytes), SLICE(""), 0);
	struct error err;

	char *out = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(out != MAP_FAILED);
	assert_non_null(stage);
	assert_ok(stage->read(stage, out, room, &got, &err), &err);
	assert_slice(slice_of(out, got), text);
	stage_free(stage);
	munmap(out, room);
	free((char *)bytes.data);
}

/* Rows of JSON or CSV that do not pack to less than a head. */
static struct slice random_rows(bool json)
{
	struct strbuf rows;
	uint64_t random = 1;
	size_t size;

	strbuf_init(&rows, 1 << 20);
	strbuf_add_string(&rows, json ? "[{\"a\":0}" : "a\n");
	while (rows.size < 300000)
		strbuf_add_format(&rows, json ? ",\n{\"a\":%lld}" : "%lld\n", (long long)(random_next(&random) >> 2));
	strbuf_add_string(&rows, json ? "]" : "");
	char *bytes = strbuf_take(&rows, &size);
	return slice_of(bytes, size);
}

/* Damage is met in the middle of the rows, and told with the line that was being read. */
static void a_stream_that_ends_early_says_in_which_line(void **state)
{
	(void)state;
	for (int json = 0; json < 2; json++) {
		struct slice rows = random_rows(json), packed = pack_gzip(rows);
		struct transcript transcript;
		assert_true(packed.size > SNIFF_SIZE + 20000);
		transcript_read_bytes(&transcript, slice_of(packed.data, packed.size - 10), NULL, BRIEF);
		assert_int_equal(transcript.status, STATUS_INVALID);
		assert_string_equal(transcript.err.code, "truncated-compression");
		assert_true(transcript.err.line > 5000);
		assert_int_equal(transcript.err.column, 1);
		assert_true(transcript.records > 5000);
		transcript_release(&transcript);
		/* Nobody need ask for the error. */
		struct reader *reader;
		struct batch batch;
		int fd = open_bytes(slice_of(packed.data, packed.size - 10));
		enum status status = reader_open(fd, NULL, &reader, NULL);
		assert_int_equal(status, STATUS_OK);
		assert_true(batch_init(&batch, 1000, 1 << 20));
		while (status == STATUS_OK) {
			status = reader_next(reader, &batch, NULL);
			batch_clear(&batch);
		}
		assert_int_equal(status, STATUS_INVALID);
		batch_release(&batch);
		reader_close(reader);
		close(fd);
		free((char *)rows.data);
		free((char *)packed.data);
	}
}

static void every_encoding_comes_out_the_same(void **state)
{
	(void)state;
	static const char *const names[][2] = {{"UTF-16", "utf-16le"}, {"UTF-16LE", "utf-16le"},
					       {"UTF-16BE", "utf-16be"}, {"UTF-32", "utf-32le"},
					       {"UTF-32LE", "utf-32le"}, {"UTF-32BE", "utf-32be"}};
	struct slice whole = slice_of(text, sizeof text - 1);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct reader_options told = {.encoding = slice_of_string(names[i][0])};
		expect_like(encode_as(whole, names[i][0]), NULL, expected_text(), names[i][1]);
		expect_like(encode_as(whole, names[i][0]), &told, expected_text(), names[i][1]);
	}
	/* What is said, but for its order of bytes, which the mark knows. */
	struct reader_options unmarked = {.encoding = SLICE("utf-16")};
	struct slice big = encode_as(SLICE("\xEF\xBB\xBF" "a,b\n1,\xC3\xA9\n"), "UTF-16BE");
	expect_like(big, &unmarked, "{\"a\":\"1\",\"b\":\"\xC3\xA9\"}\n", "utf-16be");
	struct reader_options shifting = {.encoding = SLICE("ISO-2022-JP")};
	struct slice japanese = encode_as(SLICE("a,b\n1,\xE6\x9D\xB1\xE4\xBA\xAC\n"), "ISO-2022-JP");
	expect_like(join_bytes(japanese, SLICE("")), &shifting,
		    "{\"a\":\"1\",\"b\":\"\xE6\x9D\xB1\xE4\xBA\xAC\"}\n", "iso-2022-jp");
	expect_like(japanese, NULL, "{\"a\":\"1\",\"b\":\"\xE6\x9D\xB1\xE4\xBA\xAC\"}\n", "iso-2022-jp");
}

static struct slice copy(struct slice bytes)
{
	return join_bytes(bytes, SLICE(""));
}

static void what_cannot_be_decoded_is_an_error_of_its_row(void **state)
{
	(void)state;
	struct reader_options cp1252 = {.encoding = SLICE("cp1252")}, utf16 = {.encoding = SLICE("UTF-16LE")};
	struct reader_options utf32 = {.encoding = SLICE("utf-32")}, japanese = {.encoding = SLICE("iso-2022-jp")};
	const char *marked = "{\"a\":\"\xEF\xBF\xBD\"} encoding-error(a)\n";

	expect_like(copy(SLICE("a\n\x81\n\xE9\n")), &cp1252,
		    "{\"a\":\"\xEF\xBF\xBD\"} encoding-error(a)\n{\"a\":\"\xC3\xA9\"}\n", NULL);
	/* Half a pair, and half a unit at the end. */
	expect_like(copy(SLICE("a\0\n\0\x3D\xD8\n\0")), &utf16,
		    "{\"a\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"} encoding-error(a)\n", NULL);
	expect_like(copy(SLICE("a\0\n\0x")), &utf16, marked, NULL);
	expect_like(copy(SLICE("a\0\n\0\x3D\xD8")), &utf16,
		    "{\"a\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"} encoding-error(a)\n", NULL);
	expect_like(copy(SLICE("a\0\0\0\n\0\0\0\0\0\x11\0")), &utf32, marked, NULL);
	expect_like(copy(SLICE("a\n\x1B$B~~\x1B(B\n")), &japanese,
		    "{\"a\":\"\xEF\xBF\xBD\xEF\xBF\xBD\"} encoding-error(a)\n", NULL);
}

static void what_is_told_of_a_file_must_hold(void **state)
{
	(void)state;
	struct reader_options klingon = {.encoding = SLICE("klingon")};
	struct reader_options xlsx = {.format = FORMAT_XLSX}, csv = {.format = FORMAT_CSV};
	struct slice book = make_workbook("<row><c><v>1</v></c></row>", NULL), packed = pack_gzip(book);

	expect_failure(SLICE("a\n1\n"), &klingon, "unknown-encoding");
	expect_failure(SLICE("a\n1\n"), &xlsx, "unsupported-format");
	expect_failure(book, &csv, "unsupported-format");
	expect_failure(packed, NULL, "unsupported-format");
	assert_string_equal(file_format_name(FORMAT_XLSX), "xlsx");
	free((char *)packed.data);
	free((char *)book.data);
	struct slice wide = encode_as(SLICE("a,b\n1,2\n"), "UTF-32BE");
	expect_like(join_bytes(SLICE("\0\0\xFE\xFF"), wide), NULL, "{\"a\":\"1\",\"b\":\"2\"}\n", "utf-32be");
	free((char *)wide.data);
}

static void a_dialect_that_is_told_is_shown(void **state)
{
	(void)state;
	struct reader_options options = {.delimiter = ", ", .no_quotes = true, .escape = '\\'};
	struct transcript transcript;
	struct json_writer json;
	struct strbuf shown;

	transcript_read_bytes(&transcript, SLICE("a, b\n\"x\", y\\, z\n"), &options, BRIEF);
	assert_slice(strbuf_slice(&transcript.text), "{\"a\":\"\\\"x\\\"\",\"b\":\"y, z\"}\n");
	strbuf_init(&shown, 1000);
	json_writer_init(&json, &shown);
	dialect_write_json(&transcript.dialect, &json);
	assert_slice(strbuf_slice(&shown), "{\"encoding\":\"utf-8\",\"delimiter\":\", \",\"quote\":null,\"header\":true,"
					   "\"skipped_lines\":0,\"escape\":\"\\\\\"}");
	strbuf_release(&shown);
	transcript_release(&transcript);
}

static void the_guess_weighs_what_there_is(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *encoding;
	} cases[] = {
		{"a\nJos\xE9\n", "windows-1252"},
		{"a\n\x93quoted\x94 \x96 5 \x80\n", "windows-1252"},
		{"a\nJos\xE9\nJos\xC3\xA9\n", "utf-8"},
		{"a\nna\xC3\xAFve\nna\xC3\xAFve\nna\xEFve\n", "utf-8"},
		{"a\n\xFF\xFE\xFF\n", "utf-8"},
		{"\xEF\xBB\xBF" "a\nJos\xE9\nJos\xE9\n", "utf-8"},
		{"[\"Jos\xE9\"]", "utf-8"},
		{"[\"Jos\xE9\",\"Zo\xEB\",\"\xC0 la\",\"\xFC" "ber\"]", "windows-1252"},
		{"a\n\x1B[31mred\x1B[0m\n", "utf-8"},
		{"a\n\x1B[31mred\x1B[0m Jos\xE9\n", "windows-1252"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t k = 0; k < CHUNKS; k++) {
			struct reader_options options = {.chunk_size = chunks[k]};
			struct transcript transcript;
			transcript_read_bytes(&transcript, slice_of_string(cases[i].bytes), &options, BRIEF);
			if (strcmp(transcript.dialect.encoding, cases[i].encoding) != 0)
				fail_msg("case %zu: %s", i, transcript.dialect.encoding);
			transcript_release(&transcript);
		}
}

/* 3 MB of ASCII, then a byte of Latin-1, 2 MB, and another: the first MiB holds too few to tell. */
static void a_late_letter_is_judged_by_what_follows_it(void **state)
{
	(void)state;
	struct strbuf file;

	for (int utf8 = 0; utf8 < 2; utf8++) {
		struct transcript transcript;
		strbuf_init(&file, 1 << 24);
		strbuf_add_string(&file, "a,b\n");
		for (int i = 0; i < 300000; i++)
			strbuf_add_string(&file, "plain,text\n");
		strbuf_add_string(&file, "Jos\xE9,x\n");
		for (int i = 0; i < 200000; i++)
			strbuf_add_string(&file, "plain,text\n");
		for (int i = 0; i < 3; i++)
			strbuf_add_string(&file, utf8 ? "Jos\xC3\xA9,x\n" : "Jos\xE9,x\n");
		transcript_read_bytes(&transcript, strbuf_slice(&file), NULL, BRIEF);
		assert_string_equal(transcript.dialect.encoding, utf8 ? "utf-8" : "windows-1252");
		assert_int_equal(transcript.records, 500004);
		assert_int_equal(transcript.errors, utf8 ? 1 : 0);
		transcript_release(&transcript);
		strbuf_release(&file);
	}
}

static void encodings_are_found_by_any_of_their_names(void **state)
{
	(void)state;
	static const char *const names[][2] = {
		{"UTF8", "utf-8"}, {" Latin1 ", "windows-1252"}, {"latin-1", "windows-1252"}, {"Shift-JIS", "shift_jis"},
		{"ISO_8859-2", "iso-8859-2"}, {"GBK", "gb18030"}, {"CP850", "cp850"}, {"utf-16", "utf-16le"},
		{"IBM1047", "ibm1047"},
	};
	static const char *const others[] = {"", "klingon", "utf-8//TRANSLIT", "\xC3\xA9",
					     "a-name-that-is-far-too-long-for-an-encoding"};
	struct encoding encoding;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_true(encoding_find(slice_of_string(names[i][0]), &encoding));
		assert_string_equal(encoding.name, names[i][1]);
	}
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_false(encoding_find(slice_of_string(others[i]), &encoding));
}

static void a_sheet_reads_like_a_table(void **state)
{
	(void)state;
	const char *strings = "<si><t>name</t></si><si><r><t>no</t></r><r><t>te</t></r><rPh><t>x</t></rPh></si>"
			      "<si><t>a,\"b\"\n_x0041_ _x00zz_</t></si>";
	const char *rows = "<row r='2'><c r='B2' t='s'><v>0</v></c><c r='C2' t='s'><v>1</v></c></row>"
			   "<row r='4'><c r='B4' t='s'><v>2</v></c><c r='C4' s='1'><v>45351</v></c></row>"
			   "<row r='4'><c t='inlineStr'><is><t>in</t><rPh><t>y</t></rPh></is></c><c t='b'><v>1</v></c><c t='str'><f>A1</f><v>s</v></c></row>"
			   "<row/><row><c r='C9'><v>0.10000000000000001</v></c><c r='A9'><v>x</v></c></row>";

	expect_like(make_workbook(rows, strings), NULL,
		    "{\"field1\":\"\",\"name\":\"a,\\\"b\\\"\\nA _x00zz_\",\"note\":\"2024-02-29\"}\n"
		    "{\"field1\":\"in\",\"name\":\"true\",\"note\":\"s\"}\n"
		    "{\"field1\":\"\",\"name\":\"\",\"note\":\"0.1\",\"_extra\":[\"x\"]} extra-cell(_extra)\n",
		    "utf-8");
	expect_like(make_workbook("", NULL), NULL, "", NULL);
	expect_like(make_workbook("<row><c/><c s='1'/></row>", NULL), NULL, "", NULL);
}

static void a_damaged_workbook_fails(void **state)
{
	(void)state;
	static const char *const damaged[] = {
		"<row><c t='s'><v>0</v></c></row>", "<row><c t='s'><v>9</v></c></row>", "<row><c t='s'><v>x</v></c></row>",
		"<row r='1048577'/>", "<row><c r='XFE1'><v>1</v></c></row>", "<row><c></row>", "&bomb;",
		"<row><c r='ZZZZZZZZZZZZZZZZ1'><v>1</v></c></row>", "<row><c t='s'><v>-1</v></c></row>",
	};

	for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
		struct slice book = make_workbook(damaged[i], i ? "<si><t>a</t></si>" : NULL);
		expect_failure(book, NULL, "corrupt-workbook");
		free((char *)book.data);
	}
	struct slice book = make_workbook("<row><c><v>1</v></c></row>", "<si><t>a</t></si>");
	for (size_t size = 0; size < book.size; size++) {
		struct transcript transcript;
		transcript_read_bytes(&transcript, slice_of(book.data, size), NULL, BRIEF);
		transcript_release(&transcript);
	}
	struct reader_options second = {.sheet = SLICE("2")};
	expect_failure(book, &second, "unknown-sheet");
	free((char *)book.data);
}

static void expect_number(const char *stored, enum xlsx_number kind, const char *written)
{
	struct strbuf out;

	strbuf_init(&out, 1000);
	xlsx_write_number(slice_of_string(stored), kind, false, &out);
	assert_slice(strbuf_slice(&out), written);
	strbuf_release(&out);
}

static void numbers_of_sheets_are_written_as_people_see_them(void **state)
{
	(void)state;
	expect_number("1.1000000000000001", XLSX_NUMBER, "1.1");
	expect_number("0.30000000000000004", XLSX_NUMBER, "0.30000000000000004");
	expect_number("0.7999999999999999", XLSX_NUMBER, "0.7999999999999999");
	expect_number("0000000000000000000000000000000000000000000000000000000000000001", XLSX_NUMBER,
		      "0000000000000000000000000000000000000000000000000000000000000001");
	expect_number("000000000000000000000000000000000000000000000000000000000000001", XLSX_NUMBER, "1");
	expect_number("1E3", XLSX_NUMBER, "1000");
	expect_number("-5", XLSX_NUMBER, "-5");
	expect_number("none", XLSX_NUMBER, "none");
	expect_number("1e999", XLSX_NUMBER, "1e999");
	expect_number("", XLSX_NUMBER, "");
	expect_number("1", XLSX_DATE, "1900-01-01");
	expect_number("60", XLSX_DATE, "1900-02-29");
	expect_number("61", XLSX_DATE, "1900-03-01");
	expect_number("2958465", XLSX_DATE, "9999-12-31");
	expect_number("2958466", XLSX_DATE, "2958466");
	expect_number("-1", XLSX_DATE, "-1");
	expect_number("45351.5", XLSX_DATE, "2024-02-29T12:00:00");
	expect_number("45351", XLSX_DATE_TIME, "2024-02-29T00:00:00");
	expect_number("45351.999999999", XLSX_DATE_TIME, "2024-03-01T00:00:00");
	expect_number("0.5000057870", XLSX_TIME, "12:00:00.500");
	expect_number("1.25", XLSX_TIME, "1900-01-01T06:00:00");
	expect_number("1.5", XLSX_DURATION, "PT36H0M0S");
	struct strbuf out;
	strbuf_init(&out, 100);
	xlsx_write_number(SLICE("0"), XLSX_DATE, true, &out);
	assert_slice(strbuf_slice(&out), "1904-01-01");
	strbuf_release(&out);
}

static void formats_of_numbers_say_what_they_show(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		enum xlsx_number number;
	} cases[] = {
		{"General", XLSX_NUMBER},      {"0.00", XLSX_NUMBER},	   {"yyyy-mm-dd", XLSX_DATE},
		{"dd\\.mm\\.yyyy;@", XLSX_DATE}, {"h:mm AM/PM", XLSX_TIME},  {"mm:ss", XLSX_TIME},
		{"m/d/yy h:mm", XLSX_DATE_TIME}, {"[h]:mm:ss", XLSX_DURATION}, {"[mm]:ss", XLSX_DURATION},
		{"[$-409]mmm", XLSX_DATE},	 {"0 \"days\"", XLSX_NUMBER}, {"#,##0_d", XLSX_NUMBER},
		{"[Red]0", XLSX_NUMBER},	 {"0\\d", XLSX_NUMBER},	   {"\"x", XLSX_NUMBER},
		{"*d0", XLSX_NUMBER},	 {"[d]0", XLSX_NUMBER},	   {"[dd]0", XLSX_NUMBER},
		{"[hm]0", XLSX_NUMBER},	 {"m S", XLSX_TIME},	   {"M", XLSX_DATE},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (xlsx_number_of_format(slice_of_string(cases[i].code)) != cases[i].number)
			fail_msg("%s", cases[i].code);
	assert_int_equal(xlsx_number_of_format(SLICE("\0")), XLSX_NUMBER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed_files_read_as_what_is_in_them),
		cmocka_unit_test(a_packed_file_that_is_cut_anywhere_fails),
		cmocka_unit_test(what_unpacks_to_too_much_fails),
		cmocka_unit_test(what_unpacks_to_too_many_times_its_size_fails),
		cmocka_unit_test(a_large_room_is_used_in_part),
		cmocka_unit_test(a_stream_that_ends_early_says_in_which_line),
		cmocka_unit_test(every_encoding_comes_out_the_same),
		cmocka_unit_test(what_cannot_be_decoded_is_an_error_of_its_row),
		cmocka_unit_test(what_is_told_of_a_file_must_hold),
		cmocka_unit_test(a_dialect_that_is_told_is_shown),
		cmocka_unit_test(the_guess_weighs_what_there_is),
		cmocka_unit_test(a_late_letter_is_judged_by_what_follows_it),
		cmocka_unit_test(encodings_are_found_by_any_of_their_names),
		cmocka_unit_test(a_sheet_reads_like_a_table),
		cmocka_unit_test(a_damaged_workbook_fails),
		cmocka_unit_test(numbers_of_sheets_are_written_as_people_see_them),
		cmocka_unit_test(formats_of_numbers_say_what_they_show),
	};
	return cmocka_run_group_tests_name("stages", tests, NULL, NULL);
}
