/* Dates and times of day as they stand in files: in the form of ISO 8601 that Table Schema makes the
 * default, by a pattern in the notation of strptime, or in one of some common forms ("any").
 *
 * The calendar is the Gregorian one, years are 1 to 9999.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VALIDATE_DATE_TIME_H
#define ROWMILL_VALIDATE_DATE_TIME_H

#include "base/arena.h"
#include "base/slice.h"

struct date_time {
	int year, month, day, hour, minute, second;
	struct slice fraction; /* digits of the second's fraction; borrowed from the text */
	bool has_zone;
	int zone_minutes;      /* east of UTC */
};

enum date_kind { DATE_ONLY, DATE_AND_TIME };

/* What a date's or datetime's "format" says. */
struct date_format {
	enum { DATE_FORMAT_DEFAULT, DATE_FORMAT_ANY, DATE_FORMAT_PATTERN } form;
	struct slice pattern; /* with %Y %y %m %d %j %b %B %e, and for times %H %I %M %S %f %p %z */
};

/* Why the pattern cannot be used for this kind; NULL if it can. */
const char *date_pattern_fault(struct slice pattern, enum date_kind kind);

/* Reads the whole of `text`. false: it is none, or no day or time that there is. */
bool date_time_read(struct slice text, enum date_kind kind, const struct date_format *format,
		    struct date_time *out);

/* <0, 0, >0. Times without a zone count as UTC. */
int date_time_compare(const struct date_time *a, const struct date_time *b);

enum { DATE_TEXT_SIZE = 48 };

/* In ISO form: "2024-02-29", "2024-02-29T12:00:00.5+01:00"; of the fraction at most nine digits.
 * Returns the size. */
size_t date_time_write(const struct date_time *value, enum date_kind kind, char out[DATE_TEXT_SIZE]);

/* A text that is equal for equal times (in whatever zone they are told) and for no others, up to
 * the fraction's nine digits. Returns the size. */
size_t date_time_write_key(const struct date_time *value, char out[DATE_TEXT_SIZE]);

#endif
