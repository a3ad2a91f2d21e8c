#include "parse/decompress.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/banned.h"

static const uint64_t SIZE_LIMIT = UINT64_C(64) << 30;
enum { FREE_SIZE = 256 << 20, RATIO_LIMIT = 200 };

struct decompress_stage {
	struct stage stage;
	struct stage_input input;
	enum compression compression;
	uint64_t made, size_limit; /* bytes unpacked */
	bool inside;               /* a member or frame has begun and has not ended */
	bool any;                  /* one has ended */
	bool damaged;              /* behind what was unpacked last */
	z_stream gzip;
	ZSTD_DStream *zstd;
};

enum compression compression_of(struct slice head)
{
	if (slice_starts_with(head, SLICE("\x1F\x8B")))
		return COMPRESSION_GZIP;
	if (slice_starts_with(head, SLICE("\x28\xB5\x2F\xFD")))
		return COMPRESSION_ZSTD;
	/* A skippable frame may come first. */
	if (head.size >= 4 && (head.data[0] & 0xF0) == 0x50 &&
	    memcmp(head.data + 1, "\x2A\x4D\x18", 3) == 0)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

const char *compression_name(enum compression compression)
{
	return compression == COMPRESSION_GZIP ? "gzip" : "zstd";
}

static enum status fail(const struct decompress_stage *unpacking, const char *code,
			const char *problem, struct error *err)
{
	uint64_t byte = unpacking->input.offset;

	return error_set_at(err, STATUS_INVALID, code, 0, 0, byte,
			    "The %s stream %s at its byte %llu (%llu bytes were unpacked); pack the file "
			    "again, or upload it unpacked.",
			    compression_name(unpacking->compression), problem,
			    (unsigned long long)byte, (unsigned long long)unpacking->made);
}

static enum status fail_truncated(const struct decompress_stage *unpacking, struct error *err)
{
	return fail(unpacking, "truncated-compression", "ends too early,", err);
}

static enum status fail_corrupt(const struct decompress_stage *unpacking, struct error *err)
{
	return fail(unpacking, "corrupt-compression", "is damaged", err);
}

/* The library found damage; what it unpacked before that is given first. */
static enum status meet_damage(struct decompress_stage *unpacking, size_t made, struct error *err)
{
	unpacking->damaged = true;
	return made ? STATUS_OK : fail_corrupt(unpacking, err);
}

/* One step of inflate: *made bytes into `out`. */
static enum status unpack_gzip(struct decompress_stage *unpacking, char *out, size_t capacity,
			       size_t *made, struct error *err)
{
	struct slice unused = stage_input_unused(&unpacking->input);
	z_stream *gzip = &unpacking->gzip;

	gzip->next_in = (Bytef *)(uintptr_t)unused.data;
	gzip->avail_in = (uInt)unused.size;
	gzip->next_out = (Bytef *)out;
	gzip->avail_out = (uInt)capacity;
	unpacking->inside = true;
	int result = inflate(gzip, Z_NO_FLUSH);
	stage_input_use(&unpacking->input, unused.size - gzip->avail_in);
	*made = capacity - gzip->avail_out;
	if (result == Z_STREAM_END) {
		unpacking->inside = false;
		unpacking->any = true;
		result = inflateReset(gzip);
	}
	if (result == Z_MEM_ERROR)
		return error_no_memory(err);
	return result == Z_OK || result == Z_BUF_ERROR ? STATUS_OK
						       : meet_damage(unpacking, *made, err);
}

static enum status unpack_zstd(struct decompress_stage *unpacking, char *out, size_t capacity,
			       size_t *made, struct error *err)
{
	struct slice unused = stage_input_unused(&unpacking->input);
	ZSTD_inBuffer in = {unused.data, unused.size, 0};
	ZSTD_outBuffer written = {out, capacity, 0};

	unpacking->inside = true;
	size_t result = ZSTD_decompressStream(unpacking->zstd, &written, &in);
	stage_input_use(&unpacking->input, in.pos);
	*made = written.pos;
	if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
		return error_no_memory(err);
	if (ZSTD_isError(result))
		return meet_damage(unpacking, *made, err);
	if (result == 0) {
		unpacking->inside = false;
		unpacking->any = true;
	}
	return STATUS_OK;
}

/* Passes padding between members. */
static void pass_padding(struct decompress_stage *unpacking)
{
	struct slice unused = stage_input_unused(&unpacking->input);
	size_t padding = 0;

	while (padding < unused.size && unused.data[padding] == '\0')
		padding++;
	stage_input_use(&unpacking->input, padding);
}

static enum status check_limits(const struct decompress_stage *unpacking, struct error *err)
{
	uint64_t made = unpacking->made, used = unpacking->input.offset;

	if (made <= unpacking->size_limit && (made <= FREE_SIZE || made / RATIO_LIMIT <= used))
		return STATUS_OK;
	return error_set_at(err, STATUS_TOO_LARGE, "too-much-unpacked", 0, 0, used,
			    "The file unpacks to more than it may: %llu bytes out of the first %llu of "
			    "its own. At most %llu bytes are unpacked, and over %d MiB at most %d times "
			    "the packed size; upload it unpacked or in parts.",
			    (unsigned long long)made, (unsigned long long)used,
			    (unsigned long long)unpacking->size_limit, FREE_SIZE >> 20, RATIO_LIMIT);
}

static enum status read_unpacked(struct stage *stage, char *out, size_t capacity, size_t *got,
				 struct error *err)
{
	struct decompress_stage *unpacking = (struct decompress_stage *)stage;
	struct stage_input *input = &unpacking->input;

	*got = 0;
	if (unpacking->damaged)
		return fail_corrupt(unpacking, err);
	if (capacity > INT32_MAX)
		capacity = INT32_MAX;
	for (bool starved = false; *got == 0;) {
		enum status status = STATUS_OK;
		if (!unpacking->inside && unpacking->any &&
		    unpacking->compression == COMPRESSION_GZIP)
			pass_padding(unpacking);
		/* A full output may have left more inside the library: input is taken only where
		 * it gave nothing. */
		if ((starved || !unpacking->inside) && stage_input_unused(input).size == 0) {
			if (!input->at_end)
				status = stage_input_fill(input, err);
			if (status != STATUS_OK)
				return status;
			if (input->at_end)
				return unpacking->inside ? fail_truncated(unpacking, err)
							 : STATUS_OK;
			if (!unpacking->inside)
				continue;
		}
		status = unpacking->compression == COMPRESSION_GZIP
				 ? unpack_gzip(unpacking, out, capacity, got, err)
				 : unpack_zstd(unpacking, out, capacity, got, err);
		if (status != STATUS_OK)
			return status;
		starved = *got == 0;
	}
	unpacking->made += *got;
	return check_limits(unpacking, err);
}

static void free_unpacking(struct stage *stage)
{
	struct decompress_stage *unpacking = (struct decompress_stage *)stage;

	if (unpacking->compression == COMPRESSION_GZIP)
		inflateEnd(&unpacking->gzip);
	ZSTD_freeDStream(unpacking->zstd);
	stage_input_release(&unpacking->input);
	free(unpacking);
}

static bool start(struct decompress_stage *unpacking)
{
	enum { GZIP_ALONE = 16 };

	if (unpacking->compression == COMPRESSION_GZIP)
		return inflateInit2(&unpacking->gzip, MAX_WBITS + GZIP_ALONE) == Z_OK;
	unpacking->zstd = ZSTD_createDStream();
	return unpacking->zstd != NULL;
}

struct stage *decompress_stage_new(enum compression compression, struct stage *below,
				   struct slice unread, uint64_t size_limit)
{
	struct decompress_stage *unpacking = calloc(1, sizeof *unpacking);

	if (!unpacking) {
		stage_free(below);
		return NULL;
	}
	unpacking->stage = (struct stage){.read = read_unpacked, .free = free_unpacking};
	unpacking->compression = compression;
	unpacking->size_limit = size_limit ? size_limit : SIZE_LIMIT;
	if (!stage_input_init(&unpacking->input, below, unread, 0) || !start(unpacking)) {
		free_unpacking(&unpacking->stage);
		return NULL;
	}
	return &unpacking->stage;
}
