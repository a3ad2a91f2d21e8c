/* Checks one JSON value by RFC 8259, strictly, in whatever pieces its bytes arrive.
 *
 *	json_scanner_start(&scanner, 512);
 *	used = json_scan(&scanner, bytes);         // again with more while JSON_SCANNING
 *	json_scan_end(&scanner);                   // where nothing follows
 *
 * It looks at structure, literals, numbers and escapes; whether the bytes are UTF-8 is a
 * question for json_record.h. White space before the value is skipped.
 *
 * Threads: a scanner belongs to one thread at a time. */
#ifndef ROWMILL_PARSE_JSON_SCANNER_H
#define ROWMILL_PARSE_JSON_SCANNER_H

#include "base/slice.h"

/* Arrays and objects inside each other, the outermost included. */
enum { JSON_DEPTH_LIMIT = 512 };

enum json_progress { JSON_SCANNING, JSON_DONE, JSON_FAILED };

struct json_scanner {
	enum json_progress progress;
	const char *problem; /* JSON_FAILED: a sentence without its full stop; static */

	/* What follows is the scanner's own. */
	unsigned char state;
	unsigned char hex_digits; /* of a \u escape, still to come */
	bool in_key;
	const char *literal; /* what is left of true, false or null */
	unsigned depth, depth_limit;
	uint64_t objects[JSON_DEPTH_LIMIT / 64]; /* bit n: level n is an object */
	size_t members; /* of the outermost value, where that is an object */
};

/* `depth_limit` is at most JSON_DEPTH_LIMIT. */
void json_scanner_start(struct json_scanner *scanner, unsigned depth_limit);

/* Returns how many bytes belong to the value (JSON_DONE: the next byte is not part of it);
 * JSON_FAILED: those before the byte that is wrong. */
size_t json_scan(struct json_scanner *scanner, struct slice bytes);

/* The text ends here, while JSON_SCANNING: ends a number, fails anything else. */
void json_scan_end(struct json_scanner *scanner);

/* Whether an object of an array that is a member of the outermost object has just begun. */
static inline bool json_scanner_in_array_of_objects(const struct json_scanner *scanner)
{
	return scanner->depth == 3 && (scanner->objects[0] & 7) == 5;
}

static inline bool json_is_space(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static inline size_t json_skip_space(struct slice text, size_t at)
{
	while (at < text.size && json_is_space(text.data[at]))
		at++;
	return at;
}

/* How a text scans as exactly one value, with white space around it: JSON_DONE;
 * JSON_SCANNING if it is the beginning of one; JSON_FAILED. Where not NULL, *scanner is left
 * with the problem, and *at is the place of the byte that is wrong. */
enum json_progress json_check(struct slice text, struct json_scanner *scanner, size_t *at);

#endif
