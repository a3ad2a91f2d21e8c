#include "support.h"

#include "packing.h"
#include "transcript.h"

#include <stdlib.h>
#include <unistd.h>

static void expect_kind(struct slice head, const char *kind, const char *remedy)
{
	enum file_format format;
	struct error err = {0};

	assert_int_equal(reader_sniff(head, true, NULL, &format, &err), STATUS_UNSUPPORTED);
	assert_string_equal(err.code, "unsupported-format");
	if (!strstr(err.detail, kind) || !strstr(err.detail, remedy))
		fail_msg("'%s' names neither %s nor '%s'", err.detail, kind, remedy);
	assert_int_equal(reader_sniff(head, false, NULL, &format, NULL), STATUS_UNSUPPORTED);
}

static void packed_files_are_to_be_unpacked(void **state)
{
	(void)state;
	expect_kind(SLICE("BZh91AY&SY"), "bzip2", "unpack");
	expect_kind(SLICE("\xFD" "7zXZ\0"), "xz", "unpack");
	expect_kind(SLICE("7z\xBC\xAF\x27\x1C\0\4"), "7-Zip", "unpack");
	expect_kind(SLICE("Rar!\x1A\x07\1\0"), "RAR", "unpack");
	expect_kind(SLICE("PK\x03\x04\x14\0\0\0 data.csv"), "zip", "unpack");
	expect_kind(SLICE("PK\x05\x06\0\0\0\0"), "zip", "unpack");
	char tar[512] = "data.csv";
	memcpy(tar + 257, "ustar", 5);
	expect_kind(slice_of(tar, sizeof tar), "tar", "unpack");
}

static void office_files_are_to_be_saved_as_csv(void **state)
{
	(void)state;
	expect_kind(SLICE("PK\x03\x04\x14\0[Content_Types].xml PK\x03\x04 word/document.xml"), "Word",
		    "export");
	expect_kind(SLICE("PK\x03\x04\x14\0[Content_Types].xml PK\x03\x04 ppt/slides/slide1.xml"), "presentation",
		    "export");
	expect_kind(SLICE("PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
		    "OpenDocument", "XLSX or CSV");
	expect_kind(SLICE("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0"), "XLS", "without a password");
}

static void other_kinds_are_named(void **state)
{
	(void)state;
	expect_kind(SLICE("%PDF-1.7"), "PDF", "export");
	expect_kind(SLICE("{\\rtf1\\ansi}"), "RTF", "export");
	expect_kind(SLICE("PAR1\x15"), "Parquet", "export");
	expect_kind(SLICE("ARROW1\0\0"), "Arrow", "export");
	expect_kind(SLICE("Obj\x01"), "Avro", "export");
	expect_kind(SLICE("SQLite format 3\0"), "SQLite", "export");
	expect_kind(SLICE("\x89PNG\r\n\x1A\n"), "PNG", "export");
	expect_kind(SLICE("\xFF\xD8\xFF\xE0"), "JPEG", "export");
	expect_kind(SLICE("GIF89a"), "GIF", "export");
	expect_kind(SLICE("RIFF\x24\0\0\0WEBP"), "RIFF", "export");
	expect_kind(SLICE("\x7F" "ELF\2\1"), "program", "export");
}

static void bytes_that_are_no_text_are_told_by_their_share(void **state)
{
	(void)state;
	char bytes[100];
	enum file_format format;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = i % 5 ? (char)('a' + i % 26) : (char)(i % 9);
	expect_kind(slice_of(bytes, sizeof bytes), "binary", "export");
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = i % 3 ? 'a' : '\0';
	expect_kind(slice_of(bytes, sizeof bytes), "binary", "export");
	/* Damage of some rows is none of a file. */
	memset(bytes, 'a', sizeof bytes);
	memset(bytes + 20, '\0', 8);
	memset(bytes + 40, 0x1B, 40);
	assert_int_equal(reader_sniff(slice_of(bytes, sizeof bytes), true, NULL, &format, NULL), STATUS_OK);
	assert_int_equal(reader_sniff(SLICE("a,b\n\0,2\n"), true, NULL, &format, NULL), STATUS_OK);
	assert_int_equal(reader_sniff(SLICE("a\0"), true, NULL, &format, NULL), STATUS_OK);
	assert_int_equal(reader_sniff(SLICE("\t\r\n\v\f"), true, NULL, &format, NULL), STATUS_OK);
	assert_int_equal(format, FORMAT_CSV);
}

static void a_reader_of_such_a_file_is_not_opened(void **state)
{
	(void)state;
	struct reader_options forced = {.format = FORMAT_CSV};
	struct transcript transcript;

	transcript_read_bytes(&transcript, SLICE("BZh91AY&SY"), NULL, BRIEF);
	assert_int_equal(transcript.status, STATUS_UNSUPPORTED);
	transcript_release(&transcript);
	/* Nor where a user calls it CSV. */
	transcript_read_bytes(&transcript, SLICE("BZh91AY&SY"), &forced, BRIEF);
	assert_int_equal(transcript.status, STATUS_UNSUPPORTED);
	transcript_release(&transcript);
}

static void a_user_s_word_on_the_format_counts(void **state)
{
	(void)state;
	struct reader_options csv = {.format = FORMAT_CSV}, lines = {.format = FORMAT_NDJSON};

	assert_records_with("[a],b\n1,2\n", &csv, "{\"[a]\":\"1\",\"b\":\"2\"}\n");
	assert_records_with("1\n{}\n", &lines, "1 type-error\n{}\n");
}

static void a_head_alone_tells_its_format(void **state)
{
	(void)state;
	struct reader_options small = {.unpacked_size_limit = 2}, csv = {.format = FORMAT_CSV}, xlsx = {.format = FORMAT_XLSX};
	struct slice book = make_workbook("<row><c><v>1</v></c></row>", NULL), packed = pack_gzip(SLICE("[{\"a\":1},{\"a\":2}]"));
	enum file_format format;
	struct error err;

	assert_ok(reader_sniff(book, false, NULL, &format, &err), &err);
	assert_int_equal(format, FORMAT_XLSX);
	assert_ok(reader_sniff(book, false, &xlsx, &format, &err), &err);
	assert_int_equal(format, FORMAT_XLSX);
	assert_int_equal(reader_sniff(book, false, &csv, &format, &err), STATUS_UNSUPPORTED);
	assert_ok(reader_sniff(packed, true, NULL, &format, &err), &err);
	assert_int_equal(format, FORMAT_JSON);
	/* What is damaged, or too large, is for the import to see. */
	assert_ok(reader_sniff(slice_of(packed.data, 12), false, NULL, &format, &err), &err);
	assert_ok(reader_sniff(packed, true, &small, &format, &err), &err);
	assert_ok(reader_sniff(SLICE(""), true, NULL, &format, &err), &err);
	assert_int_equal(format, FORMAT_CSV);
	free((char *)book.data);
	free((char *)packed.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed_files_are_to_be_unpacked),
		cmocka_unit_test(office_files_are_to_be_saved_as_csv),
		cmocka_unit_test(other_kinds_are_named),
		cmocka_unit_test(bytes_that_are_no_text_are_told_by_their_share),
		cmocka_unit_test(a_reader_of_such_a_file_is_not_opened),
		cmocka_unit_test(a_user_s_word_on_the_format_counts),
		cmocka_unit_test(a_head_alone_tells_its_format),
	};
	return cmocka_run_group_tests_name("sniff", tests, NULL, NULL);
}
