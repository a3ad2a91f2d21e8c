/* Whatever JSON the filter of a search is: it becomes a tree that can be walked, or is refused with one sentence whose
 * place is a list of JSON values. */
#include <string.h>

#include "api/search_filter.h"
#include "fuzz.h"
#include "parse/reader.h"

enum { ARENA_SIZE = 64 << 20, DEPTH_MOST = 200 };

static size_t refusals;

void add_place_error(struct api_call *call, const char *where, struct slice name, struct slice path,
		     const char *type, const char *format, ...)
{
	struct record record = {0};
	struct error err = {0};
	struct strbuf array;

	must(strcmp(where, "body") == 0 && slice_is(name, "filter"), "a refusal of something else");
	must(type && format, "a refusal without a word");
	strbuf_init(&array, 1 << 20);
	strbuf_add_byte(&array, '[');
	strbuf_add_slice(&array, path);
	strbuf_add_byte(&array, ']');
	must(json_read_record(strbuf_slice(&array), call->arena, &record, &err) == STATUS_OK, err.detail);
	strbuf_release(&array);
	refusals++;
}

void add_param_error(struct api_call *call, const char *where, struct slice name, const char *type,
		     const char *format, ...)
{
	(void)call;
	must(where && name.size && type && format, "a refusal without a word");
	refusals++;
}

static void walk(const struct filter *filter, unsigned depth)
{
	must(filter != NULL && depth < DEPTH_MOST, "a tree with a hole");
	switch (filter->kind) {
	case FILTER_NOT:
		must(filter->child_count == 1, "not of one");
		/* fall through */
	case FILTER_AND:
	case FILTER_OR:
		for (size_t i = 0; i < filter->child_count; i++)
			walk(filter->children[i], depth + 1);
		break;
	case FILTER_IN:
		for (size_t i = 0; i < filter->key_count; i++)
			must(filter->keys[i].data != NULL, "no key");
		break;
	case FILTER_RANGE:
		must(filter->field.data != NULL, "a range of no field");
		break;
	case FILTER_MEMBER:
	case FILTER_VALID:
	case FILTER_EMBEDDED:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_trim(slice_of((const char *)data, size));
	struct record record = {0};
	struct arena arena;
	struct api_call call = {.arena = &arena};
	struct error err = {0};

	arena_init(&arena, ARENA_SIZE);
	refusals = 0;
	/* Bodies are found to be JSON before; an object becomes fields. */
	if (json_read_record(text, &arena, &record, &err) == STATUS_OK && text.size && text.data[0] == '{') {
		const struct filter *filter =
			search_filter_read(&call, "body", (struct value){VALUE_OBJECT, text});
		must((filter != NULL) == (refusals == 0), "a refusal beside a filter, or neither");
		must(refusals <= 1, "more than one refusal");
		if (filter)
			walk(filter, 0);
	}
	arena_release(&arena);
	return 0;
}
