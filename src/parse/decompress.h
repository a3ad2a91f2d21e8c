/* Stages that unpack gzip (RFC 1952, all members) and Zstandard (RFC 8878, all frames, skippable
 * ones too). NUL bytes behind the last member are padding; anything else there is damage.
 *
 * A stream that ends early or is damaged is STATUS_INVALID, "truncated-compression" or
 * "corrupt-compression", with the byte of the packed file in err->byte (the reader adds the line). One that unpacks to more than it
 * may is STATUS_TOO_LARGE, "too-much-unpacked": more than `size_limit` bytes, or more than 256 MiB and
 * 200 times the compressed bytes read so far.
 *
 * Memory: some 64 KiB, and the window: 32 KiB for gzip, at most 128 MiB for Zstandard.
 * Threads: as stage.h. */
#ifndef ROWMILL_PARSE_DECOMPRESS_H
#define ROWMILL_PARSE_DECOMPRESS_H

#include "parse/stage.h"

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

/* By the first bytes of a file. */
enum compression compression_of(struct slice head);

const char *compression_name(enum compression compression); /* "gzip", "zstd" */

/* Takes over `below`, also where it fails; `unread` are bytes that came from it and go first.
 * NULL: memory is exhausted. `size_limit` 0: 64 GiB. */
struct stage *decompress_stage_new(enum compression compression, struct stage *below,
				   struct slice unread, uint64_t size_limit);

#endif
