/* What map= says, as validation takes it.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_IMPORT_RENAMING_H
#define ROWMILL_IMPORT_RENAMING_H

#include "import/upload_options.h"
#include "validate/schema.h"

/* [options->map_count], in the arena; texts are borrowed from the options. */
enum status upload_options_renames(const struct upload_options *options, struct arena *arena,
				   struct column_rename **renames, struct error *err);

#endif
