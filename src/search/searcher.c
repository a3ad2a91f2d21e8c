#include "search/internal.h"

#include <stdlib.h>

#include "base/banned.h"

struct searcher *searcher_new(struct store *store, const struct embed_model *model,
			      struct vector_index *index, struct columns *columns,
			      unsigned workspaces)
{
	struct searcher *searcher = calloc(1, sizeof *searcher);

	if (!searcher)
		return NULL;
	searcher->store = store;
	searcher->model = model;
	searcher->index = index;
	searcher->lists = ranked_lists_new();
	searcher->columns = columns;
	pthread_mutex_init(&searcher->mutex, NULL);
	pthread_cond_init(&searcher->returned, NULL);
	searcher->workspaces = calloc(workspaces, sizeof(struct embed_workspace *));
	while (searcher->workspaces && searcher->made < workspaces) {
		struct embed_workspace *workspace = embed_workspace_new(model, EMBED_MAX_TOKENS);
		if (!workspace)
			break;
		searcher->workspaces[searcher->made++] = workspace;
	}
	searcher->idle = searcher->made;
	if (!searcher->made || !searcher->lists) {
		searcher_free(searcher);
		return NULL;
	}
	return searcher;
}

void searcher_free(struct searcher *searcher)
{
	if (!searcher)
		return;
	for (unsigned i = 0; i < searcher->made; i++)
		embed_workspace_free(searcher->workspaces[i]);
	free(searcher->workspaces);
	ranked_lists_free(searcher->lists);
	pthread_cond_destroy(&searcher->returned);
	pthread_mutex_destroy(&searcher->mutex);
	free(searcher);
}

enum status searcher_embed(struct searcher *searcher, struct slice text,
			   float vector[EMBED_DIMENSION], size_t *tokens, struct error *err)
{
	int32_t ids[EMBED_MAX_TOKENS];
	bool truncated;
	uint32_t size = (uint32_t)tokenizer_encode(embed_model_tokenizer(searcher->model), text,
						   ids, EMBED_MAX_TOKENS, &truncated);

	if (tokens)
		*tokens = size;
	pthread_mutex_lock(&searcher->mutex);
	while (!searcher->idle)
		pthread_cond_wait(&searcher->returned, &searcher->mutex);
	struct embed_workspace *workspace = searcher->workspaces[--searcher->idle];
	pthread_mutex_unlock(&searcher->mutex);

	enum status status = embed_run(searcher->model, workspace, ids, &size, 1, vector, err);

	pthread_mutex_lock(&searcher->mutex);
	searcher->workspaces[searcher->idle++] = workspace;
	pthread_cond_signal(&searcher->returned);
	pthread_mutex_unlock(&searcher->mutex);
	return status;
}
