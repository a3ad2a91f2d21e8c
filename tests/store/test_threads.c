/* Many at once: of a race exactly one wins, and whoever looks finds the ledger right. Run it
 * under ThreadSanitizer too. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 12 };

struct crew {
	struct store *store;
	pthread_barrier_t start;
	atomic_int won, lost, wrong, working, reading;
	_Atomic int64_t winner;
};

static void run_crew(struct crew *crew, void *(*work)(void *), int count)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&crew->start, NULL, (unsigned)count);
	for (int i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, crew), 0);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&crew->start);
	assert_int_equal(crew->wrong, 0);
}

static void *add_the_same(void *context)
{
	struct crew *crew = context;
	unsigned char key[SHA256_SIZE] = "the same for all of them";
	struct new_import import = {.filename = SLICE("a.csv"), .schema = SLICE("people"),
				    .file_hash = key, .duplicate_key = key};
	int64_t id = 0, none = 0;

	pthread_barrier_wait(&crew->start);
	enum status status = crew->store->call->add_import(crew->store, &import, &id, NULL);
	if (status == STATUS_OK)
		crew->won++;
	else if (status == STATUS_EXISTS)
		crew->lost++;
	else
		crew->wrong++;
	/* Winner and losers name the same import. */
	if (!atomic_compare_exchange_strong(&crew->winner, &none, id) && none != id)
		crew->wrong++;
	return NULL;
}

static void of_equal_uploads_exactly_one_wins(void **state)
{
	struct fixture *f = *state;
	struct crew crew = {.store = f->store};

	run_crew(&crew, add_the_same, THREADS);
	assert_int_equal(crew.won, 1);
	assert_int_equal(crew.lost, THREADS - 1);
	assert_int_equal(list_imports(f, (struct import_query){.page.limit = 10}).total, 1);
}

static bool store_rows(struct store *store, int64_t id, uint64_t first)
{
	struct batch batch;

	if (!batch_init(&batch, 50, 1 << 16))
		return false;
	for (uint64_t i = 0; i < 50; i++) {
		struct record *record = batch_add(&batch);
		record->row = first + i;
		record->line = first + i + 1;
		record->data = SLICE("{\"name\":\"Ann\"}");
		if (i % 10 == 0 && !record_add_error(record, &batch.arena))
			return false;
		if (i % 10 == 0)
			record->errors[0].code = "row-error";
	}
	enum status status =
		store->call->append_batch(store, id, &batch, SLICE("csv"), SLICE(""), NULL);
	batch_release(&batch);
	return status == STATUS_OK || status == STATUS_CANCELLED;
}

/* Takes imports as they come and brings them to an end of some kind. */
static void *work_on_imports(void *context)
{
	struct crew *crew = context;
	struct arena arena;
	bool completed;
	struct delete_receipt receipt;
	struct error reason;

	arena_init(&arena, 1 << 20);
	error_set(&reason, STATUS_INVALID, NULL, "on purpose");
	pthread_barrier_wait(&crew->start);
	for (int i = 0; i < ROUNDS; i++) {
		struct new_import import = {.filename = SLICE("a.csv"), .schema = SLICE("people"),
					    .file_hash = (const unsigned char *)"12345678901234567890123456789012"};
		struct import_claim claim;
		int64_t id;

		arena_reset(&arena);
		if (crew->store->call->add_import(crew->store, &import, &id, NULL) != STATUS_OK ||
		    crew->store->call->claim_import(crew->store, false, &arena, &claim, NULL) != STATUS_OK) {
			crew->wrong++;
			break;
		}
		id = claim.import.id;
		if (!store_rows(crew->store, id, 1) || !store_rows(crew->store, id, 51))
			crew->wrong++;
		enum status status = i % 3 == 0
					     ? crew->store->call->fail_import(crew->store, id, &reason, NULL)
					     : crew->store->call->finish_parsing(
						       crew->store, id, SLICE(""), SLICE(""), &completed, NULL);
		if (i % 3 == 1)
			status = crew->store->call->delete_import(crew->store, id, &arena, &receipt, NULL);
		if (status != STATUS_OK)
			crew->wrong++;
	}
	arena_release(&arena);
	crew->working--;
	return NULL;
}

static void check_moment(struct crew *crew, struct store_reader *reader, struct arena *arena)
{
	struct import_query query = {.page.limit = 1000};
	struct record_query records_query = {.page.limit = 500};
	struct import_list imports;
	struct record_list records;
	struct store_stats stats;
	int64_t total = 0;

	arena_reset(arena);
	if (crew->store->call->list_imports(reader, &query, arena, &imports, NULL) != STATUS_OK ||
	    crew->store->call->list_records(reader, &records_query, arena, &records, NULL) != STATUS_OK ||
	    crew->store->call->get_stats(reader, &stats, NULL) != STATUS_OK) {
		crew->wrong++;
		return;
	}
	for (size_t i = 0; i < imports.count; i++) {
		const struct import *import = &imports.imports[i];
		total += import->total_records;
		if (import->total_records != import->processed_records + import->failed_records ||
		    import->total_records % 50 != 0 ||
		    (import->status == IMPORT_FAILED && import->total_records))
			crew->wrong++;
	}
	/* One snapshot: three answers that agree. */
	if (records.total != total || stats.records_valid + stats.records_invalid != total ||
	    (records.count < 500 && (int64_t)records.count != total))
		crew->wrong++;
}

static void *watch_and_purge(void *context)
{
	struct crew *crew = context;
	struct arena arena;

	arena_init(&arena, 64 << 20);
	pthread_barrier_wait(&crew->start);
	while (crew->working > 0) {
		struct store_reader *reader;
		if (crew->store->call->open_reader(crew->store, &reader, NULL) != STATUS_OK) {
			crew->wrong++;
			break;
		}
		check_moment(crew, reader, &arena);
		crew->store->call->close_reader(crew->store, reader);
		enum status status = crew->store->call->purge_slice(crew->store, 70, NULL);
		if (status != STATUS_OK && status != STATUS_END)
			crew->wrong++;
	}
	arena_release(&arena);
	return NULL;
}

static void *work_or_watch(void *context)
{
	struct crew *crew = context;
	static atomic_int next;

	/* Two of three work; the rest look on. There are more of them than readers. */
	return next++ % 3 == 2 ? watch_and_purge(crew) : work_on_imports(crew);
}

static void whoever_looks_finds_the_ledger_right(void **state)
{
	struct fixture *f = *state;
	struct crew crew = {.store = f->store, .working = 4};

	run_crew(&crew, work_or_watch, 6);
	purge_all(f, 500);
	check_ledger(f);
	/* Of a worker's 12 imports, 4 fail, 4 are deleted and 4 stay. */
	assert_int_equal(stats(f).imports[IMPORT_FAILED], 4 * ROUNDS / 3);
	assert_int_equal(stats(f).imports[IMPORT_PROCESSING], 4 * ROUNDS / 3);
	assert_int_equal(embed_all(f), 4 * ROUNDS / 3 * 90);
	assert_int_equal(stats(f).imports[IMPORT_COMPLETED], 4 * ROUNDS / 3);
}

static void *borrow_readers(void *context)
{
	struct crew *crew = context;

	pthread_barrier_wait(&crew->start);
	for (int i = 0; i < 10; i++) {
		struct store_reader *reader;
		struct store_stats stats;
		if (crew->store->call->open_reader(crew->store, &reader, NULL) != STATUS_OK ||
		    crew->store->call->get_stats(reader, &stats, NULL) != STATUS_OK)
			crew->wrong++;
		if (++crew->reading > READERS)
			crew->wrong++;
		usleep(1000); /* so that all are out while others ask */
		crew->reading--;
		crew->store->call->close_reader(crew->store, reader);
	}
	return NULL;
}

static void readers_are_a_fixed_number_and_waited_for(void **state)
{
	struct fixture *f = *state;
	struct crew crew = {.store = f->store};

	run_crew(&crew, borrow_readers, THREADS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(of_equal_uploads_exactly_one_wins),
		store_test(whoever_looks_finds_the_ledger_right),
		store_test(readers_are_a_fixed_number_and_waited_for),
	};
	return cmocka_run_group_tests_name("store threads", tests, NULL, NULL);
}
