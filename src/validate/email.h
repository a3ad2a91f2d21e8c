/* Whether a text is an e-mail address by our rule: the WHATWG's for <input type=email>, and
 *  - no leading, trailing or doubled dot in the local part (RFC 5321, section 4.1.2, Dot-string),
 *  - at most 64 octets before the @ and 254 in all (RFC 5321, section 4.5.3.1; RFC 3696 erratum 1690),
 *  - a domain with a dot whose last label is not all digits (RFC 3696, section 2),
 *  - internationalised domains by IDNA 2008 and UTS 46, not transitional (libidn2),
 *  - local parts in UTF-8 (RFC 6531, section 3.3) without control characters and white space.
 * Quoted local parts, address literals and comments are refused. docs/EMAIL_DECISIONS.md shows
 * what becomes of some hundred addresses that others have collected.
 *
 * Nothing is looked up: an address that passes need not exist.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VALIDATE_EMAIL_H
#define ROWMILL_VALIDATE_EMAIL_H

#include "base/slice.h"
#include "base/status.h"

/*         name                         key                     what is wrong, and the remedy */
#define EMAIL_FAULT_LIST(X)                                                                        \
	X(EMAIL_FINE,                   "accepted",             "")                                \
	X(EMAIL_TOO_LONG,               "too-long",                                                \
	  "The e-mail address is longer than 254 bytes. Shorten it.")                              \
	X(EMAIL_NOT_UTF8,               "not-utf-8",                                               \
	  "The e-mail address has bytes that are no UTF-8. Save the file as UTF-8.")               \
	X(EMAIL_WHITE_SPACE,            "white-space",                                             \
	  "There is white space inside the e-mail address. Remove it.")                            \
	X(EMAIL_CONTROL,                "control-character",                                       \
	  "There is a control character inside the e-mail address. Remove it.")                    \
	X(EMAIL_NO_AT,                  "no-at",                                                   \
	  "The e-mail address has no @. Write it like name@example.com.")                          \
	X(EMAIL_SECOND_AT,              "second-at",                                               \
	  "There is more than one @. Give one e-mail address only.")                               \
	X(EMAIL_LOCAL_EMPTY,            "local-empty",                                             \
	  "Nothing stands before the @. Write it like name@example.com.")                          \
	X(EMAIL_LOCAL_QUOTED,           "local-quoted",                                            \
	  "Quotes before the @ are not taken. Use an address without quotes.")                     \
	X(EMAIL_LOCAL_CHARACTER,        "local-character",                                         \
	  "A character before the @ is not allowed in an e-mail address. Remove it.")              \
	X(EMAIL_LOCAL_DOT,              "local-dot",                                               \
	  "A dot may not be the first or last character before the @, nor follow another dot. "    \
	  "Remove it.")                                                                            \
	X(EMAIL_LOCAL_TOO_LONG,         "local-too-long",                                          \
	  "More than 64 bytes stand before the @. Shorten it.")                                    \
	X(EMAIL_DOMAIN_EMPTY,           "domain-empty",                                            \
	  "Nothing stands behind the @. Write it like name@example.com.")                          \
	X(EMAIL_DOMAIN_LITERAL,         "domain-literal",                                          \
	  "An address in brackets is not taken behind the @. Use a domain like example.com.")      \
	X(EMAIL_DOMAIN_CHARACTER,       "domain-character",                                        \
	  "A character behind the @ is not allowed in a domain. Remove it.")                       \
	X(EMAIL_DOMAIN_NO_DOT,          "domain-no-dot",                                           \
	  "The domain behind the @ has no dot. Give the whole domain, like example.com.")          \
	X(EMAIL_DOMAIN_DOT,             "domain-dot",                                              \
	  "The domain behind the @ begins or ends with a dot, or has two in a row. Remove it.")    \
	X(EMAIL_DOMAIN_HYPHEN,          "domain-hyphen",                                           \
	  "A part of the domain begins or ends with a hyphen. Remove it.")                         \
	X(EMAIL_DOMAIN_LABEL_TOO_LONG,  "domain-label-too-long",                                   \
	  "A part of the domain is longer than 63 characters. Correct the domain.")                \
	X(EMAIL_DOMAIN_NUMERIC,         "domain-numeric",                                          \
	  "The domain ends in a number, which no domain does. Use one like example.com.")          \
	X(EMAIL_DOMAIN_IDNA,            "domain-idna",                                             \
	  "The domain is not a possible internationalised domain (IDNA 2008). Correct the domain.")

enum email_fault {
#define X(name, key, message) name,
	EMAIL_FAULT_LIST(X)
#undef X
};

/* Sets *fault to EMAIL_FINE or to the first rule that fails. The address is taken as it is:
 * white space around it is the caller's to remove. STATUS_NO_MEMORY only where libidn2 is
 * needed, which is for domains that are not plain ASCII. */
enum status email_check(struct slice address, enum email_fault *fault);

const char *email_fault_key(enum email_fault fault);     /* stable, for tables: "no-at" */
const char *email_fault_message(enum email_fault fault); /* one or two sentences; "" for EMAIL_FINE */

#endif
