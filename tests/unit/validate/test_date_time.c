#include "support.h"

#include <stdio.h>
#include <time.h>

#include "validate/date_time.h"

#include "base/banned.h"

static const struct date_format iso = {.form = DATE_FORMAT_DEFAULT};
static const struct date_format any = {.form = DATE_FORMAT_ANY};

static struct date_format pattern(const char *text)
{
	return (struct date_format){.form = DATE_FORMAT_PATTERN, .pattern = slice_of_string(text)};
}

/* `expected`: in ISO form; NULL: it is none. */
static void check(const char *text, enum date_kind kind, const struct date_format *format,
		  const char *expected)
{
	char written[DATE_TEXT_SIZE];
	struct date_time value;

	bool is = date_time_read(slice_of_string(text), kind, format, &value);
	if (is != (expected != NULL))
		fail_msg("'%s' is %s", text, is ? "accepted" : "refused");
	if (is)
		assert_slice(slice_of(written, date_time_write(&value, kind, written)), expected);
}

static void dates_are_days_that_there_are(void **state)
{
	static const char *const days[] = {"0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29", "2023-12-31"};
	static const char *const none[] = {
		"2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-00", "2024-01-32", "2024-04-31",
		"0000-01-01", "24-01-01",   "2024-1-1",   "2024/01/01", "20240101",   "2024-01-01x", "", "2024-01",
		"-2024-01-01", "2024-01-01T00:00:00Z", "2024-01-0\xD9\xA1"};

	(void)state;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		check(days[i], DATE_ONLY, &iso, days[i]);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		check(none[i], DATE_ONLY, &iso, NULL);
}

static void datetimes_have_a_time_and_may_have_a_zone(void **state)
{
	static const char *const times[] = {
		"2024-02-29T23:59:59Z",  "2024-02-29T00:00:00",       "2024-02-29T12:30:00.123456789+05:30",
		"2024-02-29T12:30:00.5", "2024-02-29T12:30:00-14:00",
	};
	static const char *const none[] = {
		"2024-02-29",           "2024-02-29 12:30:00",  "2024-02-29T24:00:00",    "2024-02-29T12:60:00",
		"2024-02-29T12:30:60Z", "2024-02-29T12:30",     "2024-02-29T12:30:00.Z",  "2024-02-29T12:30:00+15:00",
		"2024-02-29T12:30:00z", "2024-02-29t12:30:00Z", "2024-02-29T12:30:00+5:00", "2024-02-29T12:30:00+0560",
		"2024-02-29T12:30:00Zx", "2024-02-29T12:30:00+05:", "2024-02-29T", "2024-02-29T12", "2024-02-29T12:",
		"2024-02-29T1:30:00",   "2024-02-29T12-30:00",  "2024-02-29T12:30-00",   "2024-02-29T12:30:"};

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		check(times[i], DATE_AND_TIME, &iso, times[i]);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		check(none[i], DATE_AND_TIME, &iso, NULL);
}

static void patterns_are_read_as_strptime_does(void **state)
{
	static const struct {
		const char *pattern, *text, *expected;
		enum date_kind kind;
	} cases[] = {
		{"%d.%m.%Y", "29.02.2024", "2024-02-29", DATE_ONLY},
		{"%d.%m.%Y", "1.2.2024", "2024-02-01", DATE_ONLY},
		{"%d.%m.%Y", "30.02.2024", NULL, DATE_ONLY},
		{"%d.%m.%Y", "29.02.2024 ", NULL, DATE_ONLY},
		{"%d.%m.%Y", "29/02/2024", NULL, DATE_ONLY},
		{"%Y", "2024", "2024-01-01", DATE_ONLY},
		{"%m/%d/%y", "12/31/68", "2068-12-31", DATE_ONLY},
		{"%m/%d/%y", "12/31/69", "1969-12-31", DATE_ONLY},
		{"%B %d, %Y", "february 3, 2024", "2024-02-03", DATE_ONLY},
		{"%d-%b-%Y", "03-FEB-2024", "2024-02-03", DATE_ONLY},
		{"%d-%b-%Y", "03-FOO-2024", NULL, DATE_ONLY},
		{"%e %b %Y", " 3 Feb 2024", "2024-02-03", DATE_ONLY},
		{"%Y%j", "2024366", "2024-12-31", DATE_ONLY},
		{"%Y%j", "2023366", NULL, DATE_ONLY},
		{"%Y%j", "2023060", "2023-03-01", DATE_ONLY},
		{"%Y%j", "2023000", NULL, DATE_ONLY},
		{"%Y%j", "0000001", NULL, DATE_ONLY},
		{"100%% %Y", "100% 2024", "2024-01-01", DATE_ONLY},
		{"%Y-%m-%d %H.%M.%S", "2024-02-29 12.30.01", "2024-02-29T12:30:01", DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 12:30 AM", "2024-02-29T00:30:00", DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 12:30 pm", "2024-02-29T12:30:00", DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 01:30 PM", "2024-02-29T13:30:00", DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 13:30 PM", NULL, DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 00:30 AM", NULL, DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 01:30 XM", NULL, DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 01:30 Px", NULL, DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 01:30 Am", "2024-02-29T01:30:00", DATE_AND_TIME},
		{"%Y-%m-%d %I:%M %p", "2024-02-29 x AM", NULL, DATE_AND_TIME},
		{"%d.%m.%y", "29.02.x", NULL, DATE_ONLY},
		{"%Y-%m-%d %H:%M:%S.%f %z", "2024-02-29 01:02:03.250 -0130", "2024-02-29T01:02:03.250-01:30",
		 DATE_AND_TIME},
		{"%Y-%m-%d %z", "2024-02-29 Z", "2024-02-29T00:00:00Z", DATE_AND_TIME},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct date_format format = pattern(cases[i].pattern);
		assert_null(date_pattern_fault(format.pattern, cases[i].kind));
		check(cases[i].text, cases[i].kind, &format, cases[i].expected);
	}
}

static void patterns_that_say_no_day_are_refused(void **state)
{
	static const char *const faults[] = {"%d.%m", "%Q %Y", "%Y %", "%Y %Y", "%Y %I", "%Y %H", "%Y %I %p", "%Y %M", "%Y %S", "%Y %f", "%Y %z", "%Y %p", "%m%%Y"};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		assert_non_null(date_pattern_fault(slice_of_string(faults[i]), DATE_ONLY));
	assert_null(date_pattern_fault(SLICE("%Y %H"), DATE_AND_TIME));
	assert_non_null(date_pattern_fault(slice_of("%\0 %Y", 5), DATE_ONLY));
}

static void any_takes_forms_that_cannot_be_mistaken(void **state)
{
	static const char *const days[] = {"2024-02-03", "2024/02/03",  "2024.02.03", "20240203", "03.02.2024",
					   "3 February 2024", "3 Feb 2024", "03-Feb-2024", "February 3, 2024", "Feb 3, 2024"};
	static const char *const times[] = {"2024-02-03T04:05:00", "2024-02-03 04:05", "03.02.2024 04:05:00",
					    "Feb 3, 2024 04:05 AM", "2024/02/03 4:05:00 am"};

	(void)state;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		check(days[i], DATE_ONLY, &any, "2024-02-03");
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		check(times[i], DATE_AND_TIME, &any, "2024-02-03T04:05:00");
	check("02/03/2024", DATE_ONLY, &any, NULL);
	check("tomorrow", DATE_ONLY, &any, NULL);
	check("2024-02-03", DATE_AND_TIME, &any, NULL);
}

static void check_order(const char *a, const char *b, int expected)
{
	char key_a[DATE_TEXT_SIZE], key_b[DATE_TEXT_SIZE];
	struct date_time left, right;

	assert_true(date_time_read(slice_of_string(a), DATE_AND_TIME, &iso, &left));
	assert_true(date_time_read(slice_of_string(b), DATE_AND_TIME, &iso, &right));
	int order = date_time_compare(&left, &right), back = date_time_compare(&right, &left);
	if ((order > 0) - (order < 0) != expected || (back > 0) - (back < 0) != -expected)
		fail_msg("%s and %s: %d", a, b, order);
	bool same = slice_equal(slice_of(key_a, date_time_write_key(&left, key_a)),
				slice_of(key_b, date_time_write_key(&right, key_b)));
	assert_int_equal(same, expected == 0);
}

static void times_compare_as_instants(void **state)
{
	(void)state;
	check_order("2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", 0);
	check_order("2024-01-01T00:00:00", "2024-01-01T00:00:00Z", 0);
	check_order("2024-01-01T00:00:00.50Z", "2024-01-01T00:00:00.5Z", 0);
	check_order("2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.51Z", -1);
	check_order("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.0001Z", -1);
	check_order("2024-01-01T00:00:00.59Z", "2024-01-01T00:00:00.6Z", -1);
	check_order("2023-12-31T23:59:59Z", "2024-01-01T00:00:00Z", -1);
	check_order("2024-01-01T00:30:00+01:00", "2024-01-01T00:00:00Z", -1);
}

/* The calendar is that of the C library, for days of 400 years. */
static void every_day_has_its_number(void **state)
{
	char text[32];
	int64_t before = 0;

	(void)state;
	for (int64_t day = -110000; day < 40000; day += 7) {
		time_t seconds = (time_t)(day * 86400);
		struct tm parts;
		struct date_time value;
		char key[DATE_TEXT_SIZE];
		gmtime_r(&seconds, &parts);
		snprintf(text, sizeof text, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
		assert_true(date_time_read(slice_of_string(text), DATE_ONLY, &iso, &value));
		int64_t number;
		assert_true(slice_parse_int64(slice_of(key, date_time_write_key(&value, key)), &number));
		if (before)
			assert_int_equal(number - before, 7 * 86400);
		before = number;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_days_that_there_are),
		cmocka_unit_test(datetimes_have_a_time_and_may_have_a_zone),
		cmocka_unit_test(patterns_are_read_as_strptime_does),
		cmocka_unit_test(patterns_that_say_no_day_are_refused),
		cmocka_unit_test(any_takes_forms_that_cannot_be_mistaken),
		cmocka_unit_test(times_compare_as_instants),
		cmocka_unit_test(every_day_has_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
