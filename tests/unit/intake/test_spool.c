/* Spool files: what is committed is whole, what is not leaves nothing. */
#include "support.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intake/spool.h"

static struct error err;

static size_t count_files(const char *folder)
{
	DIR *listing = opendir(folder);
	size_t count = 0;

	assert_non_null(listing);
	for (const struct dirent *entry; (entry = readdir(listing)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(listing);
	return count;
}

static struct spooled_file spool_bytes(const char *folder, struct slice bytes, size_t piece)
{
	struct spooled_file file;
	struct spool *spool = NULL;

	assert_ok(spool_begin(folder, bytes.size, &spool, &err), &err);
	for (size_t at = 0; at < bytes.size; at += piece) {
		size_t size = piece < bytes.size - at ? piece : bytes.size - at;
		assert_ok(spool_write(spool, slice_of(bytes.data + at, size), &err), &err);
	}
	assert_int_equal(spool_size(spool), bytes.size);
	size_t head = bytes.size < SPOOL_HEAD_SIZE ? bytes.size : SPOOL_HEAD_SIZE;
	assert_true(slice_equal(spool_head(spool), slice_of(bytes.data, head)));
	assert_ok(spool_commit(spool, &file, &err), &err);
	spool_free(spool);
	return file;
}

static struct slice read_spooled(const char *folder, const char *name)
{
	char path[4300];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return read_file(path);
}

static void a_committed_file_holds_what_was_written(void **state)
{
	const char *folder = make_temporary_folder();
	static const size_t pieces[] = {1000, 16 * 1024, 128 * 1024 - 1, 128 * 1024, 300000, 12000000};
	const size_t size = 11000000; /* over a writeback's size */
	char *bytes = malloc(size);
	uint64_t seed = 7;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)random_next(&seed);
	unsigned char digest[SHA256_SIZE];
	sha256_of(slice_of(bytes, size), digest);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct spooled_file file = spool_bytes(folder, slice_of(bytes, size), pieces[i]);
		assert_int_equal(file.size, size);
		assert_memory_equal(file.sha256, digest, SHA256_SIZE);
		struct slice read = read_spooled(folder, file.name);
		assert_true(slice_equal(read, slice_of(bytes, size)));
		free((char *)(uintptr_t)read.data);
		assert_ok(spool_remove(folder, slice_of_string(file.name), &err), &err);
	}
	assert_int_equal(count_files(folder), 0);
	free(bytes);
}

static void an_empty_file_is_a_file(void **state)
{
	const char *folder = make_temporary_folder();
	struct spooled_file file = spool_bytes(folder, SLICE(""), 1);
	char hex[SHA256_HEX_SIZE];

	(void)state;
	sha256_hex(file.sha256, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(file.size, 0);
	assert_int_equal(count_files(folder), 1);
}

static void names_are_random_and_never_the_same(void **state)
{
	const char *folder = make_temporary_folder();
	struct spooled_file files[50];

	(void)state;
	for (size_t i = 0; i < 50; i++) {
		files[i] = spool_bytes(folder, SLICE("the same"), 8);
		assert_int_equal(strlen(files[i].name), SPOOL_NAME_SIZE - 1);
		assert_memory_equal(files[i].name, "u-", 2);
		assert_int_equal(strspn(files[i].name + 2, "0123456789abcdef"), 32);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(files[i].name, files[k].name);
	}
	assert_int_equal(count_files(folder), 50);
}

static void what_is_not_committed_leaves_nothing(void **state)
{
	const char *folder = make_temporary_folder();
	struct spool *spool = NULL;

	(void)state;
	assert_ok(spool_begin(folder, 100, &spool, &err), &err);
	assert_int_equal(count_files(folder), 1);
	assert_ok(spool_write(spool, SLICE("half"), &err), &err);
	spool_free(spool);
	assert_int_equal(count_files(folder), 0);
	spool_free(NULL);
}

static void the_limit_is_the_last_byte_taken(void **state)
{
	const char *folder = make_temporary_folder();
	struct spool *spool = NULL;
	struct spooled_file file;

	(void)state;
	assert_ok(spool_begin(folder, 10, &spool, &err), &err);
	assert_ok(spool_write(spool, SLICE("0123456789"), &err), &err);
	assert_int_equal(spool_write(spool, SLICE("x"), &err), STATUS_TOO_LARGE);
	assert_string_equal(err.code, "upload-too-large");
	assert_int_equal(spool_write(spool, SLICE("x"), &err), STATUS_INTERNAL);
	assert_int_equal(spool_commit(spool, &file, &err), STATUS_INTERNAL);
	spool_free(spool);
	assert_int_equal(count_files(folder), 0);
}

static void a_write_that_fails_is_told_and_leaves_nothing(void **state)
{
	const char *folder = make_temporary_folder();
	struct rlimit before;
	struct spool *spool = NULL;
	struct spooled_file file;
	static char piece[200000];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_ok(spool_begin(folder, 1000000, &spool, &err), &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){300000, before.rlim_max}), 0);
	assert_ok(spool_write(spool, slice_of(piece, sizeof piece), &err), &err);
	assert_int_equal(spool_write(spool, slice_of(piece, sizeof piece), &err), STATUS_IO);
	assert_int_equal(spool_commit(spool, &file, &err), STATUS_INTERNAL);
	spool_free(spool);
	/* The last bytes are written at the commit: it fails as well. */
	assert_ok(spool_begin(folder, 1000000, &spool, &err), &err);
	for (int i = 0; i < 4; i++)
		assert_ok(spool_write(spool, slice_of(piece, 100000), &err), &err);
	assert_int_equal(spool_commit(spool, &file, &err), STATUS_IO);
	spool_free(spool);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(count_files(folder), 0);
}

static void a_committed_file_can_be_opened_and_removed(void **state)
{
	const char *folder = make_temporary_folder();
	struct spooled_file file = spool_bytes(folder, SLICE("content"), 3);
	struct stat info;
	char bytes[16];

	(void)state;
	int fd = spool_open(folder, slice_of_string(file.name), &err);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, bytes, sizeof bytes), 7);
	assert_memory_equal(bytes, "content", 7);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	close(fd);
	assert_ok(spool_remove(folder, slice_of_string(file.name), &err), &err);
	assert_ok(spool_remove(folder, slice_of_string(file.name), &err), &err);
	assert_int_equal(spool_open(folder, slice_of_string(file.name), &err), -1);
	assert_int_equal(err.status, STATUS_NOT_FOUND);
}

static void names_that_are_not_ours_are_refused(void **state)
{
	static const char *const names[] = {"", ".", "../x", "u-", "u-0123456789abcdef0123456789abcdeg",
					    "u-0123456789abcdef0123456789abcdef.part", "x-0123456789abcdef0123456789abcdef",
					    "u-0123456789abcdef0123456789abcde/"};
	const char *folder = make_temporary_folder();

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_int_equal(spool_open(folder, slice_of_string(names[i]), &err), -1);
		assert_int_equal(err.status, STATUS_INVALID);
		assert_int_equal(spool_remove(folder, slice_of_string(names[i]), &err), STATUS_INVALID);
	}
}

static bool keep_one(void *context, struct slice name)
{
	return slice_is(name, context);
}

static void write_text(const char *folder, const char *name)
{
	char path[4300];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("x", file);
	fclose(file);
}

static void cleaning_removes_what_nobody_keeps_and_nothing_foreign(void **state)
{
	const char *folder = make_temporary_folder();
	struct spooled_file kept = spool_bytes(folder, SLICE("kept"), 4);
	struct spooled_file stale = spool_bytes(folder, SLICE("stale"), 5);
	uint64_t removed = 99;

	(void)state;
	write_text(folder, "u-0123456789abcdef0123456789abcdef.part");
	write_text(folder, "notes.txt");
	write_text(folder, "other.part");
	assert_ok(spool_clean(folder, keep_one, kept.name, &removed, &err), &err);
	assert_int_equal(removed, 2);
	assert_int_equal(count_files(folder), 3);
	int fd = spool_open(folder, slice_of_string(kept.name), &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(spool_open(folder, slice_of_string(stale.name), &err), -1);
}

static void the_folder_is_made_for_its_owner_alone(void **state)
{
	char folder[4300], below[4400];
	struct stat info;

	(void)state;
	snprintf(folder, sizeof folder, "%s/spool", make_temporary_folder());
	assert_ok(spool_prepare_folder(folder, &err), &err);
	assert_int_equal(stat(folder, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_ok(spool_prepare_folder(folder, &err), &err);
	snprintf(below, sizeof below, "%s/no/such", folder);
	assert_int_equal(spool_prepare_folder(below, &err), STATUS_IO);
	assert_null(strstr(err.detail, folder));
	write_text(folder, "file");
	snprintf(below, sizeof below, "%s/file", folder);
	assert_int_equal(spool_prepare_folder(below, &err), STATUS_IO);
}

static void a_folder_that_has_gone_is_an_error_and_no_crash(void **state)
{
	const char *folder = "/proc/no-such-folder";
	struct spool *spool = NULL;
	uint64_t removed;

	(void)state;
	assert_int_equal(spool_begin(folder, 1, &spool, &err), STATUS_IO);
	assert_null(spool);
	assert_int_equal(spool_clean(folder, keep_one, NULL, &removed, &err), STATUS_IO);
}

static void a_folder_that_cannot_be_written_is_an_error(void **state)
{
	struct spool *spool = NULL;

	(void)state;
	/* /proc takes no new files, not even from root. */
	assert_int_equal(spool_begin("/proc", 1, &spool, &err), STATUS_IO);
	assert_null(spool);
	if (geteuid() == 0)
		return;
	const char *folder = make_temporary_folder();
	assert_int_equal(chmod(folder, 0500), 0);
	assert_int_equal(spool_prepare_folder(folder, &err), STATUS_IO);
	assert_int_equal(spool_begin(folder, 1, &spool, &err), STATUS_IO);
	assert_int_equal(chmod(folder, 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_committed_file_holds_what_was_written),
		cmocka_unit_test(an_empty_file_is_a_file),
		cmocka_unit_test(names_are_random_and_never_the_same),
		cmocka_unit_test(what_is_not_committed_leaves_nothing),
		cmocka_unit_test(the_limit_is_the_last_byte_taken),
		cmocka_unit_test(a_write_that_fails_is_told_and_leaves_nothing),
		cmocka_unit_test(a_committed_file_can_be_opened_and_removed),
		cmocka_unit_test(names_that_are_not_ours_are_refused),
		cmocka_unit_test(cleaning_removes_what_nobody_keeps_and_nothing_foreign),
		cmocka_unit_test(the_folder_is_made_for_its_owner_alone),
		cmocka_unit_test(a_folder_that_has_gone_is_an_error_and_no_crash),
		cmocka_unit_test(a_folder_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
