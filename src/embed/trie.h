/* The vocabulary as a trie over bytes, in a double array: the child of node s for byte c is
 * the slot base[s] + c if check of that slot is s. One look at memory for each byte of text,
 * and the longest word piece at a place is found in one walk.
 * Source: J. Aoe, "An Efficient Digital Search Algorithm by Using a Double-Array Structure", 1989.
 *
 * Threads: immutable once built. */
#ifndef ROWMILL_EMBED_TRIE_H
#define ROWMILL_EMBED_TRIE_H

#include "base/slice.h"

/* A trie has two roots: pieces that begin a word, and pieces that continue one ("##…", kept
 * without the mark). */
enum trie_root { TRIE_WORD, TRIE_CONTINUATION, TRIE_ROOTS };

struct trie_key {
	enum trie_root root;
	struct slice bytes; /* not empty */
	int32_t value;      /* not negative */
};

struct trie_slot {
	int32_t base;
	int32_t check; /* the parent's slot, or negative */
	int32_t value; /* of the key that ends here; negative if there is none */
};

struct trie {
	struct trie_slot *slots; /* each base + 255 is inside */
	size_t count;
};

/* Builds from keys, which are sorted in place and must differ. Their bytes may go afterwards.
 * Returns false when memory is exhausted or, with *twice set to a value, when two keys are equal
 * (*twice is negative otherwise). */
bool trie_build(struct trie *trie, struct trie_key *keys, size_t count, int32_t *twice);
void trie_release(struct trie *trie); /* a zeroed struct is fine */

/* The value of the longest key that `text` begins with, and its size; negative if there is none. */
static inline int32_t trie_longest(const struct trie *trie, enum trie_root root, const char *text,
				   size_t size, size_t *key_size)
{
	int32_t at = (int32_t)root, found = -1;

	for (size_t i = 0; i < size; i++) {
		int32_t next = trie->slots[at].base + (unsigned char)text[i];
		if (trie->slots[next].check != at)
			break;
		at = next;
		if (trie->slots[at].value >= 0) {
			found = trie->slots[at].value;
			*key_size = i + 1;
		}
	}
	return found;
}

#endif
