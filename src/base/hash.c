#include "base/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/banned.h"

static const char digits[] = "0123456789abcdef";

struct sha256 {
	EVP_MD_CTX *context;
};

struct sha256 *sha256_new(void)
{
	struct sha256 *hash = malloc(sizeof *hash);

	if (!hash)
		return NULL;
	hash->context = EVP_MD_CTX_new();
	if (!hash->context || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1) {
		sha256_free(hash);
		return NULL;
	}
	return hash;
}

void sha256_free(struct sha256 *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	free(hash);
}

void sha256_add(struct sha256 *hash, struct slice bytes)
{
	EVP_DigestUpdate(hash->context, bytes.data, bytes.size);
}

void sha256_finish(struct sha256 *hash, unsigned char digest[SHA256_SIZE])
{
	EVP_DigestFinal_ex(hash->context, digest, NULL);
	EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL);
}

void sha256_of(struct slice bytes, unsigned char digest[SHA256_SIZE])
{
	/* Cannot fail but for exhausted memory, where no result would be better than a wrong one. */
	if (EVP_Digest(bytes.data, bytes.size, digest, NULL, EVP_sha256(), NULL) != 1) {
		fputs("rowmill: SHA-256 found no memory\n", stderr);
		abort();
	}
}

void sha256_hex(const unsigned char digest[SHA256_SIZE], char hex[SHA256_HEX_SIZE])
{
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * SHA256_SIZE] = '\0';
}

void random_hex(char *out, size_t size)
{
	unsigned char bytes[64];

	for (size_t i = 0; i < size; i++) {
		if (i % sizeof bytes == 0 &&
		    getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
			fputs("rowmill: the kernel gives no random bytes\n", stderr);
			abort();
		}
		out[i] = digits[bytes[i % sizeof bytes] & 15];
	}
	out[size] = '\0';
}
