/* Upload bodies become files: capped, hashed while they arrive, and on disk before anyone says so.
 *
 *	spool_begin(folder, limit, &spool, &err);
 *	spool_write(spool, piece, &err);          // as often as needed; HTTP thread
 *	spool_commit(spool, &file, &err);         // fsync, rename, fsync of the folder; may block
 *	spool_free(spool);                        // removes what was not committed
 *
 * Names are random ("u-" and 32 hexadecimal digits), never the user's: two uploads of the same file never touch
 * each other's. Files being written end in ".part"; spool_clean removes those of an earlier run.
 *
 * Threads: a spool belongs to one thread at a time. */
#ifndef ROWMILL_INTAKE_SPOOL_H
#define ROWMILL_INTAKE_SPOOL_H

#include "base/hash.h"
#include "base/slice.h"
#include "base/status.h"

enum { SPOOL_NAME_SIZE = 35, SPOOL_HEAD_SIZE = 64 * 1024 };

struct spool;

struct spooled_file {
	char name[SPOOL_NAME_SIZE];
	unsigned char sha256[SHA256_SIZE];
	uint64_t size; /* bytes */
};

/* Makes the folder (mode 0700) if it is not there. */
enum status spool_prepare_folder(const char *folder, struct error *err);

enum status spool_begin(const char *folder, uint64_t size_limit, struct spool **spool, struct error *err);

/* STATUS_TOO_LARGE ("upload-too-large") over the limit, STATUS_FULL when the disk is. After an error the
 * spool can only be freed. */
enum status spool_write(struct spool *spool, struct slice piece, struct error *err);

/* The first bytes of the file, up to SPOOL_HEAD_SIZE; good until spool_free. */
struct slice spool_head(const struct spool *spool);
uint64_t spool_size(const struct spool *spool);

/* A failed fsync is STATUS_UNAVAILABLE ("not-durable") and never retried. */
enum status spool_commit(struct spool *spool, struct spooled_file *file, struct error *err);

/* Instead of committing: what was written, to be read from its beginning and then freed. *fd stays the
 * spool's. */
enum status spool_read(struct spool *spool, int *fd, struct error *err);
void spool_free(struct spool *spool); /* NULL is fine */

/* Opens a committed file for reading: a file descriptor, or -1 with *err. */
int spool_open(const char *folder, struct slice name, struct error *err);
/* Removes a committed file; one that is not there is fine. */
enum status spool_remove(const char *folder, struct slice name, struct error *err);

/* Removes ".part" files and committed ones for which `keep` returns false. */
enum status spool_clean(const char *folder, bool (*keep)(void *context, struct slice name), void *context,
			uint64_t *removed, struct error *err);

#endif
