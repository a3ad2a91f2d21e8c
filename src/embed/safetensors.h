/* A safetensors file: an 8-byte little-endian header size, a JSON header that names type, shape
 * and place of every tensor, and the tensors' bytes.
 * Source: the format's description in huggingface/safetensors, README, "Format".
 *
 * The file is read with pread(2) and never mapped: a file that is cut while it is read gives
 * an error and not a SIGBUS.
 *
 * Threads: a file is opened and closed by one thread; any may read from it in between. */
#ifndef ROWMILL_EMBED_SAFETENSORS_H
#define ROWMILL_EMBED_SAFETENSORS_H

#include "base/slice.h"
#include "base/status.h"

struct json_t;

struct safetensors {
	int fd;             /* -1 when closed */
	uint64_t data;      /* where the tensors' bytes begin in the file */
	uint64_t data_size; /* bytes of all tensors */
	struct json_t *header;
};

/* Reads and checks the header: every tensor's type, shape and place; the places must follow each
 * other without gap or overlap up to the end of the file. Errors: "model-missing"
 * (STATUS_NOT_FOUND), "model-damaged" (STATUS_CORRUPT), or what reading gave. */
enum status safetensors_open(const char *path, struct safetensors *file, struct error *err);
void safetensors_close(struct safetensors *file); /* a struct zeroed and fd -1 is fine */

/* Reads the tensor `name`, which must be F32 of exactly rows x columns numbers, all of them
 * finite; rows 0 asks for a vector of `columns`. The first `wanted_rows` rows go to `out`
 * (for a vector: 1). */
enum status safetensors_read(const struct safetensors *file, const char *name, size_t rows,
			     size_t columns, size_t wanted_rows, float *out, struct error *err);

#endif
