/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a client that never saw the answer to its
 * request sends it again under the same key, and gets the answer to the first one; nothing is done twice.
 *
 * A key is taken while its request is under way, so that its double gets 409. What the request makes is
 * stored with the key in one transaction, and then its answer before that is sent: so the same holds after the
 * program was killed. Another request under a known key gets 422.
 *
 * Threads: as the request; the room of keys under way is shared. */
#ifndef ROWMILL_API_IDEMPOTENCY_H
#define ROWMILL_API_IDEMPOTENCY_H

#include "http/server.h"
#include "store/store.h"

#include <pthread.h>

struct api_call;

/* A request's key; all zero where it has none. */
struct idempotency {
	struct idempotency *next;             /* among those under way */
	struct slice key;                     /* without quotes */
	bool held;
	unsigned char request[SHA256_SIZE];
	struct request_key stored;            /* over the two */
};

/* The keys of requests under way. */
struct idempotency_room {
	pthread_mutex_t mutex;
	struct idempotency *first;
};

void idempotency_room_init(struct idempotency_room *room);
void idempotency_room_release(struct idempotency_room *room);

/* Reads the request's key, if it has one, and takes it. false: `response` holds the 400 or 409. */
bool idempotency_begin(struct api_call *call, struct http_response *response);

/* Gives the key back: when the answer is kept, and from on_done in any case. */
void idempotency_end(struct api_call *call);

/* Names the request by what it asks for, and looks for an answer to it. true: it is given, or the
 * refusal that the key needs; there is nothing more to do. *made: 0, or the import that a request whose
 * answer was never kept has made. */
bool idempotency_replay(struct api_call *call, const unsigned char request[SHA256_SIZE], int64_t *made);

/* For new_import.request_key; NULL where there is no key. */
const struct request_key *idempotency_key(const struct api_call *call);

/* Keeps the answer that the response holds by now, where there is a key and the answer is final. */
void idempotency_keep(struct api_call *call, int64_t import_id);

#endif
