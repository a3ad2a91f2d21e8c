/* The options of an upload: kept as JSON, read back, and what of them makes uploads equal. */
#include "support.h"

#include "import/upload_options.h"

static struct column_map maps[] = {{{"E:mail", 6}, {"email", 5}}, {{"Naam", 4}, {"name", 4}}};

static struct upload_options everything(void)
{
	return (struct upload_options){.schema = SLICE("orders"),
				       .words.format = SLICE("csv"),
				       .words.delimiter = SLICE(";"),
				       .words.quote = SLICE("'"),
				       .words.escape = SLICE("\\"),
				       .words.encoding = SLICE("Windows-1252"),
				       .words.sheet = SLICE("Blatt \"1\""),
				       .maps = maps,
				       .map_count = 2,
				       .words.no_header = true,
				       .words.skip = 0,
				       .fixes = 7,
				       .dry_run = true,
				       .no_embed = true,
				       .on_duplicate = DUPLICATE_FORCE,
				       .wait = 30};
}

static struct strbuf written(const struct upload_options *options)
{
	struct strbuf text;
	struct json_writer json;

	strbuf_init(&text, 1 << 16);
	json_writer_init(&json, &text);
	upload_options_write(options, &json);
	assert_true(strbuf_ok(&text));
	return text;
}

static void what_is_not_told_is_not_written(void **state)
{
	struct upload_options options;

	(void)state;
	upload_options_init(&options);
	struct strbuf text = written(&options);
	assert_string_equal(text.data, "{}");
	strbuf_release(&text);
}

static void every_option_but_the_wait_comes_back(void **state)
{
	struct upload_options options = everything(), back;
	struct arena arena;
	struct error err;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct strbuf text = written(&options);
	assert_ok(upload_options_read(strbuf_slice(&text), &arena, &back, &err), &err);
	struct strbuf again = written(&back);
	assert_string_equal(again.data, text.data);
	assert_true(slice_is(back.schema, "orders") && slice_is(back.words.sheet, "Blatt \"1\""));
	assert_true(slice_is(back.maps[0].column, "E:mail") && slice_is(back.maps[0].field, "email"));
	assert_int_equal(back.map_count, 2);
	assert_int_equal(back.words.skip, 0);
	assert_int_equal(back.fixes, 7);
	assert_int_equal(back.on_duplicate, DUPLICATE_FORCE);
	assert_true(back.words.no_header && back.dry_run && back.no_embed);
	assert_int_equal(back.wait, 0);
	strbuf_release(&text);
	strbuf_release(&again);
	arena_release(&arena);
}

static void options_that_cannot_be_read_are_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "[]",
					    "{",
					    "{\"schema\":1}",
					    "{\"skip\":\"1\"}",
					    "{\"dry_run\":1}",
					    "{\"from_the_future\":true}",
					    "{\"on_duplicate\":\"ask\"}",
					    "{\"map\":[[\"a\"]]}",
					    "{\"map\":\"a:b\"}",
					    "{\"skip\":1,\"skip\":2}"};
	struct upload_options options;
	struct arena arena;
	struct error err;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		enum status status =
			upload_options_read(slice_of_string(wrong[i]), &arena, &options, &err);
		if (status != STATUS_CORRUPT)
			fail_msg("%s was read", wrong[i]);
		assert_string_equal(err.code, "unreadable-options");
	}
	arena_release(&arena);
}

static void a_map_is_divided_at_its_last_colon(void **state)
{
	static const char *const wrong[] = {"", ":", "name", ":name", "name:"};
	struct column_map map;
	struct error err;

	(void)state;
	assert_ok(column_map_parse(SLICE("E-mail: work:email"), &map, &err), &err);
	assert_true(slice_is(map.column, "E-mail: work"));
	assert_true(slice_is(map.field, "email"));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(column_map_parse(slice_of_string(wrong[i]), &map, &err), STATUS_INVALID);
}

struct key {
	unsigned char bytes[SHA256_SIZE];
};

static struct key key_of(const struct upload_options *options)
{
	static const unsigned char file[SHA256_SIZE] = {1}, schema[SHA256_SIZE] = {2};
	struct key key;

	assert_true(upload_options_duplicate_key(options, file, schema, key.bytes));
	return key;
}

static void each_option_that_changes_a_result_changes_the_key(void **state)
{
	struct upload_options options;

	(void)state;
	upload_options_init(&options);
	struct key plain = key_of(&options);
	const struct upload_options all = everything();
	struct upload_options others[11];
	for (size_t i = 0; i < 11; i++)
		upload_options_init(&others[i]);
	others[0].words.format = all.words.format;
	others[1].words.delimiter = all.words.delimiter;
	others[2].words.quote = all.words.quote;
	others[3].words.escape = all.words.escape;
	others[4].words.encoding = all.words.encoding;
	others[5].words.sheet = all.words.sheet;
	others[6].words.no_header = true;
	others[7].words.skip = 0;
	others[8].fixes = 7;
	others[9].maps = maps;
	others[9].map_count = 1;
	others[10].dry_run = true;
	for (size_t i = 0; i < 11; i++) {
		struct key other = key_of(&others[i]);
		assert_memory_not_equal(plain.bytes, other.bytes, SHA256_SIZE);
		for (size_t j = 0; j < i; j++) {
			struct key earlier = key_of(&others[j]);
			assert_memory_not_equal(earlier.bytes, other.bytes, SHA256_SIZE);
		}
	}
}

static void what_changes_no_record_keeps_the_key(void **state)
{
	struct upload_options options;
	struct column_map swapped[] = {maps[1], maps[0]};

	(void)state;
	upload_options_init(&options);
	struct key plain = key_of(&options);
	options.wait = 60;
	options.no_embed = true;
	options.on_duplicate = DUPLICATE_RETURN;
	/* Its content counts, which is given apart. */
	options.schema = SLICE("another-name");
	struct key same = key_of(&options);
	assert_memory_equal(plain.bytes, same.bytes, SHA256_SIZE);

	struct upload_options first = everything(), second = everything();
	second.maps = swapped;
	second.words.encoding = SLICE("windows-1252");
	struct key one = key_of(&first), other = key_of(&second);
	assert_memory_equal(one.bytes, other.bytes, SHA256_SIZE);
}

static void file_and_schema_are_part_of_the_key(void **state)
{
	static const unsigned char a[SHA256_SIZE] = {1}, b[SHA256_SIZE] = {2};
	struct upload_options options;
	struct key one, other;

	(void)state;
	upload_options_init(&options);
	assert_true(upload_options_duplicate_key(&options, a, b, one.bytes));
	assert_true(upload_options_duplicate_key(&options, b, b, other.bytes));
	assert_memory_not_equal(one.bytes, other.bytes, SHA256_SIZE);
	assert_true(upload_options_duplicate_key(&options, a, a, other.bytes));
	assert_memory_not_equal(one.bytes, other.bytes, SHA256_SIZE);
}

static void a_dry_run_and_a_forced_upload_hold_no_key(void **state)
{
	struct upload_options options;

	(void)state;
	upload_options_init(&options);
	assert_true(upload_options_hold_key(&options));
	options.on_duplicate = DUPLICATE_RETURN;
	assert_true(upload_options_hold_key(&options));
	options.on_duplicate = DUPLICATE_FORCE;
	assert_false(upload_options_hold_key(&options));
	options.on_duplicate = DUPLICATE_REJECT;
	options.dry_run = true;
	assert_false(upload_options_hold_key(&options));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_told_is_not_written),
		cmocka_unit_test(every_option_but_the_wait_comes_back),
		cmocka_unit_test(options_that_cannot_be_read_are_refused),
		cmocka_unit_test(a_map_is_divided_at_its_last_colon),
		cmocka_unit_test(each_option_that_changes_a_result_changes_the_key),
		cmocka_unit_test(what_changes_no_record_keeps_the_key),
		cmocka_unit_test(file_and_schema_are_part_of_the_key),
		cmocka_unit_test(a_dry_run_and_a_forced_upload_hold_no_key),
	};
	return cmocka_run_group_tests_name("upload options", tests, NULL, NULL);
}
