/* A schema proposed from the first rows of a file.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_IMPORT_PROPOSAL_H
#define ROWMILL_IMPORT_PROPOSAL_H

#include "base/json_writer.h"
#include "parse/reader.h"

enum { PROPOSAL_ROWS = 5000, PROPOSAL_ROWS_MAX = 1000000 };

/* Writes a Table Schema document. Errors are those of the reader, and those of validate/inference.h. */
enum status proposal_write(int fd, const struct reader_options *options, uint64_t rows,
			   struct json_writer *json, struct error *err);

#endif
