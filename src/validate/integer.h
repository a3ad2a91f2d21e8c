/* Whole numbers as they stand in files, of any size.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VALIDATE_INTEGER_H
#define ROWMILL_VALIDATE_INTEGER_H

#include "base/slice.h"

struct integer {
	bool negative;       /* never where it is 0 */
	bool beyond;         /* outside of int64: `value` is the end of int64 on its side */
	int64_t value;
	struct slice digits; /* of `text` before its point, without leading zeros ("0" has one) */
};

enum integer_notation {
	INTEGER_PLAIN,    /* [+-]?[0-9]+(\.0+)? */
	INTEGER_EXPONENT, /* with an exponent too, as JSON numbers may have: 3e1, 1.5E2, 300e-1 */
};

/* Reads the whole of `text`, which *number borrows. Returns false if it is no number in that
 * notation, or one that is not whole. */
bool integer_read(struct slice text, enum integer_notation notation, struct integer *number);

/* <0, 0, >0 as the number is less than, equal to, greater than `limit`. */
int integer_compare(const struct integer *number, int64_t limit);

#endif
