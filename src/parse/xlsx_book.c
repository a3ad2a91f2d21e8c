#include "parse/xlsx_book.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { SHEETS_MAX = 1024, STYLES_MAX = 65536, FORMATS_MAX = 8192, PATH_SIZE = 512 };

struct sheet {
	struct slice name;
	const char *relation;
	bool hidden;
};

struct format {
	long id;
	enum xlsx_number number;
};

/* What is being read, member by member. */
struct reading {
	struct xlsx_book *book;
	const char *wanted; /* relations: the type that is wanted (NULL: any), … */
	const char *id;     /* … or the id */
	const char *target; /* what was found */
	struct sheet *sheets;
	size_t sheet_count;
	struct format *formats;
	size_t format_count;
	bool in_cell_styles;
	bool failed; /* to find memory */
};

/* Terminated; of NULL it is empty. */
static struct slice copy(struct reading *reading, const char *text)
{
	struct slice kept = SLICE("");

	if (!arena_copy(reading->book->arena, slice_of_string(text ? text : ""), &kept))
		reading->failed = true;
	return kept;
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static void XMLCALL on_relation(void *user, const char *name, const char **attributes)
{
	struct reading *reading = XML_GetUserData(user);
	const char *type = xlsx_attribute(attributes, "Type");
	const char *id = xlsx_attribute(attributes, "Id");

	if (strcmp(xlsx_local_name(name), "Relationship") != 0 || reading->target)
		return;
	if ((reading->wanted && type && ends_with(type, reading->wanted)) ||
	    (reading->id && id && strcmp(id, reading->id) == 0))
		reading->target = copy(reading, xlsx_attribute(attributes, "Target")).data;
}

/* "xl/workbook.xml" and "worksheets/sheet1.xml" give "xl/worksheets/sheet1.xml". */
static const char *resolve(struct reading *reading, const char *base, const char *target)
{
	char path[PATH_SIZE];
	const char *slash = strrchr(base, '/');
	int folder = slash ? (int)(slash - base) + 1 : 0;

	if (target[0] == '/') {
		target++;
		folder = 0;
	}
	while (strncmp(target, "../", 3) == 0) {
		target += 3;
		for (folder -= folder > 0; folder > 0 && base[folder - 1] != '/'; folder--)
			;
	}
	if (strncmp(target, "./", 2) == 0)
		target += 2;
	snprintf(path, sizeof path, "%.*s%s", folder, base, target);
	return copy(reading, path).data;
}

/* Finds the member that `base` names by the type of the relation, or by its id. NULL in *member
 * where it names none. */
static enum status find_related(struct reading *reading, struct xlsx_archive *archive,
				const char *base, const char *type, const char *id,
				const char **member, struct error *err)
{
	char path[PATH_SIZE];
	const char *slash = strrchr(base, '/');
	int folder = slash ? (int)(slash - base) + 1 : 0;

	snprintf(path, sizeof path, "%.*s_rels/%s.rels", folder, base, base + folder);
	reading->wanted = type;
	reading->id = id;
	reading->target = NULL;
	XML_Parser parser = xlsx_parser_new(reading);
	if (parser)
		XML_SetStartElementHandler(parser, on_relation);
	enum status status = xlsx_member_parse(archive, path, parser, err);
	*member = NULL;
	if (status == STATUS_NOT_FOUND)
		return STATUS_OK;
	if (status == STATUS_OK && reading->target)
		*member = resolve(reading, base, reading->target);
	return status == STATUS_OK && reading->failed ? error_no_memory(err) : status;
}

static void XMLCALL on_book(void *user, const char *name, const char **attributes)
{
	struct reading *reading = XML_GetUserData(user);
	const char *value;

	name = xlsx_local_name(name);
	if (strcmp(name, "workbookPr") == 0) {
		value = xlsx_attribute(attributes, "date1904");
		reading->book->from_1904 = value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
	}
	if (strcmp(name, "sheet") != 0 || reading->sheet_count == SHEETS_MAX)
		return;
	struct sheet *sheet = &reading->sheets[reading->sheet_count];
	const char *relation = NULL, *state = xlsx_attribute(attributes, "state");
	/* Its "id" is that of the relation, of another namespace than "sheetId". */
	for (const char **at = attributes; *at; at += 2)
		if (strcmp(xlsx_local_name(at[0]), "id") == 0)
			relation = at[1];
	value = xlsx_attribute(attributes, "name");
	if (!relation || !value)
		return;
	sheet->relation = copy(reading, relation).data;
	sheet->name = copy(reading, value);
	sheet->hidden = state && strcmp(state, "visible") != 0;
	reading->sheet_count++;
}

static enum xlsx_number builtin_number(long id)
{
	static const struct {
		long first, last;
		enum xlsx_number number;
	} known[] = {
		{14, 17, XLSX_DATE}, {18, 21, XLSX_TIME}, {22, 22, XLSX_DATE_TIME}, {27, 31, XLSX_DATE},
		{32, 35, XLSX_TIME}, {36, 36, XLSX_DATE}, {45, 45, XLSX_TIME}, {46, 46, XLSX_DURATION},
		{47, 47, XLSX_TIME}, {50, 54, XLSX_DATE}, {55, 56, XLSX_TIME}, {57, 58, XLSX_DATE},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (id >= known[i].first && id <= known[i].last)
			return known[i].number;
	return XLSX_NUMBER;
}

enum xlsx_number xlsx_number_of_format(struct slice code)
{
	bool date = false, time = false, elapsed = false;

	for (size_t i = 0; i < code.size && code.data[i] != ';'; i++) {
		char letter = code.data[i];
		if (letter == '"') {
			i = slice_find(code, '"', i + 1);
		} else if (letter == '\\' || letter == '_' || letter == '*') {
			i++;
		} else if (letter == '[') {
			size_t end = slice_find(code, ']', i);
			/* [h] is hours that go on counting; other brackets are colours and locales. */
			elapsed |= end == i + 2 && strchr("hHmMsS", code.data[i + 1]);
			elapsed |= end == i + 3 && strchr("hHmMsS", code.data[i + 1]) &&
				   code.data[i + 1] == code.data[i + 2];
			i = end;
		} else {
			date |= letter && strchr("dDyY", letter) != NULL;
			time |= letter && strchr("hHsS", letter) != NULL;
			/* A month, unless there are hours or seconds beside it. */
			if ((letter == 'm' || letter == 'M') && !time)
				date |= slice_find(code, 's', i) == code.size &&
					slice_find(code, 'S', i) == code.size;
		}
	}
	if (elapsed)
		return XLSX_DURATION;
	return date && time ? XLSX_DATE_TIME : date ? XLSX_DATE : time ? XLSX_TIME : XLSX_NUMBER;
}

static enum xlsx_number number_of(const struct reading *reading, long id)
{
	for (size_t i = 0; i < reading->format_count; i++)
		if (reading->formats[i].id == id)
			return reading->formats[i].number;
	return builtin_number(id);
}

static long number_attribute(const char **attributes, const char *name)
{
	const char *value = xlsx_attribute(attributes, name);

	return value ? strtol(value, NULL, 10) : 0;
}

static void XMLCALL on_style(void *user, const char *name, const char **attributes)
{
	struct reading *reading = XML_GetUserData(user);
	struct xlsx_book *book = reading->book;
	const char *code = xlsx_attribute(attributes, "formatCode");

	name = xlsx_local_name(name);
	if (strcmp(name, "cellXfs") == 0)
		reading->in_cell_styles = true;
	if (strcmp(name, "numFmt") == 0 && code && reading->format_count < FORMATS_MAX)
		reading->formats[reading->format_count++] =
			(struct format){number_attribute(attributes, "numFmtId"),
					xlsx_number_of_format(slice_of_string(code))};
	if (strcmp(name, "xf") == 0 && reading->in_cell_styles && book->style_count < STYLES_MAX)
		book->styles[book->style_count++] =
			(unsigned char)number_of(reading, number_attribute(attributes, "numFmtId"));
}

static void XMLCALL on_style_end(void *user, const char *name)
{
	struct reading *reading = XML_GetUserData(user);

	if (strcmp(xlsx_local_name(name), "cellXfs") == 0)
		reading->in_cell_styles = false;
}

static enum status read_styles(struct reading *reading, struct xlsx_archive *archive,
			       const char *member, struct error *err)
{
	reading->formats = arena_alloc(reading->book->arena, FORMATS_MAX * sizeof *reading->formats);
	reading->book->styles = arena_alloc(reading->book->arena, STYLES_MAX);
	if (!reading->formats || !reading->book->styles)
		return error_no_memory(err);
	XML_Parser parser = xlsx_parser_new(reading);
	if (parser)
		XML_SetElementHandler(parser, on_style, on_style_end);
	enum status status = xlsx_member_parse(archive, member, parser, err);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static const struct sheet *choose_sheet(const struct reading *reading, struct slice wanted)
{
	int64_t number;

	for (size_t i = 0; i < reading->sheet_count; i++) {
		const struct sheet *sheet = &reading->sheets[i];
		if (wanted.size ? slice_equal_ignoring_ascii_case(sheet->name, wanted) : !sheet->hidden)
			return sheet;
	}
	if (wanted.size == 0)
		return reading->sheet_count ? &reading->sheets[0] : NULL;
	if (slice_parse_int64(wanted, &number) && number >= 1 &&
	    (uint64_t)number <= reading->sheet_count)
		return &reading->sheets[number - 1];
	return NULL;
}

static enum status no_such_sheet(const struct reading *reading, struct slice wanted,
				 struct error *err)
{
	struct slice first = reading->sheet_count ? reading->sheets[0].name : SLICE("");

	return error_set(err, STATUS_INVALID, "unknown-sheet",
			 "The workbook has no sheet '%.*s'; it has %zu, the first of which is '%.*s'.",
			 SLICE_ARG(wanted), reading->sheet_count, SLICE_ARG(first));
}

static enum status read_workbook(struct reading *reading, struct xlsx_archive *archive,
				 const char **workbook, struct error *err)
{
	enum status status =
		find_related(reading, archive, "", "/officeDocument", NULL, workbook, err);

	if (status != STATUS_OK)
		return status;
	if (!*workbook)
		*workbook = "xl/workbook.xml";
	if (ends_with(*workbook, ".bin"))
		return error_set(err, STATUS_UNSUPPORTED, "unsupported-format",
				 "The file is a binary workbook (XLSB), which is not read: save it as "
				 "XLSX or CSV.");
	reading->sheets = arena_alloc_zeroed(reading->book->arena, SHEETS_MAX, sizeof *reading->sheets);
	if (!reading->sheets)
		return error_no_memory(err);
	XML_Parser parser = xlsx_parser_new(reading);
	if (parser)
		XML_SetStartElementHandler(parser, on_book);
	status = xlsx_member_parse(archive, *workbook, parser, err);
	if (status == STATUS_NOT_FOUND)
		return xlsx_corrupt(err, "it holds no workbook");
	return status == STATUS_OK && reading->failed ? error_no_memory(err) : status;
}

enum status xlsx_book_read(struct xlsx_book *book, struct xlsx_archive *archive,
			   struct slice sheet, struct arena *arena, struct error *err)
{
	struct reading reading = {.book = book};
	const char *workbook, *styles;

	*book = (struct xlsx_book){.arena = arena};
	enum status status = read_workbook(&reading, archive, &workbook, err);
	if (status != STATUS_OK)
		return status;
	const struct sheet *chosen = choose_sheet(&reading, sheet);
	if (!chosen)
		return no_such_sheet(&reading, sheet, err);
	book->sheet_name = chosen->name;
	status = find_related(&reading, archive, workbook, NULL, chosen->relation, &book->sheet, err);
	if (status == STATUS_OK && !book->sheet)
		return xlsx_corrupt(err, "it does not say where its sheet lies");
	if (status == STATUS_OK)
		status = find_related(&reading, archive, workbook, "/sharedStrings", NULL,
				      &book->strings, err);
	if (status == STATUS_OK)
		status = find_related(&reading, archive, workbook, "/styles", NULL, &styles, err);
	if (status == STATUS_OK && styles)
		status = read_styles(&reading, archive, styles, err);
	return status;
}
