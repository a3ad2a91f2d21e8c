#include "allocations.h"

#include <stddef.h>

#include "base/banned.h"

static struct {
	long left; /* negative: all succeed */
	bool once, failed;
} allocations = {.left = -1};

void allow_allocations(long count)
{
	allocations.left = count;
	allocations.once = allocations.failed = false;
}

void fail_one_allocation(long before)
{
	allow_allocations(before);
	allocations.once = true;
}

bool allocations_end(void)
{
	allocations.left = -1;
	return allocations.failed;
}

bool allocation_fails(void)
{
	if (allocations.left != 0) {
		allocations.left -= allocations.left > 0;
		return false;
	}
	allocations.failed = true;
	if (allocations.once)
		allocations.left = -1;
	return true;
}

FAILING_CALL(void *, malloc, (size_t size), (size), NULL)
FAILING_CALL(void *, calloc, (size_t count, size_t size), (count, size), NULL)
FAILING_CALL(void *, realloc, (void *data, size_t size), (data, size), NULL)
