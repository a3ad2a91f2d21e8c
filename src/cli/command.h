/* Subcommands: one static table is dispatcher and help.
 *
 * Every option has an environment variable, ROWMILL_ and its name in capitals (--upload-limit is
 * ROWMILL_UPLOAD_LIMIT); the command line goes first. --help and --version work everywhere.
 *
 * Threads: before any is started. */
#ifndef ROWMILL_CLI_COMMAND_H
#define ROWMILL_CLI_COMMAND_H

#include "base/slice.h"
#include "base/status.h"

enum { OPTIONS_MAX = 24, EXIT_USAGE = 2 };

struct option_spec {
	const char *name;        /* "port", without dashes */
	const char *placeholder; /* "N"; NULL: a flag without a value */
	const char *fallback;    /* shown in the help; NULL: none */
	const char *doc;
};

struct option_value {
	int which; /* index into specs */
	const char *value;
};

struct options {
	const struct option_spec *specs; /* ended by name NULL */
	const char *values[OPTIONS_MAX]; /* as given or from the environment; NULL: not given */
	struct option_value *given; /* in the order of the command line */
	int given_count;
	char **operands;
	int operand_count;
};

struct command {
	const char *name;
	const char *operands; /* "FILE…"; NULL: takes none */
	const char *summary;
	const char *details;  /* further lines of its help; NULL: none */
	const struct option_spec *options;
	int (*run)(const struct options *options); /* exit status */
};

/* Runs the command that argv names; returns its exit status, EXIT_USAGE for a wrong line. `commands` is ended by name NULL. */
int command_run(const struct command *commands, int argc, char **argv);

/* The value, or the spec's fallback. */
const char *option_text(const struct options *options, const char *name);
bool option_given(const struct options *options, const char *name);

/* The values of an option that may be given more than once: *at is 0 before the first; NULL behind the last. */
const char *option_next(const struct options *options, const char *name, int *at);

/* An integer from min to max; STATUS_INVALID says which option is wrong and how. */
enum status option_integer(const struct options *options, const char *name, int64_t min, int64_t max,
			   int64_t *value, struct error *err);

/* Prints "rowmill: …" on standard error where that is a terminal, else a line of the log; returns 1. */
int command_fail(const struct error *err);

#endif
