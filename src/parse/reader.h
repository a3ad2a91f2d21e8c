/* Turns the bytes of a file into records, pulled a batch at a time.
 *
 *	reader_open(fd, &options, &reader, &err);
 *	while ((status = reader_next(reader, &batch, &err)) == STATUS_OK) { …; batch_clear(&batch); }
 *	reader_close(reader);
 *
 * CSV follows RFC 4180 with the dialect detected (delimiter, quote, line ends CRLF, LF or CR,
 * a byte order mark skipped); JSON follows RFC 8259 strictly: one array of values, one object, an
 * object around one array of objects, or NDJSON (one value a line); of an XLSX workbook one sheet is
 * read as if it were CSV. Which of them it is, is told by content, never by name. Files may be
 * packed by gzip or Zstandard, and text may be in any encoding that is known (encoding.h).
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

enum file_format { FORMAT_UNKNOWN, FORMAT_CSV, FORMAT_JSON, FORMAT_NDJSON, FORMAT_XLSX };

const char *file_format_name(enum file_format format); /* "csv", "json", "ndjson", "xlsx" */

enum { SNIFF_SIZE = 64 * 1024, DELIMITER_SIZE = 8 };

struct reader_options {
	size_t chunk_size; /* bytes a read(2); 0: 256 KiB. Tests set 1. */
	size_t record_size_limit; /* bytes as sent; 0: 16 MiB. A longer record is an error of that row. */
	/* Field names that the schema knows (in any spelling that record/field_name.h takes for
	 * equal): they help to find the header among the first rows. */
	const struct slice *known_fields;
	size_t known_field_count;
	/* What a user says instead of having it told by content. */
	enum file_format format; /* FORMAT_UNKNOWN: told by content */
	char delimiter[DELIMITER_SIZE]; /* CSV; NUL-terminated; empty: detected */
	char quote;              /* CSV; '\0': detected */
	bool no_quotes;          /* CSV: quotes are ordinary characters */
	char escape;             /* CSV; '\0': none, quotes are doubled */
	bool no_header;          /* CSV, XLSX: the first row is data; columns are "field1", … */
	uint64_t skip_lines;     /* CSV, XLSX: lines before the header, or before the first row */
	bool skip_told;          /* the header is behind them, and not searched for */
	struct slice encoding;   /* a WHATWG label or a name of iconv; empty: guessed */
	bool expect_utf8;        /* where no encoding is said: UTF-8 unless it is UTF-16 or UTF-32 */
	struct slice sheet;      /* XLSX: a name, or a number from 1; empty: the first visible one */
	uint64_t unpacked_size_limit; /* bytes; 0: decompress.h's and xlsx_stage.h's */
	const char *temporary_folder; /* for what a workbook takes; NULL: $TMPDIR or /tmp */
};

/* What a user says of a file, as texts; empty ones are not told. */
struct reader_words {
	struct slice format;    /* csv, tsv, json, ndjson or xlsx */
	struct slice delimiter; /* a character, the same twice, or with a space; "tab" or "\t" */
	struct slice quote;     /* an ASCII character, or "none" */
	struct slice escape;    /* an ASCII character, or "none"; the quote: by doubling, as without */
	struct slice encoding;
	struct slice sheet;
	bool no_header;
	int64_t skip; /* below 0: not told */
};

/* The texts among the words, one after the other, each with the name that options and query parameters have for it;
 * NULL behind the last. */
struct slice *reader_words_text(struct reader_words *words, size_t index, const char **name);

/* Turns words into options, whose slices are those of the words. STATUS_INVALID where a word is not
 * understood, or does not go with another; *word is the name of the member. */
enum status reader_options_read(const struct reader_words *words, struct reader_options *options,
				const char **word, struct error *err);

struct dialect {
	char encoding[32]; /* "utf-8" */
	char delimiter[DELIMITER_SIZE]; /* CSV only; empty otherwise */
	char quote, escape; /* CSV only; '\0': none */
	bool header;
	uint64_t skipped_lines;
	const char *compression; /* "gzip", "zstd"; NULL: none */
	char sheet[128];         /* XLSX: its name */
	char records_in[128];    /* JSON: the member of an object that holds the records; cut to fit */
};

struct reader;

/* Tells the format by the first bytes of a file, packed or not (`whole` says that there is nothing
 * behind them), as reader_open() will. `options` may be NULL. An empty file is CSV.
 * STATUS_UNSUPPORTED for a kind that is not read (archives, images, office files, other
 * binaries): the detail says what it seems to be and what to do. */
enum status reader_sniff(struct slice head, bool whole, const struct reader_options *options,
			 enum file_format *format, struct error *err);

/* `fd` stays the caller's, is read from its current offset (0) and must outlive the reader. The
 * format, the dialect and the columns are settled here. `options` may be NULL.
 * STATUS_UNSUPPORTED as reader_sniff(); STATUS_INVALID where a CSV header is over a limit, where a
 * compressed stream or a workbook is damaged, and where there is no such encoding or sheet. */
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

/* Good until the next call. The encoding is settled once a byte that is not ASCII has been read. */
const struct dialect *reader_dialect(struct reader *reader);

/* Names of the columns, in their order; NULL and 0 for JSON and for an empty file. Good until
 * the reader is closed. Blank names are "field3", repeated ones "name_2". */
const struct slice *reader_columns(const struct reader *reader, size_t *count);

uint64_t reader_bytes_read(const struct reader *reader); /* of the file; for progress */

/* {"encoding","delimiter","quote","header","skipped_lines"} as the API shows it; "escape",
 * "compression", "sheet" and "records_in" follow where there is one. */
void dialect_write_json(const struct dialect *dialect, struct json_writer *json);

/* Reads one JSON text that is already in memory into a record: an object gives fields, other
 * values RECORD_VALUE. STATUS_INVALID with the place if it is no JSON. `text` must live as long
 * as `arena`. */
enum status json_read_record(struct slice text, struct arena *arena, struct record *record,
			     struct error *err);

/* The same as a line of NDJSON is read: what is no JSON gives RECORD_DAMAGED. */
enum status json_read_line(struct slice text, struct arena *arena, struct record *record, struct error *err);

/* Of an object's text, as a record's raw holds it: all but the members whose names `drop` holds for, as it stands;
 * false: no memory. */
bool json_without(struct slice object, bool (*drop)(struct slice name), struct arena *arena, struct slice *left);

/* The text of the value of an object's first member. */
struct slice json_first_value(struct slice object);

#endif
