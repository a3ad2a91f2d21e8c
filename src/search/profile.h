/* What all records hold, field by field: for statistics.
 *
 * Threads: any. */
#ifndef ROWMILL_SEARCH_PROFILE_H
#define ROWMILL_SEARCH_PROFILE_H

#include "column/facet.h"
#include "search/searcher.h"

enum {
	PROFILE_FIELDS_MOST = 100,
	PROFILE_VALUES = 5,
	/* Values of a field that has more different ones are not counted. */
	PROFILE_DISTINCT_MOST = 200000,
};

struct field_profile {
	struct slice name;
	uint64_t filled;             /* records with a value other than the empty string */
	int64_t errors;              /* cell errors */
	bool counted;                /* `values` are there */
	struct facet_values values;  /* the most frequent */
	struct facet_values domains; /* of e-mail addresses, without their local part; count 0: they are none */
	struct facet_numbers numbers;
	struct facet_histogram histogram; /* of the numbers */
};

struct profile {
	uint64_t records, valid, embedded;
	struct field_profile *fields; /* by name */
	size_t field_count;
	bool left_out; /* there are more fields */
	struct facet_member *days, *hours; /* of the records' created_at; rising */
	size_t day_count, hour_count;
	size_t column_bytes, vectors;
	struct column_view *view; /* to be released by the caller: what stands in here points into it */
};

/* Everything else lives in the arena. */
enum status searcher_profile(struct searcher *searcher, struct arena *arena, struct profile *profile,
			     struct error *err);

/* Which state of the columns a profile is of; changes whenever they do. */
uint64_t searcher_columns_version(struct searcher *searcher);

#endif
