#include "cli/check_command.h"

#include "cli/check_report.h"
#include "import/proposal.h"
#include "import/renaming.h"
#include "store/claim_book.h"
#include "validate/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

enum { EXIT_VALID, EXIT_INVALID, EXIT_UNREADABLE, BATCH_RECORDS = 1000, BATCH_BYTES = 4 << 20, REPORT_CAP = 16 << 20 };

const struct option_spec check_command_options[] = {
	{"schema", "NAME|FILE", "people", "a built-in schema, or a file with a Table Schema document"},
	{"map", "HEADER:FIELD", NULL, "a column of the file, and the schema's field that it is; may be repeated"},
	{"output", "text|json", "text", "how the report is written"},
	{"propose", NULL, NULL, "instead of checking, propose a schema for the file"},
	{"rows", "N", "5000", "rows that --propose looks at"},
	{"format", "NAME", NULL, "csv, tsv, json, ndjson or xlsx; otherwise told by content"},
	{"delimiter", "CHAR", NULL, "what divides cells; otherwise detected"},
	{"quote", "CHAR", NULL, "what encloses cells, or none; otherwise detected"},
	{"escape", "CHAR", NULL, "what makes the next character an ordinary one; otherwise quotes are doubled"},
	{"encoding", "NAME", NULL, "a WHATWG label or an iconv name; otherwise guessed"},
	{"header", "true|false", "true", "whether the first row names the columns"},
	{"skip", "LINES", NULL, "lines before the header to be skipped"},
	{"sheet", "NAME", NULL, "sheet of a workbook, by name or number; otherwise the first"},
	{0},
};

/* A check under way. */
struct check {
	const struct options *options;
	const char *path;
	int fd;
	struct arena arena; /* lives as long as the check */
	const struct schema *schema;
	struct column_rename *renames;
	size_t rename_count;
	struct reader_options reading;
	struct reader *reader;
	struct validator *validator;
	struct claim_book *book; /* NULL: no field is unique */
	struct batch batch;
	struct check_report report;
	bool columns_checked;
};

static void check_release(struct check *check)
{
	reader_close(check->reader);
	validator_free(check->validator);
	claim_book_close(check->book);
	batch_release(&check->batch);
	check_report_release(&check->report);
	schema_release(check->schema);
	arena_release(&check->arena);
	if (check->fd > STDIN_FILENO)
		close(check->fd);
	free(check);
}

/* ---- what is asked ---- */

static enum status open_path(const char *path, int *fd, struct error *err)
{
	struct stat info;

	if (strcmp(path, "-") == 0) {
		*fd = STDIN_FILENO;
		return STATUS_OK;
	}
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return error_set(err, STATUS_IO, NULL, "'%s' cannot be opened: %s", path, strerror(errno));
	if (fstat(*fd, &info) == 0 && S_ISDIR(info.st_mode))
		return error_set(err, STATUS_IO, NULL, "'%s' is a folder; name a file in it", path);
	return STATUS_OK;
}

static enum status read_document(const char *path, struct strbuf *document, struct error *err)
{
	char piece[16 * 1024];
	int fd;
	enum status status = open_path(path, &fd, err);
	ssize_t size = 1;

	while (status == STATUS_OK && size > 0 && strbuf_ok(document)) {
		size = read(fd, piece, sizeof piece);
		if (size < 0)
			status = error_set(err, STATUS_IO, NULL, "'%s' cannot be read: %s", path, strerror(errno));
		else
			strbuf_add(document, piece, (size_t)size);
	}
	if (fd > STDIN_FILENO)
		close(fd);
	if (status == STATUS_OK && !strbuf_ok(document))
		return error_set(err, STATUS_TOO_LARGE, NULL, "'%s' is longer than a schema may be (%d bytes)", path,
				 SCHEMA_DOCUMENT_MAX);
	return status;
}

/* Lines "PLACE: what is wrong" on standard error, for each fault of the document. */
static void print_faults(const char *path, const struct schema_faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		fprintf(stderr, "rowmill: %s: %.*s%s%.*s\n", path, SLICE_ARG(faults->list[i].place),
			faults->list[i].place.size ? ": " : "", SLICE_ARG(faults->list[i].message));
}

static enum status find_schema(struct check *check, struct error *err)
{
	const char *name = option_text(check->options, "schema");
	struct schema_faults faults = {.arena = &check->arena};
	struct strbuf document;

	check->schema = schema_builtin(slice_of_string(name));
	if (check->schema)
		return STATUS_OK;
	strbuf_init(&document, SCHEMA_DOCUMENT_MAX);
	enum status status = read_document(name, &document, err);
	if (status == STATUS_OK) {
		status = schema_parse(slice_of_string(name), strbuf_slice(&document), &check->schema, &faults, err);
		if (status == STATUS_INVALID)
			print_faults(name, &faults);
	}
	strbuf_release(&document);
	return status;
}

static enum status read_maps(struct check *check, struct error *err)
{
	struct column_map map;
	const char *text;
	enum status status = STATUS_OK;

	check->renames = arena_alloc_zeroed(&check->arena, (size_t)check->options->given_count + 1,
					    sizeof *check->renames);
	if (!check->renames)
		return error_no_memory(err);
	for (int at = 0; status == STATUS_OK && (text = option_next(check->options, "map", &at));) {
		status = column_map_parse(slice_of_string(text), &map, err);
		check->renames[check->rename_count++] =
			(struct column_rename){.column = map.column, .field = map.field};
	}
	return status == STATUS_OK
		       ? schema_check_renames(check->schema, check->renames, check->rename_count, err)
		       : status;
}

static enum status read_reading(const struct options *options, struct reader_options *reading,
				struct error *err)
{
	struct reader_words words = {.skip = -1};
	struct slice header = slice_of_string(option_text(options, "header")), *text;
	const char *word;
	enum status status = STATUS_OK;

	if (!slice_is(header, "true") && !slice_is(header, "false"))
		return error_set(err, STATUS_INVALID, NULL, "--header must be true or false");
	words.no_header = slice_is(header, "false");
	for (size_t i = 0; (text = reader_words_text(&words, i, &word)); i++)
		*text = slice_of_string(option_text(options, word));
	if (option_given(options, "skip"))
		status = option_integer(options, "skip", 0, 1000000, &words.skip, err);
	if (status == STATUS_OK)
		status = reader_options_read(&words, reading, &word, err);
	return status;
}

/* ---- checking ---- */

static enum status check_open(struct check *check, struct error *err)
{
	check->validator = validator_new(check->schema);
	if (!check->validator || !batch_init(&check->batch, BATCH_RECORDS, BATCH_BYTES))
		return error_no_memory(err);
	enum status status = renaming_tell_reader(check->schema, check->renames, check->rename_count,
						  &check->arena, &check->reading, err);
	if (status == STATUS_OK && check->rename_count)
		status = validator_rename(check->validator, check->renames, check->rename_count, err);
	if (status == STATUS_OK && schema_has_unique(check->schema))
		status = claim_book_open(&check->book, err);
	return status == STATUS_OK ? reader_open(check->fd, &check->reading, &check->reader, err) : status;
}

static enum status check_columns(struct check *check, struct error *err)
{
	size_t count;
	const struct slice *columns = reader_columns(check->reader, &count);

	if (check->columns_checked || !columns)
		return STATUS_OK;
	check->columns_checked = true;
	return validator_check_columns(check->validator, columns, count, err);
}

static enum status decide_claims(struct check *check, struct record *record, struct error *err)
{
	for (size_t i = 0; i < record->claim_count; i++) {
		const struct unique_claim *claim = &record->claims[i];
		uint64_t holder;
		enum status status = claim_book_take(check->book, claim, record->row, &holder, err);
		if (status != STATUS_OK)
			return status;
		if (holder != record->row && !unique_claim_add_error(record, &check->batch.arena, claim, holder))
			return error_no_memory(err);
	}
	return STATUS_OK;
}

static enum status check_batch(struct check *check, struct error *err)
{
	for (size_t i = 0; i < check->batch.count; i++) {
		struct record *record = &check->batch.records[i];
		enum status status = validator_check(check->validator, record, &check->batch.arena, err);
		if (status == STATUS_OK)
			status = decide_claims(check, record, err);
		if (status != STATUS_OK)
			return status;
		if (!check_report_add(&check->report, record))
			return error_no_memory(err);
	}
	return STATUS_OK;
}

static enum status check_rows(struct check *check, struct error *err)
{
	for (;;) {
		batch_clear(&check->batch);
		enum status status = reader_next(check->reader, &check->batch, err);
		enum status columns = status == STATUS_OK || status == STATUS_END ? check_columns(check, err) : status;
		if (columns != STATUS_OK)
			return columns;
		if (status == STATUS_END)
			return STATUS_OK;
		status = check_batch(check, err);
		if (status != STATUS_OK)
			return status;
	}
}

/* ---- answers ---- */

static int print(const struct strbuf *out)
{
	if (!strbuf_ok(out) || fwrite(out->data, 1, out->size, stdout) != out->size || fflush(stdout) != 0) {
		fputs("rowmill: the report cannot be written\n", stderr);
		return EXIT_UNREADABLE;
	}
	return EXIT_VALID;
}

static int fail(const struct error *err)
{
	fprintf(stderr, "rowmill: %s\n", err->detail);
	return EXIT_UNREADABLE;
}

static int print_report(struct check *check, enum status status, const struct error *err)
{
	struct check_summary summary = {
		.file = check->path,
		.schema = schema_name(check->schema),
		.failure = status == STATUS_OK ? NULL : err,
	};
	struct strbuf out;

	if (check->reader) {
		summary.format = reader_format(check->reader);
		summary.dialect = reader_dialect(check->reader);
	}
	strbuf_init(&out, REPORT_CAP);
	if (strcmp(option_text(check->options, "output"), "json") == 0)
		check_report_write_json(&check->report, &summary, &out);
	else
		check_report_write_text(&check->report, &summary, &out);
	int result = print(&out);
	strbuf_release(&out);
	if (result != EXIT_VALID || status != STATUS_OK)
		return EXIT_UNREADABLE;
	return check->report.invalid ? EXIT_INVALID : EXIT_VALID;
}

static int propose(struct check *check)
{
	struct strbuf out;
	struct json_writer json;
	struct error err;
	int64_t rows;
	int result;

	strbuf_init(&out, SCHEMA_DOCUMENT_MAX);
	json_writer_init(&json, &out);
	enum status status = option_integer(check->options, "rows", 1, PROPOSAL_ROWS_MAX, &rows, &err);
	if (status == STATUS_OK)
		status = proposal_write(check->fd, &check->reading, (uint64_t)rows, &json, &err);
	strbuf_add_byte(&out, '\n');
	result = status == STATUS_OK ? print(&out) : fail(&err);
	strbuf_release(&out);
	return result;
}

static enum status prepare(struct check *check, struct error *err)
{
	const char *output = option_text(check->options, "output");
	enum status status = STATUS_OK;

	arena_init(&check->arena, 64 << 20);
	check_report_init(&check->report);
	if (check->options->operand_count != 1)
		return error_set(err, STATUS_INVALID, NULL, "name one file; see 'rowmill check --help'");
	check->path = check->options->operands[0];
	if (strcmp(output, "text") != 0 && strcmp(output, "json") != 0)
		return error_set(err, STATUS_INVALID, NULL, "--output must be text or json, not '%s'", output);
	status = find_schema(check, err);
	if (status == STATUS_OK)
		status = read_maps(check, err);
	if (status == STATUS_OK)
		status = read_reading(check->options, &check->reading, err);
	return status == STATUS_OK ? open_path(check->path, &check->fd, err) : status;
}

int check_command_run(const struct options *options)
{
	struct check *check = calloc(1, sizeof *check);
	struct error err = {0};
	int result;

	if (!check) {
		error_no_memory(&err);
		return fail(&err);
	}
	check->options = options;
	check->fd = -1;
	enum status status = prepare(check, &err);
	if (status != STATUS_OK) {
		result = fail(&err);
	} else if (option_given(options, "propose")) {
		result = propose(check);
	} else {
		status = check_open(check, &err);
		if (status == STATUS_OK)
			status = check_rows(check, &err);
		result = print_report(check, status, &err);
	}
	check_release(check);
	return result;
}
