#include "api/internal.h"

#include <sys/statvfs.h>

#include "base/banned.h"

/* Below this, uploads are likely to fail soon. */
enum { DISK_LOW_BYTES = 64 << 20 };

struct health {
	bool store_ok, disk_ok;
	struct error store_error;
	uint64_t disk_free;
};

static struct health take_health(struct api_call *call)
{
	const struct api_config *config = &call->api->config;
	struct health health = {0};
	struct statvfs disk;

	health.store_ok = config->store->call->check(config->store, &health.store_error) == STATUS_OK;
	if (statvfs(config->spool_folder, &disk) == 0)
		health.disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
	health.disk_ok = health.disk_free >= DISK_LOW_BYTES;
	return health;
}

static void write_part(struct json_writer *json, const char *name, bool ok)
{
	json_put_member(json, name);
	json_begin_object(json);
	json_put_text_member(json, "status", ok ? "ok" : "failing");
}

static void write_health(struct json_writer *json, const struct api_config *config,
			 const struct health *health)
{
	json_put_text_member(json, "status", health->store_ok && health->disk_ok ? "ok" : "failing");
	json_put_text_member(json, "version", ROWMILL_VERSION);
	write_part(json, "store", health->store_ok);
	json_put_text_member(json, "backend", config->store->call->name);
	if (!health->store_ok)
		json_put_text_member(json, "detail", health->store_error.detail);
	json_end_object(json);
	/* The server does not start without its model. */
	write_part(json, "model", true);
	json_put_text_member(json, "name", embed_model_name(config->model));
	json_put_text_member(json, "precision",
			     embed_precision_name(embed_model_precision(config->model)));
	json_end_object(json);
	write_part(json, "disk", health->disk_ok);
	json_put_int_member(json, "free_bytes", (int64_t)health->disk_free);
	json_end_object(json);
}

static void respond_health(struct api_call *call, const struct health *health)
{
	struct answer answer;

	answer_begin(&answer);
	write_health(&answer.json, &call->api->config, health);
	if (health->store_ok && health->disk_ok) {
		answer_send(&answer, call, 200);
		return;
	}
	json_end_object(&answer.json);
	problem_respond_with(call->request, call->response, 503,
			     health->store_ok ? "disk-low" : health->store_error.code,
			     health->store_ok ? "the disk is nearly full; free some space"
					      : health->store_error.detail,
			     "health", strbuf_slice(&answer.body));
	answer_drop(&answer);
}

void handle_health(struct api_call *call)
{
	struct health health = take_health(call);

	respond_health(call, &health);
}

void handle_ready(struct api_call *call)
{
	handle_health(call);
}

/* Alive is whoever answers. */
void handle_live(struct api_call *call)
{
	struct answer answer;

	answer_begin(&answer);
	json_put_text_member(&answer.json, "status", "ok");
	answer_send(&answer, call, 200);
}
