#include "parse/xlsx_strings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

enum { TEXTS_SHARE = 4 }; /* they may be so much of what the workbook may unpack to */

/* What is being read. */
struct reading {
	struct xlsx_strings *strings;
	uint64_t size_limit;
	bool in_text, too_long;
	unsigned phonetic; /* inside so many hints of pronunciation */
};

static void XMLCALL on_start(void *user, const char *name, const char **attributes)
{
	struct reading *reading = XML_GetUserData(user);

	(void)attributes;
	name = xlsx_local_name(name);
	reading->phonetic += strcmp(name, "rPh") == 0;
	reading->in_text = reading->phonetic == 0 && strcmp(name, "t") == 0;
}

static void XMLCALL on_end(void *user, const char *name)
{
	struct reading *reading = XML_GetUserData(user);
	struct xlsx_strings *strings = reading->strings;

	name = xlsx_local_name(name);
	reading->phonetic -= reading->phonetic && strcmp(name, "rPh") == 0;
	reading->in_text = false;
	if (strcmp(name, "si") != 0)
		return;
	strings->count++;
	fwrite(&strings->size, sizeof strings->size, 1, strings->ends);
}

static void XMLCALL on_text(void *user, const char *text, int size)
{
	struct reading *reading = XML_GetUserData(user);
	struct xlsx_strings *strings = reading->strings;

	if (!reading->in_text)
		return;
	strings->size += (uint64_t)size;
	reading->too_long = strings->size > reading->size_limit;
	if (reading->too_long)
		XML_StopParser(user, XML_FALSE);
	else
		fwrite(text, 1, (size_t)size, strings->texts);
}

static FILE *open_temporary(const char *folder)
{
	if (!folder)
		folder = getenv("TMPDIR");
	int fd = open(folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return tmpfile();
	FILE *file = fdopen(fd, "w+");
	if (!file)
		close(fd);
	return file;
}

static enum status map(FILE *file, uint64_t size, void *mapped, struct error *err)
{
	bool failed = ferror(file);

	failed |= fflush(file) != 0;
	if (failed)
		return error_from_errno(err, errno, "keeping the workbook's strings");
	if (size == 0)
		return STATUS_OK;
	void *start = mmap(NULL, size, PROT_READ, MAP_SHARED, fileno(file), 0);
	if (start == MAP_FAILED)
		return error_from_errno(err, errno, "keeping the workbook's strings");
	memcpy(mapped, &start, sizeof start);
	return STATUS_OK;
}

enum status xlsx_strings_read(struct xlsx_strings *strings, struct xlsx_archive *archive,
			      const char *name, const char *folder, struct error *err)
{
	struct reading reading = {.strings = strings, .size_limit = archive->size_limit / TEXTS_SHARE};

	*strings = (struct xlsx_strings){.texts = open_temporary(folder),
					 .ends = open_temporary(folder)};
	if (!strings->texts || !strings->ends)
		return error_from_errno(err, errno, "keeping the workbook's strings");
	XML_Parser parser = xlsx_parser_new(&reading);
	if (parser) {
		XML_SetElementHandler(parser, on_start, on_end);
		XML_SetCharacterDataHandler(parser, on_text);
	}
	enum status status = xlsx_member_parse(archive, name, parser, err);
	if (reading.too_long)
		return error_set(err, STATUS_TOO_LARGE, "too-much-unpacked",
				 "The workbook's texts have more than %llu bytes together; save the sheet as CSV.",
				 (unsigned long long)reading.size_limit);
	if (status == STATUS_OK)
		status = map(strings->texts, strings->size, &strings->mapped_texts, err);
	if (status == STATUS_OK)
		status = map(strings->ends, strings->count * sizeof(uint64_t), &strings->mapped_ends,
			     err);
	return status;
}

void xlsx_strings_release(struct xlsx_strings *strings)
{
	if (strings->mapped_texts)
		munmap(strings->mapped_texts, strings->size);
	if (strings->mapped_ends)
		munmap(strings->mapped_ends, strings->count * sizeof(uint64_t));
	if (strings->texts)
		fclose(strings->texts);
	if (strings->ends)
		fclose(strings->ends);
	*strings = (struct xlsx_strings){0};
}

bool xlsx_strings_find(const struct xlsx_strings *strings, uint64_t index, struct slice *text)
{
	if (index >= strings->count)
		return false;
	uint64_t start = index ? strings->mapped_ends[index - 1] : 0;
	uint64_t end = strings->mapped_ends[index];
	*text = slice_of(end > start ? strings->mapped_texts + start : "", end - start);
	return true;
}
