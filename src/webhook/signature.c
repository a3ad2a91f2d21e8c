#include "webhook/signature.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/banned.h"

static enum status refuse(struct error *err)
{
	return error_set(err, STATUS_INVALID, NULL,
			 "the webhook secret must be whsec_ and then 24 to 64 bytes in base64; up to %d of them, with "
			 "spaces between",
			 WEBHOOK_SECRETS_MAX);
}

/* false: it is no canonical base64 of a size that fits. */
static bool decode(struct slice text, unsigned char *bytes, size_t *size)
{
	unsigned char decoded[3 * ((4 * WEBHOOK_SECRET_SIZE_MOST / 3 + 8) / 4)];
	size_t padding = 0;

	while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
		padding++;
	if (text.size % 4 != 0 || text.size / 4 * 3 > sizeof decoded)
		return false;
	int count = EVP_DecodeBlock(decoded, (const unsigned char *)text.data, (int)text.size);
	if (count < 0)
		return false;
	*size = (size_t)count - padding;
	if (*size < WEBHOOK_SECRET_SIZE_LEAST || *size > WEBHOOK_SECRET_SIZE_MOST)
		return false;
	memcpy(bytes, decoded, *size);
	return true;
}

enum status webhook_secrets_parse(const char *text, struct webhook_secrets *secrets, struct error *err)
{
	struct slice rest = slice_trim(slice_of_string(text));

	*secrets = (struct webhook_secrets){0};
	while (rest.size) {
		size_t end = slice_find(rest, ' ', 0);
		struct slice one = slice_of(rest.data, end);
		struct slice prefix = SLICE("whsec_");
		if (secrets->count == WEBHOOK_SECRETS_MAX || !slice_starts_with(one, prefix) ||
		    !decode(slice_of(one.data + prefix.size, one.size - prefix.size),
			    secrets->bytes[secrets->count], &secrets->sizes[secrets->count]))
			return refuse(err);
		secrets->count++;
		rest = slice_trim(slice_of(rest.data + end, rest.size - end));
	}
	return secrets->count ? STATUS_OK : refuse(err);
}

void webhook_sign(const struct webhook_secrets *secrets, const char *message_id, int64_t timestamp_s,
		  struct slice body, struct strbuf *out)
{
	struct strbuf content;

	strbuf_init(&content, body.size + 256);
	strbuf_add_format(&content, "%s.%lld.", message_id, (long long)timestamp_s);
	strbuf_add_slice(&content, body);
	if (!strbuf_ok(&content))
		out->failed = true;
	for (size_t i = 0; i < secrets->count && strbuf_ok(&content); i++) {
		unsigned char digest[EVP_MAX_MD_SIZE], text[4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1];
		unsigned size = 0;
		if (!HMAC(EVP_sha256(), secrets->bytes[i], (int)secrets->sizes[i],
			  (const unsigned char *)content.data, content.size, digest, &size)) {
			out->failed = true;
			break;
		}
		EVP_EncodeBlock(text, digest, (int)size);
		strbuf_add_format(out, "%sv1,%s", i ? " " : "", (const char *)text);
	}
	strbuf_release(&content);
}
