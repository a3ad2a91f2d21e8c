#include "api/idempotency.h"

#include "api/internal.h"
#include "base/log.h"

#include "base/banned.h"

void idempotency_room_init(struct idempotency_room *room)
{
	room->first = NULL;
	pthread_mutex_init(&room->mutex, NULL);
}

void idempotency_room_release(struct idempotency_room *room)
{
	pthread_mutex_destroy(&room->mutex);
}

/* The draft wants a quoted string (RFC 8941); clients send bare ones, too. Neither may hold more than
 * printable ASCII. */
static bool parse_key(struct slice value, struct slice *key)
{
	value = slice_trim(value);
	if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
		value = slice_of(value.data + 1, value.size - 2);
	if (value.size == 0 || value.size > REQUEST_KEY_MAX)
		return false;
	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] < 0x20 || value.data[i] > 0x7E || value.data[i] == '"' || value.data[i] == '\\')
			return false;
	*key = value;
	return true;
}

static bool take(struct idempotency_room *room, struct idempotency *wanted)
{
	pthread_mutex_lock(&room->mutex);
	const struct idempotency *at = room->first;
	while (at && !slice_equal(at->key, wanted->key))
		at = at->next;
	wanted->held = !at;
	if (wanted->held) {
		wanted->next = room->first;
		room->first = wanted;
	}
	pthread_mutex_unlock(&room->mutex);
	return wanted->held;
}

bool idempotency_begin(struct api_call *call, struct http_response *response)
{
	struct slice value = http_request_header(call->request, "Idempotency-Key");

	if (!value.data)
		return true;
	if (!parse_key(value, &call->idempotency.key)) {
		problem_respond(call->request, response, 400, "malformed-idempotency-key",
				"Idempotency-Key must be a string of 1 to 255 printable ASCII characters, in double "
				"quotes or bare, without quotes and backslashes in it");
		return false;
	}
	if (take(&call->api->keys, &call->idempotency))
		return true;
	call->idempotency.key = slice_of(NULL, 0);
	problem_respond(call->request, response, 409, "request-under-way",
			"a request with this Idempotency-Key is under way; ask again when it has ended");
	return false;
}

void idempotency_end(struct api_call *call)
{
	struct idempotency_room *room = &call->api->keys;
	struct idempotency **at = &room->first;

	if (!call->idempotency.held)
		return;
	pthread_mutex_lock(&room->mutex);
	while (*at != &call->idempotency)
		at = &(*at)->next;
	*at = call->idempotency.next;
	pthread_mutex_unlock(&room->mutex);
	call->idempotency.held = false;
}

static void answer_again(struct api_call *call, const struct kept_answer *answer)
{
	struct strbuf body;

	strbuf_init(&body, ANSWER_LIMIT);
	strbuf_add_slice(&body, answer->body);
	http_response_status(call->response, (unsigned)answer->http_status);
	if (answer->location.size)
		http_response_header(call->response, "Location", answer->location);
	http_response_header(call->response, "Idempotency-Replayed", SLICE("true"));
	http_response_body(call->response,
			   answer->http_status >= 400 ? "application/problem+json" : "application/json", &body);
	strbuf_release(&body);
	log_info(LOG_EVENT("answer repeated"), LOG_INT("import_id", answer->import_id));
}

bool idempotency_replay(struct api_call *call, const unsigned char request[SHA256_SIZE], int64_t *made)
{
	struct store *store = call->api->config.store;
	struct idempotency *own = &call->idempotency;
	struct store_reader *reader = NULL;
	struct kept_answer answer;
	struct error err;

	*made = 0;
	if (!own->held)
		return false;
	memcpy(own->request, request, SHA256_SIZE);
	own->stored = (struct request_key){.key = own->key, .request = own->request};
	enum status status = store->call->open_reader(store, &reader, &err);
	if (status == STATUS_OK)
		status = store->call->find_answer(reader, &own->stored, call->arena, &answer, &err);
	store->call->close_reader(store, reader);
	if (status == STATUS_NOT_FOUND)
		return false;
	if (status == STATUS_CONFLICT)
		problem_respond(call->request, call->response, 422, err.code, err.detail);
	else if (status != STATUS_OK)
		problem_error(call, &err);
	else if (answer.http_status)
		answer_again(call, &answer);
	else
		*made = answer.import_id;
	return *made == 0;
}

const struct request_key *idempotency_key(const struct api_call *call)
{
	return call->idempotency.held ? &call->idempotency.stored : NULL;
}

/* What may come out otherwise next time (a full disk, too much at once) is not kept. */
static bool is_final(unsigned status)
{
	return status == 200 || status == 202 || status == 409;
}

void idempotency_keep(struct api_call *call, int64_t import_id)
{
	struct store *store = call->api->config.store;
	struct kept_answer answer = {.import_id = import_id,
				     .http_status = (int)http_response_status_of(call->response),
				     .location = http_response_header_of(call->response, "Location"),
				     .body = http_response_body_of(call->response)};
	struct error err;

	if (!call->idempotency.held || !is_final((unsigned)answer.http_status))
		return;
	if (store->call->keep_answer(store, &call->idempotency.stored, &answer, &err) != STATUS_OK)
		log_warning(LOG_EVENT("answer not kept; a repeated request gets it anew"),
			    LOG_INT("import_id", import_id), LOG_ERR(&err));
}
