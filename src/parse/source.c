#include "parse/source.h"

#include <stdlib.h>

#include "parse/bytes.h"
#include "parse/transcode.h"

#include "base/banned.h"

enum {
	CHUNK_SIZE = 256 * 1024,
	SMALLEST_BUFFER = 4096,
	WATCH_STEP = 1 << 20,
	WATCH_STEPS = 8,
	ENOUGH_HIGH_BYTES = 16,
};

static bool start(struct source *source, struct stage *top)
{
	source->top = top;
	encoding_find(SLICE("utf-8"), &source->encoding);
	return top != NULL;
}

bool source_init(struct source *source, int fd, size_t chunk_size)
{
	*source = (struct source){.chunk_size = chunk_size ? chunk_size : CHUNK_SIZE};
	return start(source, file_stage_new(fd, source->chunk_size, &source->bytes_read));
}

bool source_init_memory(struct source *source, struct slice text)
{
	*source = (struct source){.chunk_size = CHUNK_SIZE};
	return start(source, memory_stage_new(text));
}

void source_replace(struct source *source, struct stage *stage)
{
	stage_free(source->top);
	source->top = stage;
	source->begin = source->end = source->filled = 0;
	source->offset = 0;
	source->drained = source->at_end = source->watching = false;
}

void source_release(struct source *source)
{
	stage_free(source->top);
	free(source->buffer);
	*source = (struct source){0};
}

/* Makes room for one more piece behind the bytes that are there. They are moved to the front only
 * where they are at most half of the buffer, so that moving costs less than reading. */
static bool make_room(struct source *source)
{
	size_t kept = source->filled - source->begin;

	if (source->allocated - source->filled >= source->chunk_size)
		return true;
	size_t wanted = 2 * (kept + source->chunk_size);
	if (wanted < SMALLEST_BUFFER)
		wanted = SMALLEST_BUFFER;
	if (source->allocated < wanted) {
		char *larger = malloc(wanted);
		if (!larger)
			return false;
		if (kept)
			memcpy(larger, source->buffer + source->begin, kept);
		free(source->buffer);
		source->buffer = larger;
		source->allocated = wanted;
	} else {
		memmove(source->buffer, source->buffer + source->begin, kept);
	}
	source->end -= source->begin;
	source->filled = kept;
	source->begin = 0;
	return true;
}

/* Reads one piece more, without showing it. */
static enum status fill(struct source *source, struct error *err)
{
	size_t got;

	if (!make_room(source))
		return error_no_memory(err);
	enum status status = source->top->read(source->top, source->buffer + source->filled,
					       source->chunk_size, &got, err);
	if (status != STATUS_OK)
		return status;
	source->filled += got;
	source->drained = got == 0;
	return STATUS_OK;
}

static void show_all(struct source *source)
{
	source->end = source->filled;
	source->at_end = source->drained;
}

static size_t find_high(struct slice text)
{
	size_t at = 0;

	while (at < text.size && (unsigned char)text.data[at] < 0x80)
		at++;
	return at;
}

static size_t count_high(struct slice text, size_t enough)
{
	size_t high = 0;

	for (size_t i = 0; i < text.size && high < enough; i++)
		high += (unsigned char)text.data[i] >= 0x80;
	return high;
}

/* The bytes from the first that is not shown on, enough to tell their encoding. */
static enum status look_ahead(struct source *source, struct slice *ahead, bool *whole,
			      struct error *err)
{
	for (size_t step = 1;; step++) {
		size_t wanted = step * WATCH_STEP;
		/* One byte more tells whether that is all. */
		while (source->filled - source->end <= wanted && !source->drained) {
			enum status status = fill(source, err);
			if (status != STATUS_OK)
				return status;
		}
		*ahead = slice_of(source->buffer + source->end, source->filled - source->end);
		*whole = ahead->size <= wanted;
		if (*whole)
			return STATUS_OK;
		ahead->size = wanted;
		if (step == WATCH_STEPS || count_high(*ahead, ENOUGH_HIGH_BYTES) == ENOUGH_HIGH_BYTES)
			return STATUS_OK;
	}
}

/* Once something was wanted: until then there is no buffer. */
static struct slice hidden(const struct source *source)
{
	return slice_of(source->buffer + source->end, source->filled - source->end);
}

/* Puts a stage that decodes between what is shown and what is not. */
static enum status divert(struct source *source, const struct encoding *encoding, struct error *err)
{
	struct slice rest = hidden(source);
	struct stage *below = source->top;

	source->top = NULL;
	enum status status = transcode_stage_new(encoding, below, rest, &source->top, err);
	if (status != STATUS_OK)
		return status;
	source->encoding = *encoding;
	source->filled = source->end;
	source->drained = false;
	return STATUS_OK;
}

/* The first byte that is not shown is not ASCII, or an escape. */
static enum status settle_encoding(struct source *source, struct error *err)
{
	bool shift = source->buffer[source->end] == 0x1B;
	struct encoding encoding;
	struct slice ahead;
	bool whole, known;

	if (shift && source->shifts) {
		source->end++;
		return STATUS_OK;
	}
	enum status status = look_ahead(source, &ahead, &whole, err);
	if (status != STATUS_OK)
		return status;
	if (shift) {
		source->shifts = true;
		ahead.size = find_high(ahead);
	}
	if (!encoding_guess(ahead, whole, source->json, &encoding, &known))
		return error_no_memory(err);
	if (known) {
		source->watching = false;
		return divert(source, &encoding, err);
	}
	source->watching = shift;
	if (!shift)
		show_all(source);
	return STATUS_OK;
}

/* Shows more of a text that so far is ASCII. */
static enum status watch(struct source *source, struct error *err)
{
	if (source->end == source->filled) {
		enum status status = fill(source, err);
		if (status != STATUS_OK)
			return status;
	}
	source->end += bytes_find_shift(slice_of(source->buffer + source->end,
						 source->filled - source->end));
	if (source->end < source->filled)
		return settle_encoding(source, err);
	source->at_end = source->drained;
	return STATUS_OK;
}

enum status source_want(struct source *source, size_t size, struct error *err)
{
	while (source->end - source->begin < size && !source->at_end) {
		enum status status = source->watching ? watch(source, err) : fill(source, err);
		if (status != STATUS_OK)
			return status;
		if (!source->watching)
			show_all(source);
	}
	return STATUS_OK;
}

void source_watch(struct source *source, bool json)
{
	source->watching = true;
	source->json = json;
	source->end = source->begin;
	source->at_end = false;
}

static void hide_unread(struct source *source)
{
	source->end = source->begin;
	source->at_end = false;
}

enum status source_decode(struct source *source, const struct encoding *encoding, struct error *err)
{
	hide_unread(source);
	return divert(source, encoding, err);
}

enum status source_unpack(struct source *source, enum compression compression,
			  uint64_t size_limit, struct error *err)
{
	hide_unread(source);
	struct slice rest = hidden(source);
	source->top = decompress_stage_new(compression, source->top, rest, size_limit);
	source->filled = source->end;
	source->drained = false;
	return source->top ? STATUS_OK : error_no_memory(err);
}
