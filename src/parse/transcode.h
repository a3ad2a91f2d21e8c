/* A stage that turns another encoding into UTF-8.
 *
 * What cannot be decoded comes out as bytes that are no UTF-8, so that the row it stands in gets its
 * encoding-error: the byte itself; half of a surrogate pair in three bytes, as UTF-8 would write it
 * if it could; 0xFF for what is cut off at the end, and for bytes that would read as ASCII.
 *
 * Threads: as stage.h. */
#ifndef ROWMILL_PARSE_TRANSCODE_H
#define ROWMILL_PARSE_TRANSCODE_H

#include "parse/encoding.h"
#include "parse/stage.h"

/* Takes over `below`, also where it fails; `unread` are bytes that came from it and go first. */
enum status transcode_stage_new(const struct encoding *encoding, struct stage *below,
				struct slice unread, struct stage **stage, struct error *err);

#endif
