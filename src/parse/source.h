/* The bytes of a file, unpacked and in UTF-8, as a window that moves over them.
 *
 *	source_want(&source, 100, &err);            // or as many as there are
 *	struct slice unread = source_unread(&source);
 *	source_consume(&source, 42);
 *
 * The unread bytes always lie in one piece, however they arrived. Stages (stage.h) change the
 * bytes below: `offset` counts them as the parsers see them, `bytes_read` those of the file.
 *
 * Bytes are shown as they come. Only a source that watches its encoding waits at the first byte that is
 * not ASCII, until there is enough behind it to tell whether this is UTF-8 (encoding.h): 1 MiB, and up
 * to 8 MiB where they hold fewer than 16 such bytes. What came before reads the same in either case.
 *
 * Threads: a source belongs to one thread at a time. */
#ifndef ROWMILL_PARSE_SOURCE_H
#define ROWMILL_PARSE_SOURCE_H

#include "parse/decompress.h"
#include "parse/encoding.h"
#include "parse/stage.h"

struct source {
	struct stage *top; /* owned */
	size_t chunk_size;
	char *buffer;
	size_t allocated;
	size_t begin, end;   /* buffer[begin..end) is unread */
	size_t filled;       /* buffer[end..filled) is read and not shown */
	uint64_t offset;     /* of buffer[begin] in the decoded file */
	uint64_t bytes_read; /* of the file */
	bool drained;        /* nothing comes from the stage behind buffer[..filled) */
	bool at_end;         /* nothing comes behind the unread bytes */
	bool watching;       /* its encoding */
	bool json;
	bool shifts;         /* escapes have been looked into */
	struct encoding encoding;
};

/* `chunk_size` is the most that one read(2) asks for; 0 means 256 KiB. false: memory is
 * exhausted. The source stays where it is: its stage counts in it. */
bool source_init(struct source *source, int fd, size_t chunk_size);

/* Over bytes in memory, which outlive the source. */
bool source_init_memory(struct source *source, struct slice text);

/* Puts another stage, which is taken over also where that fails, in place of all. */
void source_replace(struct source *source, struct stage *stage);

void source_release(struct source *source); /* a zeroed struct is fine */

/* From the next unread byte on, what comes is unpacked, or decoded. Nothing has been consumed. */
enum status source_unpack(struct source *source, enum compression compression,
			  uint64_t size_limit, struct error *err);
enum status source_decode(struct source *source, const struct encoding *encoding,
			  struct error *err);

/* From the next unread byte on, watches whether the text is UTF-8, as which it counts until then. */
void source_watch(struct source *source, bool json);

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
