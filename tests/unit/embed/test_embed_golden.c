/* Against texts of our own: tests/golden/embed/make_golden.py says where the figures come from. */
#include "embed_support.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/utf8.h"

enum { SHOWN = 8, BLOCK = 0x1000 };

static struct slice read_golden(const char *name)
{
	const char *source = getenv("ROWMILL_SOURCE");
	char path[4096];

	snprintf(path, sizeof path, "%s/tests/golden/embed/%s", source ? source : ".", name);
	return read_file(path);
}

static size_t each_line(const char *name, void (*check)(json_t *line, size_t number))
{
	struct slice lines = read_golden(name);
	json_error_t problem;
	size_t count = 0;

	for (size_t at = 0; at < lines.size;) {
		size_t end = slice_find(lines, '\n', at);
		json_t *line = json_loadb(lines.data + at, end - at, JSON_ALLOW_NUL, &problem);
		assert_non_null(line);
		check(line, ++count);
		json_decref(line);
		at = end + 1;
	}
	free((void *)(uintptr_t)lines.data);
	return count;
}

static void check_ids(json_t *line, size_t number)
{
	const struct tokenizer *tokenizer = embed_model_tokenizer(test_model(EMBED_F32));
	const json_t *text = json_object_get(line, "text"), *expected = json_object_get(line, "ids");
	int32_t ids[EMBED_MAX_TOKENS];
	bool truncated;

	size_t count = tokenizer_encode(
		tokenizer, slice_of(json_string_value(text), json_string_length(text)), ids,
		EMBED_MAX_TOKENS, &truncated);
	if (count != json_array_size(expected))
		fail_msg("line %zu has %zu ids, not %zu", number, count, json_array_size(expected));
	for (size_t i = 0; i < count; i++)
		if (ids[i] != json_integer_value(json_array_get(expected, i)))
			fail_msg("line %zu, id %zu is %d", number, i, ids[i]);
}

static void every_golden_text_has_its_token_ids(void **state)
{
	(void)state;
	assert_true(each_line("texts.jsonl", check_ids) > 40);
}

static void check_vector(json_t *line, size_t number)
{
	static struct embed_workspace *workspace;
	const struct embed_model *model = test_model(EMBED_F32);
	const json_t *ids = json_object_get(line, "ids"), *expected = json_object_get(line, "vector");
	uint32_t count = (uint32_t)json_array_size(ids);
	int32_t values[EMBED_MAX_TOKENS];
	float vector[EMBED_DIMENSION];
	struct error err;

	if (!workspace)
		workspace = embed_workspace_new(model, EMBED_MAX_TOKENS);
	for (size_t i = 0; i < count; i++)
		values[i] = (int32_t)json_integer_value(json_array_get(ids, i));
	assert_ok(embed_run(model, workspace, values, &count, 1, vector, &err), &err);
	for (size_t i = 0; i < SHOWN; i++) {
		double distance =
			fabs(vector[i] - json_real_value(json_array_get(expected, i)));
		if (!(distance < 2e-6))
			fail_msg("line %zu: number %zu is %.7f", number, i, (double)vector[i]);
	}
}

static void every_golden_text_has_its_vector(void **state)
{
	(void)state;
	each_line("texts.jsonl", check_vector);
}

static uint64_t add_ids(uint64_t digest, const int32_t *ids, size_t count)
{
	for (size_t i = 0; i < count * 4; i++) {
		uint32_t byte = (uint32_t)ids[i / 4] >> (i % 4 * 8) & 0xFF;
		digest = (digest ^ byte) * 0x100000001B3U;
	}
	return digest;
}

/* The ids of "e<c>n a <c>,<c>". */
static uint64_t add_character(const struct tokenizer *tokenizer, uint64_t digest,
			      uint32_t character)
{
	int32_t ids[EMBED_MAX_TOKENS];
	char c[4], text[32];
	bool truncated;

	int size = (int)utf8_encode(character, c), at = 0;
	text[at++] = 'e';
	memcpy(text + at, c, (size_t)size);
	at += size;
	memcpy(text + at, "n a ", 4);
	at += 4;
	memcpy(text + at, c, (size_t)size);
	at += size;
	text[at++] = ',';
	memcpy(text + at, c, (size_t)size);
	at += size;
	size_t count = tokenizer_encode(tokenizer, slice_of(text, (size_t)at), ids,
					EMBED_MAX_TOKENS, &truncated);
	return add_ids(digest, ids, count);
}

static void every_character_of_unicode_is_split_as_the_reference_does(void **state)
{
	const struct tokenizer *tokenizer = embed_model_tokenizer(test_model(EMBED_F32));
	struct slice lines = read_golden("code_points.txt");
	const char *at = lines.data;
	size_t blocks = 0;

	(void)state;
	for (; *at; blocks++) {
		char *end;
		uint32_t block = (uint32_t)strtoul(at, &end, 16);
		uint64_t expected = strtoull(end, &end, 16), digest = 0xCBF29CE484222325U;

		for (uint32_t c = block; c < block + BLOCK; c++)
			if (c < 0xD800 || c >= 0xE000)
				digest = add_character(tokenizer, digest, c);
		if (digest != expected)
			fail_msg("among U+%04X to U+%04X", block, block + BLOCK - 1);
		at = end + 1;
	}
	assert_int_equal(blocks, 0x110000 / BLOCK);
	free((void *)(uintptr_t)lines.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_golden_text_has_its_token_ids),
		cmocka_unit_test(every_golden_text_has_its_vector),
		cmocka_unit_test(every_character_of_unicode_is_split_as_the_reference_does),
	};

	return cmocka_run_group_tests_name("embed golden", tests, NULL, NULL);
}
