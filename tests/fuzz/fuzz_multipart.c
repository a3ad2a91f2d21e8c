/* Whatever a multipart body holds: parts come out, or it is refused with the byte, and the pieces in which it arrives
 * change nothing.
 *
 * The first byte is the size of pieces; the boundary is "b". */
#include <string.h>

#include "base/strbuf.h"
#include "fuzz.h"
#include "http/multipart.h"

enum { OUT_MAX = 1 << 24 };

struct reading {
	struct strbuf out;
	bool inside;
};

static void put(struct strbuf *out, char sign, struct slice text)
{
	strbuf_add_byte(out, sign);
	strbuf_add_format(out, "%zu:", text.size);
	strbuf_add_slice(out, text);
}

static enum status on_part(void *context, const struct multipart_part *part, struct error *err)
{
	struct reading *reading = context;

	(void)err;
	must(!reading->inside, "a part in a part");
	reading->inside = true;
	put(&reading->out, 'n', part->name);
	put(&reading->out, part->filename.data ? 'f' : '-', part->filename);
	put(&reading->out, 't', part->content_type);
	return STATUS_OK;
}

static enum status on_data(void *context, struct slice piece, struct error *err)
{
	struct reading *reading = context;

	(void)err;
	must(reading->inside, "content of no part");
	strbuf_add_slice(&reading->out, piece);
	return STATUS_OK;
}

static enum status on_part_end(void *context, struct error *err)
{
	struct reading *reading = context;

	(void)err;
	must(reading->inside, "an end of no part");
	reading->inside = false;
	strbuf_add_byte(&reading->out, '.');
	return STATUS_OK;
}

static enum status read_in_pieces(struct slice body, size_t piece_size, struct reading *reading)
{
	const struct multipart_callbacks callbacks = {reading, on_part, on_data, on_part_end};
	struct multipart *multipart = multipart_new(SLICE("b"), &callbacks);
	enum status status = STATUS_OK;
	struct error err = {0};

	must(multipart != NULL, "memory");
	*reading = (struct reading){0};
	strbuf_init(&reading->out, OUT_MAX);
	for (size_t at = 0; at < body.size && status == STATUS_OK; at += piece_size) {
		size_t left = body.size - at, size = left < piece_size ? left : piece_size;
		/* A copy of its own, so that reading past a piece is found. */
		char *piece = malloc(size);
		must(piece != NULL, "memory");
		memcpy(piece, body.data + at, size);
		status = multipart_feed(multipart, slice_of(piece, size), &err);
		free(piece);
	}
	if (status == STATUS_OK)
		status = multipart_finish(multipart, &err);
	must(status == STATUS_OK || (status == STATUS_INVALID && strcmp(err.code, "malformed-multipart") == 0 &&
				     err.detail[0] && err.byte <= body.size),
	     "an error without a word");
	must(status != STATUS_OK || !reading->inside, "a part without an end");
	strbuf_add_format(&reading->out, "%d %s %llu", (int)status, err.detail, (unsigned long long)err.byte);
	multipart_free(multipart);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading whole, pieces;

	if (size < 2)
		return 0;
	struct slice body = slice_of((const char *)data + 1, size - 1), boundary;
	read_in_pieces(body, body.size, &whole);
	read_in_pieces(body, 1 + data[0], &pieces);
	must(slice_equal(strbuf_slice(&whole.out), strbuf_slice(&pieces.out)), "pieces change the result");
	strbuf_release(&whole.out);
	strbuf_release(&pieces.out);
	multipart_boundary(body, &boundary);
	return 0;
}
