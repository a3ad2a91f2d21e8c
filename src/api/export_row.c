#include "api/export_row.h"

#include "base/clock.h"
#include "base/json_writer.h"
#include "parse/reader.h"

#include <math.h>

#include "base/banned.h"

static const char *const members[] = {"_id", "_import_id", "_row", "_status", "_created_at", "_errors"};

/* -1.5e3, +33: digits with a sign, a point, an exponent, and nothing else. */
static bool is_number(struct slice text)
{
	size_t at = 0, digits = 0;

	if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
		at++;
	for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++)
		digits++;
	if (at < text.size && text.data[at] == '.')
		for (at++; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++)
			digits++;
	if (!digits)
		return false;
	if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
		at++;
		if (at < text.size && (text.data[at] == '-' || text.data[at] == '+'))
			at++;
		digits = 0;
		for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++)
			digits++;
	}
	return digits && at == text.size;
}

bool export_is_formula(struct slice text)
{
	static const char *const starts[] = {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (slice_starts_with(text, slice_of_string(starts[i])))
			return !is_number(text);
	return false;
}

/* RFC 4180; also what a spreadsheet of another locale would split at is quoted. */
static bool needs_quotes(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (memchr(",;|\t\"\r\n", text.data[i], 7))
			return true;
	return text.size && (text.data[0] == ' ' || text.data[text.size - 1] == ' ');
}

static void write_cell(struct slice text, bool escape, struct strbuf *out)
{
	bool formula = escape && export_is_formula(text);

	if (!needs_quotes(text)) {
		if (formula)
			strbuf_add_byte(out, '\'');
		strbuf_add_slice(out, text);
		return;
	}
	strbuf_add_byte(out, '"');
	if (formula)
		strbuf_add_byte(out, '\'');
	for (size_t from = 0; from < text.size;) {
		size_t quote = slice_find(text, '"', from);
		strbuf_add(out, text.data + from, quote - from);
		if (quote < text.size)
			strbuf_add_string(out, "\"\"");
		from = quote + 1;
	}
	strbuf_add_byte(out, '"');
}

void export_write_header(const struct export_columns *columns, struct strbuf *out)
{
	for (size_t i = 0; i < columns->field_count; i++) {
		write_cell(columns->fields[i], columns->escape_formulas, out);
		strbuf_add_byte(out, ',');
	}
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		strbuf_add_format(out, "%s%s", i ? "," : "", members[i]);
	strbuf_add_string(out, columns->with_score ? ",_score\r\n" : "\r\n");
}

static void write_value(struct value value, bool escape, struct strbuf *out)
{
	if (value.kind == VALUE_NULL)
		return;
	/* Only texts can be formulas: an array or object begins with a bracket. */
	write_cell(value.text, escape && value.kind == VALUE_STRING, out);
}

/* Fields stand in most records where they stood in the one before. */
static const struct field *find_field(const struct record *record, struct slice name, size_t hint)
{
	if (hint < record->field_count && slice_equal(record->fields[hint].name, name))
		return &record->fields[hint];
	size_t at = record_find_field(record, name);
	return at < record->field_count ? &record->fields[at] : NULL;
}

bool export_write_row(const struct export_columns *columns, const struct stored_record *record, float score,
		      struct arena *scratch, struct strbuf *out)
{
	char created[CLOCK_TEXT_SIZE];
	struct record read = {0};
	enum status status = json_read_record(record->data, scratch, &read, NULL);

	if (status == STATUS_NO_MEMORY || status == STATUS_TOO_LARGE)
		return false;
	for (size_t i = 0; i < columns->field_count; i++) {
		const struct field *field = find_field(&read, columns->fields[i], i);
		if (field)
			write_value(field->value, columns->escape_formulas, out);
		strbuf_add_byte(out, ',');
	}
	clock_format(record->created_ms, created);
	strbuf_add_format(out, "%lld,%lld,%lld,%s,%s,", (long long)record->id, (long long)record->import_id,
			  (long long)record->row, record->valid ? "valid" : "invalid", created);
	write_cell(record->error_message, columns->escape_formulas, out);
	if (columns->with_score && isfinite(score))
		strbuf_add_format(out, ",%.9g", (double)score);
	else if (columns->with_score)
		strbuf_add_byte(out, ',');
	strbuf_add_string(out, "\r\n");
	return strbuf_ok(out);
}
