/* The `filter` of a search: its grammar is in docs/SEARCHING.md. What is wrong becomes one of the call's
 * errors, with its place. */
#ifndef ROWMILL_API_SEARCH_FILTER_H
#define ROWMILL_API_SEARCH_FILTER_H

#include "api/internal.h"
#include "column/filter.h"

/* `value` is the member's or parameter's, and `where` the latter stands ("body", "query"). NULL: it is wrong.
 * Everything lives in the call's arena. */
const struct filter *search_filter_read(struct api_call *call, const char *where, struct value value);

/* Names in filters, sorts and facets: the record's own members by their names, everything else is a field;
 * "data.NAME" always is one. Returns whether it is a field, whose name is left in *name. */
bool search_name_is_field(struct slice *name);

#endif
