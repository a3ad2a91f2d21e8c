#include "search/profile.h"

#include "search/internal.h"

#include "base/banned.h"

enum { NICE_BARS = 20 };

static const int64_t HOUR_MS = 3600000, DAY_MS = 24 * 3600000;

/* An upper bound of the different values of a field. */
static uint64_t most_distinct(const struct column_view *view, struct slice field)
{
	uint64_t count = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct column *column = segment_column(view->segments[i], field);
		count += column ? column->distinct : 0;
	}
	return count;
}

/* Whether most of the values that were seen are addresses. */
static bool looks_like_addresses(const struct column_view *view, struct slice field)
{
	uint32_t seen = 0, addresses = 0;

	for (size_t i = 0; i < view->count && seen < 20; i++) {
		const struct column *column = segment_column(view->segments[i], field);
		for (uint32_t code = 1; column && code <= column->distinct && seen < 20; code++) {
			struct slice key = column_key(column, code);
			seen++;
			addresses += key_kind_of(key) == KEY_STRING && slice_find(key, '@', 0) < key.size;
		}
	}
	return seen && 2 * addresses > seen;
}

static bool profile_field(const struct column_selection *selection, struct arena *arena,
			  struct field_profile *field)
{
	field->filled = facet_count_filled(selection, field->name);
	field->counted = most_distinct(selection->view, field->name) <= PROFILE_DISTINCT_MOST;
	if (field->counted &&
	    !facet_count_values(selection, field->name, PROFILE_VALUES, arena, &field->values))
		return false;
	if (looks_like_addresses(selection->view, field->name) &&
	    !facet_count_domains(selection, field->name, PROFILE_VALUES, arena, &field->domains))
		return false;
	field->numbers = facet_sum_numbers(selection, field->name);
	double interval = facet_nice_interval(field->numbers.min, field->numbers.max, NICE_BARS);
	return facet_count_bars(selection, field->name, &field->numbers, interval, arena, &field->histogram) !=
	       FACET_NO_MEMORY;
}

static bool profile_all(const struct column_selection *selection, struct arena *arena, struct profile *profile)
{
	struct slice *names;

	if (!facet_list_fields(selection, PROFILE_FIELDS_MOST, arena, &names, &profile->field_count,
			       &profile->left_out))
		return false;
	profile->fields = arena_alloc_zeroed(arena, profile->field_count, sizeof *profile->fields);
	for (size_t i = 0; i < profile->field_count; i++) {
		if (!profile->fields)
			return false;
		profile->fields[i].name = names[i];
		if (!profile_field(selection, arena, &profile->fields[i]))
			return false;
	}
	return facet_count_member(selection, MEMBER_CREATED, DAY_MS, arena, &profile->days, &profile->day_count) &&
	       facet_count_member(selection, MEMBER_CREATED, HOUR_MS, arena, &profile->hours,
				  &profile->hour_count);
}

static enum status add_errors(struct searcher *searcher, struct arena *arena, struct profile *profile,
			      struct error *err)
{
	struct store_reader *reader = NULL;
	struct field_errors *errors;
	size_t count = 0;
	enum status status = searcher->store->call->open_reader(searcher->store, &reader, err);

	if (status == STATUS_OK)
		status = searcher->store->call->count_field_errors(reader, arena, &errors, &count, err);
	searcher->store->call->close_reader(searcher->store, reader);
	for (size_t i = 0; status == STATUS_OK && i < count; i++)
		for (size_t j = 0; j < profile->field_count; j++)
			if (slice_equal(profile->fields[j].name, errors[i].field))
				profile->fields[j].errors = errors[i].count;
	return status;
}

enum status searcher_profile(struct searcher *searcher, struct arena *arena, struct profile *profile,
			     struct error *err)
{
	struct column_condition all = {0};
	struct column_selection selection = {0};

	*profile = (struct profile){.column_bytes = columns_size(searcher->columns),
				    .vectors = vector_index_count(searcher->index)};
	enum status status = columns_view(searcher->columns, &profile->view, err);
	if (status != STATUS_OK)
		return status;
	if (!column_select(&selection, profile->view, &all) || !profile_all(&selection, arena, profile))
		status = error_no_memory(err);
	profile->records = selection.count;
	profile->valid = selection.valid_count;
	profile->embedded = selection.embedded_count;
	column_selection_release(&selection);
	return status == STATUS_OK ? add_errors(searcher, arena, profile, err) : status;
}

uint64_t searcher_columns_version(struct searcher *searcher)
{
	return columns_version(searcher->columns);
}
