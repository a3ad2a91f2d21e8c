#include "validate/email.h"

#include "base/utf8.h"
#include "validate/white_space.h"

#include <idn2.h>

#include "base/banned.h"

enum { ADDRESS_SIZE = 254, LOCAL_SIZE = 64, LABEL_SIZE = 63 };

static const struct {
	const char *key, *message;
} faults[] = {
#define X(name, key, message) [name] = {key, message},
	EMAIL_FAULT_LIST(X)
#undef X
};

const char *email_fault_key(enum email_fault fault)
{
	return faults[fault].key;
}

const char *email_fault_message(enum email_fault fault)
{
	return faults[fault].message;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c)
{
	return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* RFC 5322's atext in ASCII. */
static bool is_atext(char c)
{
	return is_letter_or_digit(c) || (c && strchr("!#$%&'*+/=?^_`{|}~-", c));
}

/* White space and control characters have faults of their own: people cannot see them. */
static enum email_fault character_fault(uint32_t code_point, enum email_fault otherwise)
{
	if (is_white_space(code_point))
		return EMAIL_WHITE_SPACE;
	if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0))
		return EMAIL_CONTROL;
	return otherwise;
}

static enum email_fault check_local(struct slice local)
{
	uint32_t code_point, before = '.';

	if (local.size == 0)
		return EMAIL_LOCAL_EMPTY;
	if (local.data[0] == '"')
		return EMAIL_LOCAL_QUOTED;
	if (slice_find(local, '@', 0) < local.size)
		return EMAIL_SECOND_AT;
	for (size_t at = 0; at < local.size; before = code_point) {
		at += utf8_decode(local, at, &code_point);
		if (code_point == '.' && before == '.')
			return EMAIL_LOCAL_DOT;
		bool allowed = code_point < 0x80 && (code_point == '.' || is_atext((char)code_point));
		enum email_fault fault = allowed ? EMAIL_FINE
			: character_fault(code_point, code_point < 0x80 ? EMAIL_LOCAL_CHARACTER
			                                                : EMAIL_FINE);
		if (fault != EMAIL_FINE)
			return fault;
	}
	if (before == '.')
		return EMAIL_LOCAL_DOT;
	return local.size > LOCAL_SIZE ? EMAIL_LOCAL_TOO_LONG : EMAIL_FINE;
}

/* The ASCII characters of a domain: letters, digits, hyphens and dots. */
static enum email_fault check_domain_characters(struct slice domain)
{
	for (size_t i = 0; i < domain.size; i++) {
		char c = domain.data[i];
		if (!(c & 0x80) && !is_letter_or_digit(c) && c != '-' && c != '.')
			return character_fault((unsigned char)c, EMAIL_DOMAIN_CHARACTER);
	}
	return EMAIL_FINE;
}

static enum email_fault check_label(struct slice label)
{
	if (label.size == 0)
		return EMAIL_DOMAIN_DOT;
	if (label.data[0] == '-' || label.data[label.size - 1] == '-')
		return EMAIL_DOMAIN_HYPHEN;
	return label.size > LABEL_SIZE ? EMAIL_DOMAIN_LABEL_TOO_LONG : EMAIL_FINE;
}

static bool is_all_digits(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!is_digit(text.data[i]))
			return false;
	return true;
}

/* A domain in ASCII; *has_alabel says whether a label claims to be Punycode. */
static enum email_fault check_ascii_domain(struct slice domain, bool *has_alabel)
{
	enum email_fault fault = check_domain_characters(domain);
	struct slice label;
	size_t start = 0, dots = 0;

	*has_alabel = false;
	for (; fault == EMAIL_FINE; start += label.size + 1, dots++) {
		label = slice_of(domain.data + start, slice_find(domain, '.', start) - start);
		fault = check_label(label);
		if (label.size >= 4 &&
		    slice_equal_ignoring_ascii_case(slice_of(label.data, 4), SLICE("xn--")))
			*has_alabel = true;
		if (start + label.size == domain.size)
			break;
	}
	if (fault != EMAIL_FINE)
		return fault;
	if (dots == 0)
		return EMAIL_DOMAIN_NO_DOT;
	return is_all_digits(label) ? EMAIL_DOMAIN_NUMERIC : EMAIL_FINE;
}

static enum email_fault idna_fault(int result)
{
	if (result == IDN2_TOO_BIG_DOMAIN)
		return EMAIL_TOO_LONG;
	if (result == IDN2_TOO_BIG_LABEL || result == IDN2_PUNYCODE_BIG_OUTPUT)
		return EMAIL_DOMAIN_LABEL_TOO_LONG;
	return result == IDN2_HYPHEN_STARTEND ? EMAIL_DOMAIN_HYPHEN : EMAIL_DOMAIN_IDNA;
}

/* libidn2 maps by UTS 46, tests by IDNA 2008 and writes Punycode. Its IDN2_USE_STD3_ASCII_RULES
 * is no help: it drops forbidden characters without a word ("ü_b.com" becomes "üb.com"). Without
 * it, those that mapping brings forth stay visible in the result, for Punycode shows the ASCII
 * characters of a label as they are, and the rule for ASCII domains finds them. */
static enum status check_international_domain(struct slice domain, enum email_fault *fault)
{
	char name[ADDRESS_SIZE + 1];
	uint8_t *ascii = NULL;
	bool has_alabel;

	*fault = check_domain_characters(domain);
	if (*fault != EMAIL_FINE)
		return STATUS_OK;
	memcpy(name, domain.data, domain.size);
	name[domain.size] = '\0';
	int result = idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NONTRANSITIONAL);
	if (result == IDN2_MALLOC)
		return STATUS_NO_MEMORY;
	if (result != IDN2_OK)
		*fault = idna_fault(result);
	else
		*fault = check_ascii_domain(slice_of_string((const char *)ascii), &has_alabel);
	idn2_free(ascii);
	return STATUS_OK;
}

static bool is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] & 0x80)
			return false;
	return true;
}

static enum status check_domain(struct slice domain, enum email_fault *fault)
{
	bool has_alabel = true;

	*fault = EMAIL_FINE;
	if (domain.size == 0)
		*fault = EMAIL_DOMAIN_EMPTY;
	else if (domain.data[0] == '[')
		*fault = EMAIL_DOMAIN_LITERAL;
	else if (is_ascii(domain))
		*fault = check_ascii_domain(domain, &has_alabel);
	if (*fault != EMAIL_FINE || !has_alabel)
		return STATUS_OK;
	return check_international_domain(domain, fault);
}

/* ---- plain addresses, which most are: one look at each byte ---- */

enum {
	IN_LOCAL = 1,
	IN_DOMAIN = 2,
	IS_DIGIT = 4,
	LETTER = IN_LOCAL | IN_DOMAIN,
	DIGIT = LETTER | IS_DIGIT,
};

/* What each byte may be part of; '.' and '@' divide. */
static const unsigned char byte_uses[256] = {
	['!'] = IN_LOCAL, ['#'] = IN_LOCAL, ['$'] = IN_LOCAL, ['%'] = IN_LOCAL, ['&'] = IN_LOCAL,
	['\''] = IN_LOCAL, ['*'] = IN_LOCAL, ['+'] = IN_LOCAL, ['/'] = IN_LOCAL, ['='] = IN_LOCAL,
	['?'] = IN_LOCAL, ['^'] = IN_LOCAL, ['_'] = IN_LOCAL, ['`'] = IN_LOCAL, ['{'] = IN_LOCAL,
	['|'] = IN_LOCAL, ['}'] = IN_LOCAL, ['~'] = IN_LOCAL, ['-'] = IN_LOCAL | IN_DOMAIN,
	['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT, ['5'] = DIGIT, ['6'] = DIGIT,
	['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT,
	['A'] = LETTER, ['B'] = LETTER, ['C'] = LETTER, ['D'] = LETTER, ['E'] = LETTER, ['F'] = LETTER, ['G'] = LETTER,
	['H'] = LETTER, ['I'] = LETTER, ['J'] = LETTER, ['K'] = LETTER, ['L'] = LETTER, ['M'] = LETTER, ['N'] = LETTER,
	['O'] = LETTER, ['P'] = LETTER, ['Q'] = LETTER, ['R'] = LETTER, ['S'] = LETTER, ['T'] = LETTER, ['U'] = LETTER,
	['V'] = LETTER, ['W'] = LETTER, ['X'] = LETTER, ['Y'] = LETTER, ['Z'] = LETTER,
	['a'] = LETTER, ['b'] = LETTER, ['c'] = LETTER, ['d'] = LETTER, ['e'] = LETTER, ['f'] = LETTER, ['g'] = LETTER,
	['h'] = LETTER, ['i'] = LETTER, ['j'] = LETTER, ['k'] = LETTER, ['l'] = LETTER, ['m'] = LETTER, ['n'] = LETTER,
	['o'] = LETTER, ['p'] = LETTER, ['q'] = LETTER, ['r'] = LETTER, ['s'] = LETTER, ['t'] = LETTER, ['u'] = LETTER,
	['v'] = LETTER, ['w'] = LETTER, ['x'] = LETTER, ['y'] = LETTER, ['z'] = LETTER,
};

/* Of one label that ends before `end`; a label with "--" may be Punycode and is looked at otherwise. */
static bool is_plain_label(const char *start, const char *end, bool *all_digits)
{
	*all_digits = true;
	if (start == end || *start == '-' || end[-1] == '-' || end - start > LABEL_SIZE)
		return false;
	for (const char *at = start; at < end; at++) {
		unsigned uses = byte_uses[(unsigned char)*at];
		if (!(uses & IN_DOMAIN) || (*at == '-' && at[1] == '-'))
			return false;
		*all_digits = *all_digits && (uses & IS_DIGIT);
	}
	return true;
}

/* true: nothing is wrong with it. false: it is to be checked by the rules one by one, which also say
 * what is wrong. */
static bool is_plain_address(struct slice address)
{
	const char *at = address.data, *end = address.data + address.size, *start;
	bool all_digits = true;

	for (start = at; at < end && *at != '@'; at++) {
		bool is_dot = *at == '.';
		if (!is_dot && !(byte_uses[(unsigned char)*at] & IN_LOCAL))
			return false;
		if (is_dot && (at == start || at[-1] == '.' || at + 1 == end || at[1] == '@'))
			return false;
	}
	if (at == end || at == start || at - start > LOCAL_SIZE || address.size > ADDRESS_SIZE)
		return false;
	for (size_t labels = 0;; labels++) {
		start = ++at;
		while (at < end && *at != '.')
			at++;
		if (!is_plain_label(start, at, &all_digits))
			return false;
		if (at == end)
			return labels > 0 && !all_digits;
	}
}

enum status email_check(struct slice address, enum email_fault *fault)
{
	*fault = EMAIL_FINE;
	if (is_plain_address(address))
		return STATUS_OK;
	size_t local_size = 0;
	if (address.size > ADDRESS_SIZE) {
		*fault = EMAIL_TOO_LONG;
	} else if (!utf8_is_valid(address)) {
		*fault = EMAIL_NOT_UTF8;
	} else {
		const char *at = address.size ? memrchr(address.data, '@', address.size) : NULL;
		local_size = at ? (size_t)(at - address.data) : address.size;
		*fault = at ? check_local(slice_of(address.data, local_size)) : EMAIL_NO_AT;
	}
	if (*fault != EMAIL_FINE)
		return STATUS_OK;
	return check_domain(slice_of(address.data + local_size + 1, address.size - local_size - 1),
			    fault);
}
