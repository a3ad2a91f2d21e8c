#include "api/internal.h"
#include "base/clock.h"

#include <math.h>

#include "base/banned.h"

static void member_int(struct json_writer *json, const char *name, int64_t value)
{
	json_put_member(json, name);
	json_put_int(json, value);
}

static void write_counts(struct json_writer *json, const struct store_stats *stats)
{
	int64_t total = 0;

	for (int status = 0; status < IMPORT_STATUS_COUNT; status++)
		total += stats->imports[status];
	json_put_member(json, "imports");
	json_begin_object(json);
	member_int(json, "total", total);
	for (int status = 0; status < IMPORT_STATUS_COUNT; status++)
		member_int(json, import_status_name((enum import_status)status),
			   stats->imports[status]);
	json_end_object(json);

	json_put_member(json, "records");
	json_begin_object(json);
	member_int(json, "total", stats->records_valid + stats->records_invalid);
	member_int(json, "valid", stats->records_valid);
	member_int(json, "invalid", stats->records_invalid);
	member_int(json, "embedded", stats->records_embedded);
	json_end_object(json);
}

void handle_stats(struct api_call *call)
{
	const struct api_config *config = &call->api->config;
	struct store_reader *reader = NULL;
	struct store_stats stats;
	struct strbuf body;
	struct json_writer json;
	struct error err;

	enum status status = config->store->call->open_reader(config->store, &reader, &err);
	if (status == STATUS_OK)
		status = config->store->call->get_stats(reader, &stats, &err);
	config->store->call->close_reader(config->store, reader);
	if (status != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	strbuf_init(&body, ANSWER_LIMIT);
	json_writer_init(&json, &body);
	json_begin_object(&json);
	write_counts(&json, &stats);
	json_put_member(&json, "storage");
	json_begin_object(&json);
	json_put_member(&json, "backend");
	json_put_text(&json, config->store->call->name);
	member_int(&json, "bytes", stats.bytes);
	json_end_object(&json);
	json_put_member(&json, "embedding");
	json_begin_object(&json);
	json_put_member(&json, "model");
	json_put_text(&json, embed_model_name(config->model));
	member_int(&json, "dimension", EMBED_DIMENSION);
	json_put_member(&json, "precision");
	json_put_text(&json, embed_precision_name(embed_model_precision(config->model)));
	json_put_member(&json, "records_per_second");
	json_put_double(&json, round(importer_embedding_rate(config->importer) * 10) / 10, 8);
	json_end_object(&json);
	member_int(&json, "uptime_seconds",
		   (int64_t)((clock_monotonic_ns() - call->api->started_ns) / 1000000000u));
	json_end_object(&json);
	respond_json(call, 200, &body);
}
