/* What a query says as words: the little language of the search field, in which everything is a query.
 *
 *	sales lyon        records with both words, wherever they stand
 *	fin*              words that begin so
 *	"head of sales"   these words one behind the other
 *	-intern           not the records with this word (or -"a phrase")
 *
 * Folding is the index's own (record/word_reader.h). What is written without a space between its words, like
 * an e-mail address, is asked for as a phrase. Signs that mean nothing here are separators; at most
 * WORDS_TERMS_MOST terms of WORDS_PHRASE_MOST words count, the first ones.
 *
 * A word of five letters or more that stands in no record is taken for a slip of the keys: the nearest words
 * that do stand in some are looked for as well, with less weight.
 *
 * Ownership: everything lives in the arena. Threads: pure functions but for their store reader. */
#ifndef ROWMILL_SEARCH_WORDS_H
#define ROWMILL_SEARCH_WORDS_H

#include "base/arena.h"
#include "store/store.h"

enum { WORDS_TERMS_MOST = 64, WORDS_PHRASE_MOST = 64, WORDS_SIMILAR_MOST = 3 };

struct words {
	struct word_term *terms; /* [count] */
	size_t count;
	bool *may_be_misspelled; /* [count]: a single word, written plainly */
};

/* false: memory is exhausted. */
bool words_parse(struct slice query, struct arena *arena, struct words *words);

/* Adds the nearest words to those that stand in no record. */
enum status words_add_similar(struct words *words, const struct store_backend *call, struct store_reader *reader,
			      struct arena *arena, struct error *err);

#endif
