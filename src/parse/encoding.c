#include "parse/encoding.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <uchardet/uchardet.h>

#include "base/utf8.h"

#include "base/banned.h"

/* The Encoding Standard's names and labels (WHATWG) with some code pages and UTF-32, and what iconv calls them. Those
 * that it reads as windows-1252 or -1254 are read so here. */
static const struct {
	const char *name, *iconv;
	const char *labels; /* each between spaces */
} encodings[] = {
	{"utf-8", "UTF-8", " unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8 "},
	{"ibm866", "CP866", " 866 cp866 csibm866 ibm866 "},
	{"iso-8859-2", "ISO-8859-2", " csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 "
	 "iso_8859-2:1987 l2 latin2 "},
	{"iso-8859-3", "ISO-8859-3", " csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 "
	 "iso_8859-3:1988 l3 latin3 "},
	{"iso-8859-4", "ISO-8859-4", " csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 "
	 "iso_8859-4:1988 l4 latin4 "},
	{"iso-8859-5", "ISO-8859-5", " csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 "
	 "iso88595 iso_8859-5 iso_8859-5:1988 "},
	{"iso-8859-6", "ISO-8859-6", " arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 "
	 "iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987 "},
	{"iso-8859-7", "ISO-8859-7", " csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 "
	 "iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek "},
	{"iso-8859-8", "ISO-8859-8", " csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 "
	 "iso-8859-8-e iso-8859-8-i iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 logical "
	 "visual "},
	{"iso-8859-10", "ISO-8859-10", " csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 "
	 "latin6 "},
	{"iso-8859-13", "ISO-8859-13", " iso-8859-13 iso8859-13 iso885913 "},
	{"iso-8859-14", "ISO-8859-14", " iso-8859-14 iso8859-14 iso885914 "},
	{"iso-8859-15", "ISO-8859-15", " csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 "},
	{"iso-8859-16", "ISO-8859-16", " iso-8859-16 "},
	{"koi8-r", "KOI8-R", " cskoi8r koi koi8 koi8-r koi8_r "},
	{"koi8-u", "KOI8-U", " koi8-ru koi8-u "},
	{"macintosh", "MACINTOSH", " csmacintosh mac macintosh x-mac-roman "},
	{"windows-874", "CP874", " dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 "},
	{"windows-1250", "CP1250", " cp1250 windows-1250 x-cp1250 "},
	{"windows-1251", "CP1251", " cp1251 windows-1251 x-cp1251 "},
	{"windows-1252", "CP1252", " ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 "
	 "iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 "
	 "x-cp1252 "},
	{"windows-1253", "CP1253", " cp1253 windows-1253 x-cp1253 "},
	{"windows-1254", "CP1254", " cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 "
	 "iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254 "},
	{"windows-1255", "CP1255", " cp1255 windows-1255 x-cp1255 "},
	{"windows-1256", "CP1256", " cp1256 windows-1256 x-cp1256 "},
	{"windows-1257", "CP1257", " cp1257 windows-1257 x-cp1257 "},
	{"windows-1258", "CP1258", " cp1258 windows-1258 x-cp1258 "},
	{"x-mac-cyrillic", "MAC-CYRILLIC", " x-mac-cyrillic x-mac-ukrainian "},
	{"gb18030", "GB18030", " chinese cp936 csgb2312 csiso58gb231280 gb18030 gb2312 gb_2312 gb_2312-80 gbk "
	 "iso-ir-58 x-gbk "},
	{"big5", "BIG5-HKSCS", " big5 big5-hkscs cn-big5 csbig5 x-x-big5 "},
	{"euc-jp", "EUC-JP", " cseucpkdfmtjapanese euc-jp x-euc-jp "},
	{"iso-2022-jp", "ISO-2022-JP", " csiso2022jp iso-2022-jp "},
	{"shift_jis", "CP932", " csshiftjis cp932 ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis "},
	{"euc-kr", "UHC", " cseuckr csksc56011987 euc-kr iso-ir-149 korean cp949 uhc ks_c_5601-1987 ks_c_5601-1989 "
	 "ksc5601 ksc_5601 windows-949 "},
	{"utf-16be", "UTF-16BE", " unicodefffe utf-16be "},
	{"utf-16le", "UTF-16LE", " csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le "},
	{"utf-32be", "UTF-32BE", " utf-32be utf32be "},
	{"utf-32le", "UTF-32LE", " utf-32 utf-32le utf32 utf32le "},
};

enum {
	FEW_HIGH_BYTES = 8,   /* below, statistics say nothing */
	SOME_HIGH_BYTES = 20, /* from here on, they tell Latin alphabets apart */
	JSON_LEAST_DAMAGE = 4,
};

/* Lower case, without white space around it; false where it is no name. */
static bool clean_name(struct slice said, char name[ENCODING_NAME_SIZE])
{
	said = slice_trim(said);
	if (said.size == 0 || said.size >= ENCODING_NAME_SIZE)
		return false;
	for (size_t i = 0; i < said.size; i++) {
		unsigned char byte = (unsigned char)said.data[i];
		/* A slash would be an option of iconv. */
		if (!isalnum(byte) && !strchr("-_:.+", byte))
			return false;
		name[i] = (char)tolower(byte);
	}
	name[said.size] = '\0';
	return true;
}

static bool find_label(const char *label, struct encoding *encoding)
{
	char spaced[ENCODING_NAME_SIZE + 2];

	snprintf(spaced, sizeof spaced, " %s ", label);
	for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
		if (!strstr(encodings[i].labels, spaced))
			continue;
		snprintf(encoding->name, sizeof encoding->name, "%s", encodings[i].name);
		snprintf(encoding->iconv, sizeof encoding->iconv, "%s", encodings[i].iconv);
		return true;
	}
	return false;
}

/* "latin-1" and "utf_8" for latin1 and utf8. */
static bool find_plain_label(const char *label, struct encoding *encoding)
{
	char plain[ENCODING_NAME_SIZE];
	size_t size = 0;

	for (; *label; label++)
		if (*label != '-' && *label != '_')
			plain[size++] = *label;
	plain[size] = '\0';
	return find_label(plain, encoding);
}

bool encoding_find(struct slice said, struct encoding *encoding)
{
	char name[ENCODING_NAME_SIZE];

	errno = 0;
	if (!clean_name(said, name))
		return false;
	if (find_label(name, encoding) || find_plain_label(name, encoding))
		return true;
	snprintf(encoding->name, sizeof encoding->name, "%s", name);
	for (size_t i = 0; i <= strlen(name); i++)
		encoding->iconv[i] = (char)toupper((unsigned char)name[i]);
	iconv_t conversion = iconv_open("UTF-8", encoding->iconv);
	if (conversion == (iconv_t)-1)
		return false;
	iconv_close(conversion);
	return true;
}

/* How the bytes look as UTF-8, and by themselves. */
struct census {
	size_t valid, damaged; /* characters that are not ASCII; places where there is none */
	size_t high, runs;     /* bytes from 0x80; stretches of them */
	size_t odd;            /* bytes that hardly stand in a text in windows-1252 */
};

static struct census take_census(struct slice text, bool whole)
{
	struct census census = {0};
	bool in_run = false;

	for (size_t at = 0; at < text.size;) {
		uint32_t code_point;
		size_t size = utf8_decode(text, at, &code_point);
		if (size == 0) {
			size = utf8_damage_size(text, at);
			/* A character that the end of this piece cuts is none that is damaged. */
			if (at + size == text.size && !whole)
				break;
			census.damaged++;
		} else {
			census.valid += size > 1;
		}
		for (size_t end = at + size; at < end; at++) {
			unsigned char byte = (unsigned char)text.data[at];
			bool is_high = byte >= 0x80;
			census.high += is_high;
			census.runs += is_high && !in_run;
			census.odd += byte >= 0xFE || byte == 0x81 || byte == 0x8D || byte == 0x8F ||
				      byte == 0x90 || byte == 0x9D;
			in_run = is_high;
		}
	}
	return census;
}

/* What uchardet makes of the text; *known is false where it says nothing that helps. */
static bool ask_uchardet(struct slice text, struct encoding *encoding, bool *known)
{
	uchardet_t detector = uchardet_new();

	*known = false;
	if (!detector)
		return false;
	bool done = uchardet_handle_data(detector, text.data, text.size) == 0;
	if (done) {
		uchardet_data_end(detector);
		const char *name = uchardet_get_charset(detector);
		*known = encoding_find(slice_of_string(name), encoding) &&
			 strcmp(encoding->name, "utf-8") != 0 && strcmp(name, "ASCII") != 0;
		done = *known || errno != ENOMEM;
	}
	uchardet_delete(detector);
	return done;
}

/* Letters of a Latin alphabet stand alone among ASCII; those of others, and of CJK, side by side. */
static bool is_latin(const struct census *census)
{
	return census->high * 2 < census->runs * 3;
}

static bool is_of_latin_alphabet(const struct encoding *encoding)
{
	static const char latin[] = " iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-10 iso-8859-13 iso-8859-16 "
				    "windows-1250 windows-1252 windows-1254 windows-1257 windows-1258 ";
	char spaced[ENCODING_NAME_SIZE + 2];

	snprintf(spaced, sizeof spaced, " %s ", encoding->name);
	return strstr(latin, spaced) != NULL;
}

bool encoding_guess(struct slice text, bool whole, bool json, struct encoding *encoding, bool *known)
{
	struct census census = take_census(text, whole);
	bool latin = is_latin(&census);

	*known = false;
	if (census.high == 0) {
		bool done = ask_uchardet(text, encoding, known);
		*known = *known && strncmp(encoding->name, "iso-2022", strlen("iso-2022")) == 0;
		return done;
	}
	if (census.damaged == 0 || census.valid >= census.damaged)
		return true;
	/* In most encodings a valid character of several bytes is an accident, in some of East Asia
	 * a frequent one. */
	if (census.valid * 4 >= census.damaged) {
		if (json || latin)
			return true;
		bool done = ask_uchardet(text, encoding, known);
		*known = *known && !is_of_latin_alphabet(encoding);
		return done;
	}
	if (json && (census.valid || census.damaged < JSON_LEAST_DAMAGE))
		return true;
	if (census.high >= (latin ? SOME_HIGH_BYTES : FEW_HIGH_BYTES)) {
		if (!ask_uchardet(text, encoding, known))
			return false;
		if (*known && (!latin || is_of_latin_alphabet(encoding)))
			return true;
	}
	*known = census.odd * 5 <= census.high;
	if (*known)
		find_label("windows-1252", encoding);
	return true;
}

/* How the NUL bytes of text in UTF-16 or UTF-32 lie: ASCII characters in it, line ends above all,
 * have theirs always on the same side. */
static const char *unmarked_unicode(struct slice head)
{
	size_t nul[4] = {0}, ends = 0, ends_le = 0, ends_be = 0, nuls, pairs[2];

	for (size_t i = 0; i < head.size; i++) {
		nul[i % 4] += head.data[i] == '\0';
		if (head.data[i] != '\n' && head.data[i] != '\r')
			continue;
		ends++;
		ends_le += i % 2 == 0 && i + 1 < head.size && head.data[i + 1] == '\0';
		ends_be += i % 2 == 1 && head.data[i - 1] == '\0';
	}
	pairs[0] = nul[0] + nul[2];
	pairs[1] = nul[1] + nul[3];
	nuls = pairs[0] + pairs[1];
	if (nuls < 2)
		return NULL;
	if (nuls * 10 >= head.size * 7 && head.size >= 8)
		return nul[0] < nul[3] ? "utf-32le" : "utf-32be";
	size_t fewer = pairs[0] < pairs[1] ? pairs[0] : pairs[1];
	bool latin = nuls * 10 >= head.size * 3 && fewer * 10 <= nuls;
	bool lines = fewer * 10 <= nuls && ends && (ends_le * 10 >= ends * 9 || ends_be * 10 >= ends * 9);
	if (!latin && !lines)
		return NULL;
	return pairs[0] < pairs[1] ? "utf-16le" : "utf-16be";
}

bool encoding_of_unicode(struct slice head, struct encoding *encoding)
{
	const char *name;

	/* UTF-32 before UTF-16, whose mark its own begins with. */
	if (slice_starts_with(head, SLICE("\xFF\xFE\0\0")))
		name = "utf-32le";
	else if (slice_starts_with(head, SLICE("\0\0\xFE\xFF")))
		name = "utf-32be";
	else if (slice_starts_with(head, SLICE("\xFF\xFE")))
		name = "utf-16le";
	else if (slice_starts_with(head, SLICE("\xFE\xFF")))
		name = "utf-16be";
	else
		name = unmarked_unicode(head);
	if (name)
		find_label(name, encoding);
	return name != NULL;
}
