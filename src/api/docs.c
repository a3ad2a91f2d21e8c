/* The interactive page, and the way to it. */
#include "api/assets.h"
#include "api/internal.h"

#include "base/banned.h"

void handle_home(struct api_call *call)
{
	http_response_status(call->response, 307);
	http_response_header(call->response, "Location", SLICE("/docs"));
	http_response_static(call->response, "text/plain; charset=utf-8", SLICE("See /docs\n"));
}

void handle_docs(struct api_call *call)
{
	const struct asset *asset = asset_find(http_request_path(call->request));
	struct slice known = http_request_header(call->request, "If-None-Match");

	if (!asset) {
		problem_respond(call->request, call->response, 404, "not-found",
				"the page has no such part");
		return;
	}
	http_response_header(call->response, "ETag", slice_of_string(asset->etag));
	http_response_header(call->response, "Cache-Control", SLICE("no-cache"));
	http_response_header(call->response, "Content-Security-Policy",
			     SLICE("default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
				   "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; "
				   "base-uri 'none'; form-action 'none'"));
	if (known.data && slice_is(known, asset->etag)) {
		http_response_status(call->response, 304);
		return;
	}
	if (asset->gzip)
		http_response_header(call->response, "Content-Encoding", SLICE("gzip"));
	http_response_status(call->response, 200);
	http_response_static(call->response, asset->content_type, asset->body);
}
