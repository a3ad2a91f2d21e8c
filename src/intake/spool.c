#include "intake/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/banned.h"

enum {
	BUFFER_SIZE = 128 * 1024, /* pieces arrive in a connection's few KiB: fewer, larger writes */
	WRITEBACK_SIZE = 8 * 1024 * 1024,
	RANDOM_DIGITS = 32,
	PART_NAME_SIZE = SPOOL_NAME_SIZE + 5,
};

static const char part_suffix[] = ".part";

struct spool {
	int folder, fd;
	char name[PART_NAME_SIZE]; /* the file's name now; empty once it is committed or was never made */
	struct sha256 *hash;
	uint64_t size, size_limit;
	uint64_t written, written_back; /* bytes given to the kernel; of these, sent on their way to the disk */
	size_t buffered, head_size;
	bool failed;
	char head[SPOOL_HEAD_SIZE];
	char buffer[BUFFER_SIZE];
};

/* ---- names ---- */

static bool is_spool_name(struct slice name)
{
	if (name.size != SPOOL_NAME_SIZE - 1 || memcmp(name.data, "u-", 2) != 0)
		return false;
	for (size_t i = 2; i < name.size; i++)
		if (!strchr("0123456789abcdef", name.data[i]) || name.data[i] == '\0')
			return false;
	return true;
}

static bool is_part_name(const char *name)
{
	size_t size = strlen(name), suffix = sizeof part_suffix - 1;

	return size > suffix && strcmp(name + size - suffix, part_suffix) == 0 &&
	       is_spool_name(slice_of(name, size - suffix));
}

/* ---- the folder ---- */

static int open_folder(const char *folder, struct error *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		int failure = errno;
		log_error(LOG_EVENT("the upload folder cannot be opened"), LOG_STR("folder", folder),
			  LOG_STR("reason", strerror(failure)));
		error_from_errno(err, failure, "opening the upload folder");
	}
	return fd;
}

/* A new folder is on disk when the folder that lists it is. */
static enum status sync_parent(const char *folder, struct error *err)
{
	char copy[PATH_MAX];
	int size = snprintf(copy, sizeof copy, "%s", folder);
	int fd;

	if (size < 0 || (size_t)size >= sizeof copy)
		return error_from_errno(err, ENAMETOOLONG, "making the upload folder");
	fd = open_folder(dirname(copy), err);
	if (fd < 0)
		return STATUS_IO;
	int failure = fsync(fd) == 0 ? 0 : errno;
	close(fd);
	return failure ? error_from_errno(err, failure, "making the upload folder") : STATUS_OK;
}

enum status spool_prepare_folder(const char *folder, struct error *err)
{
	enum status status = STATUS_OK;

	if (mkdir(folder, 0700) == 0)
		status = sync_parent(folder, err);
	else if (errno != EEXIST)
		status = error_from_errno(err, errno, "making the upload folder");
	if (status != STATUS_OK)
		return status;
	int fd = open_folder(folder, err);
	if (fd < 0)
		return STATUS_IO;
	close(fd);
	if (access(folder, W_OK | X_OK) != 0)
		return error_from_errno(err, errno, "writing into the upload folder");
	return STATUS_OK;
}

/* ---- writing ---- */

enum status spool_begin(const char *folder, uint64_t size_limit, struct spool **spool, struct error *err)
{
	struct spool *made = malloc(sizeof *made);
	enum status status = STATUS_OK;

	if (!made)
		return error_no_memory(err);
	/* Not calloc: the two large buffers stay untouched until bytes arrive. */
	memset(made, 0, offsetof(struct spool, head));
	made->fd = -1;
	made->size_limit = size_limit;
	made->folder = open_folder(folder, err);
	if (made->folder < 0) {
		status = STATUS_IO;
		goto cleanup;
	}
	made->hash = sha256_new();
	if (!made->hash) {
		status = error_no_memory(err);
		goto cleanup;
	}
	char digits[RANDOM_DIGITS + 1];
	random_hex(digits, RANDOM_DIGITS);
	snprintf(made->name, sizeof made->name, "u-%s%s", digits, part_suffix);
	made->fd = openat(made->folder, made->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (made->fd < 0) {
		status = error_from_errno(err, errno, "making a file for the upload");
		made->name[0] = '\0';
		goto cleanup;
	}
	*spool = made;
	return STATUS_OK;

cleanup:
	spool_free(made);
	return status;
}

static enum status write_out(struct spool *spool, const char *data, size_t size, struct error *err)
{
	while (size > 0) {
		ssize_t done = write(spool->fd, data, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			spool->failed = true;
			return error_from_errno(err, errno, "writing the upload");
		}
		data += done;
		size -= (size_t)done;
		spool->written += (uint64_t)done;
	}
	/* The disk starts early, so that the fsync at the end is not one long stall. Advice only: what it
	 * cannot do, fsync does or reports. */
	if (spool->written - spool->written_back >= WRITEBACK_SIZE) {
		sync_file_range(spool->fd, (off_t)spool->written_back, (off_t)(spool->written - spool->written_back),
				SYNC_FILE_RANGE_WRITE);
		spool->written_back = spool->written;
	}
	return STATUS_OK;
}

static enum status flush(struct spool *spool, struct error *err)
{
	enum status status = write_out(spool, spool->buffer, spool->buffered, err);

	spool->buffered = 0;
	return status;
}

enum status spool_write(struct spool *spool, struct slice piece, struct error *err)
{
	enum status status = STATUS_OK;

	if (spool->failed)
		return error_set(err, STATUS_INTERNAL, NULL, "The upload has failed already.");
	if (piece.size > spool->size_limit - spool->size) {
		spool->failed = true;
		return error_set(err, STATUS_TOO_LARGE, "upload-too-large", "The upload is over the limit of %llu bytes.",
				 (unsigned long long)spool->size_limit);
	}
	if (piece.size == 0)
		return STATUS_OK;
	sha256_add(spool->hash, piece);
	spool->size += piece.size;
	if (spool->head_size < SPOOL_HEAD_SIZE) {
		size_t room = SPOOL_HEAD_SIZE - spool->head_size;
		size_t taken = piece.size < room ? piece.size : room;
		memcpy(spool->head + spool->head_size, piece.data, taken);
		spool->head_size += taken;
	}
	if (piece.size > BUFFER_SIZE - spool->buffered)
		status = flush(spool, err);
	if (status == STATUS_OK && piece.size >= BUFFER_SIZE)
		return write_out(spool, piece.data, piece.size, err);
	if (status == STATUS_OK) {
		memcpy(spool->buffer + spool->buffered, piece.data, piece.size);
		spool->buffered += piece.size;
	}
	return status;
}

struct slice spool_head(const struct spool *spool)
{
	return slice_of(spool->head, spool->head_size);
}

uint64_t spool_size(const struct spool *spool)
{
	return spool->size;
}

static enum status not_durable(int failure, const char *what, struct error *err)
{
	log_error(LOG_EVENT("an upload could not be made durable"), LOG_STR("call", what),
		  LOG_STR("reason", strerror(failure)));
	return error_set(err, STATUS_UNAVAILABLE, "not-durable",
			 "The upload could not be brought safely to disk; nothing of it is kept.");
}

/* Gives the file its name for good. */
static enum status name_file(struct spool *spool, struct error *err)
{
	char name[SPOOL_NAME_SIZE];

	snprintf(name, sizeof name, "%.*s", SPOOL_NAME_SIZE - 1, spool->name);
	/* Some file systems know no flags; 128 random bits are as good. */
	if (renameat2(spool->folder, spool->name, spool->folder, name, RENAME_NOREPLACE) != 0 &&
	    (errno != EINVAL || renameat(spool->folder, spool->name, spool->folder, name) != 0))
		return error_from_errno(err, errno, "keeping the upload");
	memcpy(spool->name, name, sizeof name);
	return STATUS_OK;
}

enum status spool_read(struct spool *spool, int *fd, struct error *err)
{
	if (spool->failed)
		return error_set(err, STATUS_INTERNAL, NULL, "The upload has failed already.");
	spool->failed = true;
	enum status status = flush(spool, err);
	if (status == STATUS_OK && lseek(spool->fd, 0, SEEK_SET) != 0)
		status = error_from_errno(err, errno, "reading the upload");
	*fd = spool->fd;
	return status;
}

enum status spool_commit(struct spool *spool, struct spooled_file *file, struct error *err)
{
	enum status status;

	if (spool->failed)
		return error_set(err, STATUS_INTERNAL, NULL, "The upload has failed already.");
	/* Whatever fails below, the spool can only be freed. */
	spool->failed = true;
	status = flush(spool, err);
	if (status != STATUS_OK)
		return status;
	/* After a failed fsync the kernel may count the lost pages as written: asking again would lie. */
	if (fsync(spool->fd) != 0)
		return not_durable(errno, "fsync of the file", err);
	status = name_file(spool, err);
	if (status != STATUS_OK)
		return status;
	if (fsync(spool->folder) != 0)
		return not_durable(errno, "fsync of the folder", err);
	memcpy(file->name, spool->name, SPOOL_NAME_SIZE);
	sha256_finish(spool->hash, file->sha256);
	file->size = spool->size;
	spool->name[0] = '\0';
	return STATUS_OK;
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	if (spool->name[0])
		unlinkat(spool->folder, spool->name, 0);
	if (spool->fd >= 0)
		close(spool->fd);
	if (spool->folder >= 0)
		close(spool->folder);
	sha256_free(spool->hash);
	free(spool);
}

/* ---- committed files ---- */

static enum status file_path(const char *folder, struct slice name, char path[PATH_MAX], struct error *err)
{
	if (!is_spool_name(name))
		return error_set(err, STATUS_INVALID, NULL, "This is no name of an uploaded file.");
	int size = snprintf(path, PATH_MAX, "%s/%.*s", folder, SLICE_ARG(name));
	if (size < 0 || size >= PATH_MAX)
		return error_from_errno(err, ENAMETOOLONG, "finding the uploaded file");
	return STATUS_OK;
}

int spool_open(const char *folder, struct slice name, struct error *err)
{
	char path[PATH_MAX];
	int fd;

	if (file_path(folder, name, path, err) != STATUS_OK)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		error_set(err, STATUS_NOT_FOUND, NULL, "The uploaded file is no longer there.");
	else if (fd < 0)
		error_from_errno(err, errno, "opening the uploaded file");
	return fd;
}

enum status spool_remove(const char *folder, struct slice name, struct error *err)
{
	char path[PATH_MAX];
	enum status status = file_path(folder, name, path, err);

	if (status == STATUS_OK && unlink(path) != 0 && errno != ENOENT)
		status = error_from_errno(err, errno, "removing the uploaded file");
	return status;
}

enum status spool_clean(const char *folder, bool (*keep)(void *context, struct slice name), void *context,
			uint64_t *removed, struct error *err)
{
	enum status status = STATUS_OK;
	const struct dirent *entry;
	int fd = open_folder(folder, err);
	DIR *listing = NULL;

	*removed = 0;
	if (fd < 0)
		return STATUS_IO;
	listing = fdopendir(fd);
	if (!listing) {
		status = error_from_errno(err, errno, "listing the upload folder");
		close(fd);
		return status;
	}
	/* What is not named like ours is not ours. */
	while (errno = 0, entry = readdir(listing)) {
		struct slice name = slice_of_string(entry->d_name);
		if (!is_part_name(entry->d_name) && (!is_spool_name(name) || keep(context, name)))
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0)
			++*removed;
		else if (errno != ENOENT && status == STATUS_OK)
			status = error_from_errno(err, errno, "cleaning the upload folder");
	}
	if (errno != 0 && status == STATUS_OK)
		status = error_from_errno(err, errno, "listing the upload folder");
	closedir(listing);
	return status;
}
