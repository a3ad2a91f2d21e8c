/* `rowmill embed`: NDJSON on standard input, vectors on standard output.
 *
 * Threads: starts its own workers, one a core. */
#ifndef ROWMILL_CLI_EMBED_COMMAND_H
#define ROWMILL_CLI_EMBED_COMMAND_H

#include "cli/command.h"

extern const struct option_spec embed_command_options[];

int embed_command_run(const struct options *options);

#endif
