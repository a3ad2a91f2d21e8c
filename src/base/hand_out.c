#include "base/hand_out.h"

#include "base/banned.h"

size_t hand_out_size(size_t left, size_t workers, size_t least, size_t most)
{
	size_t part = (left + workers - 1) / workers;

	if (part < least)
		part = least;
	return part < most ? part : most;
}

void hand_out_init(struct hand_out *items, size_t count, size_t workers, size_t least, size_t most)
{
	*items = (struct hand_out){.count = count, .workers = workers, .least = least, .most = most};
}

size_t hand_out_take(struct hand_out *items, size_t *first)
{
	size_t size, next = items->next;

	do {
		size_t left = items->count - next;
		size = hand_out_size(left, items->workers, items->least, items->most);
		if (size > left)
			size = left;
	} while (!atomic_compare_exchange_weak(&items->next, &next, next + size));
	*first = next;
	return size;
}
