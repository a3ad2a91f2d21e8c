#include "cli/check_report.h"

#include "base/utf8.h"

#include <stdlib.h>

#include "base/banned.h"

enum { TEXTS_CAP = 8 << 20, MESSAGE_SIZE = 300 };

void check_report_init(struct check_report *report)
{
	*report = (struct check_report){0};
	arena_init(&report->arena, TEXTS_CAP);
}

void check_report_release(struct check_report *report)
{
	arena_release(&report->arena);
}

/* ---- counting ---- */

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct report_group *find_group(struct check_report *report, const struct cell_error *error)
{
	for (size_t i = 0; i < report->group_count; i++) {
		struct report_group *group = &report->groups[i];
		if (is_same(group->code, error->code) && is_same(group->constraint, error->constraint) &&
		    slice_equal(group->field, error->field))
			return group;
	}
	return NULL;
}

static bool add_example(struct check_report *report, struct report_group *group,
			const struct record *record, const struct cell_error *error)
{
	struct report_example *example = &group->examples[group->example_count];
	struct slice value = slice_of(error->value.data, utf8_floor(error->value, 4 * REPORT_VALUE_SIZE));
	struct slice message = slice_of(error->message.data, utf8_floor(error->message, MESSAGE_SIZE));

	*example = (struct report_example){.row = record->row,
					   .line = error->line,
					   .byte = error->byte,
					   .has_value = error->has_value};
	group->example_count++;
	return arena_copy(&report->arena, value, &example->value) &&
	       arena_copy(&report->arena, message, &example->message);
}

static bool add_error(struct check_report *report, const struct record *record,
		      const struct cell_error *error)
{
	struct report_group *group = find_group(report, error);

	if (!group && report->group_count == REPORT_GROUPS) {
		report->ungrouped++;
		return true;
	}
	if (!group) {
		group = &report->groups[report->group_count++];
		*group = (struct report_group){.code = error->code, .constraint = error->constraint};
		struct slice field = slice_of(error->field.data, utf8_floor(error->field, 1024));
		if (!arena_copy(&report->arena, field, &group->field))
			return false;
	}
	group->errors++;
	return group->example_count == REPORT_EXAMPLES || add_example(report, group, record, error);
}

bool check_report_add(struct check_report *report, const struct record *record)
{
	if (record_is_valid(record))
		report->valid++;
	else
		report->invalid++;
	for (size_t i = 0; i < record->error_count; i++)
		if (!add_error(report, record, &record->errors[i]))
			return false;
	return true;
}

/* The most frequent first, then in the order of their coming. */
static void sort_groups(const struct check_report *report, const struct report_group **sorted)
{
	for (size_t i = 0; i < report->group_count; i++) {
		size_t at = i;
		while (at > 0 && sorted[at - 1]->errors < report->groups[i].errors) {
			sorted[at] = sorted[at - 1];
			at--;
		}
		sorted[at] = &report->groups[i];
	}
}

/* ---- for people ---- */

/* Cut, and without what a terminal would act on. */
static void add_shown(struct strbuf *out, struct slice text)
{
	size_t count = 0;

	for (size_t at = 0; at < text.size; count++) {
		uint32_t c;
		size_t size = utf8_decode(text, at, &c);
		if (count == REPORT_VALUE_SIZE) {
			strbuf_add_string(out, "\xE2\x80\xA6");
			return;
		}
		if (!size)
			strbuf_add_string(out, "\xEF\xBF\xBD");
		else if (c == '\n' || c == '\r' || c == '\t')
			strbuf_add_string(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
		else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
			 (c >= 0x2066 && c <= 0x2069))
			strbuf_add_format(out, "\\u%04x", (unsigned)c);
		else
			strbuf_add(out, text.data + at, size);
		at += size ? size : utf8_damage_size(text, at);
	}
}

static void add_count(struct strbuf *out, uint64_t count, const char *one, const char *many)
{
	strbuf_add_format(out, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static void add_dialect(struct strbuf *out, const struct check_summary *summary)
{
	struct json_writer json;

	if (!summary->dialect)
		return;
	strbuf_add_format(out, "%s, read as ", file_format_name(summary->format));
	json_writer_init(&json, out);
	dialect_write_json(summary->dialect, &json);
	strbuf_add_byte(out, '\n');
}

static void add_group(struct strbuf *out, const struct report_group *group)
{
	strbuf_add_byte(out, '\n');
	add_shown(out, group->field.size ? group->field : SLICE("(row)"));
	strbuf_add_format(out, ": %s%s%s, ", group->code, group->constraint ? " " : "",
			  group->constraint ? group->constraint : "");
	add_count(out, group->errors, "error", "errors");
	strbuf_add_byte(out, '\n');
	for (size_t i = 0; i < group->example_count; i++) {
		const struct report_example *example = &group->examples[i];
		if (i == 0 || !slice_equal(example->message, group->examples[i - 1].message))
			strbuf_add_format(out, "  %.*s\n", SLICE_ARG(example->message));
		strbuf_add_format(out, "    row %llu, line %llu, byte %llu",
				  (unsigned long long)example->row, (unsigned long long)example->line,
				  (unsigned long long)example->byte);
		if (example->has_value) {
			strbuf_add_string(out, ": \"");
			add_shown(out, example->value);
			strbuf_add_byte(out, '"');
		}
		strbuf_add_byte(out, '\n');
	}
	if (group->errors > group->example_count) {
		strbuf_add_string(out, "    and ");
		strbuf_add_format(out, "%llu more\n",
				  (unsigned long long)(group->errors - group->example_count));
	}
}

void check_report_write_text(const struct check_report *report, const struct check_summary *summary,
			     struct strbuf *out)
{
	const struct report_group *sorted[REPORT_GROUPS];

	strbuf_add_format(out, "%s: ", summary->file);
	add_dialect(out, summary);
	if (summary->failure) {
		strbuf_add_format(out, "%snot readable: %s\n", summary->dialect ? "\n" : "",
				  summary->failure->detail);
		return;
	}
	add_count(out, report->valid + report->invalid, "row", "rows");
	strbuf_add_format(out, " against the schema %.*s: %llu valid, %llu invalid\n",
			  SLICE_ARG(summary->schema), (unsigned long long)report->valid,
			  (unsigned long long)report->invalid);
	sort_groups(report, sorted);
	for (size_t i = 0; i < report->group_count; i++)
		add_group(out, sorted[i]);
	if (report->ungrouped) {
		strbuf_add_string(out, "\nand ");
		add_count(out, report->ungrouped, "error", "errors");
		strbuf_add_string(out, " in further fields\n");
	}
}

/* ---- for programs ---- */

static void put_slice(struct json_writer *json, const char *name, struct slice text, bool given)
{
	json_put_member(json, name);
	if (given)
		json_put_string(json, text);
	else
		json_put_null(json);
}

static void put_failure(struct json_writer *json, const struct error *failure)
{
	json_put_member(json, "error");
	if (!failure) {
		json_put_null(json);
		return;
	}
	json_begin_object(json);
	json_put_text_member(json, "code", failure->code);
	json_put_text_member(json, "detail", failure->detail);
	if (failure->line) {
		json_put_int_member(json, "line", (int64_t)failure->line);
		json_put_int_member(json, "column", (int64_t)failure->column);
		json_put_int_member(json, "byte", (int64_t)failure->byte);
	}
	json_end_object(json);
}

static void put_group(struct json_writer *json, const struct report_group *group)
{
	json_begin_object(json);
	put_slice(json, "field", group->field, group->field.size > 0);
	json_put_text_member(json, "code", group->code);
	json_put_text_member(json, "constraint", group->constraint);
	json_put_int_member(json, "count", (int64_t)group->errors);
	json_put_member(json, "examples");
	json_begin_array(json);
	for (size_t i = 0; i < group->example_count; i++) {
		const struct report_example *example = &group->examples[i];
		json_begin_object(json);
		json_put_int_member(json, "row", (int64_t)example->row);
		json_put_int_member(json, "line", (int64_t)example->line);
		json_put_int_member(json, "byte", (int64_t)example->byte);
		put_slice(json, "value", example->value, example->has_value);
		put_slice(json, "message", example->message, true);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

void check_report_write_json(const struct check_report *report, const struct check_summary *summary,
			     struct strbuf *out)
{
	const struct report_group *sorted[REPORT_GROUPS];
	struct json_writer json;

	json_writer_init(&json, out);
	json_begin_object(&json);
	put_slice(&json, "file", slice_of_string(summary->file), true);
	put_slice(&json, "schema", summary->schema, true);
	json_put_text_member(&json, "format", summary->dialect ? file_format_name(summary->format) : NULL);
	json_put_member(&json, "dialect");
	if (summary->dialect)
		dialect_write_json(summary->dialect, &json);
	else
		json_put_null(&json);
	json_put_int_member(&json, "total_records", (int64_t)(report->valid + report->invalid));
	json_put_int_member(&json, "processed_records", (int64_t)report->valid);
	json_put_int_member(&json, "failed_records", (int64_t)report->invalid);
	put_failure(&json, summary->failure);
	json_put_member(&json, "groups");
	json_begin_array(&json);
	sort_groups(report, sorted);
	for (size_t i = 0; i < report->group_count; i++)
		put_group(&json, sorted[i]);
	json_end_array(&json);
	json_put_int_member(&json, "errors_in_further_groups", (int64_t)report->ungrouped);
	json_end_object(&json);
	strbuf_add_byte(out, '\n');
}
