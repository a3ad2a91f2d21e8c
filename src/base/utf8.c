#include "base/utf8.h"

#include "base/banned.h"

/* Table 3-7 of the Unicode standard: what may follow a lead byte. Returns the sequence's
 * size and the range of its second byte; 0 for a byte that leads nothing. */
static size_t sequence(unsigned char lead, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xBF;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF) {
		if (lead == 0xE0)
			*low = 0xA0;
		if (lead == 0xED)
			*high = 0x9F;
		return 3;
	}
	if (lead >= 0xF0 && lead <= 0xF4) {
		if (lead == 0xF0)
			*low = 0x90;
		if (lead == 0xF4)
			*high = 0x8F;
		return 4;
	}
	return 0;
}

/* How many bytes at `at` form the beginning of a character; *wanted is its full size. */
static size_t matching(struct slice text, size_t at, size_t *wanted)
{
	const unsigned char *bytes = (const unsigned char *)text.data + at;
	size_t left = text.size - at, have = 1;
	unsigned char low, high;

	*wanted = sequence(bytes[0], &low, &high);
	if (*wanted == 0)
		return 0;
	while (have < *wanted && have < left && bytes[have] >= low && bytes[have] <= high) {
		have++;
		low = 0x80;
		high = 0xBF;
	}
	return have;
}

size_t utf8_decode(struct slice text, size_t at, uint32_t *code_point)
{
	static const unsigned char lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	const unsigned char *bytes = (const unsigned char *)text.data + at;
	size_t wanted;

	if (matching(text, at, &wanted) != wanted || wanted == 0)
		return 0;
	uint32_t value = bytes[0] & lead_mask[wanted];
	for (size_t i = 1; i < wanted; i++)
		value = value << 6 | (bytes[i] & 0x3F);
	*code_point = value;
	return wanted;
}

size_t utf8_encode(uint32_t code_point, char out[4])
{
	unsigned char *bytes = (unsigned char *)out;

	if (code_point < 0x80) {
		bytes[0] = (unsigned char)code_point;
		return 1;
	}
	if (code_point < 0x800) {
		bytes[0] = (unsigned char)(0xC0 | code_point >> 6);
		bytes[1] = (unsigned char)(0x80 | (code_point & 0x3F));
		return 2;
	}
	if (code_point < 0x10000) {
		bytes[0] = (unsigned char)(0xE0 | code_point >> 12);
		bytes[1] = (unsigned char)(0x80 | (code_point >> 6 & 0x3F));
		bytes[2] = (unsigned char)(0x80 | (code_point & 0x3F));
		return 3;
	}
	bytes[0] = (unsigned char)(0xF0 | code_point >> 18);
	bytes[1] = (unsigned char)(0x80 | (code_point >> 12 & 0x3F));
	bytes[2] = (unsigned char)(0x80 | (code_point >> 6 & 0x3F));
	bytes[3] = (unsigned char)(0x80 | (code_point & 0x3F));
	return 4;
}

size_t utf8_valid_prefix(struct slice text)
{
	size_t at = 0;

	while (at < text.size) {
		uint64_t eight;
		/* Eight ASCII bytes at a time: most text is ASCII. */
		while (text.size - at >= 8 &&
		       (memcpy(&eight, text.data + at, 8), !(eight & 0x8080808080808080u)))
			at += 8;
		if (at == text.size)
			break;
		if ((unsigned char)text.data[at] < 0x80) {
			at++;
			continue;
		}
		uint32_t code_point;
		size_t size = utf8_decode(text, at, &code_point);
		if (size == 0)
			return at;
		at += size;
	}
	return at;
}

size_t utf8_count(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
	return count;
}

size_t utf8_damage_size(struct slice text, size_t at)
{
	size_t wanted;
	size_t have = matching(text, at, &wanted);

	return have ? have : 1;
}

size_t utf8_floor(struct slice text, size_t at)
{
	if (at >= text.size)
		return text.size;
	size_t start = at;
	while (start > 0 && at - start < 3 && ((unsigned char)text.data[start] & 0xC0) == 0x80)
		start--;
	uint32_t code_point;
	size_t size = utf8_decode(text, start, &code_point);
	return start + size > at && start < at ? start : at;
}

bool utf8_repair(struct slice text, struct arena *arena, struct slice *repaired)
{
	static const char replacement[] = "\xEF\xBF\xBD";
	size_t valid = utf8_valid_prefix(text);

	if (valid == text.size)
		return arena_copy(arena, text, repaired);
	char *out = arena_alloc(arena, 3 * text.size);
	if (!out)
		return false;
	size_t size = 0;
	for (size_t at = 0; at < text.size;) {
		struct slice rest = slice_of(text.data + at, text.size - at);
		valid = utf8_valid_prefix(rest);
		memcpy(out + size, rest.data, valid);
		size += valid;
		at += valid;
		if (valid == rest.size)
			break;
		memcpy(out + size, replacement, 3);
		size += 3;
		at += utf8_damage_size(rest, valid);
	}
	*repaired = slice_of(out, size);
	return true;
}
