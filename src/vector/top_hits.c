#include "vector/top_hits.h"

#include <stdlib.h>

#include "base/banned.h"

bool top_hits_init(struct top_hits *top, size_t capacity)
{
	/* One more than asked: calloc(0) may be NULL. */
	*top = (struct top_hits){.capacity = capacity};
	top->hits = calloc(capacity + 1, sizeof *top->hits);
	return top->hits != NULL;
}

void top_hits_release(struct top_hits *top)
{
	free(top->hits);
	*top = (struct top_hits){0};
}

static void swap(struct vector_hit *a, struct vector_hit *b)
{
	struct vector_hit kept = *a;

	*a = *b;
	*b = kept;
}

/* The heap: no hit is before its children in the order. */
static void sift_up(struct vector_hit *hits, size_t at)
{
	while (at > 0 && hit_is_before(&hits[(at - 1) / 2], &hits[at])) {
		swap(&hits[(at - 1) / 2], &hits[at]);
		at = (at - 1) / 2;
	}
}

static void sift_down(struct vector_hit *hits, size_t count)
{
	for (size_t at = 0, worst; (worst = 2 * at + 1) < count; at = worst) {
		if (worst + 1 < count && hit_is_before(&hits[worst], &hits[worst + 1]))
			worst++;
		if (!hit_is_before(&hits[at], &hits[worst]))
			return;
		swap(&hits[at], &hits[worst]);
	}
}

void top_hits_offer(struct top_hits *top, struct vector_hit hit)
{
	if (top->count < top->capacity) {
		top->hits[top->count] = hit;
		sift_up(top->hits, top->count++);
	} else if (top->count > 0 && hit_is_before(&hit, &top->hits[0])) {
		top->hits[0] = hit;
		sift_down(top->hits, top->count);
	}
}

void top_hits_sort(struct top_hits *top)
{
	for (size_t left = top->count; left > 1; left--) {
		swap(&top->hits[0], &top->hits[left - 1]);
		sift_down(top->hits, left - 1);
	}
}
