#include "record/word_reader.h"

#include "base/utf8.h"

#include <utf8proc.h>

#include "base/banned.h"

/* What a byte below 0x80 is in a word: itself in lower case, or 0 where it is no part of one. */
static const char ascii_folded[128] = {
	['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6',
	['7'] = '7', ['8'] = '8', ['9'] = '9',
#define LETTER(lower) [(lower) - 32] = (lower), [lower] = (lower)
	LETTER('a'), LETTER('b'), LETTER('c'), LETTER('d'), LETTER('e'), LETTER('f'), LETTER('g'),
	LETTER('h'), LETTER('i'), LETTER('j'), LETTER('k'), LETTER('l'), LETTER('m'), LETTER('n'),
	LETTER('o'), LETTER('p'), LETTER('q'), LETTER('r'), LETTER('s'), LETTER('t'), LETTER('u'),
	LETTER('v'), LETTER('w'), LETTER('x'), LETTER('y'), LETTER('z'),
#undef LETTER
};

struct range {
	uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* Written without spaces between words. */
static bool is_unsegmented(uint32_t c)
{
	static const struct range ranges[] = {
		{0x0E00, 0x0EFF},   /* Thai, Lao */
		{0x1000, 0x109F},   /* Burmese */
		{0x1780, 0x17FF},   /* Khmer */
		{0x2E80, 0x2FDF},   /* radicals */
		{0x3005, 0x3007},   {0x3021, 0x3029}, {0x3031, 0x3035}, {0x3038, 0x303B},
		{0x3041, 0x30FF},   /* Hiragana, Katakana */
		{0x3192, 0x319F},   {0x31F0, 0x31FF}, {0x3220, 0x3247}, {0x3280, 0x32B0}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAFF},
		{0xFF66, 0xFF9F},   /* Katakana, half as wide */
		{0x1B000, 0x1B16F}, {0x20000, 0x3FFFF},
	};

	return c >= 0x0E00 && is_in(ranges, sizeof ranges / sizeof *ranges, c);
}

/* Marks that a reader leaves out when typing: accents, points, the voicing of kana. Vowel signs
 * of other scripts are letters of their words. */
static bool is_accent(uint32_t c)
{
	static const struct range ranges[] = {
		{0x0300, 0x036F}, {0x0483, 0x0487}, {0x0591, 0x05BD}, {0x05BF, 0x05BF},
		{0x05C1, 0x05C2}, {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0610, 0x061A},
		{0x064B, 0x065F}, {0x0670, 0x0670}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
		{0x20D0, 0x20F0}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
	};

	return c >= 0x0300 && is_in(ranges, sizeof ranges / sizeof *ranges, c);
}

/* Letters that Unicode does not take apart and people write without their strokes. */
static const char *plain_letters(uint32_t c)
{
	switch (c) {
	case 0x00E6: return "ae";
	case 0x00F0: return "d";
	case 0x00F8: return "o";
	case 0x00FE: return "th";
	case 0x0111: return "d";
	case 0x0127: return "h";
	case 0x0131: return "i";
	case 0x0138: return "k";
	case 0x0142: return "l";
	case 0x014B: return "n";
	case 0x0153: return "oe";
	case 0x0167: return "t";
	default: return NULL;
	}
}

static bool is_word_character(uint32_t c)
{
	switch (utf8proc_category((utf8proc_int32_t)c)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
	case UTF8PROC_CATEGORY_CO:
		return true;
	default:
		return false;
	}
}

void word_reader_init(struct word_reader *reader, struct slice text)
{
	reader->text = text;
	reader->at = 0;
	reader->size = 0;
}

/* Once something was left out, nothing more is added: what is kept is a beginning. */
static void add_bytes(struct word_reader *reader, const char *bytes, size_t size)
{
	if (reader->cut || size > WORD_MAX_SIZE - reader->size) {
		reader->cut = true;
		return;
	}
	memcpy(reader->word + reader->size, bytes, size);
	reader->size += size;
}

static void add_part(struct word_reader *reader, uint32_t c)
{
	const char *letters = plain_letters(c);
	char bytes[4];

	if (is_accent(c))
		return;
	if (letters)
		add_bytes(reader, letters, strlen(letters));
	else if (c < 0x80 && ascii_folded[c])
		add_bytes(reader, &ascii_folded[c], 1);
	else if (is_word_character(c))
		add_bytes(reader, bytes, utf8_encode(c, bytes));
}

static void add_folded(struct word_reader *reader, uint32_t c)
{
	utf8proc_int32_t parts[32];
	int last_class = 0;
	/* Hangul syllables stay whole: taken apart they would be three times as long. So do characters that are a word
	 * of their own and would become two. */
	utf8proc_ssize_t count =
		c >= 0xAC00 && c <= 0xD7A3
			? 0
			: utf8proc_decompose_char((utf8proc_int32_t)c, parts, 32,
						  UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD,
						  &last_class);
	/* Below 1 and above 32 it has given no parts. */
	if ((size_t)count - 1 >= 32 || (count > 1 && is_unsegmented(c) && !is_accent((uint32_t)parts[1]))) {
		add_part(reader, c);
		return;
	}
	for (utf8proc_ssize_t i = 0; i < count; i++)
		add_part(reader, (uint32_t)parts[i]);
}

/* Takes one character that is not ASCII into the word; false: the word ends before it, or with it (*behind). */
static bool take_wide(struct word_reader *reader, size_t *at, bool *behind)
{
	uint32_t c = 0;
	size_t size = utf8_decode(reader->text, *at, &c);
	bool whole = size && is_unsegmented(c);

	*behind = false;
	if (!size || !is_word_character(c) || (whole && reader->size))
		return false;
	add_folded(reader, c);
	*at += size;
	*behind = whole && reader->size;
	return !*behind;
}

/* Past what is no part of a word, to where one may begin. */
static size_t skip(struct slice text, size_t at)
{
	while (at < text.size) {
		unsigned char byte = (unsigned char)text.data[at];
		uint32_t c = 0;
		if (byte < 0x80) {
			if (ascii_folded[byte])
				break;
			at++;
			continue;
		}
		size_t size = utf8_decode(text, at, &c);
		if (size && is_word_character(c))
			break;
		at += size ? size : 1;
	}
	return at;
}

static void read_word(struct word_reader *reader)
{
	const char *data = reader->text.data;
	size_t size = reader->text.size, at = reader->start;
	bool behind = false;

	reader->size = 0;
	reader->cut = false;
	while (at < size && !behind) {
		unsigned char byte = (unsigned char)data[at];
		if (byte < 0x80) {
			if (!ascii_folded[byte])
				break;
			if (reader->size < WORD_MAX_SIZE && !reader->cut)
				reader->word[reader->size++] = ascii_folded[byte];
			else
				reader->cut = true;
			at++;
		} else if (!take_wide(reader, &at, &behind) && !behind) {
			break;
		}
	}
	reader->end = at;
}

bool word_reader_next(struct word_reader *reader)
{
	for (;;) {
		reader->start = skip(reader->text, reader->at);
		if (reader->start == reader->text.size) {
			reader->at = reader->start;
			return false;
		}
		read_word(reader);
		reader->at = reader->end;
		/* Accents alone are no word. */
		if (reader->size)
			return true;
	}
}

void words_fold(struct slice text, struct strbuf *out)
{
	struct word_reader reader;

	word_reader_init(&reader, text);
	while (word_reader_next(&reader)) {
		char *room = strbuf_reserve(out, reader.size + 1);
		if (!room)
			return;
		memcpy(room, reader.word, reader.size);
		room[reader.size] = ' ';
		out->size += reader.size + 1;
		out->data[out->size] = '\0';
	}
}

bool word_is_spelled(struct slice word)
{
	size_t letters = 0;

	while (letters < word.size && (unsigned char)(word.data[letters] - 'a') < 26)
		letters++;
	if (letters == word.size)
		return letters >= 4;
	for (size_t at = letters; at < word.size; letters++) {
		uint32_t c = 0;
		size_t size = utf8_decode(word, at, &c);
		if (!size || (c < 0x80 ? c < 'a' : is_unsegmented(c) || utf8proc_category((utf8proc_int32_t)c) ==
								     UTF8PROC_CATEGORY_ND))
			return false;
		at += size;
	}
	return letters >= 4;
}
