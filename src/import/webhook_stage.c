/* Tells others that imports have ended: takes the notices that the store wrote when they did, one after the
 * other, until they are delivered or it is given up. A restart goes on with what is due. */
#include "base/clock.h"
#include "base/log.h"
#include "import/internal.h"

#include <stdio.h>

#include "base/banned.h"

enum { NOTICE_ARENA = 4 << 20, BODY_CAP = 1 << 20, IDLE_MS = 60 * 1000, TROUBLE_MS = 1000, MESSAGE_ID_SIZE = 64 };

/* Seconds to the next attempt; with the last one it is given up: after about three days. */
static const int64_t pauses_s[] = {1, 5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};

enum { PAUSE_COUNT = sizeof pauses_s / sizeof *pauses_s };

static void write_body(const struct notice *notice, struct strbuf *body)
{
	struct json_writer json;

	json_writer_init(&json, body);
	json_begin_object(&json);
	json_put_member(&json, "type");
	json_put_string(&json, notice->event);
	json_put_member(&json, "timestamp");
	json_put_string(&json, notice->created_at);
	json_put_member(&json, "data");
	json_put_raw(&json, notice->data);
	json_end_object(&json);
}

static enum status deliver(struct importer *importer, const struct notice *notice, int *http_status,
			   struct error *err)
{
	struct strbuf body;
	char id[MESSAGE_ID_SIZE];

	snprintf(id, sizeof id, "msg_%.*s", SLICE_ARG(notice->message_id));
	strbuf_init(&body, BODY_CAP);
	write_body(notice, &body);
	enum status status = STATUS_UNAVAILABLE;
	if (strbuf_ok(&body))
		status = webhook_send(importer->config.webhook,
				      &(struct webhook_message){.id = id, .body = strbuf_slice(&body)},
				      http_status, err);
	else
		error_no_memory(err);
	strbuf_release(&body);
	return status;
}

static enum notice_outcome outcome_of(enum status status, int64_t attempts)
{
	if (status == STATUS_OK)
		return NOTICE_DELIVERED;
	return status == STATUS_CANCELLED || attempts >= PAUSE_COUNT ? NOTICE_GIVEN_UP : NOTICE_LATER;
}

static void log_outcome(const struct notice *notice, enum notice_outcome outcome, int http_status,
			const struct error *reason)
{
	if (outcome == NOTICE_DELIVERED)
		log_info(LOG_EVENT("webhook delivered"), LOG_INT("import_id", notice->import_id),
			 LOG_INT("attempts", notice->attempts + 1), LOG_INT("http_status", http_status));
	else
		log_warning(LOG_EVENT(outcome == NOTICE_LATER ? "webhook not delivered; it is tried again"
							      : "webhook given up"),
			    LOG_INT("import_id", notice->import_id), LOG_INT("attempts", notice->attempts + 1),
			    LOG_INT("http_status", http_status), LOG_ERR(reason));
}

static enum status send_one(struct importer *importer, const struct notice *notice, struct error *err)
{
	struct store *store = importer->config.store;
	struct error reason = {0};
	int http_status = 0;

	enum status status = deliver(importer, notice, &http_status, &reason);
	if (status != STATUS_OK && importer->stopping)
		return STATUS_OK; /* broken off: no attempt */
	enum notice_outcome outcome = outcome_of(status, notice->attempts);
	log_outcome(notice, outcome, http_status, &reason);
	importer->webhooks[outcome]++;
	int64_t next_ms = outcome == NOTICE_LATER ? clock_now_ms() + pauses_s[notice->attempts] * 1000 : 0;
	return store->call->settle_notice(store, notice->id, outcome, http_status,
					  slice_of_string(status == STATUS_OK ? "" : reason.code), next_ms, err);
}

/* *next_ms: when the next one is due; 0: none is. */
static enum status take_one(struct importer *importer, struct arena *arena, int64_t *next_ms, struct error *err)
{
	struct store *store = importer->config.store;
	struct store_reader *reader = NULL;
	struct notice notice;

	arena_reset(arena);
	*next_ms = 0;
	enum status status = store->call->open_reader(store, &reader, err);
	if (status == STATUS_OK)
		status = store->call->next_notice(reader, clock_now_ms(), arena, &notice, next_ms, err);
	store->call->close_reader(store, reader);
	return status == STATUS_OK ? send_one(importer, &notice, err) : status;
}

static uint64_t idle_ms(int64_t next_ms)
{
	int64_t left = next_ms - clock_now_ms();

	return !next_ms || left > IDLE_MS ? IDLE_MS : left < 1 ? 1 : (uint64_t)left;
}

void *webhook_thread_main(void *argument)
{
	struct importer *importer = argument;
	struct arena arena;

	arena_init(&arena, NOTICE_ARENA);
	while (!importer->stopping) {
		uint64_t seen = bell_count(&importer->ended_bell);
		int64_t next_ms;
		struct error err;
		enum status status = take_one(importer, &arena, &next_ms, &err);
		if (status == STATUS_END) {
			bell_wait(&importer->ended_bell, seen, idle_ms(next_ms));
		} else if (status != STATUS_OK) {
			log_error(LOG_EVENT("webhooks interrupted; they go on later"), LOG_ERR(&err));
			importer_pause(importer, TROUBLE_MS);
		}
	}
	arena_release(&arena);
	return NULL;
}
