/* JSON bodies of requests, read with jansson: strictly, U+0000 allowed, repeated members refused.
 * What is wrong with a member becomes one of the call's errors, with its place. */
#ifndef ROWMILL_API_BODY_H
#define ROWMILL_API_BODY_H

#include "api/internal.h"

#include <jansson.h>

/* The body's object, to be released with json_decref; NULL: the answer says no. An empty body is
 * an empty object where `may_be_empty`. Members not among `known` (NULL-terminated) are errors. */
json_t *body_read(struct api_call *call, bool may_be_empty, const char *const *known);

/* A value as bodies are read; NULL: it is no JSON. Integers that fit nothing are valid JSON: read as reals, they are found to be no
 * integer where one is wanted, with the member's name. */
json_t *body_parse(struct slice text, json_error_t *error);

/* Each returns the member, or the fallback where it is missing or wrong (an error then). */
int64_t body_integer(struct api_call *call, const json_t *object, const char *name, int64_t min,
		     int64_t max, int64_t fallback);
double body_number(struct api_call *call, const json_t *object, const char *name, double min,
		   double max, double fallback);
/* Borrowed from the object; data NULL where missing. At most `max` bytes. */
struct slice body_text(struct api_call *call, const json_t *object, const char *name, size_t max);
/* The index in `choices` (NULL-terminated); -1 where missing. */
int body_choice(struct api_call *call, const json_t *object, const char *name,
		const char *const *choices);
bool body_flag(struct api_call *call, const json_t *object, const char *name); /* false where missing */
/* An array of strings, in the call's arena; count 0 where missing. */
struct slice *body_texts(struct api_call *call, const json_t *object, const char *name, size_t max_count,
			 size_t *count);

#endif
