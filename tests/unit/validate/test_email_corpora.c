/* Runs other people's collections of e-mail addresses through our rule and writes down each
 * decision: docs/EMAIL_DECISIONS.md is what this program generates. Where a collection wants
 * another decision, the table must say why; a disagreement without a reason fails.
 *
 * ROWMILL_UPDATE=1 writes the document anew. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "validate/email.h"
#include "validate/white_space.h"

#include "base/banned.h"

struct tally {
	size_t accepted, refused, agreed, explained;
};

static struct strbuf document;

/* Why we refuse what others accept, by the rule that it fails; NULL: there is no such reason. */
static const char *why_refused(enum email_fault fault)
{
	switch (fault) {
	case EMAIL_LOCAL_QUOTED:
		return "quoted local parts are refused";
	case EMAIL_DOMAIN_LITERAL:
		return "address literals are refused";
	case EMAIL_DOMAIN_NO_DOT:
		return "a domain needs a dot";
	case EMAIL_DOMAIN_NUMERIC:
		return "the last label may not be all digits";
	case EMAIL_CONTROL:
	case EMAIL_WHITE_SPACE:
		return "what cannot be seen is refused: no control characters, no white space";
	default:
		return NULL;
	}
}

/* A text as it can stand in a table cell, the middle of long ones left out. */
static void add_quoted(struct slice text)
{
	enum { SHOWN = 72, KEPT = 24 };
	uint32_t code_point;

	strbuf_add_string(&document, "`` \"");
	for (size_t at = 0, size; at < text.size; at += size) {
		if (text.size > SHOWN && at == KEPT) {
			strbuf_add_string(&document, " … ");
			at = text.size - KEPT;
		}
		size = utf8_decode(text, at, &code_point);
		if (code_point == '"' || code_point == '\\' || code_point == '|')
			strbuf_add_byte(&document, '\\');
		if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA1) ||
		    (code_point >= 0x300 && code_point < 0x370) || code_point >= 0xFFF0)
			strbuf_add_format(&document, "\\u{%X}", (unsigned)code_point);
		else
			strbuf_add(&document, text.data + at, size);
	}
	strbuf_add_string(&document, "\" ``");
	if (text.size > SHOWN)
		strbuf_add_format(&document, " (%zu bytes)", text.size);
}

/* Adds a row of the table. `expected` is what the collection says, in its own words;
 * `exception` is why ours may differ where the rule that failed does not say it, or NULL. */
static void decide(const char *name, struct slice address, bool accepted_there,
		   const char *expected, const char *exception, struct tally *tally)
{
	struct slice trimmed = trim_white_space(address);
	enum email_fault fault;
	const char *why = "";

	assert_int_equal(email_check(trimmed, &fault), STATUS_OK);
	bool accepted = fault == EMAIL_FINE;
	if (accepted)
		tally->accepted++;
	else
		tally->refused++;
	if (accepted == accepted_there) {
		tally->agreed++;
	} else {
		why = exception ? exception : accepted ? NULL : why_refused(fault);
		if (!why && trimmed.size < address.size)
			why = "white space around a value is removed first";
		tally->explained++;
	}
	strbuf_add_format(&document, "| %s | ", name);
	add_quoted(address);
	strbuf_add_format(&document, " | %s | %s | %s |\n",
			  accepted ? "accepted" : email_fault_key(fault), expected, why ? why : "");
	if (!why)
		fail_msg("%s: \"%.*s\" is %s, but the collection says %s, and no reason is known",
			 name, SLICE_ARG(address), email_fault_key(fault), expected);
}

static void begin_table(const char *title, const char *about)
{
	strbuf_add_format(&document,
			  "\n## %s\n\n%s\n\n"
			  "| case | address | Rowmill | the collection says | why they differ |\n"
			  "|---|---|---|---|---|\n",
			  title, about);
}

static void end_table(const struct tally *tally)
{
	strbuf_add_format(&document,
			  "\n%zu accepted, %zu refused; %zu as the collection says, %zu for the "
			  "reason given.\n",
			  tally->accepted, tally->refused, tally->agreed, tally->explained);
}

static json_t *load_json(const char *relative)
{
	json_error_t error;
	json_t *root = json_load_file(shared_path(relative), 0, &error);

	if (!root)
		fail_msg("%s: %s", relative, error.text);
	return root;
}

static struct slice json_text_of(const json_t *string)
{
	return slice_of(json_string_value(string), json_string_length(string));
}

static void decide_wpt(void)
{
	json_t *root = load_json("corpus/wpt/email-typeMismatch.json"), *item;
	struct tally tally = {0};
	size_t index;

	begin_table("web-platform-tests",
		    "What browsers take for `<input type=email>`. An empty value is no mismatch there; "
		    "here whether a field may be empty is the schema's matter and not the rule's.");
	json_array_foreach(json_object_get(root, "cases"), index, item) {
		bool multiple = json_is_true(json_object_get(item, "multiple"));
		struct slice value = json_text_of(json_object_get(item, "value"));
		bool accepted = json_is_false(json_object_get(item, "typeMismatch"));
		char name[32];

		snprintf(name, sizeof name, "%zu%s", index + 1, multiple ? ", multiple" : "");
		decide(name, value, accepted, accepted ? "no mismatch" : "mismatch",
		       value.size == 0 ? "an empty value never reaches the rule"
		       : multiple      ? "a field holds one address"
		                       : NULL, &tally);
	}
	end_table(&tally);
	json_decref(root);
}

static void decide_json_schema(const char *file, const char *title)
{
	char path[64];
	struct tally tally = {0};
	size_t index, without_text = 0;

	snprintf(path, sizeof path, "corpus/json-schema-suite/%s", file);
	json_t *root = load_json(path), *item;
	begin_table(title, "Cases whose value is no text are left out: the rule is never asked about "
			   "them, for the field's type refuses them before.");
	json_array_foreach(json_object_get(json_array_get(root, 0), "tests"), index, item) {
		json_t *data = json_object_get(item, "data");
		if (!json_is_string(data)) {
			without_text++;
			continue;
		}
		bool valid = json_is_true(json_object_get(item, "valid"));
		decide(json_string_value(json_object_get(item, "description")), json_text_of(data),
		       valid, valid ? "valid" : "invalid", NULL, &tally);
	}
	assert_int_equal(without_text, 6);
	end_table(&tally);
	json_decref(root);
}

/* The text between <tag> and </tag> in `xml`; empty if there is none. */
static struct slice element(struct slice xml, const char *tag)
{
	char open[32], close[32];

	snprintf(open, sizeof open, "<%s>", tag);
	snprintf(close, sizeof close, "</%s>", tag);
	const char *start = memmem(xml.data, xml.size, open, strlen(open));
	if (!start)
		return SLICE("");
	start += strlen(open);
	const char *end = memmem(start, xml.size - (size_t)(start - xml.data), close, strlen(close));
	assert_non_null(end);
	return slice_of(start, (size_t)(end - start));
}

/* Resolves the entities of XML; U+2400 to U+2421 stand for the control characters there. */
static void resolve(struct slice xml, struct strbuf *out)
{
	static const struct {
		const char *name;
		char character;
	} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
	size_t at = 0, size;
	uint32_t code_point;

	strbuf_clear(out);
	while (at < xml.size) {
		if (slice_starts_with(slice_of(xml.data + at, xml.size - at), SLICE("&#x"))) {
			char *end;
			code_point = (uint32_t)strtoul(xml.data + at + 3, &end, 16);
			size = (size_t)(end + 1 - (xml.data + at));
			assert_int_equal(*end, ';');
		} else {
			size = utf8_decode(xml, at, &code_point);
			for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
				if (slice_starts_with(slice_of(xml.data + at, xml.size - at),
						      slice_of_string(entities[i].name))) {
					code_point = (unsigned char)entities[i].character;
					size = strlen(entities[i].name);
				}
		}
		assert_int_not_equal(size, 0);
		at += size;
		if (code_point >= 0x2400 && code_point < 0x2420)
			code_point -= 0x2400;
		else if (code_point == 0x2421)
			code_point = 0x7F;
		char bytes[4];
		strbuf_add(out, bytes, utf8_encode(code_point, bytes));
	}
}

/* is_email() by default accepts what has its own address by RFC 5321: these categories. */
static bool is_accepted_category(struct slice category)
{
	return slice_is(category, "ISEMAIL_VALID_CATEGORY") || slice_is(category, "ISEMAIL_DNSWARN") ||
	       slice_is(category, "ISEMAIL_RFC5321");
}

static void decide_isemail(void)
{
	struct slice xml = read_file(shared_path("corpus/isemail/test/tests.xml"));
	struct tally tally = {0};
	struct strbuf address;
	size_t count = 0;

	strbuf_init(&address, 1 << 20);
	begin_table("isemail",
		    "Dominic Sayers' 164 addresses. By RFC 5321 are its categories `VALID`, `DNSWARN` "
		    "and `RFC5321`; the others are for message headers only (`CFWS`, `RFC5322`), "
		    "deprecated (`DEPREC`) or wrong (`ERR`).");
	for (const char *next = strstr(xml.data, "<test id="); next; next = strstr(next + 1, "<test id=")) {
		const char *end = strstr(next, "</test>");
		char name[16], diagnosis[64];
		struct slice test = slice_of(next, (size_t)(end - next));
		struct slice text = element(test, "diagnosis");

		snprintf(name, sizeof name, "%d", (int)strtol(next + strlen("<test id=\""), NULL, 10));
		snprintf(diagnosis, sizeof diagnosis, "%.*s", (int)(text.size - 8), text.data + 8);
		resolve(element(test, "address"), &address);
		decide(name, strbuf_slice(&address), is_accepted_category(element(test, "category")),
		       diagnosis, NULL, &tally);
		count++;
	}
	assert_int_equal(count, 164);
	end_table(&tally);
	strbuf_release(&address);
	free((char *)xml.data);
}

static const char *document_path(void)
{
	static char path[4096];
	const char *root = getenv("ROWMILL_SOURCE");

	snprintf(path, sizeof path, "%s/docs/EMAIL_DECISIONS.md", root ? root : ".");
	return path;
}

static void the_decision_table_in_docs_is_current(void **state)
{
	(void)state;
	strbuf_init(&document, 1 << 20);
	strbuf_add_string(&document,
			  "# E-mail addresses: every decision\n\n"
			  "What the rule of [VALIDATION.md](VALIDATION.md#e-mail) makes of the addresses that "
			  "others have collected\nto test such rules. Generated by "
			  "`tests/unit/validate/test_email_corpora.c`, which fails when this page is\nnot "
			  "current and when a disagreement has no reason; `ROWMILL_UPDATE=1` writes it anew.\n"
			  "The keys are those of `src/validate/email.h`.\n");
	decide_wpt();
	decide_json_schema("email.json", "JSON Schema test suite, `email`");
	decide_json_schema("idn-email.json", "JSON Schema test suite, `idn-email`");
	decide_isemail();
	assert_true(strbuf_ok(&document));

	if (getenv("ROWMILL_UPDATE")) {
		FILE *file = fopen(document_path(), "wb");
		assert_non_null(file);
		assert_int_equal(fwrite(document.data, 1, document.size, file), document.size);
		assert_int_equal(fclose(file), 0);
	}
	struct slice committed = read_file(document_path());
	if (!slice_equal(committed, strbuf_slice(&document)))
		fail_msg("docs/EMAIL_DECISIONS.md is not what the rule does; look at it after "
			 "ROWMILL_UPDATE=1 meson test");
	free((char *)committed.data);
	strbuf_release(&document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_decision_table_in_docs_is_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
