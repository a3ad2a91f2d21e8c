/* A growing run of bytes.
 *
 * Invariants: data[size] is always '\0' (the empty buffer points to a static one); size never
 * passes `cap`. An append that would pass the cap or finds no memory changes nothing but
 * `failed`, which stays: a caller appends freely and asks strbuf_ok() once before using
 * the bytes.
 *
 *	struct strbuf out;
 *	strbuf_init(&out, 1 << 20);
 *	strbuf_add_format(&out, "%d rows", 3);
 *	if (!strbuf_ok(&out)) …
 *	strbuf_release(&out);
 *
 * Threads: a buffer belongs to one thread at a time. */
#ifndef ROWMILL_BASE_STRBUF_H
#define ROWMILL_BASE_STRBUF_H

#include "base/slice.h"

struct strbuf {
	char *data;
	size_t size;      /* bytes in use, without the terminating NUL */
	size_t allocated; /* 0: data is the shared empty string */
	size_t cap;       /* the most that size may become */
	bool failed;
};

void strbuf_init(struct strbuf *buf, size_t cap);
void strbuf_release(struct strbuf *buf); /* a zeroed struct is fine */
void strbuf_clear(struct strbuf *buf);   /* empties, keeps the memory, forgets a failure */

/* The bytes as a heap block that the caller frees; the buffer is empty afterwards.
 * NULL if the buffer has failed. */
char *strbuf_take(struct strbuf *buf, size_t *size);

static inline bool strbuf_ok(const struct strbuf *buf)
{
	return !buf->failed;
}

/* Good until the next call that changes the buffer. */
static inline struct slice strbuf_slice(const struct strbuf *buf)
{
	return slice_of(buf->data, buf->size);
}

/* Room for `size` more bytes, to be written at data + size and counted by adding to size;
 * NULL on failure. */
char *strbuf_reserve(struct strbuf *buf, size_t size);

void strbuf_add(struct strbuf *buf, const void *data, size_t size);
void strbuf_add_slice(struct strbuf *buf, struct slice text);
void strbuf_add_string(struct strbuf *buf, const char *text);
void strbuf_add_byte(struct strbuf *buf, char byte);
void strbuf_add_int(struct strbuf *buf, int64_t value);
void strbuf_add_format(struct strbuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
