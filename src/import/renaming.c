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

enum status renaming_tell_reader(const struct schema *schema, const struct column_rename *renames,
				 size_t count, struct arena *arena, struct reader_options *options,
				 struct error *err)
{
	size_t known;
	const struct slice *names = schema_known_columns(schema, &known);
	struct slice *all = arena_alloc_zeroed(arena, known + count, sizeof *all);

	if (!all)
		return error_no_memory(err);
	if (known)
		memcpy(all, names, known * sizeof *all);
	for (size_t i = 0; i < count; i++)
		all[known + i] = renames[i].column;
	options->known_fields = all;
	/* A schema without fields knows no header. */
	options->known_field_count = known ? known + count : 0;
	return STATUS_OK;
}
