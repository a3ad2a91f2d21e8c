/* Decimal numbers as they stand in texts, exactly: any number of digits, any exponent.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VALIDATE_DECIMAL_H
#define ROWMILL_VALIDATE_DECIMAL_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/strbuf.h"

/* Whole and fraction digits, times ten to the exponent. */
struct decimal {
	bool negative;
	struct slice whole, fraction; /* borrowed from the text; not both empty */
	int64_t exponent;             /* held far within int64, so that sums with sizes cannot overflow */
};

enum decimal_notation {
	DECIMAL_PLAIN,    /* [+-]?[0-9]+(\.[0-9]+)? */
	DECIMAL_EXPONENT, /* with an exponent too, as JSON numbers may have */
	DECIMAL_LOOSE,    /* the same, and digits on one side of the point suffice: .5, 5. (XML Schema) */
};

/* Reads the whole of `text`; false if it is no number in that notation. */
bool decimal_read(struct slice text, enum decimal_notation notation, struct decimal *decimal);

bool decimal_is_zero(const struct decimal *decimal);
bool decimal_is_whole(const struct decimal *decimal);

/* Whether it is no larger, above or below 0, than what a double holds (IEEE 754 binary64). */
bool decimal_is_in_range(const struct decimal *decimal);

/* <0, 0, >0 as a is less than, equal to, greater than b. */
int decimal_compare(const struct decimal *a, const struct decimal *b);

/* Digit `index` of the whole and fraction digits taken as one run with zeros behind it. */
int decimal_digit(const struct decimal *decimal, int64_t index);

/* A text that is equal for equal numbers and for no others. */
void decimal_write_key(const struct decimal *decimal, struct strbuf *out);

/* The number as JSON: without '+' and leading zeros, with digits on both sides of a point, and
 * otherwise digit for digit. Borrows `text`, which it was read from, where that is JSON already.
 * false: the arena is exhausted. */
bool decimal_to_json(const struct decimal *decimal, struct slice text, struct arena *arena,
		     struct slice *json);

#endif
