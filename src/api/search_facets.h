/* The `facets` of a search: asked for, and answered. Grammar and shapes are in docs/SEARCHING.md. */
#ifndef ROWMILL_API_SEARCH_FACETS_H
#define ROWMILL_API_SEARCH_FACETS_H

#include "api/internal.h"

/* Into the request; what is wrong becomes an error of the call. */
void search_facets_read(struct api_call *call, struct value value, struct search_request *search);

/* The member "facets". */
void search_facets_present(struct json_writer *json, const struct search_request *search,
			   const struct search_result *result);

void present_facet_values(struct json_writer *json, const struct facet_values *values);
/* {"interval", "bars": […]} of an object that is open. */
void present_facet_bars(struct json_writer *json, const struct facet_histogram *histogram);

#endif
