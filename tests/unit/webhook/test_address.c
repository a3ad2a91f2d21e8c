/* Which addresses a webhook may reach. */
#include "support.h"

#include "webhook/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool is_public(const char *text)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
		return address_is_public((const struct sockaddr *)&ipv4);
	assert_int_equal(inet_pton(AF_INET6, text, &ipv6.sin6_addr), 1);
	return address_is_public((const struct sockaddr *)&ipv6);
}

static void the_public_internet_is_reached(void **state)
{
	static const char *const addresses[] = {
		"1.1.1.1",	   "8.8.8.8",	    "9.255.255.255",  "11.0.0.0",	      "100.63.255.255",
		"100.128.0.0",	   "126.255.255.255", "128.0.0.0",     "169.253.255.255",     "169.255.0.0",
		"172.15.255.255",  "172.32.0.0",    "192.0.1.0",      "192.167.255.255",      "192.169.0.0",
		"198.17.255.255",  "198.20.0.0",    "223.255.255.255", "2001:200::1",	      "2606:4700:4700::1111",
		"2a00:1450::1",	   "3ffe::1",	    "::ffff:8.8.8.8", "64:ff9b::808:808",     "2002:808:808::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (!is_public(addresses[i]))
			fail_msg("%s was refused", addresses[i]);
}

static void nothing_else_is(void **state)
{
	static const char *const addresses[] = {
		"0.0.0.0",	     "0.255.255.255",	"10.0.0.1",	   "100.64.0.1",	"100.127.255.255",
		"127.0.0.1",	     "127.255.255.255", "169.254.169.254", "172.16.0.1",	"172.31.255.255",
		"192.0.0.8",	     "192.0.2.1",	"192.88.99.1",	   "192.168.0.1",	"198.18.0.1",
		"198.19.255.255",    "198.51.100.1",	"203.0.113.1",	   "224.0.0.1",		"239.255.255.255",
		"240.0.0.1",	     "255.255.255.255", "::",		   "::1",		"::7f00:1",
		"::ffff:127.0.0.1",  "::ffff:10.0.0.1", "::ffff:169.254.169.254",		"64:ff9b::7f00:1",
		"64:ff9b::a9fe:a9fe", "64:ff9b:1::1",	"100::1",	   "2001::1",		"2001:1ff::1",
		"2001:db8::1",	     "2002:7f00:1::1",	"2002:a00:1::1",   "3fff::1",		"3fff:fff::1",
		"5f00::1",	     "fc00::1",		"fd12:3456::1",	   "fe80::1",		"fec0::1",
		"ff02::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (is_public(addresses[i]))
			fail_msg("%s was let through", addresses[i]);
	assert_false(address_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_public_internet_is_reached),
		cmocka_unit_test(nothing_else_is),
	};
	return cmocka_run_group_tests_name("webhook addresses", tests, NULL, NULL);
}
