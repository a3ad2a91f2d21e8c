/* Finds where one CSV record ends and where its cells lie (RFC 4180).
 *
 * A cell is quoted where its first character is the quote; blanks (space, tab) around a quoted
 * cell do not belong to it. Lines end at CRLF, LF or CR. An escape, where there is one, makes
 * the byte behind it an ordinary one, inside quotes and outside. What breaks the rules is read so that
 * as little as possible is lost with it:
 *
 *  - A quote inside an unquoted cell is an ordinary character; the cell is damaged.
 *  - Text behind a closing quote: the cell goes on to the next quote of the same line that a
 *    delimiter or a line end follows ("Jake "the Snake" Roberts",1986), or, where there is
 *    none, to the next delimiter; it is damaged.
 *  - But where that quote stands between a delimiter and text (2,"Ada,3,"x, y"), it opens a cell of its
 *    own, and the quote before it was never closed: an ordinary character, as below.
 *  - A quote that is not closed before the file (or the longest record allowed) ends, or whose
 *    closing quote on a later line has text behind it: the quote is an ordinary character, the
 *    cell is damaged, and the record ends with the line in which that quote stands, so that
 *    the rows below it are read as rows.
 *
 * A damaged cell spans its bytes as they stood, quotes too.
 *
 * However hostile the bytes, they are visited at most three times: reading on in plain text is
 * decided at an odd run of quotes (or at the end), and no quote before that run can open a cell
 * that passes its line.
 *
 * Threads: pure functions over what they are given. */
#ifndef ROWMILL_PARSE_CSV_SCANNER_H
#define ROWMILL_PARSE_CSV_SCANNER_H

#include "parse/reader.h"

struct csv_syntax {
	char delimiter[DELIMITER_SIZE]; /* NUL-terminated, 1 to 6 bytes */
	bool blank_after; /* one space behind a delimiter belongs to it: "a, b" */
	char quote, escape; /* ASCII; '\0': none */
};

enum {
	CELL_DOUBLED = 1,  /* holds doubled quotes that stand for one */
	CELL_QUOTED = 2,   /* was quoted; the span is what stood between the quotes */
	CELL_DAMAGED = 4,  /* a quote where none may stand */
	CELL_UNCLOSED = 8, /* a quote that is never closed */
	CELL_ESCAPED = 16, /* holds escapes */
};

struct csv_cell {
	uint32_t start, size; /* bytes, from the record's first */
	uint32_t flags;
};

/* The result; made once, used for every record. A zeroed struct is ready. */
struct csv_row {
	struct csv_cell *cells; /* the first FIELD_LIMIT + 1 of them */
	size_t count;           /* of all cells */
	size_t capacity;
	size_t size;      /* bytes of the record without its line end */
	size_t full_size; /* with it; without the LF of a CRLF where the bytes end between them */
	size_t lines;     /* line ends in full_size */
	bool ended;       /* by a line end, not by the end of the bytes */
	bool unusual;     /* may hold NUL or non-ASCII bytes (certainly not where false) */
	bool damaged;     /* a cell is CELL_DAMAGED or CELL_UNCLOSED */
};

enum csv_scan {
	CSV_SCAN_OK,
	CSV_SCAN_MORE,      /* the record does not end here; scan again with more bytes */
	CSV_SCAN_NO_MEMORY,
};

/* Scans the record at the beginning of `bytes` (not empty). `final` says that nothing comes
 * behind them, or that no more will be given. */
enum csv_scan csv_scan_record(const struct csv_syntax *syntax, struct slice bytes, bool final,
			      struct csv_row *row);

/* How many of the cells are in row->cells. */
static inline size_t csv_row_kept(const struct csv_row *row)
{
	return row->count < row->capacity ? row->count : row->capacity;
}

void csv_row_release(struct csv_row *row);

/* Writes the text of a CELL_DOUBLED or CELL_ESCAPED cell, at most cell.size bytes, and returns
 * their number. */
size_t csv_unescape(struct slice text, uint32_t flags, const struct csv_syntax *syntax, char *out);

#endif
