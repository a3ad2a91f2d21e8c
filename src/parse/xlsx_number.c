#include "parse/xlsx_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { LONGEST_NUMBER = 64, DAY_SECONDS = 86400 };

static const double LAST_DAY = 2958466; /* behind 9999-12-31 */

/* The fewest digits that give the number back: spreadsheets store 17 and show 15. */
static void write_plain(double value, struct strbuf *out)
{
	char text[LONGEST_NUMBER];

	/* It ends: 17 always do. */
	for (int digits = 15;; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		double back = strtod(text, NULL);
		if (back <= value && back >= value)
			break;
	}
	strbuf_add_string(out, text);
}

/* Days from 1970-01-01 to a date of 1899 or later, after Howard Hinnant's "chrono-compatible low-level
 * date algorithms": years begin in March. */
static void write_date(long days, struct strbuf *out)
{
	days += 719468;
	long era = days / 146097;
	long of_era = days - era * 146097;
	long year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	long of_year = of_era - (365 * year + year / 4 - year / 100);
	long month = (5 * of_year + 2) / 153;
	long day = of_year - (153 * month + 2) / 5 + 1;
	month += month < 10 ? 3 : -9;
	strbuf_add_format(out, "%04ld-%02ld-%02ld", year + era * 400 + (month <= 2), month, day);
}

static void write_time(long milliseconds, struct strbuf *out)
{
	long seconds = milliseconds / 1000;

	strbuf_add_format(out, "%02ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60, seconds % 60);
	if (milliseconds % 1000)
		strbuf_add_format(out, ".%03ld", milliseconds % 1000);
}

static void write_day(long day, bool from_1904, struct strbuf *out)
{
	/* 1900 counts as a leap year there: day 60 never was. */
	if (from_1904)
		write_date(day - 24107, out);
	else if (day == 60)
		strbuf_add_string(out, "1900-02-29");
	else
		write_date(day - (day < 60 ? 25568 : 25569), out);
}

static void write_moment(double value, enum xlsx_number kind, bool from_1904, struct strbuf *out)
{
	long day = (long)floor(value);
	long milliseconds = lround((value - (double)day) * DAY_SECONDS * 1000);

	if (milliseconds == DAY_SECONDS * 1000L) {
		day++;
		milliseconds = 0;
	}
	if (kind == XLSX_DURATION) {
		strbuf_add_string(out, "PT");
		strbuf_add_format(out, "%ldH%ldM%ldS", day * 24 + milliseconds / 3600000,
				  milliseconds / 60000 % 60, milliseconds / 1000 % 60);
		return;
	}
	bool with_day = kind != XLSX_TIME || day;
	if (with_day)
		write_day(day, from_1904, out);
	if (kind == XLSX_DATE && milliseconds == 0)
		return;
	if (with_day)
		strbuf_add_byte(out, 'T');
	write_time(milliseconds, out);
}

void xlsx_write_number(struct slice stored, enum xlsx_number kind, bool from_1904,
		       struct strbuf *out)
{
	char text[LONGEST_NUMBER], *end;

	stored = slice_trim(stored);
	if (stored.size == 0 || stored.size >= sizeof text) {
		strbuf_add_slice(out, stored);
		return;
	}
	memcpy(text, stored.data, stored.size);
	text[stored.size] = '\0';
	double value = strtod(text, &end);
	if (*end || !isfinite(value))
		strbuf_add_slice(out, stored);
	else if (kind == XLSX_NUMBER || value < 0 || value >= LAST_DAY)
		write_plain(value, out);
	else
		write_moment(value, kind, from_1904, out);
}
