#include "validate/integer.h"

#include "base/banned.h"

/* Exponents are held between ± this: further than any text has digits, so that sums with a
 * text's size cannot overflow. */
static const int64_t exponent_limit = INT64_MAX / 4;

/* A decimal number in its parts: whole and fraction digits, times ten to the exponent. */
struct decimal {
	bool negative;
	struct slice whole, fraction;
	int64_t exponent;
};

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

static bool read_decimal(struct slice text, enum integer_notation notation, struct decimal *out)
{
	size_t at = 0;

	*out = (struct decimal){.negative = read_sign(text, &at)};
	out->whole = read_digits(text, &at);
	if (out->whole.size == 0)
		return false;
	if (at < text.size && text.data[at] == '.') {
		at++;
		out->fraction = read_digits(text, &at);
		if (out->fraction.size == 0)
			return false;
	}
	if (notation == INTEGER_EXPONENT && at < text.size && (text.data[at] | 32) == 'e')
		if (!read_exponent(text, &at, &out->exponent))
			return false;
	return at == text.size;
}

/* Digit `index` of the whole and fraction digits taken as one run with zeros behind it. */
static int digit_at(const struct decimal *decimal, int64_t index)
{
	int64_t whole = (int64_t)decimal->whole.size, all = whole + (int64_t)decimal->fraction.size;

	if (index >= all)
		return 0;
	return (index < whole ? decimal->whole.data[index] : decimal->fraction.data[index - whole]) - '0';
}

/* The first `count` digits as a number with the sign, or the end of int64 on its side. */
static void set_value(const struct decimal *decimal, int64_t count, struct integer *number)
{
	int sign = decimal->negative ? -1 : 1;

	for (int64_t i = 0; i < count; i++) {
		if (__builtin_mul_overflow(number->value, 10, &number->value) ||
		    __builtin_add_overflow(number->value, sign * digit_at(decimal, i),
					   &number->value)) {
			number->value = decimal->negative ? INT64_MIN : INT64_MAX;
			number->beyond = true;
			return;
		}
	}
}

bool integer_read(struct slice text, enum integer_notation notation, struct integer *number)
{
	struct decimal decimal;

	*number = (struct integer){0};
	if (!read_decimal(text, notation, &decimal))
		return false;
	int64_t all = (int64_t)(decimal.whole.size + decimal.fraction.size), significant = all;
	while (significant > 0 && digit_at(&decimal, significant - 1) == 0)
		significant--;
	number->digits = decimal.whole;
	while (number->digits.size > 1 && number->digits.data[0] == '0') {
		number->digits.data++;
		number->digits.size--;
	}
	if (significant == 0)
		return true; /* 0, whatever its exponent */
	int64_t before_point = (int64_t)decimal.whole.size + decimal.exponent;
	if (significant > before_point)
		return false;
	number->negative = decimal.negative;
	set_value(&decimal, before_point, number);
	return true;
}

int integer_compare(const struct integer *number, int64_t limit)
{
	if (number->beyond)
		return number->negative ? -1 : 1;
	return (number->value > limit) - (number->value < limit);
}
