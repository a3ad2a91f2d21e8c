#include "base/json_writer.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

void json_writer_init(struct json_writer *json, struct strbuf *out)
{
	*json = (struct json_writer){.out = out};
}

static void separate(struct json_writer *json)
{
	if (json->needs_comma)
		strbuf_add_byte(json->out, ',');
	json->needs_comma = true;
}

static void begin(struct json_writer *json, char bracket)
{
	separate(json);
	strbuf_add_byte(json->out, bracket);
	json->needs_comma = false;
}

static void end(struct json_writer *json, char bracket)
{
	strbuf_add_byte(json->out, bracket);
	json->needs_comma = true;
}

void json_begin_object(struct json_writer *json)
{
	begin(json, '{');
}

void json_end_object(struct json_writer *json)
{
	end(json, '}');
}

void json_begin_array(struct json_writer *json)
{
	begin(json, '[');
}

void json_end_array(struct json_writer *json)
{
	end(json, ']');
}

void json_put_member(struct json_writer *json, const char *name)
{
	json_put_member_slice(json, slice_of_string(name));
}

void json_put_member_slice(struct json_writer *json, struct slice name)
{
	json_put_string(json, name);
	strbuf_add_byte(json->out, ':');
	json->needs_comma = false;
}

void json_put_int_member(struct json_writer *json, const char *name, int64_t value)
{
	json_put_member(json, name);
	json_put_int(json, value);
}

void json_put_text_member(struct json_writer *json, const char *name, const char *text)
{
	json_put_member(json, name);
	json_put_text(json, text);
}

void json_put_null(struct json_writer *json)
{
	json_put_raw(json, SLICE("null"));
}

void json_put_bool(struct json_writer *json, bool value)
{
	json_put_raw(json, value ? SLICE("true") : SLICE("false"));
}

void json_put_int(struct json_writer *json, int64_t value)
{
	separate(json);
	strbuf_add_int(json->out, value);
}

void json_put_double(struct json_writer *json, double value, int digits)
{
	char text[32];

	if (!isfinite(value)) {
		json_put_null(json);
		return;
	}
	for (int precision = digits < 6 ? digits : 6;; precision++) {
		snprintf(text, sizeof text, "%.*g", precision, value);
		if (precision >= digits || strtod(text, NULL) == value)
			break;
	}
	json_put_raw(json, slice_of_string(text));
}

static void add_escape(struct strbuf *out, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	static const char short_names[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',
					   ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
					   ['\\'] = '\\'};
	char escape[6] = {'\\', 'u', '0', '0', 0, 0};

	if (byte < sizeof short_names && short_names[byte]) {
		escape[1] = short_names[byte];
		strbuf_add(out, escape, 2);
		return;
	}
	escape[4] = hex[byte >> 4];
	escape[5] = hex[byte & 15];
	strbuf_add(out, escape, 6);
}

void json_put_string(struct json_writer *json, struct slice text)
{
	struct strbuf *out = json->out;
	size_t at = 0, plain = 0;

	separate(json);
	strbuf_add_byte(out, '"');
	while (at < text.size) {
		unsigned char byte = (unsigned char)text.data[at];
		uint32_t code_point;
		size_t size;

		if (byte < 0x80) {
			if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F) {
				at++;
				continue;
			}
			strbuf_add(out, text.data + plain, at - plain);
			add_escape(out, byte);
			plain = ++at;
			continue;
		}
		size = utf8_decode(text, at, &code_point);
		if (size == 0) {
			strbuf_add(out, text.data + plain, at - plain);
			strbuf_add_string(out, "\xEF\xBF\xBD");
			at += utf8_damage_size(text, at);
			plain = at;
			continue;
		}
		at += size;
	}
	if (at > plain)
		strbuf_add(out, text.data + plain, at - plain);
	strbuf_add_byte(out, '"');
}

void json_put_text(struct json_writer *json, const char *text)
{
	if (text)
		json_put_string(json, slice_of_string(text));
	else
		json_put_null(json);
}

void json_put_raw(struct json_writer *json, struct slice value)
{
	separate(json);
	strbuf_add_slice(json->out, value);
}

void json_put_damaged_raw(struct json_writer *json, struct slice value)
{
	separate(json);
	while (value.size) {
		size_t whole = utf8_valid_prefix(value);
		strbuf_add(json->out, value.data, whole);
		if (whole < value.size) {
			strbuf_add_string(json->out, "\xEF\xBF\xBD");
			whole += utf8_damage_size(value, whole);
		}
		value = slice_of(value.data + whole, value.size - whole);
	}
}
