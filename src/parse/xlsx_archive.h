/* One file inside a workbook's zip container, read as a stream.
 *
 * Threads: as the reader. */
#ifndef ROWMILL_PARSE_XLSX_ARCHIVE_H
#define ROWMILL_PARSE_XLSX_ARCHIVE_H

#include <expat.h>
#include <sys/types.h>

#include "base/slice.h"
#include "base/status.h"

/* The container. Members may be read one after the other, in any order. */
struct xlsx_archive {
	int fd;        /* the caller's; its offset is not used */
	off_t size;
	uint64_t size_limit; /* bytes that all members together may unpack to */
	uint64_t unpacked;
	uint64_t *bytes_read; /* the farthest that has been read */
};

enum status xlsx_archive_init(struct xlsx_archive *archive, int fd, uint64_t size_limit,
			      uint64_t *bytes_read, struct error *err);

struct xlsx_member;

/* STATUS_NOT_FOUND where there is no such member (*err is filled). Names are compared without case. */
enum status xlsx_member_open(struct xlsx_archive *archive, const char *name,
			     struct xlsx_member **member, struct error *err);
void xlsx_member_close(struct xlsx_member *member); /* NULL is fine */

/* *got is 0 at the end. */
enum status xlsx_member_read(struct xlsx_member *member, char *out, size_t capacity, size_t *got,
			     struct error *err);

/* Counts bytes that came out of the workbook against its limits. */
enum status xlsx_archive_count(struct xlsx_archive *archive, size_t size, struct error *err);

/* Reads a whole member through the handlers of `parser`, which is freed; a document type
 * declaration is refused. Handlers stop it by xlsx_stop(). */
enum status xlsx_member_parse(struct xlsx_archive *archive, const char *name, XML_Parser parser,
			      struct error *err);

/* A parser that gives names without their namespaces' prefixes (see xlsx_local_name). NULL: memory
 * is exhausted. */
XML_Parser xlsx_parser_new(void *user);
const char *xlsx_local_name(const char *name);

/* The attribute of that local name; NULL if there is none. */
const char *xlsx_attribute(const char **attributes, const char *name);

/* STATUS_INVALID, "corrupt-workbook". */
enum status xlsx_corrupt(struct error *err, const char *what);

/* Why the parser stopped: no XML, or memory. */
enum status xlsx_parser_error(XML_Parser parser, const char *name, struct error *err);

#endif
