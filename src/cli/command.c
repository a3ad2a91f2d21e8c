#include "cli/command.h"

#include "base/log.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

static void print_option(const struct option_spec *spec)
{
	char left[48];

	snprintf(left, sizeof left, "--%s%s%s", spec->name, spec->placeholder ? " " : "",
		 spec->placeholder ? spec->placeholder : "");
	printf("  %-26s %s", left, spec->doc);
	if (spec->fallback)
		printf(" (default: %s)", spec->fallback);
	putchar('\n');
}

static int print_command_help(const struct command *command)
{
	printf("%s\n\nusage: rowmill %s [options]%s%s\n", command->summary, command->name,
	       command->operands ? " " : "", command->operands ? command->operands : "");
	if (command->details)
		printf("\n%s\n", command->details);
	printf("\noptions:\n");
	for (const struct option_spec *spec = command->options; spec && spec->name; spec++)
		print_option(spec);
	printf("  %-26s %s\n", "--help", "show this");
	printf("\nEvery option has an environment variable: --db is ROWMILL_DB, --log-level ROWMILL_LOG_LEVEL.\n");
	return 0;
}

static int print_help(const struct command *commands)
{
	printf("Rowmill %s: files of records, checked, stored, and found by meaning.\n\n"
	       "usage: rowmill COMMAND [options]\n\ncommands:\n",
	       ROWMILL_VERSION);
	for (const struct command *command = commands; command->name; command++)
		printf("  %-10s %s\n", command->name, command->summary);
	printf("\n'rowmill COMMAND --help' explains a command; --version prints the version.\n");
	return 0;
}

__attribute__((format(printf, 1, 2))) static int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("rowmill: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return EXIT_USAGE;
}

static int find_option(const struct option_spec *specs, struct slice name)
{
	for (int i = 0; specs && specs[i].name; i++)
		if (slice_is(name, specs[i].name))
			return i;
	return -1;
}

static void read_environment(struct options *options)
{
	for (int i = 0; options->specs && options->specs[i].name; i++) {
		char variable[64];
		int size = snprintf(variable, sizeof variable, "ROWMILL_%s", options->specs[i].name);
		for (int at = 8; at < size && at < (int)sizeof variable - 1; at++) {
			if (variable[at] == '-')
				variable[at] = '_';
			else
				variable[at] = (char)(variable[at] & ~0x20);
		}
		const char *value = getenv(variable);
		if (value && *value)
			options->values[i] = value;
	}
}

static void keep_value(struct options *options, int which, const char *value)
{
	options->values[which] = value;
	options->given[options->given_count++] = (struct option_value){which, value};
}

/* Reads --name VALUE and --name=VALUE; what does not begin with "--" is an operand. Returns 0, or the
 * exit status of a wrong line. */
static int read_arguments(const struct command *command, struct options *options, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		struct slice argument = slice_of_string(argv[i]);
		if (!slice_starts_with(argument, SLICE("--")) || argument.size == 2) {
			if (!command->operands)
				return usage_error("'%s' takes no operand '%s'; see 'rowmill %s --help'",
						   command->name, argv[i], command->name);
			options->operands[options->operand_count++] = argv[i];
			continue;
		}
		size_t equals = slice_find(argument, '=', 2);
		int which = find_option(command->options, slice_of(argv[i] + 2, equals - 2));
		if (which < 0)
			return usage_error("there is no option '%s'; see 'rowmill %s --help'", argv[i],
					   command->name);
		bool is_flag = !command->options[which].placeholder;
		if (equals < argument.size && is_flag)
			return usage_error("option --%s takes no value", command->options[which].name);
		if (equals < argument.size)
			keep_value(options, which, argv[i] + equals + 1);
		else if (is_flag)
			keep_value(options, which, "yes");
		else if (i + 1 < argc)
			keep_value(options, which, argv[++i]);
		else
			return usage_error("option --%s needs a value", command->options[which].name);
	}
	return 0;
}

static bool has_argument(int argc, char **argv, const char *wanted)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], wanted) == 0)
			return true;
	return false;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = {.specs = command->options};

	if (has_argument(argc, argv, "--help") || has_argument(argc, argv, "-h"))
		return print_command_help(command);
	options.operands = calloc((size_t)argc + 1, sizeof *options.operands);
	options.given = calloc((size_t)argc + 1, sizeof *options.given);
	int result = options.operands && options.given ? 0 : usage_error("memory is exhausted");
	if (result == 0) {
		read_environment(&options);
		result = read_arguments(command, &options, argc, argv);
	}
	if (result == 0)
		result = command->run(&options);
	free(options.operands);
	free(options.given);
	return result;
}

int command_run(const struct command *commands, int argc, char **argv)
{
	if (argc >= 2 && has_argument(argc - 1, argv + 1, "--version")) {
		printf("rowmill %s\n", ROWMILL_VERSION);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help(commands);
		return argc < 2 ? EXIT_USAGE : 0;
	}
	for (const struct command *command = commands; command->name; command++)
		if (strcmp(argv[1], command->name) == 0)
			return run(command, argc - 2, argv + 2);
	return usage_error("there is no command '%s'; see 'rowmill --help'", argv[1]);
}

const char *option_text(const struct options *options, const char *name)
{
	int which = find_option(options->specs, slice_of_string(name));

	if (which < 0)
		return NULL;
	return options->values[which] ? options->values[which] : options->specs[which].fallback;
}

bool option_given(const struct options *options, const char *name)
{
	int which = find_option(options->specs, slice_of_string(name));

	return which >= 0 && options->values[which];
}

const char *option_next(const struct options *options, const char *name, int *at)
{
	int which = find_option(options->specs, slice_of_string(name));

	while (*at < options->given_count) {
		const struct option_value *given = &options->given[(*at)++];
		if (given->which == which)
			return given->value;
	}
	return NULL;
}

enum status option_integer(const struct options *options, const char *name, int64_t min, int64_t max,
			   int64_t *value, struct error *err)
{
	const char *text = option_text(options, name);

	if (text && slice_parse_int64(slice_of_string(text), value) && *value >= min && *value <= max)
		return STATUS_OK;
	return error_set(err, STATUS_INVALID, "invalid-option",
			 "--%s must be a whole number from %lld to %lld, not '%s'", name, (long long)min,
			 (long long)max, text ? text : "");
}

int command_fail(const struct error *err)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "rowmill: %s\n", err->detail);
	else
		log_error(LOG_EVENT("cannot go on"), LOG_ERR(err));
	return 1;
}
