/* Sentence embeddings with all-MiniLM-L6-v2 on the CPU.
 *
 *	embed_model_open("…/model", &options, &model, &err);
 *	ws = embed_workspace_new(model, 512);
 *	n = tokenizer_encode(embed_model_tokenizer(model), text, ids, EMBED_MAX_TOKENS, &truncated);
 *	embed_run(model, ws, ids, &n, 1, vector, &err);
 *
 * Three owners: the model is the blueprint and the weights, read-only and shared by all
 * threads; a workspace is the scratch of one thread; vectors are the caller's.
 * A vector is 384 float32, mean-pooled over all tokens of the text, L2 norm 1.
 *
 * Source: the model's config.json and safetensors file; BERT (Devlin et al. 2019), 6 layers,
 * hidden 384, 12 heads of 32, intermediate 1,536, vocabulary 30,522. */
#ifndef ROWMILL_EMBED_EMBED_H
#define ROWMILL_EMBED_EMBED_H

#include "base/slice.h"
#include "base/status.h"
#include "base/strbuf.h"

enum { EMBED_DIMENSION = 384, EMBED_MAX_TOKENS = 256 };

/* EMBED_AUTO takes the fastest of the first two: EMBED_BF16 where the processor multiplies it natively
 * and faster than float32. Cosines to float32 vectors are at least 0.9999 with EMBED_BF16. EMBED_INT8 is faster
 * and less exact, and taken only on request. */
enum embed_precision { EMBED_AUTO, EMBED_F32, EMBED_BF16, EMBED_INT8 };

bool embed_precision_parse(struct slice name, enum embed_precision *precision);
const char *embed_precision_name(enum embed_precision precision);

struct embed_options {
	enum embed_precision precision;
};

struct embed_model;
struct embed_workspace;
struct tokenizer;

/* Appends the folder where the model is looked for: $ROWMILL_MODEL, else
 * ${XDG_DATA_HOME:-$HOME/.local/share}/rowmill/models/all-MiniLM-L6-v2. */
void embed_default_folder(struct strbuf *folder);

/* Opens a folder with model.safetensors, vocab.txt and config.json. Every length, shape, name
 * and type read from them is checked. Errors: "model-missing" (STATUS_NOT_FOUND; the detail names the
 * remedy), "model-damaged" (STATUS_CORRUPT; says what is wrong), "precision-unsupported"
 * (STATUS_UNSUPPORTED; this processor cannot do the precision asked for). */
enum status embed_model_open(const char *folder, const struct embed_options *options,
			     struct embed_model **model, struct error *err);
void embed_model_close(struct embed_model *model); /* NULL is fine; workspaces first */

const struct tokenizer *embed_model_tokenizer(const struct embed_model *model);
enum embed_precision embed_model_precision(const struct embed_model *model); /* never EMBED_AUTO */
const char *embed_model_name(const struct embed_model *model); /* "all-MiniLM-L6-v2" */

/* Scratch for batches of up to `max_tokens` tokens (at least EMBED_MAX_TOKENS); NULL when memory is exhausted. */
struct embed_workspace *embed_workspace_new(const struct embed_model *model, size_t max_tokens);
void embed_workspace_free(struct embed_workspace *workspace); /* NULL is fine */

/* Embeds `count` texts packed end to end: `ids` holds the token ids of all, `sizes[i]` the
 * number of tokens of text i ([CLS] and [SEP] included, 2 to 256), their sum at most
 * max_tokens. `vectors` is [count][384]. Thread: the workspace's own. */
enum status embed_run(const struct embed_model *model, struct embed_workspace *workspace,
		      const int32_t *ids, const uint32_t *sizes, size_t count, float *vectors,
		      struct error *err);

/* WordPiece for an uncased BERT vocabulary: text cleaned, CJK characters spaced, lower case with
 * accents stripped (NFD), punctuation split, words over 100 characters [UNK]. Bytes that are no UTF-8
 * are read as U+FFFD, which the cleaning drops; so is U+0000.
 * Writes [CLS], the word pieces and [SEP], at most `max` ids (max >= 2), and returns their
 * number; *truncated says that pieces were left out. Thread: any; no shared state. */
size_t tokenizer_encode(const struct tokenizer *tokenizer, struct slice text, int32_t *ids,
			size_t max, bool *truncated);

#endif
