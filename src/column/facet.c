#include "column/facet.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

/* counts[code] of the selected rows of a segment; [distinct + 1], zeroed before. */
static void count_codes(const struct segment *segment, const struct column *column, const uint64_t *bits,
			uint32_t *counts)
{
	if (column->width == 0) {
		const uint16_t *codes = column->codes;
		for (uint32_t i = 0; i < column->filled; i++)
			counts[codes[i]] += bits[column->rows[i] / 64] >> (column->rows[i] % 64) & 1;
		return;
	}
	for (uint32_t word = 0; word < segment_words(segment); word++) {
		const uint8_t *narrow = (const uint8_t *)column->codes + word * 64;
		const uint16_t *wide = (const uint16_t *)column->codes + word * 64;
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			int row = __builtin_ctzll(left);
			counts[column->width == 1 ? narrow[row] : wide[row]]++;
		}
	}
}

/* Runs over the segments that hold the field: `counts` of each are given to `take`. */
static bool each_count(const struct column_selection *selection, struct slice field,
		       bool (*take)(void *context, const struct column *column, const uint32_t *counts),
		       void *context)
{
	uint32_t *counts = malloc((SEGMENT_ROWS_MOST + 1) * sizeof *counts);
	bool done = counts != NULL;

	for (size_t i = 0; done && i < selection->view->count; i++) {
		const struct segment *segment = selection->view->segments[i];
		const struct column *column =
			selection->bits[i] ? segment_column(segment, field) : NULL;
		if (!column)
			continue;
		memset(counts, 0, (column->distinct + 1) * sizeof *counts);
		count_codes(segment, column, selection->bits[i], counts);
		done = take(context, column, counts);
	}
	free(counts);
	return done;
}

/* ---- values ---- */

struct tally {
	struct facet_value *values;
	size_t count, capacity;
	uint32_t *slots; /* [slot_count], a power of two: 1 + index, or 0 */
	size_t slot_count;
	uint64_t filled;
};

static bool make_room(struct tally *tally)
{
	if (tally->count == tally->capacity) {
		size_t larger = tally->capacity ? 2 * tally->capacity : 64;
		struct facet_value *more = realloc(tally->values, larger * sizeof *more);
		if (!more)
			return false;
		tally->values = more;
		tally->capacity = larger;
	}
	if (2 * (tally->count + 1) <= tally->slot_count)
		return true;
	size_t larger = tally->slot_count ? 4 * tally->slot_count : 256;
	uint32_t *slots = calloc(larger, sizeof *slots);
	if (!slots)
		return false;
	for (size_t i = 0; i < tally->count; i++) {
		size_t at = key_hash(tally->values[i].key) & (larger - 1);
		while (slots[at])
			at = (at + 1) & (larger - 1);
		slots[at] = (uint32_t)i + 1;
	}
	free(tally->slots);
	tally->slots = slots;
	tally->slot_count = larger;
	return true;
}

static bool add_count(struct tally *tally, struct slice key, uint64_t count)
{
	if (!make_room(tally))
		return false;
	size_t at = key_hash(key) & (tally->slot_count - 1);
	while (tally->slots[at] && !slice_equal(tally->values[tally->slots[at] - 1].key, key))
		at = (at + 1) & (tally->slot_count - 1);
	if (!tally->slots[at]) {
		tally->values[tally->count] = (struct facet_value){.key = key};
		tally->slots[at] = (uint32_t)++tally->count;
	}
	tally->values[tally->slots[at] - 1].count += count;
	return true;
}

static bool take_values(void *context, const struct column *column, const uint32_t *counts)
{
	struct tally *tally = context;

	for (uint32_t code = 1; code <= column->distinct; code++) {
		if (!counts[code])
			continue;
		tally->filled += counts[code];
		if (!add_count(tally, column_key(column, code), counts[code]))
			return false;
	}
	return true;
}

/* The more frequent first, then the lesser key. */
static bool value_is_before(const struct facet_value *a, const struct facet_value *b)
{
	return a->count != b->count ? a->count > b->count : key_compare(a->key, b->key) < 0;
}

static int compare_values(const void *a, const void *b)
{
	return value_is_before(a, b) ? -1 : 1;
}

static void sift_worst(struct facet_value *heap, size_t count, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= count)
			return;
		if (child + 1 < count && value_is_before(&heap[child], &heap[child + 1]))
			child++;
		if (!value_is_before(&heap[at], &heap[child]))
			return;
		struct facet_value swapped = heap[at];
		heap[at] = heap[child];
		heap[child] = swapped;
		at = child;
	}
}

/* Moves the first `limit` in order to the front. */
static void put_first(struct facet_value *values, size_t count, size_t limit)
{
	for (size_t i = limit / 2; i-- > 0;)
		sift_worst(values, limit, i);
	for (size_t i = limit; i < count && limit; i++)
		if (value_is_before(&values[i], &values[0])) {
			values[0] = values[i];
			sift_worst(values, limit, 0);
		}
	if (limit)
		qsort(values, limit, sizeof *values, compare_values);
}

static bool finish_tally(struct tally *tally, bool done, size_t limit, struct arena *arena,
			 struct facet_values *out)
{
	*out = (struct facet_values){
		.distinct = tally->count, .filled = tally->filled, .other = tally->filled};
	out->count = tally->count < limit ? tally->count : limit;
	out->values = done ? arena_alloc_zeroed(arena, out->count, sizeof *out->values) : NULL;
	if (out->values && out->count) {
		put_first(tally->values, tally->count, out->count);
		memcpy(out->values, tally->values, out->count * sizeof *out->values);
		for (size_t i = 0; i < out->count; i++)
			out->other -= out->values[i].count;
	}
	free(tally->values);
	free(tally->slots);
	return out->values != NULL;
}

bool facet_count_values(const struct column_selection *selection, struct slice field, size_t limit,
			struct arena *arena, struct facet_values *out)
{
	struct tally tally = {0};
	bool done = each_count(selection, field, take_values, &tally);

	return finish_tally(&tally, done, limit, arena, out);
}

static bool take_domains(void *context, const struct column *column, const uint32_t *counts)
{
	struct tally *tally = context;

	for (uint32_t code = 1; code <= column->distinct; code++) {
		struct slice key = column_key(column, code);
		const char *at = key_kind_of(key) == KEY_STRING && !key_is_cut(key) && counts[code]
					 ? memrchr(key.data, '@', key.size)
					 : NULL;
		if (!at)
			continue;
		tally->filled += counts[code];
		if (!add_count(tally, slice_of(at + 1, key.size - (size_t)(at + 1 - key.data)), counts[code]))
			return false;
	}
	return true;
}

bool facet_count_domains(const struct column_selection *selection, struct slice field, size_t limit,
			 struct arena *arena, struct facet_values *out)
{
	struct tally tally = {0};
	bool done = each_count(selection, field, take_domains, &tally);

	return finish_tally(&tally, done, limit, arena, out);
}

/* ---- ranges ---- */

static uint64_t count_between(const struct segment *segment, const struct column *column, const uint64_t *bits,
			      uint32_t from, uint32_t to, uint64_t *scratch)
{
	uint64_t count = 0;

	memset(scratch, 0, segment_words(segment) * sizeof *scratch);
	column_mark_range(column, segment->count, from, to, scratch);
	for (uint32_t word = 0; word < segment_words(segment); word++)
		count += (uint64_t)__builtin_popcountll(scratch[word] & bits[word]);
	return count;
}

void facet_count_ranges(const struct column_selection *selection, struct slice field,
			struct facet_range *ranges, size_t range_count)
{
	uint64_t scratch[SEGMENT_ROWS_MOST / 64];

	for (size_t i = 0; i < selection->view->count; i++) {
		const struct segment *segment = selection->view->segments[i];
		const struct column *column =
			selection->bits[i] ? segment_column(segment, field) : NULL;
		for (size_t j = 0; column && j < range_count; j++) {
			uint32_t from = ranges[j].from.size ? column_lower_bound(column, ranges[j].from) : 1;
			uint32_t to = ranges[j].to.size ? column_lower_bound(column, ranges[j].to)
							: column->distinct + 1;
			ranges[j].count += count_between(segment, column, selection->bits[i], from, to, scratch);
		}
	}
}

/* ---- numbers ---- */

/* The next finite number of the column that some selected row has; false: there is none. *code: the one seen last. */
static bool next_number(const struct column *column, const uint32_t *counts, uint32_t *code, double *value)
{
	while (++*code <= column->distinct) {
		struct slice key = column_key(column, *code);
		if (key_kind_of(key) != KEY_NUMBER)
			return false;
		if (!counts[*code])
			continue;
		*value = key_number(key);
		if (isfinite(*value))
			return true;
	}
	return false;
}

static bool take_numbers(void *context, const struct column *column, const uint32_t *counts)
{
	struct facet_numbers *numbers = context;
	double value;

	for (uint32_t code = 0; next_number(column, counts, &code, &value);) {
		if (!numbers->count || value < numbers->min)
			numbers->min = value;
		if (!numbers->count || value > numbers->max)
			numbers->max = value;
		numbers->count += counts[code];
		numbers->sum += value * counts[code];
	}
	return true;
}

struct facet_numbers facet_sum_numbers(const struct column_selection *selection, struct slice field)
{
	struct facet_numbers numbers = {0};

	if (!each_count(selection, field, take_numbers, &numbers))
		return (struct facet_numbers){0};
	return numbers;
}

double facet_nice_interval(double min, double max, unsigned bars)
{
	static const double steps[] = {1, 2, 5, 10};
	double rough = (max - min) / bars;

	if (!(rough > 0) || !isfinite(rough))
		return 1;
	double power = pow(10, floor(log10(rough)));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (floor(max / (steps[i] * power)) - floor(min / (steps[i] * power)) + 1 <= bars)
			return steps[i] * power;
	return 20 * power;
}

static bool take_bars(void *context, const struct column *column, const uint32_t *counts)
{
	struct facet_histogram *histogram = context;
	double value;

	for (uint32_t code = 0; next_number(column, counts, &code, &value);) {
		double bar = floor(value / histogram->interval) - floor(histogram->start / histogram->interval + 0.5);
		if (bar >= 0 && bar < (double)histogram->count)
			histogram->bars[(size_t)bar] += counts[code];
	}
	return true;
}

enum facet_result facet_count_bars(const struct column_selection *selection, struct slice field,
				   const struct facet_numbers *numbers, double interval, struct arena *arena,
				   struct facet_histogram *out)
{
	*out = (struct facet_histogram){.interval = interval};
	if (!numbers->count)
		return FACET_DONE;
	double first = floor(numbers->min / interval), last = floor(numbers->max / interval);
	if (!(last - first < FACET_BARS_MOST))
		return FACET_TOO_MANY_BARS;
	out->start = first * interval;
	out->count = (size_t)(last - first) + 1;
	out->bars = arena_alloc_zeroed(arena, out->count, sizeof *out->bars);
	return out->bars && each_count(selection, field, take_bars, out) ? FACET_DONE : FACET_NO_MEMORY;
}

/* ---- members ---- */

static int compare_members(const void *a, const void *b)
{
	int64_t left = ((const struct facet_member *)a)->value, right = ((const struct facet_member *)b)->value;

	return (left > right) - (left < right);
}

static uint64_t count_rows(const uint64_t *bits, uint32_t from, uint32_t to)
{
	uint64_t count = 0;

	for (uint32_t row = from; row < to; row = (row / 64 + 1) * 64) {
		uint64_t word = bits[row / 64] >> (row % 64);
		uint32_t end = (row / 64 + 1) * 64;
		if (end > to && to - row < 64)
			word &= ((uint64_t)1 << (to - row)) - 1;
		count += (uint64_t)__builtin_popcountll(word);
	}
	return count;
}

static int64_t floor_to(int64_t value, int64_t step)
{
	int64_t rest = value % step;

	return value - (rest < 0 ? rest + step : rest);
}

bool facet_count_member(const struct column_selection *selection, enum record_member member, int64_t step_ms,
			struct arena *arena, struct facet_member **members, size_t *count)
{
	size_t most = 0, found = 0, kept = 0;

	for (size_t i = 0; i < selection->view->count; i++)
		most += selection->view->segments[i]->run_count;
	struct facet_member *all = malloc((most + 1) * sizeof *all);
	if (!all)
		return false;
	for (size_t i = 0; i < selection->view->count; i++) {
		const struct segment *segment = selection->view->segments[i];
		for (uint32_t j = 0; selection->bits[i] && j < segment->run_count; j++) {
			const struct segment_run *run = &segment->runs[j];
			uint32_t end = j + 1 < segment->run_count ? run[1].from : segment->count;
			uint64_t rows = count_rows(selection->bits[i], run->from, end);
			int64_t value = member == MEMBER_CREATED ? floor_to(run->created_ms, step_ms)
								 : segment->import_id;
			if (rows)
				all[found++] = (struct facet_member){value, rows};
		}
	}
	qsort(all, found, sizeof *all, compare_members);
	for (size_t i = 0; i < found; i++) {
		if (kept && all[kept - 1].value == all[i].value)
			all[kept - 1].count += all[i].count;
		else
			all[kept++] = all[i];
	}
	*count = kept;
	*members = arena_alloc_zeroed(arena, kept, sizeof **members);
	if (*members && kept)
		memcpy(*members, all, kept * sizeof *all);
	free(all);
	return *members != NULL;
}

/* ---- fields ---- */

uint64_t facet_count_filled(const struct column_selection *selection, struct slice field)
{
	struct key_buffer empty, first;
	struct facet_range ranges[2] = {0};

	key_of_string(SLICE(""), &empty);
	first = empty;
	key_successor(&first);
	ranges[0].to = key_slice(&empty);
	ranges[1].from = key_slice(&first);
	facet_count_ranges(selection, field, ranges, 2);
	return ranges[0].count + ranges[1].count;
}

static int compare_names(const void *a, const void *b)
{
	return key_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static bool has_name(const struct slice *names, size_t count, struct slice name)
{
	return count && bsearch(&name, names, count, sizeof *names, compare_names) != NULL;
}

bool facet_list_fields(const struct column_selection *selection, size_t most, struct arena *arena,
		       struct slice **out, size_t *count, bool *left_out)
{
	struct slice *names = arena_alloc_zeroed(arena, most, sizeof *names);

	*count = 0;
	*left_out = false;
	if (!names)
		return false;
	for (size_t i = 0; i < selection->view->count; i++) {
		const struct segment *segment = selection->view->segments[i];
		size_t known = *count;
		for (uint32_t j = 0; selection->bits[i] && j < segment->column_count; j++) {
			if (has_name(names, known, segment->columns[j].name))
				continue;
			if (*count == most) {
				*left_out = true;
				break;
			}
			names[(*count)++] = segment->columns[j].name;
		}
		if (*count > known)
			qsort(names, *count, sizeof *names, compare_names);
	}
	*out = names;
	return true;
}
