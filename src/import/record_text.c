#include "import/record_text.h"

#include "base/hash.h"
#include "parse/reader.h"

#include "base/banned.h"

/* No text of so few bytes can have more tokens: none has less than a byte. */
enum { NEVER_TRUNCATED_SIZE = EMBED_MAX_TOKENS - 2 };

size_t record_text_begin(const struct embed_model *model, struct strbuf *out)
{
	strbuf_clear(out);
	strbuf_add_format(out, "%s %s", embed_model_name(model),
			  embed_precision_name(embed_model_precision(model)));
	strbuf_add_byte(out, '\0');
	return out->size;
}

enum status record_text_write(const struct schema *schema, struct slice data, struct arena *arena,
			      struct strbuf *out, struct error *err)
{
	struct record record = {0};
	enum status status = json_read_record(data, arena, &record, err);

	if (status == STATUS_OK)
		schema_write_text(schema, &record, out);
	return status;
}

void record_text_hash(const struct strbuf *out, struct text_hash *hash)
{
	unsigned char digest[SHA256_SIZE];

	sha256_of(strbuf_slice(out), digest);
	memcpy(hash->bytes, digest, TEXT_HASH_SIZE);
}

bool record_text_is_truncated(const struct embed_model *model, struct slice text)
{
	int32_t ids[EMBED_MAX_TOKENS];
	bool truncated = false;

	if (text.size > NEVER_TRUNCATED_SIZE)
		tokenizer_encode(embed_model_tokenizer(model), text, ids, EMBED_MAX_TOKENS, &truncated);
	return truncated;
}
