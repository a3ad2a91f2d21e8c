#include "search/cursor.h"

#include "base/hash.h"

#include "base/banned.h"

/* 28 bytes of position, then 8 bytes of SHA-256 over them and the list's id. */
enum { POSITION_SIZE = 28, CHECK_SIZE = 8, BINARY_SIZE = POSITION_SIZE + CHECK_SIZE, TEXT_SIZE = 48 };

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

static void seal(const unsigned char position[POSITION_SIZE], uint64_t list_id,
		 unsigned char check[CHECK_SIZE])
{
	unsigned char text[POSITION_SIZE + sizeof list_id], digest[SHA256_SIZE];

	memcpy(text, position, POSITION_SIZE);
	memcpy(text + POSITION_SIZE, &list_id, sizeof list_id);
	sha256_of(slice_of((const char *)text, sizeof text), digest);
	memcpy(check, digest, CHECK_SIZE);
}

void cursor_write(const struct cursor *cursor, uint64_t list_id, struct strbuf *out)
{
	unsigned char bytes[BINARY_SIZE];

	memcpy(bytes, &cursor->id, 8);
	memcpy(bytes + 8, &cursor->offset, 8);
	memcpy(bytes + 16, &cursor->total, 8);
	memcpy(bytes + 24, &cursor->score, 4);
	seal(bytes, list_id, bytes + POSITION_SIZE);
	for (size_t i = 0; i < BINARY_SIZE; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			strbuf_add_byte(out, alphabet[three >> shift & 63]);
	}
}

bool cursor_parse(struct slice text, uint64_t list_id, struct cursor *cursor)
{
	unsigned char bytes[BINARY_SIZE], check[CHECK_SIZE];

	if (text.size != TEXT_SIZE)
		return false;
	for (size_t i = 0; i < TEXT_SIZE; i += 4) {
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
	seal(bytes, list_id, check);
	if (memcmp(check, bytes + POSITION_SIZE, CHECK_SIZE) != 0)
		return false;
	memcpy(&cursor->id, bytes, 8);
	memcpy(&cursor->offset, bytes + 8, 8);
	memcpy(&cursor->total, bytes + 16, 8);
	memcpy(&cursor->score, bytes + 24, 4);
	return true;
}
