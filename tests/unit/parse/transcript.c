#include "support.h"

#include "transcript.h"

#include <unistd.h>

static void add_escaped(struct strbuf *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		unsigned char byte = (unsigned char)bytes.data[i];
		if (byte < 0x20 || byte >= 0x7F)
			strbuf_add_format(out, "\\x%02X", byte);
		else
			strbuf_add_byte(out, (char)byte);
	}
}

static void add_data(struct strbuf *out, const struct record *record)
{
	struct json_writer json;

	json_writer_init(&json, out);
	record_write_data(record, &json);
}

static void add_brief(struct strbuf *out, const struct record *record)
{
	add_data(out, record);
	for (size_t i = 0; i < record->error_count; i++) {
		const struct cell_error *error = &record->errors[i];
		strbuf_add_format(out, " %s", error->code);
		if (error->field.size)
			strbuf_add_format(out, "(%.*s)", SLICE_ARG(error->field));
	}
	strbuf_add_byte(out, '\n');
}

static void add_full(struct strbuf *out, const struct record *record)
{
	struct json_writer json;

	strbuf_add_format(out, "row %zu line %zu byte %zu shape %d json %d raw ", (size_t)record->row,
			  (size_t)record->line, (size_t)record->byte, (int)record->shape,
			  record->from_json);
	add_escaped(out, record->raw);
	for (size_t i = 0; i < record->field_count; i++) {
		strbuf_add_byte(out, ' ');
		add_escaped(out, record->fields[i].name);
		strbuf_add_format(out, ":%d:", (int)record->fields[i].value.kind);
		add_escaped(out, record->fields[i].value.text);
	}
	strbuf_add_byte(out, ' ');
	json_writer_init(&json, out);
	record_write_errors(record, true, &json);
	strbuf_add_byte(out, '\n');
}

static void add_record(struct transcript *transcript, const struct record *record,
		       enum transcript_form form)
{
	if (form == BRIEF) {
		add_brief(&transcript->text, record);
		return;
	}
	add_full(&transcript->text, record);
	struct transcript_end end = {.byte = record->byte + record->raw.size,
				     .text = transcript->text.size};
	for (size_t i = 0; i < record->error_count; i++)
		end.unclosed |= strstr(record->errors[i].message.data, "never closed") != NULL;
	strbuf_add(&transcript->ends, &end, sizeof end);
}

static void read_records(struct transcript *transcript, struct reader *reader,
			 enum transcript_form form)
{
	struct batch batch;

	assert_true(batch_init(&batch, 7, 1 << 20));
	while ((transcript->status = reader_next(reader, &batch, &transcript->err)) == STATUS_OK) {
		assert_true(batch.count > 0);
		for (size_t i = 0; i < batch.count; i++) {
			transcript->errors += batch.records[i].error_count;
			add_record(transcript, &batch.records[i], form);
		}
		transcript->records += batch.count;
		batch_clear(&batch);
	}
	/* Records before a syntax error in the same batch. */
	for (size_t i = 0; i < batch.count && form == FULL; i++)
		add_record(transcript, &batch.records[i], form);
	batch_release(&batch);
}

void transcript_read(struct transcript *transcript, int fd, const struct reader_options *options,
		     enum transcript_form form)
{
	struct reader *reader;
	size_t count;

	*transcript = (struct transcript){0};
	strbuf_init(&transcript->text, 1u << 30);
	strbuf_init(&transcript->columns, 1u << 30);
	strbuf_init(&transcript->ends, 1u << 30);
	transcript->status = reader_open(fd, options, &reader, &transcript->err);
	if (transcript->status != STATUS_OK)
		return;
	transcript->format = reader_format(reader);
	transcript->dialect = *reader_dialect(reader);
	const struct slice *columns = reader_columns(reader, &count);
	for (size_t i = 0; i < count; i++)
		strbuf_add_format(&transcript->columns, "[%.*s]", SLICE_ARG(columns[i]));
	read_records(transcript, reader, form);
	transcript->dialect = *reader_dialect(reader);
	reader_close(reader);
	assert_true(strbuf_ok(&transcript->text));
}

void transcript_read_bytes(struct transcript *transcript, struct slice bytes,
			   const struct reader_options *options, enum transcript_form form)
{
	int fd = open_bytes(bytes);

	transcript_read(transcript, fd, options, form);
	close(fd);
}

void transcript_release(struct transcript *transcript)
{
	strbuf_release(&transcript->text);
	strbuf_release(&transcript->columns);
	strbuf_release(&transcript->ends);
}

void assert_records_at(struct slice bytes, const struct reader_options *options,
		       const char *expected, const char *file, int line)
{
	struct transcript transcript;

	transcript_read_bytes(&transcript, bytes, options, BRIEF);
	if (transcript.status != STATUS_END) {
		print_error("%s: %s\n", status_code(transcript.status), transcript.err.detail);
		_fail(file, line);
	}
	assert_slice_at(strbuf_slice(&transcript.text), expected, file, line);
	transcript_release(&transcript);
}
