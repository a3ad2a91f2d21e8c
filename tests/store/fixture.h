/* What the suites of the store's contract share. They speak store.h only and run against
 * whatever backend `fresh_store` opens, so that a second backend is held to the same words.
 *
 * Every test starts from an empty store. Helpers fail the test where a call does. */
#ifndef ROWMILL_TESTS_STORE_FIXTURE_H
#define ROWMILL_TESTS_STORE_FIXTURE_H

#include "support.h"

#include "store/store.h"

enum { READERS = 4 }; /* in the store's pool */

struct fixture {
	struct store *store;
	struct arena arena; /* what reads of this test return */
	struct error err;
	char path[4096];
};

/* For cmocka: *state is a struct fixture *. */
int set_up(void **state);
int tear_down(void **state);

#define store_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Closes the store and opens it again. */
void reopen(struct fixture *fixture);

/* Runs `work` on the closed store in a process of its own that dies without closing it, then
 * opens the store again. */
void crash_while(struct fixture *fixture, void (*work)(struct fixture *fixture));

/* ---- imports ---- */

/* A description with this many as its file's hash and its duplicate key; 0: no key. Good until the next call. */
struct new_import describe(int content);

int64_t add(struct fixture *fixture, int content);      /* adds it as pending */
int64_t add_as(struct fixture *fixture, struct new_import import);
void claim(struct fixture *fixture, int64_t id);        /* fails unless it is the next one */
int64_t add_claimed(struct fixture *fixture, int content);

/* Appends `count` records behind those that are there: invalid where (row % invalid_every) is 0. */
enum status try_append(struct fixture *fixture, int64_t id, uint64_t count, uint64_t invalid_every);
void append(struct fixture *fixture, int64_t id, uint64_t count, uint64_t invalid_every);

/* One row as a test writes it. */
struct row {
	const char *data;
	const char *error; /* field in which it has a "type-error", "" for the row as a whole; NULL: none */
	const char *code;  /* what it claims for itself alone in the field "code"; NULL: nothing */
	const char *sent;  /* `data` if it loses that; NULL: the same */
	int64_t fixes_row; /* the row that it corrects */
};

/* Appends these rows behind those that are there. What is given back of an invalid one is its data in parentheses. */
enum status try_append_rows(struct fixture *fixture, int64_t id, const struct row *rows, size_t count);
#define append_rows(fixture_, id_, ...)                                                            \
	assert_ok(try_append_rows(fixture_, id_, (const struct row[]){__VA_ARGS__},                \
				  sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row)), \
		  &(fixture_)->err)

bool finish(struct fixture *fixture, int64_t id); /* true: it is completed */
void fail_parsing(struct fixture *fixture, int64_t id);

/* An import with `count` rows, parsed and embedded. */
int64_t add_completed(struct fixture *fixture, int content, uint64_t count, uint64_t invalid_every);

/* ---- vectors ---- */

/* A vector that tells its record: made from the id. */
void make_vector(int64_t id, float vector[VECTOR_DIMENSION]);

/* Attaches a vector to every pending record. Returns how many. */
size_t embed_all(struct fixture *fixture);

/* ---- reading, each in a snapshot of its own ---- */

struct import get(struct fixture *fixture, int64_t id);
enum status find(struct fixture *fixture, int64_t id);
struct record_list list(struct fixture *fixture, int64_t import_id, enum record_status status,
			struct page_query page);
struct import_list list_imports(struct fixture *fixture, struct import_query query);
struct stored_record record_of_row(struct fixture *fixture, int64_t import_id, int64_t row);
struct error_list list_errors(struct fixture *fixture, struct error_query query);
size_t count_pending(struct fixture *fixture);
size_t count_vectors(struct fixture *fixture);
struct store_stats stats(struct fixture *fixture);

/* total = processed + failed, embedded <= processed, and lists and statistics agree with
 * the counters: of every import and over all. */
void check_ledger(struct fixture *fixture);

/* total, processed, failed and embedded records. */
void check_counts(struct fixture *fixture, int64_t id, enum import_status status, int64_t processed,
		  int64_t failed, int64_t embedded);

void delete_import(struct fixture *fixture, int64_t id);

/* Purges until there is nothing left. Returns the number of slices. */
unsigned purge_all(struct fixture *fixture, uint32_t limit);

/* How many records hold the word, which is given as it is folded. */
int64_t count_word(struct fixture *f, const char *word);

#endif
