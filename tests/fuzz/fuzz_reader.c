/* Whatever bytes a file holds, and whatever its sender says of it: it is read to an end or to an error, within
 * the memory that is allowed, and in pieces as in one piece.
 *
 * The first byte chooses what is told and the size of pieces; the rest is the file. */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "parse/reader.h"

static const struct {
	const char *format, *delimiter, *quote, *escape, *encoding;
} told[] = {
	{"", "", "", "", ""},       {"csv", ",", "\"", "\\", ""}, {"csv", "||", "'", "", ""},
	{"csv", "", "none", "", ""}, {"json", "", "", "", ""},	  {"ndjson", "", "", "", ""},
	{"xlsx", "", "", "", ""},    {"", "", "", "", "utf-16"},  {"", "", "", "", "iso-2022-jp"},
	{"", ", ", "", "", ""},	     {"", "", "", "", "gb18030"}, {"", "", "", "", "utf-8"},
};

enum { TOLD = sizeof told / sizeof told[0], RECORD_LIMIT = 4096, UNPACKED_LIMIT = 1 << 20 };

/* All that the reading came to, in one number; the file's records in *records. */
static uint64_t read_file(int fd, const struct reader_options *options, uint64_t *records)
{
	struct reader *reader;
	struct batch batch;
	struct strbuf out;
	struct json_writer json;
	struct error err = {0};

	*records = 0;
	strbuf_init(&out, 1u << 30);
	must(lseek(fd, 0, SEEK_SET) == 0, "lseek");
	enum status status = reader_open(fd, options, &reader, &err);
	must(batch_init(&batch, 100, 1 << 20), "memory");
	while (status == STATUS_OK) {
		status = reader_next(reader, &batch, &err);
		for (size_t i = 0; i < batch.count; i++) {
			const struct record *record = &batch.records[i];
			json_writer_init(&json, &out);
			record_write_data(record, &json);
			json_writer_init(&json, &out);
			record_write_errors(record, true, &json);
			strbuf_add_slice(&out, record->raw);
			must(record->row == ++*records, "rows are not numbered one by one");
			must(record->raw.size <= RECORD_LIMIT, "a record is over the limit");
		}
		batch_clear(&batch);
	}
	must(status == STATUS_END || err.detail[0], "an error without a word");
	must(status == STATUS_END || status == STATUS_INVALID || status == STATUS_UNSUPPORTED ||
		     status == STATUS_TOO_LARGE,
	     err.detail);
	/* Of a packed file that is damaged, what the library tells of the place depends on the pieces,
	 * and so does how much was read before. */
	if (strstr(err.code, "compression") || strstr(err.code, "unpacked")) {
		strbuf_clear(&out);
		*records = 0;
		strbuf_add_string(&out, err.code);
	} else {
		strbuf_add_format(&out, "%d %s", (int)status, err.detail);
	}
	uint64_t sum = 0xCBF29CE484222325u;
	for (size_t i = 0; i < out.size; i++)
		sum = (sum ^ (unsigned char)out.data[i]) * 0x100000001B3u;
	strbuf_release(&out);
	batch_release(&batch);
	reader_close(reader);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *word;
	struct error err;
	uint64_t records, records_in_pieces;
	struct reader_options options = {.record_size_limit = RECORD_LIMIT,
					 .unpacked_size_limit = UNPACKED_LIMIT};

	if (size == 0)
		return 0;
	unsigned choice = data[0] % TOLD;
	struct reader_words words = {.format = slice_of_string(told[choice].format),
				     .delimiter = slice_of_string(told[choice].delimiter),
				     .quote = slice_of_string(told[choice].quote),
				     .escape = slice_of_string(told[choice].escape),
				     .encoding = slice_of_string(told[choice].encoding),
				     .skip = data[0] / TOLD % 2 ? -1 : 1};
	must(reader_options_read(&words, &options, &word, &err) == STATUS_OK, "words");
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	must(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)size - 1, "memfd");
	uint64_t whole = read_file(fd, &options, &records);
	options.chunk_size = 1 + data[0] / TOLD / 2;
	uint64_t pieces = read_file(fd, &options, &records_in_pieces);
	must(records == records_in_pieces && whole == pieces, "pieces change the result");
	close(fd);
	return 0;
}
