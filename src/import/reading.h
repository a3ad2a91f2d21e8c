/* How a file is to be read, from what its sender says.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_IMPORT_READING_H
#define ROWMILL_IMPORT_READING_H

#include "import/upload_options.h"
#include "parse/reader.h"

/* Fills what a sender may say into *options (zeroed, or with other members set), whose slices are
 * those of `upload`. STATUS_INVALID where an option is not understood or does not go with another;
 * *param is its name. */
enum status reading_options(const struct upload_options *upload, struct reader_options *options,
			    const char **param, struct error *err);

#endif
