/* A cell's value as bytes that memcmp puts in order: what columns hold and compare.
 *
 * Numbers come first, by their exact decimal value (30, 30.0 and 3e1 are one number; no digit is lost to
 * binary fractions), then strings by code point, then false and true, then arrays and objects by their
 * text. null has no key: it is the absence of a value.
 *
 * Keys are bounded: of a longer text, the first KEY_TEXT_MOST bytes and a hash of all of it. Such texts are
 * told apart exactly, and put in order by those first bytes.
 *
 * A range of keys is half-open, [from, to): key_successor() of a key is the least key behind it.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_COLUMN_CELL_KEY_H
#define ROWMILL_COLUMN_CELL_KEY_H

#include "base/json_writer.h"
#include "record/record.h"

enum {
	KEY_TEXT_MOST = 255,
	KEY_HASH_SIZE = 16,
	KEY_MOST = 1 + KEY_TEXT_MOST + KEY_HASH_SIZE, /* bytes of a key */
};

/* First bytes of keys. */
enum key_kind { KEY_NUMBER = 0x10, KEY_STRING = 0x20, KEY_BOOLEAN = 0x30, KEY_TEXT = 0x40, KEY_END = 0x50 };

struct key_buffer {
	unsigned char bytes[KEY_MOST + 1];
	size_t size;
};

static inline struct slice key_slice(const struct key_buffer *key)
{
	return slice_of((const char *)key->bytes, key->size);
}

/* The key of a value; of null the empty one. */
void key_of_value(struct value value, struct key_buffer *key);
void key_of_string(struct slice text, struct key_buffer *key);

void key_successor(struct key_buffer *key);

/* From the key of a string to the least key behind all that begin with it. */
void key_prefix_end(struct key_buffer *key);

/* Where the keys of a kind begin, and where those of the next do. */
void key_kind_start(enum key_kind kind, struct key_buffer *key);
void key_kind_end(enum key_kind kind, struct key_buffer *key);

static inline int key_compare(struct slice a, struct slice b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? memcmp(a.data, b.data, common) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* For tables of keys, or of other short texts, in this process. */
uint64_t key_hash(struct slice text);

static inline enum key_kind key_kind_of(struct slice key)
{
	return (enum key_kind)((unsigned char)key.data[0] & 0xF0);
}

/* The nearest float64 of a number's key. */
double key_number(struct slice key);

/* Whether the key stands for a text that was cut. */
static inline bool key_is_cut(struct slice key)
{
	return key.size == KEY_MOST;
}

/* The value as JSON; of a cut text its first characters with "…" behind them, as a string. */
void key_write_json(struct slice key, struct json_writer *json);

#endif
