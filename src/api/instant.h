/* Dates and times as clients write them.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_API_INSTANT_H
#define ROWMILL_API_INSTANT_H

#include "base/slice.h"

/* What a text covers, first and last millisecond since 1970: "2026-11-23" is that day in UTC;
 * "2026-11-23T15:28:00Z" that second; "2026-11-23T15:28:00.123+01:00" that millisecond (RFC 3339). false: it is
 * neither a date nor a time of the calendar. */
bool instant_parse(struct slice text, int64_t *first_ms, int64_t *last_ms);

#endif
