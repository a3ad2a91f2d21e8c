/* The text of a record that is embedded, and the hash by which equal texts are known.
 *
 *	size_t start = record_text_begin(model, &out);
 *	status = record_text_write(schema, data, &arena, &out, &err);
 *	record_text_hash(&out, &hash);          // the text is out.data + start
 *
 * The hash is made over model, precision and text: other weights give other vectors.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_IMPORT_RECORD_TEXT_H
#define ROWMILL_IMPORT_RECORD_TEXT_H

#include "embed/embed.h"
#include "import/text_once.h"
#include "validate/schema.h"

/* Empties `out` and writes what the hash is made over before the text; returns where that begins. */
size_t record_text_begin(const struct embed_model *model, struct strbuf *out);

/* Appends the text of a record from its stored data. STATUS_INVALID where that is no JSON. */
enum status record_text_write(const struct schema *schema, struct slice data, struct arena *arena,
			      struct strbuf *out, struct error *err);

void record_text_hash(const struct strbuf *out, struct text_hash *hash);

/* Whether the model sees less than the whole text. */
bool record_text_is_truncated(const struct embed_model *model, struct slice text);

#endif
