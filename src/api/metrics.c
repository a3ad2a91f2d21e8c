/* GET /metrics in Prometheus' text format. What can be computed from the others is left to whoever asks. */
#include "api/internal.h"
#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

enum { METRICS_CAP = 64 * 1024 };

static void begin_family(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_add_format(out, "# HELP rowmill_%s %s\n# TYPE rowmill_%s %s\n", name, help, name, type);
}

static void add_value(struct strbuf *out, const char *name, const char *labels, int64_t value)
{
	strbuf_add_format(out, "rowmill_%s%s %lld\n", name, labels, (long long)value);
}

static void add_single(struct strbuf *out, const char *name, const char *type, const char *help, int64_t value)
{
	begin_family(out, name, type, help);
	add_value(out, name, "", value);
}

/* Of this process; 0 where the kernel does not tell. */
static int64_t resident_bytes(void)
{
	long long pages = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%lld %lld", &pages, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

static void add_store(struct strbuf *out, const struct store_stats *stats)
{
	char labels[64];

	begin_family(out, "imports", "gauge", "Imports, by status.");
	for (int status = 0; status < IMPORT_STATUS_COUNT; status++) {
		snprintf(labels, sizeof labels, "{status=\"%s\"}", import_status_name((enum import_status)status));
		add_value(out, "imports", labels, stats->imports[status]);
	}
	begin_family(out, "records", "gauge", "Records, by status.");
	add_value(out, "records", "{status=\"valid\"}", stats->records_valid);
	add_value(out, "records", "{status=\"invalid\"}", stats->records_invalid);
	add_single(out, "records_embedded", "gauge", "Records with a vector.", stats->records_embedded);
	add_single(out, "storage_bytes", "gauge", "Size of the database on disk.", stats->bytes);
}

static void add_process(struct strbuf *out, const struct api *api)
{
	struct importer_counts counts = importer_count(api->config.importer);

	add_single(out, "texts_computed_total", "counter", "Texts that went through the encoder.",
		   (int64_t)counts.texts_computed);
	begin_family(out, "webhook_attempts_total", "counter", "Attempts to deliver a webhook, by outcome.");
	add_value(out, "webhook_attempts_total", "{outcome=\"delivered\"}", (int64_t)counts.webhooks_delivered);
	add_value(out, "webhook_attempts_total", "{outcome=\"failed\"}", (int64_t)counts.webhooks_failed);
	add_value(out, "webhook_attempts_total", "{outcome=\"given-up\"}", (int64_t)counts.webhooks_given_up);
	begin_family(out, "embedding_records_per_second", "gauge",
		     "Vectors a second over the latest stretch of work.");
	strbuf_add_format(out, "rowmill_embedding_records_per_second %.1f\n",
			  importer_embedding_rate(api->config.importer));
	add_single(out, "waiting_requests", "gauge", "Requests that wait for the end of an import.",
		   (int64_t)api->waiting);
	add_single(out, "resident_memory_bytes", "gauge", "Memory of this process.", resident_bytes());
	begin_family(out, "uptime_seconds", "gauge", "Seconds since the start.");
	strbuf_add_format(out, "rowmill_uptime_seconds %.3f\n",
			  (double)(clock_monotonic_ns() - api->started_ns) / 1e9);
	begin_family(out, "build_info", "gauge", "1, with the version as a label.");
	add_value(out, "build_info", "{version=\"" ROWMILL_VERSION "\"}", 1);
}

void handle_metrics(struct api_call *call)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct store_stats stats;
	struct strbuf out;
	struct error err;

	enum status status = store->call->open_reader(store, &reader, &err);
	if (status == STATUS_OK)
		status = store->call->get_stats(reader, &stats, &err);
	store->call->close_reader(store, reader);
	if (status != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	strbuf_init(&out, METRICS_CAP);
	add_store(&out, &stats);
	add_process(&out, call->api);
	http_response_body(call->response, "text/plain; version=0.0.4; charset=utf-8", &out);
	strbuf_release(&out);
}
