/* Whatever a schema document holds: it is a schema, or refused with a place and a sentence. Of a schema its document
 * makes the same one, and a row of any cells is checked to the same end twice.
 *
 * The document ends at the first NUL byte; behind it stand the cells of a row, each ended by a NUL byte. */
#include <string.h>

#include "fuzz.h"
#include "validate/schema.h"

enum { CELLS_MAX = 64, ARENA_SIZE = 16 << 20 };

static void check_faults(const struct schema_faults *faults, const struct error *err)
{
	must(strcmp(err->code, "invalid-schema") == 0 && err->detail[0], "a refusal without a word");
	must(faults->count > 0, "a refusal without a fault");
	for (size_t i = 0; i < faults->count; i++) {
		const struct schema_fault *fault = &faults->list[i];
		must(fault->type && fault->message.size, "a fault without a word");
		must(fault->place.size == 0 || fault->place.data[0] == '/', "a place that is no pointer");
	}
}

/* All that the check came to, as text. */
static void check_row(const struct schema *schema, struct slice cells, struct strbuf *out)
{
	struct validator *validator = validator_new(schema);
	struct field fields[CELLS_MAX];
	struct record record = {.row = 1, .line = 2, .fields = fields};
	struct json_writer json;
	struct arena arena;
	struct error err = {0};
	size_t count;
	const struct slice *names = schema_fields(schema, &count);

	must(validator != NULL, "no validator");
	for (size_t at = 0; record.field_count < count && record.field_count < CELLS_MAX && at < cells.size;) {
		size_t end = slice_find(cells, '\0', at);
		fields[record.field_count] = (struct field){
			.name = names[record.field_count],
			.value = {VALUE_STRING, slice_of(cells.data + at, end - at)},
		};
		record.field_count++;
		at = end + 1;
	}
	arena_init(&arena, ARENA_SIZE);
	must(validator_check(validator, &record, &arena, &err) == STATUS_OK, err.detail);
	json_writer_init(&json, out);
	record_write_data(&record, &json);
	json_writer_init(&json, out);
	record_write_errors(&record, true, &json);
	schema_write_text(schema, &record, out);
	must(strbuf_ok(out), "an answer that is too long");
	arena_release(&arena);
	validator_free(validator);
}

static void check_schema(const struct schema *schema, struct slice cells)
{
	const struct schema *again;
	unsigned char digest[32], digest_again[32];
	struct strbuf text, first, second;
	struct json_writer json;
	struct error err = {0};

	strbuf_init(&text, 1 << 24);
	strbuf_init(&first, 1 << 24);
	strbuf_init(&second, 1 << 24);
	json_writer_init(&json, &text);
	schema_write_document(schema, &json);
	must(schema_parse(SLICE("again"), strbuf_slice(&text), &again, NULL, &err) == STATUS_OK, err.detail);
	schema_fingerprint(schema, digest);
	schema_fingerprint(again, digest_again);
	must(memcmp(digest, digest_again, sizeof digest) == 0, "its document makes another schema");
	check_row(schema, cells, &first);
	check_row(again, cells, &second);
	must(slice_equal(strbuf_slice(&first), strbuf_slice(&second)), "a row is checked in two ways");
	schema_release(again);
	strbuf_release(&text);
	strbuf_release(&first);
	strbuf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	size_t end = slice_find(input, '\0', 0);
	struct slice cells = end < size ? slice_of(input.data + end + 1, size - end - 1) : SLICE("");
	const struct schema *schema = NULL;
	struct arena arena;
	struct schema_faults faults = {.arena = &arena};
	struct error err = {0};

	arena_init(&arena, ARENA_SIZE);
	enum status status = schema_parse(SLICE("fuzz"), slice_of(input.data, end), &schema, &faults, &err);
	if (status == STATUS_OK) {
		check_schema(schema, cells);
		schema_release(schema);
	} else {
		must(status == STATUS_INVALID && !schema, err.detail);
		check_faults(&faults, &err);
	}
	arena_release(&arena);
	return 0;
}
