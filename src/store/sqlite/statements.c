#include "store/sqlite/statements.h"

#include "base/banned.h"

/* In the order that import_rows.c reads. */
#define IMPORT_COLUMNS                                                                             \
	"id, filename, file_hash, size_bytes, format, schema_name, options, dialect, spool_name, " \
	"request_id, status, parsed, total_records, processed_records, failed_records, "           \
	"embedded_records, truncated_texts, error_code, error_detail, error_line, error_column, "  \
	"error_byte, created_at, started_at, completed_at, schema_document, no_embed, columns, dry_run, fixes"

/* A record counts where its import says so. */
#define IN_BOUNDS "r.id BETWEEN i.first_record_id AND i.last_record_id"

/* The next records of import ?1 below id ?2, at most ?3. */
#define TO_PURGE                                                                                   \
	"SELECT id FROM records WHERE import_id = ?1 AND status = 'valid' AND id < ?2 "            \
	"UNION ALL "                                                                               \
	"SELECT id FROM records WHERE import_id = ?1 AND status = 'invalid' AND id < ?2 "          \
	"LIMIT ?3"

const char *const write_statements[WRITE_STATEMENT_COUNT] = {
	[WRITE_BEGIN] = "BEGIN IMMEDIATE",
	[WRITE_COMMIT] = "COMMIT",
	[WRITE_ROLLBACK] = "ROLLBACK",
	[WRITE_READ_SIZE] = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",

	[WRITE_FIND_KEY] = "SELECT id FROM imports WHERE duplicate_key = ?1",
	[WRITE_ADD_IMPORT] =
		"INSERT INTO imports (filename, file_hash, status, created_at, size_bytes, format, "
		"schema_name, options, spool_name, request_id, duplicate_key, schema_document, no_embed, "
		"dry_run, fixes) VALUES (?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",

	[WRITE_FIND_CLAIMABLE] =
		"SELECT " IMPORT_COLUMNS " FROM imports INDEXED BY imports_to_parse WHERE claimed = 0 "
		"AND parsed = 0 AND status IN ('pending', 'processing') "
		"AND (?1 = 0 OR total_records = 0) ORDER BY id LIMIT 1",
	[WRITE_CLAIM] = "UPDATE imports SET claimed = 1, status = 'processing', "
			"started_at = COALESCE(started_at, ?2) WHERE id = ?1",
	[WRITE_DROP_CLAIM] = "UPDATE imports SET claimed = 0 WHERE id = ?1 AND claimed = 1",
	[WRITE_DROP_ALL_CLAIMS] = "UPDATE imports SET claimed = 0 WHERE claimed = 1",
	[WRITE_READ_STATE] = "SELECT status, claimed, parsed, total_records, spool_name, no_embed, "
			     "completed_at IS NOT NULL, embedded_records < processed_records, fixes, dry_run "
			     "FROM imports WHERE id = ?1 AND status <> 'deleted'",
	[WRITE_READ_DELETED] =
		"SELECT total_records, embedded_records, error_count, size_bytes, filename, "
		"spool_name FROM imports WHERE id = ?1 AND status <> 'deleted'",

	[WRITE_ADD_RECORDS] =
		"INSERT INTO records (import_id, data, status, error_message, created_at, row_number, line_number, errors) "
		"SELECT ?1, data, status, error_message, ?2, row_number, line_number, errors FROM added_rows",
	[WRITE_COUNT_BATCH] =
		"UPDATE imports SET total_records = total_records + ?2 + ?3, "
		"processed_records = processed_records + ?2, "
		"failed_records = failed_records + ?3, error_count = error_count + ?4, "
		"first_record_id = COALESCE(first_record_id, ?5), "
		"last_record_id = COALESCE(?6, last_record_id), format = COALESCE(?7, format), "
		"dialect = COALESCE(?8, dialect), columns = COALESCE(?9, columns) WHERE id = ?1",

	/* The same where records are not kept: what counts as embedded is all that would be. */
	[WRITE_COUNT_LOOSE] =
		"UPDATE imports SET total_records = total_records + ?2 + ?3, "
		"processed_records = processed_records + ?2, "
		"failed_records = failed_records + ?3, error_count = error_count + ?4, "
		"first_loose_id = COALESCE(first_loose_id, ?5), "
		"last_loose_id = COALESCE(?6, last_loose_id), format = COALESCE(?7, format), "
		"dialect = COALESCE(?8, dialect), columns = COALESCE(?9, columns), "
		"embedded_records = embedded_records + ?2 * (dry_run AND NOT no_embed) WHERE id = ?1",
	[WRITE_READ_KIND] = "SELECT dry_run, fixes FROM imports WHERE id = ?1",
	[WRITE_COUNT_ERRORS] =
		"INSERT INTO error_groups (import_id, run, code, field, error_count) "
		"SELECT id, run, ?2, ?3, ?4 FROM imports WHERE id = ?1 "
		"ON CONFLICT (import_id, run, code, field) "
		"DO UPDATE SET error_count = error_count + excluded.error_count RETURNING id",
	[WRITE_LINK_ERROR] = "INSERT INTO record_errors (group_id, record_id) VALUES (?1, ?2)",
	[WRITE_KEEP_REJECT] = "INSERT OR REPLACE INTO rejected_rows (record_id, sent, split, fixed_by) "
			      "VALUES (?1, ?2, ?3, ?4)",
	[WRITE_READ_REJECT] = "SELECT j.sent, j.split, r.errors FROM rejected_rows AS j "
			      "JOIN records AS r ON r.id = j.record_id WHERE j.record_id = ?1",
	[WRITE_DROP_REJECT] = "DELETE FROM rejected_rows WHERE record_id = ?1",
	[WRITE_READ_RECORD] =
		"SELECT r.id, r.import_id, r.row_number, r.status = 'valid', r.embedding IS NOT NULL, "
		"COALESCE(json_array_length(r.errors), 0), j.fixed_by, r.data, "
		"i.status = 'completed', i.no_embed FROM records AS r "
		"CROSS JOIN imports AS i ON i.id = r.import_id LEFT JOIN rejected_rows AS j ON j.record_id = r.id "
		"WHERE r.id = ?1 AND " IN_BOUNDS,
	[WRITE_REPLACE_RECORD] =
		"UPDATE records SET data = ?2, status = ?3, error_message = ?4, errors = ?5, embedding = ?6, "
		"text_hash = ?7 WHERE id = ?1",
	[WRITE_COUNT_CORRECTION] =
		"UPDATE imports SET processed_records = processed_records + ?2, failed_records = failed_records - ?2, "
		"embedded_records = embedded_records + ?3, error_count = error_count + ?4, "
		"truncated_texts = truncated_texts + ?5 WHERE id = ?1",
	[WRITE_READ_TARGET] = "SELECT first_record_id, last_record_id FROM imports WHERE id = ?1 "
			      "AND status IN ('completed', 'processing')",
	[WRITE_FIND_NEXT_RECORD] = "SELECT id, row_number FROM records WHERE import_id = ?1 AND status = ?2 "
				   "AND id >= ?3 AND id <= ?4 ORDER BY id LIMIT 1",
	[WRITE_TAKE_VALUE] = "INSERT INTO unique_values (import_id, run, value, row_number) "
			     "SELECT id, run, ?2, ?3 FROM imports WHERE id = ?1 ON CONFLICT DO NOTHING",
	[WRITE_READ_HOLDER] = "SELECT u.row_number FROM imports AS i CROSS JOIN unique_values AS u "
			      "ON u.import_id = i.id AND u.run = i.run AND u.value = ?2 WHERE i.id = ?1",
	[WRITE_GIVE_VALUES_BACK] =
		"DELETE FROM unique_values WHERE import_id = ?1 AND row_number = ?2 "
		"AND run = (SELECT run FROM imports WHERE id = ?1)",
	[WRITE_READ_ERRORS] =
		"SELECT COALESCE(json_extract(e.value, '$.field'), ''), json_extract(e.value, '$.code') "
		"FROM records AS r CROSS JOIN json_each(r.errors) AS e WHERE r.id = ?1",
	[WRITE_FIND_ERROR_GROUP] =
		"SELECT g.id FROM imports AS i CROSS JOIN error_groups AS g "
		"ON g.import_id = i.id AND g.run = i.run AND g.code = ?2 AND g.field = ?3 WHERE i.id = ?1",
	[WRITE_UNLINK_ERROR] = "DELETE FROM record_errors WHERE group_id = ?1 AND record_id = ?2",
	[WRITE_DROP_ERROR_GROUP] = "DELETE FROM error_groups WHERE id = ?1 AND error_count <= ?2",
	[WRITE_UNCOUNT_ERRORS] =
		"UPDATE error_groups SET error_count = error_count - ?2 WHERE id = ?1",

	[WRITE_SET_PARSED] = "UPDATE imports SET parsed = 1, claimed = 0, "
			     "format = COALESCE(?2, format), dialect = COALESCE(?3, dialect) "
			     "WHERE id = ?1",
	/* One that corrects others' rows is completed with the one that they belong to, which waits for it. */
	[WRITE_COMPLETE] =
		"UPDATE imports SET status = 'completed', completed_at = ?2 "
		"WHERE id = ?1 AND status = 'processing' AND parsed = 1 AND fixes IS NULL "
		"AND (no_embed = 1 OR embedded_records = processed_records) AND NOT EXISTS "
		"(SELECT 1 FROM imports AS f WHERE f.id = imports.fixed_by AND f.parsed = 0 "
		"AND f.status IN ('pending', 'processing'))",
	[WRITE_COMPLETE_FIXES] =
		"UPDATE imports SET status = 'completed', completed_at = ?2, "
		"embedded_records = CASE no_embed WHEN 0 THEN processed_records ELSE 0 END "
		"WHERE id = (SELECT fixed_by FROM imports WHERE id = ?1) AND status = 'processing' AND parsed = 1 "
		"RETURNING id",
	[WRITE_END_FIXING] = "UPDATE imports SET fixed_by = NULL WHERE id = ?1 AND fixed_by IS NOT NULL",
	[WRITE_BEGIN_FIXING] = "UPDATE imports SET status = 'processing', fixed_by = ?2 WHERE id = ?1",

	/* Failed, cancelled or deleted. The right sides see the row as it was. */
	[WRITE_END_IMPORT] =
		"UPDATE imports SET status = ?2, completed_at = ?3, error_code = ?4, "
		"error_detail = ?5, error_line = ?6, error_column = ?7, error_byte = ?8, "
		"spool_name = CASE ?2 WHEN 'deleted' THEN '' ELSE spool_name END, "
		"purge = CASE ?2 WHEN 'deleted' THEN 1 ELSE max(purge, total_records > 0) END, "
		"claimed = claimed AND ?2 = 'cancelled', parsed = 0, total_records = 0, "
		"processed_records = 0, failed_records = 0, embedded_records = 0, "
		"truncated_texts = 0, error_count = 0, first_record_id = NULL, "
		"last_record_id = NULL, first_loose_id = NULL, last_loose_id = NULL, fixed_by = NULL, run = run + 1, released_key = COALESCE(duplicate_key, released_key), "
		"duplicate_key = NULL WHERE id = ?1",

	[WRITE_READ_RELEASED_KEY] =
		"SELECT holder.id FROM imports AS ended JOIN imports AS holder "
		"ON holder.duplicate_key = ended.released_key WHERE ended.id = ?1",
	[WRITE_RETRY] =
		"UPDATE imports SET status = 'pending', duplicate_key = released_key, "
		"released_key = NULL, started_at = NULL, completed_at = NULL, error_code = '', "
		"error_detail = '', error_line = 0, error_column = 0, error_byte = 0 "
		"WHERE id = ?1",

	[WRITE_EMBED] = "UPDATE imports SET no_embed = 0, status = CASE WHEN status = 'completed' "
			"AND embedded_records < processed_records THEN 'processing' ELSE status END "
			"WHERE id = ?1",

	[WRITE_ADD_NOTICE] =
		"INSERT INTO notices (message_id, import_id, event, data, created_at) "
		"SELECT ?2, id, 'import.' || status, json_object('id', id, 'filename', filename, "
		"'file_hash', file_hash, 'size_bytes', size_bytes, 'format', format, "
		"'schema', schema_name, 'status', status, 'total_records', total_records, "
		"'processed_records', processed_records, 'failed_records', failed_records, "
		"'embedded_records', embedded_records, 'error', CASE WHEN error_code = '' THEN NULL "
		"ELSE json_object('code', error_code, 'detail', error_detail) END, "
		"'created_at', created_at, 'started_at', started_at, 'completed_at', completed_at), "
		"completed_at FROM imports WHERE id = ?1 AND dry_run = 0",
	[WRITE_SETTLE_NOTICE] =
		"UPDATE notices SET state = ?2, attempts = attempts + 1, last_status = ?3, "
		"last_error = ?4, next_ms = ?5 WHERE id = ?1",
	[WRITE_DROP_NOTICES] =
		"DELETE FROM notices WHERE state <> 'due' AND id <= "
		"(SELECT seq FROM sqlite_sequence WHERE name = 'notices') - ?1",

	[WRITE_FORGET_NOTICES] = "DELETE FROM notices WHERE state <> 'due' AND import_id = ?1",

	[WRITE_FIND_REQUEST_KEY] = "SELECT 1 FROM request_keys WHERE key = ?1 AND created_ms > ?2",
	[WRITE_COUNT_REQUEST_KEYS] =
		"SELECT COALESCE((SELECT max(id) FROM request_keys) - (SELECT min(id) FROM request_keys) + 1, 0)",
	[WRITE_ADD_REQUEST_KEY] =
		"INSERT INTO request_keys (key, request, import_id, created_ms) VALUES (?1, ?2, ?3, ?4) "
		"ON CONFLICT (key) DO UPDATE SET request = ?2, import_id = ?3, created_ms = ?4, "
		"http_status = 0, location = '', body = '' WHERE created_ms <= ?5",
	[WRITE_KEEP_ANSWER] = "UPDATE request_keys SET http_status = ?2, location = ?3, body = ?4 "
			      "WHERE key = ?1",
	[WRITE_DROP_REQUEST_KEYS] =
		"DELETE FROM request_keys WHERE id IN "
		"(SELECT id FROM request_keys WHERE created_ms <= ?1 LIMIT 1000)",

	[WRITE_FIND_TO_PURGE] = "SELECT id, status, COALESCE(first_record_id, first_loose_id, 9223372036854775807) "
				"FROM imports WHERE purge = 1 LIMIT 1",
	[WRITE_PURGE_RECORDS] = "DELETE FROM records WHERE id IN (" TO_PURGE ")",
	[WRITE_PURGE_REJECTS] = "DELETE FROM rejected_rows WHERE record_id IN (" TO_PURGE ")",
	[WRITE_PURGE_VALUES] =
		"DELETE FROM unique_values WHERE (import_id, run, value) IN "
		"(SELECT u.import_id, u.run, u.value FROM imports AS i CROSS JOIN unique_values AS u "
		"ON u.import_id = i.id AND u.run < i.run WHERE i.id = ?1 LIMIT ?2)",
	[WRITE_READ_TO_PURGE] = "SELECT id, data FROM records WHERE id IN (" TO_PURGE ")",
	/* Of runs that are over. */
	[WRITE_FIND_OLD_ERROR_GROUP] =
		"SELECT g.id FROM imports AS i CROSS JOIN error_groups AS g "
		"ON g.import_id = i.id AND g.run < i.run WHERE i.id = ?1 LIMIT 1",
	[WRITE_PURGE_ERRORS] =
		"DELETE FROM record_errors WHERE group_id = ?1 AND record_id IN "
		"(SELECT record_id FROM record_errors WHERE group_id = ?1 LIMIT ?2)",
	[WRITE_PURGE_ERROR_GROUP] = "DELETE FROM error_groups WHERE id = ?1",
	[WRITE_PURGE_IMPORT] = "DELETE FROM imports WHERE id = ?1 AND status = 'deleted'",
	[WRITE_SET_PURGED] = "UPDATE imports SET purge = 0 WHERE id = ?1",

	[WRITE_READ_BOUNDS] = "SELECT first_record_id, last_record_id FROM imports "
			      "WHERE id = ?1 AND first_record_id IS NOT NULL",
	[WRITE_ATTACH] = "UPDATE records SET embedding = ?3, text_hash = ?4 WHERE id = ?1 AND import_id = ?2 "
			 "AND embedding IS NULL AND status = 'valid'",
	[WRITE_COUNT_VECTORS] = "UPDATE imports SET embedded_records = embedded_records + ?2, "
				"truncated_texts = truncated_texts + ?3 WHERE id = ?1",

	[WRITE_FIND_DOCUMENT] = "SELECT id FROM schema_documents WHERE hash = ?1",
	[WRITE_ADD_DOCUMENT] = "INSERT INTO schema_documents (hash, document) VALUES (?1, ?2)",
	[WRITE_DROP_DOCUMENT] =
		"DELETE FROM schema_documents WHERE id = ?1 "
		"AND NOT EXISTS (SELECT 1 FROM schemas WHERE document_id = ?1) "
		"AND NOT EXISTS (SELECT 1 FROM imports WHERE schema_document = ?1)",
	[WRITE_READ_DOCUMENT_OF_IMPORT] = "SELECT schema_document FROM imports WHERE id = ?1",
	[WRITE_READ_SCHEMA] = "SELECT document_id FROM schemas WHERE name = ?1",
	[WRITE_PUT_SCHEMA] =
		"INSERT INTO schemas (name, document_id, created_at, updated_at) VALUES (?1, ?2, ?3, ?3) "
		"ON CONFLICT (name) DO UPDATE SET document_id = excluded.document_id, "
		"updated_at = excluded.updated_at",
	[WRITE_DROP_SCHEMA] = "DELETE FROM schemas WHERE name = ?1",

	[WRITE_ADD_WORDS] = "INSERT INTO words (rowid, text) VALUES (?1, ?2)",
	[WRITE_ADD_WORDS_OF_ROWS] = "INSERT INTO words (rowid, text) SELECT id, words FROM added_rows",
	[WRITE_TAKE_WORDS] = "INSERT INTO words (words, rowid, text) VALUES ('delete', ?1, ?2)",
	[WRITE_MERGE_WORDS] = "INSERT INTO words (words, rank) VALUES ('merge', ?1)",
	[WRITE_FIND_WORD] = "SELECT 1 FROM words WHERE words MATCH ?1 LIMIT 1",
	[WRITE_ADD_SPELLING] = "INSERT OR IGNORE INTO spellings (word) VALUES (?1)",
	[WRITE_READ_SPELLINGS] = "SELECT word FROM spellings WHERE word > (SELECT swept_to FROM words_upkeep) "
				 "ORDER BY word LIMIT ?1",
	[WRITE_REMOVE_SPELLING] = "DELETE FROM spellings WHERE word = ?1",
	[WRITE_READ_UPKEEP] = "SELECT filled_to, fill_to, erase FROM words_upkeep",
	[WRITE_READ_TO_FILL] = "SELECT id, data FROM records WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
	[WRITE_SET_FILLED] = "UPDATE words_upkeep SET filled_to = ?1",
	[WRITE_SET_ERASE] = "UPDATE words_upkeep SET erase = ?1, swept_to = ''",
	/* An empty ?1: the last spelling was looked at. */
	[WRITE_SET_SWEPT] = "UPDATE words_upkeep SET erase = CASE ?1 WHEN '' THEN 0 ELSE erase END, swept_to = ?1",
};

const char *const read_statements[READ_STATEMENT_COUNT] = {
	[READ_BEGIN] = "BEGIN",
	[READ_END] = "COMMIT",

	[READ_IMPORT] = "SELECT " IMPORT_COLUMNS " FROM imports WHERE id = ?1 "
			"AND status <> 'deleted'",
	[READ_IMPORTS] = "SELECT " IMPORT_COLUMNS " FROM imports WHERE id < ?1 "
			 "AND status <> 'deleted' AND dry_run = 0 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
	[READ_IMPORTS_BY_STATUS] = "SELECT " IMPORT_COLUMNS " FROM imports WHERE status = ?4 "
				   "AND dry_run = 0 AND id < ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
	[READ_IMPORT_COUNT] = "SELECT count(*) FROM imports WHERE status <> 'deleted' AND dry_run = 0",
	[READ_IMPORT_COUNT_BY_STATUS] = "SELECT count(*) FROM imports WHERE status = ?1 AND dry_run = 0",

	[READ_SPANS] = "SELECT id, first_record_id, last_record_id, total_records, "
		       "processed_records, failed_records, embedded_records, no_embed "
		       "FROM imports INDEXED BY imports_spans WHERE first_record_id IS NOT NULL "
		       "ORDER BY first_record_id",
	[READ_SPAN] = "SELECT id, first_record_id, last_record_id, total_records, "
		      "processed_records, failed_records, embedded_records, no_embed "
		      "FROM imports WHERE id = ?1 AND first_record_id IS NOT NULL",

	/* ?1 import, ?2 and ?3 bounds (the first excluded), ?4 limit, ?5 offset, ?6 status. */
	[READ_IDS] = "SELECT id FROM records WHERE import_id = ?1 AND status = 'valid' "
		     "AND id > ?2 AND id <= ?3 UNION ALL "
		     "SELECT id FROM records WHERE import_id = ?1 AND status = 'invalid' "
		     "AND id > ?2 AND id <= ?3 ORDER BY id LIMIT ?4 OFFSET ?5",
	[READ_IDS_BY_STATUS] = "SELECT id FROM records WHERE import_id = ?1 AND status = ?6 "
			       "AND id > ?2 AND id <= ?3 ORDER BY id LIMIT ?4 OFFSET ?5",
	[READ_IDS_PENDING] = "SELECT id FROM records INDEXED BY records_pending "
			     "WHERE import_id = ?1 AND embedding IS NULL AND status = 'valid' "
			     "AND id > ?2 AND id <= ?3 ORDER BY id LIMIT ?4 OFFSET ?5",

	/* ?1: a JSON array of ids, so that a page is one statement. The first column is the place in it. */
	[READ_RECORDS] = "SELECT j.key, r.id, r.import_id, r.row_number, r.line_number, r.status = 'valid', "
			"r.embedding IS NOT NULL, r.data, r.error_message, r.errors, r.created_at "
			"FROM json_each(?1) AS j CROSS JOIN records AS r ON r.id = j.value "
			"CROSS JOIN imports AS i ON i.id = r.import_id WHERE " IN_BOUNDS,
	/* ?1 import, ?2 and ?3 bounds (the first excluded), ?4 limit. In the order of the table: the index by
	 * import would lead to each row by itself. One lower bound only: SQLite would begin at the import's and step
	 * over all that was read before. */
	[READ_ROWS] = "SELECT r.id, r.row_number, r.status = 'valid', typeof(r.embedding) = 'blob', r.data, "
		      "r.created_at FROM imports AS i CROSS JOIN records AS r WHERE i.id = ?1 "
		      "AND r.id > max(?2, i.first_record_id - 1) AND r.id <= min(?3, i.last_record_id) "
		      "AND +r.import_id = ?1 ORDER BY r.id LIMIT ?4",
	[READ_LAST_ID] = "SELECT max(id) FROM records",
	[READ_PENDING] = "SELECT j.key, r.id, r.import_id, r.data, i.schema_name, i.schema_document "
			 "FROM json_each(?1) AS j CROSS JOIN records AS r ON r.id = j.value "
			 "CROSS JOIN imports AS i ON i.id = r.import_id WHERE " IN_BOUNDS,
	[READ_ERROR_BOUNDS] =
		"SELECT COALESCE(first_record_id, first_loose_id), COALESCE(last_record_id, last_loose_id), run, "
		"error_count, first_record_id IS NULL FROM imports "
		"WHERE id = ?1 AND status <> 'deleted'",
	[READ_OLD_DRY_RUN] = "SELECT id FROM imports INDEXED BY imports_dry_runs WHERE dry_run = 1 "
			     "AND created_at < ?1 AND status <> 'deleted' ORDER BY created_at LIMIT 1",
	/* ?2: the record to go on in, behind place ?4. */
	[READ_ERRORS] =
		"SELECT r.id, r.row_number, e.key, e.value FROM records AS r "
		"CROSS JOIN json_each(r.errors) AS e WHERE r.import_id = ?1 AND r.status = 'invalid' "
		"AND r.id >= ?2 AND r.id <= ?3 AND (r.id > ?2 OR e.key > ?4) "
		"ORDER BY r.id LIMIT ?5 OFFSET ?6",
	[READ_REJECTS] =
		"SELECT r.id, r.row_number, r.line_number, r.error_message, r.errors, j.sent, j.split, r.data "
		"FROM records AS r LEFT JOIN rejected_rows AS j ON j.record_id = r.id "
		"WHERE r.import_id = ?1 AND r.status = 'invalid' AND r.id > ?2 AND r.id <= ?3 ORDER BY r.id",
	/* The same of the records ?1 (a JSON array in their order), by code ?4 and field ?5 (NULL: any). */
	[READ_ERRORS_OF] =
		"SELECT r.id, r.row_number, e.key, e.value FROM json_each(?1) AS j "
		"CROSS JOIN records AS r ON r.id = j.value CROSS JOIN json_each(r.errors) AS e "
		"WHERE (r.id > ?2 OR e.key > ?3) "
		"AND (?4 IS NULL OR json_extract(e.value, '$.code') = ?4) "
		"AND (?5 IS NULL OR COALESCE(json_extract(e.value, '$.field'), '') = ?5) "
		"LIMIT ?6 OFFSET ?7",
	[READ_ERROR_GROUPS] =
		"SELECT field, code, error_count FROM error_groups INDEXED BY error_groups_size "
		"WHERE import_id = ?1 AND run = ?2 ORDER BY error_count DESC, id LIMIT ?3",
	[READ_ERROR_GROUPS_LIKE] =
		"SELECT id, error_count FROM error_groups WHERE import_id = ?1 AND run = ?2 "
		"AND (?3 IS NULL OR code = ?3) AND (?4 IS NULL OR field = ?4)",
	[READ_RECORDS_OF_ERROR_GROUP] =
		"SELECT record_id FROM record_errors WHERE group_id = ?1 AND record_id >= ?2 "
		"AND record_id <= ?3 ORDER BY record_id LIMIT ?4",
	[READ_VECTORS] = "SELECT id, import_id, embedding FROM records WHERE id > ?1 AND id <= ?2 "
			 "AND embedding IS NOT NULL ORDER BY id",

	[READ_VECTOR_OF_TEXT] = "SELECT embedding FROM records WHERE text_hash = ?1 LIMIT 1",
	[READ_MATCHES] = "SELECT rowid, words_rank(words, ?2) FROM words WHERE words MATCH ?1",
	[READ_RECORD_PLACE] = "SELECT import_id, status = 'valid' FROM records WHERE id = ?1",
	[READ_SPELLING] = "SELECT 1 FROM spellings WHERE word = ?1",
	[READ_SPELLINGS] = "SELECT word FROM spellings",
	[READ_TO_EMBED] = "SELECT id FROM imports INDEXED BY imports_to_embed WHERE status = 'processing' "
			  "AND no_embed = 0 AND embedded_records < processed_records ORDER BY id LIMIT ?1",
	[READ_ANSWER] = "SELECT request, import_id, http_status, location, body FROM request_keys "
			"WHERE key = ?1 AND created_ms > ?2",
	[READ_NOTICE] = "SELECT id, import_id, message_id, event, data, created_at, attempts, next_ms "
			"FROM notices INDEXED BY notices_due WHERE state = 'due' ORDER BY next_ms LIMIT 1",
	[READ_FIELD_ERRORS] = "SELECT g.field, g.error_count FROM imports AS i INDEXED BY imports_spans "
			      "CROSS JOIN error_groups AS g ON g.import_id = i.id AND g.run = i.run "
			      "WHERE i.first_record_id IS NOT NULL",
	[READ_STATUS_COUNTS] = "SELECT status, count(*) FROM imports WHERE dry_run = 0 GROUP BY status",
	[READ_SPOOL_NAMES] = "SELECT spool_name FROM imports WHERE spool_name <> ''",

	[READ_SCHEMA] = "SELECT s.id, s.name, s.document_id, d.document, s.created_at, s.updated_at "
			"FROM schemas AS s JOIN schema_documents AS d ON d.id = s.document_id "
			"WHERE s.name = ?1",
	[READ_SCHEMAS] = "SELECT s.id, s.name, s.document_id, '', s.created_at, s.updated_at "
			 "FROM schemas AS s WHERE s.id > ?1 ORDER BY s.id LIMIT ?2 OFFSET ?3",
	[READ_SCHEMA_COUNT] = "SELECT count(*) FROM schemas",
	[READ_DOCUMENT] = "SELECT document FROM schema_documents WHERE id = ?1",
};
