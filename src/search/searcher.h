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

#include "column/columns.h"
#include "embed/embed.h"
#include "search/search_request.h"
#include "store/store.h"
#include "vector/vector_index.h"

struct searcher;

/* All borrowed until searcher_free. `workspaces`: queries embedded at the same time. */
struct searcher *searcher_new(struct store *store, const struct embed_model *model,
			      struct vector_index *index, struct columns *columns,
			      unsigned workspaces);
void searcher_free(struct searcher *searcher); /* NULL is fine */

/* Reads every vector of the store into the index. Call before anything is added to it. */
enum status searcher_build_index(struct searcher *searcher, struct error *err);

/* STATUS_INVALID ("invalid-cursor") for a cursor that belongs to another search. An import_id that
 * there is not finds nothing. Records live in `arena`. */
enum status searcher_run(struct searcher *searcher, const struct search_request *request,
			 struct arena *arena, struct search_result *result, struct error *err);

/* The fields of what a request selects by import, status and filter, by name; at most `most`. */
struct search_fields {
	struct slice *names; /* in the arena, with their bytes */
	size_t count;
	bool left_out;
};
enum status searcher_list_fields(struct searcher *searcher, const struct search_request *request, size_t most,
				 struct arena *arena, struct search_fields *fields, struct error *err);

/* Embeds one text. Also for callers that want the vector itself. *tokens may be NULL. */
enum status searcher_embed(struct searcher *searcher, struct slice text, float vector[EMBED_DIMENSION],
			   size_t *tokens, struct error *err);

#endif
