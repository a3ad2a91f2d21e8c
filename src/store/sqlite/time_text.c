#include "store/sqlite/internal.h"

#include <time.h>

#include "base/banned.h"

/* Reads `count` digits at *at and moves behind them; -1 if they are none. */
static int64_t read_digits(struct slice text, size_t *at, size_t count)
{
	int64_t value = 0;

	if (text.size - *at < count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		char digit = text.data[*at + i];
		if (digit < '0' || digit > '9')
			return -1;
		value = value * 10 + (digit - '0');
	}
	*at += count;
	return value;
}

static bool skip_byte(struct slice text, size_t *at, const char *allowed)
{
	if (*at >= text.size || !strchr(allowed, text.data[*at]) || text.data[*at] == '\0')
		return false;
	(*at)++;
	return true;
}

/* "2024-01-01", "2024-01-01 12:00:00": to seconds. */
static bool read_seconds(struct slice text, size_t *at, int64_t *seconds)
{
	struct tm parts = {0};
	int64_t fields[6] = {0};

	for (int i = 0; i < 6; i++) {
		static const char *const before[6] = {"", "-", "-", "T t", ":", ":"};
		if (i == 3 && *at == text.size)
			break;
		if (i && !skip_byte(text, at, before[i]))
			return false;
		fields[i] = read_digits(text, at, i ? 2 : 4);
		if (fields[i] < 0)
			return false;
	}
	if (fields[1] < 1 || fields[1] > 12 || fields[2] < 1 || fields[2] > 31 || fields[3] > 23 ||
	    fields[4] > 59 || fields[5] > 60)
		return false;
	parts.tm_year = (int)fields[0] - 1900;
	parts.tm_mon = (int)fields[1] - 1;
	parts.tm_mday = (int)fields[2];
	parts.tm_hour = (int)fields[3];
	parts.tm_min = (int)fields[4];
	parts.tm_sec = (int)fields[5];
	*seconds = timegm(&parts);
	return true;
}

static int64_t read_fraction_ms(struct slice text, size_t *at)
{
	int64_t ms = 0, weight = 100;

	if (!skip_byte(text, at, ".,"))
		return 0;
	for (; *at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9'; (*at)++) {
		ms += (text.data[*at] - '0') * weight;
		weight /= 10;
	}
	return ms;
}

/* "Z", "+02:00", "-0530" or nothing. */
static bool read_zone(struct slice text, size_t *at, int64_t *seconds)
{
	*seconds = 0;
	if (*at == text.size || skip_byte(text, at, "Zz"))
		return *at == text.size;
	int64_t sign = text.data[*at] == '-' ? -1 : 1;
	if (!skip_byte(text, at, "+-"))
		return false;
	int64_t hours = read_digits(text, at, 2);
	skip_byte(text, at, ":");
	int64_t minutes = read_digits(text, at, 2);
	if (hours < 0 || minutes < 0)
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return *at == text.size;
}

int64_t time_text_parse(struct slice text)
{
	int64_t seconds, zone;
	size_t at = 0;

	if (!read_seconds(text, &at, &seconds))
		return 0;
	int64_t ms = read_fraction_ms(text, &at);
	if (!read_zone(text, &at, &zone))
		return 0;
	return (seconds - zone) * 1000 + ms;
}
