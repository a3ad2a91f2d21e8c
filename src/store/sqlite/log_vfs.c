#include "store/sqlite/log_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* SQLite's own xWrite takes less than 128 KiB. */
enum { GATHERED_MOST = 64 << 10 };

/* The real file lies right behind. */
struct log_file {
	sqlite3_file base; /* first */
	sqlite3_int64 at;  /* where in the file the gathered bytes go */
	int size;          /* of them */
	char *gathered;    /* [GATHERED_MOST] */
};

static sqlite3_vfs *real_vfs;
static bool registered;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return (sqlite3_file *)((struct log_file *)file + 1);
}

static int write_gathered(sqlite3_file *base)
{
	struct log_file *file = (struct log_file *)base;
	int size = file->size;

	file->size = 0;
	return size ? real_of(base)->pMethods->xWrite(real_of(base), file->gathered, size, file->at) : SQLITE_OK;
}

static int log_write(sqlite3_file *base, const void *from, int size, sqlite3_int64 at)
{
	struct log_file *file = (struct log_file *)base;

	if (file->size && (at != file->at + file->size || size > GATHERED_MOST - file->size)) {
		int code = write_gathered(base);
		if (code != SQLITE_OK)
			return code;
	}
	if (size > GATHERED_MOST)
		return real_of(base)->pMethods->xWrite(real_of(base), from, size, at);
	if (!file->size)
		file->at = at;
	memcpy(file->gathered + file->size, from, (size_t)size);
	file->size += size;
	return SQLITE_OK;
}

static int log_read(sqlite3_file *base, void *to, int size, sqlite3_int64 at)
{
	struct log_file *file = (struct log_file *)base;

	if (file->size && at < file->at + file->size && at + size > file->at) {
		int code = write_gathered(base);
		if (code != SQLITE_OK)
			return code;
	}
	return real_of(base)->pMethods->xRead(real_of(base), to, size, at);
}

static int log_close(sqlite3_file *base)
{
	int written = write_gathered(base);
	int code = real_of(base)->pMethods->xClose(real_of(base));

	free(((struct log_file *)base)->gathered);
	return written == SQLITE_OK ? code : written;
}

static int log_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	int code = write_gathered(base);

	return code == SQLITE_OK ? real_of(base)->pMethods->xTruncate(real_of(base), size) : code;
}

static int log_sync(sqlite3_file *base, int flags)
{
	int code = write_gathered(base);

	return code == SQLITE_OK ? real_of(base)->pMethods->xSync(real_of(base), flags) : code;
}

static int log_size(sqlite3_file *base, sqlite3_int64 *size)
{
	int code = write_gathered(base);

	return code == SQLITE_OK ? real_of(base)->pMethods->xFileSize(real_of(base), size) : code;
}

static int log_control(sqlite3_file *base, int what, void *argument)
{
	int code = write_gathered(base);

	return code == SQLITE_OK ? real_of(base)->pMethods->xFileControl(real_of(base), what, argument) : code;
}

static int log_lock(sqlite3_file *base, int level)
{
	return real_of(base)->pMethods->xLock(real_of(base), level);
}

static int log_unlock(sqlite3_file *base, int level)
{
	return real_of(base)->pMethods->xUnlock(real_of(base), level);
}

static int log_check_lock(sqlite3_file *base, int *held)
{
	return real_of(base)->pMethods->xCheckReservedLock(real_of(base), held);
}

static int log_sector_size(sqlite3_file *base)
{
	return real_of(base)->pMethods->xSectorSize(real_of(base));
}

static int log_characteristics(sqlite3_file *base)
{
	return real_of(base)->pMethods->xDeviceCharacteristics(real_of(base));
}

static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_check_lock,
	.xFileControl = log_control,
	.xSectorSize = log_sector_size,
	.xDeviceCharacteristics = log_characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *flags_had)
{
	struct log_file *file = (struct log_file *)base;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_WAL))
		return real_vfs->xOpen(real_vfs, name, base, flags, flags_had);
	*file = (struct log_file){.gathered = malloc(GATHERED_MOST)};
	if (!file->gathered)
		return SQLITE_NOMEM;
	int code = real_vfs->xOpen(real_vfs, name, real_of(base), flags, flags_had);
	if (code == SQLITE_OK)
		file->base.pMethods = &log_methods;
	else
		free(file->gathered);
	return code;
}

static void register_vfs(void)
{
	static sqlite3_vfs layer;

	real_vfs = sqlite3_vfs_find(NULL);
	if (!real_vfs)
		return;
	layer = *real_vfs;
	layer.zName = "rowmill";
	layer.szOsFile = (int)sizeof(struct log_file) + real_vfs->szOsFile;
	layer.xOpen = open_file;
	layer.pNext = NULL;
	registered = sqlite3_vfs_register(&layer, 0) == SQLITE_OK;
}

const char *log_vfs_name(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_vfs);
	return registered ? "rowmill" : NULL;
}
