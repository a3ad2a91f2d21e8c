/* Turns the bytes of a file into records, pulled a batch at a time.
 *
 *	reader_open(fd, &options, &reader, &err);
 *	while ((status = reader_next(reader, &batch, &err)) == STATUS_OK) { …; batch_clear(&batch); }
 *	reader_close(reader);
 *
 * CSV follows RFC 4180 with the dialect detected (delimiter, quote, line ends CRLF, LF or CR,
 * a byte order mark skipped); JSON follows RFC 8259 strictly: one array of values, one object,
 * or NDJSON (one value a line). Which of them it is, is told by content, never by name.
 *
 * Rows are numbered from 1. Damage that costs one row becomes that row's error; damage after
 * which nothing can be trusted (a syntax error inside a JSON array or object) fails the file:
 * reader_next returns STATUS_INVALID with line, column and byte.
 * The result never depends on the sizes of the pieces in which bytes arrive.
 *
 * Memory: bounded by the longest record allowed, whatever the file's size.
 * Threads: a reader belongs to one thread at a time. */
#ifndef ROWMILL_PARSE_READER_H
#define ROWMILL_PARSE_READER_H

#include "base/json_writer.h"
#include "base/slice.h"
#include "base/status.h"
#include "record/batch.h"

enum file_format { FORMAT_UNKNOWN, FORMAT_CSV, FORMAT_JSON, FORMAT_NDJSON };

const char *file_format_name(enum file_format format); /* "csv", "json", "ndjson" */

enum { SNIFF_SIZE = 64 * 1024 };

/* Tells the format by the first bytes of a file (up to SNIFF_SIZE are looked at; `whole` says
 * that there is nothing behind them). An empty file is CSV. STATUS_UNSUPPORTED for a kind
 * that is not read (archives, images, office files, other binaries, encodings other than
 * UTF-8): the detail says what it seems to be and what to do. */
enum status sniff_format(struct slice head, bool whole, enum file_format *format,
			 struct error *err);

struct reader_options {
	size_t chunk_size; /* bytes a read(2); 0: 256 KiB. Tests set 1. */
	size_t record_size_limit; /* bytes as sent; 0: 16 MiB. A longer record is an error of that row. */
	/* Field names that the schema knows (in any spelling that record/field_name.h takes for
	 * equal): they help to find the header among the first rows. */
	const struct slice *known_fields;
	size_t known_field_count;
	/* What a user says instead of having it told by content. */
	enum file_format format; /* FORMAT_UNKNOWN: told by content */
	char delimiter, quote;   /* CSV; 0: detected */
	bool no_header;          /* CSV: the first row is data; columns are "field1", "field2", … */
	uint64_t skip_lines;     /* CSV: lines before the header, or before the first row */
};

struct dialect {
	char encoding[32];     /* "utf-8" */
	char delimiter, quote; /* CSV only; 0 otherwise */
	bool header;
	uint64_t skipped_lines;
};

struct reader;

/* `fd` stays the caller's, is read from its current offset (0) and must outlive the reader. The
 * format, the dialect and the columns are settled here. `options` may be NULL.
 * STATUS_UNSUPPORTED as sniff_format(); STATUS_INVALID where a CSV header is over a limit. */
enum status reader_open(int fd, const struct reader_options *options, struct reader **reader,
			struct error *err);
void reader_close(struct reader *reader); /* NULL is fine */

/* Appends records to `batch` until it is full or the file ends: STATUS_OK with at least one,
 * STATUS_END without any. Records may come with errors (record->errors): extra-cell,
 * missing-cell, encoding-error, …; each header comment of csv_reader.h and json_reader.h
 * lists its own. */
enum status reader_next(struct reader *reader, struct batch *batch, struct error *err);

/* Skips `count` records as reader_next would have given them; STATUS_END if there are fewer. */
enum status reader_skip(struct reader *reader, uint64_t count, struct error *err);

enum file_format reader_format(const struct reader *reader);
const struct dialect *reader_dialect(const struct reader *reader);

/* Names of the columns, in their order; NULL and 0 for JSON and for an empty file. Good until
 * the reader is closed. Blank names are "field3", repeated ones "name_2". */
const struct slice *reader_columns(const struct reader *reader, size_t *count);

uint64_t reader_bytes_read(const struct reader *reader); /* of the file; for progress */

/* {"encoding","delimiter","quote","header","skipped_lines"} as the API shows it. */
void dialect_write_json(const struct dialect *dialect, struct json_writer *json);

/* Reads one JSON text that is already in memory into a record: an object gives fields, other
 * values RECORD_VALUE. STATUS_INVALID with the place if it is no JSON. `text` must live as long
 * as `arena`. */
enum status json_read_record(struct slice text, struct arena *arena, struct record *record,
			     struct error *err);

#endif
