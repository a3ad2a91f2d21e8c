#define ZLIB_CONST /* next_in points to const */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "api/assets.h"

static const struct asset *find(const char *path)
{
	const struct asset *asset = asset_find(slice_of_string(path));

	if (!asset)
		fail_msg("%s is not there", path);
	return asset;
}

/* The body as a browser reads it, NUL-terminated; the caller frees .data. */
static struct slice body_of(const struct asset *asset)
{
	size_t size = asset->gzip ? asset->body.size * 16 : asset->body.size;
	char *text = malloc(size + 1);

	assert_non_null(text);
	if (asset->gzip) {
		z_stream stream = {0};
		stream.next_in = (const unsigned char *)asset->body.data;
		stream.avail_in = (unsigned)asset->body.size;
		stream.next_out = (unsigned char *)text;
		stream.avail_out = (unsigned)size;
		assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
		assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
		size = stream.total_out;
		inflateEnd(&stream);
	} else {
		memcpy(text, asset->body.data, size);
	}
	text[size] = '\0';
	return slice_of(text, size);
}

static void the_docs_page_is_the_file_in_web(void **state)
{
	(void)state;
	const struct asset *page = find("/docs");
	struct slice file = read_file("web/docs.html");

	assert_string_equal(page->content_type, "text/html; charset=utf-8");
	assert_false(page->gzip);
	assert_slice(page->body, file.data);
	free((char *)file.data);
}

static void every_file_that_the_docs_page_loads_is_there(void **state)
{
	(void)state;
	struct slice page = body_of(find("/docs"));
	size_t loaded = 0;

	for (const char *at = page.data; (at = strstr(at, "\"/docs/")) != NULL; at++) {
		const char *end = strchr(at + 1, '"');
		assert_non_null(end);
		assert_non_null(asset_find(slice_of(at + 1, (size_t)(end - at - 1))));
		loaded++;
	}
	assert_int_equal(loaded, 3);
	free((char *)page.data);
}

static void nothing_on_the_docs_page_comes_from_elsewhere(void **state)
{
	(void)state;
	struct slice page = body_of(find("/docs"));

	assert_null(strstr(page.data, "http:"));
	assert_null(strstr(page.data, "https:"));
	assert_null(strstr(page.data, "<script>"));
	free((char *)page.data);
}

static void a_large_asset_is_one_gzip_member_of_the_whole_file(void **state)
{
	(void)state;
	const struct asset *bundle = find("/docs/swagger-ui-bundle.js");
	struct slice script = body_of(bundle);

	assert_true(bundle->gzip);
	assert_string_equal(bundle->content_type, "text/javascript; charset=utf-8");
	assert_true(script.size > bundle->body.size);
	assert_non_null(strstr(script.data, "SwaggerUIBundle"));
	free((char *)script.data);
}

static void swagger_ui_comes_with_its_licence(void **state)
{
	(void)state;
	struct slice licence = body_of(find("/docs/swagger-ui-bundle.js.LICENSE.txt"));

	assert_non_null(strstr(licence.data, "Apache License"));
	free((char *)licence.data);
}

static void etags_are_quoted_and_tell_bodies_apart(void **state)
{
	(void)state;
	const struct asset *page = find("/docs");
	const struct asset *script = find("/docs/docs.js");

	assert_int_equal(page->etag[0], '"');
	assert_int_equal(page->etag[strlen(page->etag) - 1], '"');
	assert_string_not_equal(page->etag, script->etag);
}

static void only_an_exact_path_finds_an_asset(void **state)
{
	(void)state;
	assert_null(asset_find(SLICE("")));
	assert_null(asset_find(SLICE("/docs/")));
	assert_null(asset_find(SLICE("/doc")));
	assert_null(asset_find(SLICE("/DOCS")));
	assert_null(asset_find(SLICE("/docs\0")));
	assert_null(asset_find(SLICE("/docs/../docs/docs.js")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_docs_page_is_the_file_in_web),
		cmocka_unit_test(every_file_that_the_docs_page_loads_is_there),
		cmocka_unit_test(nothing_on_the_docs_page_comes_from_elsewhere),
		cmocka_unit_test(a_large_asset_is_one_gzip_member_of_the_whole_file),
		cmocka_unit_test(swagger_ui_comes_with_its_licence),
		cmocka_unit_test(etags_are_quoted_and_tell_bodies_apart),
		cmocka_unit_test(only_an_exact_path_finds_an_asset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
