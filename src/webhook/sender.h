/* Sends webhooks: one signed POST (Standard Webhooks), with nothing followed, and nothing reached that is not to be.
 *
 * The address that is checked is the one that is connected to: the check stands where the socket is made, behind
 * name resolution, so that a name cannot lead elsewhere the second time it is asked. No redirect is followed,
 * no proxy used, and an answer is read up to a few kilobytes and for a few seconds.
 *
 * Threads: a sender belongs to one thread at a time. */
#ifndef ROWMILL_WEBHOOK_SENDER_H
#define ROWMILL_WEBHOOK_SENDER_H

#include "base/slice.h"
#include "base/status.h"

struct webhook_config {
	const char *url;
	const char *secrets;   /* as webhook_secrets_parse reads them */
	bool allow_local;      /* also http: URLs, and addresses that are not public */
};

struct webhook_sender;

/* STATUS_INVALID for a URL or a secret that cannot be used, with the remedy; neither is repeated. */
enum status webhook_sender_new(const struct webhook_config *config, struct webhook_sender **sender,
			       struct error *err);
void webhook_sender_free(struct webhook_sender *sender); /* NULL is fine */

struct webhook_message {
	const char *id;
	struct slice body; /* JSON */
};

/* What became of it: *http_status, 0 where there was no answer. STATUS_OK when it was taken (2xx);
 * STATUS_UNAVAILABLE when another try may do; STATUS_CANCELLED when the receiver wants no more (410). */
enum status webhook_send(struct webhook_sender *sender, const struct webhook_message *message,
			 int *http_status, struct error *err);

/* Makes a send under way, and any later one, return soon; from any thread. */
void webhook_sender_stop(struct webhook_sender *sender);

#endif
