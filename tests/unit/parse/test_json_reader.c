#include "support.h"

#include "transcript.h"

#include <stdlib.h>
#include <unistd.h>

#include "parse/json_wrap.h"

static void expect_failure(const char *bytes, size_t line, size_t column, size_t byte,
			   const char *problem)
{
	struct reader_options options = {.format = FORMAT_JSON};
	struct transcript transcript;

	transcript_read_bytes(&transcript, slice_of_string(bytes), &options, BRIEF);
	assert_int_equal(transcript.status, STATUS_INVALID);
	assert_string_equal(transcript.err.code, "syntax-error");
	if (!strstr(transcript.err.detail, problem))
		fail_msg("'%s' is not in '%s'", problem, transcript.err.detail);
	assert_int_equal(transcript.err.line, line);
	assert_int_equal(transcript.err.column, column);
	assert_int_equal(transcript.err.byte, byte);
	transcript_release(&transcript);
}

static void an_array_gives_its_values(void **state)
{
	(void)state;
	assert_records("[{\"a\":1},{\"a\":2}]", "{\"a\":1}\n{\"a\":2}\n");
	assert_records("\xEF\xBB\xBF \t\r\n[ \n{ \"a\" : 1 }\t,\r{}\n]\n \n", "{\"a\":1}\n{}\n");
	assert_records("[]", "");
	assert_records("[ \n ]", "");
}

static void one_object_is_one_record(void **state)
{
	(void)state;
	assert_records("{\"a\":1}", "{\"a\":1}\n");
	assert_records("{\n  \"a\": [\n[{\"b\": 2}]\n]\n}\n", "{\"a\":[\n[{\"b\": 2}]\n]}\n");
	assert_records("\n\n{}", "{}\n");
}

static void each_line_of_ndjson_is_a_record(void **state)
{
	(void)state;
	const char *expected = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";

	assert_records("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", expected);
	assert_records("{\"a\":1}\r\n{\"a\":2}\r\n{\"a\":3}", expected);
	assert_records("{\"a\":1}\r{\"a\":2}\r{\"a\":3}\r", expected);
	assert_records("\xEF\xBB\xBF\n  {\"a\":1}\n\n \t\n\t{\"a\":2} \n{\"a\":3}\t", expected);
}

static void a_broken_line_of_ndjson_costs_itself(void **state)
{
	(void)state;
	assert_records("{\"a\":1}\n{\"a\":2} x\n{\"b\n{\"a\":3}\n]\n{\"a\":\n",
		       "{\"a\":1}\n\"{\\\"a\\\":2} x\" syntax-error\n\"{\\\"b\" syntax-error\n{\"a\":3}\n"
		       "\"]\" syntax-error\n\"{\\\"a\\\":\" syntax-error\n");
	/* Also the first, where the second is whole. */
	assert_records("{\"a\":\n{\"a\":1}\n", "\"{\\\"a\\\":\" syntax-error\n{\"a\":1}\n");
	struct transcript transcript;
	transcript_read_bytes(&transcript, SLICE("{}\n\n  {\"\xC3\xA9\":tru} \n"), NULL, FULL);
	assert_non_null(strstr(transcript.text.data, "row 2 line 3 byte 6 shape 2 json 1 raw "
						     "{\"\\xC3\\xA9\":tru} ["));
	assert_non_null(strstr(transcript.text.data,
			       "The line is no JSON: column 11: only true, false and null may be "
			       "written without quotes.\",\"value\":null,\"line\":3,\"byte\":15}"));
	transcript_release(&transcript);
}

static void the_layout_is_told_by_the_first_lines(void **state)
{
	(void)state;
	const struct {
		const char *bytes;
		enum file_format format;
	} cases[] = {
		{"", FORMAT_CSV},
		{" \n ", FORMAT_CSV},
		{"a,b\n", FORMAT_CSV},
		{"[1", FORMAT_JSON},
		{"{", FORMAT_JSON},
		{"{}", FORMAT_JSON},
		{"{}\n\n", FORMAT_JSON},
		{"{}\n1", FORMAT_NDJSON},
		{"{} {}", FORMAT_JSON},
		{"{} {}\n{}", FORMAT_NDJSON},
		{"{\n\"a\":1}\n{}", FORMAT_JSON},
		{"{\"a\":\n{\"b\":1}}", FORMAT_JSON},
		{"{\"a\":\n{\"b\":1}\n}", FORMAT_NDJSON},
		{"[1]\n[2]\n", FORMAT_JSON},
		/* A whole file that is one value is that; with a line behind it is CSV. */
		{"12", FORMAT_JSON},
		{" \"name\" \n", FORMAT_JSON},
		{"12\n13\n", FORMAT_CSV},
		{"\"name\"\n\"x\"\n", FORMAT_CSV},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		enum file_format format;
		assert_int_equal(reader_sniff(slice_of_string(cases[i].bytes), true, NULL, &format, NULL),
				 STATUS_OK);
		if (format != cases[i].format)
			fail_msg("%s is %s", cases[i].bytes, file_format_name(format));
	}
}

/* An object whose one string fills `size` bytes, and what comes behind it. */
static struct slice long_object(size_t size, const char *behind)
{
	char *bytes = malloc(size + strlen(behind) + 1);

	assert_non_null(bytes);
	memset(bytes, 'x', size);
	memcpy(bytes, "{\"a\":\"", 6);
	memcpy(bytes + size - 2, "\"}", 2);
	memcpy(bytes + size, behind, strlen(behind) + 1);
	return slice_of_string(bytes);
}

static void a_first_line_longer_than_the_head_is_still_a_line(void **state)
{
	(void)state;
	static const struct {
		const char *behind;
		enum file_format format;
	} cases[] = {{"\n{\"a\":1}\n", FORMAT_NDJSON}, {"\n\n", FORMAT_JSON}, {"", FORMAT_JSON}};

	for (size_t i = 0; i < 3; i++) {
		struct slice bytes = long_object(300 * 1000, cases[i].behind);
		struct transcript transcript;
		transcript_read_bytes(&transcript, bytes, NULL, BRIEF);
		assert_int_equal(transcript.format, cases[i].format);
		assert_int_equal(transcript.records, i == 0 ? 2 : 1);
		assert_int_equal(transcript.errors, 0);
		transcript_release(&transcript);
		free((char *)bytes.data);
	}
}

static void a_first_line_over_the_limit_costs_itself(void **state)
{
	(void)state;
	static const char *const behinds[] = {"\n{\"a\":1}\n", ""};
	struct reader_options options = {.record_size_limit = 100 * 1000};

	for (size_t i = 0; i < 2; i++) {
		struct slice bytes = long_object(300 * 1000, behinds[i]);
		struct transcript transcript;
		transcript_read_bytes(&transcript, bytes, &options, FULL);
		assert_int_equal(transcript.status, STATUS_END);
		assert_int_equal(transcript.records, 2 - i);
		assert_int_equal(transcript.errors, 1);
		assert_non_null(strstr(transcript.text.data, "too-long-row"));
		transcript_release(&transcript);
		free((char *)bytes.data);
	}
}

static void a_second_line_longer_than_the_head_is_still_a_line(void **state)
{
	(void)state;
	struct slice bytes = long_object(300 * 1000, "\n{\"a\":1}\n");
	char *broken = malloc(bytes.size + 10);
	struct transcript transcript;

	assert_non_null(broken);
	memcpy(broken, "{\"a\":1,\n", 8);
	memcpy(broken + 8, bytes.data, bytes.size + 1);
	transcript_read_bytes(&transcript, slice_of_string(broken), NULL, BRIEF);
	assert_int_equal(transcript.status, STATUS_END);
	assert_int_equal(transcript.format, FORMAT_NDJSON);
	assert_int_equal(transcript.records, 3);
	assert_int_equal(transcript.errors, 1);
	transcript_release(&transcript);
	free((char *)bytes.data);
	free(broken);
}

static void values_keep_their_kind_and_digits(void **state)
{
	(void)state;
	struct transcript transcript;

	transcript_read_bytes(&transcript,
			      SLICE("[{\"s\":\"x\",\"n\":-0.10E+05,\"t\":true,\"f\":false,\"z\":null,"
				    "\"a\":[1, \"]\\\"\"],\"o\":{\"k\": {\"\":[]}},"
				    "\"big\":123456789012345678901234567890}]"),
			      NULL, FULL);
	assert_non_null(strstr(transcript.text.data,
			       " s:3:x n:2:-0.10E+05 t:1:true f:1:false z:0:null "
			       "a:4:[1, \"]\\\"\"] o:5:{\"k\": {\"\":[]}} "
			       "big:2:123456789012345678901234567890 []"));
	transcript_release(&transcript);
}

static void strings_are_decoded_and_counted(void **state)
{
	(void)state;
	struct transcript transcript;

	transcript_read_bytes(&transcript,
			      SLICE("[{\"k\\u0000\\n\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC"
				    "\\uD834\\uDD1E\\u0000z\",\"e\":\"\"}]"),
			      NULL, FULL);
	assert_non_null(strstr(transcript.text.data,
			       " k\\x00\\x0A:3:\"\\/\\x08\\x0C\\x0A\\x0D\\x09A\\xC3\\xA9\\xE2\\x82\\xAC"
			       "\\xF0\\x9D\\x84\\x9E\\x00z e:3: []"));
	transcript_release(&transcript);
}

static void a_surrogate_without_its_half_is_an_error_of_the_row(void **state)
{
	(void)state;
	static const char *const texts[] = {"\\uD800",       "\\uDC00",        "\\uD800x",
					    "\\uD800\\n",    "\\uD800\\uD800", "\\uD800\\u0041",
					    "\\uDC00\\uD800", "x\\uDBFF\\uE000", "\\uDFFF",
					    "\\uD800abcdefgh", "\\uD800\\nabcdefgh"};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct transcript transcript;
		struct strbuf bytes;
		strbuf_init(&bytes, 1000);
		strbuf_add_format(&bytes, "[{\"a\":\"%s\"},{\"%s\":1},{\"n\":[\"%s\"]},{\"b\":1}]", texts[i],
				  texts[i], texts[i]);
		transcript_read_bytes(&transcript, strbuf_slice(&bytes), NULL, FULL);
		assert_int_equal(transcript.records, 4);
		assert_int_equal(transcript.errors, 3);
		assert_non_null(strstr(transcript.text.data, "encoding-error"));
		assert_non_null(strstr(transcript.text.data, "\\xEF\\xBF\\xBD"));
		transcript_release(&transcript);
		strbuf_release(&bytes);
	}
	assert_records("[{\"a\":\"\\uD83D\\uDE00\",\"b\":[\"\\uD83D\\uDE00\\n\\u0041\"]}]",
		       "{\"a\":\"\xF0\x9F\x98\x80\",\"b\":[\"\\uD83D\\uDE00\\n\\u0041\"]}\n");
}

static void bytes_that_are_no_utf8_are_an_error_of_the_row(void **state)
{
	(void)state;
	struct transcript transcript;

	transcript_read_bytes(&transcript,
			      SLICE("[{\"a\":\"x\xFF\",\"b\":\"\xC3\xA9\"},{\"\xE9\":1},{\"n\":[\"\xE9\"]},\"\xE9\"]"),
			      NULL, FULL);
	assert_int_equal(transcript.status, STATUS_END);
	assert_int_equal(transcript.records, 4);
	/* The last is no object either. */
	assert_int_equal(transcript.errors, 5);
	assert_non_null(strstr(transcript.text.data, "a:3:x\\xFF b:3:\\xC3\\xA9 [{\"field\":\"a\",\"code\":"
						     "\"encoding-error\""));
	transcript_release(&transcript);
}

static void values_that_are_no_objects_are_errors_of_their_rows(void **state)
{
	(void)state;
	assert_records("[1,\"x\",[1, 2],null,true,false,{\"a\":1}]",
		       "1 type-error\n\"x\" type-error\n[1, 2] type-error\nnull type-error\n"
		       "true type-error\nfalse type-error\n{\"a\":1}\n");
	assert_records("{}\n1\n\"x\"\n", "{}\n1 type-error\n\"x\" type-error\n");
	assert_records("null", "null type-error\n");
	struct transcript transcript;
	transcript_read_bytes(&transcript, SLICE("[\n -1.5 ]"), NULL, FULL);
	assert_slice(strbuf_slice(&transcript.text),
		     "row 1 line 2 byte 3 shape 1 json 1 raw -1.5 [{\"field\":null,\"code\":\"type-error\","
		     "\"constraint\":null,\"message\":\"A record must be an object, and this is a "
		     "number.\",\"value\":\"-1.5\",\"line\":2,\"byte\":3}]\n");
	transcript_release(&transcript);
}

static void repeated_keys_are_errors_and_all_are_kept(void **state)
{
	(void)state;
	struct transcript transcript;

	transcript_read_bytes(&transcript, SLICE("[{\"a\":1,\n\"\\u0061\":2,\"A\":3,\"a\":4}]"), NULL, FULL);
	assert_int_equal(transcript.errors, 2);
	assert_non_null(strstr(transcript.text.data, " a:2:1 a:2:2 A:2:3 a:2:4 "));
	assert_non_null(strstr(transcript.text.data, "\"value\":\"2\",\"line\":2,\"byte\":9}"));
	transcript_release(&transcript);
}

static struct slice many_members(size_t count, size_t repeated)
{
	struct strbuf out;
	size_t size;

	strbuf_init(&out, 1 << 24);
	for (size_t i = 0; i < count; i++)
		strbuf_add_format(&out, "%c\"k%zu\":%zu", i ? ',' : '{', i % repeated, i);
	strbuf_add_byte(&out, '}');
	const char *bytes = strbuf_take(&out, &size);
	assert_non_null(bytes);
	return slice_of(bytes, size);
}

static void objects_of_many_members_are_read_up_to_a_limit(void **state)
{
	(void)state;
	const struct {
		size_t members, repeated, errors;
	} cases[] = {{100, 1000, 0}, {100, 90, 10}, {16384, 16384, 0}, {16384, 1, 16383}, {16385, 16385, 1}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct slice bytes = many_members(cases[i].members, cases[i].repeated);
		struct transcript transcript;
		transcript_read_bytes(&transcript, bytes, NULL, BRIEF);
		assert_int_equal(transcript.status, STATUS_END);
		assert_int_equal(transcript.errors, cases[i].errors);
		assert_true(!strstr(transcript.text.data, "too-long-row") == (i < 4));
		transcript_release(&transcript);
		free((char *)bytes.data);
	}
}

static void a_syntax_error_fails_the_file_with_its_place(void **state)
{
	(void)state;
	expect_failure("[{\"a\":1},\n  {\"\xC3\xA9\" 2}]", 2, 8, 18, "a colon is expected");
	expect_failure("[{\"a\":1},\r\n\r{]", 3, 2, 13, "a key in double quotes");
	expect_failure("[\r1,\n x]", 3, 2, 6, "a value is expected");
	expect_failure("", 1, 1, 0, "ends where a value is expected");
	expect_failure("  \n", 2, 1, 3, "ends where a value is expected");
	expect_failure("[", 1, 2, 1, "ends before the array is complete");
	expect_failure("[1,", 1, 4, 3, "ends before the array is complete");
	expect_failure("[1", 1, 3, 2, "ends before the array is complete");
	expect_failure("[1 2]", 1, 4, 3, "a comma or ] is expected");
	expect_failure("[1,]", 1, 4, 3, "a value is expected here");
	expect_failure("[,1]", 1, 2, 1, "a value is expected here");
	expect_failure("[1]]", 1, 4, 3, "nothing may follow");
	expect_failure("{} x", 1, 4, 3, "nothing may follow");
	expect_failure("{\"a\":1", 1, 7, 6, "ends before the value is complete");
	expect_failure("{\"a\":1,}", 1, 8, 7, "a key in double quotes");
	expect_failure("{\"a\":1]", 1, 7, 6, "a comma or } is expected");
	expect_failure("[[1}]", 1, 4, 3, "a comma or ] is expected");
	expect_failure("[\"x", 1, 4, 3, "ends inside a string");
	expect_failure("[\"x\\", 1, 5, 4, "ends inside a string");
	expect_failure("[\"\\u12", 1, 7, 6, "ends inside a string");
	expect_failure("[\"x\ny\"]", 1, 4, 3, "control character");
	expect_failure("[\"\\x\"]", 1, 4, 3, "no such escape");
	expect_failure("[\"\\u00G0\"]", 1, 7, 6, "four hexadecimal digits");
	struct error err;
	struct record record;
	struct arena arena;
	arena_init(&arena, 1000);
	assert_int_equal(json_read_record(SLICE("\"\\\0\""), &arena, &record, &err), STATUS_INVALID);
	assert_int_equal(err.byte, 2);
	assert_int_equal(json_read_record(SLICE("\"\\u0\0"), &arena, &record, &err), STATUS_INVALID);
	assert_int_equal(err.byte, 4);
	arena_release(&arena);
	expect_failure("[tru]", 1, 5, 4, "only true, false and null");
	expect_failure("[01]", 1, 3, 2, "must not begin with a zero");
	expect_failure("[-]", 1, 3, 2, "a digit is expected");
	expect_failure("[1.]", 1, 4, 3, "a digit is expected");
	expect_failure("[1e]", 1, 4, 3, "a digit is expected");
	expect_failure("[1e+]", 1, 5, 4, "a digit is expected");
	expect_failure("-", 1, 2, 1, "ends before the value is complete");
	expect_failure("\xEF\xBB\xBF[\xEF\xBB\xBF]", 1, 2, 4, "a value is expected");
}

static void nesting_is_limited_and_the_error_names_the_limit(void **state)
{
	(void)state;
	char bytes[2100];

	for (size_t depth = 510; depth <= 514; depth++) {
		struct transcript transcript;
		memset(bytes, '[', depth);
		memset(bytes + depth, ']', depth);
		transcript_read_bytes(&transcript, slice_of(bytes, 2 * depth), NULL, BRIEF);
		assert_int_equal(transcript.status, depth <= 512 ? STATUS_END : STATUS_INVALID);
		if (depth > 512) {
			assert_non_null(strstr(transcript.err.detail, "nested more than 512 deep"));
			assert_int_equal(transcript.err.byte, 512);
		}
		transcript_release(&transcript);
	}
	assert_records("{\"a\":{},\"b\":[1,2],\"c\":[[3],{\"d\":4}]}",
		       "{\"a\":{},\"b\":[1,2],\"c\":[[3],{\"d\":4}]}\n");
	/* The levels of objects and arrays are told apart at every depth. */
	struct strbuf out;
	strbuf_init(&out, 10000);
	for (int i = 0; i < 170; i++)
		strbuf_add_string(&out, "{\"a\":[[");
	for (int i = 0; i < 170; i++)
		strbuf_add_string(&out, "]]}");
	struct slice text = strbuf_slice(&out);
	strbuf_add_byte(&out, '\n');
	text.data = out.data;
	assert_records_at(text, NULL, out.data, __FILE__, __LINE__);
	strbuf_release(&out);
}

static void a_record_over_the_limit_costs_itself(void **state)
{
	(void)state;
	struct reader_options options = {.record_size_limit = 10};

	assert_records_with("[{\"a\":1234},{\"a\":12345},{\"a\":[\"x\\\"]}\",[{}]]} ,\n{\"a\":1}]", &options,
			    "{\"a\":1234}\n\"{\\\"a\\\":12345\" too-long-row\n"
			    "\"{\\\"a\\\":[\\\"x\\\\\\\"\" too-long-row\n{\"a\":1}\n");
	assert_records_with("{\"a\":1234}\n{\"a\":12345}\n {\"a\":\"]]\n{\"a\":1}\n", &options,
			    "{\"a\":1234}\n\"{\\\"a\\\":12345\" too-long-row\n"
			    "\"{\\\"a\\\":\\\"]]\" syntax-error\n{\"a\":1}\n");
	assert_records_with("{\"a\":\n 12345}", &options, "\"{\\\"a\\\":\\n 123\" too-long-row\n");
	assert_records_with("[1234567890,12345678901,1]", &options,
			    "1234567890 type-error\n\"1234567890\" too-long-row\n1 type-error\n");
	assert_records_with("12345678901", &options, "\"1234567890\" too-long-row\n");
	struct transcript transcript;
	transcript_read_bytes(&transcript, SLICE("[{\"a\":123456789},\n{\"a\":\"123456789\" 1}]"), &options, BRIEF);
	assert_int_equal(transcript.status, STATUS_INVALID);
	assert_int_equal(transcript.err.line, 2);
	assert_int_equal(transcript.err.column, 18);
	transcript_release(&transcript);
	transcript_read_bytes(&transcript, SLICE("[{\"a\":123456789"), &options, BRIEF);
	assert_int_equal(transcript.status, STATUS_INVALID);
	assert_int_equal(transcript.err.byte, 15);
	transcript_release(&transcript);
}

static void expect_skips(const char *bytes, const struct reader_options *options, uint64_t records)
{
	struct error err;

	for (uint64_t skipped = 0; skipped <= records + 1; skipped++) {
		int fd = open_bytes(slice_of_string(bytes));
		struct reader *reader;
		struct batch batch;
		assert_true(batch_init(&batch, 1, 1 << 20));
		assert_ok(reader_open(fd, options, &reader, &err), &err);
		assert_int_equal(reader_skip(reader, skipped, &err),
				 skipped <= records ? STATUS_OK : STATUS_END);
		enum status status = reader_next(reader, &batch, &err);
		assert_int_equal(status, skipped < records ? STATUS_OK : STATUS_END);
		if (status == STATUS_OK)
			assert_int_equal(batch.records[0].row, skipped + 1);
		batch_release(&batch);
		reader_close(reader);
		close(fd);
	}
}

static void skipping_is_reading_without_looking(void **state)
{
	(void)state;
	struct reader_options limited = {.record_size_limit = 8};

	expect_skips("[1,{\"a\":[1,2]},\"x\"]", NULL, 3);
	expect_skips("{\"a\":1}", NULL, 1);
	expect_skips("{\"a\":1}\n\nbroken\r\n2", NULL, 3);
	expect_skips("[1,{\"a\":[1,2]},\"x\"]", &limited, 3);
	expect_skips("{\"a\":1}\n\nbroken twice\r\n2", &limited, 3);
}

static void the_dialect_of_json_has_no_delimiter(void **state)
{
	(void)state;
	struct transcript transcript;
	struct json_writer json;
	struct strbuf out;

	transcript_read_bytes(&transcript, SLICE("{}\n{}\n"), NULL, BRIEF);
	strbuf_init(&out, 1000);
	json_writer_init(&json, &out);
	dialect_write_json(&transcript.dialect, &json);
	assert_slice(strbuf_slice(&out), "{\"encoding\":\"utf-8\",\"delimiter\":null,\"quote\":null,"
					 "\"header\":false,\"skipped_lines\":0}");
	assert_slice(strbuf_slice(&transcript.columns), "");
	assert_string_equal(file_format_name(transcript.format), "ndjson");
	assert_string_equal(file_format_name(FORMAT_JSON), "json");
	strbuf_release(&out);
	transcript_release(&transcript);
}

static void one_text_in_memory_becomes_a_record(void **state)
{
	(void)state;
	struct record record;
	struct arena arena;
	struct error err;

	arena_init(&arena, 1 << 20);
	assert_ok(json_read_record(SLICE(" \n{\"a\":\"x\\ny\"} \t"), &arena, &record, &err), &err);
	assert_int_equal(record.shape, RECORD_FIELDS);
	assert_true(record.from_json);
	assert_slice(record.raw, "{\"a\":\"x\\ny\"}");
	assert_int_equal(record.line, 2);
	assert_int_equal(record.byte, 2);
	assert_slice(record.fields[0].value.text, "x\ny");
	assert_ok(json_read_record(SLICE("12"), &arena, &record, &err), &err);
	assert_int_equal(record.shape, RECORD_VALUE);
	assert_slice(record.raw, "12");
	assert_string_equal(record.errors[0].code, "type-error");
	assert_int_equal(json_read_record(SLICE("{\n\"a\" 1}"), &arena, &record, &err), STATUS_INVALID);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.column, 5);
	assert_int_equal(err.byte, 6);
	assert_int_equal(json_read_record(SLICE(""), &arena, &record, &err), STATUS_INVALID);
	assert_int_equal(json_read_record(SLICE("{} {}"), &arena, &record, &err), STATUS_INVALID);
	arena_release(&arena);
}

static void one_line_in_memory_becomes_a_record(void **state)
{
	(void)state;
	struct record record;
	struct arena arena;
	struct error err;

	arena_init(&arena, 1 << 20);
	assert_ok(json_read_line(SLICE("{\"a\":\"b\"}"), &arena, &record, &err), &err);
	assert_int_equal(record.shape, RECORD_FIELDS);
	assert_slice(record.fields[0].value.text, "b");
	assert_ok(json_read_line(SLICE("{\"a\" 1}"), &arena, &record, &err), &err);
	assert_int_equal(record.shape, RECORD_DAMAGED);
	assert_string_equal(record.errors[0].code, "syntax-error");
	assert_int_equal(record.errors[0].byte, 5);
	assert_slice(record.raw, "{\"a\" 1}");
	arena_release(&arena);
}

/* Where the array begins; NULL: there is none. */
static void expect_wrapped(const char *text, const char *rest, const char *key)
{
	const struct slice known[] = {SLICE("name")};
	struct slice whole = slice_of_string(text), found = SLICE("");

	size_t at = json_find_wrapped(whole, &found, known, 1);
	assert_int_equal(json_find_wrapped(whole, NULL, known, 1), at);
	assert_string_equal(text + at, rest ? rest : "");
	if (rest)
		assert_slice(found, key);
}

static void one_array_of_objects_is_what_an_object_wraps(void **state)
{
	(void)state;
	expect_wrapped(" {\"n\":1,\"rows\": [ {}]}", "[ {}]}", "rows");
	expect_wrapped("{\"rows\":[{},", "[{},", "rows");
	expect_wrapped("{\"a\":[{}],\"b\":[{}]}", NULL, NULL);
	expect_wrapped("{\"name\":1,\"a\":[{}]}", NULL, NULL);
	expect_wrapped("{\"a\":[1]}", NULL, NULL);
	/* Cut anywhere, or no object at all. */
	static const char *const none[] = {"", " ", "[{}]", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":[", "{\"a\": [ ", "{\"a\":1", "{\"a\":1,",
					   "{\"a\":[1],"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		expect_wrapped(none[i], NULL, NULL);
	/* One that is damaged ends there. */
	expect_wrapped("{\"a\":1],\"b\":[{}]}", NULL, NULL);
}

/* A wrapper over the limit of a record is not looked at whole: what stands behind its array is met later. */
static void a_long_wrapper_is_checked_to_its_end(void **state)
{
	(void)state;
	static const char head[] = "{\"rows\":[{\"a\":1},{\"a\":2}]";
	static const struct {
		const char *tail, *problem;
	} cases[] = {
		{"", "before the object is complete"},
		{",\"x\":1", "before the object is complete"},
		{" x}", "line 1, column 27 (byte 26)"},
		{",\"x\":[{}]}", "a second array of objects"},
		{",\"x\":[1]} 2", "nothing may follow"},
		{",\"x\":[1]} ", NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reader_options options = {.format = FORMAT_JSON, .record_size_limit = 20};
		struct transcript transcript;
		struct strbuf text;
		strbuf_init(&text, 1000);
		strbuf_add_string(&text, head);
		strbuf_add_string(&text, cases[i].tail);
		transcript_read_bytes(&transcript, strbuf_slice(&text), &options, BRIEF);
		assert_string_equal(transcript.dialect.records_in, "rows");
		assert_int_equal(transcript.status, cases[i].problem ? STATUS_INVALID : STATUS_END);
		if (cases[i].problem) {
			assert_non_null(strstr(transcript.err.detail, cases[i].problem));
			assert_true(transcript.err.byte >= sizeof head - 1);
		}
		assert_int_equal(transcript.records, cases[i].problem ? 0 : 2); /* none of a batch that fails */
		strbuf_release(&text);
		transcript_release(&transcript);
	}
}

/* Too long for a record and on one line: records where it wraps them, else a line that is damaged. */
static void a_line_over_the_limit_that_wraps_is_no_ndjson(void **state)
{
	(void)state;
	struct reader_options options = {.record_size_limit = 1000};

	for (int wraps = 0; wraps < 2; wraps++) {
		struct transcript transcript;
		struct strbuf text;
		strbuf_init(&text, 1 << 20);
		strbuf_add_string(&text, wraps ? "{\"rows\":[{\"a\":0}" : "{\"rows\":[0");
		for (int i = 1; i < 20000; i++)
			strbuf_add_string(&text, wraps ? ",{\"a\":1}" : ",1");
		for (int i = 0; i < 40000; i++)
			strbuf_add_string(&text, "  ");
		strbuf_add_string(&text, "]}");
		transcript_read_bytes(&transcript, strbuf_slice(&text), &options, BRIEF);
		assert_int_equal(transcript.status, STATUS_END);
		assert_int_equal(transcript.format, wraps ? FORMAT_JSON : FORMAT_NDJSON);
		assert_int_equal(transcript.records, wraps ? 20000 : 1);
		assert_int_equal(transcript.errors, wraps ? 0 : 1);
		strbuf_release(&text);
		transcript_release(&transcript);
	}
}

static bool is_gone(struct slice name)
{
	return slice_is(name, "_row") || slice_is(name, "gone");
}

static void members_are_taken_out_of_a_text_that_stays_as_it_is(void **state)
{
	static const char *const cases[][2] = {
		{"{}", "{}"},
		{"{ }", "{}"},
		{"{\"_row\":1}", "{}"},
		{"{\"a\" : \"\\ud800\", \"_row\":1}", "{\"a\" : \"\\ud800\"}"},
		{"{\"\\u005frow\":[1,{\"a\":\"}\"}],\"a\":1.50 ,\n\"gone\":\"\\\"\",\"b\": {\"_row\":2} }",
		 "{\"a\":1.50 ,\"b\": {\"_row\":2} }"},
		{"{\"gone\":1,\"gone\":2,\"a\":3,\"a\":4,\"gone\":null}", "{\"a\":3,\"a\":4}"},
	};
	struct arena arena;
	struct slice left;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(json_without(slice_of_string(cases[i][0]), is_gone, &arena, &left));
		assert_slice(left, cases[i][1]);
	}
	assert_slice(json_first_value(SLICE("{ \"_value\" : \"x\\ud800\" , \"b\":1}")), "\"x\\ud800\"");
	assert_slice(json_first_value(SLICE("{}")), "");
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_gives_its_values),
		cmocka_unit_test(one_object_is_one_record),
		cmocka_unit_test(each_line_of_ndjson_is_a_record),
		cmocka_unit_test(a_broken_line_of_ndjson_costs_itself),
		cmocka_unit_test(the_layout_is_told_by_the_first_lines),
		cmocka_unit_test(a_first_line_longer_than_the_head_is_still_a_line),
		cmocka_unit_test(a_first_line_over_the_limit_costs_itself),
		cmocka_unit_test(a_second_line_longer_than_the_head_is_still_a_line),
		cmocka_unit_test(values_keep_their_kind_and_digits),
		cmocka_unit_test(strings_are_decoded_and_counted),
		cmocka_unit_test(members_are_taken_out_of_a_text_that_stays_as_it_is),
		cmocka_unit_test(a_surrogate_without_its_half_is_an_error_of_the_row),
		cmocka_unit_test(bytes_that_are_no_utf8_are_an_error_of_the_row),
		cmocka_unit_test(values_that_are_no_objects_are_errors_of_their_rows),
		cmocka_unit_test(repeated_keys_are_errors_and_all_are_kept),
		cmocka_unit_test(objects_of_many_members_are_read_up_to_a_limit),
		cmocka_unit_test(a_syntax_error_fails_the_file_with_its_place),
		cmocka_unit_test(nesting_is_limited_and_the_error_names_the_limit),
		cmocka_unit_test(a_record_over_the_limit_costs_itself),
		cmocka_unit_test(skipping_is_reading_without_looking),
		cmocka_unit_test(the_dialect_of_json_has_no_delimiter),
		cmocka_unit_test(one_text_in_memory_becomes_a_record),
		cmocka_unit_test(one_line_in_memory_becomes_a_record),
		cmocka_unit_test(one_array_of_objects_is_what_an_object_wraps),
		cmocka_unit_test(a_long_wrapper_is_checked_to_its_end),
		cmocka_unit_test(a_line_over_the_limit_that_wraps_is_no_ndjson),
	};
	return cmocka_run_group_tests_name("json_reader", tests, NULL, NULL);
}
