#include "import/text_once.h"

#include <stdlib.h>

#include "base/banned.h"

void text_once_init(struct text_once *once)
{
	*once = (struct text_once){0};
	pthread_mutex_init(&once->mutex, NULL);
	pthread_cond_init(&once->given_back, NULL);
}

void text_once_release(struct text_once *once)
{
	pthread_cond_destroy(&once->given_back);
	pthread_mutex_destroy(&once->mutex);
	free(once->claimed);
}

/* A few slabs of some hundred hashes: a walk over them costs nothing beside one text's embedding. */
static size_t find(const struct text_once *once, const struct text_hash *hash)
{
	size_t i = 0;

	while (i < once->count && memcmp(once->claimed[i].bytes, hash->bytes, TEXT_HASH_SIZE) != 0)
		i++;
	return i;
}

static bool grow(struct text_once *once)
{
	size_t larger = once->allocated ? 2 * once->allocated : 1024;
	struct text_hash *claimed;

	if (once->count < once->allocated)
		return true;
	claimed = realloc(once->claimed, larger * sizeof *claimed);
	if (!claimed)
		return false;
	once->claimed = claimed;
	once->allocated = larger;
	return true;
}

bool text_once_claim(struct text_once *once, const struct text_hash *hash, bool *failed)
{
	bool is_free;

	pthread_mutex_lock(&once->mutex);
	is_free = find(once, hash) == once->count;
	*failed = is_free && !grow(once);
	is_free = is_free && !*failed;
	if (is_free)
		once->claimed[once->count++] = *hash;
	pthread_mutex_unlock(&once->mutex);
	return is_free;
}

void text_once_give_back(struct text_once *once, const struct text_hash *hash)
{
	pthread_mutex_lock(&once->mutex);
	size_t at = find(once, hash);
	if (at < once->count)
		once->claimed[at] = once->claimed[--once->count];
	pthread_cond_broadcast(&once->given_back);
	pthread_mutex_unlock(&once->mutex);
}

void text_once_wait(struct text_once *once, const struct text_hash *hash)
{
	pthread_mutex_lock(&once->mutex);
	while (find(once, hash) < once->count)
		pthread_cond_wait(&once->given_back, &once->mutex);
	pthread_mutex_unlock(&once->mutex);
}
