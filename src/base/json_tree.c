#include "base/json_tree.h"

#include "base/utf8.h"

#include "base/banned.h"

struct tree_reader {
	struct slice text;
	size_t at;
	unsigned depth;
	struct arena *arena;
	struct error *err;
};

static enum status read_value(struct tree_reader *reader, struct json_node *node);

static enum status fail_at(struct tree_reader *reader, size_t at, const char *code, const char *what)
{
	uint64_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		unsigned char c = (unsigned char)reader->text.data[i];
		if (c == '\n') {
			line++;
			column = 1;
		} else if ((c & 0xC0) != 0x80) {
			column++;
		}
	}
	return error_set_at(reader->err, STATUS_INVALID, code, line, column, at,
			    "%s (line %llu, column %llu)", what, (unsigned long long)line,
			    (unsigned long long)column);
}

static enum status fail(struct tree_reader *reader, const char *what)
{
	return fail_at(reader, reader->at, "syntax-error", what);
}

/* The byte at hand; -1 at the end. */
static int peek(const struct tree_reader *reader)
{
	return reader->at < reader->text.size ? (unsigned char)reader->text.data[reader->at] : -1;
}

static bool take(struct tree_reader *reader, char wanted)
{
	if (peek(reader) != (unsigned char)wanted)
		return false;
	reader->at++;
	return true;
}

static void skip_space(struct tree_reader *reader)
{
	int c = peek(reader);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		reader->at++;
		c = peek(reader);
	}
}

static bool take_digits(struct tree_reader *reader)
{
	size_t start = reader->at;

	while (peek(reader) >= '0' && peek(reader) <= '9')
		reader->at++;
	return reader->at > start;
}

static enum status read_number(struct tree_reader *reader, struct json_node *node)
{
	static const char wrong[] = "this is no JSON number";
	size_t start = reader->at;

	node->kind = NODE_NUMBER;
	take(reader, '-');
	if (!take(reader, '0') && !take_digits(reader))
		return fail(reader, wrong);
	if (take(reader, '.') && !take_digits(reader))
		return fail(reader, wrong);
	if (take(reader, 'e') || take(reader, 'E')) {
		if (!take(reader, '+'))
			take(reader, '-');
		if (!take_digits(reader))
			return fail(reader, wrong);
	}
	node->text = slice_of(reader->text.data + start, reader->at - start);
	return STATUS_OK;
}

static enum status read_word(struct tree_reader *reader, struct json_node *node,
			     enum json_node_kind kind, struct slice word)
{
	struct slice rest = slice_of(reader->text.data + reader->at, reader->text.size - reader->at);

	if (!slice_starts_with(rest, word))
		return fail(reader, "a JSON value is wanted here");
	node->kind = kind;
	node->text = slice_of(rest.data, word.size);
	reader->at += word.size;
	return STATUS_OK;
}

/* Four hexadecimal digits; false if there are none. */
static bool take_hex(struct tree_reader *reader, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < 4; i++) {
		int c = peek(reader);
		int lower = c | 0x20;
		if (c >= '0' && c <= '9')
			*value = *value * 16 + (uint32_t)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			*value = *value * 16 + (uint32_t)(lower - 'a' + 10);
		else
			return false;
		reader->at++;
	}
	return true;
}

/* Behind "\u". Returns the number of bytes written; 0: it stands for no character. */
static size_t read_code_point(struct tree_reader *reader, char out[4])
{
	uint32_t high, low;

	if (!take_hex(reader, &high))
		return 0;
	if (high >= 0xD800 && high < 0xDC00) {
		if (!take(reader, '\\') || !take(reader, 'u') || !take_hex(reader, &low) ||
		    low < 0xDC00 || low > 0xDFFF)
			return 0;
		high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
	} else if (high >= 0xDC00 && high <= 0xDFFF) {
		return 0;
	}
	return utf8_encode(high, out);
}

/* Behind a backslash. Returns the number of bytes written; 0: there is no such escape. */
static size_t read_escape(struct tree_reader *reader, char out[4])
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	int c = peek(reader);

	if (c == 'u') {
		reader->at++;
		return read_code_point(reader, out);
	}
	const char *letter = c > 0 ? strchr(letters, c) : NULL;
	if (!letter)
		return 0;
	reader->at++;
	out[0] = meanings[letter - letters];
	return 1;
}

static enum status read_string(struct tree_reader *reader, struct slice *string)
{
	size_t start = ++reader->at, size = 0, end = start;

	while (end < reader->text.size && reader->text.data[end] != '"')
		end += reader->text.data[end] == '\\' ? 2 : 1;
	if (end >= reader->text.size)
		return fail_at(reader, start - 1, "syntax-error", "this string has no end");
	char *bytes = arena_alloc(reader->arena, end - start + 1);
	if (!bytes)
		return error_no_memory(reader->err);
	while (peek(reader) != '"') {
		char decoded[4];
		size_t at = reader->at;
		if (take(reader, '\\')) {
			size_t count = read_escape(reader, decoded);
			if (!count)
				return fail_at(reader, at, "syntax-error",
					       "this escape stands for no character");
			memcpy(bytes + size, decoded, count);
			size += count;
		} else if (peek(reader) < 0x20) {
			return fail(reader, "a control character in a string must be escaped");
		} else {
			bytes[size++] = reader->text.data[reader->at++];
		}
	}
	reader->at++;
	*string = slice_of(bytes, size);
	return STATUS_OK;
}

static enum status read_name(struct tree_reader *reader, const struct json_node *object,
			     struct json_node *member)
{
	size_t at = reader->at;

	if (object->count > JSON_TREE_MEMBERS)
		return fail_at(reader, at, "too-many-members", "this object has too many members");
	if (peek(reader) != '"')
		return fail(reader, "a name in quotes is wanted here");
	enum status status = read_string(reader, &member->name);
	if (status != STATUS_OK)
		return status;
	for (const struct json_node *other = object->first; other; other = other->next)
		if (other != member && slice_equal(other->name, member->name))
			return fail_at(reader, at, "duplicate-member", "this member is given twice");
	skip_space(reader);
	if (!take(reader, ':'))
		return fail(reader, "a colon is wanted here");
	skip_space(reader);
	return STATUS_OK;
}

/* Of an array or an object. */
static enum status read_values(struct tree_reader *reader, struct json_node *node, char end)
{
	const struct json_node **link = &node->first;
	enum status status = STATUS_OK;

	reader->at++;
	skip_space(reader);
	if (take(reader, end))
		return STATUS_OK;
	while (status == STATUS_OK) {
		struct json_node *value = arena_alloc_zeroed(reader->arena, 1, sizeof *value);
		if (!value)
			return error_no_memory(reader->err);
		*link = value;
		link = &value->next;
		node->count++;
		if (node->kind == NODE_OBJECT)
			status = read_name(reader, node, value);
		if (status == STATUS_OK)
			status = read_value(reader, value);
		if (status != STATUS_OK)
			return status;
		skip_space(reader);
		if (take(reader, end))
			return STATUS_OK;
		if (!take(reader, ','))
			return fail(reader, end == ']' ? "a comma or ']' is wanted here"
						       : "a comma or '}' is wanted here");
		skip_space(reader);
	}
	return status;
}

static enum status read_value(struct tree_reader *reader, struct json_node *node)
{
	size_t start = reader->at;
	enum status status;
	int c = peek(reader);

	if (reader->depth == JSON_TREE_DEPTH)
		return fail_at(reader, start, "too-deep", "values lie too deep within one another");
	reader->depth++;
	if (c == '{' || c == '[') {
		node->kind = c == '{' ? NODE_OBJECT : NODE_ARRAY;
		status = read_values(reader, node, c == '{' ? '}' : ']');
	} else if (c == '"') {
		node->kind = NODE_STRING;
		status = read_string(reader, &node->text);
	} else if (c == 't') {
		status = read_word(reader, node, NODE_BOOLEAN, SLICE("true"));
	} else if (c == 'f') {
		status = read_word(reader, node, NODE_BOOLEAN, SLICE("false"));
	} else if (c == '-' || (c >= '0' && c <= '9')) {
		status = read_number(reader, node);
	} else {
		status = read_word(reader, node, NODE_NULL, SLICE("null"));
	}
	reader->depth--;
	node->raw = slice_of(reader->text.data + start, reader->at - start);
	return status;
}

enum status json_tree_read(struct slice text, struct arena *arena, const struct json_node **root,
			   struct error *err)
{
	struct tree_reader reader = {.text = text, .arena = arena, .err = err};
	struct json_node *node = arena_alloc_zeroed(arena, 1, sizeof *node);
	size_t valid = utf8_valid_prefix(text);

	*root = NULL;
	if (!node)
		return error_no_memory(err);
	if (valid < text.size)
		return fail_at(&reader, valid, "encoding-error", "this is no UTF-8");
	skip_space(&reader);
	enum status status = read_value(&reader, node);
	if (status != STATUS_OK)
		return status;
	skip_space(&reader);
	if (reader.at < text.size)
		return fail(&reader, "something stands behind the end of the JSON text");
	*root = node;
	return STATUS_OK;
}

const struct json_node *json_node_find(const struct json_node *node, const char *name)
{
	if (!node || node->kind != NODE_OBJECT)
		return NULL;
	for (const struct json_node *member = node->first; member; member = member->next)
		if (slice_is(member->name, name))
			return member;
	return NULL;
}

const char *json_node_kind_name(enum json_node_kind kind)
{
	static const char *const names[] = {
		[NODE_NULL] = "null",        [NODE_BOOLEAN] = "true or false",
		[NODE_NUMBER] = "a number",  [NODE_STRING] = "a string",
		[NODE_ARRAY] = "an array",   [NODE_OBJECT] = "an object",
	};
	return names[kind];
}
