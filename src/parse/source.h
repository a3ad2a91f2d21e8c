/* The bytes of a file, as a window that moves over them.
 *
 *	source_want(&source, 100, &err);            // or as many as there are
 *	struct slice unread = source_unread(&source);
 *	source_consume(&source, 42);
 *
 * The unread bytes always lie in one piece, however they arrived. This is where later stages
 * that change bytes belong (decompression, transcoding): `offset` counts bytes as the parsers
 * see them, `bytes_read` those of the file.
 *
 * Threads: a source belongs to one thread at a time. */
#ifndef ROWMILL_PARSE_SOURCE_H
#define ROWMILL_PARSE_SOURCE_H

#include "base/slice.h"
#include "base/status.h"

struct source {
	int fd; /* the caller's */
	size_t chunk_size;
	char *buffer;
	size_t allocated;
	size_t begin, end;   /* buffer[begin..end) is unread */
	uint64_t offset;     /* of buffer[begin] in the decoded file */
	uint64_t bytes_read; /* of the file */
	bool at_end;         /* nothing comes behind the unread bytes */
};

/* `chunk_size` is the most that one read(2) asks for; 0 means 256 KiB. */
void source_init(struct source *source, int fd, size_t chunk_size);
void source_release(struct source *source); /* a zeroed struct is fine */

/* Good until the next call that takes a non-const source. */
static inline struct slice source_unread(const struct source *source)
{
	return slice_of(source->buffer ? source->buffer + source->begin : NULL,
			source->end - source->begin);
}

/* Reads until `size` bytes are unread or the file ends. */
enum status source_want(struct source *source, size_t size, struct error *err);

/* Moves past `size` unread bytes. */
static inline void source_consume(struct source *source, size_t size)
{
	source->begin += size;
	source->offset += size;
}

#endif
