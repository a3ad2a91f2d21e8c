/* What reading a file came to, as text that tests can compare. Include support.h first. */
#ifndef ROWMILL_TESTS_UNIT_PARSE_TRANSCRIPT_H
#define ROWMILL_TESTS_UNIT_PARSE_TRANSCRIPT_H

#include "base/strbuf.h"
#include "parse/reader.h"

enum transcript_form {
	BRIEF, /* {"a":"1"} missing-cell(b)        one record a line: data, then codes and fields */
	FULL,  /* row, line, byte, shape, raw and every error with its place and message as well */
};

struct transcript_end {
	uint64_t byte; /* of the file, behind the record */
	size_t text;   /* of the transcript, behind its line */
	bool unclosed; /* the record holds a quote that is never closed */
};

struct transcript {
	struct strbuf text;     /* a line for each record */
	struct strbuf ends;     /* struct transcript_end for each record, in the full form */
	size_t records, errors; /* errors: of all records */
	enum status status;     /* STATUS_END, or what ended the reading */
	struct error err;
	enum file_format format;
	struct dialect dialect;
	struct strbuf columns; /* [name][email] */
};

/* Reads to the end; `options` may be NULL. Release it afterwards. */
void transcript_read(struct transcript *transcript, int fd, const struct reader_options *options,
		     enum transcript_form form);
void transcript_read_bytes(struct transcript *transcript, struct slice bytes,
			   const struct reader_options *options, enum transcript_form form);
void transcript_release(struct transcript *transcript);

/* Reads `bytes` to the end without an error of the file, and expects this brief transcript. */
void assert_records_at(struct slice bytes, const struct reader_options *options,
		       const char *expected, const char *file, int line);
#define assert_records(bytes_, expected_)                                                          \
	assert_records_at(slice_of_string(bytes_), NULL, expected_, __FILE__, __LINE__)
#define assert_records_with(bytes_, options_, expected_)                                           \
	assert_records_at(slice_of_string(bytes_), options_, expected_, __FILE__, __LINE__)

#endif
