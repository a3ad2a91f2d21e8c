#include "parse/xlsx_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/banned.h"

static const uint64_t SIZE_LIMIT = UINT64_C(16) << 30;
enum {
	FREE_SIZE = 256 << 20,
	RATIO_LIMIT = 200,
	MEMBERS_LIMIT = 10000,
	BLOCK_SIZE = 64 * 1024,
	CHUNK_SIZE = 16 * 1024,
};

struct xlsx_member {
	struct xlsx_archive *archive;
	struct archive *zip;
	off_t offset;
	int read_error; /* errno; libarchive may make another of it */
	char block[BLOCK_SIZE];
};

enum status xlsx_corrupt(struct error *err, const char *what)
{
	return error_set(err, STATUS_INVALID, "corrupt-workbook",
			 "The workbook is damaged: %s. Open it in a spreadsheet program and save it "
			 "again, or save it as CSV.",
			 what);
}

enum status xlsx_archive_init(struct xlsx_archive *archive, int fd, uint64_t size_limit,
			      uint64_t *bytes_read, struct error *err)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 0)
		return error_from_errno(err, errno, "reading the upload");
	*archive = (struct xlsx_archive){.fd = fd,
					 .size = size,
					 .size_limit = size_limit ? size_limit : SIZE_LIMIT,
					 .bytes_read = bytes_read};
	return STATUS_OK;
}

static la_ssize_t read_block(struct archive *zip, void *user, const void **block)
{
	struct xlsx_member *member = user;
	ssize_t got;

	do
		got = pread(member->archive->fd, member->block, BLOCK_SIZE, member->offset);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		member->read_error = errno;
		archive_set_error(zip, errno, "the file cannot be read");
		return -1;
	}
	*block = member->block;
	member->offset += got;
	if (*member->archive->bytes_read < (uint64_t)member->offset)
		*member->archive->bytes_read = (uint64_t)member->offset;
	return got;
}

static la_int64_t seek_block(struct archive *zip, void *user, la_int64_t offset, int whence)
{
	struct xlsx_member *member = user;

	const la_int64_t from[] = {[SEEK_SET] = 0, [SEEK_CUR] = member->offset, [SEEK_END] = member->archive->size};

	(void)zip;
	offset += from[whence];
	/* What is negative is beyond it too. */
	if ((uint64_t)offset > (uint64_t)member->archive->size)
		return ARCHIVE_FATAL;
	member->offset = offset;
	return offset;
}

static enum status zip_error(const struct xlsx_member *member, struct error *err)
{
	const char *problem = archive_error_string(member->zip);

	if (member->read_error)
		return error_from_errno(err, member->read_error, "reading the upload");
	if (archive_errno(member->zip) == ENOMEM)
		return error_no_memory(err);
	return xlsx_corrupt(err, problem ? problem : "its container cannot be read");
}

/* Goes to the entry of that name. */
static enum status find_entry(struct xlsx_member *member, const char *name, struct error *err)
{
	struct archive_entry *entry;

	for (unsigned i = 0; i < MEMBERS_LIMIT; i++) {
		int result = archive_read_next_header(member->zip, &entry);
		if (result == ARCHIVE_EOF)
			return error_set(err, STATUS_NOT_FOUND, NULL, "the workbook holds no %s", name);
		if (result < ARCHIVE_WARN)
			return zip_error(member, err);
		const char *path = archive_entry_pathname(entry);
		if (!path || strcasecmp(path, name) != 0)
			continue;
		if (archive_entry_is_encrypted(entry))
			return error_set(err, STATUS_UNSUPPORTED, "unsupported-format",
					 "The workbook is protected by a password; save it without "
					 "one.");
		return STATUS_OK;
	}
	return xlsx_corrupt(err, "it holds too many files");
}

enum status xlsx_member_open(struct xlsx_archive *archive, const char *name,
			     struct xlsx_member **member, struct error *err)
{
	struct xlsx_member *made = malloc(sizeof *made);

	*member = NULL;
	if (!made)
		return error_no_memory(err);
	made->archive = archive;
	made->offset = 0;
	made->read_error = 0;
	made->zip = archive_read_new();
	if (!made->zip) {
		free(made);
		return error_no_memory(err);
	}
	archive_read_support_format_zip_seekable(made->zip);
	archive_read_set_read_callback(made->zip, read_block);
	archive_read_set_seek_callback(made->zip, seek_block);
	archive_read_set_callback_data(made->zip, made);
	enum status status = archive_read_open1(made->zip) < ARCHIVE_WARN
				     ? zip_error(made, err)
				     : find_entry(made, name, err);
	if (status != STATUS_OK)
		xlsx_member_close(made);
	else
		*member = made;
	return status;
}

void xlsx_member_close(struct xlsx_member *member)
{
	if (!member)
		return;
	archive_read_free(member->zip);
	free(member);
}

enum status xlsx_archive_count(struct xlsx_archive *archive, size_t size, struct error *err)
{
	archive->unpacked += size;
	if (archive->unpacked <= archive->size_limit &&
	    (archive->unpacked <= FREE_SIZE ||
	     archive->unpacked / RATIO_LIMIT <= (uint64_t)archive->size))
		return STATUS_OK;
	return error_set(err, STATUS_TOO_LARGE, "too-much-unpacked",
			 "The workbook unpacks to more than it may: at most %llu bytes are read, and over "
			 "%d MiB at most %d times its size; save the sheet as CSV.",
			 (unsigned long long)archive->size_limit, FREE_SIZE >> 20, RATIO_LIMIT);
}

enum status xlsx_member_read(struct xlsx_member *member, char *out, size_t capacity, size_t *got,
			     struct error *err)
{
	la_ssize_t count = archive_read_data(member->zip, out, capacity);

	if (count < 0)
		return zip_error(member, err);
	*got = (size_t)count;
	return xlsx_archive_count(member->archive, *got, err);
}

static void XMLCALL refuse_doctype(void *user, const char *name, const char *system,
				   const char *public, int internal)
{
	XML_Parser parser = user;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	XML_StopParser(parser, XML_FALSE);
}

XML_Parser xlsx_parser_new(void *user)
{
	XML_Parser parser = XML_ParserCreateNS(NULL, '|');

	if (!parser)
		return NULL;
	XML_SetUserData(parser, user);
	XML_UseParserAsHandlerArg(parser);
	XML_SetStartDoctypeDeclHandler(parser, refuse_doctype);
	return parser;
}

const char *xlsx_local_name(const char *name)
{
	const char *bar = strrchr(name, '|');

	return bar ? bar + 1 : name;
}

const char *xlsx_attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (strcmp(xlsx_local_name(attributes[0]), name) == 0)
			return attributes[1];
	return NULL;
}

enum status xlsx_parser_error(XML_Parser parser, const char *name, struct error *err)
{
	char what[256];
	enum XML_Error code = XML_GetErrorCode(parser);
	const char *problem = code == XML_ERROR_ABORTED ? "it holds what no workbook may"
							: XML_ErrorString(code);

	if (code == XML_ERROR_NO_MEMORY)
		return error_no_memory(err);
	snprintf(what, sizeof what, "%s, line %lu: %s", name,
		 (unsigned long)XML_GetCurrentLineNumber(parser), problem);
	return xlsx_corrupt(err, what);
}

enum status xlsx_member_parse(struct xlsx_archive *archive, const char *name, XML_Parser parser,
			      struct error *err)
{
	struct xlsx_member *member = NULL;
	size_t got = 0;

	if (!parser)
		return error_no_memory(err);
	enum status status = xlsx_member_open(archive, name, &member, err);
	while (status == STATUS_OK) {
		void *chunk = XML_GetBuffer(parser, CHUNK_SIZE);
		status = chunk ? xlsx_member_read(member, chunk, CHUNK_SIZE, &got, err)
			       : error_no_memory(err);
		if (status != STATUS_OK)
			break;
		if (XML_ParseBuffer(parser, (int)got, got == 0) != XML_STATUS_OK)
			status = xlsx_parser_error(parser, name, err);
		if (got == 0)
			break;
	}
	xlsx_member_close(member);
	XML_ParserFree(parser);
	return status;
}
