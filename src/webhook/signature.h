/* Signatures by Standard Webhooks: HMAC-SHA256 over "id.timestamp.body", in base64, for each secret.
 *
 * Threads: the secrets are immutable once read. */
#ifndef ROWMILL_WEBHOOK_SIGNATURE_H
#define ROWMILL_WEBHOOK_SIGNATURE_H

#include "base/status.h"
#include "base/strbuf.h"

enum {
	WEBHOOK_SECRETS_MAX = 4,
	WEBHOOK_SECRET_SIZE_LEAST = 24,
	WEBHOOK_SECRET_SIZE_MOST = 64,
};

struct webhook_secrets {
	unsigned char bytes[WEBHOOK_SECRETS_MAX][WEBHOOK_SECRET_SIZE_MOST];
	size_t sizes[WEBHOOK_SECRETS_MAX];
	size_t count;
};

/* Reads "whsec_<base64>", or several with spaces between them (for a change of secrets: receivers accept any).
 * STATUS_INVALID; the detail never holds what was given. */
enum status webhook_secrets_parse(const char *text, struct webhook_secrets *secrets, struct error *err);

/* Appends "v1,<base64>", one for each secret, with spaces between them. */
void webhook_sign(const struct webhook_secrets *secrets, const char *message_id, int64_t timestamp_s,
		  struct slice body, struct strbuf *out);

#endif
