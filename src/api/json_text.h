/* JSON as text, taken apart a level at a time: numbers keep every digit that was sent.
 *
 * The text has been found to be JSON before (body.h). What is returned lives in the arena, or in the text. */
#ifndef ROWMILL_API_JSON_TEXT_H
#define ROWMILL_API_JSON_TEXT_H

#include "record/record.h"

/* The members of an object, in their order. false: memory is exhausted. */
bool json_text_members(struct slice object, struct arena *arena, const struct field **members, size_t *count);

/* The items of an array. */
bool json_text_items(struct slice array, struct arena *arena, struct value **items, size_t *count);

/* The member so named; kind VALUE_NULL with an empty text where there is none. */
struct value json_text_member(const struct field *members, size_t count, const char *name);

static inline bool json_text_is_missing(struct value value)
{
	return value.kind == VALUE_NULL && value.text.size == 0;
}

#endif
