/* The lock that a server holds beside its database: one server a database, and others can see
 * where it listens. The kernel gives the lock back however the process ends.
 *
 * Threads: one. */
#ifndef ROWMILL_APP_LOCK_H
#define ROWMILL_APP_LOCK_H

#include "base/status.h"

/* Takes the lock; returns its file descriptor, or -1: STATUS_BUSY ("database-in-use", the detail names the holder's
 * address) or a file error. */
int lock_take(const char *path, struct error *err);

/* Writes {"pid", "url"} into the lock file. */
enum status lock_publish(int fd, const char *url, struct error *err);

/* Empties the file and gives the lock back; -1 is fine. */
void lock_release(int fd);

#endif
