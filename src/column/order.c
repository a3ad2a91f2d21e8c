#include "column/order.h"

#include <stdlib.h>

#include "base/banned.h"

/* A row among those that may be on the page. */
struct candidate {
	uint32_t segment, row;
	int64_t id;
};

/* A value by which rows are put in order: a key of a field, empty where there is none, or a number. */
struct standing {
	struct slice key;
	int64_t number;
};

struct place {
	struct standing values[SORT_KEYS_MOST];
	int64_t id;
};

/* Where a value stands among the codes of one segment: at `code`, or between the one before and `code`. */
struct code_place {
	uint32_t code;
	bool exact;
};

struct ordering {
	const struct column_view *view;
	const struct sort_key *keys;
	size_t key_count;
	/* [view->count][key_count]: a segment's column for a key; NULL: none, or it is a member. */
	const struct column **columns;
	bool has_after;
	struct place after;
	struct code_place after_codes[SORT_KEYS_MOST]; /* of its values, in the segment that is passed */
	/* The best so far: a heap with the worst at its root. */
	struct candidate *heap;
	size_t count, capacity;
};

static const struct column *column_of(const struct ordering *order, uint32_t segment, size_t key)
{
	return order->columns[segment * order->key_count + key];
}

static struct standing standing_of(const struct ordering *order, const struct candidate *at, size_t key)
{
	const struct segment *segment = order->view->segments[at->segment];
	struct standing standing = {0};

	if (order->keys[key].field.data) {
		const struct column *column = column_of(order, at->segment, key);
		uint32_t code = column ? column_code(column, at->row) : 0;
		if (code)
			standing.key = column_key(column, code);
		return standing;
	}
	switch (order->keys[key].member) {
	case MEMBER_ID:
		standing.number = at->id;
		break;
	case MEMBER_IMPORT:
		standing.number = segment->import_id;
		break;
	case MEMBER_ROW:
		standing.number = segment->first_row + at->row;
		break;
	case MEMBER_CREATED:
		standing.number = segment_created_ms(segment, at->row);
		break;
	}
	return standing;
}

static int compare_standing(const struct sort_key *key, const struct standing *a, const struct standing *b)
{
	int order;

	if (!key->field.data)
		order = (a->number > b->number) - (a->number < b->number);
	else if (!a->key.size || !b->key.size)
		return (a->key.size == 0) - (b->key.size == 0);
	else
		order = key_compare(a->key, b->key);
	return key->descending ? -order : order;
}

/* Rows of one segment are compared by their codes. */
static int compare_key(const struct ordering *order, const struct candidate *a, const struct candidate *b,
		       size_t key)
{
	if (a->segment == b->segment && order->keys[key].field.data) {
		const struct column *column = column_of(order, a->segment, key);
		uint32_t left = column ? column_code(column, a->row) : 0;
		uint32_t right = column ? column_code(column, b->row) : 0;
		if (left == right)
			return 0;
		if (!left || !right)
			return left ? -1 : 1;
		return (left < right) != order->keys[key].descending ? -1 : 1;
	}
	struct standing left = standing_of(order, a, key), right = standing_of(order, b, key);
	return compare_standing(&order->keys[key], &left, &right);
}

static bool is_before(const struct ordering *order, const struct candidate *a, const struct candidate *b)
{
	for (size_t key = 0; key < order->key_count; key++) {
		int result = compare_key(order, a, b, key);
		if (result)
			return result < 0;
	}
	return a->id < b->id;
}

static struct code_place place_of(const struct column *column, struct slice key)
{
	struct code_place place = {.code = column_lower_bound(column, key)};

	place.exact = place.code <= column->distinct && slice_equal(column_key(column, place.code), key);
	return place;
}

/* Against the value of `after`: below 0 before it, above 0 behind it. */
static int compare_after(const struct ordering *order, const struct candidate *at, size_t key)
{
	const struct sort_key *by = &order->keys[key];
	const struct standing *after = &order->after.values[key];

	if (!by->field.data) {
		struct standing standing = standing_of(order, at, key);
		return compare_standing(by, &standing, after);
	}
	const struct column *column = column_of(order, at->segment, key);
	uint32_t code = column ? column_code(column, at->row) : 0;
	if (!code || !after->key.size)
		return (code == 0) - (after->key.size == 0);
	struct code_place place = order->after_codes[key];
	if (place.exact && code == place.code)
		return 0;
	return (code < place.code) != by->descending ? -1 : 1;
}

static bool is_behind(const struct ordering *order, const struct candidate *at)
{
	for (size_t key = 0; key < order->key_count; key++) {
		int result = compare_after(order, at, key);
		if (result)
			return result > 0;
	}
	return at->id > order->after.id;
}

static void find_after_codes(struct ordering *order, uint32_t segment)
{
	for (size_t key = 0; key < order->key_count; key++) {
		const struct column *column = column_of(order, segment, key);
		if (column && order->after.values[key].key.size)
			order->after_codes[key] = place_of(column, order->after.values[key].key);
	}
}

/* ---- the heap ---- */

static void sift_down(struct ordering *order, size_t at)
{
	struct candidate moving = order->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= order->count)
			break;
		if (child + 1 < order->count && is_before(order, &order->heap[child], &order->heap[child + 1]))
			child++;
		if (!is_before(order, &moving, &order->heap[child]))
			break;
		order->heap[at] = order->heap[child];
		at = child;
	}
	order->heap[at] = moving;
}

static void push(struct ordering *order, struct candidate candidate)
{
	size_t at = order->count++;

	while (at && is_before(order, &order->heap[(at - 1) / 2], &candidate)) {
		order->heap[at] = order->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	order->heap[at] = candidate;
}

/* The heap's items from first to last. */
static void sort_heap(struct ordering *order)
{
	size_t count = order->count;

	while (order->count > 1) {
		struct candidate worst = order->heap[0];
		order->heap[0] = order->heap[--order->count];
		sift_down(order, 0);
		order->heap[order->count] = worst;
	}
	order->count = count;
}

/* ---- one pass ---- */

/* Which codes of a segment's first key can be on the page at all, by what is behind `after` and before the
 * worst found: from..to, and 0 (no value) where `missing`. */
struct window {
	uint32_t from, to;
	bool missing;
};

/* `border`: a value's place, or NULL for none: records without a value are last. */
static void narrow(const struct ordering *order, const struct code_place *border, bool is_after, struct window *window)
{
	bool descending = order->keys[0].descending;

	if (!border) {
		/* Behind a record without a value is none with one. */
		if (is_after)
			window->from = window->to + 1;
		return;
	}
	if (!is_after)
		window->missing = false;
	/* Codes at the border are still looked at where they are its own value. */
	uint32_t last = border->exact ? border->code : border->code - 1;
	if (is_after != descending) {
		if (border->code > window->from)
			window->from = border->code;
	} else if (last < window->to) {
		window->to = last;
	}
}

/* The first key of the worst found; false: it has none. */
static bool place_worst(const struct ordering *order, uint32_t segment, const struct column *column, struct code_place *place)
{
	const struct candidate *worst = &order->heap[0];

	if (worst->segment == segment) {
		*place = (struct code_place){column_code(column, worst->row), true};
		return place->code != 0;
	}
	struct slice key = standing_of(order, worst, 0).key;
	if (key.size)
		*place = place_of(column, key);
	return key.size != 0;
}

static struct window window_of(const struct ordering *order, uint32_t segment)
{
	const struct column *column = column_of(order, segment, 0);
	struct window window = {1, column ? column->distinct : 0, true};

	if (!column)
		return window;
	if (order->has_after)
		narrow(order, order->after.values[0].key.size ? &order->after_codes[0] : NULL, true, &window);
	if (order->count == order->capacity && order->capacity) {
		struct code_place place;
		bool any = place_worst(order, segment, column, &place);
		narrow(order, any ? &place : NULL, false, &window);
	}
	return window;
}

/* Returns whether the heap has changed. */
static bool offer(struct ordering *order, const struct candidate *candidate)
{
	if (order->has_after && !is_behind(order, candidate))
		return false;
	if (order->count < order->capacity) {
		push(order, *candidate);
		return order->count == order->capacity;
	}
	if (!order->capacity || !is_before(order, candidate, &order->heap[0]))
		return false;
	order->heap[0] = *candidate;
	sift_down(order, 0);
	return true;
}

static void pass_segment(struct ordering *order, uint32_t index, const uint64_t *bits)
{
	const struct segment *segment = order->view->segments[index];
	const struct column *first = column_of(order, index, 0);
	bool windowed = order->keys[0].field.data != NULL;

	if (order->has_after)
		find_after_codes(order, index);
	struct window window = window_of(order, index);

	for (uint32_t word = 0; word < segment_words(segment); word++) {
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			uint32_t row = word * 64 + (uint32_t)__builtin_ctzll(left);
			if (windowed) {
				uint32_t code = first ? column_code(first, row) : 0;
				if (code ? code < window.from || code > window.to : !window.missing)
					continue;
			}
			struct candidate candidate = {index, row, segment_id(segment, row)};
			if (offer(order, &candidate))
				window = window_of(order, index);
		}
	}
}

/* ---- places as bytes ---- */

static void write_place(const struct ordering *order, const struct candidate *at, struct strbuf *out)
{
	strbuf_add(out, &at->id, sizeof at->id);
	for (size_t key = 0; key < order->key_count; key++) {
		struct standing standing = standing_of(order, at, key);
		if (order->keys[key].field.data) {
			uint16_t size = (uint16_t)standing.key.size;
			strbuf_add(out, &size, sizeof size);
			strbuf_add_slice(out, standing.key);
		} else {
			strbuf_add(out, &standing.number, sizeof standing.number);
		}
	}
}

static bool take(struct slice *rest, void *out, size_t size)
{
	if (rest->size < size)
		return false;
	memcpy(out, rest->data, size);
	*rest = slice_of(rest->data + size, rest->size - size);
	return true;
}

static bool read_place(struct ordering *order, struct slice text)
{
	if (!take(&text, &order->after.id, sizeof order->after.id))
		return false;
	for (size_t key = 0; key < order->key_count; key++) {
		struct standing *standing = &order->after.values[key];
		uint16_t size;
		if (!order->keys[key].field.data) {
			if (!take(&text, &standing->number, sizeof standing->number))
				return false;
			continue;
		}
		if (!take(&text, &size, sizeof size) || text.size < size || size > KEY_MOST)
			return false;
		standing->key = slice_of(text.data, size);
		text = slice_of(text.data + size, text.size - size);
	}
	order->has_after = true;
	return text.size == 0;
}

/* ---- */

static bool find_columns(struct ordering *order)
{
	order->columns = calloc(order->view->count * order->key_count + 1, sizeof *order->columns);
	if (!order->columns)
		return false;
	for (size_t i = 0; i < order->view->count; i++)
		for (size_t key = 0; key < order->key_count; key++)
			if (order->keys[key].field.data)
				order->columns[i * order->key_count + key] =
					segment_column(order->view->segments[i], order->keys[key].field);
	return true;
}

enum order_result column_order(const struct column_selection *selection, const struct column_page *page,
			       int64_t *ids, size_t *count, bool *more, struct strbuf *last)
{
	struct ordering order = {
		.view = selection->view, .keys = page->keys, .key_count = page->key_count};
	size_t wanted = page->skip > SIZE_MAX - page->limit - 1 ? SIZE_MAX : page->skip + page->limit + 1;
	enum order_result result = ORDER_NO_MEMORY;

	*count = 0;
	*more = false;
	if (page->after.size && !read_place(&order, page->after))
		return ORDER_BAD_PLACE;
	/* One more than the page tells whether something follows. */
	order.capacity = wanted < selection->count ? wanted : selection->count;
	order.heap = malloc((order.capacity + 1) * sizeof *order.heap);
	if (order.heap && find_columns(&order)) {
		for (uint32_t i = 0; i < order.view->count; i++)
			if (selection->bits[i])
				pass_segment(&order, i, selection->bits[i]);
		sort_heap(&order);
		for (size_t i = page->skip; i < order.count && *count < page->limit; i++)
			ids[(*count)++] = order.heap[i].id;
		*more = order.count > page->skip + *count;
		if (*count)
			write_place(&order, &order.heap[page->skip + *count - 1], last);
		result = ORDER_DONE;
	}
	free(order.heap);
	free(order.columns);
	return result;
}
