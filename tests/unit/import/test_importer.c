/* The pipeline as a whole, over a real store and the real encoder, without HTTP. */
#include "support.h"

#include "base/clock.h"
#include "embed/model.h"
#include "import/column_feed.h"
#include "import/internal.h"
#include "import/schema_store.h"
#include "import/slab.h"
#include "intake/spool.h"
#include "search/searcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 300 * 1000, WAIT_S = 60 };

/* Where threads are held until they are let go. */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned held;
	bool open;
};

struct world {
	char db_path[4200], spool_folder[4200];
	struct store *store;
	struct schema_cache *schemas;
	struct embed_model *model;
	struct vector_index *index;
	struct columns *columns;
	struct searcher *searcher;
	struct importer *importer;
	struct arena arena;
	unsigned import_threads, embed_threads;
};

static struct gate gate;
static struct kernels kernels;           /* the model's own */
static const struct store_backend *backend; /* the store's own */
static _Thread_local bool asks_a_query;

static void gate_init(void)
{
	gate = (struct gate){.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
}

static void gate_pass(void)
{
	pthread_mutex_lock(&gate.mutex);
	gate.held++;
	pthread_cond_broadcast(&gate.changed);
	while (!gate.open)
		pthread_cond_wait(&gate.changed, &gate.mutex);
	pthread_mutex_unlock(&gate.mutex);
}

static void gate_await(unsigned held)
{
	pthread_mutex_lock(&gate.mutex);
	while (gate.held < held)
		pthread_cond_wait(&gate.changed, &gate.mutex);
	pthread_mutex_unlock(&gate.mutex);
}

static void gate_open(void)
{
	pthread_mutex_lock(&gate.mutex);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.mutex);
}

static void open_world(struct world *world)
{
	struct store_config store = {.path = world->db_path, .readers = 4};
	struct embed_options options = {0};
	struct strbuf folder;
	struct error err;

	strbuf_init(&folder, 4096);
	embed_default_folder(&folder);
	assert_ok(store_open(&store, &world->store, &err), &err);
	world->schemas = schema_store_cache(world->store);
	assert_non_null(world->schemas);
	assert_ok(spool_prepare_folder(world->spool_folder, &err), &err);
	assert_ok(embed_model_open(folder.data, &options, &world->model, &err), &err);
	world->index = vector_index_new(EMBED_DIMENSION);
	world->columns = columns_new(world->spool_folder);
	assert_non_null(world->columns);
	world->searcher = searcher_new(world->store, world->model, world->index, world->columns, 1);
	assert_non_null(world->searcher);
	assert_ok(searcher_build_index(world->searcher, &err), &err);
	arena_init(&world->arena, 64 << 20);
	strbuf_release(&folder);
}

static void start_importer(struct world *world)
{
	struct importer_config config = {.store = world->store,
					 .model = world->model,
					 .index = world->index,
					 .columns = world->columns,
					 .schemas = world->schemas,
					 .spool_folder = world->spool_folder,
					 .import_threads = world->import_threads,
					 .embed_threads = world->embed_threads};
	struct error err;

	assert_ok(importer_start(&config, &world->importer, &err), &err);
}

static void close_world(struct world *world)
{
	importer_stop(world->importer);
	world->importer = NULL;
	searcher_free(world->searcher);
	vector_index_free(world->index);
	columns_free(world->columns);
	embed_model_close(world->model);
	schema_cache_free(world->schemas);
	world->store->call->close(world->store);
	arena_release(&world->arena);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	world->embed_threads = 2;
	const char *folder = make_temporary_folder();

	snprintf(world->db_path, sizeof world->db_path, "%s/rows.db", folder);
	snprintf(world->spool_folder, sizeof world->spool_folder, "%s/spool", folder);
	open_world(world);
	*state = world;
	return 0;
}

static int end_world(void **state)
{
	close_world(*state);
	free(*state);
	return 0;
}

/* `import`: what it is beside a file of people. */
static int64_t upload_as(struct world *world, struct slice content, struct new_import import)
{
	struct spool *spool;
	struct spooled_file file;
	struct error err;
	int64_t id = 0;

	assert_ok(spool_begin(world->spool_folder, 1 << 30, &spool, &err), &err);
	assert_ok(spool_write(spool, content, &err), &err);
	assert_ok(spool_commit(spool, &file, &err), &err);
	import.filename = SLICE("people.csv");
	import.schema = SLICE("people");
	import.options = SLICE("{}");
	import.spool_name = slice_of_string(file.name);
	import.request_id = SLICE("test");
	import.file_hash = file.sha256;
	import.size_bytes = (int64_t)file.size;
	assert_ok(world->store->call->add_import(world->store, &import, &id, &err), &err);
	spool_free(spool);
	if (world->importer)
		importer_wake(world->importer);
	return id;
}

static int64_t upload(struct world *world, struct slice content)
{
	return upload_as(world, content, (struct new_import){0});
}

static struct strbuf people(int count)
{
	struct strbuf csv;

	strbuf_init(&csv, 64 << 20);
	strbuf_add_string(&csv, "name,email,age,department\n");
	for (int i = 0; i < count; i++)
		strbuf_add_format(&csv, "Person %d,p%d@example.com,%d,Department %d\n", i, i, i % 100, i % 7);
	assert_true(strbuf_ok(&csv));
	return csv;
}

static struct import look(struct world *world, int64_t id)
{
	struct store_reader *reader;
	struct import import;
	struct error err;

	assert_ok(world->store->call->open_reader(world->store, &reader, &err), &err);
	assert_ok(world->store->call->get_import(reader, id, &world->arena, &import, &err), &err);
	world->store->call->close_reader(world->store, reader);
	return import;
}

static void an_upload_ends_as_embedded_rows_that_are_found_by_meaning(void **state)
{
	struct world *world = *state;
	struct search_request request = {.mode = SEARCH_SEMANTIC,
					 .query = SLICE("looks after the sick"),
					 .min_score = -2,
					 .limit = 1};
	struct search_result result;
	struct error err;

	start_importer(world);
	int64_t id = upload(world, SLICE("name,email,age,department\n"
					 "Ann,ann@example.com,30,Accounting\n"
					 "Bea,bea@example.com,31,Nursing\n"
					 "Cid,not an address,thirty,Sales\n"));
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	struct import import = look(world, id);
	assert_int_equal(import.status, IMPORT_COMPLETED);
	assert_int_equal(import.total_records, 3);
	assert_int_equal(import.processed_records, 2);
	assert_int_equal(import.failed_records, 1);
	assert_int_equal(import.embedded_records, 2);
	assert_ok(searcher_run(world->searcher, &request, &world->arena, &result, &err), &err);
	assert_int_equal(result.list.total, 2);
	assert_int_equal(result.list.count, 1);
	assert_int_equal(result.list.records[0].row, 2);
	assert_true(result.next.size > 0);
	search_result_release(&result);
}

static void an_import_goes_on_after_a_restart_with_no_row_lost_or_doubled(void **state)
{
	struct world *world = *state;
	struct strbuf csv = people(1000);
	int64_t id = upload(world, strbuf_slice(&csv));

	/* Stopped at once, again and again: each run gets some batches further. */
	for (int run = 0; run < 4; run++) {
		start_importer(world);
		importer_wait(world->importer, id, 50);
		close_world(world);
		open_world(world);
		struct import import = look(world, id);
		assert_int_equal(import.total_records, import.processed_records + import.failed_records);
	}
	start_importer(world);
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	struct import import = look(world, id);
	assert_int_equal(import.status, IMPORT_COMPLETED);
	assert_int_equal(import.total_records, 1000);
	assert_int_equal(import.embedded_records, 1000);
	assert_int_equal(vector_index_count(world->index), 1000);
	strbuf_release(&csv);
}

/* ---- dry runs have their day ---- */

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* The clock that the program asks (see meson.build): this much ahead. */
static _Atomic int64_t clock_ahead_ms;

int64_t __real_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void);

int64_t __wrap_clock_now_ms(void)
{
	return __real_clock_now_ms() + clock_ahead_ms;
}

static int64_t dry_run(struct world *world)
{
	int64_t id = upload_as(world, SLICE("name,email\nAnn,ann@example.com\nBob,bad\n"),
			       (struct new_import){.dry_run = true});

	assert_true(importer_wait(world->importer, id, WAIT_MS));
	assert_int_equal(look(world, id).failed_records, 1);
	return id;
}

static bool is_there(struct world *world, int64_t id)
{
	struct store_reader *reader;
	struct import import;
	struct error err;

	assert_ok(world->store->call->open_reader(world->store, &reader, &err), &err);
	enum status status = world->store->call->get_import(reader, id, &world->arena, &import, &err);
	world->store->call->close_reader(world->store, reader);
	return status == STATUS_OK;
}

static struct {
	const struct store_backend *real;
	atomic_uint looks; /* that found no dry run whose time is over */
} expiry;

static enum status find_old_and_count(struct store_reader *reader, int64_t before_ms, int64_t *id, struct error *err)
{
	enum status status = expiry.real->find_old_dry_run(reader, before_ms, id, err);

	if (status == STATUS_OK && !*id)
		expiry.looks++;
	return status;
}

/* Returns when nothing is left to expire: the first look may have begun before the clock was set. */
static void let_expire(struct world *world)
{
	for (int i = 0; i < 2; i++) {
		unsigned seen = expiry.looks;
		while (expiry.looks == seen) {
			bell_ring(&world->importer->purge_bell);
			importer_pause(world->importer, 5);
		}
	}
}

static void a_dry_run_is_deleted_a_day_after_its_upload_and_not_before(void **state)
{
	struct world *world = *state;
	static struct store_backend counting;

	expiry.real = world->store->call;
	counting = *expiry.real;
	counting.find_old_dry_run = find_old_and_count;
	world->store->call = &counting;
	start_importer(world);
	int64_t real = upload(world, SLICE("name,email\nAnn,ann@example.com\n"));
	assert_true(importer_wait(world->importer, real, WAIT_MS));
	int64_t first = dry_run(world);
	clock_ahead_ms = DAY_MS - 60 * 1000;
	let_expire(world);
	assert_true(is_there(world, first));
	int64_t second = dry_run(world);
	clock_ahead_ms = DAY_MS + 60 * 1000;
	let_expire(world);
	clock_ahead_ms = 0;
	assert_false(is_there(world, first));
	assert_true(is_there(world, second));
	assert_true(is_there(world, real));
}

/* ---- what others see at the moment of a commit ---- */

static struct {
	const struct store_backend *real;
	struct vector_index *index;
	atomic_uint given, missing; /* vectors; those that no search finds when the store is told of them */
} commits;

static enum status attach_and_look(struct store *store, struct record_vector *vectors, size_t count,
				   int64_t *completed, size_t *completed_count, struct error *err)
{
	float kept[EMBED_DIMENSION];

	for (size_t i = 0; i < count; i++) {
		commits.given++;
		if (!vector_index_get(commits.index, vectors[i].id, kept))
			commits.missing++;
	}
	return commits.real->attach_vectors(store, vectors, count, completed, completed_count, err);
}

/* Else an import would be completed for a moment in which its records are not found. */
static void a_vector_can_be_found_before_the_store_counts_it(void **state)
{
	struct world *world = *state;
	static struct store_backend watched;
	struct strbuf csv = people(700);

	watched = *world->store->call;
	commits.real = world->store->call;
	commits.index = world->index;
	watched.attach_vectors = attach_and_look;
	world->store->call = &watched;
	start_importer(world);
	int64_t id = upload(world, strbuf_slice(&csv));
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	importer_stop(world->importer);
	world->importer = NULL;
	world->store->call = commits.real;
	assert_int_equal(look(world, id).status, IMPORT_COMPLETED);
	assert_int_equal(commits.given, 700);
	assert_int_equal(commits.missing, 0);
	strbuf_release(&csv);
}

/* ---- columns that are not loaded ---- */

static enum status list_no_rows(struct store_reader *reader, int64_t import_id, int64_t after_id, int64_t last_id,
				uint32_t limit, struct arena *arena, struct stored_row **rows, size_t *count,
				struct error *err)
{
	(void)reader, (void)import_id, (void)after_id, (void)last_id, (void)limit, (void)arena, (void)rows;
	*count = 0;
	return error_set(err, STATUS_IO, "unreadable", "the disk is tired");
}

/* Loads the columns of a store with one import, and gives what the log says of it. */
static struct slice load_columns(struct world *world, const struct store_backend *call, bool stopped)
{
	const struct store_backend *real = world->store->call;
	struct columns *columns = columns_new(world->spool_folder);
	struct column_view *view = NULL;
	atomic_bool stopping = stopped;
	struct error err;

	assert_non_null(columns);
	columns_begin_load(columns);
	catch_log();
	world->store->call = call;
	column_feed_load(columns, world->store, INT64_MAX, &stopping);
	world->store->call = real;
	struct slice log = caught_log();
	assert_int_not_equal(columns_view(columns, &view, &err), STATUS_OK);
	columns_free(columns);
	return log;
}

static void columns_that_cannot_be_loaded_say_why_unless_the_server_stops(void **state)
{
	struct world *world = *state;
	struct store_backend failing = *world->store->call;

	start_importer(world);
	int64_t id = upload(world, SLICE("name,email\nAnn,ann@example.com\n"));
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	importer_stop(world->importer);
	world->importer = NULL;
	assert_slice(load_columns(world, world->store->call, true), "");
	failing.list_rows = list_no_rows;
	struct slice log = load_columns(world, &failing, false);
	assert_non_null(strstr(log.data, "the disk is tired"));
	assert_null(strstr(log.data, "memory"));
}

static uint64_t import_and_count_computed(struct world *world, struct slice content, int64_t records)
{
	uint64_t before = world->importer->texts_computed;
	int64_t id = upload(world, content);

	assert_true(importer_wait(world->importer, id, WAIT_MS));
	struct import import = look(world, id);
	assert_int_equal(import.embedded_records, records);
	return world->importer->texts_computed - before;
}

static void equal_texts_are_computed_once_across_rows_imports_and_restarts(void **state)
{
	struct world *world = *state;
	struct strbuf csv;

	strbuf_init(&csv, 1 << 20);
	strbuf_add_string(&csv, "name,email\n");
	for (int i = 0; i < 600; i++)
		strbuf_add_format(&csv, "Person %d,p%d@example.com\n", i * 7 % 5, i * 7 % 5);
	start_importer(world);
	assert_int_equal(import_and_count_computed(world, strbuf_slice(&csv), 600), 5);
	assert_int_equal(import_and_count_computed(world, strbuf_slice(&csv), 600), 0);
	close_world(world);
	open_world(world);
	start_importer(world);
	strbuf_add_string(&csv, "Person 99,p99@example.com\n");
	assert_int_equal(import_and_count_computed(world, strbuf_slice(&csv), 601), 1);
	assert_int_equal(vector_index_count(world->index), 1801);
	strbuf_release(&csv);
}

static void a_cut_text_is_counted_also_where_its_vector_was_there(void **state)
{
	struct world *world = *state;
	struct strbuf csv;

	strbuf_init(&csv, 1 << 20);
	strbuf_add_string(&csv, "name,email,department\nAnn,ann@example.com,");
	for (int i = 0; i < 400; i++)
		strbuf_add_string(&csv, "sales ");
	strbuf_add_string(&csv, "\n");
	start_importer(world);
	for (int i = 0; i < 2; i++) {
		int64_t id = upload(world, strbuf_slice(&csv));
		assert_true(importer_wait(world->importer, id, WAIT_MS));
		assert_int_equal(look(world, id).truncated_texts, 1);
	}
	strbuf_release(&csv);
}

static void a_delete_in_the_middle_leaves_nothing_to_be_found(void **state)
{
	struct world *world = *state;
	struct strbuf csv = people(2000);
	struct delete_receipt receipt;
	struct error err;

	start_importer(world);
	int64_t id = upload(world, strbuf_slice(&csv));
	while (look(world, id).embedded_records == 0)
		importer_wait(world->importer, id, 5);
	assert_ok(importer_delete(world->importer, id, &world->arena, &receipt, &err), &err);
	assert_true(receipt.records > 0);
	assert_int_equal(vector_index_count(world->index), 0);
	assert_int_equal(importer_delete(world->importer, id, &world->arena, &receipt, &err),
			 STATUS_NOT_FOUND);
	/* Batches that were under way when it was deleted bring nothing back. */
	importer_stop(world->importer);
	world->importer = NULL;
	assert_int_equal(vector_index_count(world->index), 0);
	strbuf_release(&csv);
}

static void a_file_that_breaks_off_keeps_nothing_and_says_where(void **state)
{
	struct world *world = *state;

	start_importer(world);
	int64_t id = upload(world, SLICE("[{\"name\":\"Ann\",\"email\":\"ann@example.com\"},\n {\"name\": }]"));
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	struct import import = look(world, id);
	assert_int_equal(import.status, IMPORT_FAILED);
	assert_int_equal(import.total_records, 0);
	assert_int_equal(import.error_line, 2);
	assert_true(import.error_column > 0);
	assert_true(import.error_byte > 40);
	assert_int_equal(vector_index_count(world->index), 0);
}

static void a_header_without_a_known_column_fails_the_file(void **state)
{
	struct world *world = *state;

	start_importer(world);
	int64_t id = upload(world, SLICE("colour,weight\nred,12\n"));
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	struct import import = look(world, id);
	assert_int_equal(import.status, IMPORT_FAILED);
	assert_non_null(memmem(import.error_detail.data, import.error_detail.size, "colour", 6));
}

static void a_missing_spool_file_fails_its_import(void **state)
{
	struct world *world = *state;
	struct strbuf csv = people(1);
	struct error err;
	int64_t id = upload(world, strbuf_slice(&csv));

	assert_ok(spool_remove(world->spool_folder, look(world, id).spool_name, &err), &err);
	start_importer(world);
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	assert_int_equal(look(world, id).status, IMPORT_FAILED);
	strbuf_release(&csv);
}

static void a_correction_whose_import_is_gone_before_its_first_row_says_so(void **state)
{
	struct world *world = *state;
	struct delete_receipt receipt;
	struct error err;

	start_importer(world);
	int64_t target = upload(world, SLICE("name,email\nAnn,wrong\n"));
	assert_true(importer_wait(world->importer, target, WAIT_MS));
	importer_stop(world->importer);
	world->importer = NULL;
	int64_t fixes = upload_as(world, SLICE("_row,name,email\n1,Ann,ann@example.com\n"),
				  (struct new_import){.fixes = target});
	assert_ok(world->store->call->delete_import(world->store, target, &world->arena, &receipt, &err), &err);
	start_importer(world);
	assert_true(importer_wait(world->importer, fixes, WAIT_MS));
	assert_int_equal(look(world, fixes).status, IMPORT_FAILED);
	assert_slice(look(world, fixes).error_code, "fixed-import-gone");
}

static void waiting_ends_when_the_time_is_up(void **state)
{
	struct world *world = *state;
	struct strbuf csv = people(1500);

	start_importer(world);
	int64_t id = upload(world, strbuf_slice(&csv));
	assert_false(importer_wait(world->importer, id, 1));
	assert_true(importer_wait(world->importer, 999, 1000)); /* nothing to wait for */
	strbuf_release(&csv);
}

/* The last of the encoder's passes over a text, where imports' batches are held. */
static void held_pool(const float *states, float *vector, size_t rows)
{
	if (!asks_a_query)
		gate_pass();
	kernels.pool(states, vector, rows);
}

static void *ask(void *argument)
{
	struct world *world = argument;
	struct search_request request = {
		.mode = SEARCH_SEMANTIC, .query = SLICE("looks after the sick"), .min_score = -2, .limit = 1};
	struct search_result result;
	struct error err;

	asks_a_query = true;
	if (searcher_run(world->searcher, &request, &world->arena, &result, &err) != STATUS_OK)
		return NULL;
	search_result_release(&result);
	return world;
}

static void a_query_is_answered_while_imports_have_batches_under_way(void **state)
{
	struct world *world = *state;
	struct strbuf csv = people(300);
	struct kernels held;
	struct timespec until;
	pthread_t query;
	void *answered;

	gate_init();
	kernels = held = *world->model->kernels;
	held.pool = held_pool;
	world->model->kernels = &held;
	start_importer(world);
	int64_t id = upload(world, strbuf_slice(&csv));
	gate_await(world->embed_threads);
	assert_int_equal(pthread_create(&query, NULL, ask, world), 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	bool waited = pthread_timedjoin_np(query, &answered, &until) != 0;
	gate_open();
	if (waited)
		pthread_join(query, NULL);
	assert_false(waited);
	assert_ptr_equal(answered, world);
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	importer_stop(world->importer); /* which uses the kernels of this function */
	world->importer = NULL;
	strbuf_release(&csv);
}

static enum status held_attach(struct store *store, struct record_vector *vectors, size_t count,
			       int64_t *completed, size_t *completed_count, struct error *err)
{
	gate_pass();
	return backend->attach_vectors(store, vectors, count, completed, completed_count, err);
}

static void the_next_slab_is_embedded_while_one_is_stored(void **state)
{
	struct world *world = *state;
	struct strbuf csv = people(600);
	struct store_backend held = *world->store->call;

	gate_init();
	backend = world->store->call;
	held.attach_vectors = held_attach;
	world->store->call = &held;
	world->embed_threads = 1;
	start_importer(world);
	int64_t id = upload(world, strbuf_slice(&csv));
	gate_await(1);
	for (int i = 0; i < WAIT_S * 100 && world->importer->texts_computed <= SLAB_RECORDS; i++)
		usleep(10000);
	bool went_on = world->importer->texts_computed > SLAB_RECORDS;
	assert_int_equal(gate.held, 1);
	gate_open();
	assert_true(went_on);
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	importer_stop(world->importer);
	world->importer = NULL;
	world->store->call = backend;
	assert_int_equal(look(world, id).embedded_records, 600);
	strbuf_release(&csv);
}

/* One attempt fails, as on a full disk. */
static enum status attach_at_second_attempt(struct store *store, struct record_vector *vectors, size_t count,
					    int64_t *completed, size_t *completed_count, struct error *err)
{
	static atomic_bool failed;

	if (!atomic_exchange(&failed, true)) {
		*completed_count = 0;
		return error_set(err, STATUS_FULL, NULL, "the disk is full");
	}
	return backend->attach_vectors(store, vectors, count, completed, completed_count, err);
}

static void vectors_that_could_not_be_stored_are_made_again(void **state)
{
	struct world *world = *state;
	struct strbuf csv = people(300);
	struct store_backend failing = *world->store->call;

	backend = world->store->call;
	failing.attach_vectors = attach_at_second_attempt;
	world->store->call = &failing;
	start_importer(world);
	int64_t id = upload(world, strbuf_slice(&csv));
	assert_true(importer_wait(world->importer, id, WAIT_MS));
	importer_stop(world->importer);
	world->importer = NULL;
	world->store->call = backend;
	assert_int_equal(look(world, id).embedded_records, 300);
	assert_int_equal(vector_index_count(world->index), 300);
	strbuf_release(&csv);
}

/* Its turn is as long as no other import waits, and ends for one that comes meanwhile. */
static void a_small_file_goes_past_a_large_one_on_the_only_thread(void **state)
{
	struct world *world = *state;
	struct strbuf large_csv = people(60000), small_csv = people(10);

	world->import_threads = 1;
	start_importer(world);
	int64_t large = upload_as(world, strbuf_slice(&large_csv), (struct new_import){.no_embed = true});
	while (look(world, large).total_records == 0)
		importer_pause(world->importer, 1);
	int64_t small = upload_as(world, strbuf_slice(&small_csv), (struct new_import){.no_embed = true});
	assert_true(importer_wait(world->importer, small, WAIT_MS));
	struct import import = look(world, large);
	assert_int_equal(import.status, IMPORT_PROCESSING);
	assert_true(import.total_records < 60000);
	assert_true(importer_wait(world->importer, large, WAIT_MS));
	import = look(world, large);
	assert_int_equal(import.status, IMPORT_COMPLETED);
	assert_int_equal(import.processed_records, 60000);
	strbuf_release(&large_csv);
	strbuf_release(&small_csv);
}

static void a_turn_goes_on_while_no_import_waits(void **state)
{
	struct import_queue queue;
	struct pipeline waiting = {0};

	(void)state;
	import_queue_init(&queue);
	assert_true(import_queue_waits(&queue)); /* the store may have one */
	queue.may_claim = queue.may_claim_new = false;
	assert_false(import_queue_waits(&queue));
	import_queue_wake(&queue);
	assert_true(import_queue_waits(&queue));
	queue.may_claim = queue.may_claim_new = false;
	queue.first = queue.last = &waiting;
	assert_true(import_queue_waits(&queue));
	queue.first = queue.last = NULL;
	import_queue_release(&queue);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_upload_ends_as_embedded_rows_that_are_found_by_meaning),
		TEST(an_import_goes_on_after_a_restart_with_no_row_lost_or_doubled),
		TEST(a_dry_run_is_deleted_a_day_after_its_upload_and_not_before),
		TEST(a_vector_can_be_found_before_the_store_counts_it),
		TEST(columns_that_cannot_be_loaded_say_why_unless_the_server_stops),
		TEST(equal_texts_are_computed_once_across_rows_imports_and_restarts),
		TEST(a_cut_text_is_counted_also_where_its_vector_was_there),
		TEST(a_delete_in_the_middle_leaves_nothing_to_be_found),
		TEST(a_file_that_breaks_off_keeps_nothing_and_says_where),
		TEST(a_header_without_a_known_column_fails_the_file),
		TEST(a_missing_spool_file_fails_its_import),
		TEST(a_correction_whose_import_is_gone_before_its_first_row_says_so),
		TEST(waiting_ends_when_the_time_is_up),
		TEST(a_query_is_answered_while_imports_have_batches_under_way),
		TEST(the_next_slab_is_embedded_while_one_is_stored),
		TEST(vectors_that_could_not_be_stored_are_made_again),
		TEST(a_small_file_goes_past_a_large_one_on_the_only_thread),
		cmocka_unit_test(a_turn_goes_on_while_no_import_waits),
	};
	return cmocka_run_group_tests_name("importer", tests, NULL, NULL);
}
