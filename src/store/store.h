/* Where imports, records and vectors live, in the words of the domain. No caller sees SQL.
 *
 *	struct store *store;
 *	if (store_open(&config, &store, &err) != STATUS_OK) …
 *	store->call->append_batch(store, id, &rows, &err);
 *	store->call->close(store);
 *
 * A backend is one table of functions (struct store_backend); the contract of each stands
 * above its pointer, and tests/store holds every backend to it.
 *
 * Writes are transactions: each call that changes something does all of it or nothing, and
 * has it on disk when it returns STATUS_OK. A write that cannot be made durable returns
 * STATUS_FULL (disk full: nothing is lost, deletes still work) or STATUS_UNAVAILABLE (the
 * store stopped taking writes after a failed sync; it recovers when the program restarts).
 *
 * Reads go through a store_reader: a snapshot taken at its first read, so that all answers of
 * one request agree with one another. Readers come from a fixed pool; keep one only while it is used.
 *
 * Imports that failed, were cancelled or deleted are gone for every reader, with all their
 * records, in the transaction that said so; what they occupied is purged in slices later.
 *
 * Ownership: what a read returns lives in the arena given to it.
 * Threads: every function may be called from any thread at any time; writes are served in
 * turn. A store_reader belongs to one thread at a time. */
#ifndef ROWMILL_STORE_STORE_H
#define ROWMILL_STORE_STORE_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/slice.h"
#include "base/status.h"
#include "record/batch.h"
#include "record/id_set.h"

enum {
	VECTOR_DIMENSION = 384, /* float32 items of one vector; 1,536 bytes */
	TEXT_HASH_SIZE = 16,    /* bytes that name a text, with the model and precision of its vector */
	REQUEST_KEY_MAX = 255,
	REQUEST_KEYS_MAX = 100000,          /* kept at once */
	REQUEST_KEY_LIFE_MS = 86400 * 1000, /* a day */
	NOTICES_KEPT = 1000,                /* of those that were delivered or given up */
};

struct store {
	const struct store_backend *call;
};

struct store_reader;

struct store_config {
	const char *path;     /* of the database file */
	unsigned readers;     /* size of the pool; at least 1 */
	bool read_only;       /* refuse every write; for commands beside a running server */
	bool keep_notices;    /* write a notice whenever an import ends */
};

/* Opens or creates the database and brings it to the newest schema. Errors: a file that is no
 * database of ours ("foreign-database"), one that another program holds locked
 * ("database-locked"), one of a newer version ("newer-database"), a folder that cannot be
 * written. Each detail names the remedy. A database of the original Python program is backed
 * up beside itself, then migrated. */
enum status store_open(const struct store_config *config, struct store **store, struct error *err);

enum import_status {
	IMPORT_PENDING,
	IMPORT_PROCESSING,
	IMPORT_COMPLETED,
	IMPORT_FAILED,
	IMPORT_CANCELLED,
	IMPORT_STATUS_COUNT,
};

/* "pending", …; and back: false if there is no such status. */
const char *import_status_name(enum import_status status);
bool import_status_parse(struct slice name, enum import_status *status);

struct import {
	int64_t id;
	struct slice filename;
	struct slice file_hash;  /* 64 hex digits of SHA-256; for legacy imports what they had */
	int64_t size_bytes;
	struct slice format;     /* "csv", "json", "ndjson"; empty until it is known */
	struct slice schema;     /* name */
	int64_t schema_document; /* id of the document that it was made with; 0: built in */
	struct slice options;    /* JSON object: the upload's options, as import/ wrote it */
	struct slice dialect;    /* JSON object as import/ wrote it; empty until it is known */
	struct slice columns;    /* JSON as import/ wrote it (batch.h); empty where there are none */
	struct slice spool_name; /* empty: there is no file any more */
	bool dry_run;            /* it keeps no records, and is in no list */
	int64_t fixes;           /* the import whose rejected rows it corrects, keeping none itself; 0: none */
	struct slice request_id; /* of the upload */
	enum import_status status;
	bool parsed;             /* every row of the file is stored */
	bool no_embed;           /* its records need no vectors to be complete */
	int64_t total_records, processed_records, failed_records, embedded_records;
	int64_t truncated_texts; /* texts cut at the model's 256 tokens */
	/* Why it failed or was cancelled; code empty otherwise. line 0: no place. */
	struct slice error_code, error_detail;
	int64_t error_line, error_column, error_byte;
	int64_t created_ms, started_ms, completed_ms; /* 0: not yet */
};

/* What a client calls its request, so that the same one sent again does nothing twice. */
struct request_key {
	struct slice key;             /* 1 to REQUEST_KEY_MAX bytes */
	const unsigned char *request; /* SHA256_SIZE bytes that name what was asked */
};

struct kept_answer {
	int64_t import_id;    /* what the request made; 0: nothing */
	int http_status;      /* 0: the program ended before the answer was kept */
	struct slice location, body;
};

struct new_import {
	struct slice filename, format, schema, options, spool_name, request_id;
	struct slice schema_document;   /* kept with the import; empty: a built-in schema */
	const unsigned char *file_hash; /* SHA256_SIZE bytes */
	/* Content and options that change the result; NULL: holds no duplicate key. */
	const unsigned char *duplicate_key; /* SHA256_SIZE bytes */
	bool dry_run;
	int64_t fixes; /* 0: none */
	int64_t size_bytes;
	bool no_embed;
	const struct request_key *request_key; /* kept in the same transaction; NULL: none */
};

/* Something that is to be told to others. */
struct notice {
	int64_t id, import_id;
	struct slice message_id;
	struct slice event;      /* "import.completed", "import.failed", "import.cancelled" */
	struct slice data;       /* JSON object: the import as it ended */
	struct slice created_at; /* RFC 3339 */
	int64_t attempts;        /* made so far */
};

enum notice_outcome { NOTICE_DELIVERED, NOTICE_LATER, NOTICE_GIVEN_UP };

/* A claimed import: what a worker needs to go on with it. */
struct import_claim {
	struct import import;
	uint64_t rows_done; /* rows already stored: go on with row rows_done + 1 */
};

struct delete_receipt {
	int64_t import_id;
	int64_t records, vectors, errors; /* how much it was */
	int64_t size_bytes;               /* of the uploaded file */
	struct slice filename;
	struct slice spool_name;          /* to be removed by the caller; empty: none */
};

struct page_query {
	uint32_t limit;     /* 1 to 1,000 */
	int64_t offset;     /* from 0; not used where there is a cursor */
	int64_t cursor_id;  /* go on behind this id; 0: from the start */
};

struct import_query {
	bool by_status;
	enum import_status status;
	struct page_query page; /* newest first: ids fall */
};

enum record_status { RECORD_STATUS_ANY, RECORD_STATUS_VALID, RECORD_STATUS_INVALID };

struct record_query {
	int64_t import_id; /* 0: all imports */
	enum record_status status;
	struct page_query page; /* ids rise: rows in file order, imports in upload order */
};

struct stored_record {
	int64_t id, import_id;
	int64_t row, line;
	bool valid, embedded;
	struct slice data;          /* JSON text */
	struct slice error_message; /* empty: none */
	struct slice errors;        /* JSON array as record_write_errors wrote it; "[]" for a valid one */
	int64_t created_ms;
};

enum {
	ERROR_GROUPS_MOST = 100,
	ERROR_OFFSET_MOST = 100000, /* page.offset of a filtered list of errors */
	ERROR_PLACE_BITS = 20, /* more errors than a row can have */
};

/* Cell errors of an import, in the order of its rows. data NULL: any; field "": of rows as a whole. */
struct error_query {
	int64_t import_id;
	struct slice field, code;
	struct page_query page; /* cursor_id: error_place() of the last one seen */
};

struct stored_error {
	int64_t record_id, row;
	int64_t place;     /* among the errors of its record, from 0 */
	struct slice json; /* an object as record_write_errors wrote it */
};

/* Names one error of all, in their order. */
static inline int64_t error_place(const struct stored_error *error)
{
	return error->record_id << ERROR_PLACE_BITS | error->place;
}

static inline int64_t error_place_record(int64_t place)
{
	return place >> ERROR_PLACE_BITS;
}

static inline int64_t error_place_index(int64_t place)
{
	return place & (((int64_t)1 << ERROR_PLACE_BITS) - 1);
}

struct error_list {
	struct stored_error *errors;
	size_t count;
	int64_t total; /* that match, over all pages */
	bool more;
	bool loose; /* the import keeps no records: record ids name nothing that can be read */
};

struct error_group {
	struct slice field, code; /* field "": of rows as a whole */
	int64_t count;
};

/* An invalid record as it is given back (import/reject.h). */
struct rejected_row {
	int64_t record_id, row, line;
	struct slice message;    /* all errors in one line */
	struct slice errors;     /* JSON array */
	struct slice sent;       /* what was kept; empty where nothing was: make it of `data` */
	size_t split;
	struct slice data;       /* JSON text; only where `sent` is empty */
};

struct reject_list {
	struct rejected_row *rows;
	size_t count;
	bool more;
	int64_t run; /* of the import: another one where it was ended meanwhile, and perhaps began anew */
};

/* One record gets other contents. */
struct correction {
	int64_t record_id;
	struct slice data_before; /* as it was read: what was made of it holds only for this */
	struct record *record;    /* checked; errors are added where it loses a value that must be unique */
	struct arena *arena;
	const float *vector;      /* [VECTOR_DIMENSION]; NULL: its import is one without vectors */
	const unsigned char *text_hash; /* [TEXT_HASH_SIZE], or NULL */
	int more_truncated;       /* 1: its text is cut now and was not; -1: the other way round; 0: as before */
};

struct import_list {
	struct import *imports;
	size_t count;
	int64_t total; /* that match, over all pages */
	bool more;     /* there are further ones behind the last */
};

struct record_list {
	struct stored_record *records;
	size_t count;
	int64_t total;
	bool more;
};

/* What columns are made of. */
struct stored_row {
	int64_t id, row, created_ms;
	bool valid, embedded;
	struct slice data; /* JSON text */
};

/* A valid record without a vector. */
struct pending_record {
	int64_t id, import_id;
	struct slice data;   /* JSON text */
	struct slice schema; /* name of its import's schema */
	int64_t schema_document; /* id of that one's document; 0: built in */
};

struct record_vector {
	int64_t id, import_id;
	const float *vector; /* [VECTOR_DIMENSION], L2 norm 1 */
	/* [TEXT_HASH_SIZE]: find_vectors finds the vector by it; NULL: it does not. */
	const unsigned char *text_hash;
	bool truncated;      /* its text was cut */
	bool attached;       /* out: false if the record is gone meanwhile */
};

/* A schema that somebody put; built-in ones are not stored. */
struct stored_schema {
	int64_t id;           /* another one after it was deleted and put again */
	struct slice name;
	int64_t document_id;  /* changes with the document */
	struct slice document; /* JSON text as it was put; empty in lists */
	int64_t created_ms, updated_ms;
};

struct schema_list {
	struct stored_schema *schemas;
	size_t count;
	int64_t total;
	bool more;
};

/* Words that stand one behind the other in a record's values, folded as record/word_reader.h does. */
struct word_phrase {
	const struct slice *words;
	size_t count;  /* at least 1 */
	bool prefix;   /* the last one is only the beginning of a word */
	double weight; /* factor to its score */
};

struct word_term {
	const struct word_phrase *alternatives; /* any one of them will do */
	size_t count;
	bool excluded; /* records that hold it are left out */
};

struct word_query {
	const struct word_term *terms;
	size_t count;
	bool any;                    /* one of the terms is enough; else all are needed */
	int64_t import_id;           /* 0: all imports */
	enum record_status status;
	const struct id_set *within; /* NULL: all records */
	size_t limit;
};

struct word_hit {
	int64_t id;
	double score; /* above 0, more is better */
};

struct word_hits {
	struct word_hit *hits;
	size_t count;
	int64_t total; /* records that match */
	double full;   /* the score of a record that holds every term once; where any is enough, as it is written and not by a slip */
};

struct similar_words {
	struct slice *words;
	unsigned *distances; /* letters apart: 1 or 2 */
	size_t count;
};

/* Cell errors of a field, over all imports. */
struct field_errors {
	struct slice field;
	int64_t count;
};

struct store_stats {
	int64_t imports[IMPORT_STATUS_COUNT];
	int64_t records_valid, records_invalid, records_embedded;
	int64_t bytes; /* on disk */
};

struct store_backend {
	const char *name; /* "sqlite" */

	/* Waits for the write under way, checkpoints, and frees everything. Readers must all be
	 * returned before. NULL is fine. */
	void (*close)(struct store *store);

	/* ---- imports ---- */

	/* Adds an import as pending. STATUS_EXISTS if another one holds the duplicate key: *id is
	 * then that one. Of several at once, exactly one gets STATUS_OK. With a request key, STATUS_CONFLICT
	 * if it is known already, and STATUS_BUSY if REQUEST_KEYS_MAX are. */
	enum status (*add_import)(struct store *store, const struct new_import *import, int64_t *id,
				  struct error *err);

	/* Gives the oldest import that has rows left to parse and that no worker holds (`only_new`: and of
	 * which no row is stored), and marks it processing; STATUS_END if there is none. A claim ends with finish_parsing, fail_import
	 * or release_import; that of a cancelled or deleted import ends with the call that
	 * answers its worker STATUS_CANCELLED (or with release_import), so that a retry never
	 * has two workers. Claims of a program that died end when the store is opened again. */
	enum status (*claim_import)(struct store *store, bool only_new, struct arena *arena,
				    struct import_claim *claim, struct error *err);

	/* Gives a claim back with its rows kept, to be claimed again. */
	enum status (*release_import)(struct store *store, int64_t id, struct error *err);

	/* Stores the records of a batch, their errors, the counters and the checkpoint (the last
	 * row's number) in one transaction. `dialect` (JSON) and `format` are kept where not empty.
	 * Rows must be numbered on from the last that is stored. STATUS_CANCELLED if the import was
	 * deleted or cancelled meanwhile: nothing is stored. STATUS_CONFLICT if no worker holds it.
	 * Says in the batch which ids its records got, and when.
	 * A dry run only keeps its invalid rows, and out of sight. Of an import that corrects rejected rows of another one
	 * (import.fixes), each row takes the place of the invalid record that record.fixes_row names: it is counted in
	 * both; one that is still wrong stays invalid with its new errors; one for which there is no such record
	 * only fails here, and one that says what the record says already is counted as done. STATUS_NOT_FOUND
	 * ("fixed-import-gone") if that import is gone. */
	enum status (*append_batch)(struct store *store, int64_t id, struct batch *batch,
				    struct slice format, struct slice dialect, struct error *err);

	/* All rows are stored. The import is completed as soon as every valid record has its
	 * vector: at once if there is none to wait for (*completed). `format` and `dialect` as in
	 * append_batch: an empty file has no batch. STATUS_CANCELLED and STATUS_NOT_FOUND as in append_batch. */
	enum status (*finish_parsing)(struct store *store, int64_t id, struct slice format,
				      struct slice dialect, bool *completed, struct error *err);

	/* Ends an import as failed for `reason`: its records vanish in this transaction, its
	 * counters are 0 and its duplicate key is free. STATUS_CANCELLED and STATUS_CONFLICT as in
	 * append_batch. */
	enum status (*fail_import)(struct store *store, int64_t id, const struct error *reason,
				   struct error *err);

	/* The same on request, as cancelled. STATUS_NOT_FOUND; STATUS_CONFLICT if it has ended, or had
	 * and is only given what was missing. */
	enum status (*cancel_import)(struct store *store, int64_t id, struct error *err);

	/* Puts a failed or cancelled import back to pending, from its first row. STATUS_NOT_FOUND;
	 * STATUS_CONFLICT if it is in another state or its file is gone; STATUS_EXISTS if its
	 * duplicate key is taken by now (*holder). The rows of the earlier run, where not yet purged,
	 * stay invisible. */
	enum status (*retry_import)(struct store *store, int64_t id, int64_t *holder,
				    struct error *err);

	/* Lets the records of an import without vectors have theirs: it is processing until they do.
	 * *changed: it was one. STATUS_NOT_FOUND; STATUS_CONFLICT if it failed or was cancelled. */
	enum status (*embed_import)(struct store *store, int64_t id, bool *changed, struct error *err);

	/* Makes an import and all its records vanish. STATUS_NOT_FOUND. */
	enum status (*delete_import)(struct store *store, int64_t id, struct arena *arena,
				     struct delete_receipt *receipt, struct error *err);

	/* Frees some of what failed, cancelled and deleted imports occupied, or does some of the other work that is left
	 * for the background (indexing what an older version stored): one short transaction of
	 * at most `limit` records. STATUS_END when there is nothing left. */
	enum status (*purge_slice)(struct store *store, uint32_t limit, struct error *err);

	/* ---- answers to requests that may come again ---- */

	/* Keeps the answer under its key, whether or not an import was added with it. */
	enum status (*keep_answer)(struct store *store, const struct request_key *key,
				   const struct kept_answer *answer, struct error *err);

	/* STATUS_NOT_FOUND if the key is not known, or no longer; STATUS_CONFLICT if it belongs to another
	 * request. */
	enum status (*find_answer)(struct store_reader *reader, const struct request_key *key,
				   struct arena *arena, struct kept_answer *answer, struct error *err);

	/* ---- notices ---- */

	/* The notice that is due first. STATUS_END if none is at `now_ms`: *next_ms is then when one will
	 * be, 0 if there is none at all. */
	enum status (*next_notice)(struct store_reader *reader, int64_t now_ms, struct arena *arena,
				   struct notice *notice, int64_t *next_ms, struct error *err);

	/* Counts an attempt. `http_status` 0: there was no answer, and `failure` says why; NOTICE_LATER: not
	 * again before next_ms. The oldest settled ones beyond NOTICES_KEPT go. */
	enum status (*settle_notice)(struct store *store, int64_t id, enum notice_outcome outcome,
				     int http_status, struct slice failure, int64_t next_ms,
				     struct error *err);

	/* ---- vectors ---- */

	/* Replaces the contents of a record, and counts that in its import. STATUS_NOT_FOUND; STATUS_CONFLICT
	 * ("import-not-completed") while its import is under way, ("changed-meanwhile") if its data are no longer
	 * data_before, or the import is no longer with, or without, vectors; STATUS_INVALID if the record has
	 * errors, which may be new. Nothing is changed then. */
	enum status (*correct_record)(struct store *store, struct correction *correction, struct error *err);

	/* Gives each record its vector where it still has none and its import is still there
	 * (`attached` says so), counts them, and completes imports that have all of theirs: the
	 * ids of those are in completed[*completed_count], at most `count`. One transaction. */
	enum status (*attach_vectors)(struct store *store, struct record_vector *vectors, size_t count,
				      int64_t *completed, size_t *completed_count,
				      struct error *err);

	/* ---- schemas ---- */

	/* Adds a schema or replaces the document of the one that is there. Imports keep theirs. */
	enum status (*put_schema)(struct store *store, struct slice name, struct slice document,
				  struct error *err);
	enum status (*delete_schema)(struct store *store, struct slice name,
				     struct error *err); /* STATUS_NOT_FOUND */

	/* ---- reading ---- */

	/* Takes a reader from the pool, waiting for one if all are out. */
	enum status (*open_reader)(struct store *store, struct store_reader **reader,
				   struct error *err);
	void (*close_reader)(struct store *store, struct store_reader *reader); /* NULL is fine */

	enum status (*get_import)(struct store_reader *reader, int64_t id, struct arena *arena,
				  struct import *import, struct error *err); /* STATUS_NOT_FOUND */
	enum status (*list_imports)(struct store_reader *reader, const struct import_query *query,
				    struct arena *arena, struct import_list *list,
				    struct error *err);
	enum status (*list_records)(struct store_reader *reader, const struct record_query *query,
				    struct arena *arena, struct record_list *list,
				    struct error *err);

	/* The records with these ids, in this order; those that are gone are left out. */
	enum status (*get_records)(struct store_reader *reader, const int64_t *ids, size_t count,
				   struct arena *arena, struct record_list *list,
				   struct error *err);

	/* The records of one import with after_id < id <= last_id, ids rising, at most `limit`; without what
	 * is wide. */
	enum status (*list_rows)(struct store_reader *reader, int64_t import_id, int64_t after_id,
				 int64_t last_id, uint32_t limit, struct arena *arena,
				 struct stored_row **rows, size_t *count, struct error *err);
	/* 0: there is no record. */
	enum status (*get_last_record_id)(struct store_reader *reader, int64_t *id, struct error *err);

	/* STATUS_NOT_FOUND. */
	enum status (*list_errors)(struct store_reader *reader, const struct error_query *query,
				   struct arena *arena, struct error_list *list, struct error *err);

	/* Errors by field and code, the most frequent first: *count of them, at most ERROR_GROUPS_MOST.
	 * STATUS_NOT_FOUND. */
	enum status (*list_error_groups)(struct store_reader *reader, int64_t import_id,
					 struct arena *arena, struct error_group **groups,
					 size_t *count, struct error *err);

	/* Invalid records with id > after_id in the order of their ids: at most `limit`, and no further one
	 * when they have `size_limit` bytes together. STATUS_NOT_FOUND. */
	enum status (*list_rejects)(struct store_reader *reader, int64_t import_id, int64_t after_id,
				    uint32_t limit, size_t size_limit, struct arena *arena,
				    struct reject_list *list, struct error *err);

	/* Imports with records that wait for a vector, ids rising, at most `limit`. */
	enum status (*list_to_embed)(struct store_reader *reader, uint32_t limit, struct arena *arena,
				     int64_t **ids, size_t *count, struct error *err);

	/* Valid records without a vector, with id > after_id, ids rising, at most `limit`; import_id 0: of all
	 * imports whose records are to have one. */
	enum status (*list_pending)(struct store_reader *reader, int64_t import_id, int64_t after_id,
				    uint32_t limit, struct arena *arena, struct pending_record **records,
				    size_t *count, struct error *err);

	/* How many list_pending would give; *count is at most `limit`. The arena holds its scratch. */
	enum status (*count_pending)(struct store_reader *reader, int64_t import_id, int64_t after_id,
				     uint32_t limit, struct arena *arena, size_t *count, struct error *err);

	/* Vectors with after_id < id <= last_id, ids rising, at most `limit`; `vector` points into the
	 * arena. For building the index. */
	enum status (*list_vectors)(struct store_reader *reader, int64_t after_id, int64_t last_id, uint32_t limit,
				    struct arena *arena, struct record_vector **vectors,
				    size_t *count, struct error *err);

	/* The vectors of `count` texts by their hashes ([count][TEXT_HASH_SIZE]): vectors[i] points into the
	 * arena, or is NULL where no record has one. */
	enum status (*find_vectors)(struct store_reader *reader, const unsigned char *hashes,
				    size_t count, struct arena *arena, const float **vectors,
				    struct error *err);

	enum status (*get_schema)(struct store_reader *reader, struct slice name, struct arena *arena,
				  struct stored_schema *schema, struct error *err); /* STATUS_NOT_FOUND */
	/* In the order of their ids, which rise. */
	enum status (*list_schemas)(struct store_reader *reader, const struct page_query *page,
				    struct arena *arena, struct schema_list *list, struct error *err);

	/* The document by the id that an import has. It stays what it is while the import is there;
	 * STATUS_NOT_FOUND when nothing has it any longer. */
	enum status (*get_schema_document)(struct store_reader *reader, int64_t id,
					   struct arena *arena, struct slice *document,
					   struct error *err);

	/* ---- words ---- */

	/* The records whose values hold the words: `limit` of them, best first (BM25, then by id), and how many
	 * there are. What is stored is found, from the same transaction on. At most 256 phrases;
	 * nothing but excluded terms finds nothing. */
	enum status (*match_words)(struct store_reader *reader, const struct word_query *query,
				   struct arena *arena, struct word_hits *hits, struct error *err);

	/* Words of five letters or more that stand in records and are nearly this one, at most `limit`, nearest first:
	 * one letter changed, added, left out or exchanged with its neighbour, or two where it has nine. None
	 * where the word itself stands in some record. */
	enum status (*similar_words)(struct store_reader *reader, struct slice word, size_t limit,
				     struct arena *arena, struct similar_words *similar, struct error *err);

	/* The oldest dry run that was uploaded before this time; *id 0: there is none. */
	enum status (*find_old_dry_run)(struct store_reader *reader, int64_t before_ms, int64_t *id,
					struct error *err);

	/* Of the first thousand fields that have some. Reads what is kept for each import, not the records. */
	enum status (*count_field_errors)(struct store_reader *reader, struct arena *arena,
					  struct field_errors **errors, size_t *count, struct error *err);
	enum status (*get_stats)(struct store_reader *reader, struct store_stats *stats,
				 struct error *err);

	/* Spool files that some import still needs: calls `keep` for each name. */
	enum status (*list_spool_names)(struct store_reader *reader,
					void (*keep)(void *context, struct slice name), void *context,
					struct error *err);

	/* STATUS_OK while writes are taken, else why not; for health checks. Never waits long. */
	enum status (*check)(struct store *store, struct error *err);

	/* Another part of the program saw a sync fail: nothing is written any longer, as after a
	 * failed sync of the store's own, until the program restarts. */
	void (*stop_writes)(struct store *store);
};

#endif
