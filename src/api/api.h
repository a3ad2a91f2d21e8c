/* The HTTP interface: what docs/API.md promises, on top of src/http.
 *
 * Threads: as http/server.h calls it; the api itself is immutable once made. */
#ifndef ROWMILL_API_API_H
#define ROWMILL_API_API_H

#include "http/server.h"
#include "import/importer.h"
#include "search/searcher.h"

struct api;

struct api_config {
	/* All borrowed until api_free. */
	struct store *store;
	const struct embed_model *model;
	struct importer *importer;
	struct searcher *searcher;
	struct schema_cache *schemas; /* the importer's */
	const char *spool_folder;
	const char *listen;              /* the address listened on: decides which Hosts are ours */
	const char *const *allowed_hosts; /* further Host names, NULL-terminated; NULL: none */
	uint64_t upload_limit;           /* bytes */
	unsigned workers;                /* request workers; some of them may wait for imports */
	bool no_embed;                   /* uploads that do not say so get no vectors */
};

struct api *api_new(const struct api_config *config); /* NULL: memory is exhausted */
void api_free(struct api *api); /* NULL is fine; after http_server_stop */

struct http_callbacks api_callbacks(struct api *api);

/* Lets event streams learn at once what the importer does. To be stopped after importer_quiesce and before
 * http_server_stop. */
enum status api_start_events(struct api *api, struct http_server *server, struct error *err);
void api_stop_events(struct api *api); /* NULL is fine */

#endif
