#include "search/cursor.h"

#include "base/hash.h"

#include "base/banned.h"

/* 28 bytes of position, two of the keys' size and the keys where there are any, 8 bytes of SHA-256 over all that
 * and the list's id. Zeros behind the keys make it a multiple of three. */
enum {
	POSITION_SIZE = 28,
	CHECK_SIZE = 8,
	BINARY_MOST = POSITION_SIZE + 2 + CURSOR_KEYS_MOST + 2 + CHECK_SIZE,
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

uint64_t cursor_list_id(const char *kind, struct slice conditions)
{
	unsigned char digest[SHA256_SIZE];
	struct strbuf text;
	uint64_t id;

	strbuf_init(&text, SIZE_MAX / 2);
	strbuf_add_string(&text, kind);
	strbuf_add_byte(&text, '\0');
	strbuf_add_slice(&text, conditions);
	sha256_of(strbuf_slice(&text), digest);
	strbuf_release(&text);
	memcpy(&id, digest, sizeof id);
	return id;
}

static void seal(const unsigned char *bytes, size_t size, uint64_t list_id, unsigned char check[CHECK_SIZE])
{
	unsigned char text[BINARY_MOST + sizeof list_id], digest[SHA256_SIZE];

	memcpy(text, bytes, size);
	memcpy(text + size, &list_id, sizeof list_id);
	sha256_of(slice_of((const char *)text, size + sizeof list_id), digest);
	memcpy(check, digest, CHECK_SIZE);
}

void cursor_write(const struct cursor *cursor, uint64_t list_id, struct strbuf *out)
{
	unsigned char bytes[BINARY_MOST] = {0};
	size_t size = POSITION_SIZE;
	uint16_t keys_size = cursor->keys_size;

	memcpy(bytes, &cursor->id, 8);
	memcpy(bytes + 8, &cursor->offset, 8);
	memcpy(bytes + 16, &cursor->total, 8);
	memcpy(bytes + 24, &cursor->score, 4);
	if (keys_size) {
		memcpy(bytes + size, &keys_size, sizeof keys_size);
		memcpy(bytes + size + sizeof keys_size, cursor->keys, keys_size);
		size += sizeof keys_size + keys_size;
		size += 2 - (size + CHECK_SIZE + 2) % 3;
	}
	seal(bytes, size, list_id, bytes + size);
	for (size_t i = 0; i < size + CHECK_SIZE; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			strbuf_add_byte(out, alphabet[three >> shift & 63]);
	}
}

static bool decode(struct slice text, unsigned char *bytes)
{
	for (size_t i = 0; i < text.size; i += 4) {
		uint32_t three = 0;
		for (size_t j = 0; j < 4; j++) {
			const char *at = memchr(alphabet, text.data[i + j], sizeof alphabet - 1);
			if (!at)
				return false;
			three = three << 6 | (uint32_t)(at - alphabet);
		}
		bytes[i / 4 * 3] = (unsigned char)(three >> 16);
		bytes[i / 4 * 3 + 1] = (unsigned char)(three >> 8);
		bytes[i / 4 * 3 + 2] = (unsigned char)three;
	}
	return true;
}

bool cursor_parse(struct slice text, uint64_t list_id, struct cursor *cursor)
{
	unsigned char bytes[BINARY_MOST], check[CHECK_SIZE];
	size_t whole = text.size / 4 * 3, size = whole - CHECK_SIZE;
	uint16_t keys_size = 0;

	if (text.size % 4 || whole < POSITION_SIZE + CHECK_SIZE || whole > sizeof bytes || !decode(text, bytes))
		return false;
	seal(bytes, size, list_id, check);
	if (memcmp(check, bytes + size, CHECK_SIZE) != 0)
		return false;
	*cursor = (struct cursor){0};
	memcpy(&cursor->id, bytes, 8);
	memcpy(&cursor->offset, bytes + 8, 8);
	memcpy(&cursor->total, bytes + 16, 8);
	memcpy(&cursor->score, bytes + 24, 4);
	if (size > POSITION_SIZE)
		memcpy(&keys_size, bytes + POSITION_SIZE, sizeof keys_size);
	if (keys_size > CURSOR_KEYS_MOST || (keys_size && (size_t)POSITION_SIZE + 2 + keys_size > size))
		return false;
	if (keys_size)
		memcpy(cursor->keys, bytes + POSITION_SIZE + 2, keys_size);
	cursor->keys_size = keys_size;
	return true;
}
