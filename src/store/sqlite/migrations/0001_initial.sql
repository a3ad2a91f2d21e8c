-- The first schema. docs/DATA_MODEL.md explains every column; what is not obvious stands here.
--
-- The columns up to completed_at and created_at are those of the original program, in its order
-- and with its types, so that what read its database reads ours.

CREATE TABLE imports (
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
	-- The records that count are those with first_record_id <= id <= last_record_id. NULL:
	-- none do, whatever rows still lie in the table. Ids only grow, so a second run's rows
	-- never mix with what an earlier one left behind.
	first_record_id INTEGER,
	last_record_id INTEGER,
	-- The key this import holds against duplicates, or the one it gave back when it ended.
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
	-- claimed: a worker holds it. parsed: every row of the file is stored. purge: rows outside
	-- the bounds above, or the import itself, are still to be removed.
	claimed INTEGER NOT NULL DEFAULT 0,
	parsed INTEGER NOT NULL DEFAULT 0,
	purge INTEGER NOT NULL DEFAULT 0,
	error_code TEXT NOT NULL DEFAULT '',
	error_detail TEXT NOT NULL DEFAULT '',
	error_line INTEGER NOT NULL DEFAULT 0,
	error_column INTEGER NOT NULL DEFAULT 0,
	error_byte INTEGER NOT NULL DEFAULT 0,

	CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled', 'deleted')),
	CHECK ((total_records = processed_records + failed_records) IS TRUE),
	CHECK (processed_records >= 0 AND failed_records >= 0),
	CHECK (embedded_records BETWEEN 0 AND processed_records),
	CHECK (status <> 'completed' OR (parsed = 1 AND embedded_records = processed_records)),
	CHECK (status NOT IN ('failed', 'cancelled', 'deleted')
		OR (total_records = 0 AND first_record_id IS NULL AND duplicate_key IS NULL)),
	CHECK ((first_record_id IS NULL) = (last_record_id IS NULL))
);

-- Of several equal uploads, this lets one win.
CREATE UNIQUE INDEX imports_duplicate_key ON imports (duplicate_key)
	WHERE duplicate_key IS NOT NULL;
CREATE INDEX imports_status ON imports (status);
CREATE INDEX imports_to_parse ON imports (claimed)
	WHERE parsed = 0 AND status IN ('pending', 'processing');
CREATE INDEX imports_to_purge ON imports (purge) WHERE purge = 1;
-- What a list over all records, the totals and the statistics need of each import, so that
-- they read this and not the wide rows.
CREATE INDEX imports_spans ON imports (first_record_id, last_record_id, total_records,
	processed_records, failed_records, embedded_records) WHERE first_record_id IS NOT NULL;

CREATE TABLE records (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	import_id INTEGER NOT NULL,
	data TEXT NOT NULL,
	embedding BLOB,
	status TEXT NOT NULL,
	error_message TEXT,
	created_at TEXT NOT NULL,

	row_number INTEGER NOT NULL,
	line_number INTEGER NOT NULL,
	errors TEXT,
	-- Names the text that the embedding stands for, with model and precision.
	text_hash BLOB,

	CHECK (status IN ('valid', 'invalid')),
	CHECK (embedding IS NULL OR (typeof(embedding) = 'blob' AND length(embedding) = 1536)),
	FOREIGN KEY (import_id) REFERENCES imports (id)
);

-- Lists by import and status in the order of ids, purges, and the foreign key's own check.
CREATE INDEX records_import ON records (import_id, status);
-- The queue of the embedding workers; empty where all is embedded.
CREATE INDEX records_pending ON records (import_id)
	WHERE embedding IS NULL AND status = 'valid';

-- Equal texts are embedded once: by this, a text's vector is found wherever it stands.
CREATE INDEX records_text ON records (text_hash) WHERE text_hash IS NOT NULL;

PRAGMA application_id = 1383036781; -- 0x526F776D, "Rowm"
PRAGMA user_version = 1;
