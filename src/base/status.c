#include "base/status.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const struct {
	const char *code, *meaning;
} table[] = {
#define X(name, code, meaning) [name] = {code, meaning},
	STATUS_LIST(X)
#undef X
};

const char *status_code(enum status status)
{
	return table[status].code;
}

const char *status_meaning(enum status status)
{
	return table[status].meaning;
}

static void fill(struct error *err, enum status status, const char *code, const char *format,
		 va_list args)
{
	memset(err, 0, sizeof *err);
	err->status = status;
	snprintf(err->code, sizeof err->code, "%s", code ? code : status_code(status));
	int wanted = vsnprintf(err->detail, sizeof err->detail, format, args);
	if (wanted >= (int)sizeof err->detail) {
		size_t whole = utf8_floor(slice_of_string(err->detail), sizeof err->detail - 4);
		memcpy(err->detail + whole, "...", 4);
	}
}

enum status error_set(struct error *err, enum status status, const char *code, const char *format,
		      ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		fill(err, status, code, format, args);
		va_end(args);
	}
	return status;
}

enum status error_set_at(struct error *err, enum status status, const char *code, uint64_t line,
			 uint64_t column, uint64_t byte, const char *format, ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		fill(err, status, code, format, args);
		va_end(args);
		err->line = line;
		err->column = column;
		err->byte = byte;
	}
	return status;
}

enum status error_from_errno(struct error *err, int errno_value, const char *what)
{
	enum status status = STATUS_IO;
	char buffer[128];

	if (errno_value == ENOSPC || errno_value == EDQUOT)
		status = STATUS_FULL;
	else if (errno_value == ENOMEM)
		status = STATUS_NO_MEMORY;
	/* GNU's strerror_r, which returns the text. */
	return error_set(err, status, NULL, "%s: %s", what,
			 strerror_r(errno_value, buffer, sizeof buffer));
}

enum status error_no_memory(struct error *err)
{
	return error_set(err, STATUS_NO_MEMORY, NULL,
			 "memory is exhausted; free some, or give the machine more");
}
