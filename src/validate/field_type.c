/* Values in the types of Table Schema: reading them, comparing them, and telling equal ones. */
#include "base/utf8.h"
#include "validate/email.h"
#include "validate/schema_table.h"
#include "validate/uri.h"
#include "validate/white_space.h"

#include "base/banned.h"

bool texts_have(const struct texts *texts, struct slice text)
{
	for (size_t i = 0; i < texts->count; i++)
		if (slice_equal(texts->list[i], text))
			return true;
	return false;
}

bool field_is_missing(const struct schema_field *field, const struct value *value)
{
	if (value->kind == VALUE_NULL)
		return true;
	if (value->kind != VALUE_STRING)
		return false;
	struct slice text = trim_white_space(value->text);
	return text.size == 0 || (field->missing.count && texts_have(&field->missing, text));
}

/* ---- numbers ---- */

static bool stands_at(struct slice text, size_t at, struct slice sign)
{
	return sign.size && text.size - at >= sign.size && memcmp(text.data + at, sign.data, sign.size) == 0;
}

static bool is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-';
}

/* Without the units around it, as bareNumber false allows: "$1.50", "20 %", "EUR 3". */
static struct slice strip_units(struct slice text, const struct number_format *format)
{
	size_t start = 0, end = text.size;

	while (start < end && !is_number_byte(text.data[start]) && !stands_at(text, start, format->decimal_char))
		start++;
	while (end > start && (text.data[end - 1] < '0' || text.data[end - 1] > '9'))
		end--;
	return slice_of(text.data + start, end - start);
}

/* Groups have two or three digits, and the last before the decimal sign three: 1,234 and 12,34,567, but
 * not 1,5, which would be another number. */
struct groups {
	bool any;
	size_t digits; /* since the last group sign, or the beginning */
};

static bool begin_group(struct groups *groups)
{
	bool right = groups->any ? groups->digits == 2 || groups->digits == 3
				 : groups->digits >= 1 && groups->digits <= 3;

	*groups = (struct groups){.any = true};
	return right;
}

static bool end_groups(const struct groups *groups)
{
	return !groups->any || groups->digits == 3;
}

/* The number in plain notation: groups joined, the decimal sign a point. false: it cannot be one;
 * plain->data NULL: no memory. */
static bool to_plain_notation(struct slice text, const struct number_format *format,
			      struct arena *arena, struct slice *plain)
{
	char *out = arena_alloc(arena, text.size + 1);
	struct groups groups = {0};
	bool is_whole = true; /* before the decimal sign */
	size_t size = 0;

	*plain = slice_of(out, 0);
	if (!out)
		return true;
	for (size_t at = 0; at < text.size;) {
		char c = text.data[at];
		if (stands_at(text, at, format->group_char)) {
			if (!is_whole || !begin_group(&groups))
				return false;
			at += format->group_char.size;
			continue;
		}
		bool is_point = format->decimal_char.size ? stands_at(text, at, format->decimal_char) : c == '.';
		if (c == '.' && !is_point)
			return false;
		bool is_digit = c >= '0' && c <= '9';
		groups.digits += is_whole && is_digit;
		if (is_whole && size && !is_digit && !end_groups(&groups))
			return false;
		is_whole = is_whole && (is_digit || size == 0) && !is_point;
		out[size++] = is_point ? '.' : c;
		at += is_point && format->decimal_char.size ? format->decimal_char.size : 1;
	}
	plain->size = size;
	return !is_whole || end_groups(&groups);
}

/* The digits of a text in the field's own notation. */
static enum read_result normalise_number(const struct schema_field *field, struct slice text,
					 struct arena *arena, struct slice *plain)
{
	const struct number_format *format = &field->number;

	*plain = text;
	if (format->with_units)
		text = *plain = strip_units(text, format);
	if (!format->decimal_char.size && !format->group_char.size)
		return READ_OK;
	if (!to_plain_notation(text, format, arena, plain))
		return READ_WRONG_TYPE;
	return plain->data ? READ_OK : READ_NO_MEMORY;
}

static enum read_result read_text_number(const struct schema_field *field, const struct value *sent,
					 enum decimal_notation notation, struct arena *arena,
					 struct typed_value *typed)
{
	struct slice text;
	enum read_result result = normalise_number(field, trim_white_space(sent->text), arena, &text);

	if (result != READ_OK)
		return result;
	if (!decimal_read(text, notation, &typed->as.number))
		return READ_WRONG_TYPE;
	typed->value.kind = VALUE_NUMBER;
	return decimal_to_json(&typed->as.number, text, arena, &typed->value.text) ? READ_OK
										    : READ_NO_MEMORY;
}

static enum read_result check_range(const struct decimal *number, const char **message)
{
	if (decimal_is_in_range(number))
		return READ_OK;
	*message = "The number is out of range: none beyond 1.79e308, above or below 0, can be computed with. Correct it.";
	return READ_WRONG_TYPE;
}

/* "30.0", "+30" and "030" are 30; a JSON number keeps its spelling. */
static enum read_result read_integer(const struct schema_field *field, const struct value *sent,
				     struct arena *arena, struct typed_value *typed, const char **message)
{
	struct decimal *number = &typed->as.number;
	enum read_result result = READ_WRONG_TYPE;

	*message = "A whole number is wanted here. Write it with the digits 0 to 9 only, like 30.";
	if (sent->kind == VALUE_NUMBER && decimal_read(sent->text, DECIMAL_EXPONENT, number))
		return decimal_is_whole(number) ? check_range(number, message) : READ_WRONG_TYPE;
	if (sent->kind == VALUE_STRING)
		result = read_text_number(field, sent, DECIMAL_PLAIN, arena, typed);
	if (result != READ_OK)
		return result;
	if (!decimal_is_whole(number))
		return READ_WRONG_TYPE;
	if (number->fraction.size)
		typed->value.text.size -= number->fraction.size + 1;
	if (number->negative && decimal_is_zero(number))
		typed->value.text = SLICE("0");
	return check_range(number, message);
}

static enum read_result read_number(const struct schema_field *field, const struct value *sent,
				    struct arena *arena, struct typed_value *typed, const char **message)
{
	*message = "A number is wanted here. Write it with digits and a point, like 12.5.";
	if (field->number.decimal_char.size)
		*message = "A number is wanted here. Write it with digits and the schema's decimal sign.";
	enum read_result result = READ_WRONG_TYPE;
	if (sent->kind == VALUE_NUMBER && decimal_read(sent->text, DECIMAL_EXPONENT, &typed->as.number))
		result = READ_OK;
	if (sent->kind == VALUE_STRING)
		result = read_text_number(field, sent, DECIMAL_LOOSE, arena, typed);
	return result == READ_OK ? check_range(&typed->as.number, message) : result;
}

/* ---- the others ---- */

static enum read_result read_boolean(const struct schema_field *field, const struct value *sent,
				     struct arena *arena, struct typed_value *typed, const char **message)
{
	(void)arena;
	*message = "A truth value is wanted here. Write true or false, or what the schema lists for them.";
	if (sent->kind == VALUE_BOOLEAN)
		return READ_OK;
	if (sent->kind != VALUE_STRING)
		return READ_WRONG_TYPE;
	struct slice text = trim_white_space(sent->text);
	bool is_true = texts_have(&field->true_values, text);
	if (!is_true && !texts_have(&field->false_values, text))
		return READ_WRONG_TYPE;
	typed->value = (struct value){VALUE_BOOLEAN, is_true ? SLICE("true") : SLICE("false")};
	return READ_OK;
}

static enum read_result read_date_time(const struct schema_field *field, const struct value *sent,
				       struct arena *arena, struct typed_value *typed, const char **message)
{
	enum date_kind kind = field->type == TYPE_DATE ? DATE_ONLY : DATE_AND_TIME;
	char iso[DATE_TEXT_SIZE];

	*message = kind == DATE_ONLY
			   ? "A date is wanted here. Write it like 2024-02-29."
			   : "A date with a time of day is wanted here. Write it like 2024-02-29T12:30:00Z.";
	if (field->date.form != DATE_FORMAT_DEFAULT)
		*message = "A day that there is, in the form of the schema's format, is wanted here.";
	if (sent->kind != VALUE_STRING)
		return READ_WRONG_TYPE;
	struct slice text = trim_white_space(sent->text);
	if (!date_time_read(text, kind, &field->date, &typed->as.time))
		return READ_WRONG_TYPE;
	typed->value = (struct value){VALUE_STRING, text};
	if (field->date.form == DATE_FORMAT_DEFAULT)
		return READ_OK;
	size_t size = date_time_write(&typed->as.time, kind, iso);
	return arena_copy(arena, slice_of(iso, size), &typed->value.text) ? READ_OK : READ_NO_MEMORY;
}

static const char no_string[] = "Text is wanted here. Write the value in double quotes.";

static enum read_result read_string(const struct schema_field *field, const struct value *sent,
				    struct arena *arena, struct typed_value *typed, const char **message)
{
	(void)field;
	(void)arena;
	(void)typed;
	*message = no_string;
	return sent->kind == VALUE_STRING ? READ_OK : READ_WRONG_TYPE;
}

static enum read_result read_email(const struct schema_field *field, const struct value *sent,
				   struct arena *arena, struct typed_value *typed, const char **message)
{
	enum email_fault fault;

	if (read_string(field, sent, arena, typed, message) != READ_OK)
		return READ_WRONG_TYPE;
	typed->value.text = trim_white_space(sent->text);
	if (email_check(typed->value.text, &fault) != STATUS_OK)
		return READ_NO_MEMORY;
	*message = email_fault_message(fault);
	return fault == EMAIL_FINE ? READ_OK : READ_WRONG_TYPE;
}

static enum read_result read_uri(const struct schema_field *field, const struct value *sent,
				 struct arena *arena, struct typed_value *typed, const char **message)
{
	if (read_string(field, sent, arena, typed, message) != READ_OK)
		return READ_WRONG_TYPE;
	typed->value.text = trim_white_space(sent->text);
	*message = uri_fault(typed->value.text);
	return *message ? READ_WRONG_TYPE : READ_OK;
}

static enum read_result read_any(const struct schema_field *field, const struct value *sent,
				 struct arena *arena, struct typed_value *typed, const char **message)
{
	(void)field;
	(void)sent;
	(void)arena;
	(void)typed;
	(void)message;
	return READ_OK;
}

enum read_result field_read(const struct schema_field *field, const struct value *sent,
			    struct arena *arena, struct typed_value *typed, const char **message)
{
	static enum read_result (*const readers[])(const struct schema_field *, const struct value *,
						   struct arena *, struct typed_value *, const char **) = {
		[TYPE_ANY] = read_any,         [TYPE_STRING] = read_string,
		[TYPE_EMAIL] = read_email,     [TYPE_URI] = read_uri,
		[TYPE_INTEGER] = read_integer, [TYPE_NUMBER] = read_number,
		[TYPE_BOOLEAN] = read_boolean, [TYPE_DATE] = read_date_time,
		[TYPE_DATETIME] = read_date_time,
	};

	typed->value = *sent;
	return readers[field->type](field, sent, arena, typed, message);
}

/* ---- equality and order ---- */

void field_write_key(const struct schema_field *field, const struct typed_value *typed,
		     struct strbuf *out)
{
	char text[DATE_TEXT_SIZE];
	struct decimal number;

	switch (field->type) {
	case TYPE_INTEGER:
	case TYPE_NUMBER:
		decimal_write_key(&typed->as.number, out);
		break;
	case TYPE_DATE:
	case TYPE_DATETIME:
		strbuf_add(out, text, date_time_write_key(&typed->as.time, text));
		break;
	case TYPE_ANY:
		/* 1 and "1" are different values, 1 and 1.0 are not. */
		strbuf_add_byte(out, (char)('a' + (int)typed->value.kind));
		if (typed->value.kind == VALUE_NUMBER &&
		    decimal_read(typed->value.text, DECIMAL_EXPONENT, &number))
			decimal_write_key(&number, out);
		else
			strbuf_add_slice(out, typed->value.text);
		break;
	default:
		strbuf_add_slice(out, typed->value.text);
	}
}

int bound_compare(const struct schema_field *field, const struct typed_value *typed,
		  const struct bound *bound)
{
	if (field->type == TYPE_INTEGER || field->type == TYPE_NUMBER)
		return decimal_compare(&typed->as.number, &bound->number);
	return date_time_compare(&typed->as.time, &bound->time);
}
