#include "parse/transcode.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "base/banned.h"

enum {
	LONGEST_CHARACTER = 16, /* of any encoding, with its shifts */
	ROOM = 64,              /* what one character may become, with a good margin */
};

struct transcode_stage {
	struct stage stage;
	struct stage_input input;
	iconv_t conversion;
	unsigned unit; /* bytes: 2 for UTF-16, 4 for UTF-32, else 1 */
	bool big_endian, flushed;
	char spare[ROOM]; /* what did not fit the caller's buffer */
	size_t spare_begin, spare_end;
};

static uint32_t read_unit(const struct transcode_stage *coding, const char *bytes)
{
	uint32_t unit = 0;

	for (unsigned i = 0; i < coding->unit; i++) {
		unsigned char byte =
			(unsigned char)bytes[coding->big_endian ? i : coding->unit - 1 - i];
		unit = unit << 8 | byte;
	}
	return unit;
}

/* Takes what cannot be decoded from the front of the input, and writes what stands for it. */
static size_t pass_undecodable(struct transcode_stage *coding, char out[3])
{
	struct slice unused = stage_input_unused(&coding->input);

	if (unused.size < coding->unit) {
		stage_input_use(&coding->input, unused.size);
		out[0] = '\xFF';
		return 1;
	}
	uint32_t unit = read_unit(coding, unused.data);
	stage_input_use(&coding->input, coding->unit);
	/* Below the last surrogate, surrogates alone cannot be decoded. */
	if (coding->unit > 1 && unit <= 0xDFFF) {
		out[0] = (char)0xED;
		out[1] = (char)(0x80 | (unit >> 6 & 0x3F));
		out[2] = (char)(0x80 | (unit & 0x3F));
		return 3;
	}
	out[0] = coding->unit > 1 || unit < 0x80 ? '\xFF' : (char)unit;
	return 1;
}

/* Converts what is there into `out`, of which at least ROOM bytes are free. */
static enum status convert(struct transcode_stage *coding, char *out, size_t capacity, size_t *made,
			   struct error *err)
{
	struct stage_input *input = &coding->input;
	struct slice unused = stage_input_unused(input);
	char *from = input->buffer + input->begin, *to = out;
	/* Room is left for what stands for an undecodable byte. */
	size_t from_left = unused.size, to_left = capacity - 3;

	size_t result = iconv(coding->conversion, &from, &from_left, &to, &to_left);
	int problem = result == (size_t)-1 ? errno : 0;
	stage_input_use(input, unused.size - from_left);
	*made = (size_t)(to - out);
	if (problem == EILSEQ || (problem == EINVAL && input->at_end))
		*made += pass_undecodable(coding, to);
	else if (problem == EINVAL && from_left < LONGEST_CHARACTER)
		return stage_input_fill(input, err);
	else if (problem && problem != E2BIG)
		return error_from_errno(err, problem, "decoding the upload");
	return STATUS_OK;
}

/* At the end: what the conversion has kept back. */
static size_t flush(struct transcode_stage *coding, char *out, size_t capacity)
{
	char *to = out;

	if (!coding->flushed)
		iconv(coding->conversion, NULL, NULL, &to, &capacity);
	coding->flushed = true;
	return (size_t)(to - out);
}

static enum status make_some(struct transcode_stage *coding, char *out, size_t capacity,
			     size_t *got, struct error *err)
{
	struct stage_input *input = &coding->input;

	for (*got = 0; *got == 0;) {
		enum status status;
		if (stage_input_unused(input).size) {
			status = convert(coding, out, capacity, got, err);
		} else if (!input->at_end) {
			status = stage_input_fill(input, err);
		} else {
			*got = flush(coding, out, capacity);
			return STATUS_OK;
		}
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static enum status read_decoded(struct stage *stage, char *out, size_t capacity, size_t *got,
				struct error *err)
{
	struct transcode_stage *coding = (struct transcode_stage *)stage;

	if (coding->spare_begin == coding->spare_end) {
		if (capacity >= ROOM)
			return make_some(coding, out, capacity, got, err);
		coding->spare_begin = 0;
		enum status status =
			make_some(coding, coding->spare, ROOM, &coding->spare_end, err);
		if (status != STATUS_OK)
			return status;
	}
	size_t spare = coding->spare_end - coding->spare_begin;
	*got = spare < capacity ? spare : capacity;
	memcpy(out, coding->spare + coding->spare_begin, *got);
	coding->spare_begin += *got;
	return STATUS_OK;
}

static void free_coding(struct stage *stage)
{
	struct transcode_stage *coding = (struct transcode_stage *)stage;

	if (coding->conversion != (iconv_t)-1)
		iconv_close(coding->conversion);
	stage_input_release(&coding->input);
	free(coding);
}

enum status transcode_stage_new(const struct encoding *encoding, struct stage *below,
				struct slice unread, struct stage **stage, struct error *err)
{
	struct transcode_stage *coding = calloc(1, sizeof *coding);
	const char *name = encoding->name;

	*stage = NULL;
	if (!coding) {
		stage_free(below);
		return error_no_memory(err);
	}
	coding->stage = (struct stage){.read = read_decoded, .free = free_coding};
	coding->conversion = (iconv_t)-1;
	coding->unit = strncmp(name, "utf-16", 6) == 0 ? 2 : strncmp(name, "utf-32", 6) == 0 ? 4 : 1;
	coding->big_endian = strcmp(name + strlen(name) - 2, "be") == 0;
	if (!stage_input_init(&coding->input, below, unread, 0)) {
		free_coding(&coding->stage);
		return error_no_memory(err);
	}
	coding->conversion = iconv_open("UTF-8", encoding->iconv);
	if (coding->conversion == (iconv_t)-1) {
		enum status status = error_from_errno(err, errno, "decoding the upload");
		free_coding(&coding->stage);
		return status;
	}
	*stage = &coding->stage;
	return STATUS_OK;
}
