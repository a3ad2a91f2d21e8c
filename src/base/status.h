/* How a call says what became of it.
 *
 *	enum status thing_do(struct thing *thing, ..., struct error *err);
 *
 * STATUS_OK is 0. Anything else comes with a filled *err, owned by the caller, who may pass
 * NULL where the status alone is enough. A bad row is data, not an error (record/record.h).
 *
 * `code` is stable and meant for programs ("syntax-error"); `detail` is one sentence for
 * people that names the place and, where there is one, the remedy. It reaches HTTP clients,
 * so it never holds SQL, a path of the machine or a stack trace: those go to the log.
 *
 * Threads: an error belongs to one thread at a time. */
#ifndef ROWMILL_BASE_STATUS_H
#define ROWMILL_BASE_STATUS_H

#include <stdarg.h>
#include <stdint.h>

/*         name            code                      what it means */
#define STATUS_LIST(X)                                                                             \
	X(STATUS_OK,           "ok",                     "done")                                   \
	X(STATUS_END,          "end",                    "nothing further; not an error")          \
	X(STATUS_NOT_FOUND,    "not-found",              "there is no such thing")                 \
	X(STATUS_EXISTS,       "exists",                 "there is such a thing already")          \
	X(STATUS_CONFLICT,     "conflict",               "not in the state that this needs")       \
	X(STATUS_INVALID,      "invalid",                "the caller's input is wrong")            \
	X(STATUS_TOO_LARGE,    "too-large",              "over a limit")                           \
	X(STATUS_UNSUPPORTED,  "unsupported",            "a kind of input that is not read")       \
	X(STATUS_CANCELLED,    "cancelled",              "stopped on request")                     \
	X(STATUS_BUSY,         "busy",                   "too much at once; try again")            \
	X(STATUS_FULL,         "disk-full",              "no space left to store it")              \
	X(STATUS_UNAVAILABLE,  "unavailable",            "not able to do it now")                  \
	X(STATUS_NO_MEMORY,    "out-of-memory",          "memory is exhausted")                    \
	X(STATUS_IO,           "io-error",               "reading or writing failed")              \
	X(STATUS_CORRUPT,      "corrupt",                "stored data is not what it must be")     \
	X(STATUS_INTERNAL,     "internal",               "a mistake in this program")

enum status {
#define X(name, code, meaning) name,
	STATUS_LIST(X)
#undef X
};

enum { ERROR_CODE_SIZE = 48, ERROR_DETAIL_SIZE = 512 };

struct error {
	enum status status;
	char code[ERROR_CODE_SIZE];     /* kebab-case; the status' own code unless told */
	char detail[ERROR_DETAIL_SIZE]; /* UTF-8; cut between characters where too long */
	/* Place in an input: line and column count from 1 (column in characters), byte from 0.
	 * line 0 means that there is no place. */
	uint64_t line, column, byte;
};

/* Fills *err (if not NULL) and returns `status`, so that `return error_set(…)` reads well.
 * `code` NULL means the status' own. */
enum status error_set(struct error *err, enum status status, const char *code, const char *format,
		      ...) __attribute__((format(printf, 4, 5)));

/* The same with a place. */
enum status error_set_at(struct error *err, enum status status, const char *code, uint64_t line,
			 uint64_t column, uint64_t byte, const char *format, ...)
	__attribute__((format(printf, 7, 8)));

/* STATUS_FULL for ENOSPC and EDQUOT, STATUS_NO_MEMORY for ENOMEM, else STATUS_IO;
 * `what` is the activity ("writing the upload"). */
enum status error_from_errno(struct error *err, int errno_value, const char *what);

enum status error_no_memory(struct error *err);

/* "too-large"; never NULL. */
const char *status_code(enum status status);
const char *status_meaning(enum status status);

#endif
