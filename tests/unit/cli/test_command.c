#include "support.h"

#include "cli/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
	const char *name, *speed;
	bool loud;
	int operands;
	int64_t number;
	enum status number_status;
	struct error err;
} seen;

static int run_greet(const struct options *options)
{
	seen.name = option_text(options, "name");
	seen.speed = option_text(options, "top-speed");
	seen.loud = option_given(options, "loud");
	seen.operands = options->operand_count;
	seen.number_status = option_integer(options, "top-speed", 1, 100, &seen.number, &seen.err);
	return 7;
}

static const struct option_spec greet_options[] = {
	{"name", "NAME", "you", "whom to greet"},
	{"top-speed", "N", "10", "how fast"},
	{"loud", NULL, NULL, "shout"},
	{0},
};

static const struct command commands[] = {
	{.name = "greet", .operands = "FILE…", .summary = "Greets", .options = greet_options, .run = run_greet},
	{.name = "mute", .summary = "Takes nothing", .run = run_greet},
	{0},
};

static int run(const char *const *words)
{
	char *argv[16] = {(char *)"rowmill"};
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	/* What it prints is for people, and would stand among this program's own lines. */
	fflush(stdout);
	int kept = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
	dup2(nowhere, STDOUT_FILENO);
	int status = command_run(commands, argc, argv);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(nowhere);
	return status;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void options_are_read_in_both_spellings(void **state)
{
	(void)state;
	assert_int_equal(RUN("greet", "--name", "Ann", "a.csv", "--loud", "--top-speed=42", "b.csv"), 7);
	assert_string_equal(seen.name, "Ann");
	assert_true(seen.loud);
	assert_int_equal(seen.operands, 2);
	assert_int_equal(seen.number, 42);
}

static void what_is_not_given_is_the_fallback(void **state)
{
	(void)state;
	assert_int_equal(RUN("greet"), 7);
	assert_string_equal(seen.name, "you");
	assert_false(seen.loud);
	assert_int_equal(seen.number, 10);
}

static void the_environment_stands_in_and_the_command_line_goes_first(void **state)
{
	(void)state;
	setenv("ROWMILL_TOP_SPEED", "55", 1);
	assert_int_equal(RUN("greet"), 7);
	assert_string_equal(seen.speed, "55");
	assert_int_equal(RUN("greet", "--top-speed", "66"), 7);
	assert_string_equal(seen.speed, "66");
	unsetenv("ROWMILL_TOP_SPEED");
}

static void a_wrong_line_is_refused_with_its_own_status(void **state)
{
	(void)state;
	assert_int_equal(RUN("greet", "--nmae", "Ann"), EXIT_USAGE);
	assert_int_equal(RUN("greet", "--name"), EXIT_USAGE);
	assert_int_equal(RUN("greet", "--loud=yes"), EXIT_USAGE);
	assert_int_equal(RUN("mute", "a.csv"), EXIT_USAGE);
	assert_int_equal(RUN("sing"), EXIT_USAGE);
	assert_int_equal(run((const char *const[]){NULL}), EXIT_USAGE);
}

static void help_and_version_are_asked_for_anywhere(void **state)
{
	(void)state;
	assert_int_equal(RUN("--help"), 0);
	assert_int_equal(RUN("greet", "--help"), 0);
	assert_int_equal(RUN("greet", "--name", "Ann", "--help"), 0);
	assert_int_equal(RUN("greet", "--version"), 0);
}

static void integers_are_held_to_their_range(void **state)
{
	static const char *const wrong[] = {"0", "101", "ten", "1.5", "99999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(RUN("greet", "--top-speed", wrong[i]), 7);
		assert_int_equal(seen.number_status, STATUS_INVALID);
		assert_non_null(strstr(seen.err.detail, "--top-speed"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_read_in_both_spellings),
		cmocka_unit_test(what_is_not_given_is_the_fallback),
		cmocka_unit_test(the_environment_stands_in_and_the_command_line_goes_first),
		cmocka_unit_test(a_wrong_line_is_refused_with_its_own_status),
		cmocka_unit_test(help_and_version_are_asked_for_anywhere),
		cmocka_unit_test(integers_are_held_to_their_range),
	};
	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
