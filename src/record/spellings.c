#include "record/spellings.h"

#include "record/word_reader.h"

#include <string.h>

#include "base/banned.h"

enum { WORDS_CAP = 1 << 30 };

void spellings_init(struct spellings *spellings)
{
	*spellings = (struct spellings){0};
	strbuf_init(&spellings->words, WORDS_CAP);
}

void spellings_release(struct spellings *spellings)
{
	strbuf_release(&spellings->words);
}

void spellings_clear(struct spellings *spellings)
{
	strbuf_clear(&spellings->words);
	memset(spellings->noted, 0, sizeof spellings->noted);
}

/* FNV-1a. */
uint64_t spelling_hash(struct slice word)
{
	uint64_t hash = 0xCBF29CE484222325u;

	for (size_t i = 0; i < word.size; i++)
		hash = (hash ^ (unsigned char)word.data[i]) * 0x100000001B3u;
	return hash | 1;
}

bool spelling_next(struct slice folded, size_t *at, struct slice *word)
{
	while (*at < folded.size) {
		size_t end = slice_find(folded, ' ', *at);
		*word = slice_of(folded.data + *at, end - *at);
		*at = end + 1;
		if (word->size <= SPELLING_MAX_SIZE && word_is_spelled(*word))
			return true;
	}
	return false;
}

void spellings_add(struct spellings *spellings, struct slice folded)
{
	struct slice word;
	size_t at = 0;

	while (spelling_next(folded, &at, &word)) {
		uint64_t hash = spelling_hash(word);
		uint64_t *noted = &spellings->noted[(hash >> 32) % SPELLINGS_NOTED];
		if (*noted == hash)
			continue;
		*noted = hash;
		strbuf_add_slice(&spellings->words, word);
		strbuf_add_byte(&spellings->words, ' ');
	}
}
