#include "support.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "validate/email.h"

#include "base/banned.h"

static enum email_fault fault_of(struct slice address)
{
	enum email_fault fault;

	assert_int_equal(email_check(address, &fault), STATUS_OK);
	return fault;
}

static void assert_fault_at(const char *address, enum email_fault expected, int line)
{
	enum email_fault fault = fault_of(slice_of_string(address));

	if (fault == expected)
		return;
	print_error("\"%s\" is %s, expected %s\n", address, email_fault_key(fault),
		    email_fault_key(expected));
	_fail(__FILE__, line);
}
#define assert_fault(address_, expected_) assert_fault_at(address_, expected_, __LINE__)
#define assert_accepted(address_) assert_fault(address_, EMAIL_FINE)

static void ordinary_addresses_are_accepted(void **state)
{
	(void)state;
	assert_accepted("john@example.com");
	assert_accepted("a@b.c");
	assert_accepted("first.last+tag@sub.example.co.uk");
	assert_accepted("!#$%&'*+/=?^_`{|}~-@example.com");
	assert_accepted("UPPER@EXAMPLE.COM");
	assert_accepted("1@2.3com");
	assert_accepted("a@ab--cd.com");
	assert_accepted("a@123.example");
}

static void each_rule_is_named_when_it_fails(void **state)
{
	(void)state;
	assert_fault("", EMAIL_NO_AT);
	assert_fault("john.example.com", EMAIL_NO_AT);
	assert_fault("a@b@example.com", EMAIL_SECOND_AT);
	assert_fault("@example.com", EMAIL_LOCAL_EMPTY);
	assert_fault("\"john\"@example.com", EMAIL_LOCAL_QUOTED);
	assert_fault("jo(hn)@example.com", EMAIL_LOCAL_CHARACTER);
	assert_fault("jo,hn@example.com", EMAIL_LOCAL_CHARACTER);
	assert_fault(".john@example.com", EMAIL_LOCAL_DOT);
	assert_fault("john.@example.com", EMAIL_LOCAL_DOT);
	assert_fault("jo..hn@example.com", EMAIL_LOCAL_DOT);
	assert_fault("john@", EMAIL_DOMAIN_EMPTY);
	assert_fault("john@[127.0.0.1]", EMAIL_DOMAIN_LITERAL);
	assert_fault("john@exam_ple.com", EMAIL_DOMAIN_CHARACTER);
	assert_fault("john@localhost", EMAIL_DOMAIN_NO_DOT);
	assert_fault("john@.com", EMAIL_DOMAIN_DOT);
	assert_fault("john@example.com.", EMAIL_DOMAIN_DOT);
	assert_fault("john@example..com", EMAIL_DOMAIN_DOT);
	assert_fault("john@.", EMAIL_DOMAIN_DOT);
	assert_fault("john@-example.com", EMAIL_DOMAIN_HYPHEN);
	assert_fault("john@example-.com", EMAIL_DOMAIN_HYPHEN);
	assert_fault("john@-.com", EMAIL_DOMAIN_HYPHEN);
	assert_fault("john@127.0.0.1", EMAIL_DOMAIN_NUMERIC);
	assert_fault("john@example.1", EMAIL_DOMAIN_NUMERIC);
	assert_fault("jo hn@example.com", EMAIL_WHITE_SPACE);
	assert_fault("john@exam ple.com", EMAIL_WHITE_SPACE);
	assert_fault("jo\x01hn@example.com", EMAIL_CONTROL);
	assert_fault("john@example\x7F.com", EMAIL_CONTROL);
	assert_fault("jo\xFFhn@example.com", EMAIL_NOT_UTF8);
}

static void nul_bytes_are_control_characters(void **state)
{
	(void)state;
	assert_int_equal(fault_of(SLICE("john\0@example.com")), EMAIL_CONTROL);
	assert_int_equal(fault_of(SLICE("john@example.com\0.evil")), EMAIL_CONTROL);
	/* libidn2 would stop at it. */
	assert_int_equal(fault_of(SLICE("john@b\xC3\xBC" "cher.com\0.evil")), EMAIL_CONTROL);
}

/* Writes `count` times 'a' and what follows. */
static const char *letters_and(int count, const char *rest)
{
	static char text[600];

	snprintf(text, sizeof text, "%0*d%s", count, 0, rest);
	memset(text, 'a', (size_t)count);
	return text;
}

static void lengths_are_counted_in_bytes(void **state)
{
	char address[700], domain[260];

	(void)state;
	assert_accepted(letters_and(64, "@example.com"));
	assert_fault(letters_and(65, "@example.com"), EMAIL_LOCAL_TOO_LONG);
	/* 31 characters of two bytes, and two more bytes. */
	for (size_t i = 0; i < 62; i += 2)
		memcpy(address + i, "\xC3\xBC", 2);
	memcpy(address + 62, "aa@b.de", 8);
	assert_accepted(address);
	memcpy(address + 62, "aaa@b.de", 9);
	assert_fault(address, EMAIL_LOCAL_TOO_LONG);

	snprintf(address, sizeof address, "j@%s", letters_and(63, ".com"));
	assert_accepted(address);
	snprintf(address, sizeof address, "j@%s", letters_and(64, ".com"));
	assert_fault(address, EMAIL_DOMAIN_LABEL_TOO_LONG);

	/* 126 labels of one letter: 251 bytes, 254 with "jo@". */
	for (size_t i = 0; i < 252; i += 2)
		memcpy(domain + i, "a.", 2);
	domain[251] = '\0';
	snprintf(address, sizeof address, "jo@%s", domain);
	assert_int_equal(strlen(address), 254);
	assert_accepted(address);
	snprintf(address, sizeof address, "joe@%s", domain);
	assert_fault(address, EMAIL_TOO_LONG);
}

static void international_domains_follow_idna_2008(void **state)
{
	(void)state;
	assert_accepted("john@m\xC3\xBCnchen.de");                          /* münchen */
	assert_accepted("john@fa\xC3\x9F.de");                              /* faß: not transitional */
	assert_accepted("john@cafe\xCC\x81.com");                           /* not NFC: mapped */
	assert_accepted("john@EXAMPLE\xE3\x80\x82" "com");                  /* ideographic full stop */
	assert_accepted("john@xn--mnchen-3ya.de");
	assert_accepted("john@XN--MNCHEN-3YA.DE");
	assert_fault("john@xn--zzzzzzzz.de", EMAIL_DOMAIN_IDNA);
	assert_fault("john@\xE2\x98\x83.com", EMAIL_DOMAIN_IDNA);           /* a snowman: a symbol */
	assert_fault("john@a\xD8\xA7.com", EMAIL_DOMAIN_IDNA);              /* mixed direction */
	assert_fault("john@\xCC\x81" "a.com", EMAIL_DOMAIN_IDNA);           /* leading combining mark */
	assert_fault("john@-\xC3\xBC.com", EMAIL_DOMAIN_HYPHEN);
	assert_fault("john@\xC3\xBC", EMAIL_DOMAIN_NO_DOT);
	assert_fault("john@\xC3\xBC..com", EMAIL_DOMAIN_DOT);
	assert_fault("john@\xC2\xAD", EMAIL_DOMAIN_DOT);                    /* soft hyphen: maps to nothing */
	assert_fault("john@\xC3\xBC_b.com", EMAIL_DOMAIN_CHARACTER);
	assert_fault("john@\xC3\xBC b.com", EMAIL_WHITE_SPACE);
	assert_fault("john@\xEF\xBC\xBF" "b\xC3\xBC.com", EMAIL_DOMAIN_CHARACTER); /* full-width _ */
	assert_fault("john@exam\xE3\x80\x80ple.com", EMAIL_WHITE_SPACE);    /* ideographic space */
	/* 127.0.0.1 in full-width digits */
	assert_fault("john@\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.\xEF\xBC\x90.\xEF\xBC\x90.\xEF\xBC\x91",
		     EMAIL_DOMAIN_NUMERIC);
}

static void international_domains_keep_the_limits_of_their_ascii_form(void **state)
{
	char address[700] = "a@";
	size_t size = 2;

	(void)state;
	for (; size < 2 + 2 * 60; size += 2)
		memcpy(address + size, "\xC3\xBC", 2);
	memcpy(address + size, ".de", 4);
	assert_fault(address, EMAIL_DOMAIN_LABEL_TOO_LONG);

	snprintf(address, sizeof address, "a@%s", letters_and(64, ".\xC3\xBC.de"));
	assert_fault(address, EMAIL_DOMAIN_LABEL_TOO_LONG);

	/* 33 labels of U+00FC, 8 bytes each with their dot once they are xn--tda: 264 bytes. */
	for (size = 2; size < 2 + 33 * 3; size += 3)
		memcpy(address + size, "\xC3\xBC.", 3);
	memcpy(address + size, "de", 3);
	assert_fault(address, EMAIL_TOO_LONG);
}

static void local_parts_may_be_utf8_but_not_invisible(void **state)
{
	(void)state;
	assert_accepted("j\xC3\xBCrgen@example.com");
	assert_accepted("\xEC\x8B\xA4\xEB\xA1\x80@example.com");
	assert_accepted("\xF0\x9F\x99\x82@example.com");
	assert_fault("j\xC2\x85@example.com", EMAIL_WHITE_SPACE);      /* U+0085 */
	assert_fault("j\xC2\x9Ax@example.com", EMAIL_CONTROL);         /* U+009A */
	assert_fault("j\xC2\xA0x@example.com", EMAIL_WHITE_SPACE);     /* no-break space */
	assert_fault("j\xE3\x80\x80x@example.com", EMAIL_WHITE_SPACE); /* ideographic space */
}

static void every_fault_has_a_key_and_a_sentence(void **state)
{
	(void)state;
#define X(name, key, message)                                                                      \
	assert_string_equal(email_fault_key(name), key);                                           \
	assert_string_equal(email_fault_message(name), message);                                   \
	if (name != EMAIL_FINE)                                                                    \
		assert_int_equal(message[strlen(message) - 1], '.');
	EMAIL_FAULT_LIST(X)
#undef X
}

/* The rule once more for ASCII, as regular expressions: the WHATWG's own, word for word but for
 * its groups, and what we add to it. */
static const struct {
	const char *pattern;
	bool wanted;
} specification[] = {
	{"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
	 "(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$", true},
	{"^\\.|\\.\\.|\\.@", false},
	{"@.*\\.", true},
	{"\\.[0-9]+$", false},
	{"^[^@]{65}", false},
	{"^.{255}", false},
};

enum { RULE_COUNT = sizeof specification / sizeof *specification };

static bool passes_specification(const regex_t *rules, const char *address)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		if ((regexec(&rules[i], address, 0, NULL, 0) == 0) != specification[i].wanted)
			return false;
	return true;
}

/* Random pieces, of which some can stand anywhere in an address, so that a good part of the
 * texts made of them is one. */
static void add_pieces(uint64_t *random, size_t count, struct strbuf *out)
{
	static const char *const good[] = {
		"a", "Z", "7", "ab", "example", ".c", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0-1",
	};
	static const char *const other[] = {
		"-", ".", "@", "_", " ", "\"", "[", "+", "..", "@b.", "\t", ",", "a.7",
		".0123456789012345678901234567890123456789012345678901234567890",
	};

	for (size_t i = 0; i < count; i++)
		strbuf_add_string(out, random_next(random) % 8
			? good[random_next(random) % (sizeof good / sizeof *good)]
			: other[random_next(random) % (sizeof other / sizeof *other)]);
}

static void make_address(uint64_t *random, struct strbuf *out)
{
	strbuf_clear(out);
	add_pieces(random, random_next(random) % 5, out);
	strbuf_add_string(out, random_next(random) % 8 ? "@" : "");
	add_pieces(random, random_next(random) % 7, out);
}

static void random_addresses_are_decided_as_the_specification_does(void **state)
{
	uint64_t random = random_seed();
	regex_t rules[RULE_COUNT];
	size_t accepted = 0;
	struct strbuf address;

	(void)state;
	strbuf_init(&address, 1 << 12);
	for (size_t i = 0; i < RULE_COUNT; i++)
		assert_int_equal(regcomp(&rules[i], specification[i].pattern, REG_EXTENDED | REG_NOSUB), 0);
	for (size_t i = 0; i < 40000; i++) {
		make_address(&random, &address);
		bool expected = passes_specification(rules, address.data);
		enum email_fault fault = fault_of(strbuf_slice(&address));
		if ((fault == EMAIL_FINE) != expected)
			fail_msg("\"%s\" is %s, and the specification %s it", address.data,
				 email_fault_key(fault), expected ? "accepts" : "refuses");
		accepted += expected;
	}
	for (size_t i = 0; i < RULE_COUNT; i++)
		regfree(&rules[i]);
	strbuf_release(&address);
	/* Else the test says little. */
	assert_in_range(accepted, 1000, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_addresses_are_accepted),
		cmocka_unit_test(each_rule_is_named_when_it_fails),
		cmocka_unit_test(nul_bytes_are_control_characters),
		cmocka_unit_test(lengths_are_counted_in_bytes),
		cmocka_unit_test(international_domains_follow_idna_2008),
		cmocka_unit_test(international_domains_keep_the_limits_of_their_ascii_form),
		cmocka_unit_test(local_parts_may_be_utf8_but_not_invisible),
		cmocka_unit_test(every_fault_has_a_key_and_a_sentence),
		cmocka_unit_test(random_addresses_are_decided_as_the_specification_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
