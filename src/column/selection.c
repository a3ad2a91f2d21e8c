#include "column/selection.h"

#include <stdlib.h>

#include "base/banned.h"

/* Filters over one segment write their answer into bits that are 0 before. */
struct evaluation {
	const struct segment *segment;
	uint32_t words;
	struct arena *arena; /* for the bits of children, and for wanted codes */
};

static uint64_t *new_bits(struct evaluation *evaluation)
{
	return arena_alloc_zeroed(evaluation->arena, evaluation->words + 1, sizeof(uint64_t));
}

/* Rows are numbered to the end of the last word; those that there are not are in no answer. */
static void complement(const struct evaluation *evaluation, uint64_t *bits)
{
	uint32_t left = evaluation->segment->count % 64;

	for (uint32_t i = 0; i < evaluation->words; i++)
		bits[i] = ~bits[i];
	if (left)
		bits[evaluation->words - 1] &= ((uint64_t)1 << left) - 1;
}

static void mark_all(const struct evaluation *evaluation, uint64_t *bits)
{
	memset(bits, 0, evaluation->words * sizeof *bits);
	complement(evaluation, bits);
}

static bool evaluate(struct evaluation *evaluation, const struct filter *filter, uint64_t *bits);

static bool evaluate_children(struct evaluation *evaluation, const struct filter *filter, uint64_t *bits)
{
	if (filter->kind == FILTER_AND)
		mark_all(evaluation, bits);
	for (size_t i = 0; i < filter->child_count; i++) {
		uint64_t *child = new_bits(evaluation);
		if (!child || !evaluate(evaluation, filter->children[i], child))
			return false;
		for (uint32_t word = 0; word < evaluation->words; word++)
			bits[word] = filter->kind == FILTER_AND ? bits[word] & child[word]
								: bits[word] | child[word];
	}
	if (filter->kind == FILTER_NOT)
		complement(evaluation, bits);
	return true;
}

static bool mark_keys(struct evaluation *evaluation, const struct column *column, const struct filter *filter,
		      uint64_t *bits)
{
	bool *wanted = arena_alloc_zeroed(evaluation->arena, column->distinct + 1, sizeof *wanted);
	bool any = false;

	if (!wanted)
		return false;
	for (size_t i = 0; i < filter->key_count; i++) {
		uint32_t code = column_lower_bound(column, filter->keys[i]);
		if (code <= column->distinct && slice_equal(column_key(column, code), filter->keys[i]))
			any = wanted[code] = true;
	}
	if (any)
		column_mark_codes(column, evaluation->segment->count, wanted, bits);
	return true;
}

static int64_t member_of(const struct segment *segment, enum record_member member, const struct segment_run *run,
			 uint32_t row)
{
	switch (member) {
	case MEMBER_ID:
		return run->first_id + (row - run->from);
	case MEMBER_IMPORT:
		return segment->import_id;
	case MEMBER_ROW:
		return segment->first_row + row;
	case MEMBER_CREATED:
	default:
		return run->created_ms;
	}
}

static void mark_member(const struct evaluation *evaluation, const struct filter *filter, uint64_t *bits)
{
	const struct segment *segment = evaluation->segment;

	for (uint32_t i = 0; i < segment->run_count; i++) {
		const struct segment_run *run = &segment->runs[i];
		uint32_t end = i + 1 < segment->run_count ? run[1].from : segment->count;
		for (uint32_t row = run->from; row < end; row++) {
			int64_t value = member_of(segment, filter->member, run, row);
			bits[row / 64] |= (uint64_t)(value >= filter->low && value <= filter->high)
					  << (row % 64);
		}
	}
}

static bool evaluate(struct evaluation *evaluation, const struct filter *filter, uint64_t *bits)
{
	const struct segment *segment = evaluation->segment;
	const struct column *column;

	switch (filter->kind) {
	case FILTER_AND:
	case FILTER_OR:
	case FILTER_NOT:
		return evaluate_children(evaluation, filter, bits);
	case FILTER_RANGE:
		column = segment_column(segment, filter->field);
		if (column)
			column_mark_range(column, segment->count, column_lower_bound(column, filter->from),
					  column_lower_bound(column, filter->to), bits);
		return true;
	case FILTER_IN:
		column = segment_column(segment, filter->field);
		return !column || mark_keys(evaluation, column, filter, bits);
	case FILTER_MEMBER:
		mark_member(evaluation, filter, bits);
		return true;
	case FILTER_VALID:
		memcpy(bits, segment->valid, evaluation->words * sizeof *bits);
		return true;
	case FILTER_EMBEDDED:
		for (uint32_t i = 0; i < evaluation->words; i++)
			bits[i] = segment->embedded[i];
		return true;
	}
	return true;
}

static bool select_in(struct evaluation *evaluation, const struct column_condition *condition, uint64_t *bits)
{
	const struct segment *segment = evaluation->segment;

	if (!condition->filter)
		mark_all(evaluation, bits);
	else if (!evaluate(evaluation, condition->filter, bits))
		return false;
	for (uint32_t i = 0; i < evaluation->words; i++) {
		if (condition->status == SELECT_VALID)
			bits[i] &= segment->valid[i];
		else if (condition->status == SELECT_INVALID)
			bits[i] &= ~segment->valid[i];
	}
	return true;
}

static void count_selected(struct column_selection *selection)
{
	selection->count = selection->valid_count = selection->embedded_count = 0;
	for (size_t i = 0; i < selection->view->count; i++) {
		const struct segment *segment = selection->view->segments[i];
		const uint64_t *bits = selection->bits[i];
		for (uint32_t word = 0; bits && word < segment_words(segment); word++) {
			selection->count += (size_t)__builtin_popcountll(bits[word]);
			selection->valid_count +=
				(size_t)__builtin_popcountll(bits[word] & segment->valid[word]);
			selection->embedded_count +=
				(size_t)__builtin_popcountll(bits[word] & segment->embedded[word]);
		}
	}
}

bool column_select(struct column_selection *selection, const struct column_view *view,
		   const struct column_condition *condition)
{
	struct arena arena;
	size_t words = 0, at = 0;
	bool done = true;

	for (size_t i = 0; i < view->count; i++)
		words += segment_words(view->segments[i]);
	*selection = (struct column_selection){
		.view = view,
		.bits = calloc(view->count + 1, sizeof *selection->bits),
		.words = calloc(words + 1, sizeof *selection->words),
	};
	if (!selection->bits || !selection->words) {
		column_selection_release(selection);
		return false;
	}
	arena_init(&arena, (size_t)1 << 28);
	for (size_t i = 0; done && i < view->count; i++) {
		struct evaluation evaluation = {view->segments[i], segment_words(view->segments[i]), &arena};
		if (condition->import_id && view->segments[i]->import_id != condition->import_id)
			continue;
		arena_reset(&arena);
		selection->bits[i] = selection->words + at;
		at += evaluation.words;
		done = select_in(&evaluation, condition, selection->bits[i]);
	}
	arena_release(&arena);
	if (done)
		count_selected(selection);
	else
		column_selection_release(selection);
	return done;
}

void column_selection_release(struct column_selection *selection)
{
	free(selection->bits);
	free(selection->words);
	*selection = (struct column_selection){0};
}

void column_selection_keep(struct column_selection *selection, const struct id_set *ids)
{
	for (size_t i = 0; i < selection->view->count; i++) {
		const struct segment *segment = selection->view->segments[i];
		uint64_t *bits = selection->bits[i];
		for (uint32_t j = 0; bits && j < segment->run_count; j++) {
			const struct segment_run *run = &segment->runs[j];
			uint32_t end = j + 1 < segment->run_count ? run[1].from : segment->count;
			for (uint32_t row = run->from; row < end; row++)
				if (!id_set_has(ids, run->first_id + (row - run->from)))
					bits[row / 64] &= ~((uint64_t)1 << (row % 64));
		}
	}
	count_selected(selection);
}

void column_selection_keep_embedded(struct column_selection *selection)
{
	for (size_t i = 0; i < selection->view->count; i++)
		for (uint32_t word = 0;
		     selection->bits[i] && word < segment_words(selection->view->segments[i]); word++)
			selection->bits[i][word] &= selection->view->segments[i]->embedded[word];
	count_selected(selection);
}

static void add_ids(const struct segment *segment, const uint64_t *bits, struct id_set *ids)
{
	for (uint32_t j = 0; j < segment->run_count; j++) {
		const struct segment_run *run = &segment->runs[j];
		uint32_t end = j + 1 < segment->run_count ? run[1].from : segment->count;
		for (uint32_t row = run->from; row < end;) {
			uint64_t left = bits[row / 64] >> (row % 64);
			if (!left) {
				row = (row / 64 + 1) * 64;
				continue;
			}
			row += (uint32_t)__builtin_ctzll(left);
			if (row < end)
				id_set_add(ids, run->first_id + (row - run->from));
			row++;
		}
	}
}

bool column_selection_ids(const struct column_selection *selection, struct id_set *ids)
{
	int64_t first = 1, last = 0;

	if (!column_view_ids(selection->view, &first, &last))
		return id_set_init(ids, 1, 0);
	if (!id_set_init(ids, first, last))
		return false;
	for (size_t i = 0; i < selection->view->count; i++)
		if (selection->bits[i])
			add_ids(selection->view->segments[i], selection->bits[i], ids);
	return true;
}
