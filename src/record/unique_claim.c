#include "record/unique_claim.h"

#include "record/record.h"

#include <stdio.h>

#include "base/banned.h"

bool unique_claim_add_error(struct record *record, struct arena *arena,
			    const struct unique_claim *claim, uint64_t holder_row)
{
	char text[160];
	struct slice message;

	snprintf(text, sizeof text,
		 "This field must be unique, and row %llu has the value already. Correct one of the two rows.",
		 (unsigned long long)holder_row);
	struct cell_error *error = record_add_error(record, arena);
	if (!error || !arena_copy(arena, slice_of_string(text), &message))
		return false;
	*error = (struct cell_error){
		.field = claim->field,
		.code = "unique-error",
		.constraint = "unique",
		.message = message,
		.value = claim->value,
		.has_value = true,
		.line = claim->line,
		.byte = claim->byte,
	};
	return true;
}
