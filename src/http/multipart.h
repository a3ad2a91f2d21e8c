/* A strict streaming reader of multipart/form-data (RFC 7578, RFC 2046 section 5.1).
 *
 * Bytes go in as they arrive; parts come out by callbacks, in whatever pieces. Nothing of a
 * part's content is buffered beyond one delimiter's length. Refused (STATUS_INVALID,
 * "malformed-multipart", with the byte):
 * a boundary that is missing or longer than 70 characters, a bare LF where CRLF belongs, a part without
 * Content-Disposition: form-data and name, headers over 8 KiB a part, a folded header, repeated
 * Content-Disposition, text before the first delimiter or after one on its line, an end without the
 * closing delimiter. Empty lines before the first delimiter and an epilogue are ignored, and so is
 * Content-Transfer-Encoding (RFC 7578 4.7): content is what was sent.
 *
 * Threads: a reader belongs to one thread at a time. */
#ifndef ROWMILL_HTTP_MULTIPART_H
#define ROWMILL_HTTP_MULTIPART_H

#include "base/slice.h"
#include "base/status.h"

/* Good until the callback that it is passed to returns. Names are as sent but for \", which is a quote: a
 * percent sequence is not decoded, as browsers do not (WPT, formdata-parsing), since "100%22.csv" may be
 * just that. */
struct multipart_part {
	struct slice name;
	struct slice filename;     /* data NULL: none */
	struct slice content_type; /* empty: none; the last one where it is repeated */
};

struct multipart_callbacks {
	void *context;
	/* Any status but STATUS_OK ends the parse and is returned to the feeder; the reader can then only be
	 * freed. */
	enum status (*on_part)(void *context, const struct multipart_part *part, struct error *err);
	enum status (*on_data)(void *context, struct slice piece, struct error *err);
	enum status (*on_part_end)(void *context, struct error *err);
};

struct multipart;

/* Finds the boundary in a Content-Type value. false: it is no multipart/form-data; true with an
 * empty boundary: it is, but the boundary is missing or malformed. */
bool multipart_boundary(struct slice content_type, struct slice *boundary);

struct multipart *multipart_new(struct slice boundary, const struct multipart_callbacks *callbacks); /* NULL: no memory */
void multipart_free(struct multipart *multipart); /* NULL is fine */
enum status multipart_feed(struct multipart *multipart, struct slice bytes, struct error *err);
enum status multipart_finish(struct multipart *multipart, struct error *err); /* there are no more bytes */

#endif
