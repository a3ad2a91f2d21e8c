/* `rowmill check FILE`: validates a file as an upload would, without server, database and model.
 *
 * Exit status: 0 all rows are valid, 1 some are not, 2 the file cannot be read (or the line is wrong).
 *
 * Threads: starts none. */
#ifndef ROWMILL_CLI_CHECK_COMMAND_H
#define ROWMILL_CLI_CHECK_COMMAND_H

#include "cli/command.h"

extern const struct option_spec check_command_options[];

int check_command_run(const struct options *options);

#endif
