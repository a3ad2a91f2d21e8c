/* Proposes a schema from rows that were seen: a Table Schema document that schema_parse takes as it is.
 *
 * A type is proposed only where every value seen is of it: so all rows seen are valid under the
 * proposal. Digits that are names rather than amounts ("00501", "+49 30…", more than 18 of them) stay
 * strings, and so do dates and numbers that can be read in two ways ("01/02/2024", "1,234").
 *
 *	inference_add(inference, &record);      // as a reader gave it; as often as there are rows
 *	inference_write(inference, &json, &err);
 *
 * Threads: one at a time. */
#ifndef ROWMILL_VALIDATE_INFERENCE_H
#define ROWMILL_VALIDATE_INFERENCE_H

#include "base/status.h"
#include "record/record.h"

struct inference;

struct inference *inference_new(void);             /* NULL: memory is exhausted */
void inference_free(struct inference *inference);  /* NULL is fine */

/* The columns of a file with a header; also those of a file without rows. STATUS_TOO_LARGE as below. */
enum status inference_add_columns(struct inference *inference, const struct slice *columns, size_t count,
				  struct error *err);

/* STATUS_TOO_LARGE ("too-many-columns") where there are more than a schema can have. */
enum status inference_add(struct inference *inference, const struct record *record, struct error *err);

/* STATUS_INVALID ("no-columns") where no column was seen. */
enum status inference_write(const struct inference *inference, struct json_writer *json,
			    struct error *err);

#endif
