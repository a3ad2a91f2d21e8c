/* Base64 (RFC 4648) in which the test cases of others are kept. */
#ifndef ROWMILL_TESTS_UNIT_HTTP_BASE64_H
#define ROWMILL_TESTS_UNIT_HTTP_BASE64_H

#include "support.h"

/* The caller frees *block, which the slice points into; a NUL stands behind it. Fails the test where `text` is no base64. */
struct slice base64_decode(const char *text, char **block);

#endif
