/* One page of a search, whatever its mode: cursor, snapshot, coverage. */
#include "search/highlight.h"
#include "search/internal.h"

#include "base/banned.h"

static const struct search_method *const methods[SEARCH_MODE_COUNT] = {
	[SEARCH_LIST] = &search_list,
	[SEARCH_SEMANTIC] = &search_semantic,
	[SEARCH_KEYWORD] = &search_keyword,
	[SEARCH_HYBRID] = &search_hybrid,
};

const char *search_mode_name(enum search_mode mode)
{
	return methods[mode]->name;
}

/* Cursors of one search do not fit another: everything that changes the result counts. */
static uint64_t list_id(const struct search_request *request)
{
	struct strbuf conditions;

	strbuf_init(&conditions, SIZE_MAX / 2);
	strbuf_add_format(&conditions, "%d %lld %d %.9g ", (int)request->mode,
			  (long long)request->import_id, (int)request->status,
			  (double)request->min_score);
	strbuf_add_format(&conditions, "%lld ", request->by_vector ? (long long)request->record_id : 0LL);
	strbuf_add_slice(&conditions, request->conditions);
	strbuf_add_byte(&conditions, '\0');
	strbuf_add_slice(&conditions, request->query);
	uint64_t id = cursor_list_id("records", strbuf_slice(&conditions));
	strbuf_release(&conditions);
	return id;
}

static enum status open_cursor(struct page *page, struct error *err)
{
	if (!page->request->cursor.size)
		return STATUS_OK;
	page->has_cursor = true;
	if (cursor_parse(page->request->cursor, page->list_id, &page->cursor))
		return STATUS_OK;
	return error_set(err, STATUS_INVALID, "invalid-cursor",
			 "the cursor does not belong to this search; start again without it");
}

void page_write_next(struct page *page, int64_t last_id, float last_score, size_t passed)
{
	struct search_result *result = page->result;
	struct cursor next = {.id = last_id,
			      .score = last_score,
			      .offset = result->offset + (int64_t)passed,
			      .total = result->list.total};

	cursor_write(&next, page->list_id, &result->next);
}

/* The share of the valid records searched that have their vector. */
static enum status find_coverage(struct page *page, struct error *err)
{
	const struct store_backend *call = page->searcher->store->call;
	int64_t valid, embedded;
	enum status status = STATUS_OK;

	if (page->has_selection) {
		valid = (int64_t)page->valid_count;
		embedded = (int64_t)page->embedded_count;
	} else if (page->request->import_id) {
		struct import import;
		status = call->get_import(page->reader, page->request->import_id, page->arena,
					  &import, err);
		valid = status == STATUS_OK ? import.processed_records : 0;
		embedded = status == STATUS_OK ? import.embedded_records : 0;
		if (status == STATUS_NOT_FOUND)
			status = STATUS_OK; /* a condition that nothing meets */
	} else {
		struct store_stats stats;
		status = call->get_stats(page->reader, &stats, err);
		valid = status == STATUS_OK ? stats.records_valid : 0;
		embedded = status == STATUS_OK ? stats.records_embedded : 0;
	}
	page->result->embedding_coverage = valid ? (double)embedded / (double)valid : 1;
	return status;
}

static enum status highlight(struct page *page, struct error *err)
{
	struct search_result *result = page->result;
	const struct words *words = page_words(page, err);

	if (!words)
		return err->status;
	result->highlights = arena_alloc_zeroed(page->arena, result->list.count, sizeof *result->highlights);
	if (!result->highlights)
		return error_no_memory(err);
	for (size_t i = 0; i < result->list.count; i++)
		if (!highlight_record(result->list.records[i].data, words, page->arena, &result->highlights[i]))
			return error_no_memory(err);
	return STATUS_OK;
}

static struct column_condition condition_of(const struct search_request *request)
{
	static const enum selected_status status_of[] = {
		[RECORD_STATUS_ANY] = SELECT_ANY,
		[RECORD_STATUS_VALID] = SELECT_VALID,
		[RECORD_STATUS_INVALID] = SELECT_INVALID,
	};

	return (struct column_condition){.import_id = request->import_id,
					 .status = status_of[request->status],
					 .filter = request->filter};
}

/* What import, status and filter select, as the columns are now. */
static enum status select_records(struct page *page, struct error *err)
{
	const struct search_request *request = page->request;
	struct column_condition condition = condition_of(request);

	if (!request->filter && !request->sort_count && !request->facet_count)
		return STATUS_OK;
	enum status status = columns_view(page->searcher->columns, &page->result->view, err);
	if (status != STATUS_OK)
		return status;
	page->has_selection = column_select(&page->selection, page->result->view, &condition);
	if (!page->has_selection)
		return error_no_memory(err);
	page->valid_count = page->selection.valid_count;
	page->embedded_count = page->selection.embedded_count;
	return STATUS_OK;
}

static enum status run_page(struct page *page, struct error *err)
{
	const struct store_backend *call = page->searcher->store->call;
	const struct search_method *method = methods[page->request->mode];
	enum status status = open_cursor(page, err);

	if (status != STATUS_OK)
		return status;
	page->result->offset = page->has_cursor ? page->cursor.offset : page->request->offset;
	status = select_records(page, err);
	if (status == STATUS_OK && method->find)
		status = method->find(page, err);
	if (status == STATUS_OK)
		status = call->open_reader(page->searcher->store, &page->reader, err);
	if (status == STATUS_OK)
		status = find_coverage(page, err);
	if (status == STATUS_OK)
		status = method->fetch(page, err);
	if (status == STATUS_OK && page->request->facet_count)
		status = page_count_facets(page, err);
	if (status == STATUS_OK && page->request->highlight)
		status = highlight(page, err);
	call->close_reader(page->searcher->store, page->reader);
	return status;
}

enum status searcher_run(struct searcher *searcher, const struct search_request *request,
			 struct arena *arena, struct search_result *result, struct error *err)
{
	struct page page = {.searcher = searcher,
			    .request = request,
			    .result = result,
			    .arena = arena,
			    .list_id = list_id(request)};

	*result = (struct search_result){0};
	strbuf_init(&result->next, CURSOR_TEXT_MOST);
	enum status status = run_page(&page, err);
	column_selection_release(&page.selection);
	id_set_release(&page.ids);
	return status;
}

void search_result_release(struct search_result *result)
{
	strbuf_release(&result->next);
	column_view_release(result->view);
	result->view = NULL;
}

static bool copy_names(struct search_fields *fields, struct arena *arena)
{
	for (size_t i = 0; i < fields->count; i++)
		if (!arena_copy(arena, fields->names[i], &fields->names[i]))
			return false;
	return true;
}

enum status searcher_list_fields(struct searcher *searcher, const struct search_request *request, size_t most,
				 struct arena *arena, struct search_fields *fields, struct error *err)
{
	struct column_condition condition = condition_of(request);
	struct column_selection selection = {0};
	struct column_view *view;
	enum status status = columns_view(searcher->columns, &view, err);

	*fields = (struct search_fields){0};
	if (status != STATUS_OK)
		return status;
	if (!column_select(&selection, view, &condition) ||
	    !facet_list_fields(&selection, most, arena, &fields->names, &fields->count, &fields->left_out) ||
	    !copy_names(fields, arena))
		status = error_no_memory(err);
	column_selection_release(&selection);
	column_view_release(view);
	return status;
}
