#include "validate/decimal.h"

#include <stdio.h>

#include "base/banned.h"

/* Further than any text has digits. */
static const int64_t exponent_limit = INT64_MAX / 4;

static struct slice read_digits(struct slice text, size_t *at)
{
	size_t start = *at;

	while (*at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9')
		(*at)++;
	return slice_of(text.data + start, *at - start);
}

static bool read_sign(struct slice text, size_t *at)
{
	if (*at == text.size || (text.data[*at] != '-' && text.data[*at] != '+'))
		return false;
	return text.data[(*at)++] == '-';
}

static bool read_exponent(struct slice text, size_t *at, int64_t *exponent)
{
	(*at)++;
	bool negative = read_sign(text, at);
	struct slice digits = read_digits(text, at);

	for (size_t i = 0; i < digits.size && *exponent < exponent_limit / 10; i++)
		*exponent = *exponent * 10 + (digits.data[i] - '0');
	if (negative)
		*exponent = -*exponent;
	return digits.size > 0;
}

bool decimal_read(struct slice text, enum decimal_notation notation, struct decimal *decimal)
{
	size_t at = 0;

	*decimal = (struct decimal){.negative = read_sign(text, &at)};
	decimal->whole = read_digits(text, &at);
	if (decimal->whole.size == 0 && notation != DECIMAL_LOOSE)
		return false;
	if (at < text.size && text.data[at] == '.') {
		at++;
		decimal->fraction = read_digits(text, &at);
		if (decimal->fraction.size == 0 && (notation != DECIMAL_LOOSE || !decimal->whole.size))
			return false;
	}
	if (decimal->whole.size + decimal->fraction.size == 0)
		return false;
	if (notation != DECIMAL_PLAIN && at < text.size && (text.data[at] | 32) == 'e')
		if (!read_exponent(text, &at, &decimal->exponent))
			return false;
	return at == text.size;
}

static int64_t digit_count(const struct decimal *decimal)
{
	return (int64_t)(decimal->whole.size + decimal->fraction.size);
}

int decimal_digit(const struct decimal *decimal, int64_t index)
{
	int64_t whole = (int64_t)decimal->whole.size;

	if (index >= digit_count(decimal))
		return 0;
	return (index < whole ? decimal->whole.data[index] : decimal->fraction.data[index - whole]) - '0';
}

/* The first digit that is not 0, of a number that is not 0. */
static int64_t first_digit(const struct decimal *decimal)
{
	int64_t index = 0;

	while (decimal_digit(decimal, index) == 0)
		index++;
	return index;
}

/* Behind the last digit that is not 0. */
static int64_t digits_end(const struct decimal *decimal)
{
	int64_t end = digit_count(decimal);

	while (end > 0 && decimal_digit(decimal, end - 1) == 0)
		end--;
	return end;
}

bool decimal_is_zero(const struct decimal *decimal)
{
	return digits_end(decimal) == 0;
}

bool decimal_is_whole(const struct decimal *decimal)
{
	int64_t end = digits_end(decimal);

	return end == 0 || end <= (int64_t)decimal->whole.size + decimal->exponent;
}

static int sign_of(const struct decimal *decimal)
{
	if (decimal_is_zero(decimal))
		return 0;
	return decimal->negative ? -1 : 1;
}

/* Where the point stands, counted from the first digit that is not 0. */
static int64_t magnitude(const struct decimal *decimal)
{
	return (int64_t)decimal->whole.size - first_digit(decimal) + decimal->exponent;
}

/* Of numbers that are not 0, without their signs. */
static int compare_sizes(const struct decimal *a, const struct decimal *b)
{
	int64_t difference = magnitude(a) - magnitude(b);
	int64_t at_a = first_digit(a), at_b = first_digit(b);
	int64_t end_a = digits_end(a), end_b = digits_end(b);

	if (difference)
		return difference < 0 ? -1 : 1;
	for (; at_a < end_a || at_b < end_b; at_a++, at_b++) {
		int digit = decimal_digit(a, at_a) - decimal_digit(b, at_b);
		if (digit)
			return digit;
	}
	return 0;
}

bool decimal_is_in_range(const struct decimal *decimal)
{
	enum { ALWAYS_IN_RANGE = 308 }; /* digits before the point */
	/* From here on, a number is rounded to infinity. */
	static const struct decimal largest = {.whole = {"1", 1}, .fraction = {"797693134862315807", 18}, .exponent = 308};

	if (decimal->exponent == 0 && decimal->whole.size <= ALWAYS_IN_RANGE)
		return true;
	return decimal_is_zero(decimal) || compare_sizes(decimal, &largest) <= 0;
}

/* Most numbers are whole and short: *value is theirs. */
static bool is_small(const struct decimal *decimal, int64_t *value)
{
	if (decimal->whole.size > 18 || decimal->fraction.size || decimal->exponent)
		return false;
	*value = 0;
	for (size_t i = 0; i < decimal->whole.size; i++)
		*value = *value * 10 + (decimal->whole.data[i] - '0');
	if (decimal->negative)
		*value = -*value;
	return true;
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
	int64_t small_a, small_b;

	if (is_small(a, &small_a) && is_small(b, &small_b))
		return (small_a > small_b) - (small_a < small_b);
	int sign = sign_of(a);
	if (sign != sign_of(b))
		return sign - sign_of(b);
	return sign ? sign * compare_sizes(a, b) : 0;
}

void decimal_write_key(const struct decimal *decimal, struct strbuf *out)
{
	int64_t end = digits_end(decimal);

	if (end == 0) {
		strbuf_add_byte(out, '0');
		return;
	}
	strbuf_add_format(out, "%se%lld ", decimal->negative ? "-" : "", (long long)magnitude(decimal));
	for (int64_t i = first_digit(decimal); i < end; i++)
		strbuf_add_byte(out, (char)('0' + decimal_digit(decimal, i)));
}

bool decimal_to_json(const struct decimal *decimal, struct slice text, struct arena *arena,
		     struct slice *json)
{
	struct slice whole = decimal->whole, fraction = decimal->fraction;
	size_t behind = (size_t)(text.data + text.size -
				 (fraction.size ? fraction.data + fraction.size : whole.data + whole.size));
	struct slice exponent = slice_of(text.data + text.size - behind, behind);

	while (whole.size > 1 && whole.data[0] == '0')
		whole = slice_of(whole.data + 1, whole.size - 1);
	if (exponent.size && exponent.data[0] == '.')
		exponent = slice_of(exponent.data + 1, exponent.size - 1);
	bool is_json = whole.size && whole.size == decimal->whole.size && text.data[0] != '+' &&
		       exponent.size == behind;
	if (is_json) {
		*json = text;
		return true;
	}
	size_t size = whole.size + fraction.size + exponent.size + 3;
	char *out = arena_alloc(arena, size + 1);
	if (!out)
		return false;
	int written = snprintf(out, size + 1, "%s%.*s%s%.*s%.*s", decimal->negative ? "-" : "",
			       whole.size ? (int)whole.size : 1, whole.size ? whole.data : "0",
			       fraction.size ? "." : "", (int)fraction.size,
			       fraction.size ? fraction.data : "", (int)exponent.size, exponent.data);
	*json = slice_of(out, (size_t)written);
	return true;
}
