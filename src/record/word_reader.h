/* The words of a text, as they are indexed, asked for and marked.
 *
 *	struct word_reader reader;
 *	word_reader_init(&reader, text);
 *	while (word_reader_next(&reader))
 *		… reader.word, reader.size: the folded word; reader.start, reader.end: where it stands
 *
 * A word is a run of letters, marks and digits. It is folded, so that case, accents and
 * compatibility forms do not tell words apart: "Émile" is emile, "STRASSE" and "Straße" strasse,
 * "Søren" soren. Scripts that are written without spaces (Han, Hiragana, Katakana, Thai, Lao, Khmer,
 * Burmese) give one word a character; a run of them is then asked for as a phrase, which is
 * to look for a piece of text. Bytes that are no UTF-8 separate words.
 *
 * docs/decisions/0100 says why this is not left to the index's own tokenizer.
 *
 * Threads: pure functions over the caller's struct. */
#ifndef ROWMILL_RECORD_WORD_READER_H
#define ROWMILL_RECORD_WORD_READER_H

#include "base/slice.h"
#include "base/strbuf.h"

/* A folded word is at most this many bytes: longer ones are cut, in texts and in queries alike. */
enum { WORD_MAX_SIZE = 64 };

struct word_reader {
	struct slice text;
	size_t at;
	char word[WORD_MAX_SIZE]; /* the latest word, UTF-8, not terminated */
	size_t size;              /* bytes of it */
	size_t start, end;        /* its bytes in `text` */
	bool cut;                 /* it was longer than WORD_MAX_SIZE */
};

void word_reader_init(struct word_reader *reader, struct slice text);

/* Reads the next word; false at the end. */
bool word_reader_next(struct word_reader *reader);

static inline struct slice word_reader_word(const struct word_reader *reader)
{
	return slice_of(reader->word, reader->size);
}

/* Appends the words of `text`, each with a space behind it. */
void words_fold(struct slice text, struct strbuf *out);

/* Whether a folded word is one that people misspell: letters alone, at least four of them. */
bool word_is_spelled(struct slice word);

#endif
