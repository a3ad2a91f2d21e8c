#include "embed/trie.h"

#include <stdlib.h>

#include "base/banned.h"

enum { BYTES = 256, FREE = -2, ROOT = -1, LONG_SEARCH = 64 };

struct builder {
	struct trie *trie;
	const struct trie_key *keys;
	size_t first_free; /* no slot before it is free */
	size_t sparse;     /* before it there is hardly room for a node with several children */
};

static int compare_keys(const void *a, const void *b)
{
	const struct trie_key *x = a, *y = b;
	size_t shared = x->bytes.size < y->bytes.size ? x->bytes.size : y->bytes.size;

	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	int order = memcmp(x->bytes.data, y->bytes.data, shared);
	if (order != 0)
		return order;
	return x->bytes.size < y->bytes.size ? -1 : x->bytes.size > y->bytes.size;
}

/* Makes sure that slots up to `last` are there. */
static bool reserve(struct trie *trie, size_t last)
{
	if (last < trie->count)
		return true;
	size_t count = trie->count * 2 > last + BYTES ? trie->count * 2 : last + BYTES;
	if (count > INT32_MAX / 2)
		return false;
	struct trie_slot *slots = realloc(trie->slots, count * sizeof *slots);
	if (!slots)
		return false;
	for (size_t i = trie->count; i < count; i++)
		slots[i] = (struct trie_slot){.check = FREE, .value = -1};
	trie->slots = slots;
	trie->count = count;
	return true;
}

/* A base at which all children find free slots; negative when memory is exhausted. An only child
 * takes the first free slot. For several, a search that was long is not made again: where it
 * ended the next one begins, which costs under 1 % more slots and saves 97 % of the time. */
static int32_t find_base(struct builder *builder, const unsigned char *children, size_t count)
{
	struct trie *trie = builder->trie;
	size_t slot = count == 1 ? builder->first_free : builder->sparse;
	size_t tried = 0;

	for (;; slot++, tried++) {
		size_t base = slot - children[0], i = 0;
		if (!reserve(trie, base + BYTES))
			return -1;
		while (i < count && trie->slots[base + children[i]].check == FREE)
			i++;
		if (i < count)
			continue;
		if (tried > LONG_SEARCH && count > 1)
			builder->sparse = slot;
		return (int32_t)base;
	}
}

/* Children of the keys first..end, which agree in their first `depth` bytes. */
static size_t collect(const struct trie_key *keys, size_t first, size_t end, size_t depth,
		      unsigned char children[BYTES])
{
	size_t count = 0;

	for (size_t i = first; i < end; i++) {
		unsigned char byte = (unsigned char)keys[i].bytes.data[depth];
		if (count == 0 || children[count - 1] != byte)
			children[count++] = byte;
	}
	return count;
}

static void take_slot(struct builder *builder, size_t slot, int32_t parent)
{
	struct trie_slot *slots = builder->trie->slots;

	slots[slot].check = parent;
	while (builder->first_free < builder->trie->count &&
	       slots[builder->first_free].check != FREE)
		builder->first_free++;
}

/* Hangs the keys first..end below slot `at`. */
static bool insert(struct builder *builder, int32_t at, size_t first, size_t end, size_t depth)
{
	const struct trie_key *keys = builder->keys;
	unsigned char children[BYTES] = {0};

	if (first < end && keys[first].bytes.size == depth)
		builder->trie->slots[at].value = keys[first++].value;
	if (first == end)
		return true;
	size_t count = collect(keys, first, end, depth, children);
	int32_t base = find_base(builder, children, count);
	if (base < 0)
		return false;
	builder->trie->slots[at].base = base;
	for (size_t i = 0; i < count; i++)
		take_slot(builder, (size_t)base + children[i], at);
	for (size_t i = 0; i < count; i++) {
		size_t last = first;
		while (last < end && (unsigned char)keys[last].bytes.data[depth] == children[i])
			last++;
		if (!insert(builder, base + children[i], first, last, depth + 1))
			return false;
		first = last;
	}
	return true;
}

bool trie_build(struct trie *trie, struct trie_key *keys, size_t count, int32_t *twice)
{
	/* Slots before BYTES are left alone, or the first free one would be out of reach of
	 * high bytes for ever, and every search would begin there. */
	struct builder builder = {.trie = trie, .keys = keys, .first_free = BYTES, .sparse = BYTES};
	size_t at = 0;

	*trie = (struct trie){0};
	*twice = -1;
	qsort(keys, count, sizeof *keys, compare_keys);
	for (size_t i = 1; i < count; i++)
		if (compare_keys(&keys[i - 1], &keys[i]) == 0) {
			*twice = keys[i].value;
			return false;
		}
	if (!reserve(trie, 2 * BYTES))
		return false;
	for (int32_t root = 0; root < TRIE_ROOTS; root++) {
		size_t end = at;
		trie->slots[root].check = ROOT;
		while (end < count && (int32_t)keys[end].root == root)
			end++;
		if (!insert(&builder, root, at, end, 0)) {
			trie_release(trie);
			return false;
		}
		at = end;
	}
	return true;
}

void trie_release(struct trie *trie)
{
	free(trie->slots);
	*trie = (struct trie){0};
}
