#include "import/renaming.h"

#include "base/banned.h"

enum status upload_options_renames(const struct upload_options *options, struct arena *arena,
				   struct column_rename **renames, struct error *err)
{
	*renames = arena_alloc_zeroed(arena, options->map_count, sizeof **renames);
	if (!*renames)
		return error_no_memory(err);
	for (size_t i = 0; i < options->map_count; i++)
		(*renames)[i] = (struct column_rename){
			.column = options->maps[i].column, .field = options->maps[i].field};
	return STATUS_OK;
}
