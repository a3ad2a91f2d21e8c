/* Memory that runs out where a test says so. Suites that depend on allocations_dep (tests/unit/meson.build) have
 * malloc, calloc and realloc of the program answered here; those of libraries are their own.
 *
 *	bool refused = true;
 *	for (long allowed = 0; refused; allowed++) {
 *		allow_allocations(allowed);
 *		enum status status = call(&err);
 *		refused = allocations_end();
 *		assert_int_equal(status, refused ? STATUS_NO_MEMORY : STATUS_OK);
 *	}
 *
 * Other calls that fail for the same reason count with these: FAILING_CALL below.
 *
 * Threads: one. */
#ifndef ROWMILL_TESTS_UNIT_ALLOCATIONS_H
#define ROWMILL_TESTS_UNIT_ALLOCATIONS_H

#include <errno.h>
#include <stdbool.h>

/* So many more succeed, and none behind them. */
void allow_allocations(long count);

/* Only the one behind so many more fails. */
void fail_one_allocation(long before);

/* From now on all succeed again. Whether any failed. */
bool allocations_end(void);

/* Counts one, and says whether it fails. */
bool allocation_fails(void);

/* Defines what stands for a function that the linker wraps (-Wl,--wrap=NAME): it counts as an allocation, and where
 * that fails answers `failure` and ENOMEM. */
#define FAILING_CALL(type, name, parameters, arguments, failure)                                   \
	type __real_##name parameters;                                                                 \
	type __wrap_##name parameters;                                                                 \
	type __wrap_##name parameters                                                                  \
	{                                                                                              \
		if (!allocation_fails())                                                                   \
			return __real_##name arguments;                                                        \
		errno = ENOMEM;                                                                            \
		return failure;                                                                            \
	}

#endif
