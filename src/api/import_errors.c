/* GET /api/imports/{id}/errors. */
#include "api/internal.h"

#include "base/banned.h"

/* The stored object holds field, code, constraint, message, value, line and byte. */
static void write_cell_error(struct json_writer *json, const struct stored_error *error, bool loose)
{
	struct strbuf *out = json->out;

	json_begin_object(json);
	json_put_int_member(json, "row", error->row);
	if (error->json.size > 2) {
		strbuf_add_byte(out, ',');
		strbuf_add(out, error->json.data + 1, error->json.size - 2);
	}
	json_put_member(json, "record_id");
	if (loose)
		json_put_null(json);
	else
		json_put_int(json, error->record_id);
	json_end_object(json);
}

static void write_groups(struct json_writer *json, const struct error_group *groups, size_t count)
{
	json_put_member(json, "groups");
	json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		json_begin_object(json);
		json_put_member(json, "field");
		if (groups[i].field.size)
			json_put_string(json, groups[i].field);
		else
			json_put_null(json);
		json_put_member(json, "code");
		json_put_string(json, groups[i].code);
		json_put_int_member(json, "count", groups[i].count);
		json_end_object(json);
	}
	json_end_array(json);
}

static bool open_page(struct api_call *call, struct error_query *query, struct list_page *page)
{
	struct strbuf conditions;

	*query = (struct error_query){.import_id = call->id};
	if (param_given(call, "field"))
		query->field = param_text(call, "field");
	if (param_given(call, "code"))
		query->code = param_text(call, "code");
	strbuf_init(&conditions, 4096);
	strbuf_add_format(&conditions, "%lld", (long long)call->id);
	for (int i = 0; i < 2; i++) {
		struct slice condition = i ? query->code : query->field;
		strbuf_add_byte(&conditions, condition.data ? '=' : '*');
		strbuf_add_slice(&conditions, condition);
		strbuf_add_byte(&conditions, '\0');
	}
	bool opened = list_page_open(call, "errors", strbuf_slice(&conditions), page);
	strbuf_release(&conditions);
	query->page = page->query;
	if (opened && (query->field.data || query->code.data) && query->page.offset > ERROR_OFFSET_MOST) {
		add_param_error(call, "query", SLICE("offset"), "out-of-range",
				"reaches at most %d errors of a filtered list; use cursor",
				ERROR_OFFSET_MOST);
		problem_params(call);
		return false;
	}
	return opened;
}

void handle_import_errors(struct api_call *call)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct error_query query;
	struct error_list list;
	struct error_group *groups;
	size_t group_count;
	struct list_page page;
	struct answer answer;
	struct error err;

	if (!open_page(call, &query, &page))
		return;
	enum status status = store->call->open_reader(store, &reader, &err);
	if (status == STATUS_OK)
		status = store->call->list_errors(reader, &query, call->arena, &list, &err);
	if (status == STATUS_OK)
		status = store->call->list_error_groups(reader, call->id, call->arena, &groups,
							&group_count, &err);
	store->call->close_reader(store, reader);
	if (status != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	answer_begin(&answer);
	json_put_member(&answer.json, "errors");
	json_begin_array(&answer.json);
	for (size_t i = 0; i < list.count; i++)
		write_cell_error(&answer.json, &list.errors[i], list.loose);
	json_end_array(&answer.json);
	write_groups(&answer.json, groups, group_count);
	list_page_write(call, &answer.json, &page, list.total, list.count,
			list.count ? error_place(&list.errors[list.count - 1]) : 0, list.more);
	answer_send(&answer, call, 200);
}
