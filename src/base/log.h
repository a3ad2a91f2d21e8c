/* The log: one JSON object a line on standard error.
 *
 *	log_info(LOG_EVENT("import completed"), LOG_INT("import_id", 7));
 *	→ {"time":"…Z","level":"info","request_id":"…","event":"import completed","import_id":7}
 *
 * Every line carries a request id: the one of the request (or of the upload, for work done on
 * its behalf) that log_set_request() named for this thread, else the id of this run of the
 * program, made at the first line.
 *
 * A line is written with one write(2), so lines of several threads never mix.
 * Threads: every call may be made from any thread; the request id belongs to the thread. */
#ifndef ROWMILL_BASE_LOG_H
#define ROWMILL_BASE_LOG_H

#include "base/slice.h"
#include "base/status.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_field {
	const char *name;
	enum { LOG_FIELD_SLICE = 1, LOG_FIELD_INT, LOG_FIELD_DOUBLE } kind;
	struct slice text;
	int64_t integer;
	double number;
};

#define LOG_EVENT(text_) LOG_STR("event", text_)
#define LOG_STR(name_, text_)                                                                      \
	{.name = (name_), .kind = LOG_FIELD_SLICE, .text = slice_of_string(text_)}
#define LOG_SLICE(name_, slice_) {.name = (name_), .kind = LOG_FIELD_SLICE, .text = (slice_)}
#define LOG_INT(name_, value_)                                                                     \
	{.name = (name_), .kind = LOG_FIELD_INT, .integer = (int64_t)(value_)}
#define LOG_DOUBLE(name_, value_) {.name = (name_), .kind = LOG_FIELD_DOUBLE, .number = (value_)}
/* The code and detail of an error, as two fields. */
#define LOG_ERR(err_) LOG_STR("code", (err_)->code), LOG_STR("detail", (err_)->detail)

#define log_debug(...) log_write(LOG_DEBUG, (const struct log_field[]){__VA_ARGS__, {0}})
#define log_info(...) log_write(LOG_INFO, (const struct log_field[]){__VA_ARGS__, {0}})
#define log_warning(...) log_write(LOG_WARNING, (const struct log_field[]){__VA_ARGS__, {0}})
#define log_error(...) log_write(LOG_ERROR, (const struct log_field[]){__VA_ARGS__, {0}})

/* Fields up to the one whose name is NULL. */
void log_write(enum log_level level, const struct log_field *fields);

void log_set_level(enum log_level lowest); /* LOG_INFO from the start */

/* Names the request this thread works for; "" ends that. Cut at 64 bytes. */
void log_set_request(const char *request_id);
const char *log_request(void); /* good until this thread's next log_set_request() */

#endif
