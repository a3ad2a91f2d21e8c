#include "record/data_reader.h"

#include "base/utf8.h"
#include "record/word_reader.h"

#include "base/banned.h"

void data_reader_init(struct data_reader *reader, struct slice data)
{
	*reader = (struct data_reader){.data = data};
	strbuf_init(&reader->field_text, SIZE_MAX / 2);
	strbuf_init(&reader->value_text, SIZE_MAX / 2);
}

void data_reader_release(struct data_reader *reader)
{
	strbuf_release(&reader->field_text);
	strbuf_release(&reader->value_text);
}

bool data_reader_ok(const struct data_reader *reader)
{
	return strbuf_ok(&reader->field_text) && strbuf_ok(&reader->value_text);
}

static bool read_hex(struct slice text, size_t at, uint32_t *unit)
{
	*unit = 0;
	if (text.size - at < 4)
		return false;
	for (size_t i = at; i < at + 4; i++) {
		char c = text.data[i];
		uint32_t digit = c >= '0' && c <= '9'	? (uint32_t)(c - '0')
				 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
				 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
							: 16;
		if (digit > 15)
			return false;
		*unit = *unit * 16 + digit;
	}
	return true;
}

/* Decodes the escape behind the backslash at `at`; returns where it ends. */
static size_t decode_escape(struct slice text, size_t at, struct strbuf *out)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	uint32_t c, low;
	char utf8[4];

	if (++at == text.size)
		return at;
	const char *name = strchr(names, text.data[at]);
	if (text.data[at] && name)
		strbuf_add_byte(out, bytes[name - names]);
	if (text.data[at] != 'u')
		return at + 1;
	at++;
	if (!read_hex(text, at, &c))
		return at;
	at += 4;
	if (c >= 0xD800 && c < 0xDC00 && text.size - at >= 6 && text.data[at] == '\\' && text.data[at + 1] == 'u' &&
	    read_hex(text, at + 2, &low) && low >= 0xDC00 && low < 0xE000) {
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
		at += 6;
	}
	if (c >= 0xD800 && c < 0xE000)
		c = 0xFFFD;
	strbuf_add(out, utf8, utf8_encode(c, utf8));
	return at;
}

static struct slice decode(struct slice text, struct strbuf *out)
{
	size_t at = 0;

	strbuf_clear(out);
	while (at < text.size) {
		const char *escape = memchr(text.data + at, '\\', text.size - at);
		size_t plain = escape ? (size_t)(escape - text.data) : text.size;
		strbuf_add(out, text.data + at, plain - at);
		at = escape ? decode_escape(text, plain, out) : plain;
	}
	return strbuf_slice(out);
}

/* The string whose opening quote is at reader->at, still encoded; goes behind its closing one. */
static struct slice take_string(struct data_reader *reader, bool *escaped)
{
	struct slice data = reader->data;
	size_t start = ++reader->at, at = start;

	*escaped = false;
	while (at < data.size && data.data[at] != '"') {
		if (data.data[at] == '\\') {
			*escaped = true;
			at++;
		}
		at++;
	}
	if (at > data.size)
		at = data.size;
	reader->at = at < data.size ? at + 1 : at;
	return slice_of(data.data + start, at - start);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* In JSON, only a key is followed by a colon. */
static bool is_before_colon(const struct data_reader *reader)
{
	size_t at = reader->at;

	while (at < reader->data.size && is_space(reader->data.data[at]))
		at++;
	return at < reader->data.size && reader->data.data[at] == ':';
}

/* true: it was a value. */
static bool read_string(struct data_reader *reader)
{
	bool escaped;
	struct slice text = take_string(reader, &escaped);

	if (is_before_colon(reader)) {
		if (reader->depth == 1)
			reader->field = escaped ? decode(text, &reader->field_text) : text;
		return false;
	}
	reader->value = escaped ? decode(text, &reader->value_text) : text;
	reader->is_text = true;
	return true;
}

static bool read_bare(struct data_reader *reader)
{
	size_t start = reader->at;

	while (reader->at < reader->data.size) {
		char c = reader->data.data[reader->at];
		if (is_space(c) || c == ',' || c == ':' || c == '"' || c == '{' || c == '}' || c == '[' || c == ']')
			break;
		reader->at++;
	}
	reader->value = slice_of(reader->data.data + start, reader->at - start);
	reader->is_text = false;
	return !slice_is(reader->value, "null");
}

bool data_reader_next(struct data_reader *reader)
{
	while (reader->at < reader->data.size && data_reader_ok(reader)) {
		char c = reader->data.data[reader->at];
		if (c == '"') {
			if (read_string(reader))
				return data_reader_ok(reader);
		} else if (is_space(c) || c == ',' || c == ':') {
			reader->at++;
		} else if (c == '{' || c == '[') {
			reader->depth++;
			reader->at++;
		} else if (c == '}' || c == ']') {
			reader->depth -= reader->depth > 0;
			reader->at++;
		} else if (read_bare(reader)) {
			return true;
		}
	}
	return false;
}

bool data_fold_words(struct slice data, struct strbuf *out)
{
	struct data_reader reader;

	data_reader_init(&reader, data);
	while (data_reader_next(&reader))
		words_fold(reader.value, out);
	bool done = data_reader_ok(&reader) && strbuf_ok(out);
	data_reader_release(&reader);
	return done;
}
