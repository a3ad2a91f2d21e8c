/* Finds records: listed by status and import, or ranked by meaning.
 *
 * It joins the store, the vector index and the encoder. A query's text is embedded on the
 * caller's thread with a workspace of its own pool, so that it never waits for an import's batch.
 * What the index finds is looked up in one snapshot of the store: a record that was deleted
 * meanwhile is left out, never shown.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_SEARCH_SEARCHER_H
#define ROWMILL_SEARCH_SEARCHER_H

#include "embed/embed.h"
#include "search/cursor.h"
#include "store/store.h"
#include "vector/vector_index.h"

struct searcher;

/* All borrowed until searcher_free. `workspaces`: queries embedded at the same time. */
struct searcher *searcher_new(struct store *store, const struct embed_model *model,
			      struct vector_index *index, unsigned workspaces);
void searcher_free(struct searcher *searcher); /* NULL is fine */

/* Reads every vector of the store into the index. Call before anything is added to it. */
enum status searcher_build_index(struct searcher *searcher, struct error *err);

enum search_mode { SEARCH_LIST, SEARCH_SEMANTIC };

const char *search_mode_name(enum search_mode mode); /* "list", "semantic" */

struct search_request {
	enum search_mode mode;
	struct slice query; /* text; for SEARCH_SEMANTIC */
	int64_t import_id;  /* 0: all */
	enum record_status status;
	float min_score; /* -INFINITY: none; for SEARCH_SEMANTIC */
	uint32_t limit;  /* 1 to 1,000 */
	int64_t offset;  /* from 0; not used where there is a cursor */
	struct slice cursor; /* empty: none */
};

struct search_result {
	struct record_list list; /* its `total` counts all pages */
	float *scores;           /* [list.count]; NULL for SEARCH_LIST */
	int64_t offset;          /* of the first record given */
	struct strbuf next;      /* cursor of the next page; empty: there is none. The caller releases it. */
	double embedding_coverage; /* share of the valid records searched that have their vector, 0 to 1 */
};

/* STATUS_INVALID ("invalid-cursor") for a cursor that belongs to another search. An import_id that
 * there is not finds nothing. Records live in `arena`. */
enum status searcher_run(struct searcher *searcher, const struct search_request *request,
			 struct arena *arena, struct search_result *result, struct error *err);

/* Embeds one text. Also for callers that want the vector itself. *tokens may be NULL. */
enum status searcher_embed(struct searcher *searcher, struct slice text, float vector[EMBED_DIMENSION],
			   size_t *tokens, struct error *err);

#endif
