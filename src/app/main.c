#include "app/config.h"
#include "app/serve.h"
#include "cli/embed_command.h"

static const struct command commands[] = {
	{.name = "serve",
	 .summary = "Serve the API: uploads, records, search",
	 .options = serve_options,
	 .run = serve_run},
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
