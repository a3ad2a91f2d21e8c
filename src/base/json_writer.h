/* Writes JSON (RFC 8259) into a strbuf, one call a token; commas and quotes are placed here.
 *
 *	json_begin_object(&json);
 *	json_put_member(&json, "id");
 *	json_put_int(&json, 7);
 *	json_put_member(&json, "data");
 *	json_put_raw(&json, stored);        // already JSON: kept digit for digit
 *	json_end_object(&json);
 *
 * Answers and log lines are written by this and not by a library's tree, because stored
 * records must come back with the digits they were sent with, and a page of 1,000 of them
 * should not be parsed to be printed.
 *
 * Failure is the buffer's: ask strbuf_ok() at the end. Threads: as the buffer. */
#ifndef ROWMILL_BASE_JSON_WRITER_H
#define ROWMILL_BASE_JSON_WRITER_H

#include "base/strbuf.h"

struct json_writer {
	struct strbuf *out;
	bool needs_comma;
};

void json_writer_init(struct json_writer *json, struct strbuf *out);

void json_begin_object(struct json_writer *json);
void json_end_object(struct json_writer *json);
void json_begin_array(struct json_writer *json);
void json_end_array(struct json_writer *json);

void json_put_member(struct json_writer *json, const char *name);
void json_put_member_slice(struct json_writer *json, struct slice name);

/* A member with its value. */
void json_put_int_member(struct json_writer *json, const char *name, int64_t value);
void json_put_text_member(struct json_writer *json, const char *name, const char *text);

void json_put_null(struct json_writer *json);
void json_put_bool(struct json_writer *json, bool value);
void json_put_int(struct json_writer *json, int64_t value);
/* Shortest text that reads back as the same float64, with at most `digits` significant ones
 * (1 to 17); null where it is not finite. */
void json_put_double(struct json_writer *json, double value, int digits);

/* Bytes that are no UTF-8 are written as U+FFFD, one for each maximal subpart. */
void json_put_string(struct json_writer *json, struct slice text);
void json_put_text(struct json_writer *json, const char *text); /* NULL is written as null */

/* A complete JSON value that is copied as it is. */
void json_put_raw(struct json_writer *json, struct slice value);

/* The same for a value that is JSON but for bytes that are no UTF-8 inside its strings: they are
 * written as U+FFFD, one for each maximal subpart. */
void json_put_damaged_raw(struct json_writer *json, struct slice value);

#endif
