/* Counts over all that a search finds. */
#include "search/internal.h"

#include "base/banned.h"

enum { NICE_BARS = 20 };

static enum status count_bars(struct page *page, const struct facet_request *request, struct facet_answer *answer,
			      struct error *err)
{
	double interval = request->interval;

	answer->numbers = facet_sum_numbers(&page->selection, request->field);
	answer->missing = page->selection.count - answer->numbers.count;
	if (interval == 0)
		interval = facet_nice_interval(answer->numbers.min, answer->numbers.max, NICE_BARS);
	switch (facet_count_bars(&page->selection, request->field, &answer->numbers, interval, page->arena,
				 &answer->histogram)) {
	case FACET_DONE:
		return STATUS_OK;
	case FACET_TOO_MANY_BARS:
		return error_set(err, STATUS_INVALID, "too-many-bars",
				 "the histogram of %.*s would have more than %d bars from %g to %g; choose a "
				 "larger interval",
				 SLICE_ARG(request->name), FACET_BARS_MOST, answer->numbers.min,
				 answer->numbers.max);
	case FACET_NO_MEMORY:
	default:
		return error_no_memory(err);
	}
}

static enum status count_one(struct page *page, struct facet_request *request, struct facet_answer *answer,
			     struct error *err)
{
	const struct column_selection *selection = &page->selection;

	switch (request->kind) {
	case FACET_VALUES:
		if (!facet_count_values(selection, request->field, request->limit, page->arena, &answer->values))
			return error_no_memory(err);
		answer->missing = selection->count - answer->values.filled;
		return STATUS_OK;
	case FACET_HISTOGRAM:
		return count_bars(page, request, answer, err);
	case FACET_RANGES: {
		struct facet_range any = {0};
		facet_count_ranges(selection, request->field, request->ranges, request->range_count);
		facet_count_ranges(selection, request->field, &any, 1);
		answer->missing = selection->count - any.count;
		return STATUS_OK;
	}
	case FACET_MEMBER:
		answer->valid = selection->valid_count;
		answer->invalid = selection->count - selection->valid_count;
		if (!request->by_status &&
		    !facet_count_member(selection, request->member, request->step_ms, page->arena,
					&answer->members, &answer->member_count))
			return error_no_memory(err);
		return STATUS_OK;
	}
	return STATUS_OK;
}

enum status page_count_facets(struct page *page, struct error *err)
{
	const struct search_request *request = page->request;
	enum status status = STATUS_OK;

	page->result->facets = arena_alloc_zeroed(page->arena, request->facet_count,
						  sizeof *page->result->facets);
	if (!page->result->facets)
		return error_no_memory(err);
	for (size_t i = 0; i < request->facet_count && status == STATUS_OK; i++)
		status = count_one(page, &request->facets[i], &page->result->facets[i], err);
	return status;
}
