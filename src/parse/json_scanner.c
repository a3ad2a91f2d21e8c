#include "parse/json_scanner.h"

#include "parse/bytes.h"

#include "base/banned.h"

/* What comes next. A number that could end where it stands is in one of the last four. */
enum state {
	STATE_VALUE,
	STATE_FIRST_ELEMENT, /* a value or ']' */
	STATE_FIRST_KEY,     /* a key or '}' */
	STATE_KEY,
	STATE_COLON,
	STATE_AFTER, /* ',' or the closing bracket */
	STATE_STRING,
	STATE_ESCAPE,
	STATE_HEX,
	STATE_LITERAL,
	STATE_MINUS,
	STATE_POINT,
	STATE_EXPONENT,
	STATE_EXPONENT_SIGN,
	STATE_ZERO,
	STATE_INTEGER,
	STATE_FRACTION,
	STATE_EXPONENT_DIGITS,
};

static bool in_object(const struct json_scanner *scanner)
{
	unsigned level = scanner->depth - 1;

	return scanner->objects[level / 64] >> level % 64 & 1;
}

static bool fail(struct json_scanner *scanner, const char *problem)
{
	scanner->progress = JSON_FAILED;
	scanner->problem = problem;
	return false;
}

/* A value is complete. */
static void end_value(struct json_scanner *scanner)
{
	if (scanner->depth == 0)
		scanner->progress = JSON_DONE;
	else
		scanner->state = STATE_AFTER;
}

static bool open_level(struct json_scanner *scanner, bool object)
{
	if (scanner->depth == scanner->depth_limit)
		return fail(scanner, "arrays and objects are nested more than 512 deep");
	uint64_t bit = (uint64_t)1 << scanner->depth % 64;
	uint64_t *word = &scanner->objects[scanner->depth / 64];
	*word = object ? *word | bit : *word & ~bit;
	scanner->depth++;
	scanner->state = object ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT;
	return true;
}

static bool close_level(struct json_scanner *scanner)
{
	scanner->depth--;
	end_value(scanner);
	return true;
}

static bool begin_string(struct json_scanner *scanner, bool key)
{
	scanner->in_key = key;
	scanner->state = STATE_STRING;
	return true;
}

static bool begin_literal(struct json_scanner *scanner, const char *rest)
{
	scanner->literal = rest;
	scanner->state = STATE_LITERAL;
	return true;
}

static bool become(struct json_scanner *scanner, enum state state)
{
	scanner->state = (unsigned char)state;
	return true;
}

static bool begin_value(struct json_scanner *scanner, char byte)
{
	switch (byte) {
	case '{':
		return open_level(scanner, true);
	case '[':
		return open_level(scanner, false);
	case '"':
		return begin_string(scanner, false);
	case 't':
		return begin_literal(scanner, "rue");
	case 'f':
		return begin_literal(scanner, "alse");
	case 'n':
		return begin_literal(scanner, "ull");
	case '-':
		return become(scanner, STATE_MINUS);
	case '0':
		return become(scanner, STATE_ZERO);
	default:
		if (byte >= '1' && byte <= '9')
			return become(scanner, STATE_INTEGER);
		return fail(scanner, "a value is expected here");
	}
}

/* Between tokens. Each step takes one byte, or returns false where the value or the scan ended
 * before it. */
static bool step_structure(struct json_scanner *scanner, char byte)
{
	if (json_is_space(byte))
		return true;
	switch (scanner->state) {
	case STATE_FIRST_ELEMENT:
		if (byte == ']')
			return close_level(scanner);
		return begin_value(scanner, byte);
	case STATE_FIRST_KEY:
		if (byte == '}')
			return close_level(scanner);
		/* fall through */
	case STATE_KEY:
		if (byte == '"')
			return begin_string(scanner, true);
		return fail(scanner, "a key in double quotes is expected here");
	case STATE_COLON:
		if (byte != ':')
			return fail(scanner, "a colon is expected here");
		scanner->members += scanner->depth == 1;
		return become(scanner, STATE_VALUE);
	case STATE_AFTER:
		if (byte == ',')
			return become(scanner, in_object(scanner) ? STATE_KEY : STATE_VALUE);
		if (byte == (in_object(scanner) ? '}' : ']'))
			return close_level(scanner);
		return fail(scanner, in_object(scanner) ? "a comma or } is expected here"
							: "a comma or ] is expected here");
	default:
		return begin_value(scanner, byte);
	}
}

static bool step_string(struct json_scanner *scanner, char byte)
{
	if (byte == '\\')
		return become(scanner, STATE_ESCAPE);
	if (byte != '"')
		return fail(scanner, "a control character in a string must be escaped");
	if (scanner->in_key)
		return become(scanner, STATE_COLON);
	end_value(scanner);
	return true;
}

static bool step_escape(struct json_scanner *scanner, char byte)
{
	if (scanner->state == STATE_ESCAPE) {
		if (byte == 'u') {
			scanner->hex_digits = 4;
			return become(scanner, STATE_HEX);
		}
		if (byte == '\0' || !strchr("\"\\/bfnrt", byte))
			return fail(scanner, "there is no such escape");
		return become(scanner, STATE_STRING);
	}
	if (byte == '\0' || !strchr("0123456789abcdefABCDEF", byte))
		return fail(scanner, "\\u needs four hexadecimal digits");
	if (--scanner->hex_digits == 0)
		scanner->state = STATE_STRING;
	return true;
}

static bool step_literal(struct json_scanner *scanner, char byte)
{
	if (byte != *scanner->literal)
		return fail(scanner, "only true, false and null may be written without quotes");
	if (*++scanner->literal == '\0')
		end_value(scanner);
	return true;
}

static bool step_number(struct json_scanner *scanner, char byte)
{
	bool digit = byte >= '0' && byte <= '9', e = byte == 'e' || byte == 'E';

	switch (scanner->state) {
	case STATE_MINUS:
		if (digit)
			return become(scanner, byte == '0' ? STATE_ZERO : STATE_INTEGER);
		return fail(scanner, "a digit is expected here");
	case STATE_POINT:
		if (digit)
			return become(scanner, STATE_FRACTION);
		return fail(scanner, "a digit is expected here");
	case STATE_EXPONENT:
		if (byte == '+' || byte == '-')
			return become(scanner, STATE_EXPONENT_SIGN);
		/* fall through */
	case STATE_EXPONENT_SIGN:
		if (digit)
			return become(scanner, STATE_EXPONENT_DIGITS);
		return fail(scanner, "a digit is expected here");
	case STATE_ZERO:
		if (digit)
			return fail(scanner, "a number must not begin with a zero");
		/* fall through */
	case STATE_INTEGER:
		if (byte == '.')
			return become(scanner, STATE_POINT);
		/* fall through */
	case STATE_FRACTION:
		if (e)
			return become(scanner, STATE_EXPONENT);
		/* fall through */
	default:
		if (digit)
			return true;
	}
	end_value(scanner);
	return false;
}

void json_scanner_start(struct json_scanner *scanner, unsigned depth_limit)
{
	*scanner = (struct json_scanner){.depth_limit = depth_limit};
}

size_t json_scan(struct json_scanner *scanner, struct slice bytes)
{
	size_t at = 0;

	while (at < bytes.size && scanner->progress == JSON_SCANNING) {
		bool taken;
		if (scanner->state == STATE_STRING) {
			at += bytes_find_string_special(
				slice_of(bytes.data + at, bytes.size - at));
			if (at == bytes.size)
				break;
			taken = step_string(scanner, bytes.data[at]);
		} else if (scanner->state < STATE_STRING) {
			taken = step_structure(scanner, bytes.data[at]);
		} else if (scanner->state >= STATE_MINUS) {
			taken = step_number(scanner, bytes.data[at]);
		} else if (scanner->state == STATE_LITERAL) {
			taken = step_literal(scanner, bytes.data[at]);
		} else {
			taken = step_escape(scanner, bytes.data[at]);
		}
		at += taken;
	}
	return at;
}

void json_scan_end(struct json_scanner *scanner)
{
	if (scanner->state >= STATE_ZERO && scanner->depth == 0)
		scanner->progress = JSON_DONE;
	else if (scanner->state == STATE_VALUE && scanner->depth == 0)
		fail(scanner, "the text ends where a value is expected");
	else if (scanner->state >= STATE_STRING && scanner->state <= STATE_HEX)
		fail(scanner, "the text ends inside a string");
	else
		fail(scanner, "the text ends before the value is complete");
}

enum json_progress json_check(struct slice text, struct json_scanner *scanner, size_t *at)
{
	struct json_scanner own;

	if (!scanner)
		scanner = &own;
	json_scanner_start(scanner, JSON_DEPTH_LIMIT);
	size_t used = json_scan(scanner, text);
	if (scanner->progress == JSON_DONE) {
		used = json_skip_space(text, used);
		if (used < text.size)
			fail(scanner, "nothing may follow the value");
	}
	if (at)
		*at = used;
	return scanner->progress;
}
