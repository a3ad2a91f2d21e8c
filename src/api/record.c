/* GET /api/records/{id}, and what other endpoints that are about one record share. */
#include "api/internal.h"
#include "base/hash.h"

#include <stdio.h>

#include "base/banned.h"

/* Of the SHA-256 over the record as it is shown: half of its digits, in quotes. */
enum { ETAG_DIGITS = 32, ETAG_SIZE = ETAG_DIGITS + 3 };

enum status read_record(struct api_call *call, struct stored_record *record, struct error *err)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct record_list list = {0};
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = store->call->get_records(reader, &call->id, 1, call->arena, &list, err);
	store->call->close_reader(store, reader);
	if (status == STATUS_OK && !list.count)
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is no record %lld", (long long)call->id);
	if (status == STATUS_OK)
		*record = list.records[0];
	return status;
}

static void write_record(const struct stored_record *record, struct strbuf *body)
{
	struct json_writer json;

	strbuf_init(body, ANSWER_LIMIT);
	json_writer_init(&json, body);
	present_record(&json, record, NULL, SLICE("{}"), NULL, 0);
}

static void write_etag(const struct strbuf *body, char etag[ETAG_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	sha256_of(strbuf_slice(body), digest);
	sha256_hex(digest, hex);
	snprintf(etag, ETAG_SIZE, "\"%.*s\"", ETAG_DIGITS, hex);
}

void respond_record(struct api_call *call, const struct stored_record *record)
{
	char etag[ETAG_SIZE];
	struct strbuf body;

	write_record(record, &body);
	if (strbuf_ok(&body)) {
		write_etag(&body, etag);
		http_response_header(call->response, "ETag", slice_of_string(etag));
	}
	http_response_body(call->response, "application/json", &body);
	strbuf_release(&body);
}

/* Weak ones are never equal here (RFC 9110, 8.8.3.2), and ours is a strong one. */
static bool list_has(struct slice list, struct slice etag)
{
	while (list.size) {
		size_t end = slice_find(list, ',', 0);
		if (slice_equal(slice_trim(slice_of(list.data, end)), etag))
			return true;
		end += end < list.size;
		list = slice_of(list.data + end, list.size - end);
	}
	return false;
}

enum status check_if_match(struct slice if_match, const struct stored_record *record, struct error *err)
{
	char etag[ETAG_SIZE];
	struct strbuf body;

	if (slice_is(slice_trim(if_match), "*"))
		return STATUS_OK;
	write_record(record, &body);
	bool made = strbuf_ok(&body);
	if (made)
		write_etag(&body, etag);
	strbuf_release(&body);
	if (!made)
		return error_no_memory(err);
	if (list_has(if_match, slice_of_string(etag)))
		return STATUS_OK;
	return error_set(err, STATUS_CONFLICT, "changed-meanwhile",
			 "record %lld is not in the state that If-Match names; read it again", (long long)record->id);
}

void handle_get_record(struct api_call *call)
{
	struct stored_record record;
	struct error err;

	if (read_record(call, &record, &err) == STATUS_OK)
		respond_record(call, &record);
	else
		problem_error(call, &err);
}
