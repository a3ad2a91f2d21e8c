/* The tokenizer's edges: sizes, damage and truncation. What the ids are is told by the golden
 * and reference suites. */
#include "embed_support.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/utf8.h"

enum { UNK = 100, CLS = 101, SEP = 102 };

static const struct tokenizer *tokenizer(void)
{
	return embed_model_tokenizer(test_model(EMBED_F32));
}

static size_t encode(struct slice text, int32_t *ids, bool *truncated)
{
	return tokenizer_encode(tokenizer(), text, ids, EMBED_MAX_TOKENS, truncated);
}

static void assert_same(struct slice text, struct slice as)
{
	int32_t a[EMBED_MAX_TOKENS], b[EMBED_MAX_TOKENS];
	bool truncated;

	size_t count = encode(text, a, &truncated);
	assert_int_equal(count, encode(as, b, &truncated));
	assert_memory_equal(a, b, count * sizeof *a);
}

static void an_empty_text_has_two_tokens(void **state)
{
	int32_t ids[EMBED_MAX_TOKENS];
	bool truncated;

	(void)state;
	assert_int_equal(encode((struct slice){0}, ids, &truncated), 2);
	assert_int_equal(ids[0], CLS);
	assert_int_equal(ids[1], SEP);
	assert_false(truncated);
}

static void bytes_that_are_no_utf8_are_dropped(void **state)
{
	(void)state;
	assert_same(SLICE("caf\xC3"), SLICE("caf"));
	assert_same(SLICE("a\xFF\xFE b\x80"), SLICE("a b"));
	assert_same(SLICE("x\xED\xA0\x80y"), SLICE("xy"));
	assert_same(SLICE("x\xF0\x9F\x98y"), SLICE("xy"));
	assert_same(SLICE("a\0b"), SLICE("ab"));
}

static void a_word_of_100_characters_is_split_and_one_of_101_is_unknown(void **state)
{
	int32_t ids[EMBED_MAX_TOKENS];
	char word[202];
	bool truncated;

	(void)state;
	memset(word, 'a', sizeof word);
	assert_true(encode(slice_of(word, 100), ids, &truncated) > 3);
	assert_int_equal(encode(slice_of(word, 101), ids, &truncated), 3);
	assert_int_equal(ids[1], UNK);
	for (size_t i = 0; i < sizeof word; i += 2)
		memcpy(word + i, "\xC3\xA9", 2);
	assert_true(encode(slice_of(word, 200), ids, &truncated) > 3);
	assert_int_equal(encode(slice_of(word, 202), ids, &truncated), 3);
}

static void truncation_is_told_only_where_a_piece_is_left_out(void **state)
{
	int32_t ids[EMBED_MAX_TOKENS];
	char text[600];
	bool truncated;

	(void)state;
	memset(text, '.', sizeof text);
	assert_int_equal(encode(slice_of(text, 253), ids, &truncated), 255);
	assert_false(truncated);
	assert_int_equal(encode(slice_of(text, 254), ids, &truncated), 256);
	assert_false(truncated);
	assert_int_equal(encode(slice_of(text, 255), ids, &truncated), 256);
	assert_true(truncated);
	assert_int_equal(ids[255], SEP);
	memset(text + 254, ' ', 100);
	assert_int_equal(encode(slice_of(text, 354), ids, &truncated), 256);
	assert_false(truncated);
}

static void the_smallest_room_holds_begin_and_end(void **state)
{
	int32_t ids[3] = {-7, -7, -7};
	bool truncated;

	(void)state;
	assert_int_equal(tokenizer_encode(tokenizer(), SLICE("some text"), ids, 2, &truncated), 2);
	assert_int_equal(ids[0], CLS);
	assert_int_equal(ids[1], SEP);
	assert_int_equal(ids[2], -7);
	assert_true(truncated);
}

/* Pieces of all kinds, so that words, marks, ideographs, specials and damage meet. */
static size_t random_text(uint64_t *random, char *text, size_t cap)
{
	static const char *const pieces[] = {" ",    "the", "Zq", "[SEP]", "[",	 "\xCC\x81",
					     "\xE3\x80\xAE", "\xE1\xAD\x84", "\xE6\x97\xA5", "\xC3",
					     "\xF0\x9F\x98\x80", ".",	 "\xEF\xBC\x8C", "7",
					     "\xE2\x80\x8B", "\xC3\x9C", "\xFF"};
	size_t size = 0, wanted = random_next(random) % (cap - 8);

	while (size < wanted) {
		if (random_next(random) % 8 == 0) {
			text[size++] = (char)random_next(random);
			continue;
		}
		const char *piece =
			pieces[random_next(random) % (sizeof pieces / sizeof *pieces)];
		memcpy(text + size, piece, strlen(piece));
		size += strlen(piece);
	}
	return size;
}

static void any_bytes_give_ids_of_the_vocabulary(void **state)
{
	uint64_t random = random_seed();
	int32_t ids[EMBED_MAX_TOKENS];
	bool truncated;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char *text = malloc(700);
		assert_non_null(text);
		size_t size = random_text(&random, text, 700);
		char *exact = realloc(text, size + 1); /* so that reading too far is seen */
		size_t max = 2 + random_next(&random) % (EMBED_MAX_TOKENS - 1);
		size_t count = tokenizer_encode(tokenizer(), slice_of(exact, size), ids, max,
						&truncated);
		assert_in_range(count, 2, max);
		assert_int_equal(ids[0], CLS);
		assert_int_equal(ids[count - 1], SEP);
		for (size_t j = 0; j < count; j++)
			assert_in_range(ids[j], 0, 30521);
		free(exact);
	}
}

static void a_text_cut_to_fewer_ids_begins_like_the_whole(void **state)
{
	uint64_t random = random_seed();
	int32_t all[EMBED_MAX_TOKENS], some[EMBED_MAX_TOKENS];
	bool truncated;
	char text[300];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		size_t size = random_text(&random, text, sizeof text);
		size_t count = encode(slice_of(text, size), all, &truncated);
		size_t max = 2 + random_next(&random) % count;
		size_t cut = tokenizer_encode(tokenizer(), slice_of(text, size), some, max,
					      &truncated);
		assert_int_equal(cut, max < count ? max : count);
		assert_int_equal(truncated, max < count);
		assert_memory_equal(all, some, (cut - 1) * sizeof *all);
	}
}

static void *encode_many(void *argument)
{
	int32_t ids[EMBED_MAX_TOKENS];
	size_t *sum = argument;
	bool truncated;

	for (int i = 0; i < 2000; i++)
		*sum += encode(SLICE("Ada Lovelace, \xC3\x89mile 36"), ids, &truncated);
	return NULL;
}

static void threads_share_a_tokenizer(void **state)
{
	pthread_t threads[4];
	size_t sums[4] = {0};

	(void)state;
	tokenizer();
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, encode_many, &sums[i]), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(sums[i], sums[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_text_has_two_tokens),
		cmocka_unit_test(bytes_that_are_no_utf8_are_dropped),
		cmocka_unit_test(a_word_of_100_characters_is_split_and_one_of_101_is_unknown),
		cmocka_unit_test(truncation_is_told_only_where_a_piece_is_left_out),
		cmocka_unit_test(the_smallest_room_holds_begin_and_end),
		cmocka_unit_test(any_bytes_give_ids_of_the_vocabulary),
		cmocka_unit_test(a_text_cut_to_fewer_ids_begins_like_the_whole),
		cmocka_unit_test(threads_share_a_tokenizer),
	};

	return cmocka_run_group_tests_name("tokenizer", tests, NULL, NULL);
}
