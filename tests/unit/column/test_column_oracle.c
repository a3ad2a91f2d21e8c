/* Selections, orders and counts of columns against plain loops over the same rows. */
#include "support.h"

#include "arena_fixture.h"
#include "column/facet.h"
#include "column/order.h"
#include "table.h"

#include <stdlib.h>

enum { TABLES = 4, QUESTIONS = 40 };

static size_t below(uint64_t *random, size_t limit)
{
	return random_next(random) % limit;
}

static struct slice key_of(int value)
{
	struct key_buffer key;
	struct slice copy;

	key_of_value(table_values[value].value, &key);
	assert_true(arena_copy(&test_arena, key_slice(&key), &copy));
	return copy;
}

/* ---- filters, each with the rows that it must find ---- */

static void find_leaf(struct table *table, struct filter *filter, bool *found)
{
	size_t field = below(&table->random, TABLE_FIELDS);
	int low = (int)below(&table->random, table_value_count), high = (int)below(&table->random, table_value_count);
	struct slice *keys = arena_alloc(&test_arena, 2 * sizeof *keys);

	filter->kind = (enum filter_kind)(FILTER_RANGE + below(&table->random, 5));
	filter->field = table_fields[field];
	filter->from = keys[0] = key_of(low);
	filter->to = keys[1] = key_of(high);
	filter->keys = keys;
	filter->key_count = 2;
	filter->member = (enum record_member)below(&table->random, 4);
	filter->low = (int64_t)below(&table->random, 3000);
	filter->high = filter->low + (int64_t)below(&table->random, 3000);
	int from = table_values[low].rank, to = table_values[high].rank;
	for (size_t i = 0; i < table->count; i++) {
		const struct table_row *row = &table->rows[i];
		const int64_t members[] = {row->id, row->import_id, row->number, row->created_ms};
		int rank = rank_of(row, field);
		int64_t member = members[filter->member];
		const bool holds[] = {rank != NO_VALUE && rank >= from && rank < to,
				      rank != NO_VALUE && (rank == from || rank == to),
				      member >= filter->low && member <= filter->high, row->valid, row->embedded};
		found[i] = holds[filter->kind - FILTER_RANGE];
	}
}

static struct filter *find(struct table *table, int depth, bool *found)
{
	struct filter *filter = arena_alloc_zeroed(&test_arena, 1, sizeof *filter);

	if (depth == 0 || below(&table->random, 3) == 0) {
		find_leaf(table, filter, found);
		return filter;
	}
	filter->kind = (enum filter_kind)below(&table->random, 3);
	filter->child_count = filter->kind == FILTER_NOT ? 1 : below(&table->random, 4);
	filter->children = arena_alloc(&test_arena, 4 * sizeof *filter->children);
	for (size_t i = 0; i < table->count; i++)
		found[i] = filter->kind == FILTER_AND;
	bool *child = arena_alloc(&test_arena, table->count + 1);
	for (size_t n = 0; n < filter->child_count; n++) {
		filter->children[n] = find(table, depth - 1, child);
		for (size_t i = 0; i < table->count; i++)
			found[i] = filter->kind == FILTER_AND  ? found[i] && child[i]
				   : filter->kind == FILTER_OR ? found[i] || child[i]
							       : !child[i];
	}
	return filter;
}

/* A random selection, and which rows must be in it. */
struct question {
	struct column_view *view;
	struct column_selection selection;
	bool found[TABLE_ROWS_MOST];
	size_t count;
};

static void ask(struct table *table, struct question *question)
{
	struct error err;
	struct column_condition condition = {.import_id = (int64_t)below(&table->random, TABLE_IMPORTS + 1),
					     .status = (enum selected_status)below(&table->random, 3),
					     .filter = find(table, 3, question->found)};

	question->count = 0;
	for (size_t i = 0; i < table->count; i++) {
		const struct table_row *row = &table->rows[i];
		question->found[i] = question->found[i] && !row->gone &&
				     (!condition.import_id || row->import_id == condition.import_id) &&
				     (condition.status == SELECT_ANY || row->valid == (condition.status == SELECT_VALID));
		question->count += question->found[i];
	}
	assert_ok(columns_view(table->columns, &question->view, &err), &err);
	assert_true(column_select(&question->selection, question->view, &condition));
}

static void answered(struct question *question)
{
	column_selection_release(&question->selection);
	column_view_release(question->view);
}

static void for_random_tables(void (*check)(struct table *, struct question *))
{
	uint64_t seed = random_seed();
	struct question *question = malloc(sizeof *question);

	for (int i = 0; i < TABLES; i++) {
		struct table table;
		table_init(&table, random_next(&seed));
		table_fill(&table);
		for (int n = 0; n < QUESTIONS; n++) {
			arena_reset(&test_arena);
			ask(&table, question);
			check(&table, question);
			answered(question);
			table_change(&table);
		}
		table_release(&table);
	}
	free(question);
}

/* ---- what is checked ---- */

static void check_selection(struct table *table, struct question *question)
{
	size_t valid = 0, embedded = 0;
	struct id_set ids;

	assert_true(column_selection_ids(&question->selection, &ids));
	for (size_t i = 0; i < table->count; i++) {
		const struct table_row *row = &table->rows[i];
		assert_int_equal(id_set_has(&ids, row->id), question->found[i]);
		valid += question->found[i] && row->valid;
		embedded += question->found[i] && row->embedded;
	}
	assert_int_equal(question->selection.count, question->count);
	assert_int_equal(question->selection.valid_count, valid);
	assert_int_equal(question->selection.embedded_count, embedded);
	id_set_release(&ids);
}

static void a_selection_is_what_meets_the_condition(void **state)
{
	(void)state;
	for_random_tables(check_selection);
}

static const struct sort_key *sorted_by;
static size_t sorted_count;

static int compare_rows(const void *a, const void *b)
{
	const struct table_row *left = *(struct table_row *const *)a, *right = *(struct table_row *const *)b;

	for (size_t i = 0; i < sorted_count; i++) {
		const struct sort_key *key = &sorted_by[i];
		int64_t x = left->number, y = right->number;
		if (key->field.data) {
			size_t field = slice_equal(key->field, table_fields[0]) ? 0 : slice_equal(key->field, table_fields[1]) ? 1 : 2;
			x = rank_of(left, field);
			y = rank_of(right, field);
			if (x != y && (x == NO_VALUE || y == NO_VALUE))
				return x == NO_VALUE ? 1 : -1;
		} else if (key->member == MEMBER_CREATED) {
			x = left->created_ms;
			y = right->created_ms;
		}
		if (x != y)
			return ((x > y) - (x < y)) * (key->descending ? -1 : 1);
	}
	return (left->id > right->id) - (left->id < right->id);
}

static void check_pages(struct table *table, struct question *question)
{
	struct sort_key keys[SORT_KEYS_MOST] = {0};
	struct column_page page = {.keys = keys, .key_count = 1 + below(&table->random, SORT_KEYS_MOST),
				   .limit = 1 + below(&table->random, 400), .skip = below(&table->random, 3)};
	const struct table_row **rows = malloc((table->count + 1) * sizeof *rows);
	int64_t *ids = malloc(page.limit * sizeof *ids);
	size_t count = 0, seen = page.skip < question->count ? page.skip : question->count, given;
	struct strbuf place;
	bool more = true;

	for (size_t i = 0; i < page.key_count; i++) {
		if (below(&table->random, 4))
			keys[i].field = table_fields[below(&table->random, TABLE_FIELDS)];
		keys[i].member = below(&table->random, 2) ? MEMBER_CREATED : MEMBER_ROW;
		keys[i].descending = below(&table->random, 2);
	}
	for (size_t i = 0; i < table->count; i++)
		if (question->found[i])
			rows[count++] = &table->rows[i];
	sorted_by = keys;
	sorted_count = page.key_count;
	qsort(rows, count, sizeof *rows, compare_rows);
	while (more) {
		strbuf_init(&place, ORDER_PLACE_MOST);
		assert_int_equal(column_order(&question->selection, &page, ids, &given, &more, &place), ORDER_DONE);
		assert_int_equal(given, count - seen < page.limit ? count - seen : page.limit);
		for (size_t i = 0; i < given; i++)
			assert_int_equal(ids[i], rows[seen + i]->id);
		seen += given;
		assert_int_equal(more, seen < count);
		page.skip = 0;
		assert_true(arena_copy(&test_arena, strbuf_slice(&place), &page.after));
		strbuf_release(&place);
	}
	free(ids);
	free(rows);
}

static void pages_are_the_whole_selection_in_order(void **state)
{
	(void)state;
	for_random_tables(check_pages);
}

static void check_counts(struct table *table, struct question *question)
{
	size_t field = below(&table->random, TABLE_FIELDS), counts[TABLE_RANKS] = {0}, distinct = 0, filled = 0, domains = 0;
	struct facet_range range = {.from = key_of(3), .to = key_of(13)};
	struct facet_values values;

	for (size_t i = 0; i < table->count; i++)
		if (question->found[i] && rank_of(&table->rows[i], field) != NO_VALUE)
			counts[rank_of(&table->rows[i], field)]++;
	for (size_t i = 0; i < TABLE_RANKS; i++) {
		distinct += counts[i] != 0;
		filled += counts[i];
		domains += table_values[13].rank == (int)i ? counts[i] : 0;
	}
	assert_true(facet_count_values(&question->selection, table_fields[field], TABLE_RANKS, &test_arena, &values));
	assert_int_equal(values.distinct, distinct);
	assert_int_equal(values.filled, filled);
	assert_int_equal(values.other, 0);
	for (size_t i = 0; i < values.count; i++) {
		assert_true(i == 0 || values.values[i - 1].count >= values.values[i].count);
		size_t at = 0;
		while (!slice_equal(key_of((int)at), values.values[i].key))
			at++;
		assert_int_equal(values.values[i].count, counts[table_values[at].rank]);
	}
	struct facet_values all = values;
	assert_true(facet_count_values(&question->selection, table_fields[field], 2, &test_arena, &values));
	assert_int_equal(values.count, distinct < 2 ? distinct : 2);
	for (size_t i = 0; i < values.count; i++)
		assert_true(slice_equal(values.values[i].key, all.values[i].key));
	assert_int_equal(values.other, filled - (values.count ? values.values[0].count : 0) - (values.count > 1 ? values.values[1].count : 0));
	facet_count_ranges(&question->selection, table_fields[field], &range, 1);
	size_t between = 0;
	for (int rank = table_values[3].rank; rank < table_values[13].rank; rank++)
		between += counts[rank];
	assert_int_equal(range.count, between);
	assert_int_equal(facet_count_filled(&question->selection, table_fields[field]), filled - counts[7]);
	assert_true(facet_count_domains(&question->selection, table_fields[field], 5, &test_arena, &values));
	assert_int_equal(values.filled, domains);
	if (domains)
		assert_slice(values.values[0].key, "b");
	struct facet_numbers numbers = facet_sum_numbers(&question->selection, table_fields[field]);
	assert_int_equal(numbers.count, counts[0] + counts[1] + counts[2] + counts[3] + counts[4] + counts[5] + counts[6]);
}

static void check_bars(struct table *table, struct question *question)
{
	static const double numbers[] = {-7, 0, 1, 9.5, 30};
	size_t counts[5] = {0};
	struct facet_numbers sum = {.count = 1, .min = -7, .max = 30};
	struct facet_histogram bars;
	struct facet_member *members;
	size_t count, all = 0;

	for (size_t i = 0; i < table->count; i++) {
		int rank = question->found[i] ? rank_of(&table->rows[i], 0) : NO_VALUE;
		if (rank >= 0 && rank < 5)
			counts[rank]++;
	}
	assert_int_equal(facet_count_bars(&question->selection, table_fields[0], &sum, 10, &test_arena, &bars), FACET_DONE);
	assert_int_equal(bars.count, 5);
	assert_true(bars.start >= -10 && bars.start <= -10);
	for (size_t bar = 0; bar < bars.count; bar++) {
		size_t expected = 0;
		for (size_t i = 0; i < 5; i++)
			expected += numbers[i] >= bars.start + 10 * (double)bar && numbers[i] < bars.start + 10 * (double)(bar + 1) ? counts[i] : 0;
		assert_int_equal(bars.bars[bar], expected);
	}
	assert_true(facet_count_member(&question->selection, MEMBER_CREATED, 7000, &test_arena, &members, &count));
	for (size_t n = 0; n < count; n++) {
		size_t expected = 0;
		for (size_t i = 0; i < table->count; i++)
			expected += question->found[i] && table->rows[i].created_ms / 7000 * 7000 == members[n].value;
		assert_int_equal(members[n].count, expected);
		assert_true(n == 0 || members[n - 1].value < members[n].value);
		all += expected;
	}
	assert_int_equal(all, question->count);
}

static void counts_are_those_of_the_rows(void **state)
{
	(void)state;
	for_random_tables(check_counts);
}

static void bars_and_times_are_those_of_the_rows(void **state)
{
	(void)state;
	for_random_tables(check_bars);
}

/* Who reads keeps the rows that there were, whatever comes. */
static void a_view_does_not_change(void **state)
{
	struct question *question = malloc(sizeof *question);
	struct table table;

	(void)state;
	table_init(&table, random_seed());
	table_fill(&table);
	ask(&table, question);
	size_t count = question->count;
	struct column_condition all = {0};
	struct column_selection before, after;
	assert_true(column_select(&before, question->view, &all));
	for (int i = 0; i < 60; i++)
		table_change(&table);
	for (int64_t id = 1; id <= TABLE_IMPORTS; id++)
		columns_remove_import(table.columns, id);
	assert_true(column_select(&after, question->view, &all));
	assert_int_equal(before.count, after.count);
	assert_int_equal(question->selection.count, count);
	column_selection_release(&before);
	column_selection_release(&after);
	answered(question);
	table_release(&table);
	free(question);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, make_test_arena, release_test_arena)
	const struct CMUnitTest tests[] = {
		TEST(a_selection_is_what_meets_the_condition), TEST(pages_are_the_whole_selection_in_order),
		TEST(counts_are_those_of_the_rows),	       TEST(bars_and_times_are_those_of_the_rows),
		TEST(a_view_does_not_change),
	};
	return cmocka_run_group_tests_name("column oracle", tests, NULL, NULL);
}
