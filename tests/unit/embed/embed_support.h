/* What the suites of the embed room share: the model and the reference texts. */
#ifndef ROWMILL_TESTS_UNIT_EMBED_SUPPORT_H
#define ROWMILL_TESTS_UNIT_EMBED_SUPPORT_H

#include "support.h"

#include "embed/embed.h"

/* The model of embed_default_folder() in this precision, opened at the first call and kept until
 * the program ends. NULL where this processor cannot do the precision, which is told. Fails the
 * test, with the remedy, where there is no model. */
const struct embed_model *test_model(enum embed_precision precision);

struct reference {
	size_t count;
	char **texts; /* counted: they hold U+0000 */
	size_t *text_sizes;
	int32_t (*ids)[EMBED_MAX_TOKENS];
	uint32_t *id_counts;
	float *vectors; /* [count][EMBED_DIMENSION] */
};

/* The 502 texts of ../shared/reference, kept until the program ends. */
const struct reference *test_reference(void);

struct accuracy {
	double least, mean; /* cosines to the reference */
	size_t worst;       /* the text of the least */
};

/* Embeds all reference texts in batches of up to `batch_tokens` and compares. */
struct accuracy test_accuracy(enum embed_precision precision, size_t batch_tokens);

double cosine(const float *a, const float *b);

#endif
