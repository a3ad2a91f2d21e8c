/* The full-text index over the values of records, inside the store: it changes in the transaction
 * that changes the record.
 *
 * A record's words are made from its `data` and nothing else (record/data_reader.h), so that the
 * same text comes out when they are to be taken from the index again.
 *
 * Threads: what takes a store is called in the writer's turn. */
#ifndef ROWMILL_STORE_SQLITE_WORDS_H
#define ROWMILL_STORE_SQLITE_WORDS_H

#include "store/sqlite/internal.h"

/* Makes the words of a record that brings none, or others than those of its data. Needs no turn. */
bool words_make(struct record *record, struct arena *arena);

/* Adds the records of the writer's `rows`, which were not in the index; not their spellings. */
enum status words_add_rows(struct sqlite_store *store, struct error *err);

/* Keeps those of a folded text that people may misspell. */
enum status spellings_keep(struct sqlite_store *store, struct slice folded, struct error *err);

/* Puts the words of a record's new data in the place of those of its old data. */
enum status words_replace(struct sqlite_store *store, int64_t id, struct slice old_data, struct slice new_data,
			  struct error *err);

/* Takes the records of an import that are next to be purged out of the index; to be called before the purge
 * deletes them, in the same transaction. */
enum status words_purge(struct sqlite_store *store, int64_t import_id, int64_t below_id, uint32_t limit,
			struct error *err);

/* Has the words of what was purged erased from the file, by words_upkeep. */
enum status words_erase_later(struct sqlite_store *store, struct error *err);

/* Some of what is to be done in the background: index what was there before the index, erase what was purged.
 * STATUS_END if there is nothing. */
enum status words_upkeep(struct sqlite_store *store, uint32_t limit, struct error *err);

/* Words that were lately seen to be in `spellings`, by their hashes, so that it is seldom asked. A transaction that
 * is rolled back, or takes spellings away, forgets them. */
void spellings_forget(struct sqlite_store *store);

/* ---- reading ---- */

/* What words_rank needs; given to the statement as a pointer of type WORDS_SCORER. */
#define WORDS_SCORER "rowmill-words-scorer"

enum { WORD_PHRASES_MOST = 256 };

struct words_scorer {
	const struct id_set *within;      /* NULL: all */
	double weights[WORD_PHRASES_MOST]; /* of the expression's phrases, in their order */
	int terms[WORD_PHRASES_MOST];      /* which term each is an alternative of, rising */
	int64_t rows[WORD_PHRASES_MOST];   /* that hold the phrase */
	double frequencies[WORD_PHRASES_MOST]; /* inverse document frequencies of their terms */
	int phrase_count;                 /* 0: not begun */
	int64_t row_count;                /* of the index */
};

/* Registers words_rank(words, scorer) on a connection: a record's score, NULL outside of `within`. */
enum status words_add_rank(struct connection *connection, struct error *err);

/* What a phrase counts that so many of so many records hold. */
double words_frequency(int64_t row_count, int64_t with_phrase);

#endif
