/* `rowmill serve`: wires the rooms together and owns the process' lifetime.
 *
 * Threads: called from main, before any other is started. */
#ifndef ROWMILL_APP_SERVE_H
#define ROWMILL_APP_SERVE_H

#include "cli/command.h"

int serve_run(const struct options *options); /* exit status */

#endif
