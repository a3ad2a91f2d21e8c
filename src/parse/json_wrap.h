/* Finds the records of a JSON object that is only a wrapper around them:
 *
 *	{"meta": {…}, "data": [{…}, {…}], "total": 2}
 *
 * Threads: pure functions. */
#ifndef ROWMILL_PARSE_JSON_WRAP_H
#define ROWMILL_PARSE_JSON_WRAP_H

#include "base/slice.h"

/* `text` is the beginning of an object without a syntax error up to there, or all of it. Returns where
 * the one array begins whose first element is an object, and its key as it stands between its quotes.
 * Returns text.size where there is no such member, or a second one, or where a member bears the
 * name of a field that is known: then the object is a record itself. `key` may be NULL. */
size_t json_find_wrapped(struct slice text, struct slice *key, const struct slice *known_fields,
			 size_t known_field_count);

#endif
