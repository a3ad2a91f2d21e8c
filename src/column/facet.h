/* What values a field has over a selection: counts of each, of ranges, of the bars of a histogram.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_COLUMN_FACET_H
#define ROWMILL_COLUMN_FACET_H

#include "base/arena.h"
#include "column/selection.h"

enum { FACET_BARS_MOST = 1000 };

struct facet_value {
	struct slice key; /* borrowed from the view */
	uint64_t count;
};

struct facet_values {
	struct facet_value *values; /* the most frequent first, then by key; in the arena */
	size_t count;
	uint64_t distinct; /* values there are */
	uint64_t filled;   /* records with one */
	uint64_t other;    /* of those, records whose value is not listed */
};

/* The `limit` most frequent values. false: memory is exhausted. */
bool facet_count_values(const struct column_selection *selection, struct slice field, size_t limit,
			struct arena *arena, struct facet_values *out);

/* The same of what stands behind the last '@' of strings; the keys are these texts themselves. */
bool facet_count_domains(const struct column_selection *selection, struct slice field, size_t limit,
			 struct arena *arena, struct facet_values *out);

/* Counts of the half-open ranges [from, to) of keys; an empty `from` or `to` is no bound. */
struct facet_range {
	struct slice from, to;
	uint64_t count;
};

void facet_count_ranges(const struct column_selection *selection, struct slice field,
			struct facet_range *ranges, size_t range_count);

/* A field's numbers. */
struct facet_numbers {
	uint64_t count; /* records whose value is a number */
	double min, max, sum;
};

struct facet_numbers facet_sum_numbers(const struct column_selection *selection, struct slice field);

/* A step of 1, 2 or 5 times a power of ten that makes at most `bars` of them from min to max. */
double facet_nice_interval(double min, double max, unsigned bars);

/* Bar i counts the numbers of [start + i * interval, start + (i + 1) * interval). */
struct facet_histogram {
	double start, interval;
	size_t count; /* of bars; 0: there are no numbers */
	uint64_t *bars;
};

enum facet_result { FACET_DONE, FACET_NO_MEMORY, FACET_TOO_MANY_BARS };

/* Bars begin at multiples of the interval. FACET_TOO_MANY_BARS: more than FACET_BARS_MOST. */
enum facet_result facet_count_bars(const struct column_selection *selection, struct slice field,
				   const struct facet_numbers *numbers, double interval, struct arena *arena,
				   struct facet_histogram *out);

/* Selected records by a member: of MEMBER_CREATED by start of `step_ms` (UTC), else by value. Rising. */
struct facet_member {
	int64_t value;
	uint64_t count;
};

bool facet_count_member(const struct column_selection *selection, enum record_member member, int64_t step_ms,
			struct arena *arena, struct facet_member **members, size_t *count);

/* Records with a value other than the empty string. */
uint64_t facet_count_filled(const struct column_selection *selection, struct slice field);

/* The names of all fields that some selected segment has, by name, at most `most`; *left_out: further ones. */
bool facet_list_fields(const struct column_selection *selection, size_t most, struct arena *arena,
		       struct slice **names, size_t *count, bool *left_out);

#endif
