/* The layer that gathers writes to the log, call by call against a plain file. */
#include "support.h"

#include "fault_vfs.h"

#include "store/sqlite/log_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILE_SIZE = 300000 };

static char path[4200];
static sqlite3_vfs *vfs;

static int set_up(void **state)
{
	(void)state;
	fault_vfs_install();
	vfs = sqlite3_vfs_find(log_vfs_name());
	return vfs && log_vfs_name() ? 0 : -1;
}

static sqlite3_file *open_log(const char *name)
{
	sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;

	/* SQLite's own xOpen wants a name that ends in two NULs, and the database, whose mode it takes. */
	memset(path, 0, sizeof path);
	snprintf(path, sizeof path - 2, "%s/%s", make_temporary_folder(), name);
	FILE *database = fopen(path, "w");
	assert_non_null(database);
	fclose(database);
	memcpy(path + strlen(path), "-wal", 4);
	assert_non_null(file);
	assert_int_equal(vfs->xOpen(vfs, path, file, flags, &flags), SQLITE_OK);
	return file;
}

static void close_log(sqlite3_file *file)
{
	assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
	free(file);
}

static sqlite3_int64 size_on_disk(void)
{
	struct stat info;

	return stat(path, &info) == 0 ? info.st_size : -1;
}

static void writes_wait_for_the_sync(void **state)
{
	sqlite3_file *file = open_log("waits");
	char text[100] = "frame";

	(void)state;
	assert_int_equal(file->pMethods->xWrite(file, text, 100, 0), SQLITE_OK);
	assert_int_equal(file->pMethods->xWrite(file, text, 100, 100), SQLITE_OK);
	assert_int_equal(size_on_disk(), 0);
	assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
	assert_int_equal(size_on_disk(), 200);
	close_log(file);
}

/* Any order of calls leaves the bytes that the same calls on plain memory leave. */
static void any_calls_read_what_was_written(void **state)
{
	static unsigned char expected[FILE_SIZE], bytes[FILE_SIZE], read[FILE_SIZE];
	sqlite3_file *file = open_log("any");
	uint64_t random = random_seed();
	sqlite3_int64 size = 0, at = 0, found;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		/* Mostly the next bytes, as frames are written. */
		if (random_next(&random) % 8 == 0 || at >= FILE_SIZE)
			at = (sqlite3_int64)(random_next(&random) % (uint64_t)(size + 1));
		int most = random_next(&random) % 50 ? 5000 : 120000, count = 1 + (int)(random_next(&random) % (uint64_t)most);
		if (count > FILE_SIZE - at)
			count = (int)(FILE_SIZE - at);
		switch (count ? random_next(&random) % 16 : 14) {
		case 0:
			assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
			break;
		case 1:
			size = (sqlite3_int64)(random_next(&random) % (uint64_t)(size + 1));
			assert_int_equal(file->pMethods->xTruncate(file, size), SQLITE_OK);
			memset(expected + size, 0, (size_t)(FILE_SIZE - size));
			at = size;
			break;
		case 2:
		case 3:
			if (at + count <= size) {
				assert_int_equal(file->pMethods->xRead(file, read, count, at), SQLITE_OK);
				assert_memory_equal(read, expected + at, (size_t)count);
			}
			break;
		case 14:
			assert_int_equal(file->pMethods->xFileSize(file, &found), SQLITE_OK);
			assert_int_equal(found, size);
			break;
		default:
			for (int j = 0; j < count; j++)
				bytes[j] = (unsigned char)random_next(&random);
			memcpy(expected + at, bytes, (size_t)count);
			assert_int_equal(file->pMethods->xWrite(file, bytes, count, at), SQLITE_OK);
			at += count;
			size = at > size ? at : size;
		}
	}
	assert_int_equal(file->pMethods->xFileSize(file, &found), SQLITE_OK);
	assert_int_equal(found, size);
	assert_int_equal(file->pMethods->xRead(file, read, (int)size, 0), SQLITE_OK);
	assert_memory_equal(read, expected, (size_t)size);
	close_log(file);
}

static void a_write_that_failed_is_told_by_the_sync(void **state)
{
	sqlite3_file *file = open_log("fails");
	char text[100] = "frame";

	(void)state;
	faults = (struct faults){.limited = true};
	assert_int_equal(file->pMethods->xWrite(file, text, 100, 0), SQLITE_OK);
	assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_FULL);
	assert_int_equal(faults.syncs, 0);
	faults = (struct faults){0};
	assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
	assert_int_equal(size_on_disk(), 0);
	close_log(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_wait_for_the_sync),
		cmocka_unit_test(any_calls_read_what_was_written),
		cmocka_unit_test(a_write_that_failed_is_told_by_the_sync),
	};
	return cmocka_run_group_tests_name("sqlite log vfs", tests, set_up, NULL);
}
