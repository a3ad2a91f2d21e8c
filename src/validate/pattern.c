#include "validate/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>

#include "base/banned.h"

enum {
	MATCH_LIMIT = 200000,       /* steps of one match; docs/decisions/0081 has the figures */
	HEAP_LIMIT_KIB = 16 * 1024, /* of a match without JIT */
	STACK_FIRST = 32 * 1024, STACK_MOST = 512 * 1024, /* of a match with JIT */
};

struct pattern {
	pcre2_code *code;
	size_t size;
};

struct pattern_scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

/* What XML Schema and PCRE2 read differently. NULL: nothing of it is there. */
static const char *find_difference(struct slice text)
{
	bool in_class = false;

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i], next = i + 1 < text.size ? text.data[i + 1] : '\0';
		if (c == '\\' && next && strchr("icIC", next))
			return "\\i and \\c are not taken; write a class like [A-Za-z_] instead";
		if (c == '\\')
			i++;
		else if (in_class && c == '-' && next == '[')
			return "classes cannot be subtracted here; list the characters that are wanted";
		else if (in_class && c == ']')
			in_class = false;
		else if (!in_class && c == '[')
			in_class = true;
	}
	return NULL;
}

enum status pattern_compile(struct slice text, struct pattern **out, struct error *err)
{
	const uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_ENDANCHORED |
				 PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
	const char *difference = find_difference(text);
	int code;
	size_t at, jit = 0;

	*out = NULL;
	if (text.size > PATTERN_SIZE_MAX)
		return error_set(err, STATUS_INVALID, NULL, "is longer than %d bytes", PATTERN_SIZE_MAX);
	if (difference)
		return error_set(err, STATUS_INVALID, NULL, "%s", difference);
	struct pattern *pattern = calloc(1, sizeof *pattern);
	if (!pattern)
		return error_no_memory(err);
	pattern->code = pcre2_compile((PCRE2_SPTR)text.data, text.size, options, &code, &at, NULL);
	if (!pattern->code) {
		PCRE2_UCHAR reason[160];
		free(pattern);
		if (code == PCRE2_ERROR_HEAP_FAILED)
			return error_no_memory(err);
		pcre2_get_error_message(code, reason, sizeof reason);
		return error_set(err, STATUS_INVALID, NULL, "is no regular expression: %s (at byte %zu)",
				 (const char *)reason, at);
	}
	/* Without it (where no memory may be executed) matches are only slower. */
	pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &pattern->size);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_JITSIZE, &jit);
	pattern->size += jit;
	*out = pattern;
	return STATUS_OK;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_code_free(pattern->code);
	free(pattern);
}

size_t pattern_size(const struct pattern *pattern)
{
	return pattern->size;
}

struct pattern_scratch *pattern_scratch_new(void)
{
	struct pattern_scratch *scratch = calloc(1, sizeof *scratch);

	if (!scratch)
		return NULL;
	scratch->data = pcre2_match_data_create(1, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	scratch->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
	if (!scratch->data || !scratch->context) {
		pattern_scratch_free(scratch);
		return NULL;
	}
	pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
	pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
	/* NULL where the library has no JIT. */
	if (scratch->stack)
		pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
	return scratch;
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
	if (!scratch)
		return;
	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->context);
	pcre2_jit_stack_free(scratch->stack);
	free(scratch);
}

enum pattern_result pattern_match(const struct pattern *pattern, struct slice text,
				  struct pattern_scratch *scratch)
{
	const char *data = text.data ? text.data : "";
	int result = pcre2_match(pattern->code, (PCRE2_SPTR)data, text.size, 0, 0, scratch->data,
				 scratch->context);

	if (result >= 0)
		return PATTERN_MATCHES;
	/* No match, or no UTF-8; what else there is comes below. */
	return result >= PCRE2_ERROR_UTF8_ERR21 ? PATTERN_DIFFERS : PATTERN_GAVE_UP;
}
