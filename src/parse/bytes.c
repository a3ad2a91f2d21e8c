#include "parse/bytes.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/banned.h"

struct csv_masks bytes_csv_masks_plain(const char block[64], const char wanted[3])
{
	struct csv_masks masks = {0, 0};

	for (unsigned i = 0; i < 64; i++) {
		char byte = block[i];
		bool special = byte == wanted[0] || byte == wanted[1] || byte == wanted[2] ||
			       byte == '\r' || byte == '\n';
		bool unusual = byte == '\0' || (unsigned char)byte >= 0x80;
		masks.special |= (uint64_t)special << i;
		masks.unusual |= (uint64_t)unusual << i;
	}
	return masks;
}

size_t bytes_find_line_end_plain(struct slice text)
{
	size_t at = 0;

	while (at < text.size && text.data[at] != '\n' && text.data[at] != '\r')
		at++;
	return at;
}

size_t bytes_find_string_special_plain(struct slice text)
{
	size_t at = 0;

	while (at < text.size && text.data[at] != '"' && text.data[at] != '\\' &&
	       (unsigned char)text.data[at] >= 0x20)
		at++;
	return at;
}

size_t bytes_find_shift_plain(struct slice text)
{
	size_t at = 0;

	while (at < text.size && (unsigned char)text.data[at] < 0x80 && text.data[at] != 0x1B)
		at++;
	return at;
}

static inline struct slice rest_of(struct slice text, size_t at)
{
	return slice_of(text.data + at, text.size - at);
}

#ifdef __SSE2__

static inline __m128i load(const char *bytes)
{
	return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

struct csv_masks bytes_csv_masks(const char block[64], const char wanted[3])
{
	const __m128i delimiters = _mm_set1_epi8(wanted[0]), quotes = _mm_set1_epi8(wanted[1]);
	const __m128i escapes = _mm_set1_epi8(wanted[2]);
	const __m128i carriage_returns = _mm_set1_epi8('\r'), line_feeds = _mm_set1_epi8('\n');
	struct csv_masks masks = {0, 0};

	for (int i = 0; i < 4; i++) {
		__m128i bytes = load(block + 16 * i);
		__m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, delimiters),
							    _mm_cmpeq_epi8(bytes, quotes)),
					       _mm_or_si128(_mm_cmpeq_epi8(bytes, carriage_returns),
							    _mm_cmpeq_epi8(bytes, line_feeds)));
		special = _mm_or_si128(special, _mm_cmpeq_epi8(bytes, escapes));
		/* movemask takes the highest bit of each byte, which is what marks non-ASCII. */
		__m128i unusual = _mm_or_si128(bytes, _mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
		masks.special |= (uint64_t)(unsigned)_mm_movemask_epi8(special) << 16 * i;
		masks.unusual |= (uint64_t)(unsigned)_mm_movemask_epi8(unusual) << 16 * i;
	}
	return masks;
}

size_t bytes_find_line_end(struct slice text)
{
	const __m128i carriage_returns = _mm_set1_epi8('\r'), line_feeds = _mm_set1_epi8('\n');
	size_t at = 0;

	for (; text.size - at >= 16; at += 16) {
		__m128i bytes = load(text.data + at);
		int found = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, carriage_returns),
							   _mm_cmpeq_epi8(bytes, line_feeds)));
		if (found)
			return at + (size_t)__builtin_ctz((unsigned)found);
	}
	return at + bytes_find_line_end_plain(rest_of(text, at));
}

size_t bytes_find_string_special(struct slice text)
{
	const __m128i quotes = _mm_set1_epi8('"'), backslashes = _mm_set1_epi8('\\');
	const __m128i last_control = _mm_set1_epi8(0x1F);
	size_t at = 0;

	for (; text.size - at >= 16; at += 16) {
		__m128i bytes = load(text.data + at);
		/* Unsigned bytes <= 0x1F are those that a maximum with 0x1F leaves at 0x1F. */
		__m128i control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, last_control), last_control);
		__m128i either = _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes),
					      _mm_cmpeq_epi8(bytes, backslashes));
		int found = _mm_movemask_epi8(_mm_or_si128(control, either));
		if (found)
			return at + (size_t)__builtin_ctz((unsigned)found);
	}
	return at + bytes_find_string_special_plain(rest_of(text, at));
}

size_t bytes_find_shift(struct slice text)
{
	const __m128i escapes = _mm_set1_epi8(0x1B);
	size_t at = 0;

	for (; text.size - at >= 16; at += 16) {
		__m128i bytes = load(text.data + at);
		int found = _mm_movemask_epi8(_mm_or_si128(bytes, _mm_cmpeq_epi8(bytes, escapes)));
		if (found)
			return at + (size_t)__builtin_ctz((unsigned)found);
	}
	return at + bytes_find_shift_plain(rest_of(text, at));
}

#else

struct csv_masks bytes_csv_masks(const char block[64], const char wanted[3])
{
	return bytes_csv_masks_plain(block, wanted);
}

size_t bytes_find_shift(struct slice text)
{
	return bytes_find_shift_plain(text);
}

size_t bytes_find_line_end(struct slice text)
{
	return bytes_find_line_end_plain(text);
}

size_t bytes_find_string_special(struct slice text)
{
	return bytes_find_string_special_plain(text);
}

#endif
