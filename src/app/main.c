#include "app/config.h"
#include "app/serve.h"
#include "cli/check_command.h"
#include "cli/embed_command.h"

static const struct command commands[] = {
	{.name = "serve",
	 .summary = "Serve the API: uploads, records, search",
	 .options = serve_options,
	 .run = serve_run},
	{.name = "check",
	 .operands = "FILE",
	 .summary = "Validate a file, without a server; or propose a schema for it",
	 .details = "FILE is what an upload may be; '-' is standard input. The report goes to standard output.\n"
		    "Exit status: 0 all rows are valid, 1 some are not, 2 the file cannot be read.",
	 .options = check_command_options,
	 .run = check_command_run},
	{.name = "embed",
	 .summary = "Turn texts on standard input into vectors",
	 .details = "Each line of the input is a JSON string, or a JSON object with a string \"text\".",
	 .options = embed_command_options,
	 .run = embed_command_run},
	{0},
};

int main(int argc, char **argv)
{
	return command_run(commands, argc, argv);
}
