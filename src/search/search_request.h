/* What is searched, and what was found: the contract between the endpoints and this room.
 *
 * Ownership: a request borrows everything; a result's records live in the arena given to searcher_run, its
 * `next` is released by the caller.
 * Threads: values only. */
#ifndef ROWMILL_SEARCH_SEARCH_REQUEST_H
#define ROWMILL_SEARCH_SEARCH_REQUEST_H

#include "search/cursor.h"
#include "store/store.h"

enum search_mode { SEARCH_LIST, SEARCH_SEMANTIC, SEARCH_KEYWORD, SEARCH_HYBRID, SEARCH_MODE_COUNT };

const char *search_mode_name(enum search_mode mode); /* "list", "semantic", "keyword", "hybrid" */

/* Keyword and hybrid results can be paged to this depth: offset + limit may be no more. */
enum { SEARCH_DEPTH_MOST = 10000 };

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
};

struct search_result {
	struct record_list list; /* its `total` counts all pages */
	float *scores;           /* [list.count]; NULL where records have none */
	struct slice *highlights; /* [list.count], each a JSON object; NULL: none were asked for */
	int64_t offset;          /* of the first record given */
	struct strbuf next;      /* cursor of the next page; empty: there is none */
	double embedding_coverage; /* share of the valid records searched that have their vector, 0 to 1 */
};

#endif
