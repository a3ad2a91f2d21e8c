/* A stage on the way from the file to the parsers: it gives bytes when it is asked for them, and
 * takes what it needs for them from the stage below.
 *
 *	file ─ decompression ─ transcoding ─ source.h
 *
 * A stage owns the one below it, and ends for good with its first error.
 *
 * Threads: as the source that holds it. */
#ifndef ROWMILL_PARSE_STAGE_H
#define ROWMILL_PARSE_STAGE_H

#include "base/slice.h"
#include "base/status.h"

struct stage {
	/* At least one byte and at most `capacity` (not 0) into `out`; *got is 0 at the end. */
	enum status (*read)(struct stage *stage, char *out, size_t capacity, size_t *got,
			    struct error *err);
	void (*free)(struct stage *stage);
};

static inline void stage_free(struct stage *stage) /* NULL is fine */
{
	if (stage)
		stage->free(stage);
}

/* The bytes of `fd` from its current offset on, at most `chunk_size` with one read(2).
 * *bytes_read counts them and outlives the stage, as `fd` does. NULL: memory is exhausted. */
struct stage *file_stage_new(int fd, size_t chunk_size, uint64_t *bytes_read);

/* The bytes of `text`, which outlives the stage. */
struct stage *memory_stage_new(struct slice text);

/* What a stage has from the one below and has not used: buffer[begin..end). */
struct stage_input {
	struct stage *below; /* owned */
	char *buffer;
	size_t begin, end, allocated;
	uint64_t offset; /* of buffer[begin] in what the stage below gives */
	bool at_end;     /* nothing comes behind them */
};

/* Takes over `below`, also where it fails, and puts a copy of `unread` in front of what it gives;
 * `offset` is that of their first byte. false: memory is exhausted. */
bool stage_input_init(struct stage_input *input, struct stage *below, struct slice unread,
		      uint64_t offset);
void stage_input_release(struct stage_input *input); /* a zeroed struct is fine */

/* Reads once more behind the unused bytes, of which there are few; may set at_end. */
enum status stage_input_fill(struct stage_input *input, struct error *err);

static inline struct slice stage_input_unused(const struct stage_input *input)
{
	return slice_of(input->buffer + input->begin, input->end - input->begin);
}

static inline void stage_input_use(struct stage_input *input, size_t size)
{
	input->begin += size;
	input->offset += size;
}

#endif
