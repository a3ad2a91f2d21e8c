/* Disk space that is kept back so that a full disk can still be made emptier: deleting and
 * purging need room in the log before they free any in the database. It is a file of that
 * size beside the database, removed when such a write finds no space. What the log has grown to
 * by then serves later ones, once it is started over (writer_make_room). */
#include "base/log.h"
#include "store/sqlite/internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	/* Two rounds of the log (writer.c) with a slice of a purge in it. */
	RESERVE_BYTES = 16 << 20,
	/* On a small disk, no more than this share of what is free. */
	RESERVE_SHARE = 8,
};

static bool reserve_path(const struct sqlite_store *store, struct strbuf *path)
{
	strbuf_init(path, 1 << 16);
	strbuf_add_string(path, store->path);
	strbuf_add_string(path, "-reserve");
	return strbuf_ok(path);
}

static int64_t wanted_size(const struct sqlite_store *store)
{
	struct statvfs disk;

	if (statvfs(store->path, &disk) != 0)
		return 0;
	uint64_t share = (uint64_t)disk.f_bavail * disk.f_frsize / RESERVE_SHARE;
	return share < RESERVE_BYTES ? (int64_t)share : RESERVE_BYTES;
}

/* A reserve that cannot be had is no error: the store works without it until the disk is full. */
void reserve_make(struct sqlite_store *store)
{
	struct strbuf path;
	struct stat info;
	int64_t size = wanted_size(store);

	if (reserve_path(store, &path) && size > 0 &&
	    (stat(path.data, &info) != 0 || info.st_size == 0)) {
		int fd = open(path.data, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		int failure = fd < 0 ? -1 : posix_fallocate(fd, 0, size);
		if (fd >= 0)
			close(fd);
		if (failure) {
			unlink(path.data);
			log_warning(LOG_EVENT("no disk space could be reserved for deletes"));
		}
	}
	strbuf_release(&path);
}

bool reserve_use(struct sqlite_store *store)
{
	struct strbuf path;
	bool gained = reserve_path(store, &path) && unlink(path.data) == 0;

	strbuf_release(&path);
	if (gained)
		log_warning(LOG_EVENT("disk full: the reserve for deletes is used"));
	return gained;
}
