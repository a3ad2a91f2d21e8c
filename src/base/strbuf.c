#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

/* Shared by every empty buffer and never written: its one byte is already the terminator. */
static char empty[1];

void strbuf_init(struct strbuf *buf, size_t cap)
{
	*buf = (struct strbuf){.data = empty, .cap = cap};
}

void strbuf_release(struct strbuf *buf)
{
	if (buf->allocated)
		free(buf->data);
	*buf = (struct strbuf){.data = empty, .cap = buf->cap};
}

void strbuf_clear(struct strbuf *buf)
{
	buf->size = 0;
	buf->failed = false;
	if (buf->allocated)
		buf->data[0] = '\0';
}

char *strbuf_take(struct strbuf *buf, size_t *size)
{
	if (buf->failed || !strbuf_reserve(buf, 0))
		return NULL;
	char *data = buf->data;
	*size = buf->size;
	*buf = (struct strbuf){.data = empty, .cap = buf->cap};
	return data;
}

char *strbuf_reserve(struct strbuf *buf, size_t size)
{
	if (buf->failed)
		return NULL;
	if (size > buf->cap - buf->size) {
		buf->failed = true;
		return NULL;
	}
	size_t needed = buf->size + size + 1;
	if (needed > buf->allocated) {
		size_t larger = buf->allocated + buf->allocated / 2;
		if (larger > buf->cap + 1)
			larger = buf->cap + 1;
		if (larger < needed)
			larger = needed;
		if (larger < 64 && buf->cap >= 63)
			larger = 64;
		char *data = realloc(buf->allocated ? buf->data : NULL, larger);
		if (!data) {
			buf->failed = true;
			return NULL;
		}
		buf->data = data;
		buf->allocated = larger;
		buf->data[buf->size] = '\0';
	}
	return buf->data + buf->size;
}

void strbuf_add(struct strbuf *buf, const void *data, size_t size)
{
	char *room = strbuf_reserve(buf, size);

	if (!room)
		return;
	if (size)
		memcpy(room, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void strbuf_add_slice(struct strbuf *buf, struct slice text)
{
	strbuf_add(buf, text.data, text.size);
}

void strbuf_add_string(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_add_byte(struct strbuf *buf, char byte)
{
	strbuf_add(buf, &byte, 1);
}

void strbuf_add_int(struct strbuf *buf, int64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		digits[--at] = '-';
	strbuf_add(buf, digits + at, sizeof digits - at);
}

void strbuf_add_format(struct strbuf *buf, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *room = size >= 0 ? strbuf_reserve(buf, (size_t)size) : NULL;
	if (room) {
		vsnprintf(room, (size_t)size + 1, format, again);
		buf->size += (size_t)size;
	} else {
		buf->failed = true;
	}
	va_end(again);
}
