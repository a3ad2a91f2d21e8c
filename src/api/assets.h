/* The files that the program carries inside itself: the page at /docs and what it loads.
 *
 *	const struct asset *asset = asset_find(SLICE("/docs"));
 *
 * The table is generated at build time by tools/embed_assets.py from the list in
 * web/meson.build. Large files are kept compressed and are sent as they lie.
 *
 * Threads: any; everything is constant and lives as long as the program. */
#ifndef ROWMILL_API_ASSETS_H
#define ROWMILL_API_ASSETS_H

#include <stdbool.h>

#include "base/slice.h"

struct asset {
	const char *path;         /* of the request, "/docs/docs.js" */
	const char *content_type; /* the header's value */
	const char *etag;         /* the header's value, quotes included; names the body's bytes */
	bool gzip;                /* the body is one gzip member: send Content-Encoding: gzip */
	struct slice body;
};

/* The asset with exactly this path; NULL if there is none. */
const struct asset *asset_find(struct slice path);

#endif
