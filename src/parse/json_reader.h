/* Pulls records out of a JSON text: an array of values, one value, NDJSON (one a line), or the one
 * array of objects in an object that is no record itself (json_wrap.h). Whether an object is such a
 * wrapper is told by all of it, or, of one that is longer than a record may be, by its beginning; a
 * second array of objects behind that fails the file.
 *
 * A record's raw bytes are exactly the JSON text of its value. A syntax error in an array or a
 * single value ends the file with its place. In NDJSON it costs its line: the record is
 * RECORD_DAMAGED with the line as raw; blank lines are no records.
 *
 * Error codes: type-error, duplicate-key, encoding-error, too-long-row, and for NDJSON
 * syntax-error (row_error.h).
 *
 * Threads: as the reader. */
#ifndef ROWMILL_PARSE_JSON_READER_H
#define ROWMILL_PARSE_JSON_READER_H

#include "parse/json_scanner.h"
#include "parse/place.h"
#include "parse/reader.h"
#include "parse/source.h"

struct json_reader {
	struct source *source; /* borrowed */
	bool lines;            /* NDJSON */
	bool wrapped;          /* the array is a member of an object */
	unsigned char state;   /* between the values of an array, or around the one value */
	size_t record_size_limit;
	struct place place; /* of the next unread byte */
	uint64_t number;    /* of the last record */
	struct json_scanner scanner;
};

/* `format` is FORMAT_JSON or FORMAT_NDJSON. The source stands at the file's beginning, behind a
 * byte order mark. Fills dialect->records_in. */
enum status json_reader_open(struct json_reader *reader, struct source *source,
			     enum file_format format, const struct reader_options *options,
			     struct dialect *dialect, struct error *err);

/* As reader_next and reader_skip. */
enum status json_reader_next(struct json_reader *reader, struct batch *batch, struct error *err);
enum status json_reader_skip(struct json_reader *reader, uint64_t count, struct error *err);

#endif
