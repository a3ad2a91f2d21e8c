#include "validate/date_time.h"

#include <stdio.h>

#include "base/banned.h"

enum { FRACTION_DIGITS = 9 };

static const char *const month_names[] = {"january", "february", "march",     "april",   "may",      "june",
					  "july",    "august",   "september", "october", "november", "december"};

struct cursor {
	struct slice text;
	size_t at;
};

static int peek(const struct cursor *cursor)
{
	return cursor->at < cursor->text.size ? (unsigned char)cursor->text.data[cursor->at] : -1;
}

static bool take(struct cursor *cursor, char wanted)
{
	if (peek(cursor) != (unsigned char)wanted)
		return false;
	cursor->at++;
	return true;
}

/* `least` to `most` digits. */
static bool take_number(struct cursor *cursor, int least, int most, int *value)
{
	int count = 0;

	for (*value = 0; count < most && peek(cursor) >= '0' && peek(cursor) <= '9'; count++)
		*value = *value * 10 + (cursor->text.data[cursor->at++] - '0');
	return count >= least;
}

static bool take_fraction(struct cursor *cursor, struct slice *fraction)
{
	size_t start = cursor->at;

	while (peek(cursor) >= '0' && peek(cursor) <= '9')
		cursor->at++;
	*fraction = slice_of(cursor->text.data + start, cursor->at - start);
	return fraction->size > 0;
}

/* Z, +hh:mm or +hhmm. */
static bool take_zone(struct cursor *cursor, struct date_time *out)
{
	int hours, minutes, sign = peek(cursor) == '-' ? -1 : 1;

	out->has_zone = true;
	if (take(cursor, 'Z'))
		return true;
	if (!take(cursor, '+') && !take(cursor, '-'))
		return false;
	if (!take_number(cursor, 2, 2, &hours))
		return false;
	take(cursor, ':');
	if (!take_number(cursor, 2, 2, &minutes) || hours > 14 || minutes > 59)
		return false;
	out->zone_minutes = sign * (hours * 60 + minutes);
	return true;
}

/* A month's name in English, whole or its first three letters. */
static bool take_month(struct cursor *cursor, bool whole, int *month)
{
	struct slice rest = slice_of(cursor->text.data + cursor->at, cursor->text.size - cursor->at);

	for (int i = 0; i < 12; i++) {
		size_t size = whole ? strlen(month_names[i]) : 3;
		if (rest.size < size || !slice_equal_ignoring_ascii_case(slice_of(rest.data, size),
									 slice_of(month_names[i], size)))
			continue;
		cursor->at += size;
		*month = i + 1;
		return true;
	}
	return false;
}

/* ---- the calendar ---- */

static bool is_leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/* A year has four digits at most. */
static bool is_possible(const struct date_time *value)
{
	return value->year >= 1 && value->month >= 1 && value->month <= 12 &&
	       value->day >= 1 && value->day <= month_days(value->year, value->month) &&
	       value->hour <= 23 && value->minute <= 59 && value->second <= 59;
}

/* Days since the first of January of the year 1. */
static int64_t day_number(const struct date_time *value)
{
	int64_t before = value->year - 1;
	int64_t days = before * 365 + before / 4 - before / 100 + before / 400 + value->day - 1;

	for (int month = 1; month < value->month; month++)
		days += month_days(value->year, month);
	return days;
}

static int64_t utc_seconds(const struct date_time *value)
{
	return ((day_number(value) * 24 + value->hour) * 60 + value->minute - value->zone_minutes) * 60 +
	       value->second;
}

static bool set_day_of_year(struct date_time *value, int day)
{
	int month = 1;

	if (day < 1 || day > 365 + is_leap_year(value->year))
		return false;
	for (; day > month_days(value->year, month); month++)
		day -= month_days(value->year, month);
	value->month = month;
	value->day = day;
	return true;
}

/* ---- patterns ---- */

/* What a pattern has gathered beyond the values themselves. */
struct gathered {
	int day_of_year; /* -1: not told */
	int half;        /* 12-hour clock: 0 am, 1 pm; -1: not told */
	bool twelve;     /* the hour is of a 12-hour clock */
};

/* "AM" or "PM", in any case. */
static bool take_half(struct cursor *cursor, struct gathered *gathered)
{
	gathered->half = take(cursor, 'p') || take(cursor, 'P');
	if (!gathered->half && !take(cursor, 'a') && !take(cursor, 'A'))
		return false;
	return take(cursor, 'm') || take(cursor, 'M');
}

static bool take_directive(struct cursor *cursor, char directive, struct date_time *out,
			   struct gathered *gathered)
{
	switch (directive) {
	case 'Y':
		return take_number(cursor, 4, 4, &out->year);
	case 'y':
		if (!take_number(cursor, 2, 2, &out->year))
			return false;
		out->year += out->year < 69 ? 2000 : 1900; /* as POSIX does */
		return true;
	case 'm':
		return take_number(cursor, 1, 2, &out->month);
	case 'e':
		take(cursor, ' ');
		return take_number(cursor, 1, 2, &out->day);
	case 'd':
		return take_number(cursor, 1, 2, &out->day);
	case 'j':
		return take_number(cursor, 1, 3, &gathered->day_of_year);
	case 'b':
		return take_month(cursor, false, &out->month);
	case 'B':
		return take_month(cursor, true, &out->month);
	case 'I':
		gathered->twelve = true;
		return take_number(cursor, 1, 2, &out->hour) && out->hour >= 1 && out->hour <= 12;
	case 'H':
		return take_number(cursor, 1, 2, &out->hour);
	case 'M':
		return take_number(cursor, 1, 2, &out->minute);
	case 'S':
		return take_number(cursor, 1, 2, &out->second);
	case 'f':
		return take_fraction(cursor, &out->fraction);
	case 'p':
		return take_half(cursor, gathered);
	case 'z':
		return take_zone(cursor, out);
	default: /* '%': a pattern has been checked before it is used */
		return take(cursor, '%');
	}
}

static bool read_pattern(struct slice text, struct slice pattern, struct date_time *out)
{
	struct cursor cursor = {.text = text};
	struct gathered gathered = {.day_of_year = -1, .half = -1};

	*out = (struct date_time){.month = 1, .day = 1};
	for (size_t i = 0; i < pattern.size; i++) {
		if (pattern.data[i] != '%') {
			if (!take(&cursor, pattern.data[i]))
				return false;
		} else if (!take_directive(&cursor, pattern.data[++i], out, &gathered)) {
			return false;
		}
	}
	if (cursor.at < text.size)
		return false;
	if (gathered.twelve)
		out->hour = out->hour % 12 + (gathered.half == 1 ? 12 : 0);
	if (gathered.day_of_year >= 0 && !set_day_of_year(out, gathered.day_of_year))
		return false;
	return is_possible(out);
}

const char *date_pattern_fault(struct slice pattern, enum date_kind kind)
{
	bool has[256] = {false};

	for (size_t i = 0; i < pattern.size; i++) {
		if (pattern.data[i] != '%')
			continue;
		if (++i == pattern.size)
			return "ends in a single %; write %% for the sign itself";
		char directive = pattern.data[i];
		if (!directive || !strchr("YymdejbBHIMSfpz%", directive))
			return "has a directive that is not read here; use %Y %y %m %d %e %j %b %B %H %I %M %S %f %p %z";
		if (directive != '%' && has[(unsigned char)directive])
			return "has a directive twice";
		has[(unsigned char)directive] = true;
	}
	if (!has['Y'] && !has['y'])
		return "must have a year: %Y, or %y for its last two digits";
	if (has['I'] != has['p'])
		return "must have %p (AM or PM) with %I, and only then";
	if (kind == DATE_ONLY && (has['H'] || has['I'] || has['M'] || has['S'] || has['f'] || has['z']))
		return "has a time of day, which a date has not; use the type datetime";
	return NULL;
}

/* ---- ISO 8601 ---- */

static bool take_date(struct cursor *cursor, struct date_time *out)
{
	return take_number(cursor, 4, 4, &out->year) && take(cursor, '-') &&
	       take_number(cursor, 2, 2, &out->month) && take(cursor, '-') &&
	       take_number(cursor, 2, 2, &out->day);
}

static bool take_time(struct cursor *cursor, struct date_time *out)
{
	if (!take(cursor, 'T') || !take_number(cursor, 2, 2, &out->hour) || !take(cursor, ':') ||
	    !take_number(cursor, 2, 2, &out->minute) || !take(cursor, ':') ||
	    !take_number(cursor, 2, 2, &out->second))
		return false;
	if (take(cursor, '.') && !take_fraction(cursor, &out->fraction))
		return false;
	return cursor->at == cursor->text.size || take_zone(cursor, out);
}

static bool read_default(struct slice text, enum date_kind kind, struct date_time *out)
{
	struct cursor cursor = {.text = text};

	*out = (struct date_time){0};
	return take_date(&cursor, out) && (kind == DATE_ONLY || take_time(&cursor, out)) &&
	       cursor.at == text.size && is_possible(out);
}

/* Forms in which day and month cannot be taken for one another. */
static bool read_any(struct slice text, enum date_kind kind, struct date_time *out)
{
	static const char *const dates[] = {"%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",    "%d.%m.%Y", "%d %B %Y",
					    "%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%b %d, %Y", "%Y-%m-%d"};
	static const char *const times[] = {"%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p"};
	char pattern[32];

	if (read_default(text, kind, out))
		return true;
	for (size_t d = 0; d < sizeof dates / sizeof *dates; d++) {
		if (kind == DATE_ONLY) {
			if (read_pattern(text, slice_of_string(dates[d]), out))
				return true;
			continue;
		}
		for (size_t t = 0; t < sizeof times / sizeof *times; t++) {
			snprintf(pattern, sizeof pattern, "%s %s", dates[d], times[t]);
			if (read_pattern(text, slice_of_string(pattern), out))
				return true;
		}
	}
	return false;
}

bool date_time_read(struct slice text, enum date_kind kind, const struct date_format *format,
		    struct date_time *out)
{
	if (format->form == DATE_FORMAT_PATTERN)
		return read_pattern(text, format->pattern, out);
	return format->form == DATE_FORMAT_ANY ? read_any(text, kind, out) : read_default(text, kind, out);
}

/* The fraction without zeros at its end, which mean nothing. */
static struct slice significant_fraction(const struct date_time *value)
{
	size_t size = value->fraction.size < FRACTION_DIGITS ? value->fraction.size : FRACTION_DIGITS;

	while (size && value->fraction.data[size - 1] == '0')
		size--;
	return slice_of(value->fraction.data, size);
}

int date_time_compare(const struct date_time *a, const struct date_time *b)
{
	int64_t seconds_a = utc_seconds(a), seconds_b = utc_seconds(b);
	struct slice fraction_a = significant_fraction(a), fraction_b = significant_fraction(b);
	size_t common = fraction_a.size < fraction_b.size ? fraction_a.size : fraction_b.size;

	if (seconds_a != seconds_b)
		return seconds_a < seconds_b ? -1 : 1;
	int order = common ? memcmp(fraction_a.data, fraction_b.data, common) : 0;
	return order ? order : (fraction_a.size > fraction_b.size) - (fraction_a.size < fraction_b.size);
}

static size_t write_fraction(struct slice fraction, char *out, size_t room)
{
	return fraction.size ? (size_t)snprintf(out, room, ".%.*s", (int)fraction.size, fraction.data) : 0;
}

size_t date_time_write(const struct date_time *value, enum date_kind kind, char out[DATE_TEXT_SIZE])
{
	struct slice fraction = value->fraction;
	size_t size = (size_t)snprintf(out, DATE_TEXT_SIZE, "%04d-%02d-%02d", value->year, value->month,
				       value->day);

	if (kind == DATE_ONLY)
		return size;
	fraction.size = fraction.size < FRACTION_DIGITS ? fraction.size : FRACTION_DIGITS;
	size += (size_t)snprintf(out + size, DATE_TEXT_SIZE - size, "T%02d:%02d:%02d", value->hour,
				 value->minute, value->second);
	size += write_fraction(fraction, out + size, DATE_TEXT_SIZE - size);
	int zone = value->zone_minutes < 0 ? -value->zone_minutes : value->zone_minutes;
	if (value->has_zone && zone == 0)
		size += (size_t)snprintf(out + size, DATE_TEXT_SIZE - size, "Z");
	else if (value->has_zone)
		size += (size_t)snprintf(out + size, DATE_TEXT_SIZE - size, "%c%02d:%02d",
					 value->zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
	return size;
}

size_t date_time_write_key(const struct date_time *value, char out[DATE_TEXT_SIZE])
{
	size_t size = (size_t)snprintf(out, DATE_TEXT_SIZE, "%lld", (long long)utc_seconds(value));

	return size + write_fraction(significant_fraction(value), out + size, DATE_TEXT_SIZE - size);
}
