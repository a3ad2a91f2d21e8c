#include "base64.h"

#include <stdlib.h>

struct slice base64_decode(const char *text, char **block)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = 0;
	uint32_t bits = 0;
	unsigned count = 0;

	assert_non_null(text);
	char *out = malloc(strlen(text) + 1);
	assert_non_null(out);
	for (; *text && *text != '='; text++) {
		const char *digit = strchr(alphabet, *text);
		assert_non_null(digit);
		bits = bits << 6 | (uint32_t)(digit - alphabet);
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[size++] = (char)(bits >> count & 0xFF);
		}
	}
	out[size] = '\0';
	*block = out;
	return slice_of(out, size);
}
