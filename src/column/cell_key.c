#include "column/cell_key.h"

#include "base/hash.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

/* A number's key: its kind, its sign, its exponent and its digits. The value is 0.DIGITS × 10^exponent, with
 * neither a leading nor a trailing zero among the digits. Of negative numbers, exponent and digits are turned
 * around, and 0xFF behind the digits makes the shorter one the greater. */
enum { SIGN_NEGATIVE = 1, SIGN_ZERO = 2, SIGN_POSITIVE = 3, SIGN_AT = 1, EXPONENT_AT = 2, DIGITS_AT = 6 };
enum { DIGITS_MOST = KEY_TEXT_MOST - DIGITS_AT };

static const int64_t EXPONENT_MOST = INT32_MAX;

struct decimal {
	bool negative;
	int64_t exponent;
	size_t count;
	char digits[DIGITS_MOST];
};

static int64_t clamp_exponent(int64_t exponent)
{
	if (exponent > EXPONENT_MOST)
		return EXPONENT_MOST;
	return exponent < -EXPONENT_MOST ? -EXPONENT_MOST : exponent;
}

/* `text` is a JSON number. */
static struct decimal read_decimal(struct slice text)
{
	struct decimal number = {.negative = text.size && text.data[0] == '-'};
	bool in_fraction = false;
	size_t at = number.negative;

	for (; at < text.size && text.data[at] != 'e' && text.data[at] != 'E'; at++) {
		char c = text.data[at];
		if (c == '.') {
			in_fraction = true;
			continue;
		}
		bool leading = c == '0' && !number.count;
		if (!leading && number.count < DIGITS_MOST)
			number.digits[number.count++] = c;
		if (!in_fraction && !leading)
			number.exponent++;
		else if (in_fraction && leading)
			number.exponent--;
	}
	if (at < text.size) {
		int64_t power = 0;
		bool minus = text.data[at + 1] == '-';
		for (at += minus || text.data[at + 1] == '+' ? 2 : 1; at < text.size; at++)
			power = power < EXPONENT_MOST ? power * 10 + (text.data[at] - '0') : power;
		number.exponent += minus ? -power : power;
	}
	while (number.count && number.digits[number.count - 1] == '0')
		number.count--;
	number.exponent = clamp_exponent(number.exponent);
	return number;
}

static void key_of_number(struct slice text, struct key_buffer *key)
{
	struct decimal number = read_decimal(text);
	unsigned char *bytes = key->bytes;

	bytes[0] = KEY_NUMBER;
	if (!number.count) {
		bytes[SIGN_AT] = SIGN_ZERO;
		key->size = EXPONENT_AT;
		return;
	}
	uint32_t exponent = (uint32_t)(number.exponent + EXPONENT_MOST + 1);
	bytes[SIGN_AT] = number.negative ? SIGN_NEGATIVE : SIGN_POSITIVE;
	if (number.negative)
		exponent = ~exponent;
	for (int i = 0; i < 4; i++)
		bytes[EXPONENT_AT + i] = (unsigned char)(exponent >> (24 - 8 * i));
	for (size_t i = 0; i < number.count; i++)
		bytes[DIGITS_AT + i] =
			(unsigned char)(number.negative ? '0' + '9' - number.digits[i] : number.digits[i]);
	key->size = DIGITS_AT + number.count;
	if (number.negative)
		bytes[key->size++] = 0xFF;
}

static void key_of_text(enum key_kind kind, struct slice text, struct key_buffer *key)
{
	size_t kept = text.size > KEY_TEXT_MOST ? KEY_TEXT_MOST : text.size;

	key->bytes[0] = (unsigned char)kind;
	if (kept)
		memcpy(key->bytes + 1, text.data, kept);
	key->size = 1 + kept;
	if (kept < text.size) {
		unsigned char digest[SHA256_SIZE];
		sha256_of(text, digest);
		memcpy(key->bytes + key->size, digest, KEY_HASH_SIZE);
		key->size += KEY_HASH_SIZE;
	}
}

void key_of_string(struct slice text, struct key_buffer *key)
{
	key_of_text(KEY_STRING, text, key);
}

void key_of_value(struct value value, struct key_buffer *key)
{
	switch (value.kind) {
	case VALUE_NULL:
		key->size = 0;
		break;
	case VALUE_BOOLEAN:
		key->bytes[0] = KEY_BOOLEAN;
		key->bytes[1] = slice_is(value.text, "true");
		key->size = 2;
		break;
	case VALUE_NUMBER:
		key_of_number(value.text, key);
		break;
	case VALUE_STRING:
		key_of_text(KEY_STRING, value.text, key);
		break;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		key_of_text(KEY_TEXT, value.text, key);
		break;
	}
}

void key_successor(struct key_buffer *key)
{
	key->bytes[key->size++] = 0;
}

/* The kind's own byte is below 0xFF, so that there is always one to add to. */
void key_prefix_end(struct key_buffer *key)
{
	while (key->bytes[key->size - 1] == 0xFF)
		key->size--;
	key->bytes[key->size - 1]++;
}

void key_kind_start(enum key_kind kind, struct key_buffer *key)
{
	key->bytes[0] = (unsigned char)kind;
	key->size = 1;
}

void key_kind_end(enum key_kind kind, struct key_buffer *key)
{
	key_kind_start((enum key_kind)(kind + 0x10), key);
}

static struct decimal decimal_of_key(struct slice key)
{
	const unsigned char *bytes = (const unsigned char *)key.data;
	struct decimal number = {.negative = bytes[SIGN_AT] == SIGN_NEGATIVE};
	uint32_t exponent = 0;

	if (bytes[SIGN_AT] == SIGN_ZERO)
		return number;
	for (int i = 0; i < 4; i++)
		exponent = exponent << 8 | bytes[EXPONENT_AT + i];
	if (number.negative)
		exponent = ~exponent;
	number.exponent = (int64_t)exponent - EXPONENT_MOST - 1;
	number.count = key.size - DIGITS_AT - number.negative;
	for (size_t i = 0; i < number.count; i++)
		number.digits[i] =
			(char)(number.negative ? '0' + '9' - bytes[DIGITS_AT + i] : bytes[DIGITS_AT + i]);
	return number;
}

/* As a JSON number: plain where that is short, else with an exponent. */
static void write_decimal(const struct decimal *number, struct strbuf *out)
{
	size_t whole = number->exponent > 0 ? (size_t)number->exponent : 0;

	if (!number->count) {
		strbuf_add_byte(out, '0');
		return;
	}
	if (number->negative)
		strbuf_add_byte(out, '-');
	if (number->exponent > 21 || number->exponent < -6) {
		strbuf_add_byte(out, number->digits[0]);
		if (number->count > 1) {
			strbuf_add_byte(out, '.');
			strbuf_add(out, number->digits + 1, number->count - 1);
		}
		strbuf_add_format(out, "e%lld", (long long)number->exponent - 1);
		return;
	}
	if (!whole)
		strbuf_add_byte(out, '0');
	for (size_t i = 0; i < whole; i++)
		strbuf_add_byte(out, i < number->count ? number->digits[i] : '0');
	if (number->count <= whole)
		return;
	strbuf_add_byte(out, '.');
	for (int64_t zeros = number->exponent; zeros < 0; zeros++)
		strbuf_add_byte(out, '0');
	strbuf_add(out, number->digits + whole, number->count - whole);
}

double key_number(struct slice key)
{
	struct decimal number = decimal_of_key(key);
	char text[2 + DIGITS_MOST + 24];

	if (!number.count)
		return 0;
	snprintf(text, sizeof text, "%s0.%.*se%lld", number.negative ? "-" : "", (int)number.count,
		 number.digits, (long long)number.exponent);
	return strtod(text, NULL);
}

void key_write_json(struct slice key, struct json_writer *json)
{
	struct strbuf text;

	strbuf_init(&text, 2 * KEY_MOST);
	switch (key_kind_of(key)) {
	case KEY_NUMBER: {
		struct decimal number = decimal_of_key(key);
		write_decimal(&number, &text);
		json_put_raw(json, strbuf_slice(&text));
		break;
	}
	case KEY_BOOLEAN:
		json_put_bool(json, key.data[1] != 0);
		break;
	case KEY_STRING:
	case KEY_TEXT:
	case KEY_END:
		if (key_is_cut(key)) {
			struct slice kept = slice_of(key.data + 1, KEY_TEXT_MOST);
			strbuf_add(&text, kept.data, utf8_valid_prefix(kept));
			strbuf_add_string(&text, "…");
			json_put_string(json, strbuf_slice(&text));
		} else if (key_kind_of(key) == KEY_STRING) {
			json_put_string(json, slice_of(key.data + 1, key.size - 1));
		} else {
			json_put_raw(json, slice_of(key.data + 1, key.size - 1));
		}
		break;
	}
	strbuf_release(&text);
}

uint64_t key_hash(struct slice text)
{
	uint64_t hash = 0x9E3779B97F4A7C15u ^ text.size;
	size_t at = 0;

	for (; at + 8 <= text.size; at += 8) {
		uint64_t word;
		memcpy(&word, text.data + at, 8);
		hash = (hash ^ word) * 0xFF51AFD7ED558CCDu;
		hash ^= hash >> 32;
	}
	for (; at < text.size; at++)
		hash = (hash ^ (unsigned char)text.data[at]) * 0xC4CEB9FE1A85EC53u;
	return hash ^ hash >> 29;
}
