/* Columns that follow a store at random, against looking at every record: filters, status, orders in pages, facets. */
#include "support.h"

#include "column/facet.h"
#include "column/order.h"

#include <stdio.h>
#include <stdlib.h>

enum { IMPORTS = 4, RECORDS_MOST = 12000, BATCH_MOST = 60, STEPS = 600, NONE = -1, PAGE = 37 };

struct record_model {
	int64_t import_id, row;
	bool there, valid, embedded;
	int number; /* of the field "n"; NONE: it has none */
	int word;   /* of the field "w" */
};

static struct record_model records[RECORDS_MOST]; /* by id */
static int64_t next_id, next_row[IMPORTS + 1];
static struct columns *columns;
static uint64_t chance;

static int pick(int below)
{
	return (int)(random_next(&chance) % (uint64_t)below);
}

struct cells {
	char number[16], word[16];
	struct field fields[2];
	struct column_row row;
};

/* Numbers are written in more than one way. */
static void write_cells(struct cells *cells, const struct record_model *record)
{
	size_t count = 0;

	if (record->number != NONE) {
		snprintf(cells->number, sizeof cells->number, pick(2) ? "%d" : "%d.0", record->number);
		cells->fields[count++] = (struct field){SLICE("n"), {VALUE_NUMBER, slice_of_string(cells->number)}};
	}
	snprintf(cells->word, sizeof cells->word, "word%d", record->word);
	cells->fields[count++] = (struct field){SLICE("w"), {VALUE_STRING, slice_of_string(cells->word)}};
	cells->row = (struct column_row){cells->fields, count, record->valid, record->embedded};
}

static void fill(struct record_model *record)
{
	record->valid = pick(5) != 0;
	record->embedded = false;
	record->number = pick(8) ? pick(12) : NONE;
	record->word = pick(7);
}

static void append(int64_t import_id)
{
	struct cells cells[BATCH_MOST];
	struct column_row rows[BATCH_MOST];
	int count = 1 + pick(BATCH_MOST);
	int64_t first_row = next_row[import_id], first_id = next_id;

	for (int i = 0; i < count; i++) {
		struct record_model *record = &records[next_id++];
		*record = (struct record_model){.import_id = import_id, .row = next_row[import_id]++, .there = true};
		fill(record);
		write_cells(&cells[i], record);
		rows[i] = cells[i].row;
	}
	/* Vectors may come before the rows that they are of. */
	if (records[first_id].valid && pick(4) == 0) {
		assert_true(columns_set_embedded(columns, import_id, &first_id, 1, true));
		records[first_id].embedded = true;
	}
	assert_true(columns_append(columns, import_id, first_id, 1000 * first_id, first_row, rows, (size_t)count));
}

/* Some records of an import, ids rising. */
static size_t choose(int64_t import_id, int64_t ids[BATCH_MOST])
{
	size_t count = 0;

	for (int64_t id = 1 + pick((int)next_id); id < next_id && count < BATCH_MOST; id++)
		if (records[id].there && records[id].import_id == import_id && pick(3) == 0)
			ids[count++] = id;
	return count;
}

static void replace(int64_t import_id)
{
	struct cells cells[BATCH_MOST];
	struct column_row rows[BATCH_MOST];
	int64_t ids[BATCH_MOST];
	size_t count = choose(import_id, ids);

	for (size_t i = 0; i < count; i++) {
		fill(&records[ids[i]]);
		write_cells(&cells[i], &records[ids[i]]);
		rows[i] = cells[i].row;
	}
	if (count)
		assert_true(columns_replace(columns, import_id, ids, rows, count));
}

static void embed(int64_t import_id, bool embedded)
{
	int64_t ids[BATCH_MOST];
	size_t count = choose(import_id, ids);

	for (size_t i = 0; i < count; i++)
		records[ids[i]].embedded = embedded;
	if (count)
		assert_true(columns_set_embedded(columns, import_id, ids, count, embedded));
}

static void remove_import(int64_t import_id)
{
	for (int64_t id = 1; id < next_id; id++)
		if (records[id].import_id == import_id)
			records[id].there = false;
	columns_remove_import(columns, import_id);
	if (pick(2)) { /* a batch that was under way is ignored */
		struct record_model late = {.number = 1, .valid = true};
		struct cells cells;
		write_cells(&cells, &late);
		assert_true(columns_append(columns, import_id, next_id++, 1, next_row[import_id], &cells.row, 1));
	}
	columns_begin_import(columns, import_id);
	next_row[import_id] = 1;
}

/* ---- the same twice ---- */

struct question {
	int64_t import_id;
	enum selected_status status;
	int low, high; /* low <= n < high */
	int word;      /* w is word or word + 1; NONE: whatever it is */
	bool negated, embedded;
};

static bool answers(const struct question *asked, const struct record_model *record)
{
	bool in_range = record->number != NONE && record->number >= asked->low && record->number < asked->high;

	return record->there && (!asked->import_id || record->import_id == asked->import_id) &&
	       (asked->status == SELECT_ANY || record->valid == (asked->status == SELECT_VALID)) &&
	       (asked->negated ? !in_range : in_range) &&
	       (asked->word == NONE || record->word == asked->word || record->word == asked->word + 1) &&
	       (!asked->embedded || record->embedded);
}

static void make_key(struct key_buffer *key, const char *format, int number, enum value_kind kind)
{
	char text[16];

	snprintf(text, sizeof text, format, number);
	key_of_value((struct value){kind, slice_of_string(text)}, key);
}

static void select_by(const struct column_view *view, const struct question *asked, struct column_selection *selection)
{
	struct key_buffer low, high, words[2];

	make_key(&low, "%d", asked->low, VALUE_NUMBER);
	make_key(&high, "%de0", asked->high, VALUE_NUMBER);
	make_key(&words[0], "word%d", asked->word, VALUE_STRING);
	make_key(&words[1], "word%d", asked->word + 1, VALUE_STRING);
	struct slice keys[] = {key_slice(&words[0]), key_slice(&words[1])};
	struct filter range = {
		.kind = FILTER_RANGE, .field = SLICE("n"), .from = key_slice(&low), .to = key_slice(&high)};
	const struct filter *negated[] = {&range};
	struct filter none = {.kind = FILTER_NOT, .children = negated, .child_count = 1};
	struct filter in = {.kind = FILTER_IN, .field = SLICE("w"), .keys = keys, .key_count = 2};
	struct filter embedded = {.kind = FILTER_EMBEDDED};
	const struct filter *parts[3] = {asked->negated ? &none : &range};
	struct filter all = {.kind = FILTER_AND, .children = parts, .child_count = 1};
	struct column_condition condition = {.import_id = asked->import_id, .status = asked->status, .filter = &all};

	if (asked->word != NONE)
		parts[all.child_count++] = &in;
	if (asked->embedded)
		parts[all.child_count++] = &embedded;
	assert_true(column_select(selection, view, &condition));
}

/* Which of two stands first: by n falling, without one last; then by word; then by id. */
static bool stands_before(int64_t a, int64_t b)
{
	const struct record_model *first = &records[a], *second = &records[b];

	if (first->number != second->number)
		return second->number == NONE || (first->number != NONE && first->number > second->number);
	return first->word != second->word ? first->word < second->word : a < b;
}

static void check_order(const struct column_selection *selection)
{
	const struct sort_key keys[] = {{.field = SLICE("n"), .descending = true}, {.field = SLICE("w")}};
	struct column_page page = {.keys = keys, .key_count = 2, .limit = PAGE};
	struct strbuf place, last;
	int64_t ids[PAGE], before = 0;
	size_t count, seen = 0;
	bool more = true;

	strbuf_init(&place, ORDER_PLACE_MOST);
	while (more) {
		strbuf_init(&last, ORDER_PLACE_MOST);
		page.after = strbuf_slice(&place);
		assert_int_equal(column_order(selection, &page, ids, &count, &more, &last), ORDER_DONE);
		for (size_t i = 0; i < count; i++) {
			assert_true(!before || stands_before(before, ids[i]));
			before = ids[i];
		}
		seen += count;
		strbuf_release(&place);
		place = last;
	}
	strbuf_release(&place);
	assert_int_equal(seen, selection->count);
}

static void check_facet(const struct column_selection *selection, const struct question *asked)
{
	struct facet_values facet;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	assert_true(facet_count_values(selection, SLICE("n"), 3, &arena, &facet));
	uint64_t listed = 0, filled = 0;
	for (int64_t id = 1; id < next_id; id++)
		filled += answers(asked, &records[id]) && records[id].number != NONE;
	for (size_t i = 0; i < facet.count; i++) {
		uint64_t counted = 0;
		for (int64_t id = 1; id < next_id; id++)
			counted += answers(asked, &records[id]) && records[id].number == (int)key_number(facet.values[i].key);
		assert_int_equal(facet.values[i].count, counted);
		assert_true(i == 0 || facet.values[i - 1].count >= counted);
		listed += counted;
	}
	assert_int_equal(facet.filled, filled);
	assert_int_equal(facet.other, filled - listed);
	arena_release(&arena);
}

static void check(void)
{
	struct question asked = {.import_id = pick(2) ? 1 + pick(IMPORTS) : 0,
				 .status = (enum selected_status)pick(3),
				 .low = pick(6),
				 .high = 6 + pick(7),
				 .word = pick(2) ? pick(7) : NONE,
				 .negated = pick(3) == 0,
				 .embedded = pick(3) == 0};
	size_t count = 0, valid = 0, embedded = 0;
	struct column_selection selection;
	struct column_view *view;
	struct id_set ids;
	struct error err;

	assert_ok(columns_view(columns, &view, &err), &err);
	select_by(view, &asked, &selection);
	assert_true(column_selection_ids(&selection, &ids));
	for (int64_t id = 1; id < next_id; id++) {
		bool wanted = answers(&asked, &records[id]);
		if (id_set_has(&ids, id) != wanted)
			fail_msg("record %lld is %s", (long long)id, wanted ? "not selected" : "selected");
		count += wanted;
		valid += wanted && records[id].valid;
		embedded += wanted && records[id].embedded;
	}
	assert_int_equal(selection.count, count);
	assert_int_equal(selection.valid_count, valid);
	assert_int_equal(selection.embedded_count, embedded);
	check_order(&selection);
	check_facet(&selection, &asked);
	id_set_release(&ids);
	column_selection_release(&selection);
	column_view_release(view);
}

static void columns_say_what_every_record_says(void **state)
{
	(void)state;
	chance = random_seed();
	columns = columns_new(make_temporary_folder());
	assert_non_null(columns);
	next_id = 1;
	for (int64_t id = 1; id <= IMPORTS; id++) {
		columns_begin_import(columns, id);
		next_row[id] = 1;
	}
	for (int step = 0; step < STEPS && next_id < RECORDS_MOST - BATCH_MOST - 1; step++) {
		int64_t import_id = 1 + pick(IMPORTS);
		int what = pick(100);
		if (what < 55)
			append(import_id);
		else if (what < 72)
			embed(import_id, true);
		else if (what < 78)
			embed(import_id, false);
		else if (what < 99)
			replace(import_id);
		else
			remove_import(import_id);
		if (step % 4 == 3)
			check();
	}
	columns_free(columns);
}

/* Who has taken a view keeps it, whatever is written meanwhile. */
static void a_view_stays_as_it_was(void **state)
{
	struct column_selection selection;
	struct column_condition any = {0};
	struct column_view *view;
	struct error err;

	(void)state;
	chance = random_seed();
	columns = columns_new(make_temporary_folder());
	assert_non_null(columns);
	next_id = next_row[1] = 1;
	columns_begin_import(columns, 1);
	append(1);
	size_t before = (size_t)next_id - 1;
	assert_ok(columns_view(columns, &view, &err), &err);
	append(1);
	replace(1);
	remove_import(1);
	assert_true(column_select(&selection, view, &any));
	assert_int_equal(selection.count, before);
	column_selection_release(&selection);
	column_view_release(view);
	columns_free(columns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_say_what_every_record_says),
		cmocka_unit_test(a_view_stays_as_it_was),
	};
	return cmocka_run_group_tests_name("typed_columns", tests, NULL, NULL);
}
