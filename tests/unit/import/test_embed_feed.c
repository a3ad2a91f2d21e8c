/* Which records workers are given, over a store of numbers. */
#include "support.h"

#include "import/embed_feed.h"

enum { ROWS = 600, IMPORTS = 2, LIMIT = 256, WORKERS = 2 };

/* Ids of import 1 are 1, 3, 5, …, those of import 2 are 2, 4, 6, … */
static bool pending[IMPORTS * ROWS + 1];

static enum status open_reader(struct store *store, struct store_reader **reader, struct error *err)
{
	(void)store;
	(void)err;
	*reader = NULL;
	return STATUS_OK;
}

static void close_reader(struct store *store, struct store_reader *reader)
{
	(void)store;
	(void)reader;
}

static enum status list_to_embed(struct store_reader *reader, uint32_t limit, struct arena *arena,
				 int64_t **ids, size_t *count, struct error *err)
{
	static int64_t found[IMPORTS];

	(void)reader;
	(void)limit;
	(void)arena;
	(void)err;
	*ids = found;
	*count = 0;
	for (int64_t import = 1; import <= IMPORTS; import++)
		for (int64_t id = import; id <= IMPORTS * ROWS; id += IMPORTS)
			if (pending[id]) {
				found[(*count)++] = import;
				break;
			}
	return STATUS_OK;
}

static enum status list_pending(struct store_reader *reader, int64_t import_id, int64_t after_id,
				uint32_t limit, struct arena *arena, struct pending_record **records,
				size_t *count, struct error *err)
{
	(void)reader;
	(void)err;
	*records = arena_alloc_zeroed(arena, limit, sizeof **records);
	*count = 0;
	for (int64_t id = import_id; id <= IMPORTS * ROWS && *count < limit; id += IMPORTS)
		if (pending[id] && id > after_id)
			(*records)[(*count)++] = (struct pending_record){.id = id, .import_id = import_id};
	return STATUS_OK;
}

static enum status count_pending(struct store_reader *reader, int64_t import_id, int64_t after_id,
				 uint32_t limit, struct arena *arena, size_t *count, struct error *err)
{
	struct pending_record *records;

	return list_pending(reader, import_id, after_id, limit, arena, &records, count, err);
}

static const struct store_backend backend = {.open_reader = open_reader,
					     .close_reader = close_reader,
					     .list_to_embed = list_to_embed,
					     .list_pending = list_pending,
					     .count_pending = count_pending};

struct desk {
	struct store store;
	struct embed_feed feed;
	struct arena arena;
	struct pending_record *records;
};

static int open_desk(void **state)
{
	static struct desk desk;

	desk = (struct desk){.store = {.call = &backend}};
	embed_feed_init(&desk.feed, WORKERS);
	arena_init(&desk.arena, 16 << 20);
	memset(pending, 0, sizeof pending);
	*state = &desk;
	return 0;
}

static int close_desk(void **state)
{
	struct desk *desk = *state;

	embed_feed_release(&desk->feed);
	arena_release(&desk->arena);
	return 0;
}

static void add_rows(int64_t import_id, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		pending[import_id + i * IMPORTS] = true;
}

static size_t take(struct desk *desk)
{
	size_t count;
	struct error err;

	assert_ok(embed_feed_take(&desk->feed, &desk->store, LIMIT, &desk->arena, &desk->records, &count, &err),
		  &err);
	return count;
}

/* What was taken is stored. */
static bool finish(struct desk *desk, const struct pending_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_true(pending[records[i].id]);
		pending[records[i].id] = false;
	}
	return embed_feed_give_back(&desk->feed, records[0].import_id, count, true);
}

static void the_last_rows_of_an_import_are_shared_out_in_ever_smaller_slabs(void **state)
{
	const size_t expected[] = {256, 172, 86, 43, 22, 16, 5};
	struct desk *desk = *state;
	int64_t last = 0;

	add_rows(1, ROWS);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_int_equal(take(desk), expected[i]);
		assert_true(desk->records[0].id > last);
		last = desk->records[expected[i] - 1].id;
	}
	assert_int_equal(take(desk), 0);
}

static void a_few_rows_are_not_split(void **state)
{
	struct desk *desk = *state;

	add_rows(1, FEED_LEAST);
	assert_int_equal(take(desk), FEED_LEAST);
}

static void imports_take_turns(void **state)
{
	struct desk *desk = *state;

	add_rows(1, ROWS);
	add_rows(2, 8);
	assert_int_equal(take(desk), LIMIT);
	assert_int_equal(desk->records[0].import_id, 1);
	assert_int_equal(take(desk), 8);
	assert_int_equal(desk->records[0].import_id, 2);
	assert_int_equal(take(desk), 172);
	assert_int_equal(desk->records[0].import_id, 1);
}

static void what_failed_is_handed_out_again_when_the_last_slab_comes_back(void **state)
{
	struct desk *desk = *state;

	add_rows(1, 64);
	assert_int_equal(take(desk), 32);
	struct pending_record *first = desk->records;
	assert_int_equal(take(desk), 16);
	struct pending_record *second = desk->records;
	assert_int_equal(take(desk), 16);
	assert_int_equal(take(desk), 0);
	assert_false(finish(desk, desk->records, 16));
	assert_false(embed_feed_give_back(&desk->feed, first[0].import_id, 32, false));
	assert_int_equal(take(desk), 0);
	/* Whoever found nothing is to look again. */
	assert_true(finish(desk, second, 16));
	assert_int_equal(take(desk), 16);
	assert_int_equal(desk->records[0].id, first[0].id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_last_rows_of_an_import_are_shared_out_in_ever_smaller_slabs),
		TEST(a_few_rows_are_not_split),
		TEST(imports_take_turns),
		TEST(what_failed_is_handed_out_again_when_the_last_slab_comes_back),
	};
	return cmocka_run_group_tests_name("embed_feed", tests, NULL, NULL);
}
