#include "api/internal.h"

#include "base/utf8.h"

#include "base/banned.h"

/* Without ".gz" or ".zst" and one ending before it. */
static struct slice stem_of(struct slice name)
{
	static const char *const packed[] = {".gz", ".zst"};

	for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
		size_t size = strlen(packed[i]);
		if (name.size > size && memcmp(name.data + name.size - size, packed[i], size) == 0) {
			name.size -= size;
			break;
		}
	}
	for (size_t at = name.size; at > 1; at--)
		if (name.data[at - 1] == '.')
			return slice_of(name.data, at - 1);
	return name;
}

/* What any client reads: printable ASCII that needs no quoting. */
static void add_plain(struct strbuf *out, struct slice text)
{
	size_t at = 0;

	while (at < text.size) {
		uint32_t code_point;
		size_t size = utf8_decode(text, at, &code_point);
		bool plain = size == 1 && code_point >= 0x20 && code_point < 0x7F && code_point != '"' &&
			     code_point != '\\' && code_point != '%';
		strbuf_add_byte(out, plain ? text.data[at] : '_');
		at += size ? size : 1;
	}
}

/* RFC 8187: attr-char as it is, the rest escaped. */
static void add_extended(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     (c && strchr("!#$&+-.^_`|~", c));
		if (plain)
			strbuf_add_byte(out, c);
		else
			strbuf_add_format(out, "%%%02X", (unsigned char)c);
	}
}

void respond_as_download(struct api_call *call, struct slice filename, const char *ending)
{
	struct slice stem = stem_of(filename), end = slice_of_string(ending);
	struct strbuf value;

	strbuf_init(&value, 16 * 1024);
	strbuf_add_string(&value, "attachment; filename=\"");
	add_plain(&value, stem);
	add_plain(&value, end);
	strbuf_add_string(&value, "\"; filename*=UTF-8''");
	add_extended(&value, stem);
	add_extended(&value, end);
	if (strbuf_ok(&value))
		http_response_header(call->response, "Content-Disposition", strbuf_slice(&value));
	strbuf_release(&value);
}
