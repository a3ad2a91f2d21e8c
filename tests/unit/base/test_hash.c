#include "support.h"

#include "base/hash.h"

#include "base/banned.h"

/* FIPS 180-4's examples. */
static const struct {
	const char *text, *digest;
} vectors[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void the_digests_are_those_of_the_standard(void **state)
{
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		sha256_of(slice_of_string(vectors[i].text), digest);
		sha256_hex(digest, hex);
		assert_string_equal(hex, vectors[i].digest);
	}
}

static void pieces_give_the_digest_of_the_whole_and_hashers_start_anew(void **state)
{
	struct sha256 *hash = sha256_new();
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	(void)state;
	assert_non_null(hash);
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		for (const char *at = vectors[i].text; *at; at++)
			sha256_add(hash, slice_of(at, 1));
		sha256_add(hash, SLICE(""));
		sha256_finish(hash, digest);
		sha256_hex(digest, hex);
		assert_string_equal(hex, vectors[i].digest);
	}
	sha256_free(hash);
	sha256_free(NULL);
}

static void random_hex_is_hexadecimal_and_never_the_same(void **state)
{
	char first[201], second[201];

	(void)state;
	for (size_t size = 0; size <= 200; size++) {
		memset(first, 'x', sizeof first);
		random_hex(first, size);
		assert_int_equal(strlen(first), size);
		assert_int_equal(strspn(first, "0123456789abcdef"), size);
	}
	random_hex(second, 200);
	assert_string_not_equal(first, second);
	/* 200 digits without any of the 16 would be a sign of a poor source. */
	for (const char *digit = "0123456789abcdef"; *digit; digit++)
		assert_non_null(strchr(first, *digit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_digests_are_those_of_the_standard),
		cmocka_unit_test(pieces_give_the_digest_of_the_whole_and_hashers_start_anew),
		cmocka_unit_test(random_hex_is_hexadecimal_and_never_the_same),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
