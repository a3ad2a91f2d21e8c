/* What map= says, as validation and the reader take it.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_IMPORT_RENAMING_H
#define ROWMILL_IMPORT_RENAMING_H

#include "import/upload_options.h"
#include "parse/reader.h"
#include "validate/schema.h"

/* [options->map_count], in the arena; texts are borrowed from the options. */
enum status upload_options_renames(const struct upload_options *options, struct arena *arena,
				   struct column_rename **renames, struct error *err);

/* Tells the reader every name by which a column may be known, so that it finds the header; the list is in
 * the arena, its texts are the schema's and the renames'. */
enum status renaming_tell_reader(const struct schema *schema, const struct column_rename *renames,
				 size_t count, struct arena *arena, struct reader_options *options,
				 struct error *err);

#endif
