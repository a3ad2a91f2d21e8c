/* Files made to cost more than their size: each of these takes linear time, or the suite's time
 * limit ends it (what is quadratic takes hours at this size). */
#include "support.h"

#include "transcript.h"

#include <stdlib.h>

/* Bytes of each: enough to tell linear time from quadratic. */
static size_t size = 1 << 19;

/* Reads `head`, then `piece` as often as fits, then `tail`. */
static void read_repeated(const char *head, const char *piece, const char *tail,
			  const struct reader_options *options, enum status expected)
{
	struct transcript transcript;
	struct strbuf file;

	strbuf_init(&file, 2 * size);
	strbuf_add_string(&file, head);
	while (file.size < size)
		strbuf_add_string(&file, piece);
	strbuf_add_string(&file, tail);
	transcript_read_bytes(&transcript, strbuf_slice(&file), options, BRIEF);
	if (transcript.status != expected)
		fail_msg("%s…: %s %s", piece, status_code(transcript.status), transcript.err.detail);
	transcript_release(&transcript);
	strbuf_release(&file);
}

static void quotes_in_every_place_take_linear_time(void **state)
{
	(void)state;
	static const char *const pieces[] = {
		"\"a\"x,", "\"a\"x\n", "\"x\n", "x\"\n\"\"\n", "\"\"\"", "\"\"\"\n", "\"a,\"\"b\n", "\"\"x\"\n,",
		"\" \"", "\"          ,", "\"a\"                \n", "\"\"\"\"x\n\"", "\"a,\"b,", ",\"\"b", ",\"a\"\"",
	};
	struct reader_options options = {.delimiter = ",", .quote = '"'};

	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		read_repeated("a,b\n", pieces[i], "", &options, STATUS_END);
		read_repeated("a,b\n\"", pieces[i], "x", &options, STATUS_END);
	}
}

static void lines_of_nothing_take_linear_time(void **state)
{
	(void)state;
	struct reader_options json = {.format = FORMAT_JSON}, lines = {.format = FORMAT_NDJSON};

	read_repeated("a,b\n", "\r", "1,2", NULL, STATUS_END);
	read_repeated("a,b\n", "\r\n", "1,2", NULL, STATUS_END);
	read_repeated("", " \r\n", "", &lines, STATUS_END);
	read_repeated("", "1\r", "", &lines, STATUS_END);
	read_repeated("", " \n", "{}", &json, STATUS_END);
	read_repeated("{}", "\n", "", NULL, STATUS_END);
	read_repeated("{\"a\":\n", "\n", "{", NULL, STATUS_INVALID);
}

static void deep_and_wide_json_takes_linear_time(void **state)
{
	(void)state;
	read_repeated("", "[", "", NULL, STATUS_INVALID);
	read_repeated("[", "[[[[]]]],", "1]", NULL, STATUS_END);
	read_repeated("[{", "\"a\":1,", "\"a\":2}]", NULL, STATUS_END);
	read_repeated("[\"", "\\u0041", "\"]", NULL, STATUS_END);
	read_repeated("[{\"a\":\"", "\\uD800", "\"}]", NULL, STATUS_END);
	read_repeated("{\"a\":\"", "x", "\"}\n{}\n", NULL, STATUS_END);
	read_repeated("{\"a\":[", "{},", "0]}", NULL, STATUS_END);
}

int main(void)
{
	if (getenv("ROWMILL_LONG"))
		size *= 8;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_in_every_place_take_linear_time),
		cmocka_unit_test(lines_of_nothing_take_linear_time),
		cmocka_unit_test(deep_and_wide_json_takes_linear_time),
	};
	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
