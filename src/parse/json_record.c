#include "parse/json_record.h"

#include "base/utf8.h"
#include "parse/bytes.h"
#include "parse/json_scanner.h"
#include "parse/name_table.h"
#include "parse/place.h"
#include "parse/reader.h"
#include "parse/row_error.h"

#include "base/banned.h"

/* Objects with more members than this get a hash table to find repeated keys. */
enum { FEW_MEMBERS = 12 };

struct build {
	struct record *record;
	struct arena *arena;
	struct slice raw;
	struct place place;
	bool utf8;    /* all of raw is UTF-8 */
	bool escapes; /* raw holds a backslash */
	bool hashed;  /* `names` is in use */
	struct name_table names;
};

/* Adds an error of what stands at `at` in raw. */
static bool add_error(struct build *build, size_t at, struct cell_error error)
{
	size_t done = (size_t)(build->place.byte - build->record->byte);

	if (at > done)
		place_advance(&build->place, slice_of(build->raw.data + done, at - done));
	error.line = build->place.line;
	error.byte = build->record->byte + at;
	return row_error_add(build->record, build->arena, error);
}

/* Where the string whose opening quote is at `at` ends: behind its closing quote. */
static size_t string_end(struct slice text, size_t at)
{
	at++;
	for (;;) {
		at += bytes_find_string_special(slice_of(text.data + at, text.size - at));
		if (text.data[at] == '"')
			return at + 1;
		at += 2;
	}
}

static size_t value_end(struct slice text, size_t at)
{
	size_t depth = 0;

	do {
		char byte = text.data[at];
		if (byte == '"') {
			at = string_end(text, at);
			continue;
		}
		depth += byte == '{' || byte == '[';
		depth -= byte == '}' || byte == ']';
		at++;
	} while (depth);
	return at;
}

/* Of a number or a literal. */
static size_t scalar_end(struct slice text, size_t at)
{
	while (at < text.size && !json_is_space(text.data[at]) && text.data[at] != ',' &&
	       text.data[at] != '}')
		at++;
	return at;
}

static uint32_t read_hex(const char *digits)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char digit = (unsigned char)digits[i];
		value = value << 4 | (digit <= '9' ? digit - 48u : (digit | 0x20u) - 87u);
	}
	return value;
}

/* The character of the \u escape whose backslash is at `at`; *size is that of the escape, or
 * of both of a pair. A lone surrogate gives U+FFFD and sets *lone. */
static uint32_t read_escape(struct slice text, size_t at, size_t *size, bool *lone)
{
	uint32_t first = read_hex(text.data + at + 2);

	*size = 6;
	if (first < 0xD800 || first > 0xDFFF)
		return first;
	if (first < 0xDC00 && text.size - at >= 12 && text.data[at + 6] == '\\' &&
	    text.data[at + 7] == 'u') {
		uint32_t second = read_hex(text.data + at + 8);
		if (second >= 0xDC00 && second <= 0xDFFF) {
			*size = 12;
			return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
		}
	}
	*lone = true;
	return 0xFFFD;
}

static char short_escape(char letter)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	const char *found = strchr(letters, letter);

	return found ? meanings[found - letters] : letter;
}

/* Decodes what stands between a string's quotes. */
static bool decode_string(struct slice text, struct arena *arena, struct slice *decoded,
			  bool *lone)
{
	size_t at = slice_find(text, '\\', 0), size = 0;

	*decoded = text;
	if (at == text.size)
		return true;
	char *out = arena_alloc(arena, text.size);
	if (!out)
		return false;
	for (size_t from = 0;; at = slice_find(text, '\\', from)) {
		memcpy(out + size, text.data + from, at - from);
		size += at - from;
		if (at == text.size)
			break;
		size_t escape = 2;
		if (text.data[at + 1] == 'u')
			size += utf8_encode(read_escape(text, at, &escape, lone), out + size);
		else
			out[size++] = short_escape(text.data[at + 1]);
		from = at + escape;
	}
	*decoded = slice_of(out, size);
	return true;
}

/* Whether a JSON text holds an escaped surrogate without its other half. */
static bool has_lone_surrogate(struct slice text)
{
	bool lone = false;
	size_t at = slice_find(text, '\\', 0);

	while (at < text.size && !lone) {
		size_t escape = 2;
		if (text.data[at + 1] == 'u')
			read_escape(text, at, &escape, &lone);
		at = slice_find(text, '\\', at + escape);
	}
	return lone;
}

/* Adds an error for each thing that is wrong with the characters of `sent`, which stands at `at`:
 * a key or a value of `field`, or the whole record. */
static bool check_text(struct build *build, size_t at, struct slice sent, struct slice field)
{
	struct cell_error error = {
		.field = field, .code = ERROR_ENCODING, .value = sent, .has_value = true};
	size_t valid = build->utf8 ? sent.size : utf8_valid_prefix(sent);

	if (valid < sent.size) {
		error.message = row_error_message(
			build->arena, "Byte %zu of it (0x%02X) is no UTF-8; save the file as UTF-8.",
			valid + 1, (unsigned char)sent.data[valid]);
		if (!error.message.data || !add_error(build, at, error))
			return false;
	}
	if (!build->escapes || !has_lone_surrogate(sent))
		return true;
	error.message = SLICE("An escape \\uD800 to \\uDFFF stands without its other half, "
			      "so it is no character.");
	return add_error(build, at, error);
}

static bool is_repeated(struct build *build, struct slice name)
{
	if (build->hashed)
		return name_table_find(&build->names, name)->count++ > 0;
	for (size_t i = 0; i < build->record->field_count; i++)
		if (slice_equal(build->record->fields[i].name, name))
			return true;
	return false;
}

/* Reads the value at `at` and returns its end; its kind is told by its first byte. */
static size_t read_value(struct slice raw, size_t at, struct value *value)
{
	size_t end;

	switch (raw.data[at]) {
	case '"':
		value->kind = VALUE_STRING;
		end = string_end(raw, at);
		break;
	case '{':
		value->kind = VALUE_OBJECT;
		end = value_end(raw, at);
		break;
	case '[':
		value->kind = VALUE_ARRAY;
		end = value_end(raw, at);
		break;
	default:
		value->kind = raw.data[at] == 'n' ? VALUE_NULL
			      : raw.data[at] == 't' || raw.data[at] == 'f' ? VALUE_BOOLEAN
									   : VALUE_NUMBER;
		end = scalar_end(raw, at);
	}
	value->text = slice_of(raw.data + at, end - at);
	return end;
}

/* Adds the member whose key begins at *at, and moves *at behind its value. */
static bool add_member(struct build *build, size_t *at)
{
	struct slice raw = build->raw;
	size_t key_at = *at, key_end = string_end(raw, key_at);
	size_t value_at = json_skip_space(raw, json_skip_space(raw, key_end) + 1);
	struct slice key = slice_of(raw.data + key_at + 1, key_end - key_at - 2), name;
	struct value value;
	bool lone = false;

	*at = read_value(raw, value_at, &value);
	if (!decode_string(key, build->arena, &name, &lone))
		return false;
	if (is_repeated(build, name)) {
		struct cell_error error = {.field = name,
					   .code = ERROR_DUPLICATE_KEY,
					   .message = SLICE("The object has this key more than "
							    "once; keep one of them."),
					   .value = value.text,
					   .has_value = true};
		if (!add_error(build, key_at, error))
			return false;
	}
	if (!check_text(build, key_at + 1, key, name) ||
	    !check_text(build, value_at, value.text, name))
		return false;
	if (value.kind == VALUE_STRING) {
		struct slice inner = slice_of(value.text.data + 1, value.text.size - 2);
		if (!decode_string(inner, build->arena, &value.text, &lone))
			return false;
	}
	build->record->fields[build->record->field_count++] = (struct field){name, value};
	return true;
}

static bool build_object(struct build *build, size_t members)
{
	struct record *record = build->record;

	build->hashed = members > FEW_MEMBERS;
	if (build->hashed && !name_table_init(&build->names, build->arena, members))
		return false;
	record->fields = arena_alloc(build->arena, members * sizeof *record->fields);
	if (!record->fields)
		return false;
	size_t at = 0;
	for (size_t i = 0; i < members; i++) {
		/* Past the brace or the comma before the key. */
		at = json_skip_space(build->raw, json_skip_space(build->raw, at) + 1);
		if (!add_member(build, &at))
			return false;
	}
	return true;
}

static bool build_other(struct build *build)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null",        [VALUE_BOOLEAN] = "a boolean", [VALUE_NUMBER] = "a number",
		[VALUE_STRING] = "a string", [VALUE_ARRAY] = "an array",
	};
	struct value value;
	struct cell_error error = {.code = ERROR_TYPE, .value = build->raw, .has_value = true};

	read_value(build->raw, 0, &value);
	build->record->shape = RECORD_VALUE;
	error.message = row_error_message(build->arena, "A record must be an object, and this is %s.",
					  names[value.kind]);
	return error.message.data && add_error(build, 0, error) &&
	       check_text(build, 0, build->raw, slice_of(NULL, 0));
}

bool json_build_record(struct record *record, size_t members, struct arena *arena)
{
	struct build build = {
		.record = record,
		.arena = arena,
		.raw = record->raw,
		.place = place_at_start(record->byte),
		.utf8 = utf8_is_valid(record->raw),
		.escapes = slice_find(record->raw, '\\', 0) < record->raw.size,
	};

	build.place.line = record->line;
	record->from_json = true;
	if (record->raw.data[0] != '{')
		return build_other(&build);
	if (members <= FIELD_LIMIT)
		return build_object(&build, members);
	struct slice message = row_error_message(
		arena, "The object has %zu members, and at most %d are read.", members, FIELD_LIMIT);
	return message.data && row_error_damaged(record, arena, ERROR_TOO_LONG, message);
}

bool json_build_damaged(struct record *record, const char *problem, struct place damage, struct arena *arena)
{
	struct slice message = row_error_message(arena, "The line is no JSON: column %llu: %s.",
						 (unsigned long long)damage.column, problem);

	record->from_json = true;
	if (!message.data || !row_error_damaged(record, arena, ERROR_SYNTAX, message))
		return false;
	record->errors[0].byte = damage.byte;
	return true;
}

/* ---- parts of an object's text ---- */

struct member {
	struct slice key, value; /* key: between its quotes, not decoded */
	size_t end;              /* the comma or brace behind it */
};

/* The member behind the brace or comma at `at`; false: there is none. */
static bool find_member(struct slice object, size_t at, struct member *member)
{
	struct value value;
	size_t key = json_skip_space(object, at + 1);

	if (key >= object.size || object.data[key] != '"')
		return false;
	size_t key_end = string_end(object, key);
	size_t value_at = json_skip_space(object, json_skip_space(object, key_end) + 1);
	member->end = json_skip_space(object, read_value(object, value_at, &value));
	member->key = slice_of(object.data + key + 1, key_end - key - 2);
	member->value = value.text;
	return true;
}

bool json_without(struct slice object, bool (*drop)(struct slice name), struct arena *arena, struct slice *left)
{
	char *out = arena_alloc(arena, object.size);
	struct member member;
	size_t size = 0;

	if (!out)
		return false;
	for (size_t at = 0; find_member(object, at, &member); at = member.end) {
		struct slice name;
		bool lone = false;
		if (!decode_string(member.key, arena, &name, &lone))
			return false;
		if (drop(name))
			continue;
		memcpy(out + size, object.data + at, member.end - at);
		out[size] = size ? ',' : '{';
		size += member.end - at;
	}
	if (!size)
		out[size++] = '{';
	out[size++] = '}';
	*left = slice_of(out, size);
	return true;
}

struct slice json_first_value(struct slice object)
{
	struct member member;

	return find_member(object, 0, &member) ? member.value : slice_of(NULL, 0);
}

/* ---- a text in memory ---- */

/* Where a text is no JSON, false: *damage is the place. */
static bool scan_text(struct slice text, struct json_scanner *scanner, struct place *damage)
{
	size_t at;

	*damage = place_at_start(0);
	if (json_check(text, scanner, &at) == JSON_SCANNING)
		json_scan_end(scanner);
	if (scanner->progress != JSON_FAILED)
		return true;
	place_advance(damage, slice_of(text.data, at));
	return false;
}

static enum status build_text(struct slice text, const struct json_scanner *scanner, struct arena *arena,
			      struct record *record, struct error *err)
{
	struct place place = place_at_start(0);
	size_t start = json_skip_space(text, 0);

	place_advance(&place, slice_of(text.data, start));
	*record = (struct record){.line = place.line, .byte = place.byte};
	record->raw = slice_of(text.data + start, text.size - start);
	while (json_is_space(record->raw.data[record->raw.size - 1]))
		record->raw.size--;
	return json_build_record(record, scanner->members, arena) ? STATUS_OK : error_no_memory(err);
}

enum status json_read_record(struct slice text, struct arena *arena, struct record *record,
			     struct error *err)
{
	struct json_scanner scanner;
	struct place damage;

	if (scan_text(text, &scanner, &damage))
		return build_text(text, &scanner, arena, record, err);
	return error_set_at(err, STATUS_INVALID, ERROR_SYNTAX, damage.line, damage.column, damage.byte,
			    "This is no JSON: line %llu, column %llu: %s.", (unsigned long long)damage.line,
			    (unsigned long long)damage.column, scanner.problem);
}

enum status json_read_line(struct slice text, struct arena *arena, struct record *record, struct error *err)
{
	struct json_scanner scanner;
	struct place damage;

	if (scan_text(text, &scanner, &damage))
		return build_text(text, &scanner, arena, record, err);
	*record = (struct record){.line = 1, .raw = text};
	return json_build_damaged(record, scanner.problem, damage, arena) ? STATUS_OK : error_no_memory(err);
}
