/* The body of a search: what a client asks for, checked. What is wrong becomes one of the call's errors.
 *
 * Everything is borrowed from the body's JSON tree or lives in the call's arena. */
#ifndef ROWMILL_API_SEARCH_BODY_H
#define ROWMILL_API_SEARCH_BODY_H

#include "api/body.h"

struct search_body {
	struct search_request search;
	struct slice *fields; /* of data that are shown; count 0: all */
	size_t field_count;
};

extern const char *const search_members[]; /* of the body; NULL-terminated */

void search_body_read(struct api_call *call, const json_t *object, struct search_body *body);

#endif
