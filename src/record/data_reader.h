/* The values of a stored record, one after the other, out of its JSON text.
 *
 *	struct data_reader reader;
 *	data_reader_init(&reader, data);
 *	while (data_reader_next(&reader))
 *		… reader.field, reader.value
 *	data_reader_release(&reader);
 *
 * Keys are no values; what lies deeper belongs to the outermost field. Strings come decoded, numbers
 * and true and false as they stand, null not at all. Text that is no JSON gives what can be
 * read of it: never more than it holds, and the same each time.
 *
 * Threads: a reader belongs to one thread at a time. */
#ifndef ROWMILL_RECORD_DATA_READER_H
#define ROWMILL_RECORD_DATA_READER_H

#include "base/slice.h"
#include "base/strbuf.h"

struct data_reader {
	struct slice data;
	size_t at;
	size_t depth;
	struct slice field; /* name of the outermost member; empty where there is none. Good until the next field */
	struct slice value; /* good until the next call */
	bool is_text;       /* the value is a string */
	struct strbuf field_text, value_text; /* where something had to be decoded */
};

void data_reader_init(struct data_reader *reader, struct slice data);
void data_reader_release(struct data_reader *reader);

/* false at the end, and where memory is exhausted (data_reader_ok says so). */
bool data_reader_next(struct data_reader *reader);
bool data_reader_ok(const struct data_reader *reader);

/* Appends the words of all values (record/word_reader.h). false: memory is exhausted. */
bool data_fold_words(struct slice data, struct strbuf *out);

#endif
