#include "api/instant.h"

#include "base/banned.h"

static bool take_digits(struct slice *rest, size_t count, int64_t *value)
{
	*value = 0;
	if (rest->size < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		char c = rest->data[i];
		if (c < '0' || c > '9')
			return false;
		*value = *value * 10 + (c - '0');
	}
	*rest = slice_of(rest->data + count, rest->size - count);
	return true;
}

static bool take_byte(struct slice *rest, char byte)
{
	if (!rest->size || rest->data[0] != byte)
		return false;
	*rest = slice_of(rest->data + 1, rest->size - 1);
	return true;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01, by counting years from March on. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t from_march = (month + 9) % 12, y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * from_march + 2) / 5 + day - 1 -
	       719468;
}

/* "Z", "+01:00": minutes east of UTC. */
static bool take_zone(struct slice *rest, int64_t *minutes)
{
	int64_t hour, minute;

	*minutes = 0;
	if (take_byte(rest, 'Z') || take_byte(rest, 'z'))
		return true;
	bool west = rest->size && rest->data[0] == '-';
	if (!take_byte(rest, west ? '-' : '+') || !take_digits(rest, 2, &hour) || !take_byte(rest, ':') ||
	    !take_digits(rest, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*minutes = (west ? -1 : 1) * (hour * 60 + minute);
	return true;
}

/* ".123…": milliseconds, the rest is cut; *span: how many the digits leave open. */
static bool take_fraction(struct slice *rest, int64_t *ms, int64_t *span)
{
	int64_t unit = 1000, digit;
	size_t count = 0;

	*ms = 0;
	*span = 1000;
	if (!take_byte(rest, '.'))
		return true;
	for (; take_digits(rest, 1, &digit); count++) {
		unit /= 10;
		*ms += digit * unit;
		*span = unit > 1 ? unit : 1;
	}
	return count > 0;
}

bool instant_parse(struct slice text, int64_t *first_ms, int64_t *last_ms)
{
	int64_t year, month, day, hour, minute, second, ms, span, zone;

	if (!take_digits(&text, 4, &year) || !take_byte(&text, '-') || !take_digits(&text, 2, &month) ||
	    !take_byte(&text, '-') || !take_digits(&text, 2, &day) || month < 1 || month > 12 || day < 1 ||
	    day > days_in_month(year, month))
		return false;
	*first_ms = days_of(year, month, day) * 86400000;
	*last_ms = *first_ms + 86399999;
	if (!text.size)
		return true;
	if (!(take_byte(&text, 'T') || take_byte(&text, 't') || take_byte(&text, ' ')) ||
	    !take_digits(&text, 2, &hour) || !take_byte(&text, ':') || !take_digits(&text, 2, &minute) ||
	    !take_byte(&text, ':') || !take_digits(&text, 2, &second) || hour > 23 || minute > 59 || second > 59)
		return false;
	if (!take_fraction(&text, &ms, &span) || !take_zone(&text, &zone) || text.size)
		return false;
	*first_ms += ((hour * 60 + minute - zone) * 60 + second) * 1000 + ms;
	*last_ms = *first_ms + span - 1;
	return true;
}
