-- The full-text index. docs/DATA_MODEL.md explains it, docs/decisions/0100 why it has this form.
--
-- `text` is what record/word_reader.h makes of a record's values: words that are folded already, with spaces between
-- them, so that the index only has to split at spaces. Nothing is stored but the index itself: a word
-- is taken out of it by passing the same text again.
CREATE VIRTUAL TABLE words USING fts5(text, content = '', columnsize = 0, tokenize = 'ascii');
-- Merges are done in small steps beside the writes that call for them, never as one long stop.
INSERT INTO words (words, rank) VALUES ('automerge', 16), ('crisismerge', 64), ('hashsize', 8388608);

-- Every word that people may misspell, once: where a word asked for is not here, its neighbours are.
CREATE TABLE spellings (word TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE words_upkeep (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	-- Records with filled_to < id <= fill_to were there before the index and are not in it yet.
	filled_to INTEGER NOT NULL,
	fill_to INTEGER NOT NULL,
	-- What is left to do until the words of purged records are gone from the file: 0 nothing,
	-- 1 and 2 the index's parts are to be merged (2: begun), 3 spellings are looked through.
	erase INTEGER NOT NULL DEFAULT 0,
	swept_to TEXT NOT NULL DEFAULT ''
);
INSERT INTO words_upkeep (id, filled_to, fill_to) SELECT 1, 0, COALESCE(max(id), 0) FROM records;

PRAGMA user_version = 3;
