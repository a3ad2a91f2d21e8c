#include "parse/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum { INPUT_SIZE = 64 * 1024 };

struct file_stage {
	struct stage stage;
	int fd;
	size_t chunk_size;
	uint64_t *bytes_read;
};

static enum status read_file(struct stage *stage, char *out, size_t capacity, size_t *got,
			     struct error *err)
{
	struct file_stage *file = (struct file_stage *)stage;
	size_t size = capacity < file->chunk_size ? capacity : file->chunk_size;
	ssize_t count;

	do
		count = read(file->fd, out, size);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_from_errno(err, errno, "reading the upload");
	*got = (size_t)count;
	*file->bytes_read += (uint64_t)count;
	return STATUS_OK;
}

static void free_plain(struct stage *stage)
{
	free(stage);
}

struct stage *file_stage_new(int fd, size_t chunk_size, uint64_t *bytes_read)
{
	struct file_stage *file = malloc(sizeof *file);

	if (!file)
		return NULL;
	*file = (struct file_stage){.stage = {.read = read_file, .free = free_plain},
				    .fd = fd,
				    .chunk_size = chunk_size,
				    .bytes_read = bytes_read};
	return &file->stage;
}

struct memory_stage {
	struct stage stage;
	struct slice rest;
};

static enum status read_memory(struct stage *stage, char *out, size_t capacity, size_t *got,
			       struct error *err)
{
	struct memory_stage *memory = (struct memory_stage *)stage;

	(void)err;
	*got = memory->rest.size < capacity ? memory->rest.size : capacity;
	if (*got)
		memcpy(out, memory->rest.data, *got);
	memory->rest = slice_of(memory->rest.data + *got, memory->rest.size - *got);
	return STATUS_OK;
}

struct stage *memory_stage_new(struct slice text)
{
	struct memory_stage *memory = malloc(sizeof *memory);

	if (!memory)
		return NULL;
	*memory = (struct memory_stage){.stage = {.read = read_memory, .free = free_plain},
					.rest = text};
	return &memory->stage;
}

bool stage_input_init(struct stage_input *input, struct stage *below, struct slice unread,
		      uint64_t offset)
{
	size_t allocated = unread.size + INPUT_SIZE;

	*input = (struct stage_input){.below = below, .allocated = allocated, .offset = offset};
	input->buffer = malloc(allocated);
	if (!input->buffer)
		return false;
	if (unread.size)
		memcpy(input->buffer, unread.data, unread.size);
	input->end = unread.size;
	return true;
}

void stage_input_release(struct stage_input *input)
{
	stage_free(input->below);
	free(input->buffer);
	*input = (struct stage_input){0};
}

enum status stage_input_fill(struct stage_input *input, struct error *err)
{
	size_t unused = input->end - input->begin, got;

	if (unused)
		memmove(input->buffer, input->buffer + input->begin, unused);
	input->begin = 0;
	input->end = unused;
	enum status status = input->below->read(input->below, input->buffer + unused,
						input->allocated - unused, &got, err);
	if (status != STATUS_OK)
		return status;
	input->end += got;
	input->at_end = got == 0;
	return STATUS_OK;
}
