#include "api/search_facets.h"
#include "base/clock.h"
#include "search/profile.h"

#include <math.h>

#include "base/banned.h"

enum { DAYS_SHOWN = 90, HOURS_SHOWN = 48 };

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

void stats_cache_init(struct stats_cache *cache)
{
	pthread_mutex_init(&cache->mutex, NULL);
	strbuf_init(&cache->text, ANSWER_LIMIT);
}

void stats_cache_release(struct stats_cache *cache)
{
	pthread_mutex_destroy(&cache->mutex);
	strbuf_release(&cache->text);
}

/* ---- fields ---- */

static void put_share(struct json_writer *json, const char *name, uint64_t part, uint64_t whole)
{
	json_put_member(json, name);
	json_put_double(json, whole ? (double)part / (double)whole : 0, 6);
}

static void write_numbers(struct json_writer *json, const struct field_profile *field)
{
	const struct facet_numbers *numbers = &field->numbers;

	json_put_member(json, "numbers");
	if (!numbers->count) {
		json_put_null(json);
		return;
	}
	json_begin_object(json);
	json_put_int_member(json, "count", (int64_t)numbers->count);
	json_put_member(json, "min");
	json_put_double(json, numbers->min, 15);
	json_put_member(json, "max");
	json_put_double(json, numbers->max, 15);
	json_put_member(json, "mean");
	json_put_double(json, numbers->sum / (double)numbers->count, 15);
	present_facet_bars(json, &field->histogram);
	json_end_object(json);
}

static void write_domains(struct json_writer *json, const struct facet_values *domains)
{
	json_put_member(json, "domains");
	json_begin_array(json);
	for (size_t i = 0; i < domains->count; i++) {
		json_begin_object(json);
		json_put_member(json, "value");
		json_put_string(json, domains->values[i].key);
		json_put_int_member(json, "count", (int64_t)domains->values[i].count);
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_field(struct json_writer *json, const struct field_profile *field, uint64_t records)
{
	json_begin_object(json);
	json_put_member(json, "field");
	json_put_string(json, field->name);
	json_put_int_member(json, "filled", (int64_t)field->filled);
	put_share(json, "fill_rate", field->filled, records);
	json_put_int_member(json, "errors", field->errors);
	put_share(json, "error_rate", (uint64_t)field->errors, records);
	if (field->counted) {
		present_facet_values(json, &field->values);
	} else {
		json_put_member(json, "values");
		json_put_null(json);
		json_put_member(json, "distinct");
		json_put_null(json);
		json_put_member(json, "other");
		json_put_null(json);
	}
	write_numbers(json, field);
	write_domains(json, &field->domains);
	json_end_object(json);
}

static void write_times(struct json_writer *json, const char *name, const struct facet_member *times, size_t count,
			size_t most)
{
	json_put_member(json, name);
	json_begin_array(json);
	for (size_t i = count > most ? count - most : 0; i < count; i++) {
		json_begin_object(json);
		present_time(json, "from", times[i].value);
		json_put_int_member(json, "records", (int64_t)times[i].count);
		json_end_object(json);
	}
	json_end_array(json);
}

/* The members of the answer that are counted from columns, with commas between them. */
static void write_profile(struct json_writer *json, const struct profile *profile)
{
	json_put_member(json, "columns");
	json_begin_object(json);
	json_put_int_member(json, "bytes", (int64_t)profile->column_bytes);
	json_end_object(json);
	json_put_member(json, "fields");
	json_begin_array(json);
	for (size_t i = 0; i < profile->field_count; i++)
		write_field(json, &profile->fields[i], profile->records);
	json_end_array(json);
	json_put_member(json, "fields_left_out");
	json_put_bool(json, profile->left_out);
	json_put_member(json, "activity");
	json_begin_object(json);
	write_times(json, "days", profile->days, profile->day_count, DAYS_SHOWN);
	write_times(json, "hours", profile->hours, profile->hour_count, HOURS_SHOWN);
	json_end_object(json);
}

static enum status count_profile(struct api_call *call, struct stats_cache *cache, struct error *err)
{
	uint64_t started_ns = clock_monotonic_ns();
	struct searcher *searcher = call->api->config.searcher;
	uint64_t version = searcher_columns_version(searcher);
	struct profile profile;
	struct json_writer json;

	enum status status = searcher_profile(searcher, call->arena, &profile, err);
	if (status == STATUS_OK) {
		strbuf_clear(&cache->text);
		json_writer_init(&json, &cache->text);
		write_profile(&json, &profile);
		if (!strbuf_ok(&cache->text))
			status = error_no_memory(err);
	}
	column_view_release(profile.view);
	cache->is_set = status == STATUS_OK;
	cache->version = version;
	cache->counted_ns = clock_monotonic_ns();
	cache->cost_ns = cache->counted_ns - started_ns;
	return status;
}

/* Counted anew when something has changed, but not for more than a tenth of the time. */
static enum status read_profile(struct api_call *call, struct slice *text, struct error *err)
{
	struct stats_cache *cache = &call->api->stats;
	enum status status = STATUS_OK;

	pthread_mutex_lock(&cache->mutex);
	bool is_new = cache->is_set && (cache->version == searcher_columns_version(call->api->config.searcher) ||
					clock_monotonic_ns() - cache->counted_ns < 9 * cache->cost_ns);
	if (!is_new)
		status = count_profile(call, cache, err);
	if (status == STATUS_OK && !arena_copy(call->arena, strbuf_slice(&cache->text), text))
		status = error_no_memory(err);
	pthread_mutex_unlock(&cache->mutex);
	return status;
}

void handle_stats(struct api_call *call)
{
	const struct api_config *config = &call->api->config;
	struct store_reader *reader = NULL;
	struct store_stats stats;
	struct slice profile;
	struct answer answer;
	struct error err;

	enum status status = config->store->call->open_reader(config->store, &reader, &err);
	if (status == STATUS_OK)
		status = config->store->call->get_stats(reader, &stats, &err);
	config->store->call->close_reader(config->store, reader);
	if (status == STATUS_OK)
		status = read_profile(call, &profile, &err);
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
	put_share(&answer.json, "coverage", (uint64_t)stats.records_embedded, (uint64_t)stats.records_valid);
	json_put_member(&answer.json, "records_per_second");
	json_put_double(&answer.json, round(importer_embedding_rate(config->importer) * 10) / 10, 8);
	json_end_object(&answer.json);
	json_put_raw(&answer.json, profile);
	json_put_int_member(&answer.json, "uptime_seconds",
		   (int64_t)((clock_monotonic_ns() - call->api->started_ns) / 1000000000u));
	answer_send(&answer, call, 200);
}
