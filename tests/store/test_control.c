/* Imports without vectors, answers under request keys, and notices of imports that ended. */
#include "fixture.h"

/* ---- imports without vectors ---- */

static int64_t add_without_vectors(struct fixture *f, int content)
{
	struct new_import import = describe(content);
	int64_t id = 0;

	import.no_embed = true;
	assert_ok(f->store->call->add_import(f->store, &import, &id, &f->err), &f->err);
	return id;
}

static size_t count_to_embed(struct fixture *f)
{
	struct store_reader *reader;
	int64_t *ids;
	size_t count;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_to_embed(reader, 100, &f->arena, &ids, &count, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return count;
}

static void without_vectors_an_import_is_complete_when_it_is_stored(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_without_vectors(f, 1);

	claim(f, id);
	append(f, id, 10, 5);
	assert_int_equal(count_pending(f), 0);
	assert_int_equal(count_to_embed(f), 0);
	assert_true(finish(f, id));
	struct import import = get(f, id);
	assert_int_equal(import.status, IMPORT_COMPLETED);
	assert_true(import.no_embed);
	assert_int_equal(import.embedded_records, 0);
	check_ledger(f);
}

static void vectors_can_be_had_later(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_without_vectors(f, 1);
	bool changed;

	claim(f, id);
	append(f, id, 10, 5);
	finish(f, id);
	assert_ok(f->store->call->embed_import(f->store, id, &changed, &f->err), &f->err);
	assert_true(changed);
	assert_int_equal(get(f, id).status, IMPORT_PROCESSING);
	assert_int_equal(count_to_embed(f), 1);
	/* It has its rows for good. */
	assert_int_equal(f->store->call->cancel_import(f->store, id, &f->err), STATUS_CONFLICT);
	assert_int_equal(embed_all(f), 8);
	assert_int_equal(get(f, id).status, IMPORT_COMPLETED);
	assert_int_equal(count_to_embed(f), 0);
	assert_ok(f->store->call->embed_import(f->store, id, &changed, &f->err), &f->err);
	assert_false(changed);
	assert_int_equal(get(f, id).status, IMPORT_COMPLETED);
	check_ledger(f);
}

static void one_that_is_being_read_gets_them_as_it_goes(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_without_vectors(f, 1);
	bool changed;

	claim(f, id);
	append(f, id, 4, 0);
	assert_ok(f->store->call->embed_import(f->store, id, &changed, &f->err), &f->err);
	append(f, id, 4, 0);
	assert_false(finish(f, id));
	assert_int_equal(embed_all(f), 8);
	assert_int_equal(get(f, id).status, IMPORT_COMPLETED);
}

static void what_has_no_records_gets_no_vectors(void **state)
{
	struct fixture *f = *state;
	int64_t failed = add_without_vectors(f, 1), empty;
	bool changed;

	claim(f, failed);
	fail_parsing(f, failed);
	assert_int_equal(f->store->call->embed_import(f->store, failed, &changed, &f->err), STATUS_CONFLICT);
	assert_int_equal(f->store->call->embed_import(f->store, 999, &changed, &f->err), STATUS_NOT_FOUND);
	empty = add_without_vectors(f, 2);
	claim(f, empty);
	assert_true(finish(f, empty));
	assert_ok(f->store->call->embed_import(f->store, empty, &changed, &f->err), &f->err);
	assert_int_equal(get(f, empty).status, IMPORT_COMPLETED);
}

static void new_imports_can_be_claimed_apart(void **state)
{
	struct fixture *f = *state;
	int64_t begun = add_claimed(f, 1);
	struct import_claim next;

	append(f, begun, 3, 0);
	assert_ok(f->store->call->release_import(f->store, begun, &f->err), &f->err);
	assert_int_equal(f->store->call->claim_import(f->store, true, &f->arena, &next, &f->err), STATUS_END);
	int64_t fresh = add(f, 2);
	assert_ok(f->store->call->claim_import(f->store, true, &f->arena, &next, &f->err), &f->err);
	assert_int_equal(next.import.id, fresh);
	assert_ok(f->store->call->claim_import(f->store, false, &f->arena, &next, &f->err), &f->err);
	assert_int_equal(next.import.id, begun);
	assert_int_equal(next.rows_done, 3);
}

/* ---- answers under request keys ---- */

static const unsigned char one_request[SHA256_SIZE] = {1}, other_request[SHA256_SIZE] = {2};

static enum status find_answer(struct fixture *f, const struct request_key *key, struct kept_answer *answer)
{
	struct store_reader *reader;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	enum status status = f->store->call->find_answer(reader, key, &f->arena, answer, &f->err);
	f->store->call->close_reader(f->store, reader);
	return status;
}

static void a_key_is_stored_with_what_its_request_made(void **state)
{
	struct fixture *f = *state;
	const struct request_key key = {SLICE("k"), one_request}, other = {SLICE("k"), other_request};
	struct new_import import = describe(1);
	struct kept_answer answer;
	int64_t id, again;

	import.request_key = &key;
	assert_int_equal(find_answer(f, &key, &answer), STATUS_NOT_FOUND);
	assert_ok(f->store->call->add_import(f->store, &import, &id, &f->err), &f->err);
	reopen(f);
	assert_int_equal(find_answer(f, &key, &answer), STATUS_OK);
	assert_int_equal(answer.import_id, id);
	assert_int_equal(answer.http_status, 0);
	assert_int_equal(find_answer(f, &other, &answer), STATUS_CONFLICT);
	/* Nothing is added under a key that is known. */
	struct new_import second = describe(2);
	second.request_key = &key;
	assert_int_equal(f->store->call->add_import(f->store, &second, &again, &f->err), STATUS_CONFLICT);
	assert_int_equal(list_imports(f, (struct import_query){.page.limit = 9}).total, 1);
}

static void an_answer_is_kept_and_outlives_its_import(void **state)
{
	struct fixture *f = *state;
	const struct request_key key = {SLICE("k"), one_request};
	struct new_import import = describe(1);
	struct delete_receipt receipt;
	struct kept_answer answer = {.http_status = 202,
				     .location = SLICE("/api/imports/1"),
				     .body = SLICE("{\"id\":1}")};
	int64_t id;

	import.request_key = &key;
	assert_ok(f->store->call->add_import(f->store, &import, &id, &f->err), &f->err);
	answer.import_id = id;
	assert_ok(f->store->call->keep_answer(f->store, &key, &answer, &f->err), &f->err);
	assert_ok(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	purge_all(f, 100);
	reopen(f);
	struct kept_answer found;
	assert_int_equal(find_answer(f, &key, &found), STATUS_OK);
	assert_int_equal(found.http_status, 202);
	assert_true(slice_is(found.location, "/api/imports/1") && slice_is(found.body, "{\"id\":1}"));
}

static void a_refusal_is_kept_under_a_key_of_its_own(void **state)
{
	struct fixture *f = *state;
	const struct request_key key = {SLICE("refused"), one_request};
	struct kept_answer answer = {.http_status = 409, .body = SLICE("{}")}, found;

	assert_ok(f->store->call->keep_answer(f->store, &key, &answer, &f->err), &f->err);
	assert_int_equal(find_answer(f, &key, &found), STATUS_OK);
	assert_int_equal(found.http_status, 409);
	assert_int_equal(found.import_id, 0);
}

int64_t __real_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void);

/* The clock that the store asks (see meson.build): this much ahead. */
static int64_t clock_ahead_ms;

int64_t __wrap_clock_now_ms(void)
{
	return __real_clock_now_ms() + clock_ahead_ms;
}

static void a_key_lives_for_a_day_and_is_then_free_for_another_request(void **state)
{
	struct fixture *f = *state;
	const struct request_key key = {SLICE("k"), one_request}, other = {SLICE("k"), other_request};
	struct new_import import = describe(1);
	struct kept_answer kept = {.http_status = 202, .body = SLICE("{\"id\":1}")}, found;
	int64_t id;

	import.request_key = &key;
	kept.import_id = add_as(f, import);
	assert_ok(f->store->call->keep_answer(f->store, &key, &kept, &f->err), &f->err);
	import = describe(2);
	import.request_key = &other;
	clock_ahead_ms = REQUEST_KEY_LIFE_MS - 60 * 1000;
	assert_int_equal(find_answer(f, &key, &found), STATUS_OK);
	assert_int_equal(f->store->call->add_import(f->store, &import, &id, &f->err), STATUS_CONFLICT);
	clock_ahead_ms = REQUEST_KEY_LIFE_MS + 60 * 1000;
	assert_int_equal(find_answer(f, &key, &found), STATUS_NOT_FOUND);
	int64_t next = add_as(f, import);
	assert_int_equal(find_answer(f, &other, &found), STATUS_OK);
	assert_int_equal(found.import_id, next);
	assert_int_equal(found.http_status, 0); /* nothing of the earlier answer */
	assert_int_equal(found.body.size, 0);
	clock_ahead_ms = 0;
}

static void a_refused_import_takes_no_key(void **state)
{
	struct fixture *f = *state;
	const struct request_key key = {SLICE("k"), one_request};
	struct new_import import = describe(1);
	struct kept_answer found;
	int64_t id;

	add(f, 1);
	import.request_key = &key;
	assert_int_equal(f->store->call->add_import(f->store, &import, &id, &f->err), STATUS_EXISTS);
	assert_int_equal(find_answer(f, &key, &found), STATUS_NOT_FOUND);
	import = describe(0);
	import.request_key = &key;
	import.fixes = 1; /* which is not completed */
	assert_int_equal(f->store->call->add_import(f->store, &import, &id, &f->err), STATUS_CONFLICT);
	assert_int_equal(find_answer(f, &key, &found), STATUS_NOT_FOUND);
}

/* ---- notices ---- */

static enum status next_notice(struct fixture *f, int64_t now_ms, struct notice *notice, int64_t *next_ms)
{
	struct store_reader *reader;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	enum status status =
		f->store->call->next_notice(reader, now_ms, &f->arena, notice, next_ms, &f->err);
	f->store->call->close_reader(f->store, reader);
	return status;
}

static void keep_notices(struct fixture *f)
{
	struct store_config config = {.path = f->path, .readers = READERS, .keep_notices = true};

	f->store->call->close(f->store);
	assert_ok(store_open(&config, &f->store, &f->err), &f->err);
}

static void no_notice_is_written_where_none_is_wanted(void **state)
{
	struct fixture *f = *state;
	struct notice notice;
	int64_t next_ms;

	add_completed(f, 1, 3, 0);
	assert_int_equal(next_notice(f, INT64_MAX, &notice, &next_ms), STATUS_END);
	assert_int_equal(next_ms, 0);
}

static void every_end_of_an_import_leaves_a_notice(void **state)
{
	struct fixture *f = *state;
	static const char *const events[] = {"import.completed", "import.failed", "import.cancelled"};
	struct notice notice;
	int64_t next_ms;

	keep_notices(f);
	add_completed(f, 1, 3, 2);
	fail_parsing(f, add_claimed(f, 2));
	int64_t cancelled = add(f, 3);
	assert_ok(f->store->call->cancel_import(f->store, cancelled, &f->err), &f->err);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(next_notice(f, 1, &notice, &next_ms), STATUS_OK);
		assert_true(slice_is(notice.event, events[i]));
		assert_non_null(memmem(notice.data.data, notice.data.size, "\"filename\":\"people.csv\"", 23));
		assert_true(notice.message_id.size >= 16 && notice.created_at.size == 24);
		assert_int_equal(notice.attempts, 0);
		assert_ok(f->store->call->settle_notice(f->store, notice.id, NOTICE_DELIVERED, 204, SLICE(""), 0,
							&f->err),
			  &f->err);
	}
	assert_int_equal(next_notice(f, INT64_MAX, &notice, &next_ms), STATUS_END);
}

static void a_notice_that_failed_is_due_later_and_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct notice notice;
	int64_t next_ms;

	keep_notices(f);
	int64_t id = add_completed(f, 1, 1, 0);
	assert_int_equal(next_notice(f, 1, &notice, &next_ms), STATUS_OK);
	assert_ok(f->store->call->settle_notice(f->store, notice.id, NOTICE_LATER, 0, SLICE("timeout"), 5000,
						&f->err),
		  &f->err);
	reopen(f);
	assert_int_equal(next_notice(f, 4999, &notice, &next_ms), STATUS_END);
	assert_int_equal(next_ms, 5000);
	assert_int_equal(next_notice(f, 5000, &notice, &next_ms), STATUS_OK);
	assert_int_equal(notice.import_id, id);
	assert_int_equal(notice.attempts, 1);
	assert_ok(f->store->call->settle_notice(f->store, notice.id, NOTICE_GIVEN_UP, 410, SLICE("gone"), 0,
						&f->err),
		  &f->err);
	assert_int_equal(next_notice(f, INT64_MAX, &notice, &next_ms), STATUS_END);
}

static void a_deleted_import_is_still_told_of_if_that_is_due(void **state)
{
	struct fixture *f = *state;
	struct notice notice;
	int64_t next_ms;

	keep_notices(f);
	int64_t first = add_completed(f, 1, 1, 0), second = add_completed(f, 2, 1, 0);
	delete_import(f, first);
	purge_all(f, 10);
	assert_int_equal(next_notice(f, 1, &notice, &next_ms), STATUS_OK);
	assert_int_equal(notice.import_id, first);
	assert_ok(f->store->call->settle_notice(f->store, notice.id, NOTICE_DELIVERED, 200, SLICE(""), 0, &f->err),
		  &f->err);
	assert_int_equal(next_notice(f, 1, &notice, &next_ms), STATUS_OK);
	assert_int_equal(notice.import_id, second);
}

static void a_fixes_import_and_its_target_are_told_of_each(void **state)
{
	struct fixture *f = *state;
	struct new_import import = describe(0);
	struct notice notice;
	int64_t next_ms, told[3] = {0};

	keep_notices(f);
	import.fixes = add_completed(f, 1, 2, 2);
	int64_t fixes = add_as(f, import);
	claim(f, fixes);
	append_rows(f, fixes, {"{}", .fixes_row = 2});
	finish(f, fixes);
	embed_all(f);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(next_notice(f, 1, &notice, &next_ms), STATUS_OK);
		assert_slice(notice.event, "import.completed");
		told[i] = notice.import_id;
		assert_ok(f->store->call->settle_notice(f->store, notice.id, NOTICE_DELIVERED, 200, SLICE(""), 0,
							&f->err),
			  &f->err);
	}
	assert_int_equal(next_notice(f, INT64_MAX, &notice, &next_ms), STATUS_END);
	assert_int_equal(told[0], import.fixes);
	assert_int_equal(told[1] + told[2], import.fixes + fixes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(without_vectors_an_import_is_complete_when_it_is_stored),
		store_test(vectors_can_be_had_later),
		store_test(one_that_is_being_read_gets_them_as_it_goes),
		store_test(what_has_no_records_gets_no_vectors),
		store_test(new_imports_can_be_claimed_apart),
		store_test(a_key_is_stored_with_what_its_request_made),
		store_test(an_answer_is_kept_and_outlives_its_import),
		store_test(a_refusal_is_kept_under_a_key_of_its_own),
		store_test(a_key_lives_for_a_day_and_is_then_free_for_another_request),
		store_test(a_refused_import_takes_no_key),
		store_test(a_deleted_import_is_still_told_of_if_that_is_due),
		store_test(a_fixes_import_and_its_target_are_told_of_each),
		store_test(no_notice_is_written_where_none_is_wanted),
		store_test(every_end_of_an_import_leaves_a_notice),
		store_test(a_notice_that_failed_is_due_later_and_after_a_restart),
	};
	return cmocka_run_group_tests_name("store control", tests, NULL, NULL);
}
