#include "api/internal.h"
#include "base/clock.h"

#include <math.h>

#include "base/banned.h"

static void write_counts(struct json_writer *json, const struct store_stats *stats)
{
	int64_t total = 0;

	for (int status = 0; status < IMPORT_STATUS_COUNT; status++)
		total += stats->imports[status];
	json_put_member(json, "imports");
	json_begin_object(json);
	json_put_int_member(json, "total", total);
	for (int status = 0; status < IMPORT_STATUS_COUNT; status++)
		json_put_int_member(json, import_status_name((enum import_status)status),
			   stats->imports[status]);
	json_end_object(json);

	json_put_member(json, "records");
	json_begin_object(json);
	json_put_int_member(json, "total", stats->records_valid + stats->records_invalid);
	json_put_int_member(json, "valid", stats->records_valid);
	json_put_int_member(json, "invalid", stats->records_invalid);
	json_put_int_member(json, "embedded", stats->records_embedded);
	json_end_object(json);
}

void handle_stats(struct api_call *call)
{
	const struct api_config *config = &call->api->config;
	struct store_reader *reader = NULL;
	struct store_stats stats;
	struct answer answer;
	struct error err;

	enum status status = config->store->call->open_reader(config->store, &reader, &err);
	if (status == STATUS_OK)
		status = config->store->call->get_stats(reader, &stats, &err);
	config->store->call->close_reader(config->store, reader);
	if (status != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	answer_begin(&answer);
	write_counts(&answer.json, &stats);
	json_put_member(&answer.json, "storage");
	json_begin_object(&answer.json);
	json_put_text_member(&answer.json, "backend", config->store->call->name);
	json_put_int_member(&answer.json, "bytes", stats.bytes);
	json_end_object(&answer.json);
	json_put_member(&answer.json, "embedding");
	json_begin_object(&answer.json);
	json_put_text_member(&answer.json, "model", embed_model_name(config->model));
	json_put_int_member(&answer.json, "dimension", EMBED_DIMENSION);
	json_put_text_member(&answer.json, "precision", embed_precision_name(embed_model_precision(config->model)));
	json_put_member(&answer.json, "records_per_second");
	json_put_double(&answer.json, round(importer_embedding_rate(config->importer) * 10) / 10, 8);
	json_end_object(&answer.json);
	json_put_int_member(&answer.json, "uptime_seconds",
		   (int64_t)((clock_monotonic_ns() - call->api->started_ns) / 1000000000u));
	answer_send(&answer, call, 200);
}
