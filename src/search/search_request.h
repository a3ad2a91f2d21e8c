/* What is searched, and what was found: the contract between the endpoints and this room.
 *
 * Ownership: a request borrows everything; a result's records live in the arena given to searcher_run, the rest
 * goes with search_result_release().
 * Threads: values only. */
#ifndef ROWMILL_SEARCH_SEARCH_REQUEST_H
#define ROWMILL_SEARCH_SEARCH_REQUEST_H

#include "column/facet.h"
#include "column/order.h"
#include "search/cursor.h"
#include "store/store.h"

enum search_mode { SEARCH_LIST, SEARCH_SEMANTIC, SEARCH_KEYWORD, SEARCH_HYBRID, SEARCH_MODE_COUNT };

const char *search_mode_name(enum search_mode mode); /* "list", "semantic", "keyword", "hybrid" */

/* Keyword and hybrid results can be paged to this depth: offset + limit may be no more. */
enum { SEARCH_DEPTH_MOST = 10000 };

/* Matches that facets and sorts of keyword and hybrid results take into account. */
enum { SEARCH_ALL_MOST = 1000000 };

enum facet_kind { FACET_VALUES, FACET_HISTOGRAM, FACET_RANGES, FACET_MEMBER };

/* What is to be counted over all that is found. */
struct facet_request {
	struct slice name;  /* in the answer */
	enum facet_kind kind;
	struct slice field; /* not for FACET_MEMBER */
	uint32_t limit;     /* FACET_VALUES: listed values */
	double interval;    /* FACET_HISTOGRAM; 0: one that makes about twenty bars */
	struct facet_range *ranges; /* FACET_RANGES; their counts are 0 */
	struct slice (*range_texts)[2]; /* [range_count]: the bounds as JSON, for the answer; empty: none */
	size_t range_count;
	/* FACET_MEMBER: MEMBER_IMPORT, or MEMBER_CREATED in steps; by_status: valid and invalid. */
	enum record_member member;
	int64_t step_ms;
	bool by_status;
};

struct facet_answer {
	uint64_t missing; /* records without a value that could be counted */
	struct facet_values values;
	struct facet_numbers numbers;
	struct facet_histogram histogram;
	struct facet_member *members;
	size_t member_count;
	uint64_t valid, invalid;
};

struct search_request {
	enum search_mode mode;
	struct slice query; /* text; not for SEARCH_LIST */
	int64_t import_id;  /* 0: all */
	enum record_status status;
	float min_score; /* -INFINITY: none; a cosine */
	uint32_t limit;  /* 1 to 1,000 */
	int64_t offset;  /* from 0; not used where there is a cursor */
	struct slice cursor; /* empty: none */
	bool highlight;
	const struct filter *filter; /* NULL: none */
	const struct sort_key *sort; /* [sort_count]; 0: the mode's own order */
	size_t sort_count;
	struct slice conditions; /* names filter and sort: cursors of others do not fit */
	struct facet_request *facets; /* [facet_count]; the counts of their ranges are filled in */
	size_t facet_count;
	bool by_vector;     /* SEARCH_SEMANTIC: by the vector of a record, not by the query */
	int64_t record_id;  /* that record, which is left out */
};

struct search_result {
	struct record_list list; /* its `total` counts all pages */
	float *scores;           /* [list.count]; NULL where records have none */
	struct slice *highlights; /* [list.count], each a JSON object; NULL: none were asked for */
	int64_t offset;          /* of the first record given */
	struct strbuf next;      /* cursor of the next page; empty: there is none */
	struct facet_answer *facets; /* [request->facet_count], in the arena; they point into `view` */
	struct column_view *view;    /* to be released by the caller; NULL is fine */
	double embedding_coverage; /* share of the valid records searched that have their vector, 0 to 1 */
};

void search_result_release(struct search_result *result); /* a zeroed struct is fine */

#endif
