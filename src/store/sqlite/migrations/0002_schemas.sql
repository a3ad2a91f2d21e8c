-- Schemas that people put, and the documents that imports were made with.

-- A document never changes under its id, and ids are never given twice: whoever has read one may
-- keep it. It goes when no schema and no import has it any longer.
CREATE TABLE schema_documents (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	hash BLOB NOT NULL UNIQUE, -- SHA-256 of the document
	document TEXT NOT NULL,

	CHECK (typeof(hash) = 'blob' AND length(hash) = 32)
);

CREATE TABLE schemas (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	document_id INTEGER NOT NULL REFERENCES schema_documents (id),
	created_at TEXT NOT NULL,
	updated_at TEXT NOT NULL
);
CREATE INDEX schemas_document ON schemas (document_id);

-- NULL: the built-in schema that schema_name names.
ALTER TABLE imports ADD COLUMN schema_document INTEGER REFERENCES schema_documents (id);
CREATE INDEX imports_schema_document ON imports (schema_document) WHERE schema_document IS NOT NULL;

PRAGMA user_version = 2;
