#include "support.h"

#include "validate/uri.h"

#include "base/banned.h"

static void addresses_with_a_scheme_are_uris(void **state)
{
	static const char *const good[] = {
		"https://example.com", "http://example.com:8080/a/b;c?d=e&f#g", "https://user:pw@example.com/",
		"ftp://example.com/a%20b", "mailto:ada@example.com", "urn:isbn:0451450523", "tel:+49-30-123",
		"file:///etc/hosts", "http://[2001:db8::1]/", "http://[2001:db8::1]:80", "http://192.0.2.1/",
		"data:text/plain,hello", "x:", "HTTP://EXAMPLE.COM/", "http://example.com?q", "http://example.com:",
		"git+ssh://example.com/a", "soap.beep://example.com", "x-y:z", "h323:a", "http://[::ffff:192.0.2.1]/",
		"https://example.com/~a/!$&'()*+,;=:@"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const char *fault = uri_fault(slice_of_string(good[i]));
		if (fault)
			fail_msg("'%s': %s", good[i], fault);
	}
}

static void what_is_none_is_told_why(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
		{"", "scheme"},  {"example.com", "scheme"},  {"/relative", "scheme"}, {"//example.com", "scheme"},
		{"1http://a", "scheme"}, {"ht tp://a", "scheme"}, {"http", "scheme"},
		{"http://example.com/a b", "character"},   {"http://example.com/<a>", "character"},
		{"http://ex\xC3\xA4mple.com/", "character"}, {"http://example.com/\\", "character"},
		{"http://example.com/[", "character"},     {"http://a#b#c", "character"}, {"http://a b@c/", "character"},
		{"http://example.com/%", "hexadecimal"},   {"http://example.com/%1", "hexadecimal"},
		{"http://example.com/%2x", "hexadecimal"}, {"git+ssh", "scheme"},
		{"http://example.com/%zz", "hexadecimal"}, {"http://example.com/a#%", "hexadecimal"},
		{"http://", "host"}, {"http:example.com", "host"}, {"http:///path", "host"}, {"http://[::1", "host"},
		{"http://[g::1]/", "host"}, {"http://[::1]x/", "host"}, {"http://[]/", "host"},
		{"http://example.com:80a/", "port"}, {"http://[::1]:x", "port"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *fault = uri_fault(slice_of_string(bad[i].text));
		if (!fault || !strstr(fault, bad[i].word))
			fail_msg("'%s': %s", bad[i].text, fault ? fault : "accepted");
	}
	assert_non_null(uri_fault(slice_of("http://a/\0", 10)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_with_a_scheme_are_uris),
		cmocka_unit_test(what_is_none_is_told_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
