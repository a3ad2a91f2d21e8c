/* What becomes of validation when memory is exhausted. The linker puts the functions below in
 * the place of the allocator's, and of libidn2's entry. */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <idn2.h>

#include "validate/email.h"
#include "validate/schema.h"

#include "base/banned.h"

/* Calls that still succeed; negative: all do. */
static int allowed = -1;

static bool may_allocate(void)
{
	if (allowed == 0)
		return false;
	if (allowed > 0)
		allowed--;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *data, size_t size);
int __real_idn2_lookup_u8(const uint8_t *name, uint8_t **ascii, int flags);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *data, size_t size);
int __wrap_idn2_lookup_u8(const uint8_t *name, uint8_t **ascii, int flags);

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *data, size_t size)
{
	return may_allocate() ? __real_realloc(data, size) : NULL;
}

int __wrap_idn2_lookup_u8(const uint8_t *name, uint8_t **ascii, int flags)
{
	return may_allocate() ? __real_idn2_lookup_u8(name, ascii, flags) : IDN2_MALLOC;
}

static void a_validator_is_made_whole_or_not_at_all(void **state)
{
	struct validator *validator = NULL;
	int calls = 0;

	(void)state;
	for (; !validator; calls++) {
		allowed = calls;
		validator = validator_new(schema_builtin(SLICE("people")));
		allowed = -1;
	}
	assert_int_equal(calls, 6);
	validator_free(validator);
}

/* Checks a person whose e-mail address needs libidn2, when `calls` allocations succeed. */
static enum status check_person(struct validator *validator, int calls)
{
	struct field fields[] = {
		{SLICE("Name"), {VALUE_STRING, SLICE("Ada")}},
		{SLICE("Email"), {VALUE_STRING, SLICE("ada@b\xC3\xBC" "cher.de")}},
	};
	struct record record = {.fields = fields, .field_count = 2};
	struct arena arena;
	struct error err;

	arena_init(&arena, 1 << 20);
	allowed = calls;
	enum status status = validator_check(validator, &record, &arena, &err);
	allowed = -1;
	arena_release(&arena);
	if (status == STATUS_OK)
		assert_true(record_is_valid(&record));
	return status;
}

static void a_header_that_cannot_be_kept_is_found_anew(void **state)
{
	struct validator *validator = validator_new(schema_builtin(SLICE("people")));

	(void)state;
	assert_non_null(validator);
	/* No call succeeds: the header is not kept, and libidn2 fails. */
	assert_int_equal(check_person(validator, 0), STATUS_NO_MEMORY);
	assert_int_equal(check_person(validator, -1), STATUS_OK);
	/* The header is kept now; libidn2 alone needs memory. */
	assert_int_equal(check_person(validator, 0), STATUS_NO_MEMORY);
	assert_int_equal(check_person(validator, 1), STATUS_OK);
	validator_free(validator);
}

static void an_address_that_needs_no_idna_needs_no_memory(void **state)
{
	enum email_fault fault;

	(void)state;
	allowed = 0;
	enum status plain = email_check(SLICE("ada@example.com"), &fault);
	enum status international = email_check(SLICE("ada@b\xC3\xBC" "cher.de"), &fault);
	allowed = -1;
	assert_int_equal(plain, STATUS_OK);
	assert_int_equal(international, STATUS_NO_MEMORY);
}

static void no_fingerprint_is_better_than_a_wrong_one(void **state)
{
	const struct rlimit no_core = {0, 0};
	unsigned char digest[32];
	int status;

	(void)state;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		allowed = 0;
		schema_fingerprint(schema_builtin(SLICE("people")), digest);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_validator_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_header_that_cannot_be_kept_is_found_anew),
		cmocka_unit_test(an_address_that_needs_no_idna_needs_no_memory),
		cmocka_unit_test(no_fingerprint_is_better_than_a_wrong_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
