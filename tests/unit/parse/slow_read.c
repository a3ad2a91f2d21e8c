#include "support.h"

#include "slow_read.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t __real_read(int fd, void *out, size_t size);
ssize_t __wrap_read(int fd, void *out, size_t size);

static struct {
	bool active;
	size_t quick, piece;
	long calls;
	int error_number;
} slow;

void slow_read_begin(size_t quick, size_t piece, long calls, int error_number)
{
	slow.active = true;
	slow.quick = quick;
	slow.piece = piece;
	slow.calls = calls;
	slow.error_number = error_number;
}

void slow_read_end(void)
{
	slow.active = false;
}

ssize_t __wrap_read(int fd, void *out, size_t size)
{
	if (!slow.active)
		return __real_read(fd, out, size);
	if (slow.calls == 0) {
		errno = slow.error_number;
		if (errno == EINTR)
			slow.calls = -1;
		return -1;
	}
	if (slow.calls > 0)
		slow.calls--;
	size_t allowed = slow.quick ? slow.quick : slow.piece;
	if (size > allowed)
		size = allowed;
	ssize_t got = __real_read(fd, out, size);
	if (got > 0)
		slow.quick -= (size_t)got < slow.quick ? (size_t)got : slow.quick;
	return got;
}

struct slice behind_the_head(enum file_format format, struct slice bytes)
{
	static const char header[] = "a,b,c,d\n";
	char *padded = malloc(SNIFF_SIZE + bytes.size);

	assert_non_null(padded);
	memset(padded, format == FORMAT_CSV ? 'x' : ' ', SNIFF_SIZE);
	if (format == FORMAT_CSV) {
		memcpy(padded, header, sizeof header - 1);
		padded[SNIFF_SIZE - 1] = '\n';
	}
	if (bytes.size)
		memcpy(padded + SNIFF_SIZE, bytes.data, bytes.size);
	return slice_of(padded, SNIFF_SIZE + bytes.size);
}
