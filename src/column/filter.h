/* A condition on records, as a tree. Who makes it allocates it, in an arena.
 *
 * A field's condition is about its value's key (cell_key.h): a range of keys, or one of several. A record
 * without the field, or with null, meets none of them.
 *
 * Threads: values only. */
#ifndef ROWMILL_COLUMN_FILTER_H
#define ROWMILL_COLUMN_FILTER_H

#include "column/cell_key.h"

enum filter_kind {
	FILTER_AND, /* of its children; of none: every record */
	FILTER_OR,  /* of none: no record */
	FILTER_NOT, /* its one child */
	FILTER_RANGE,    /* from <= key < to */
	FILTER_IN,       /* key is one of keys[] */
	FILTER_MEMBER,   /* low <= member <= high */
	FILTER_VALID,    /* the record is valid */
	FILTER_EMBEDDED, /* it has its vector */
};

enum record_member { MEMBER_ID, MEMBER_IMPORT, MEMBER_ROW, MEMBER_CREATED };

struct filter {
	enum filter_kind kind;
	/* FILTER_AND, FILTER_OR, FILTER_NOT */
	const struct filter **children;
	size_t child_count;
	/* FILTER_RANGE, FILTER_IN */
	struct slice field;
	struct slice from, to; /* keys */
	const struct slice *keys;
	size_t key_count;
	/* FILTER_MEMBER; of MEMBER_CREATED milliseconds since 1970 */
	enum record_member member;
	int64_t low, high;
};

#endif
