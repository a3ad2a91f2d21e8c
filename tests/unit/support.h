/* What unit suites share. Include it first: cmocka.h needs the headers that stand here. */
#ifndef ROWMILL_TESTS_UNIT_SUPPORT_H
#define ROWMILL_TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"
#include "base/status.h"

/* The path of a file of other people's test cases ("jsontestsuite/test_parsing"), which live
 * beside the repository and not in it. Where they are missing the running test is skipped
 * loudly, or fails where CI=true. Good until the next call. */
const char *shared_path(const char *relative);

/* A whole file in memory, NUL-terminated; the caller frees .data. Fails the test if it cannot be read. */
struct slice read_file(const char *path);

/* Calls `visit` for each regular file below `folder`, sorted by path. Returns their number. */
size_t visit_files(const char *folder, void (*visit)(void *context, const char *path), void *context);

/* A new empty folder below $TMPDIR, removed when the program ends. */
const char *make_temporary_folder(void);

/* A file descriptor at offset 0 of a nameless file with these bytes. */
int open_bytes(struct slice bytes);

/* Fails the test with the error's text unless `status` is STATUS_OK. */
void assert_ok_at(enum status status, const struct error *err, const char *file, int line);
#define assert_ok(status_, err_) assert_ok_at(status_, err_, __FILE__, __LINE__)

void assert_slice_at(struct slice actual, const char *expected, const char *file, int line);
#define assert_slice(actual_, expected_) assert_slice_at(actual_, expected_, __FILE__, __LINE__)

/* Keeps what is written to standard error, as the log is, until caught_log, which gives it back: good until
 * its next call. */
void catch_log(void);
struct slice caught_log(void);

/* Random numbers from a seed that is printed, and taken from ROWMILL_SEED where that is set. */
uint64_t random_seed(void);
uint64_t random_next(uint64_t *state);

#endif
