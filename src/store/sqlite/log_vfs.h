/* How the writing connection reaches its files: as SQLite's default does, but for the write-ahead log, whose frames
 * are gathered and written together. SQLite itself writes each page by two calls, 24 bytes and 4,096.
 *
 * What is gathered is written in its order, before the log is synced, read there, measured, cut or closed. This asks for
 * synchronous = FULL: a commit then syncs the log before it lets readers know of its frames. That a write failed is
 * said by the call that needed it, which in a commit is the sync.
 *
 * Threads: a file belongs to the thread that has the connection. */
#ifndef ROWMILL_STORE_SQLITE_LOG_VFS_H
#define ROWMILL_STORE_SQLITE_LOG_VFS_H

/* For sqlite3_open_v2; registered over the default of the first call. NULL, the default itself: it cannot be had. */
const char *log_vfs_name(void);

#endif
