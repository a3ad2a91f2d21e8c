#include "column/spill.h"

#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

enum { PAGE = 4096, WORTH_A_PLACE = 64 * 1024, FIRST_PLACES = 64 };

struct place {
	char *block;
	off_t offset;
};

struct spill {
	int fd;
	pthread_mutex_t mutex;
	off_t end;
	bool told; /* that the disk takes no more */
	struct place *places; /* of the blocks that there are */
	size_t count, capacity;
};

struct spill *spill_new(const char *folder)
{
	struct spill *spill = calloc(1, sizeof *spill);

	if (!spill)
		return NULL;
	spill->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (spill->fd < 0) {
		free(spill);
		return NULL;
	}
	pthread_mutex_init(&spill->mutex, NULL);
	return spill;
}

void spill_free(struct spill *spill)
{
	if (!spill)
		return;
	close(spill->fd);
	pthread_mutex_destroy(&spill->mutex);
	free(spill->places);
	free(spill);
}

bool spill_wants(size_t size)
{
	return size >= WORTH_A_PLACE;
}

static size_t in_pages(size_t size)
{
	return (size + PAGE - 1) / PAGE * PAGE;
}

static bool write_all(int fd, const char *bytes, size_t size, off_t offset)
{
	while (size) {
		ssize_t written = pwrite(fd, bytes, size, offset);
		if (written <= 0)
			return false;
		bytes += written;
		size -= (size_t)written;
		offset += written;
	}
	return true;
}

/* Room for one more place, and the file's next offset. */
static bool reserve(struct spill *spill, size_t size, off_t *offset)
{
	if (spill->count == spill->capacity) {
		size_t larger = spill->capacity ? 2 * spill->capacity : FIRST_PLACES;
		struct place *more = realloc(spill->places, larger * sizeof *more);
		if (!more)
			return false;
		spill->places = more;
		spill->capacity = larger;
	}
	*offset = spill->end;
	spill->end += (off_t)in_pages(size);
	spill->places[spill->count++] = (struct place){NULL, *offset};
	return true;
}

static void forget(struct spill *spill, off_t offset)
{
	pthread_mutex_lock(&spill->mutex);
	for (size_t i = 0; i < spill->count; i++)
		if (spill->places[i].offset == offset) {
			spill->places[i] = spill->places[--spill->count];
			break;
		}
	pthread_mutex_unlock(&spill->mutex);
}

static void tell(struct spill *spill)
{
	pthread_mutex_lock(&spill->mutex);
	bool first = !spill->told;
	spill->told = true;
	pthread_mutex_unlock(&spill->mutex);
	if (first)
		log_warning(LOG_EVENT("columns stay in memory: their file cannot grow"));
}

char *spill_add(struct spill *spill, const char *bytes, size_t size)
{
	off_t offset = 0;

	pthread_mutex_lock(&spill->mutex);
	bool reserved = reserve(spill, size, &offset);
	pthread_mutex_unlock(&spill->mutex);
	if (!reserved)
		return NULL;
	char *block = MAP_FAILED;
	if (write_all(spill->fd, bytes, size, offset))
		block = mmap(NULL, in_pages(size), PROT_READ, MAP_SHARED, spill->fd, offset);
	if (block == MAP_FAILED) {
		forget(spill, offset);
		tell(spill);
		return NULL;
	}
	pthread_mutex_lock(&spill->mutex);
	for (size_t i = 0; i < spill->count; i++)
		if (spill->places[i].offset == offset)
			spill->places[i].block = block;
	pthread_mutex_unlock(&spill->mutex);
	return block;
}

void spill_drop(struct spill *spill, char *block, size_t size)
{
	off_t offset = -1;

	pthread_mutex_lock(&spill->mutex);
	for (size_t i = 0; i < spill->count; i++)
		if (spill->places[i].block == block) {
			offset = spill->places[i].offset;
			spill->places[i] = spill->places[--spill->count];
			break;
		}
	pthread_mutex_unlock(&spill->mutex);
	munmap(block, in_pages(size));
	/* The space goes back to the disk; where the file system cannot do that, it goes with the program. */
	if (offset >= 0)
		(void)fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
				(off_t)in_pages(size));
}
