#include "webhook/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"

struct block {
	uint32_t network;
	unsigned bits;
};

/* https://www.iana.org/assignments/iana-ipv4-special-registry, what is not globally reachable; and multicast. */
static const struct block special[] = {
	{0x00000000, 8},  /* this network */
	{0x0A000000, 8},  /* private */
	{0x64400000, 10}, /* shared by providers */
	{0x7F000000, 8},  /* loopback */
	{0xA9FE0000, 16}, /* link local; cloud metadata */
	{0xAC100000, 12}, /* private */
	{0xC0000000, 24}, /* protocol assignments */
	{0xC0000200, 24}, /* documentation */
	{0xC0586300, 24}, /* 6to4 relays, deprecated */
	{0xC0A80000, 16}, /* private */
	{0xC6120000, 15}, /* benchmarks */
	{0xC6336400, 24}, /* documentation */
	{0xCB007100, 24}, /* documentation */
	{0xE0000000, 4},  /* multicast */
	{0xF0000000, 4},  /* reserved; broadcast */
};

static bool is_public_ipv4(uint32_t address)
{
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if ((address ^ special[i].network) >> (32 - special[i].bits) == 0)
			return false;
	return true;
}

static uint32_t ipv4_at(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool starts_with(const unsigned char *address, const unsigned char *prefix, size_t size)
{
	return memcmp(address, prefix, size) == 0;
}

static bool is_public_ipv6(const unsigned char *address)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
	static const unsigned char translated[12] = {0x00, 0x64, 0xFF, 0x9B};
	static const unsigned char documentation[4] = {0x20, 0x01, 0x0D, 0xB8};
	static const unsigned char documentation_2[2] = {0x3F, 0xFF};
	static const unsigned char tunnelled[2] = {0x20, 0x02};
	static const unsigned char assignments[2] = {0x20, 0x01};

	if (starts_with(address, mapped, sizeof mapped) || starts_with(address, translated, sizeof translated))
		return is_public_ipv4(ipv4_at(address + 12));
	if (address[0] >> 5 != 1) /* 2000::/3 is all that was given out */
		return false;
	if (starts_with(address, tunnelled, sizeof tunnelled))
		return is_public_ipv4(ipv4_at(address + 2));
	if (starts_with(address, assignments, sizeof assignments) && address[2] < 0x02)
		return false; /* 2001::/23: Teredo, ORCHID, benchmarks */
	if (starts_with(address, documentation_2, sizeof documentation_2) && address[2] < 0x10)
		return false;
	return !starts_with(address, documentation, sizeof documentation);
}

bool address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)(const void *)address;
		return is_public_ipv4(ntohl(ipv4->sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)address;
		return is_public_ipv6(ipv6->sin6_addr.s6_addr);
	}
	return false;
}
