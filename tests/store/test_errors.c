/* Cell errors: every one in its place, counted by field and code; and what is given back of rejected rows. */
#include "fixture.h"

#include <stdio.h>

static struct error_group *list_groups(struct fixture *f, int64_t id, size_t *count)
{
	struct store_reader *reader;
	struct error_group *groups;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_error_groups(reader, id, &f->arena, &groups, count, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return groups;
}

static struct reject_list list_rejects(struct fixture *f, int64_t id, int64_t after, uint32_t limit, size_t size_limit)
{
	struct store_reader *reader;
	struct reject_list rejects;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_rejects(reader, id, after, limit, size_limit, &f->arena, &rejects, &f->err),
		  &f->err);
	f->store->call->close_reader(f->store, reader);
	return rejects;
}

/* Rows 1 to 7: three errors in b, one in a, one of a row as a whole. */
static int64_t add_wrong(struct fixture *f, int content)
{
	int64_t id = add_claimed(f, content);

	append_rows(f, id, {.data = "{}"}, {"{\"r\":2}", .error = "b"}, {"{\"r\":3}", .error = "a"},
		    {"{\"r\":4}", .error = "b"});
	append_rows(f, id, {"{\"r\":5}", .error = ""}, {.data = "{}"}, {"{\"r\":7}", .error = "b"});
	return id;
}

static void assert_rows(const struct error_list *list, size_t count, const int64_t *rows)
{
	assert_int_equal(list->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list->errors[i].row, rows[i]);
}

static void errors_are_listed_in_the_order_of_their_rows(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_wrong(f, 1);
	struct error_query query = {.import_id = id, .page.limit = 2};

	add_wrong(f, 2);
	struct error_list page = list_errors(f, query);
	assert_rows(&page, 2, (const int64_t[]){2, 3});
	assert_int_equal(page.total, 5);
	assert_true(page.more && !page.loose);
	assert_int_equal(page.errors[0].record_id, record_of_row(f, id, 2).id);
	assert_non_null(memmem(page.errors[0].json.data, page.errors[0].json.size, "\"field\":\"b\"", 11));
	query.page.cursor_id = error_place(&page.errors[1]);
	page = list_errors(f, query);
	assert_rows(&page, 2, (const int64_t[]){4, 5});
	query.page.cursor_id = error_place(&page.errors[1]);
	page = list_errors(f, query);
	assert_rows(&page, 1, (const int64_t[]){7});
	assert_false(page.more);
	query.page = (struct page_query){.limit = 9, .offset = 3};
	page = list_errors(f, query);
	assert_rows(&page, 2, (const int64_t[]){5, 7});
	check_ledger(f);
}

static void field_and_code_narrow_the_list(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_wrong(f, 1);
	struct error_query query = {.import_id = id, .field = SLICE("b"), .page.limit = 2};

	add_wrong(f, 2);
	struct error_list page = list_errors(f, query);
	assert_rows(&page, 2, (const int64_t[]){2, 4});
	assert_int_equal(page.total, 3);
	query.page.offset = 2;
	page = list_errors(f, query);
	assert_rows(&page, 1, (const int64_t[]){7});
	query = (struct error_query){.import_id = id, .field = SLICE(""), .page.limit = 9};
	page = list_errors(f, query);
	assert_rows(&page, 1, (const int64_t[]){5});
	query = (struct error_query){
		.import_id = id, .field = SLICE("a"), .code = SLICE("constraint-error"), .page.limit = 9};
	assert_int_equal(list_errors(f, query).total, 0);
	query.code = SLICE("type-error");
	assert_int_equal(list_errors(f, query).total, 1);
}

static void groups_come_with_the_most_frequent_first(void **state)
{
	struct fixture *f = *state;
	size_t count;
	struct error_group *groups = list_groups(f, add_wrong(f, 1), &count);

	assert_int_equal(count, 3);
	assert_slice(groups[0].field, "b");
	assert_slice(groups[0].code, "type-error");
	assert_int_equal(groups[0].count, 3);
	assert_int_equal(groups[1].count, 1);
}

static void no_more_groups_are_shown_than_people_read(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);
	char names[ERROR_GROUPS_MOST + 7][16];
	size_t count;

	for (int i = 0; i < ERROR_GROUPS_MOST + 7; i++) {
		snprintf(names[i], sizeof names[i], "f%d", i);
		append_rows(f, id, {"{}", .error = names[i]});
	}
	append_rows(f, id, {"{}", .error = names[ERROR_GROUPS_MOST + 6]});
	struct error_group *groups = list_groups(f, id, &count);
	assert_int_equal(count, ERROR_GROUPS_MOST);
	assert_slice(groups[0].field, names[ERROR_GROUPS_MOST + 6]);
	assert_int_equal(list_errors(f, (struct error_query){.import_id = id, .code = SLICE("type-error"), .page.limit = 9})
				 .total,
			 ERROR_GROUPS_MOST + 8);
}

static void what_is_gone_has_no_errors(void **state)
{
	struct fixture *f = *state;
	struct store_reader *reader;
	struct error_list list;
	size_t count;
	int64_t id = add_wrong(f, 1), holder;

	fail_parsing(f, id);
	assert_int_equal(list_errors(f, (struct error_query){.import_id = id, .page.limit = 9}).total, 0);
	list_groups(f, id, &count);
	assert_int_equal(count, 0);
	assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
	claim(f, id);
	append_rows(f, id, {"{}", .error = "b"});
	purge_all(f, 1);
	assert_int_equal(list_errors(f, (struct error_query){.import_id = id, .field = SLICE("b"), .page.limit = 9}).total, 1);
	delete_import(f, id);
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_int_equal(f->store->call->list_errors(reader, &(struct error_query){.import_id = id, .page.limit = 1},
						     &f->arena, &list, &f->err),
			 STATUS_NOT_FOUND);
	f->store->call->close_reader(f->store, reader);
}

static void errors_by_field_are_counted_over_all_imports_that_are_there(void **state)
{
	struct fixture *f = *state;
	struct store_reader *reader;
	struct field_errors *errors;
	size_t count;
	int64_t in_b = 0, of_rows = 0;

	add_wrong(f, 1);
	add_wrong(f, 2);
	delete_import(f, add_wrong(f, 3));
	fail_parsing(f, add_wrong(f, 4));
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->count_field_errors(reader, &f->arena, &errors, &count, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	for (size_t i = 0; i < count; i++) {
		in_b += slice_is(errors[i].field, "b") ? errors[i].count : 0;
		of_rows += errors[i].field.size == 0 ? errors[i].count : 0;
	}
	assert_int_equal(in_b, 6);
	assert_int_equal(of_rows, 2);
}

static void rejected_rows_come_back_as_they_were_sent(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_wrong(f, 1);

	reopen(f);
	struct reject_list rejects = list_rejects(f, id, 0, 3, 1 << 20);
	assert_int_equal(rejects.count, 3);
	assert_true(rejects.more);
	assert_int_equal(rejects.rows[1].row, 3);
	assert_int_equal(rejects.rows[1].line, 4);
	assert_slice(rejects.rows[1].sent, "({\"r\":3})");
	assert_int_equal(rejects.rows[1].split, 8);
	assert_slice(rejects.rows[1].message, "a: is wrong");
	int64_t run = rejects.run;
	rejects = list_rejects(f, id, rejects.rows[2].record_id, 9, 1 << 20);
	assert_int_equal(rejects.count, 2);
	assert_false(rejects.more);
	assert_int_equal(rejects.rows[1].row, 7);
	/* At least one, however large; no further one once that size is reached. */
	rejects = list_rejects(f, id, 0, 9, 1);
	assert_int_equal(rejects.count, 1);
	assert_true(rejects.more);
	/* Who reads on after the import began anew is told. */
	claim(f, id);
	fail_parsing(f, id);
	rejects = list_rejects(f, id, 0, 9, 1 << 20);
	assert_int_equal(rejects.count, 0);
	assert_int_not_equal(rejects.run, run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(errors_are_listed_in_the_order_of_their_rows),
		store_test(field_and_code_narrow_the_list),
		store_test(groups_come_with_the_most_frequent_first),
		store_test(no_more_groups_are_shown_than_people_read),
		store_test(what_is_gone_has_no_errors),
		store_test(errors_by_field_are_counted_over_all_imports_that_are_there),
		store_test(rejected_rows_come_back_as_they_were_sent),
	};
	return cmocka_run_group_tests_name("store errors", tests, NULL, NULL);
}
