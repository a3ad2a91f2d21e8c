/* Who holds which value, for checking a file without a database: as many claims as the file has rows, in
 * bounded memory. They go to a nameless temporary file ($SQLITE_TMPDIR, $TMPDIR, /var/tmp or /tmp), which
 * is gone when the book is closed, or the program ends in whatever way.
 *
 *	claim_book_open(&book, &err);
 *	claim_book_take(book, &claim, row, &holder, &err);   // holder == row: it is taken now
 *	claim_book_close(book);
 *
 * Threads: one at a time. */
#ifndef ROWMILL_STORE_CLAIM_BOOK_H
#define ROWMILL_STORE_CLAIM_BOOK_H

#include "base/status.h"
#include "record/unique_claim.h"

struct claim_book;

enum status claim_book_open(struct claim_book **book, struct error *err);
void claim_book_close(struct claim_book *book); /* NULL is fine */

/* Gives the claimed value to `row` unless another one has it; *holder is whose it is then. */
enum status claim_book_take(struct claim_book *book, const struct unique_claim *claim, uint64_t row,
			    uint64_t *holder, struct error *err);

#endif
