#include "parse/sniff.h"

#include "parse/bytes.h"
#include "parse/json_scanner.h"

#include "base/banned.h"

/* A kind of file that is not read, told by the bytes at an offset. */
struct magic {
	size_t at;
	struct slice bytes;
	const char *what, *remedy;
};

#define UNPACK "unpack it first and upload the file inside"
#define SAVE_AS_CSV "save it as UTF-8 CSV and upload that"
#define EXPORT "export the records as CSV or JSON and upload that"
#define MAGIC(at_, text_, what_, remedy_) {(at_), {(text_), sizeof(text_) - 1}, (what_), (remedy_)}

static const struct magic magics[] = {
	/* These two are unpacked before this is asked. */
	MAGIC(0, "\x1F\x8B", "packed twice (gzip)", UNPACK),
	MAGIC(0, "\x28\xB5\x2F\xFD", "packed twice (Zstandard)", UNPACK),
	MAGIC(0, "BZh", "bzip2 data", UNPACK),
	MAGIC(0, "\xFD" "7zXZ", "xz data", UNPACK),
	MAGIC(0, "7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
	MAGIC(0, "Rar!\x1A\x07", "a RAR archive", UNPACK),
	MAGIC(257, "ustar", "a tar archive", UNPACK),
	MAGIC(0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Office file (XLS, DOC) or a workbook with a password",
	      "save it as XLSX without a password, or as CSV, and upload that"),
	MAGIC(0, "%PDF-", "a PDF document", EXPORT),
	MAGIC(0, "{\\rtf", "an RTF document", EXPORT),
	MAGIC(0, "PAR1", "a Parquet file", EXPORT),
	MAGIC(0, "ARROW1", "an Arrow file", EXPORT),
	MAGIC(0, "Obj\x01", "an Avro file", EXPORT),
	MAGIC(0, "SQLite format 3", "an SQLite database", EXPORT),
	MAGIC(0, "\x89PNG\r\n\x1A\n", "a PNG image", EXPORT),
	MAGIC(0, "\xFF\xD8\xFF", "a JPEG image", EXPORT),
	MAGIC(0, "GIF8", "a GIF image", EXPORT),
	MAGIC(0, "RIFF", "a RIFF file (WebP, WAV)", EXPORT),
	MAGIC(0, "\x7F" "ELF", "a program", EXPORT),
};

static bool is_magic(struct slice head, const struct magic *magic)
{
	return head.size >= magic->at + magic->bytes.size &&
	       memcmp(head.data + magic->at, magic->bytes.data, magic->bytes.size) == 0;
}

static bool contains(struct slice head, struct slice text)
{
	return memmem(head.data, head.size, text.data, text.size) != NULL;
}

static bool is_zip(struct slice head)
{
	return slice_starts_with(head, SLICE("PK\x03\x04")) ||
	       slice_starts_with(head, SLICE("PK\x05\x06"));
}

/* The zip container is told by the names of the files in it. */
static const struct magic *find_zip(struct slice head)
{
	static const struct magic
		document = MAGIC(0, "", "a Word document or a presentation", EXPORT),
		spreadsheet = MAGIC(0, "", "an OpenDocument spreadsheet",
				    "save it as XLSX or CSV and upload that"),
		archive = MAGIC(0, "", "a zip archive", UNPACK);

	if (!is_zip(head))
		return NULL;
	if (contains(head, SLICE("word/")) || contains(head, SLICE("ppt/")))
		return &document;
	if (contains(head, SLICE("opendocument.spreadsheet")))
		return &spreadsheet;
	return &archive;
}

bool sniff_workbook(struct slice head)
{
	/* A large sheet may push the other names out of the head. */
	return is_zip(head) &&
	       (contains(head, SLICE("xl/")) ||
		(contains(head, SLICE("[Content_Types].xml")) && !contains(head, SLICE("word/")) &&
		 !contains(head, SLICE("ppt/"))));
}

/* Bytes that no text holds, by their share: one NUL in a CSV file is damage of a row. Separators
 * (0x01, 0x1C to 0x1F) and escapes do occur in texts. */
static const struct magic *find_binary(struct slice head)
{
	static const struct magic binary = MAGIC(0, "", "a binary file", EXPORT);
	size_t control = 0;

	for (size_t i = 0; i < head.size; i++) {
		unsigned char byte = (unsigned char)head.data[i];
		control += byte < 0x1B && byte != 0x01 && !(byte >= '\t' && byte <= '\r');
	}
	return head.size >= 64 && control * 10 >= head.size ? &binary : NULL;
}

enum status sniff_unsupported(struct slice head, bool text, struct error *err)
{
	const struct magic *found = NULL;

	for (size_t i = 0; i < sizeof magics / sizeof magics[0] && !found; i++)
		if (is_magic(head, &magics[i]))
			found = &magics[i];
	if (!found)
		found = find_zip(head);
	if (!found && !text)
		found = find_binary(head);
	if (!found)
		return STATUS_OK;
	return error_set(err, STATUS_UNSUPPORTED, "unsupported-format",
			 "The file seems to be %s, which is not read: %s.", found->what,
			 found->remedy);
}

size_t sniff_byte_order_mark(struct slice head)
{
	return slice_starts_with(head, SLICE("\xEF\xBB\xBF")) ? 3 : 0;
}

static struct slice from(struct slice text, size_t at)
{
	return slice_of(text.data + at, text.size - at);
}

enum json_layout sniff_json_layout(struct slice head, bool whole)
{
	head = from(head, json_skip_space(head, 0));
	size_t end = bytes_find_line_end(head);
	struct slice behind = from(head, end);
	behind = from(behind, json_skip_space(behind, 0));

	if (behind.size == 0)
		return whole ? JSON_ONE_TEXT : JSON_LAYOUT_OPEN;
	if (json_check(slice_of(head.data, end), NULL, NULL) == JSON_DONE)
		return JSON_LINES;
	if (behind.data[0] != '{')
		return JSON_ONE_TEXT;
	end = bytes_find_line_end(behind);
	if (end == behind.size && !whole)
		return JSON_LAYOUT_OPEN;
	return json_check(slice_of(behind.data, end), NULL, NULL) == JSON_DONE ? JSON_LINES
									       : JSON_ONE_TEXT;
}

/* Whether all of a text is one JSON value, which then is no CSV file with one odd column. */
static bool is_one_value(struct slice text)
{
	struct json_scanner scanner;

	if (json_check(text, &scanner, NULL) == JSON_SCANNING)
		json_scan_end(&scanner);
	return scanner.progress == JSON_DONE;
}

enum file_format sniff_format(struct slice head, bool whole)
{
	head = from(head, sniff_byte_order_mark(head));
	size_t start = json_skip_space(head, 0);

	if (start == head.size)
		return FORMAT_CSV;
	if (head.data[start] == '[')
		return FORMAT_JSON;
	if (head.data[start] == '{')
		return sniff_json_layout(head, whole) == JSON_LINES ? FORMAT_NDJSON : FORMAT_JSON;
	return whole && is_one_value(head) ? FORMAT_JSON : FORMAT_CSV;
}
