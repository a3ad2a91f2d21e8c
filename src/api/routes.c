/* Every endpoint, once: dispatch, query parameters and documentation come from this table. */
#include "api/internal.h"
#include "import/proposal.h"

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
		.name = "cursor", .kind = PARAM_TEXT, .max = 2048,                                  \
		.doc = "page.next of the page before: stable while rows are added."                \
	}

static const char *const import_statuses[] = {"pending", "processing", "completed", "failed",
					      "cancelled", NULL};
static const char *const on_duplicate_choices[] = {"reject", "return", "force", NULL}; /* enum on_duplicate */
static const char *const record_statuses[] = {"valid", "invalid", NULL};

/* How a file is read. */
#define FILE_PARAMS \
	{.name = "format", \
	 .kind = PARAM_TEXT, \
	 .max = 16, \
	 .doc = "csv, tsv, json, ndjson or xlsx; otherwise told by content."}, \
	{.name = "delimiter", \
	 .kind = PARAM_TEXT, \
	 .max = 8, \
	 .doc = "What divides cells: one character, that character twice, or with a space behind it; otherwise " \
		"detected."}, \
	{.name = "quote", \
	 .kind = PARAM_TEXT, \
	 .max = 8, \
	 .doc = "What encloses cells: one ASCII character, or none; otherwise detected."}, \
	{.name = "escape", \
	 .kind = PARAM_TEXT, \
	 .max = 8, \
	 .doc = "What makes the next character an ordinary one, also outside quotes; otherwise quotes are " \
		"doubled."}, \
	{.name = "encoding", \
	 .kind = PARAM_TEXT, \
	 .max = 64, \
	 .doc = "A WHATWG label or an iconv name, in any case; otherwise guessed."}, \
	{.name = "header", \
	 .kind = PARAM_FLAG, \
	 .fallback = 1, \
	 .doc = "Whether the first row names the columns; otherwise they are field1, field2, …"}, \
	{.name = "skip", \
	 .kind = PARAM_INTEGER, \
	 .min = 0, \
	 .max = 1000000, \
	 .fallback = -1, \
	 .doc = "Lines before the header to be skipped; the header is then not searched for."}, \
	{.name = "sheet", \
	 .kind = PARAM_TEXT, \
	 .max = 256, \
	 .doc = "The sheet to be read, by its name or its number from 1; otherwise the first visible one."}

static const struct param upload_params[] = {
	{.name = "filename",
	 .kind = PARAM_TEXT,
	 .max = 1024,
	 .doc = "Name of the file; needed where the body is the file itself."},
	{.name = "schema",
	 .kind = PARAM_TEXT,
	 .max = 64,
	 .doc = "What the rows must be: people (default), any, or a schema of your own."},
	FILE_PARAMS,
	{.name = "map",
	 .kind = PARAM_TEXTS,
	 .max = 1024,
	 .doc = "A column of the file, a colon and the schema's field that it is; once a column."},
	{.name = "dry_run",
	 .kind = PARAM_FLAG,
	 .doc = "Only count and report what would become of the rows."},
	{.name = "fixes",
	 .kind = PARAM_INTEGER,
	 .min = 1,
	 .max = INT64_MAX,
	 .doc = "The import whose rejected rows this file gives back, corrected."},
	{.name = "embed",
	 .kind = PARAM_FLAG,
	 .fallback = 1,
	 .doc = "Whether the records get their vectors; without, completed means stored, and "
		"POST /api/imports/{id}/embed gives them later. Where it is not told, the server decides "
		"(--no-embed)."},
	{.name = "on_duplicate",
	 .kind = PARAM_CHOICE,
	 .choices = on_duplicate_choices,
	 .doc = "What happens where the same file was uploaded before: reject (default) answers 409, return answers "
		"with the import that there is, force imports it once more."},
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
static const struct param list_schemas_params[] = {LIMIT_PARAM, OFFSET_PARAM, CURSOR_PARAM, {0}};
static const struct param infer_params[] = {
	{.name = "filename",
	 .kind = PARAM_TEXT,
	 .max = 1024,
	 .doc = "Name of the file; needed where the body is the file itself."},
	FILE_PARAMS,
	{.name = "rows",
	 .kind = PARAM_INTEGER,
	 .min = 1,
	 .max = PROPOSAL_ROWS_MAX,
	 .fallback = PROPOSAL_ROWS,
	 .doc = "Rows to look at."},
	{0},
};
static const struct param get_import_params[] = {
	{.name = "status", .kind = PARAM_CHOICE, .choices = record_statuses, .doc = "Only records in it."},
	LIMIT_PARAM,
	OFFSET_PARAM,
	CURSOR_PARAM,
	{0},
};

static const struct param import_errors_params[] = {
	{.name = "field", .kind = PARAM_TEXT, .max = 4096, .doc = "Only errors in this field."},
	{.name = "code", .kind = PARAM_TEXT, .max = 64, .doc = "Only errors of this code."},
	LIMIT_PARAM,
	OFFSET_PARAM,
	CURSOR_PARAM,
	{0},
};

static const char *const export_formats[] = {"csv", "ndjson", "json", NULL};
static const struct param export_import_params[] = {
	{.name = "format", .kind = PARAM_CHOICE, .choices = export_formats, .doc = "csv (default), ndjson or json."},
	{.name = "status", .kind = PARAM_CHOICE, .choices = record_statuses, .doc = "Only records in it."},
	{.name = "escape_formulas",
	 .kind = PARAM_FLAG,
	 .fallback = 1,
	 .doc = "CSV: whether texts that a spreadsheet would run get an apostrophe in front."},
	{0},
};
static const struct param similar_params[] = {
	{.name = "limit", .kind = PARAM_INTEGER, .min = 1, .max = PAGE_LIMIT_MAX, .fallback = 10, .doc = "Items on a page."},
	OFFSET_PARAM,
	CURSOR_PARAM,
	{.name = "import_id", .kind = PARAM_INTEGER, .min = 1, .max = INT64_MAX, .doc = "Only records of this import."},
	{.name = "filter", .kind = PARAM_TEXT, .max = 4096, .doc = "A filter as in a search, as JSON."},
	{0},
};

const struct route routes[] = {
	{.method = "POST",
	 .path = "/api/upload",
	 .handle = handle_upload,
	 .operation = "uploadFile",
	 .body = BODY_UPLOAD,
	 .params = upload_params,
	 .tag = "imports",
	 .summary = "Upload a file of records",
	 .description =
		 "Send the file as the part 'file' of multipart/form-data, or as the body itself with "
		 "?filename=. The answer comes when the file is safely on disk, before it is processed.",
	 .success = 202,
	 .success_schema = "Import",
	 .problems = "400 404 409 413 415 422 503 507"},
	{.method = "GET",
	 .path = "/api/imports",
	 .handle = handle_list_imports,
	 .operation = "listImports",
	 .params = list_imports_params,
	 .tag = "imports",
	 .summary = "List imports, newest first",
	 .success = 200,
	 .success_schema = "ImportList",
	 .problems = "422"},
	{.method = "GET",
	 .path = "/api/imports/{id}",
	 .handle = handle_get_import,
	 .operation = "getImport",
	 .params = get_import_params,
	 .tag = "imports",
	 .summary = "One import with a page of its records, in file order",
	 .success = 200,
	 .success_schema = "ImportDetails",
	 .problems = "404 422"},
	{.method = "DELETE",
	 .path = "/api/imports/{id}",
	 .handle = handle_delete_import,
	 .operation = "deleteImport",
	 .tag = "imports",
	 .summary = "Delete an import with its records and vectors",
	 .description = "Gone for everyone in one transaction, also while it is being processed.",
	 .success = 200,
	 .success_schema = "DeleteReceipt",
	 .problems = "404 422 503"},
	{.method = "GET",
	 .path = "/api/imports/{id}/errors",
	 .handle = handle_import_errors,
	 .operation = "listImportErrors",
	 .params = import_errors_params,
	 .tag = "imports",
	 .summary = "Every cell error of an import, in the order of its rows",
	 .description = "'groups' counts them by field and code, the most frequent first (the first 100), whatever "
			"the filters are.",
	 .success = 200,
	 .success_schema = "CellErrorList",
	 .problems = "404 422"},
	{.method = "GET",
	 .path = "/api/imports/{id}/rejects",
	 .handle = handle_import_rejects,
	 .operation = "downloadRejects",
	 .tag = "imports",
	 .summary = "The rejected rows, to be corrected and uploaded with fixes=",
	 .description = "In the format and dialect of the uploaded file, as UTF-8, with _row, _line and _errors behind its "
			"columns. Cell values are byte for byte what was sent. XLSX is given back as CSV. An import that "
			"fixes another has none of its own (409).",
	 .success = 200,
	 .problems = "404 409 422"},
	{.method = "GET",
	 .path = "/api/records/{id}",
	 .handle = handle_get_record,
	 .operation = "getRecord",
	 .tag = "records",
	 .summary = "One record",
	 .success = 200,
	 .success_schema = "Record",
	 .gives_etag = true,
	 .problems = "404 422"},
	{.method = "PATCH",
	 .path = "/api/records/{id}",
	 .handle = handle_patch_record,
	 .operation = "patchRecord",
	 .body = BODY_JSON,
	 .tag = "records",
	 .summary = "Correct one record",
	 .description = "data is merged into the record's data by RFC 7396: null removes a member. The result is checked as "
			"a row of the import is; where it is not valid, 422 says why and nothing changes. It is embedded before "
			"it is stored.",
	 .success = 200,
	 .success_schema = "Record",
	 .request_schema = "RecordPatch",
	 .gives_etag = true,
	 .heeds_if_match = true,
	 .problems = "400 404 409 412 413 415 422 503"},
	{.method = "GET",
	 .path = "/api/imports/{id}/export",
	 .handle = handle_export_import,
	 .operation = "exportImport",
	 .params = export_import_params,
	 .tag = "imports",
	 .summary = "All records of an import as CSV, NDJSON or JSON",
	 .description = "Streamed. In CSV, texts that a spreadsheet would run as formulas get an apostrophe in front.",
	 .success = 200,
	 .problems = "404 422 503"},
	{.method = "POST",
	 .path = "/api/records/export",
	 .handle = handle_export_search,
	 .operation = "exportRecords",
	 .body = BODY_JSON,
	 .tag = "records",
	 .summary = "All that a search finds as CSV, NDJSON or JSON",
	 .description = "A search without page, and with format and escape_formulas. Streamed.",
	 .success = 200,
	 .request_schema = "ExportRequest",
	 .problems = "400 413 415 422 503"},
	{.method = "GET",
	 .path = "/api/records/{id}/similar",
	 .handle = handle_similar,
	 .operation = "getSimilarRecords",
	 .params = similar_params,
	 .tag = "records",
	 .summary = "The nearest records by vector",
	 .description = "By cosine, then by id; the record itself is left out.",
	 .success = 200,
	 .success_schema = "SimilarAnswer",
	 .problems = "404 409 422"},
	{.method = "GET",
	 .path = "/api/schemas",
	 .handle = handle_list_schemas,
	 .operation = "listSchemas",
	 .params = list_schemas_params,
	 .tag = "schemas",
	 .summary = "List schemas: the built-in ones, then those that were put, in the order of their coming",
	 .success = 200,
	 .success_schema = "SchemaList",
	 .problems = "422"},
	{.method = "POST",
	 .path = "/api/schemas/infer",
	 .handle = handle_infer_schema,
	 .operation = "inferSchema",
	 .body = BODY_UPLOAD,
	 .params = infer_params,
	 .tag = "schemas",
	 .summary = "Propose a schema from a file's first rows",
	 .description =
		 "The file is sent as for an upload, read and forgotten. The answer is a Table Schema document that "
		 "PUT /api/schemas/{name} takes as it is; every row that was looked at is valid under it.",
	 .success = 200,
	 .success_schema = "TableSchema",
	 .problems = "400 413 415 422 503 507"},
	{.method = "GET",
	 .path = "/api/schemas/{name}",
	 .handle = handle_get_schema,
	 .operation = "getSchema",
	 .tag = "schemas",
	 .summary = "The document of a schema, as it was put",
	 .success = 200,
	 .success_schema = "TableSchema",
	 .problems = "404 422"},
	{.method = "PUT",
	 .path = "/api/schemas/{name}",
	 .handle = handle_put_schema,
	 .operation = "putSchema",
	 .body = BODY_JSON,
	 .tag = "schemas",
	 .summary = "Add a schema, or replace its document",
	 .description = "Imports that exist or run keep the document that they were made with.",
	 .success = 200,
	 .success_schema = "TableSchema",
	 .request_schema = "TableSchema",
	 .problems = "400 409 413 415 422 503 507"},
	{.method = "DELETE",
	 .path = "/api/schemas/{name}",
	 .handle = handle_delete_schema,
	 .operation = "deleteSchema",
	 .tag = "schemas",
	 .summary = "Delete a schema",
	 .description = "Imports that were made with it stay as they are.",
	 .success = 200,
	 .success_schema = "SchemaReceipt",
	 .problems = "404 409 422 503"},
	{.method = "POST",
	 .path = "/api/imports/{id}/cancel",
	 .handle = handle_cancel_import,
	 .operation = "cancelImport",
	 .tag = "imports",
	 .summary = "Stop an import",
	 .description = "Its records are gone at once for everyone, and its workers stop within one batch. The file stays for a retry.",
	 .success = 202,
	 .success_schema = "Import",
	 .problems = "404 409 422 507"},
	{.method = "POST",
	 .path = "/api/imports/{id}/retry",
	 .handle = handle_retry_import,
	 .operation = "retryImport",
	 .tag = "imports",
	 .summary = "Run a failed or cancelled import again",
	 .description = "From the first row, with the options that it was uploaded with.",
	 .success = 202,
	 .success_schema = "Import",
	 .problems = "404 409 422 507"},
	{.method = "POST",
	 .path = "/api/imports/{id}/embed",
	 .handle = handle_embed_import,
	 .operation = "embedImport",
	 .tag = "imports",
	 .summary = "Give the records of an import their vectors",
	 .description = "For imports that were uploaded with embed=false. It is processing until every valid record has its vector; where all have one, nothing changes.",
	 .success = 202,
	 .success_schema = "Import",
	 .problems = "404 409 422 507"},
	{.method = "GET",
	 .path = "/api/imports/{id}/events",
	 .handle = handle_import_events,
	 .operation = "watchImport",
	 .tag = "imports",
	 .summary = "An import's progress as server-sent events",
	 .description = "Each event (progress, then end or deleted) carries the import as it is; its id, sent as "
			"Last-Event-ID, goes on from there. The stream ends with the import; who comes back after "
			"that gets 204.",
	 .success = 200,
	 .success_media = "text/event-stream",
	 .no_content = "Last-Event-ID names the last event: there is nothing to follow",
	 .problems = "404 422"},
	{.method = "POST",
	 .path = "/api/records/search",
	 .handle = handle_search,
	 .operation = "searchRecords",
	 .body = BODY_JSON,
	 .tag = "records",
	 .summary = "List records, or find them by words, by meaning, or by both",
	 .description = "With a query, records are ranked by their words (keyword), by the cosine of their vector to the "
			"query's (semantic), or by both rankings fused (hybrid), then by id; without one they are listed by "
			"id. 'total' of hybrid results counts the records that match the words.",
	 .success = 200,
	 .success_schema = "SearchAnswer",
	 .request_schema = "SearchRequest",
	 .problems = "400 413 415 422"},
	{.method = "GET",
	 .path = "/api/stats",
	 .handle = handle_stats,
	 .operation = "getStatistics",
	 .tag = "server",
	 .summary = "Statistics over all imports",
	 .success = 200,
	 .success_schema = "Statistics",
	 .problems = "422"},
	{.method = "POST",
	 .path = "/v1/embeddings",
	 .handle = handle_embeddings,
	 .operation = "createEmbeddings",
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
	 .operation = "getHealth",
	 .tag = "server",
	 .summary = "State of the server, its store, its model and its disk",
	 .success = 200,
	 .success_schema = "Health",
	 .problems = "422 503"},
	{.method = "GET",
	 .path = "/health/live",
	 .handle = handle_live,
	 .operation = "getLiveness",
	 .tag = "server",
	 .summary = "Whether the process answers",
	 .success = 200,
	 .success_schema = "Health",
	 .problems = "422"},
	{.method = "GET",
	 .path = "/health/ready",
	 .handle = handle_ready,
	 .operation = "getReadiness",
	 .tag = "server",
	 .summary = "Whether uploads and searches are served",
	 .success = 200,
	 .success_schema = "Health",
	 .problems = "422 503"},
	{.method = "GET",
	 .path = "/metrics",
	 .handle = handle_metrics,
	 .operation = "getMetrics",
	 .tag = "server",
	 .summary = "Counts and rates in Prometheus' text format",
	 .success = 200,
	 .success_media = "text/plain",
	 .problems = "422"},
	{.method = "GET",
	 .path = "/docs",
	 .handle = handle_docs,
	 .operation = "getDocumentation",
	 .tag = "documentation",
	 .summary = "This page",
	 .success = 200,
	 .problems = "422"},
	{.method = "GET",
	 .path = "/docs/{file}",
	 .handle = handle_docs,
	 .operation = "getDocumentationFile",
	 .tag = "documentation",
	 .summary = "What that page loads",
	 .success = 200,
	 .problems = "404 422"},
	{.method = "GET",
	 .path = "/openapi.json",
	 .handle = handle_openapi,
	 .operation = "getDescription",
	 .tag = "documentation",
	 .summary = "This description, as OpenAPI 3.1",
	 .success = 200,
	 .problems = "422"},
	{.method = "GET",
	 .path = "/",
	 .handle = handle_home,
	 .operation = "getHome",
	 .tag = "documentation",
	 .summary = "Leads to /docs",
	 .success = 307,
	 .problems = "422"},
};

const size_t route_count = sizeof routes / sizeof *routes;
