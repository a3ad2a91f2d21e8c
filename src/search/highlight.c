#include "search/highlight.h"

#include "base/json_writer.h"
#include "base/utf8.h"
#include "record/data_reader.h"
#include "record/word_reader.h"

#include <stdlib.h>

#include "base/banned.h"

enum {
	SHOWN_MOST = 400,   /* bytes of one value */
	SHOWN_BEFORE = 80,  /* of them before the first word */
	WORDS_MOST = 20000, /* of a record that are looked at */
};

/* One word of the record, and what becomes of it. */
struct place {
	struct slice word;
	size_t value, start, end;
	bool marked;
	bool joined; /* to the one before it, in the same mark */
};

struct value_text {
	struct slice field, text;
};

struct scan {
	struct arena *arena;
	struct value_text *values;
	size_t value_count, value_capacity;
	struct place *places;
	size_t place_count, place_capacity;
};

/* Room for one item more in an array of the arena. */
static void *grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	size_t larger = *capacity ? 2 * *capacity : 32;
	char *copy = arena_alloc(arena, larger * size);
	if (copy && count)
		memcpy(copy, items, count * size);
	*capacity = larger;
	return copy;
}

static bool add_words(struct scan *scan, struct slice text)
{
	struct word_reader reader;

	word_reader_init(&reader, text);
	while (scan->place_count < WORDS_MOST && word_reader_next(&reader)) {
		scan->places = grow(scan->arena, scan->places, scan->place_count, &scan->place_capacity,
				    sizeof *scan->places);
		if (!scan->places)
			return false;
		struct place *place = &scan->places[scan->place_count++];
		*place = (struct place){.value = scan->value_count - 1, .start = reader.start, .end = reader.end};
		if (!arena_copy(scan->arena, word_reader_word(&reader), &place->word))
			return false;
	}
	return true;
}

static bool add_value(struct scan *scan, struct slice field, struct slice text)
{
	scan->values =
		grow(scan->arena, scan->values, scan->value_count, &scan->value_capacity, sizeof *scan->values);
	if (!scan->values)
		return false;
	struct value_text *value = &scan->values[scan->value_count++];
	return arena_copy(scan->arena, field, &value->field) && arena_copy(scan->arena, text, &value->text) &&
	       add_words(scan, value->text);
}

static bool read_values(struct scan *scan, struct slice data)
{
	struct data_reader reader;
	bool done = true;

	data_reader_init(&reader, data);
	while (done && data_reader_next(&reader))
		done = add_value(scan, reader.field, reader.value);
	done = done && data_reader_ok(&reader);
	data_reader_release(&reader);
	return done;
}

/* ---- marking ---- */

static bool stands_at(const struct scan *scan, const struct word_phrase *phrase, size_t at)
{
	if (scan->place_count - at < phrase->count)
		return false;
	for (size_t i = 0; i < phrase->count; i++) {
		struct slice word = scan->places[at + i].word, wanted = phrase->words[i];
		bool begins = phrase->prefix && i + 1 == phrase->count;
		if (!(begins ? slice_starts_with(word, wanted) : slice_equal(word, wanted)))
			return false;
	}
	return true;
}

static void mark_phrase(struct scan *scan, const struct word_phrase *phrase)
{
	for (size_t at = 0; at < scan->place_count; at++) {
		if (!stands_at(scan, phrase, at))
			continue;
		for (size_t i = at; i < at + phrase->count; i++) {
			scan->places[i].marked = true;
			if (i > at && scan->places[i].value == scan->places[i - 1].value)
				scan->places[i].joined = true;
		}
	}
}

static void mark(struct scan *scan, const struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		for (size_t j = 0; !words->terms[i].excluded && j < words->terms[i].count; j++)
			mark_phrase(scan, &words->terms[i].alternatives[j]);
}

/* ---- writing ---- */

static void add_escaped(struct strbuf *html, struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		switch (text.data[i]) {
		case '&': strbuf_add_string(html, "&amp;"); break;
		case '<': strbuf_add_string(html, "&lt;"); break;
		case '>': strbuf_add_string(html, "&gt;"); break;
		case '"': strbuf_add_string(html, "&quot;"); break;
		case '\'': strbuf_add_string(html, "&#39;"); break;
		default: strbuf_add_byte(html, text.data[i]);
		}
	}
}

/* The part of a value that is shown: all of it, or what is around its first mark. */
static void choose_part(struct slice text, size_t first, size_t *from, size_t *to)
{
	*from = 0;
	*to = text.size;
	if (text.size <= SHOWN_MOST)
		return;
	if (first > SHOWN_BEFORE)
		*from = utf8_floor(text, first - SHOWN_BEFORE);
	if (text.size - *from > SHOWN_MOST)
		*to = utf8_floor(text, *from + SHOWN_MOST);
}

/* A value with marks at the places from..to, which are its own. */
static void add_value_html(const struct scan *scan, size_t from, size_t to, struct strbuf *html)
{
	struct slice text = scan->values[scan->places[from].value].text;
	size_t first = from, at, end;

	while (!scan->places[first].marked)
		first++;
	choose_part(text, scan->places[first].start, &at, &end);
	if (at)
		strbuf_add_string(html, "…");
	for (size_t i = first; i < to; i++) {
		const struct place *place = &scan->places[i];
		if (!place->marked || place->end > end)
			continue;
		size_t last = i;
		while (last + 1 < to && scan->places[last + 1].marked && scan->places[last + 1].end <= end &&
		       (scan->places[last + 1].joined || scan->places[last + 1].start == scan->places[last].end))
			last++;
		add_escaped(html, slice_of(text.data + at, place->start - at));
		strbuf_add_string(html, "<mark>");
		at = scan->places[last].end;
		add_escaped(html, slice_of(text.data + place->start, at - place->start));
		strbuf_add_string(html, "</mark>");
		i = last;
	}
	add_escaped(html, slice_of(text.data + at, end - at));
	if (end < text.size)
		strbuf_add_string(html, "…");
}

static bool has_mark(const struct scan *scan, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (scan->places[i].marked)
			return true;
	return false;
}

/* The places of one value: from `from` on. */
static size_t end_of_value(const struct scan *scan, size_t from)
{
	size_t to = from;

	while (to < scan->place_count && scan->places[to].value == scan->places[from].value)
		to++;
	return to;
}

static void write_fields(const struct scan *scan, struct json_writer *json, struct strbuf *html)
{
	struct slice field = {0};

	json_begin_object(json);
	for (size_t from = 0, to; from < scan->place_count; from = to) {
		to = end_of_value(scan, from);
		if (!has_mark(scan, from, to))
			continue;
		struct slice own = scan->values[scan->places[from].value].field;
		if (!strbuf_ok(html))
			return;
		if (html->size && !slice_equal(own, field)) {
			json_put_member_slice(json, field);
			json_put_string(json, strbuf_slice(html));
			strbuf_clear(html);
		}
		/* Further values of a list or an object stand behind one another. */
		if (html->size)
			strbuf_add_byte(html, ' ');
		field = own;
		add_value_html(scan, from, to, html);
	}
	if (html->size) {
		json_put_member_slice(json, field);
		json_put_string(json, strbuf_slice(html));
	}
	json_end_object(json);
}

bool highlight_record(struct slice data, const struct words *words, struct arena *arena, struct slice *json)
{
	struct scan scan = {.arena = arena};
	struct json_writer writer;
	struct strbuf text, html;

	if (!read_values(&scan, data))
		return false;
	mark(&scan, words);
	strbuf_init(&text, SIZE_MAX / 2);
	strbuf_init(&html, SIZE_MAX / 2);
	json_writer_init(&writer, &text);
	write_fields(&scan, &writer, &html);
	bool done = strbuf_ok(&text) && strbuf_ok(&html) && arena_copy(arena, strbuf_slice(&text), json);
	strbuf_release(&text);
	strbuf_release(&html);
	return done;
}
