/* A disk that misbehaves on command: a layer over SQLite's own files, made the default.
 *
 * Threads: the faults are global; set them while no other thread writes. */
#ifndef ROWMILL_TESTS_FAULT_VFS_H
#define ROWMILL_TESTS_FAULT_VFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct faults {
	atomic_bool limited;     /* files may grow by `room` bytes and no more */
	_Atomic int64_t room;
	char reserve[4200];      /* a file; once it is gone, the space it held is room */
	atomic_bool fail_sync;   /* every sync fails */
	atomic_int syncs;        /* counted */
};

enum { FAULT_RESERVE_BYTES = 16 << 20 };

extern struct faults faults;

/* Opens of databases go through it from here on. */
void fault_vfs_install(void);

#endif
