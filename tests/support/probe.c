/* Stands between the program and the libraries below it, and counts or fails what passes. Preloaded by
 * tests/support/probe.py, never part of the program.
 *
 * Counted: databases opened, statements run, writing transactions committed, syncs. Written down: each distinct SQL text, once.
 * Failed on demand: fsync and fdatasync.
 *
 * ROWMILL_PROBE names the file that holds struct probe_page, shared with the test; SQL texts go to that
 * name with ".sql" added, each ended by a NUL. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The order and sizes are known to probe.py. */
struct probe_page {
	_Atomic uint64_t opened;
	_Atomic uint64_t statements;
	_Atomic uint64_t commits;
	_Atomic uint64_t syncs;
	_Atomic uint64_t fail_syncs; /* not 0: every sync fails with EIO */
};

enum { SEEN_COUNT = 8192 };

static struct probe_page *page;
static int sql_file = -1;
static _Atomic uint64_t seen[SEEN_COUNT]; /* hashes of the SQL texts written down; open addressing */

__attribute__((constructor)) static void probe_start(void)
{
	const char *name = getenv("ROWMILL_PROBE");
	if (!name)
		return;
	int file = open(name, O_RDWR | O_CLOEXEC);
	if (file < 0)
		abort();
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	char sql_name[4096];
	if (page == MAP_FAILED || strlen(name) + sizeof(".sql") > sizeof(sql_name))
		abort();
	strcpy(sql_name, name);
	strcat(sql_name, ".sql");
	sql_file = open(sql_name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (sql_file < 0)
		abort();
}

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);
	if (!function)
		abort();
	return function;
}

static uint64_t hash_of(const char *text) /* FNV-1a; never 0 */
{
	uint64_t hash = 14695981039346656037u;
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash ? hash : 1;
}

static void write_down(const char *sql)
{
	uint64_t hash = hash_of(sql);
	for (size_t i = 0; i < SEEN_COUNT; i++) {
		uint64_t there = 0;
		if (atomic_compare_exchange_strong(&seen[(hash + i) % SEEN_COUNT], &there, hash))
			break;
		if (there == hash)
			return;
	}
	if (write(sql_file, sql, strlen(sql) + 1) < 0)
		abort();
}

/* Called for transactions that wrote, before they are committed. */
static int on_commit(void *context)
{
	(void)context;
	atomic_fetch_add(&page->commits, 1);
	return 0;
}

static int on_statement(unsigned event, void *context, void *statement, void *text)
{
	(void)event;
	(void)context;
	const char *sql = sqlite3_sql(statement);
	if (!sql || strncmp(text, "--", 2) == 0) /* a trigger's inner program is no statement of its own */
		return 0;
	atomic_fetch_add(&page->statements, 1);
	write_down(sql);
	return 0;
}

int sqlite3_open_v2(const char *filename, sqlite3 **database, int flags, const char *vfs)
{
	int (*real)(const char *, sqlite3 **, int, const char *) = next("sqlite3_open_v2");
	int result = real(filename, database, flags, vfs);
	if (page && result == SQLITE_OK) {
		atomic_fetch_add(&page->opened, 1);
		sqlite3_trace_v2(*database, SQLITE_TRACE_STMT, on_statement, NULL);
		sqlite3_commit_hook(*database, on_commit, NULL);
	}
	return result;
}

int sqlite3_open(const char *filename, sqlite3 **database)
{
	return sqlite3_open_v2(filename, database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
}

static int sync_or_fail(const char *name, int file)
{
	int (*real)(int) = next(name);
	if (!page)
		return real(file);
	atomic_fetch_add(&page->syncs, 1);
	if (atomic_load(&page->fail_syncs)) {
		errno = EIO;
		return -1;
	}
	return real(file);
}

int fsync(int file)
{
	return sync_or_fail("fsync", file);
}

int fdatasync(int file)
{
	return sync_or_fail("fdatasync", file);
}
