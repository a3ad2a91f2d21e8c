#include "http/multipart.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "http/framing.h"
#include "http/parameter.h"
#include "base/banned.h"

enum { BOUNDARY_MOST = 70, HEADERS_MOST = 8 * 1024, DELIMITER_MOST = BOUNDARY_MOST + 4 };

enum multipart_state {
	BEFORE_FIRST,    /* empty lines, then the first delimiter */
	AFTER_DELIMITER, /* white space and CRLF, or the "--" of the last one */
	PADDING,         /* white space seen: CRLF only */
	DELIMITER_LF,
	LAST_DASH,       /* one '-' of the last delimiter seen */
	IN_HEADERS,      /* at the start of a line or within it */
	HEADER_LF,       /* a CR seen */
	IN_DATA,
	AFTER_LAST,      /* white space, CRLF or the end */
	AFTER_LAST_LF,
	EPILOGUE,        /* ignored (RFC 2046) */
	FAILED,
};

struct multipart {
	struct multipart_callbacks callbacks;
	enum multipart_state state;
	/* CR LF "--" and the boundary. Its only CR is the first byte: a match that fails can begin anew
	 * only at the byte that failed it. */
	char delimiter[DELIMITER_MOST];
	size_t delimiter_size;
	size_t matched;       /* bytes of the delimiter that the input has just shown, held back */
	uint64_t byte;        /* bytes fed and done with */
	struct strbuf block;  /* the part's header lines, each with its CRLF */
	size_t line;          /* where the current one starts in `block` */
	uint64_t block_byte;  /* where the block starts in the input */
};

/* ---- the boundary ---- */

static bool is_boundary(struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter_or_digit && (c == '\0' || !strchr("'()+_,-./:=? ", c)))
			return false;
	}
	return text.size > 0 && text.size <= BOUNDARY_MOST && text.data[text.size - 1] != ' ';
}

bool multipart_boundary(struct slice content_type, struct slice *boundary)
{
	struct slice rest = content_type, name, value;
	enum parameter_found found;
	bool seen = false;

	*boundary = slice_of(NULL, 0);
	if (!slice_equal_ignoring_ascii_case(parameter_main_value(&rest), SLICE("multipart/form-data")))
		return false;
	while ((found = parameter_next(&rest, &name, &value)) == PARAMETER_FOUND) {
		if (!slice_equal_ignoring_ascii_case(name, SLICE("boundary")))
			continue;
		*boundary = is_boundary(value) && !seen ? value : slice_of(NULL, 0);
		seen = true;
	}
	if (found == PARAMETER_MALFORMED)
		*boundary = slice_of(NULL, 0);
	return true;
}

/* ---- life ---- */

struct multipart *multipart_new(struct slice boundary, const struct multipart_callbacks *callbacks)
{
	struct multipart *multipart = calloc(1, sizeof *multipart);

	if (!multipart)
		return NULL;
	multipart->callbacks = *callbacks;
	strbuf_init(&multipart->block, HEADERS_MOST);
	if (!is_boundary(boundary)) {
		multipart->state = FAILED;
		return multipart;
	}
	memcpy(multipart->delimiter, "\r\n--", 4);
	memcpy(multipart->delimiter + 4, boundary.data, boundary.size);
	multipart->delimiter_size = boundary.size + 4;
	/* The first delimiter needs no line end before it. */
	multipart->matched = 2;
	return multipart;
}

void multipart_free(struct multipart *multipart)
{
	if (!multipart)
		return;
	strbuf_release(&multipart->block);
	free(multipart);
}

static enum status refuse(struct multipart *multipart, uint64_t byte, const char *what, struct error *err)
{
	multipart->state = FAILED;
	return error_set_at(err, STATUS_INVALID, "malformed-multipart", 0, 0, byte,
			    "The multipart body is malformed at byte %llu: %s.", (unsigned long long)byte, what);
}

/* ---- a part's headers ---- */

/* \" becomes a quote, in place. */
static struct slice unescape_quotes(char *text, size_t size)
{
	size_t out = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\\' && i + 1 < size && text[i + 1] == '"')
			i++;
		text[out++] = text[i];
	}
	return slice_of(text, out);
}

/* What is wrong with it; NULL: nothing. */
static const char *read_disposition(struct multipart *multipart, struct slice value, struct multipart_part *part)
{
	struct slice rest = value, name, found_value;
	enum parameter_found found;

	if (part->name.data)
		return "a part has two Content-Disposition headers";
	if (!slice_equal_ignoring_ascii_case(parameter_main_value(&rest), SLICE("form-data")))
		return "a part's Content-Disposition is not form-data";
	while ((found = parameter_next(&rest, &name, &found_value)) == PARAMETER_FOUND) {
		struct slice *wanted = slice_equal_ignoring_ascii_case(name, SLICE("name"))       ? &part->name
				       : slice_equal_ignoring_ascii_case(name, SLICE("filename")) ? &part->filename
												    : NULL;
		if (!wanted)
			continue;
		if (wanted->data)
			return "a part's Content-Disposition says the same thing twice";
		*wanted = unescape_quotes(multipart->block.data + (found_value.data - multipart->block.data),
					  found_value.size);
	}
	if (found == PARAMETER_MALFORMED)
		return "a part's Content-Disposition cannot be read";
	return part->name.data ? NULL : "a part has no name";
}

static bool has_control(struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if ((c < 0x20 && c != '\t') || c == 0x7F)
			return true;
	}
	return false;
}

static const char *read_header(struct multipart *multipart, struct slice line, struct multipart_part *part)
{
	size_t colon = slice_find(line, ':', 0);
	struct slice name = slice_trim(slice_of(line.data, colon)), value;

	if (line.data != multipart->block.data && (line.data[0] == ' ' || line.data[0] == '\t'))
		return "a header is folded";
	if (colon == line.size)
		return "a header has no colon";
	if (!is_token(name))
		return "a header's name is not a token";
	value = slice_trim(slice_of(line.data + colon + 1, line.size - colon - 1));
	if (has_control(value))
		return "a header's value holds a control character";
	if (slice_equal_ignoring_ascii_case(name, SLICE("Content-Disposition")))
		return read_disposition(multipart, value, part);
	if (slice_equal_ignoring_ascii_case(name, SLICE("Content-Type")))
		part->content_type = value;
	return NULL;
}

/* The block is complete. The part's text lives in it, until the next part. */
static enum status begin_part(struct multipart *multipart, struct error *err)
{
	struct slice block = strbuf_slice(&multipart->block);
	struct multipart_part part = {.content_type = SLICE("")};

	for (size_t at = 0; at < block.size;) {
		size_t end = slice_find(block, '\n', at);
		const char *wrong = read_header(multipart, slice_of(block.data + at, end - 1 - at), &part);
		if (wrong)
			return refuse(multipart, multipart->block_byte + at, wrong, err);
		at = end + 1;
	}
	if (!part.name.data)
		return refuse(multipart, multipart->block_byte, "a part has no Content-Disposition", err);
	multipart->state = IN_DATA;
	multipart->matched = 0;
	return multipart->callbacks.on_part(multipart->callbacks.context, &part, err);
}

static enum status read_headers(struct multipart *multipart, struct slice bytes, size_t *at, struct error *err)
{
	char c = bytes.data[*at];

	if (c == '\n' && multipart->state == IN_HEADERS)
		return refuse(multipart, multipart->byte + *at, "a line ends in a bare LF", err);
	if (c != '\n' && multipart->state == HEADER_LF)
		return refuse(multipart, multipart->byte + *at, "a CR stands alone", err);
	++*at;
	if (c == '\r') {
		multipart->state = HEADER_LF;
		return STATUS_OK;
	}
	if (c == '\n') {
		if (multipart->line == multipart->block.size)
			return begin_part(multipart, err);
		strbuf_add(&multipart->block, "\r\n", 2);
		multipart->line = multipart->block.size;
		multipart->state = IN_HEADERS;
	} else {
		strbuf_add_byte(&multipart->block, c);
	}
	if (!strbuf_ok(&multipart->block))
		return refuse(multipart, multipart->byte + *at, "a part's headers are over 8 KiB", err);
	return STATUS_OK;
}

/* ---- delimiters and data ---- */

static enum status read_before_first(struct multipart *multipart, struct slice bytes, size_t *at, struct error *err)
{
	char c = bytes.data[*at];

	if (c == multipart->delimiter[multipart->matched])
		multipart->matched++;
	else if (c == '\r' && multipart->matched == 2)
		multipart->matched = 1;
	else
		return refuse(multipart, multipart->byte + *at, "it does not begin with the boundary", err);
	++*at;
	if (multipart->matched == multipart->delimiter_size)
		multipart->state = AFTER_DELIMITER;
	return STATUS_OK;
}

static enum status give(struct multipart *multipart, const char *data, size_t size, struct error *err)
{
	if (size == 0)
		return STATUS_OK;
	return multipart->callbacks.on_data(multipart->callbacks.context, slice_of(data, size), err);
}

/* How many of the last bytes may be a delimiter's beginning. */
static size_t count_tail(const struct multipart *multipart, struct slice bytes)
{
	size_t most = bytes.size < multipart->delimiter_size ? bytes.size : multipart->delimiter_size - 1;

	for (size_t size = most; size > 0; size--)
		if (memcmp(bytes.data + bytes.size - size, multipart->delimiter, size) == 0)
			return size;
	return 0;
}

static enum status end_part(struct multipart *multipart, struct error *err)
{
	multipart->state = AFTER_DELIMITER;
	return multipart->callbacks.on_part_end(multipart->callbacks.context, err);
}

/* In runs as long as they come: a CRLF file has a delimiter's first bytes in every line. */
static enum status read_run(struct multipart *multipart, struct slice bytes, size_t *at, struct error *err)
{
	struct slice left = slice_of(bytes.data + *at, bytes.size - *at);
	const char *found = memmem(left.data, left.size, multipart->delimiter, multipart->delimiter_size);
	enum status status;

	if (found) {
		size_t size = (size_t)(found - left.data);
		*at += size + multipart->delimiter_size;
		status = give(multipart, left.data, size, err);
		return status == STATUS_OK ? end_part(multipart, err) : status;
	}
	*at = bytes.size;
	multipart->matched = count_tail(multipart, left);
	return give(multipart, left.data, left.size - multipart->matched, err);
}

static enum status read_data(struct multipart *multipart, struct slice bytes, size_t *at, struct error *err)
{
	if (multipart->matched == 0)
		return read_run(multipart, bytes, at, err);
	/* The pieces before ended in what may become a delimiter. */
	if (bytes.data[*at] != multipart->delimiter[multipart->matched]) {
		size_t held = multipart->matched;
		multipart->matched = 0;
		return give(multipart, multipart->delimiter, held, err);
	}
	++*at;
	if (++multipart->matched < multipart->delimiter_size)
		return STATUS_OK;
	return end_part(multipart, err);
}

static void begin_headers(struct multipart *multipart, uint64_t byte)
{
	strbuf_clear(&multipart->block);
	multipart->line = 0;
	multipart->block_byte = byte;
	multipart->state = IN_HEADERS;
}

/* What may stand between a delimiter and the end of its line. */
static enum status read_line_end(struct multipart *multipart, struct slice bytes, size_t *at, struct error *err)
{
	char c = bytes.data[(*at)++];
	bool blank = c == ' ' || c == '\t';

	switch (multipart->state) {
	case AFTER_DELIMITER:
	case PADDING:
		if (c == '-' && multipart->state == AFTER_DELIMITER)
			multipart->state = LAST_DASH;
		else if (c == '\r')
			multipart->state = DELIMITER_LF;
		else if (blank)
			multipart->state = PADDING;
		else
			break;
		return STATUS_OK;
	case DELIMITER_LF:
		if (c != '\n')
			break;
		begin_headers(multipart, multipart->byte + *at);
		return STATUS_OK;
	case LAST_DASH:
		if (c != '-')
			break;
		multipart->state = AFTER_LAST;
		return STATUS_OK;
	case AFTER_LAST:
		if (c == '\r')
			multipart->state = AFTER_LAST_LF;
		else if (!blank)
			break;
		return STATUS_OK;
	default: /* AFTER_LAST_LF */
		if (c != '\n')
			break;
		multipart->state = EPILOGUE;
		return STATUS_OK;
	}
	return refuse(multipart, multipart->byte + *at - 1, "text follows a boundary on its line", err);
}

enum status multipart_feed(struct multipart *multipart, struct slice bytes, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t at = 0; at < bytes.size && status == STATUS_OK;) {
		switch (multipart->state) {
		case BEFORE_FIRST:
			status = read_before_first(multipart, bytes, &at, err);
			break;
		case IN_HEADERS:
		case HEADER_LF:
			status = read_headers(multipart, bytes, &at, err);
			break;
		case IN_DATA:
			status = read_data(multipart, bytes, &at, err);
			break;
		case EPILOGUE:
			at = bytes.size;
			break;
		case FAILED:
			status = refuse(multipart, multipart->byte, "its boundary is missing, or it was refused before", err);
			break;
		default:
			status = read_line_end(multipart, bytes, &at, err);
			break;
		}
	}
	if (status != STATUS_OK)
		multipart->state = FAILED;
	multipart->byte += bytes.size;
	return status;
}

enum status multipart_finish(struct multipart *multipart, struct error *err)
{
	switch (multipart->state) {
	case AFTER_LAST:
	case AFTER_LAST_LF:
	case EPILOGUE:
		return STATUS_OK;
	default:
		return refuse(multipart, multipart->byte, "it ends without the closing boundary", err);
	}
}
