#include "webhook/sender.h"

#include "base/clock.h"
#include "webhook/address.h"
#include "webhook/signature.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	CONNECT_MS = 5000,
	TOTAL_MS = 15000,
	ANSWER_LIMIT = 64 * 1024, /* bytes of an answer that are read */
	SIGNATURE_LIMIT = 1024,
	HEADER_SIZE = SIGNATURE_LIMIT + 64,
};

struct webhook_sender {
	CURL *curl;
	char *url;
	struct webhook_secrets secrets;
	bool allow_local;
	atomic_bool stopping;
	bool refused;      /* the latest send: an address was not to be reached */
	size_t answer_size;
};

/* ---- what the library asks while it sends ---- */

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct webhook_sender *sender = context;

	if (purpose != CURLSOCKTYPE_IPCXN || (!sender->allow_local && !address_is_public(&address->addr))) {
		sender->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What it says does not matter; but it is not read without end. */
static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct webhook_sender *sender = context;

	(void)bytes;
	sender->answer_size += size * count;
	return sender->answer_size > ANSWER_LIMIT ? 0 : size * count;
}

static int go_on(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct webhook_sender *sender = context;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return sender->stopping;
}

/* ---- set up ---- */

static enum status check_url(const struct webhook_config *config, struct error *err)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *user = NULL;
	enum status status = STATUS_OK;

	if (!parts)
		return error_no_memory(err);
	if (curl_url_set(parts, CURLUPART_URL, config->url, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
		status = error_set(err, STATUS_INVALID, NULL,
				   "--webhook-url must be a URL such as https://example.com/hooks");
	else if (strcmp(scheme, "http") == 0 && !config->allow_local)
		status = error_set(err, STATUS_INVALID, NULL,
				   "--webhook-url must begin with https:// (http:// is for receivers in the local "
				   "network, with --webhook-allow-local)");
	else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK)
		status = error_set(err, STATUS_INVALID, NULL,
				   "--webhook-url must hold no user name and password");
	curl_free(scheme);
	curl_free(user);
	curl_url_cleanup(parts);
	return status;
}

static bool set_up(struct webhook_sender *sender)
{
	CURL *curl = sender->curl;
	CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, sender->url);

#define SET(option, value) code = code != CURLE_OK ? code : curl_easy_setopt(curl, option, value)
	SET(CURLOPT_PROTOCOLS_STR, sender->allow_local ? "http,https" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, sender);
	SET(CURLOPT_WRITEFUNCTION, take_answer);
	SET(CURLOPT_WRITEDATA, sender);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, go_on);
	SET(CURLOPT_XFERINFODATA, sender);
	/* A kept connection would be used without a look at where it leads. */
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_USERAGENT, "Rowmill/" ROWMILL_VERSION);
#undef SET
	return code == CURLE_OK;
}

enum status webhook_sender_new(const struct webhook_config *config, struct webhook_sender **out,
			       struct error *err)
{
	struct webhook_sender *sender;
	enum status status;

	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_no_memory(err);
	sender = calloc(1, sizeof *sender);
	if (!sender)
		return error_no_memory(err);
	sender->allow_local = config->allow_local;
	status = check_url(config, err);
	if (status == STATUS_OK)
		status = webhook_secrets_parse(config->secrets, &sender->secrets, err);
	if (status == STATUS_OK) {
		sender->url = strdup(config->url);
		sender->curl = curl_easy_init();
		if (!sender->url || !sender->curl || !set_up(sender))
			status = error_no_memory(err);
	}
	if (status != STATUS_OK) {
		webhook_sender_free(sender);
		return status;
	}
	*out = sender;
	return STATUS_OK;
}

void webhook_sender_free(struct webhook_sender *sender)
{
	if (!sender)
		return;
	if (sender->curl)
		curl_easy_cleanup(sender->curl);
	free(sender->url);
	explicit_bzero(&sender->secrets, sizeof sender->secrets);
	free(sender);
}

void webhook_sender_stop(struct webhook_sender *sender)
{
	sender->stopping = true;
}

/* ---- sending ---- */

static bool add_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(*list, header);

	if (longer)
		*list = longer;
	return longer != NULL;
}

static struct curl_slist *make_headers(const struct webhook_sender *sender,
				       const struct webhook_message *message)
{
	int64_t now_s = clock_now_ms() / 1000;
	char header[HEADER_SIZE];
	struct curl_slist *list = NULL;
	struct strbuf signature;

	strbuf_init(&signature, SIGNATURE_LIMIT);
	webhook_sign(&sender->secrets, message->id, now_s, message->body, &signature);
	bool made = strbuf_ok(&signature) && add_header(&list, "Content-Type: application/json") &&
		    add_header(&list, "Expect:");
	snprintf(header, sizeof header, "webhook-id: %s", message->id);
	made = made && add_header(&list, header);
	snprintf(header, sizeof header, "webhook-timestamp: %lld", (long long)now_s);
	made = made && add_header(&list, header);
	snprintf(header, sizeof header, "webhook-signature: %s", signature.data);
	made = made && add_header(&list, header);
	strbuf_release(&signature);
	if (!made) {
		curl_slist_free_all(list);
		return NULL;
	}
	return list;
}

static enum status judge(struct webhook_sender *sender, CURLcode code, int *http_status, struct error *err)
{
	long answered = 0;

	if (sender->refused)
		return error_set(err, STATUS_UNAVAILABLE, "address-not-allowed",
				 "the webhook's host has an address that is not public; --webhook-allow-local allows "
				 "it");
	/* An answer that is longer than anybody reads is one all the same. */
	if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
		curl_easy_getinfo(sender->curl, CURLINFO_RESPONSE_CODE, &answered);
	*http_status = (int)answered;
	if (answered >= 200 && answered < 300)
		return STATUS_OK;
	if (answered == 410)
		return error_set(err, STATUS_CANCELLED, "receiver-gone", "the receiver wants no more of these (410)");
	if (answered)
		return error_set(err, STATUS_UNAVAILABLE, "receiver-refused", "the receiver answered %ld", answered);
	return error_set(err, STATUS_UNAVAILABLE, "receiver-unreachable", "%s", curl_easy_strerror(code));
}

enum status webhook_send(struct webhook_sender *sender, const struct webhook_message *message,
			 int *http_status, struct error *err)
{
	struct curl_slist *headers = make_headers(sender, message);

	*http_status = 0;
	sender->refused = false;
	sender->answer_size = 0;
	if (!headers || curl_easy_setopt(sender->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
	    curl_easy_setopt(sender->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)message->body.size) !=
		    CURLE_OK ||
	    curl_easy_setopt(sender->curl, CURLOPT_POSTFIELDS, message->body.data) != CURLE_OK) {
		curl_slist_free_all(headers);
		error_no_memory(err);
		return STATUS_UNAVAILABLE;
	}
	enum status status = judge(sender, curl_easy_perform(sender->curl), http_status, err);
	curl_easy_setopt(sender->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return status;
}
