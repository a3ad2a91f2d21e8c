-- Cell errors, counted and found by field and code.

-- Grows when an import fails, is cancelled or deleted: what carries an earlier number is left over.
ALTER TABLE imports ADD COLUMN run INTEGER NOT NULL DEFAULT 0;

-- How many errors of a code an import has in a field ('': in rows as a whole).
CREATE TABLE error_groups (
	id INTEGER PRIMARY KEY,
	import_id INTEGER NOT NULL REFERENCES imports (id),
	run INTEGER NOT NULL,
	code TEXT NOT NULL,
	field TEXT NOT NULL,
	error_count INTEGER NOT NULL,

	CHECK (error_count > 0),
	UNIQUE (import_id, run, code, field)
);
CREATE INDEX error_groups_size ON error_groups (import_id, run, error_count DESC);

-- In which records they are. Their places, messages and values stand in records.errors.
CREATE TABLE record_errors (
	group_id INTEGER NOT NULL,
	record_id INTEGER NOT NULL,

	PRIMARY KEY (group_id, record_id)
) WITHOUT ROWID;

INSERT INTO error_groups (import_id, run, code, field, error_count)
SELECT i.id, 0, json_extract(e.value, '$.code'), COALESCE(json_extract(e.value, '$.field'), ''), count(*)
FROM imports AS i CROSS JOIN records AS r ON r.import_id = i.id AND r.status = 'invalid'
AND r.id BETWEEN i.first_record_id AND i.last_record_id CROSS JOIN json_each(r.errors) AS e
GROUP BY 1, 3, 4;

INSERT OR IGNORE INTO record_errors (group_id, record_id)
SELECT g.id, r.id
FROM imports AS i CROSS JOIN records AS r ON r.import_id = i.id AND r.status = 'invalid'
AND r.id BETWEEN i.first_record_id AND i.last_record_id CROSS JOIN json_each(r.errors) AS e
JOIN error_groups AS g ON g.import_id = i.id AND g.run = 0 AND g.code = json_extract(e.value, '$.code')
AND g.field = COALESCE(json_extract(e.value, '$.field'), '');

PRAGMA user_version = 4;
