/* What the files of this room share: a route, and a call of it. */
#ifndef ROWMILL_API_INTERNAL_H
#define ROWMILL_API_INTERNAL_H

#include "api/api.h"
#include "api/idempotency.h"
#include "base/json_writer.h"
#include "parse/reader.h"
#include "search/cursor.h"

#include <stdatomic.h>

enum {
	PARAMS_MAX = 32,
	PARAM_ERRORS_MAX = 16,
	BODY_LIMIT = 1 << 20,      /* bytes of a JSON request */
	ANSWER_LIMIT = 1 << 30,    /* bytes of an answer in memory */
	PAGE_LIMIT_MAX = 1000,
	PAGE_LIMIT_DEFAULT = 100,
	WAIT_SECONDS_MAX = 300,
};

enum param_kind {
	PARAM_INTEGER, /* min to max; `fallback` where not given */
	PARAM_CHOICE,  /* one of `choices`; the number is its index, -1 where not given */
	PARAM_FLAG,    /* true or false; the number is 1 or 0, `fallback` where not given */
	PARAM_TEXT,    /* 1 to `max` bytes of UTF-8 */
	PARAM_TEXTS,   /* the same, and may be given several times: param_next_text */
};

struct param {
	const char *name;
	enum param_kind kind;
	int64_t min, max, fallback;
	const char *const *choices; /* NULL-terminated */
	const char *doc;
	bool refused; /* known, but not served: 422, and not in /openapi.json */
};

enum body_kind { BODY_NONE, BODY_JSON, BODY_UPLOAD };

struct api_call;

/* One entry of the table in routes.c, from which requests are dispatched, query parameters
 * checked and /openapi.json written. */
struct route {
	const char *method, *path; /* "{id}" stands for a positive integer, a trailing "{file}" or "{name}" for any segment */
	void (*handle)(struct api_call *call);
	enum body_kind body;
	const struct param *params; /* up to PARAMS_MAX, ended by name NULL; NULL: none */
	const char *operation; /* its name in /openapi.json, for generated clients */
	const char *tag, *summary, *description;
	unsigned success;             /* status */
	const char *success_schema;   /* component name of the answer; NULL: no JSON */
	const char *success_media;    /* media type of an answer that is text; NULL: none */
	const char *request_schema;   /* of a JSON body */
	const char *no_content;       /* when it answers 204 instead; NULL: never */
	bool gives_etag;              /* a success carries an ETag */
	bool heeds_if_match;
	const char *problems;         /* "404 422": statuses it may answer beside the common ones */
};

extern const struct route routes[];
extern const size_t route_count;

struct param_error {
	const char *where; /* "query", "body", "path" */
	struct slice name;
	const char *type;    /* static: "unknown", "wrong-type", "out-of-range", "missing", "not-supported" */
	struct slice message;
	bool is_pointer; /* the name is a place in the body, as a JSON Pointer */
	struct slice path; /* what stands behind the name in the place: JSON values, with commas */
};

struct upload;

/* One request on its way. Lives in http_request_state from on_headers to on_done. */
struct api_call {
	struct api *api;
	const struct route *route;
	struct http_request *request;
	struct http_response *response; /* only inside handlers */
	struct arena *arena;            /* lives as long as the request */
	int64_t id;                     /* the path's {id} */
	struct slice suffix;            /* what stands for a trailing {file} or {name} */
	bool given[PARAMS_MAX];
	int64_t numbers[PARAMS_MAX];
	struct slice texts[PARAMS_MAX];
	struct param_error errors[PARAM_ERRORS_MAX];
	size_t error_count;
	struct strbuf body;    /* BODY_JSON */
	struct upload *upload; /* BODY_UPLOAD */
	struct idempotency idempotency;
};

/* What GET /api/stats says of fields, as it was last counted. */
struct stats_cache {
	pthread_mutex_t mutex;
	struct strbuf text;
	bool is_set;
	uint64_t version;           /* of the columns */
	uint64_t counted_ns, cost_ns; /* when, and how long it took */
};
void stats_cache_init(struct stats_cache *cache);
void stats_cache_release(struct stats_cache *cache);

struct api {
	struct api_config config;
	uint64_t started_ns;
	_Atomic unsigned waiting; /* request workers that wait for an import */
	struct idempotency_room keys;
	struct stats_cache stats;
	struct http_server *events_server; /* whose streams are woken */
	pthread_t events_thread;
	bool has_events_thread;
};

/* ---- guard.c: who may ask ---- */

/* Whether Host and Origin are this server's own; otherwise fills the 403. */
bool guard_check(const struct api *api, struct http_request *request,
		 struct http_response *response);

/* ---- params.c ---- */

/* Reads the query into the call; wrong ones are added to its errors. */
void params_read(struct api_call *call);
int64_t param_number(const struct api_call *call, const char *name);
struct slice param_text(const struct api_call *call, const char *name);
bool param_given(const struct api_call *call, const char *name);

/* The values of a PARAM_TEXTS in the order sent: *at is 0 before the first; false behind the last. */
bool param_next_text(const struct api_call *call, const char *name, size_t *at, struct slice *value);

void add_param_error(struct api_call *call, const char *where, struct slice name, const char *type,
		     const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same for what stands deeper in the body: `path` as in struct param_error. */
void add_place_error(struct api_call *call, const char *where, struct slice name, struct slice path,
		     const char *type, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* ---- problem.c: answers that say no (RFC 9457) ---- */

void problem_respond(struct http_request *request, struct http_response *response, unsigned status,
		     const char *code, const char *detail);
/* The same with one further member, whose value is JSON; none where its name is NULL. */
void problem_respond_with(struct http_request *request, struct http_response *response, unsigned status,
			  const char *code, const char *detail, const char *member, struct slice value);
/* 422 with the call's errors. */
void problem_params(struct api_call *call);
/* The HTTP status that an error of the program means, with its code and detail. */
void problem_error(struct api_call *call, const struct error *err);
/* 409 for a file that is there already. */
void problem_duplicate(struct api_call *call, int64_t original_id, const char *detail);
const char *problem_title(unsigned status);

/* ---- present.c: the shapes of API.md ---- */

void present_import(struct json_writer *json, struct importer *importer, const struct import *import);
/* Members of an import into an object that is open. */
void present_import_members(struct json_writer *json, struct importer *importer,
			    const struct import *import);
/* `score` NULL: not shown, nor are `highlights` (a JSON object; empty: {}). `fields`: names of data's members to keep; count 0: all. */
void present_record(struct json_writer *json, const struct stored_record *record, const float *score,
		    struct slice highlights, const struct slice *fields, size_t field_count);
/* "page": {…}; next: cursor, empty where nothing follows. */
void present_page(struct json_writer *json, uint32_t limit, int64_t offset, int64_t total, struct slice next);
void present_time(struct json_writer *json, const char *name, int64_t time_ms); /* 0: null */

/* A JSON object that is written to be the answer:
 *
 *	answer_begin(&answer);
 *	json_put_int_member(&answer.json, "id", 7);
 *	answer_send(&answer, call, 200);              // or answer_drop
 */
struct answer {
	struct strbuf body;
	struct json_writer json; /* inside the object */
};
void answer_begin(struct answer *answer);
void answer_send(struct answer *answer, struct api_call *call, unsigned status);
void answer_drop(struct answer *answer);
/* Link: <…>; rel="next" for a GET list. */
void respond_next_link(struct api_call *call, struct slice next);

/* ---- list_page.c: a list's page with its cursor and Link header ---- */

struct list_page {
	uint64_t list_id;
	struct cursor cursor;
	bool has_cursor;
	struct page_query query;
};

/* Reads limit, offset and cursor of a list of this kind under these conditions; false: the answer says no. */
bool list_page_open(struct api_call *call, const char *kind, struct slice conditions,
		    struct list_page *page);
/* Writes "page" and the Link header. `last_id`: what the cursor goes on behind. */
void list_page_write(struct api_call *call, struct json_writer *json, const struct list_page *page,
		     int64_t total, size_t count, int64_t last_id, bool more);

/* ---- download.c ---- */

/* Content-Disposition of a download that is named after an uploaded file, without its endings:
 * "people.csv.gz" and "-rejects.csv" give "people-rejects.csv". */
void respond_as_download(struct api_call *call, struct slice filename, const char *ending);

/* ---- record.c ---- */

/* The record of the path's {id}; STATUS_NOT_FOUND where it is gone or was never there. */
enum status read_record(struct api_call *call, struct stored_record *record, struct error *err);
/* Answers with a record and its ETag. */
void respond_record(struct api_call *call, const struct stored_record *record);
/* STATUS_CONFLICT ("changed-meanwhile"): the record's ETag is none of those that the header lists. */
enum status check_if_match(struct slice if_match, const struct stored_record *record, struct error *err);

/* ---- control.c ---- */

/* Answers with an import. */
void respond_import(struct api_call *call, int64_t id, unsigned status);

/* ---- upload.c ---- */

/* Starts taking the body; false: `response` is filled with the refusal. */
bool upload_begin(struct api_call *call, struct http_response *response);
enum http_action upload_feed(struct api_call *call, struct slice piece, struct http_response *response);
void upload_free(struct upload *upload);

/* The body's file, when it has arrived, for who only wants to read it; false: the answer says no. *fd is the
 * upload's, at its beginning; *options borrow from the call. */
bool upload_open_file(struct api_call *call, struct reader_options *options, int *fd);

/* ---- schemas.c ---- */

/* The schema that now goes by this name, held for the caller. STATUS_NOT_FOUND. */
enum status find_schema(struct api_call *call, struct slice name, const struct schema **schema,
			struct error *err);

/* ---- handlers ---- */

void handle_upload(struct api_call *call);
void handle_list_imports(struct api_call *call);
void handle_get_import(struct api_call *call);
void handle_delete_import(struct api_call *call);
void handle_cancel_import(struct api_call *call);
void handle_retry_import(struct api_call *call);
void handle_embed_import(struct api_call *call);
void handle_import_events(struct api_call *call);
void handle_metrics(struct api_call *call);
void handle_import_errors(struct api_call *call);
void handle_import_rejects(struct api_call *call);
void handle_get_record(struct api_call *call);
void handle_patch_record(struct api_call *call);
void handle_list_schemas(struct api_call *call);
void handle_get_schema(struct api_call *call);
void handle_put_schema(struct api_call *call);
void handle_delete_schema(struct api_call *call);
void handle_infer_schema(struct api_call *call);
void handle_search(struct api_call *call);
void handle_export_search(struct api_call *call);
void handle_export_import(struct api_call *call);
void handle_similar(struct api_call *call);
void handle_stats(struct api_call *call);
void handle_embeddings(struct api_call *call);
void handle_health(struct api_call *call);
void handle_live(struct api_call *call);
void handle_ready(struct api_call *call);
void handle_home(struct api_call *call);
void handle_docs(struct api_call *call);
void handle_openapi(struct api_call *call);

#endif
