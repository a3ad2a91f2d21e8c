#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *shared_root(void)
{
	const char *root = getenv("ROWMILL_SHARED");
	return root ? root : "../shared";
}

const char *shared_path(const char *relative)
{
	static char path[4096];
	struct stat info;

	snprintf(path, sizeof path, "%s/%s", shared_root(), relative);
	if (stat(path, &info) == 0)
		return path;
	const char *ci = getenv("CI");
	if (ci && strcmp(ci, "true") == 0)
		fail_msg("%s is missing, and CI=true", path);
	print_message("# SKIPPED: %s is not there (other people's test cases)\n", path);
	skip();
	return NULL;
}

struct slice read_file(const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		fail_msg("%s cannot be read", path);
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	char *data = malloc((size_t)size + 1);
	if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
		fail_msg("%s cannot be read", path);
	fclose(file);
	data[size] = '\0';
	return slice_of(data, (size_t)size);
}

static char **found;
static size_t found_count;

static int remember_file(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)walk;
	if (type != FTW_F)
		return 0;
	char **more = realloc(found, (found_count + 1) * sizeof *found);
	if (!more)
		return -1;
	found = more;
	found[found_count] = strdup(path);
	return found[found_count++] ? 0 : -1;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t visit_files(const char *folder, void (*visit)(void *context, const char *path), void *context)
{
	char root[4096];

	snprintf(root, sizeof root, "%s", folder);
	found = NULL;
	found_count = 0;
	if (nftw(root, remember_file, 16, FTW_PHYS) != 0)
		fail_msg("%s cannot be walked", root);
	char **paths = found;
	size_t count = found_count;
	if (count)
		qsort(paths, count, sizeof *paths, compare_paths);
	for (size_t i = 0; i < count; i++) {
		visit(context, paths[i]);
		free(paths[i]);
	}
	free(paths);
	return count;
}

static char temporary_folder[4096];

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

static void remove_temporary_folder(void)
{
	nftw(temporary_folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *make_temporary_folder(void)
{
	static unsigned made;
	static char path[4200];

	if (!temporary_folder[0]) {
		const char *base = getenv("TMPDIR");
		snprintf(temporary_folder, sizeof temporary_folder, "%s/rowmill-test-XXXXXX",
			 base ? base : "/tmp");
		if (!mkdtemp(temporary_folder))
			fail_msg("no temporary folder can be made");
		atexit(remove_temporary_folder);
	}
	snprintf(path, sizeof path, "%s/%u", temporary_folder, made++);
	if (mkdir(path, 0700) != 0)
		fail_msg("%s cannot be made", path);
	return path;
}

int open_bytes(struct slice bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		fail_msg("memfd_create failed");
	while (done < bytes.size) {
		ssize_t written = write(fd, bytes.data + done, bytes.size - done);
		if (written <= 0)
			fail_msg("writing a test file failed");
		done += (size_t)written;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

void assert_ok_at(enum status status, const struct error *err, const char *file, int line)
{
	if (status == STATUS_OK)
		return;
	print_error("%s: %s\n", status_code(status), err ? err->detail : "");
	_fail(file, line);
}

void assert_slice_at(struct slice actual, const char *expected, const char *file, int line)
{
	if (slice_is(actual, expected))
		return;
	print_error("got \"%.*s\", expected \"%s\"\n", SLICE_ARG(actual), expected);
	_fail(file, line);
}

uint64_t random_seed(void)
{
	const char *given = getenv("ROWMILL_SEED");
	uint64_t seed = given ? (uint64_t)strtoull(given, NULL, 10)
			      : (uint64_t)time(NULL) * 1000003u ^ (uint64_t)(unsigned)getpid();

	print_message("# ROWMILL_SEED=%" PRIu64 "\n", seed);
	return seed;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t random_next(uint64_t *state)
{
	uint64_t mixed = *state += 0x9E3779B97F4A7C15u;

	mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
	mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
	return mixed ^ mixed >> 31;
}

/* Standard error, caught in a nameless file. */
static int saved = -1, caught = -1;

void catch_log(void)
{
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	caught = memfd_create("log", MFD_CLOEXEC);
	assert_true(saved >= 0 && caught >= 0);
	/* A memfd, unlike other files, does not move its offset atomically. */
	assert_int_equal(fcntl(caught, F_SETFL, O_APPEND), 0);
	assert_true(dup2(caught, STDERR_FILENO) >= 0);
}

struct slice caught_log(void)
{
	static char text[1 << 20];

	dup2(saved, STDERR_FILENO);
	close(saved);
	ssize_t size = pread(caught, text, sizeof text - 1, 0);
	close(caught);
	assert_true(size >= 0);
	text[size] = '\0';
	return slice_of(text, (size_t)size);
}
