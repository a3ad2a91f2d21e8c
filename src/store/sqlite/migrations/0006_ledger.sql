-- Rejected rows as they were sent, values that must be unique, corrections and dry runs.

-- JSON: [["column as sent", "field as stored"], …] of a file with columns.
ALTER TABLE imports ADD COLUMN columns TEXT NOT NULL DEFAULT '';
-- 1: predicts only. It keeps no record that counts, and is in no list.
ALTER TABLE imports ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;
-- The import whose rejected rows this one corrects; NULL: none.
ALTER TABLE imports ADD COLUMN fixes INTEGER;
-- The import that corrects rows of this one, until it is completed again.
ALTER TABLE imports ADD COLUMN fixed_by INTEGER;
-- Rows that dry runs and corrections could not take lie among the records, and count nowhere: only their
-- errors and what was sent are shown.
ALTER TABLE imports ADD COLUMN first_loose_id INTEGER;
ALTER TABLE imports ADD COLUMN last_loose_id INTEGER;

-- Lists and counts by status are over imports that are no dry runs.
DROP INDEX imports_status;
CREATE INDEX imports_status ON imports (status, dry_run);
CREATE INDEX imports_dry_runs ON imports (created_at) WHERE dry_run = 1;

-- What is given back of an invalid record, up to where the error columns go (`split` bytes) and behind them.
CREATE TABLE rejected_rows (
	record_id INTEGER PRIMARY KEY,
	sent BLOB NOT NULL,
	split INTEGER NOT NULL,
	-- The latest import that tried to correct it.
	fixed_by INTEGER
);

-- The row that has a value for itself alone. `value` is a hash over the field's name and the value.
CREATE TABLE unique_values (
	import_id INTEGER NOT NULL,
	run INTEGER NOT NULL,
	value BLOB NOT NULL,
	row_number INTEGER NOT NULL,

	PRIMARY KEY (import_id, run, value)
) WITHOUT ROWID;
CREATE INDEX unique_values_row ON unique_values (import_id, run, row_number);

PRAGMA user_version = 6;
