/* Every endpoint, once: dispatch, query parameters and documentation come from this table. */
#include "api/internal.h"

#include "base/banned.h"

#define LIMIT_PARAM                                                                                \
	{                                                                                          \
		.name = "limit", .kind = PARAM_INTEGER, .min = 1, .max = PAGE_LIMIT_MAX,           \
		.fallback = PAGE_LIMIT_DEFAULT, .doc = "Items on a page."                          \
	}
#define OFFSET_PARAM                                                                               \
	{                                                                                          \
		.name = "offset", .kind = PARAM_INTEGER, .min = 0, .max = INT64_MAX,               \
		.doc = "Items to leave out before the page; not together with cursor."             \
	}
#define CURSOR_PARAM                                                                               \
	{                                                                                          \
		.name = "cursor", .kind = PARAM_TEXT, .max = 256,                                  \
		.doc = "page.next of the page before: stable while rows are added."                \
	}

static const char *const import_statuses[] = {"pending", "processing", "completed", "failed",
					      "cancelled", NULL};
static const char *const record_statuses[] = {"valid", "invalid", NULL};

static const struct param upload_params[] = {
	{.name = "filename",
	 .kind = PARAM_TEXT,
	 .max = 1024,
	 .doc = "Name of the file; needed where the body is the file itself."},
	{.name = "schema",
	 .kind = PARAM_TEXT,
	 .max = 64,
	 .doc = "What the rows must be: people (default) or any."},
	{.name = "wait",
	 .kind = PARAM_INTEGER,
	 .min = 0,
	 .max = WAIT_SECONDS_MAX,
	 .doc = "Seconds to wait for the import's end before answering; also as Prefer: wait=N."},
	{0},
};
static const struct param list_imports_params[] = {
	{.name = "status", .kind = PARAM_CHOICE, .choices = import_statuses, .doc = "Only imports in it."},
	LIMIT_PARAM,
	OFFSET_PARAM,
	CURSOR_PARAM,
	{0},
};
static const struct param get_import_params[] = {
	{.name = "status", .kind = PARAM_CHOICE, .choices = record_statuses, .doc = "Only records in it."},
	LIMIT_PARAM,
	OFFSET_PARAM,
	CURSOR_PARAM,
	{0},
};

const struct route routes[] = {
	{.method = "POST",
	 .path = "/api/upload",
	 .handle = handle_upload,
	 .body = BODY_UPLOAD,
	 .params = upload_params,
	 .tag = "imports",
	 .summary = "Upload a file of records",
	 .description =
		 "Send the file as the part 'file' of multipart/form-data, or as the body itself with "
		 "?filename=. The answer comes when the file is safely on disk, before it is processed.",
	 .success = 202,
	 .success_schema = "Import",
	 .problems = "400 409 413 415 422 503 507"},
	{.method = "GET",
	 .path = "/api/imports",
	 .handle = handle_list_imports,
	 .params = list_imports_params,
	 .tag = "imports",
	 .summary = "List imports, newest first",
	 .success = 200,
	 .success_schema = "ImportList",
	 .problems = "422"},
	{.method = "GET",
	 .path = "/api/imports/{id}",
	 .handle = handle_get_import,
	 .params = get_import_params,
	 .tag = "imports",
	 .summary = "One import with a page of its records, in file order",
	 .success = 200,
	 .success_schema = "ImportDetails",
	 .problems = "404 422"},
	{.method = "DELETE",
	 .path = "/api/imports/{id}",
	 .handle = handle_delete_import,
	 .tag = "imports",
	 .summary = "Delete an import with its records and vectors",
	 .description = "Gone for everyone in one transaction, also while it is being processed.",
	 .success = 200,
	 .success_schema = "DeleteReceipt",
	 .problems = "404 422 503"},
	{.method = "POST",
	 .path = "/api/records/search",
	 .handle = handle_search,
	 .body = BODY_JSON,
	 .tag = "records",
	 .summary = "List records, or find them by meaning",
	 .description = "With a query, records are ranked by the cosine of their vector to the query's, "
			"then by id; without one they are listed by id.",
	 .success = 200,
	 .success_schema = "SearchAnswer",
	 .request_schema = "SearchRequest",
	 .problems = "400 413 415 422"},
	{.method = "GET",
	 .path = "/api/stats",
	 .handle = handle_stats,
	 .tag = "server",
	 .summary = "Statistics over all imports",
	 .success = 200,
	 .success_schema = "Statistics",
	 .problems = "422"},
	{.method = "POST",
	 .path = "/v1/embeddings",
	 .handle = handle_embeddings,
	 .body = BODY_JSON,
	 .tag = "embeddings",
	 .summary = "Embed texts, in the shape of OpenAI's API",
	 .success = 200,
	 .success_schema = "Embeddings",
	 .request_schema = "EmbeddingsRequest",
	 .problems = "400 413 415 422"},
	{.method = "GET",
	 .path = "/health",
	 .handle = handle_health,
	 .tag = "server",
	 .summary = "State of the server, its store, its model and its disk",
	 .success = 200,
	 .success_schema = "Health",
	 .problems = "422 503"},
	{.method = "GET",
	 .path = "/health/live",
	 .handle = handle_live,
	 .tag = "server",
	 .summary = "Whether the process answers",
	 .success = 200,
	 .success_schema = "Health",
	 .problems = "422"},
	{.method = "GET",
	 .path = "/health/ready",
	 .handle = handle_ready,
	 .tag = "server",
	 .summary = "Whether uploads and searches are served",
	 .success = 200,
	 .success_schema = "Health",
	 .problems = "422 503"},
	{.method = "GET",
	 .path = "/docs",
	 .handle = handle_docs,
	 .tag = "documentation",
	 .summary = "This page",
	 .success = 200,
	 .problems = "422"},
	{.method = "GET",
	 .path = "/docs/{file}",
	 .handle = handle_docs,
	 .tag = "documentation",
	 .summary = "What that page loads",
	 .success = 200,
	 .problems = "404 422"},
	{.method = "GET",
	 .path = "/openapi.json",
	 .handle = handle_openapi,
	 .tag = "documentation",
	 .summary = "This description, as OpenAPI 3.1",
	 .success = 200,
	 .problems = "422"},
	{.method = "GET",
	 .path = "/",
	 .handle = handle_home,
	 .tag = "documentation",
	 .summary = "Leads to /docs",
	 .success = 307,
	 .problems = "422"},
};

const size_t route_count = sizeof routes / sizeof *routes;
