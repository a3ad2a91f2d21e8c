/* SHA-256 (FIPS 180-4) by OpenSSL, and random bytes.
 *
 * Threads: a hasher belongs to one thread at a time. */
#ifndef ROWMILL_BASE_HASH_H
#define ROWMILL_BASE_HASH_H

#include "base/slice.h"
#include "base/status.h"

enum { SHA256_SIZE = 32, SHA256_HEX_SIZE = 65 };

struct sha256;

struct sha256 *sha256_new(void); /* NULL when memory is exhausted */
void sha256_free(struct sha256 *hash); /* NULL is fine */
void sha256_add(struct sha256 *hash, struct slice bytes);

/* The digest of all added; the hasher starts anew. */
void sha256_finish(struct sha256 *hash, unsigned char digest[SHA256_SIZE]);

/* The digest of one run of bytes. */
void sha256_of(struct slice bytes, unsigned char digest[SHA256_SIZE]);

/* 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(const unsigned char digest[SHA256_SIZE], char hex[SHA256_HEX_SIZE]);

/* `size` lower-case hexadecimal digits from the kernel's random source, and a NUL;
 * `out` has room for size + 1. Ends the process where the kernel gives none. */
void random_hex(char *out, size_t size);

#endif
