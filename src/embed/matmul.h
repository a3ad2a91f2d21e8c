/* Matrix products with packed weights, by oneDNN. matmul.c is the only file that knows the
 * library: its 2.x descriptor interface is gone in 3.x.
 *
 * Four owners: an engine is the model's; weights are packed once, immutable and shared by all
 * threads; a context (compiled products, scratch) belongs to one thread at a time; source and
 * destination are the caller's. The engine is freed last.
 *
 * Rows are done in panels of at most MATMUL_PANEL, so that only so many products are ever
 * compiled, and what is made from a panel is still in the cache when it is used. */
#ifndef ROWMILL_EMBED_MATMUL_H
#define ROWMILL_EMBED_MATMUL_H

#include <stdbool.h>
#include <stddef.h>

enum { MATMUL_PANEL = 64 };

/* Which of the model's products; each has its own length (of a dot product) and width. */
enum matmul_kind { MATMUL_QKV, MATMUL_OUT, MATMUL_UP, MATMUL_DOWN, MATMUL_KINDS };

/* What products read and write: float32 and float32, bf16 and float32, bytes (with weights of
 * int8_t) and int32_t. */
enum matmul_type { MATMUL_F32, MATMUL_BF16, MATMUL_INT8 };

/* MATMUL_SLOW: it can be done, but no faster than float32. */
enum matmul_support { MATMUL_NONE, MATMUL_SLOW, MATMUL_FAST };

enum matmul_support matmul_support(enum matmul_type type);

/* Whether products of bf16 and bytes run on AMX: nothing else is as fast. */
bool matmul_has_tiles(void);

/* How many numbers each output is the sum of, and how many outputs there are. */
size_t matmul_length(enum matmul_kind kind);
size_t matmul_width(enum matmul_kind kind);

struct matmul_engine;
struct matmul_weights;
struct matmul_context;

/* All four give NULL when memory is exhausted or oneDNN refuses, and free NULL. */
struct matmul_engine *matmul_engine_new(enum matmul_type type);
void matmul_engine_free(struct matmul_engine *engine);

/* Packs weights that are given as [width][length], as the model file has them: int8_t where the
 * engine's type is MATMUL_INT8, else float32. An engine holds
 * 64 MB of packed weights; their memory is given back with the engine. Threads: any. */
struct matmul_weights *matmul_weights_new(struct matmul_engine *engine, enum matmul_kind kind,
					  const void *weights);
void matmul_weights_free(struct matmul_weights *weights);

struct matmul_context *matmul_context_new(struct matmul_engine *engine);
void matmul_context_free(struct matmul_context *context);

/* destination[rows][width] = source[rows][length] · weights, rows from 1 to MATMUL_PANEL. Both buffers have room for MATMUL_PANEL rows: those behind `rows` may be read, and
 * overwritten in the destination. Returns false when memory is exhausted. */
bool matmul_run(struct matmul_context *context, const struct matmul_weights *weights, size_t rows,
		const void *source, void *destination);

#endif
