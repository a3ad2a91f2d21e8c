/* Where large segments lie: a file without a name, mapped for reading, so that columns cost the kernel's page
 * cache and not the program's memory. It is gone with the program: columns are made anew from the store.
 *
 * Threads: any. */
#ifndef ROWMILL_COLUMN_SPILL_H
#define ROWMILL_COLUMN_SPILL_H

#include <stdbool.h>
#include <stddef.h>

struct spill;

/* In this folder. NULL: none can be made there. */
struct spill *spill_new(const char *folder);
void spill_free(struct spill *spill); /* NULL is fine; after every block was dropped */

/* A block worth a place in the file? */
bool spill_wants(size_t size);

/* The block's bytes where they lie now, read-only; NULL: the file cannot take them. */
char *spill_add(struct spill *spill, const char *bytes, size_t size);
void spill_drop(struct spill *spill, char *block, size_t size);

#endif
