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
#define RECODE "save it as UTF-8 and upload that"
#define MAGIC(at_, text_, what_, remedy_) {(at_), {(text_), sizeof(text_) - 1}, (what_), (remedy_)}

static const struct magic magics[] = {
	MAGIC(0, "\x1F\x8B", "gzip data", UNPACK),
	MAGIC(0, "\x28\xB5\x2F\xFD", "Zstandard data", UNPACK),
	MAGIC(0, "BZh", "bzip2 data", UNPACK),
	MAGIC(0, "\xFD" "7zXZ", "xz data", UNPACK),
	MAGIC(0, "7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
	MAGIC(0, "Rar!\x1A\x07", "a RAR archive", UNPACK),
	MAGIC(257, "ustar", "a tar archive", UNPACK),
	MAGIC(0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Office file (XLS, DOC)", SAVE_AS_CSV),
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
	/* UTF-32 before UTF-16, whose mark its own begins with. */
	MAGIC(0, "\xFF\xFE\0\0", "text in UTF-32", RECODE),
	MAGIC(0, "\0\0\xFE\xFF", "text in UTF-32", RECODE),
	MAGIC(0, "\xFF\xFE", "text in UTF-16", RECODE),
	MAGIC(0, "\xFE\xFF", "text in UTF-16", RECODE),
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

/* The zip container is told by the names of the files in it. */
static const struct magic *find_zip(struct slice head)
{
	static const struct magic
		xlsx = MAGIC(0, "", "an Excel workbook (XLSX)", SAVE_AS_CSV),
		spreadsheet = MAGIC(0, "", "an OpenDocument spreadsheet", SAVE_AS_CSV),
		archive = MAGIC(0, "", "a zip archive", UNPACK);

	if (!slice_starts_with(head, SLICE("PK\x03\x04")) &&
	    !slice_starts_with(head, SLICE("PK\x05\x06")))
		return NULL;
	if (contains(head, SLICE("xl/")))
		return &xlsx;
	if (contains(head, SLICE("opendocument.spreadsheet")))
		return &spreadsheet;
	return &archive;
}

/* Bytes that no text holds, by their share: one NUL in a CSV file is damage of a row, every
 * second byte is another encoding. */
static const struct magic *find_binary(struct slice head)
{
	static const struct magic utf16 = MAGIC(0, "", "text in UTF-16", RECODE),
				  binary = MAGIC(0, "", "a binary file", EXPORT);
	size_t nul[2] = {0, 0}, control = 0;

	for (size_t i = 0; i < head.size; i++) {
		unsigned char byte = (unsigned char)head.data[i];
		nul[i % 2] += byte == 0;
		control += byte < 0x20 && !(byte >= '\t' && byte <= '\r') && byte != 0x1B;
	}
	size_t nuls = nul[0] + nul[1], fewer = nul[0] < nul[1] ? nul[0] : nul[1];
	if (nuls >= 2 && nuls * 10 >= head.size * 3 && fewer * 10 <= nuls)
		return &utf16;
	if (head.size >= 64 && control * 10 >= head.size)
		return &binary;
	return NULL;
}

static const struct magic *find_unsupported(struct slice head)
{
	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
		if (is_magic(head, &magics[i]))
			return &magics[i];
	const struct magic *zip = find_zip(head);
	return zip ? zip : find_binary(head);
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

enum status sniff_format(struct slice head, bool whole, enum file_format *format,
			 struct error *err)
{
	const struct magic *found = find_unsupported(head);

	if (found)
		return error_set(err, STATUS_UNSUPPORTED, "unsupported-format",
				 "The file seems to be %s, which is not read: %s.", found->what,
				 found->remedy);
	head = from(head, sniff_byte_order_mark(head));
	size_t start = json_skip_space(head, 0);
	if (start == head.size)
		*format = FORMAT_CSV;
	else if (head.data[start] == '[')
		*format = FORMAT_JSON;
	else if (head.data[start] == '{')
		*format = sniff_json_layout(head, whole) == JSON_LINES ? FORMAT_NDJSON : FORMAT_JSON;
	else
		*format = whole && is_one_value(head) ? FORMAT_JSON : FORMAT_CSV;
	return STATUS_OK;
}
