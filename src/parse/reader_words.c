/* What a user says of a file, turned into options. */
#include <stdio.h>

#include "base/utf8.h"
#include "parse/encoding.h"
#include "parse/reader.h"

#include "base/banned.h"

static const struct {
	const char *name;
	enum file_format format;
} formats[] = {
	{"csv", FORMAT_CSV},   {"tsv", FORMAT_CSV},   {"json", FORMAT_JSON},
	{"ndjson", FORMAT_NDJSON}, {"jsonl", FORMAT_NDJSON}, {"xlsx", FORMAT_XLSX},
};

static enum status refuse(struct error *err, const char *problem)
{
	return error_set(err, STATUS_INVALID, "invalid-option", "%s", problem);
}

static enum status read_format(const struct reader_words *words, struct reader_options *options,
			       struct error *err)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (!slice_equal_ignoring_ascii_case(words->format, slice_of_string(formats[i].name)))
			continue;
		options->format = formats[i].format;
		if (strcmp(formats[i].name, "tsv") == 0 && words->delimiter.size == 0)
			options->delimiter[0] = '\t';
		return STATUS_OK;
	}
	return refuse(err, "must be csv, tsv, json, ndjson or xlsx");
}

static bool divides_rows(char byte)
{
	return byte == '\n' || byte == '\r' || byte == '\0';
}

static enum status read_delimiter(const struct reader_words *words, struct reader_options *options,
				  struct error *err)
{
	struct slice text = words->delimiter;
	uint32_t code_point;

	if (slice_equal_ignoring_ascii_case(text, SLICE("tab")) || slice_is(text, "\\t"))
		text = SLICE("\t");
	size_t size = utf8_decode(text, 0, &code_point);
	bool alone = size == text.size;
	bool spaced = size + 1 == text.size && text.data[0] != ' ' && text.data[size] == ' ';
	bool doubled = size == 1 && text.size == 2 && text.data[1] == text.data[0];
	if (size == 0 || divides_rows(text.data[0]) || !(alone || spaced || doubled))
		return refuse(err, "must be one character that ends no line (or that character twice, or "
				   "with a space behind it)");
	memcpy(options->delimiter, text.data, text.size);
	options->delimiter[text.size] = '\0';
	return STATUS_OK;
}

/* One ASCII character, or none. */
static enum status read_character(struct slice text, char *character, bool *none, struct error *err)
{
	*none = slice_equal_ignoring_ascii_case(text, SLICE("none"));
	if (*none)
		return STATUS_OK;
	if (text.size != 1 || divides_rows(text.data[0]) || (unsigned char)text.data[0] >= 0x80)
		return refuse(err, "must be one ASCII character that ends no line, or none");
	*character = text.data[0];
	return STATUS_OK;
}

static enum status read_quote(const struct reader_words *words, struct reader_options *options,
			      struct error *err)
{
	return read_character(words->quote, &options->quote, &options->no_quotes, err);
}

static enum status read_escape(const struct reader_words *words, struct reader_options *options,
			       struct error *err)
{
	bool none;
	enum status status = read_character(words->escape, &options->escape, &none, err);

	if (status == STATUS_OK && !none && options->escape == options->quote)
		options->escape = '\0';
	return status;
}

static enum status read_encoding(const struct reader_words *words, struct reader_options *options,
				 struct error *err)
{
	struct encoding encoding;

	options->encoding = words->encoding;
	if (encoding_find(words->encoding, &encoding))
		return STATUS_OK;
	return refuse(err, "is no encoding that is known: give a label of the Encoding Standard "
			   "(utf-8, windows-1252, shift_jis, …) or a name of iconv");
}

static enum status read_sheet(const struct reader_words *words, struct reader_options *options,
			      struct error *err)
{
	(void)err;
	options->sheet = words->sheet;
	return STATUS_OK;
}

/* Words that contradict each other. */
static enum status check_together(const struct reader_options *options, const char **word,
				  struct error *err)
{
	char delimiter = options->delimiter[0];
	char quote = options->quote ? options->quote : options->no_quotes ? '\0' : '"';
	bool table = options->format == FORMAT_CSV || options->format == FORMAT_UNKNOWN;
	bool csv_words = delimiter || options->quote || options->no_quotes || options->escape;

	*word = "quote";
	if (delimiter && delimiter == quote)
		return refuse(err, "must not be the delimiter");
	*word = "escape";
	if (options->escape && (options->escape == delimiter || options->escape == ' '))
		return refuse(err, "must not be the delimiter or a space");
	*word = "format";
	if (csv_words && !table)
		return refuse(err, "does not go with delimiter, quote and escape, which are for CSV");
	if (options->sheet.size && options->format != FORMAT_XLSX &&
	    options->format != FORMAT_UNKNOWN)
		return refuse(err, "does not go with sheet, which is for XLSX");
	*word = NULL;
	return STATUS_OK;
}

static const struct {
	const char *name;
	size_t at; /* of its text in the words */
	enum status (*read)(const struct reader_words *, struct reader_options *, struct error *);
} texts[] = {
	{"format", offsetof(struct reader_words, format), read_format},
	{"delimiter", offsetof(struct reader_words, delimiter), read_delimiter},
	{"quote", offsetof(struct reader_words, quote), read_quote},
	{"escape", offsetof(struct reader_words, escape), read_escape},
	{"encoding", offsetof(struct reader_words, encoding), read_encoding},
	{"sheet", offsetof(struct reader_words, sheet), read_sheet},
};

enum { TEXT_COUNT = sizeof texts / sizeof texts[0] };

struct slice *reader_words_text(struct reader_words *words, size_t index, const char **name)
{
	if (index >= TEXT_COUNT)
		return NULL;
	*name = texts[index].name;
	return (struct slice *)(void *)((char *)words + texts[index].at);
}

enum status reader_options_read(const struct reader_words *words, struct reader_options *options,
				const char **word, struct error *err)
{
	options->no_header = words->no_header;
	options->skip_told = words->skip >= 0;
	options->skip_lines = words->skip > 0 ? (uint64_t)words->skip : 0;
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		struct slice text;
		memcpy(&text, (const char *)words + texts[i].at, sizeof text);
		*word = texts[i].name;
		if (text.size == 0)
			continue;
		enum status status = texts[i].read(words, options, err);
		if (status != STATUS_OK)
			return status;
	}
	return check_together(options, word, err);
}
