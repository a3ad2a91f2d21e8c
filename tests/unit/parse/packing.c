#include "support.h"

#include "packing.h"

#include <archive.h>
#include <archive_entry.h>
#include <iconv.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/strbuf.h"

struct slice pack_gzip(struct slice text)
{
	z_stream stream = {0};

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t room = deflateBound(&stream, text.size) + 32;
	char *out = malloc(room);
	assert_non_null(out);
	stream.next_in = (Bytef *)(uintptr_t)text.data;
	stream.avail_in = (uInt)text.size;
	stream.next_out = (Bytef *)out;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return slice_of(out, stream.total_out);
}

struct slice pack_zstd(struct slice text)
{
	size_t room = ZSTD_compressBound(text.size);
	char *out = malloc(room);

	assert_non_null(out);
	return slice_of(out, ZSTD_compress(out, room, text.data, text.size, 3));
}

struct slice join_bytes(struct slice first, struct slice second)
{
	char *out = malloc(first.size + second.size + 1);

	assert_non_null(out);
	if (first.size)
		memcpy(out, first.data, first.size);
	if (second.size)
		memcpy(out + first.size, second.data, second.size);
	return slice_of(out, first.size + second.size);
}

struct slice encode_as(struct slice text, const char *encoding)
{
	iconv_t conversion = iconv_open(encoding, "UTF-8");
	size_t left = text.size, room = 4 * text.size + 16, free_room = room;
	char *out = malloc(room), *to = out, *from = (char *)(uintptr_t)text.data;

	assert_true(conversion != (iconv_t)-1);
	assert_non_null(out);
	assert_int_equal(iconv(conversion, &from, &left, &to, &free_room), 0);
	iconv_close(conversion);
	return slice_of(out, room - free_room);
}

#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/relationships"
#define OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

static void add_part(struct archive *zip, const char *name, const char *content)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)strlen(content));
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	assert_int_equal(archive_write_header(zip, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(zip, content, strlen(content)), strlen(content));
	archive_entry_free(entry);
}

static const struct workbook_part usual[] = {
	{"[Content_Types].xml", "<Types/>"},
	{"_rels/.rels", "<Relationships xmlns='" PACKAGE "'><Relationship Id='r1' Type='" OFFICE
			"/officeDocument' Target='xl/workbook.xml'/></Relationships>"},
	{"xl/workbook.xml", "<workbook xmlns='" MAIN "' xmlns:r='" OFFICE
			    "'><sheets><sheet name='S' sheetId='1' r:id='r1'/></sheets></workbook>"},
	{"xl/_rels/workbook.xml.rels",
	 "<Relationships xmlns='" PACKAGE "'><Relationship Id='r1' Type='" OFFICE
	 "/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='r3' Type='" OFFICE
	 "/styles' Target='../xl/styles.xml'/></Relationships>"},
	{"xl/styles.xml", "<styleSheet xmlns='" MAIN
			  "'><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/></cellXfs></styleSheet>"},
	{"xl/worksheets/sheet1.xml", "<worksheet><row><c><v>1</v></c></row></worksheet>"},
};

enum { USUAL_PARTS = sizeof usual / sizeof usual[0] };

struct slice make_workbook_of(const struct workbook_part *changed, size_t count)
{
	struct archive *zip = archive_write_new();
	size_t room = 4 << 20, used = 0;
	char *out = malloc(room);

	assert_non_null(out);
	assert_non_null(zip);
	archive_write_set_format_zip(zip);
	assert_int_equal(archive_write_open_memory(zip, out, room, &used), ARCHIVE_OK);
	for (size_t i = 0; i < USUAL_PARTS; i++) {
		bool is_changed = false;
		for (size_t k = 0; k < count; k++)
			is_changed |= strcmp(usual[i].name, changed[k].name) == 0;
		if (!is_changed)
			add_part(zip, usual[i].name, usual[i].content);
	}
	for (size_t k = 0; k < count; k++)
		if (changed[k].content)
			add_part(zip, changed[k].name, changed[k].content);
	assert_int_equal(archive_write_close(zip), ARCHIVE_OK);
	archive_write_free(zip);
	return slice_of(out, used);
}

struct slice make_workbook(const char *sheet_data, const char *strings)
{
	struct strbuf sheet, table;

	strbuf_init(&sheet, 4 << 20);
	strbuf_init(&table, 4 << 20);
	strbuf_add_format(&sheet, "<worksheet xmlns='" MAIN "'><sheetData>%s</sheetData></worksheet>",
			  sheet_data);
	strbuf_add_format(&table, "<sst xmlns='" MAIN "'>%s</sst>", strings ? strings : "");
	const struct workbook_part changed[] = {
		{"xl/worksheets/sheet1.xml", sheet.data},
		{"xl/_rels/workbook.xml.rels",
		 "<Relationships xmlns='" PACKAGE "'><Relationship Id='r1' Type='" OFFICE
		 "/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='r3' Type='" OFFICE
		 "/styles' Target='../xl/styles.xml'/><Relationship Id='r2' Type='" OFFICE
		 "/sharedStrings' Target='sharedStrings.xml'/></Relationships>"},
		{"xl/sharedStrings.xml", table.data},
	};
	struct slice book = make_workbook_of(changed, strings ? 3 : 1);

	strbuf_release(&sheet);
	strbuf_release(&table);
	return book;
}
