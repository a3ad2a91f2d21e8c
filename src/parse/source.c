#include "parse/source.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum { CHUNK_SIZE = 256 * 1024, SMALLEST_BUFFER = 4096 };

void source_init(struct source *source, int fd, size_t chunk_size)
{
	*source = (struct source){.fd = fd, .chunk_size = chunk_size ? chunk_size : CHUNK_SIZE};
}

void source_release(struct source *source)
{
	free(source->buffer);
	*source = (struct source){.fd = -1};
}

/* Makes room for one more piece behind the unread bytes. They are moved to the front only
 * where they are at most half of the buffer, so that moving costs less than reading. */
static bool make_room(struct source *source)
{
	size_t unread = source->end - source->begin;

	if (source->allocated - source->end >= source->chunk_size)
		return true;
	size_t wanted = 2 * (unread + source->chunk_size);
	if (wanted < SMALLEST_BUFFER)
		wanted = SMALLEST_BUFFER;
	if (source->allocated < wanted) {
		char *larger = malloc(wanted);
		if (!larger)
			return false;
		if (unread)
			memcpy(larger, source->buffer + source->begin, unread);
		free(source->buffer);
		source->buffer = larger;
		source->allocated = wanted;
	} else {
		memmove(source->buffer, source->buffer + source->begin, unread);
	}
	source->begin = 0;
	source->end = unread;
	return true;
}

enum status source_want(struct source *source, size_t size, struct error *err)
{
	while (source->end - source->begin < size && !source->at_end) {
		if (!make_room(source))
			return error_no_memory(err);
		ssize_t got = read(source->fd, source->buffer + source->end, source->chunk_size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_from_errno(err, errno, "reading the upload");
		source->at_end = got == 0;
		source->end += (size_t)got;
		source->bytes_read += (uint64_t)got;
	}
	return STATUS_OK;
}
