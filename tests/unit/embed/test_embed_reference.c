/* Against sentence-transformers: every token id, and the vectors' direction. */
#include "embed_support.h"

static void every_reference_text_has_its_token_ids(void **state)
{
	const struct reference *reference = test_reference();
	const struct tokenizer *tokenizer = embed_model_tokenizer(test_model(EMBED_F32));
	int32_t ids[EMBED_MAX_TOKENS];
	bool truncated;

	(void)state;
	for (size_t i = 0; i < reference->count; i++) {
		struct slice text = slice_of(reference->texts[i], reference->text_sizes[i]);
		size_t count = tokenizer_encode(tokenizer, text, ids, EMBED_MAX_TOKENS, &truncated);
		if (count != reference->id_counts[i] ||
		    memcmp(ids, reference->ids[i], count * sizeof *ids) != 0)
			fail_msg("line %zu of texts.jsonl has other ids", i + 1);
	}
}

static void check(enum embed_precision precision, size_t batch_tokens, double least, double mean)
{
	struct accuracy accuracy = test_accuracy(precision, batch_tokens);

	print_message("# %s, batches of %zu tokens: least cosine %.7f (line %zu), mean %.7f\n",
		      embed_precision_name(precision), batch_tokens, accuracy.least,
		      accuracy.worst + 1, accuracy.mean);
	assert_true(accuracy.least >= least);
	assert_true(accuracy.mean >= mean);
}

static void f32_vectors_point_where_the_reference_does(void **state)
{
	(void)state;
	check(EMBED_F32, 256, 0.99999, 0.99999);
	check(EMBED_F32, 1000, 0.99999, 0.99999);
}

static void bf16_vectors_point_where_the_reference_does(void **state)
{
	(void)state;
	if (!test_model(EMBED_BF16))
		return;
	check(EMBED_BF16, 256, 0.9999, 0.99995);
	check(EMBED_BF16, 1000, 0.9999, 0.99995);
}

static void int8_vectors_point_where_the_reference_does(void **state)
{
	(void)state;
	if (!test_model(EMBED_INT8))
		return;
	check(EMBED_INT8, 256, 0.998, 0.9995);
	check(EMBED_INT8, 1000, 0.998, 0.9995);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reference_text_has_its_token_ids),
		cmocka_unit_test(f32_vectors_point_where_the_reference_does),
		cmocka_unit_test(bf16_vectors_point_where_the_reference_does),
		cmocka_unit_test(int8_vectors_point_where_the_reference_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
