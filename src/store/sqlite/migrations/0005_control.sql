-- Imports that are complete without vectors (embed=false), answers kept under the key that a client
-- gave its request (Idempotency-Key), and notices of imports that ended, for webhooks.
--
-- A CHECK can only be changed by making the table anew. Foreign keys are off during migrations.

CREATE TABLE imports_2 (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	filename TEXT NOT NULL,
	file_hash TEXT NOT NULL,
	status TEXT NOT NULL,
	total_records INTEGER DEFAULT 0,
	processed_records INTEGER DEFAULT 0,
	failed_records INTEGER DEFAULT 0,
	created_at TEXT NOT NULL,
	completed_at TEXT,

	embedded_records INTEGER NOT NULL DEFAULT 0,
	truncated_texts INTEGER NOT NULL DEFAULT 0,
	error_count INTEGER NOT NULL DEFAULT 0,
	first_record_id INTEGER,
	last_record_id INTEGER,
	duplicate_key BLOB,
	released_key BLOB,
	size_bytes INTEGER NOT NULL DEFAULT 0,
	format TEXT NOT NULL DEFAULT '',
	schema_name TEXT NOT NULL,
	options TEXT NOT NULL DEFAULT '{}',
	dialect TEXT NOT NULL DEFAULT '',
	spool_name TEXT NOT NULL DEFAULT '',
	request_id TEXT NOT NULL DEFAULT '',
	started_at TEXT,
	claimed INTEGER NOT NULL DEFAULT 0,
	parsed INTEGER NOT NULL DEFAULT 0,
	purge INTEGER NOT NULL DEFAULT 0,
	error_code TEXT NOT NULL DEFAULT '',
	error_detail TEXT NOT NULL DEFAULT '',
	error_line INTEGER NOT NULL DEFAULT 0,
	error_column INTEGER NOT NULL DEFAULT 0,
	error_byte INTEGER NOT NULL DEFAULT 0,
	schema_document INTEGER REFERENCES schema_documents (id),
	run INTEGER NOT NULL DEFAULT 0,
	-- 1: its records need no vectors to be complete.
	no_embed INTEGER NOT NULL DEFAULT 0,

	CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled', 'deleted')),
	CHECK ((total_records = processed_records + failed_records) IS TRUE),
	CHECK (processed_records >= 0 AND failed_records >= 0),
	CHECK (embedded_records BETWEEN 0 AND processed_records),
	CHECK (status <> 'completed'
		OR (parsed = 1 AND (no_embed = 1 OR embedded_records = processed_records))),
	CHECK (status NOT IN ('failed', 'cancelled', 'deleted')
		OR (total_records = 0 AND first_record_id IS NULL AND duplicate_key IS NULL)),
	CHECK ((first_record_id IS NULL) = (last_record_id IS NULL))
);

INSERT INTO imports_2 SELECT id, filename, file_hash, status, total_records, processed_records, failed_records,
	created_at, completed_at, embedded_records, truncated_texts, error_count, first_record_id, last_record_id,
	duplicate_key, released_key, size_bytes, format, schema_name, options, dialect, spool_name, request_id,
	started_at, claimed, parsed, purge, error_code, error_detail, error_line, error_column, error_byte, schema_document, run, 0
	FROM imports;

-- No id is given twice, also where the last imports are gone.
DELETE FROM sqlite_sequence WHERE name = 'imports_2';
INSERT INTO sqlite_sequence (name, seq) SELECT 'imports_2', seq FROM sqlite_sequence WHERE name = 'imports';
DROP TABLE imports;
ALTER TABLE imports_2 RENAME TO imports;

CREATE UNIQUE INDEX imports_duplicate_key ON imports (duplicate_key)
	WHERE duplicate_key IS NOT NULL;
CREATE INDEX imports_status ON imports (status);
CREATE INDEX imports_to_parse ON imports (claimed)
	WHERE parsed = 0 AND status IN ('pending', 'processing');
CREATE INDEX imports_to_purge ON imports (purge) WHERE purge = 1;
CREATE INDEX imports_spans ON imports (first_record_id, last_record_id, total_records,
	processed_records, failed_records, embedded_records, no_embed) WHERE first_record_id IS NOT NULL;
CREATE INDEX imports_schema_document ON imports (schema_document) WHERE schema_document IS NOT NULL;
-- Those with work for the embedding workers, of however many there are.
CREATE INDEX imports_to_embed ON imports (status)
	WHERE status = 'processing' AND no_embed = 0 AND embedded_records < processed_records;

-- Answers that are given again when a request comes again under the same key.
CREATE TABLE request_keys (
	id INTEGER PRIMARY KEY, -- in the order of their coming
	key TEXT NOT NULL UNIQUE,
	request BLOB NOT NULL,          -- SHA-256 that names the request
	import_id INTEGER,              -- what it made; that may be gone by now
	http_status INTEGER NOT NULL DEFAULT 0, -- 0: the answer was never kept
	location TEXT NOT NULL DEFAULT '',
	body TEXT NOT NULL DEFAULT '',
	created_ms INTEGER NOT NULL,
	CHECK (length(request) = 32)
);
CREATE INDEX request_keys_created ON request_keys (created_ms);

-- What is to be told to others, written in the transaction in which it happened.
CREATE TABLE notices (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	message_id TEXT NOT NULL UNIQUE, -- random: the receiver tells repeated deliveries by it
	import_id INTEGER NOT NULL,      -- it may be gone by now
	event TEXT NOT NULL,             -- import.completed, …
	data TEXT NOT NULL,              -- JSON: the import as it ended
	created_at TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'due',
	attempts INTEGER NOT NULL DEFAULT 0,
	next_ms INTEGER NOT NULL DEFAULT 0, -- not to be sent before
	last_status INTEGER NOT NULL DEFAULT 0, -- HTTP; 0: there was no answer
	last_error TEXT NOT NULL DEFAULT '',
	CHECK (state IN ('due', 'delivered', 'given-up'))
);
CREATE INDEX notices_due ON notices (next_ms) WHERE state = 'due';
CREATE INDEX notices_settled ON notices (id) WHERE state <> 'due';

PRAGMA user_version = 5;
