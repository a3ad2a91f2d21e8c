#include "fault_vfs.h"

#include <sqlite3.h>
#include <unistd.h>

struct faults faults;

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* right behind this struct */
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct fault_file *)file)->real;
}

/* Forwarding, one line each. */
#define FORWARD(name, parameters, arguments)                                                       \
	static int name parameters                                                                 \
	{                                                                                          \
		return real_of(file)->pMethods->name arguments;                                    \
	}

FORWARD(xRead, (sqlite3_file *file, void *to, int size, sqlite3_int64 at),
	(real_of(file), to, size, at))
FORWARD(xFileSize, (sqlite3_file *file, sqlite3_int64 *size), (real_of(file), size))
FORWARD(xLock, (sqlite3_file *file, int level), (real_of(file), level))
FORWARD(xUnlock, (sqlite3_file *file, int level), (real_of(file), level))
FORWARD(xCheckReservedLock, (sqlite3_file *file, int *out), (real_of(file), out))
FORWARD(xSectorSize, (sqlite3_file *file), (real_of(file)))
FORWARD(xDeviceCharacteristics, (sqlite3_file *file), (real_of(file)))
FORWARD(xShmMap, (sqlite3_file *file, int page, int size, int extend, void volatile **out),
	(real_of(file), page, size, extend, out))
FORWARD(xShmLock, (sqlite3_file *file, int offset, int count, int flags),
	(real_of(file), offset, count, flags))
FORWARD(xShmUnmap, (sqlite3_file *file, int remove), (real_of(file), remove))

static void xShmBarrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int xClose(sqlite3_file *file)
{
	return real_of(file)->pMethods ? real_of(file)->pMethods->xClose(real_of(file)) : SQLITE_OK;
}

/* Whether files may grow by this much; takes it from the room that is left. */
static bool take_room(sqlite3_int64 growth)
{
	if (!faults.limited || growth <= 0)
		return true;
	if (faults.reserve[0] && access(faults.reserve, F_OK) != 0) {
		faults.reserve[0] = '\0';
		faults.room += FAULT_RESERVE_BYTES;
	}
	if (growth > faults.room)
		return false;
	faults.room -= growth;
	return true;
}

static int xFileControl(sqlite3_file *file, int what, void *argument)
{
	sqlite3_file *real = real_of(file);
	sqlite3_int64 before = 0, after = 0;

	if (what != SQLITE_FCNTL_SIZE_HINT)
		return real->pMethods->xFileControl(real, what, argument);
	real->pMethods->xFileSize(real, &before);
	int code = real->pMethods->xFileControl(real, what, argument);
	real->pMethods->xFileSize(real, &after);
	if (code == SQLITE_OK && !take_room(after - before)) {
		real->pMethods->xTruncate(real, before);
		return SQLITE_IOERR_WRITE; /* as SQLite's own says it */
	}
	return code;
}

static int xWrite(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
	sqlite3_int64 end = 0;

	real_of(file)->pMethods->xFileSize(real_of(file), &end);
	if (!take_room(at + size - end))
		return SQLITE_FULL;
	return real_of(file)->pMethods->xWrite(real_of(file), from, size, at);
}

static int xTruncate(sqlite3_file *file, sqlite3_int64 size)
{
	sqlite3_int64 end = 0;

	real_of(file)->pMethods->xFileSize(real_of(file), &end);
	if (end > size)
		faults.room += end - size;
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int xSync(sqlite3_file *file, int flags)
{
	faults.syncs++;
	if (faults.fail_sync)
		return SQLITE_IOERR_FSYNC;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static const sqlite3_io_methods methods = {
	2,	 xClose,	     xRead,	   xWrite,	xTruncate,
	xSync,	 xFileSize,	     xLock,	   xUnlock,	xCheckReservedLock,
	xFileControl, xSectorSize, xDeviceCharacteristics, xShmMap, xShmLock,
	xShmBarrier, xShmUnmap,	     NULL,	   NULL,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct fault_file *opened = (struct fault_file *)file;

	(void)vfs;
	opened->real = (sqlite3_file *)(opened + 1);
	opened->base.pMethods = NULL;
	int code = real_vfs->xOpen(real_vfs, name, opened->real, flags, out);
	if (code == SQLITE_OK)
		opened->base.pMethods = &methods;
	return code;
}

void fault_vfs_install(void)
{
	static sqlite3_vfs layer;

	real_vfs = sqlite3_vfs_find(NULL);
	layer = *real_vfs;
	layer.zName = "fault";
	layer.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
	layer.xOpen = open_file;
	layer.pNext = NULL;
	sqlite3_vfs_register(&layer, 1);
}
