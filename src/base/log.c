#include "base/log.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

enum { REQUEST_ID_SIZE = 65, LINE_CAP = 64 * 1024 };

static _Atomic int lowest_level = LOG_INFO;
static _Thread_local char request_id[REQUEST_ID_SIZE];
static pthread_once_t run_once = PTHREAD_ONCE_INIT;
static char run_id[] = "run-0123456789abcdef";

static void make_run_id(void)
{
	random_hex(run_id + 4, sizeof run_id - 5);
}

void log_set_level(enum log_level lowest)
{
	lowest_level = lowest;
}

void log_set_request(const char *id)
{
	snprintf(request_id, sizeof request_id, "%s", id);
}

const char *log_request(void)
{
	if (request_id[0])
		return request_id;
	pthread_once(&run_once, make_run_id);
	return run_id;
}

static void add_fields(struct json_writer *json, const struct log_field *fields)
{
	for (; fields->name; fields++) {
		json_put_member(json, fields->name);
		switch (fields->kind) {
		case LOG_FIELD_INT:
			json_put_int(json, fields->integer);
			break;
		case LOG_FIELD_DOUBLE:
			json_put_double(json, fields->number, 6);
			break;
		case LOG_FIELD_SLICE:
			json_put_string(json, fields->text);
			break;
		}
	}
}

static void write_all(const char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, data, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* the log is the last resort: there is nowhere to say it */
		data += written;
		size -= (size_t)written;
	}
}

void log_write(enum log_level level, const struct log_field *fields)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};
	struct strbuf line;
	struct json_writer json;
	char time_text[CLOCK_TEXT_SIZE];

	if ((int)level < lowest_level)
		return;
	clock_format(clock_now_ms(), time_text);
	strbuf_init(&line, LINE_CAP);
	json_writer_init(&json, &line);
	json_begin_object(&json);
	json_put_text_member(&json, "time", time_text);
	json_put_text_member(&json, "level", names[level]);
	json_put_text_member(&json, "request_id", log_request());
	add_fields(&json, fields);
	json_end_object(&json);
	strbuf_add_byte(&line, '\n');
	if (strbuf_ok(&line))
		write_all(line.data, line.size);
	else
		write_all("{\"level\":\"error\",\"event\":\"log line too large\"}\n", 47);
	strbuf_release(&line);
}
