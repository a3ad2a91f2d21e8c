/* Fractions, rates and the time that is left, from what an import did. */
#include "support.h"

#include "import/progress.h"

#include <time.h>

static struct import import_of(int64_t processed, int64_t failed, int64_t embedded)
{
	return (struct import){.id = 7,
			       .status = IMPORT_PROCESSING,
			       .size_bytes = 1000,
			       .total_records = processed + failed,
			       .processed_records = processed,
			       .failed_records = failed,
			       .embedded_records = embedded};
}

static void rest_ms(long ms)
{
	struct timespec step = {.tv_nsec = ms * 1000000};

	nanosleep(&step, NULL);
}

static void nothing_is_known_before_it_moves(void **state)
{
	static struct progress progress;
	struct import import = import_of(0, 0, 0);

	(void)state;
	progress_init(&progress);
	import.status = IMPORT_PENDING;
	struct import_progress found = progress_of(&progress, &import, 0);
	assert_true(found.fraction == 0 && found.records_per_second == 0 && found.eta_seconds < 0);
	progress_release(&progress);
}

static void the_fraction_is_of_all_rows_expected(void **state)
{
	static struct progress progress;
	struct import import = import_of(40, 10, 10);

	(void)state;
	progress_init(&progress);
	/* Half is read: 80 valid ones are expected, 10 have their vector. */
	assert_true(progress_of(&progress, &import, 500).fraction == 0.125);
	import.no_embed = true;
	assert_true(progress_of(&progress, &import, 500).fraction == 0.5);
	import.no_embed = false;
	import.parsed = true;
	assert_true(progress_of(&progress, &import, 0).fraction == 0.25);
	import = import_of(0, 10, 0); /* not one that needs a vector */
	assert_true(progress_of(&progress, &import, 500).fraction == 0.5);
	progress_release(&progress);
}

static void the_slower_stage_decides_how_long_it_takes(void **state)
{
	static struct progress progress;
	struct import import = import_of(50, 0, 20);

	(void)state;
	progress_init(&progress);
	progress_stored(&progress, 7, 100, 10, 0);
	progress_embedded(&progress, 7, 5);
	rest_ms(40);
	progress_stored(&progress, 7, 500, 40, 0);
	progress_embedded(&progress, 7, 15);
	struct import_progress found = progress_of(&progress, &import, 500);
	/* 500 bytes are left to read, as many as it read; 80 vectors, four times as many as it made. */
	assert_true(found.records_per_second > 0);
	double embedding = 80 / found.records_per_second;
	assert_true(found.eta_seconds > embedding * 0.5 && found.eta_seconds < embedding * 2);
	progress_release(&progress);
}

static void one_that_stands_still_gets_slower_and_its_end_unknown(void **state)
{
	static struct progress progress;
	struct import import = import_of(50, 0, 0);

	(void)state;
	progress_init(&progress);
	progress_stored(&progress, 7, 500, 50, 0);
	rest_ms(5);
	double early = 0, late = 0;
	import.no_embed = true;
	early = progress_of(&progress, &import, 500).records_per_second;
	rest_ms(50);
	late = progress_of(&progress, &import, 500).records_per_second;
	assert_true(late < early);
	import.no_embed = false; /* nothing was ever embedded: nobody knows how long it takes */
	assert_true(progress_of(&progress, &import, 500).eta_seconds < 0);
	progress_release(&progress);
}

static void one_that_has_ended_shows_what_it_took(void **state)
{
	static struct progress progress;
	struct import import = import_of(90, 10, 90);

	(void)state;
	progress_init(&progress);
	import.status = IMPORT_COMPLETED;
	import.started_ms = 1000;
	import.completed_ms = 3000;
	struct import_progress found = progress_of(&progress, &import, 0);
	assert_true(found.fraction == 1 && found.eta_seconds == 0 && found.records_per_second == 50);
	progress_release(&progress);
}

static void the_meter_of_what_moved_longest_ago_is_given_up(void **state)
{
	static struct progress progress;
	struct import import = import_of(50, 0, 0);

	(void)state;
	progress_init(&progress);
	import.no_embed = true;
	progress_stored(&progress, 7, 500, 50, 0);
	for (int64_t id = 100; id < 100 + METERS; id++)
		progress_stored(&progress, id, 500, 50, 0);
	assert_true(progress_of(&progress, &import, 500).records_per_second == 0);
	import.id = 100 + METERS - 1;
	assert_true(progress_of(&progress, &import, 500).records_per_second > 0);
	progress_release(&progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_known_before_it_moves),
		cmocka_unit_test(the_fraction_is_of_all_rows_expected),
		cmocka_unit_test(the_slower_stage_decides_how_long_it_takes),
		cmocka_unit_test(one_that_stands_still_gets_slower_and_its_end_unknown),
		cmocka_unit_test(one_that_has_ended_shows_what_it_took),
		cmocka_unit_test(the_meter_of_what_moved_longest_ago_is_given_up),
	};
	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
