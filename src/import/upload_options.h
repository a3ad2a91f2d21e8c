/* What the sender of a file says about it: the options of POST /api/upload, kept with the import as JSON
 * text (imports.options) and read back by whoever works on it.
 *
 *	struct upload_options options;
 *	if (upload_options_read(import->options, arena, &options, &err) != STATUS_OK) …
 *
 * A new option is a member here, a line in the table of upload_options.c, and a parameter in
 * api/routes.c; it enters the fingerprint if files that differ in it alone may give other records.
 *
 * Threads: values only. Slices are borrowed from whatever they were made of. */
#ifndef ROWMILL_IMPORT_UPLOAD_OPTIONS_H
#define ROWMILL_IMPORT_UPLOAD_OPTIONS_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/status.h"
#include "parse/reader.h"

enum { UPLOAD_MAPS_MAX = 256 };

enum on_duplicate { DUPLICATE_REJECT, DUPLICATE_RETURN, DUPLICATE_FORCE };

/* map=Their header:field */
struct column_map {
	struct slice column, field;
};

struct upload_options {
	/* Texts are as sent; empty: not told. */
	struct slice schema;        /* name; "people" where not told */
	struct reader_words words;  /* how the file is read */
	struct column_map *maps; /* [map_count], in the order sent */
	size_t map_count;        /* at most UPLOAD_MAPS_MAX */
	int64_t fixes;           /* the import whose rejected rows this file corrects; 0: none */
	bool dry_run;
	bool no_embed;           /* embed=false */
	enum on_duplicate on_duplicate;
	int64_t wait;            /* seconds; of the request alone, not kept */
};

/* What holds where nothing is told. */
void upload_options_init(struct upload_options *options);

/* Reads "Their header:field" into *map: the last colon divides, as headers may hold one.
 * STATUS_INVALID where there is none, or nothing on one side of it. */
enum status column_map_parse(struct slice text, struct column_map *map, struct error *err);

/* A JSON object of what differs from the defaults. */
void upload_options_write(const struct upload_options *options, struct json_writer *json);

/* Reads what upload_options_write wrote; texts are copied into the arena. Members that are not known are an
 * error (STATUS_CORRUPT): a newer program's import is not to be processed as if it had not said so. */
enum status upload_options_read(struct slice text, struct arena *arena, struct upload_options *options,
				struct error *err);

/* The key that tells equal uploads: over the file's content, the content of its schema, and those options that
 * change what becomes of the rows. File name, `wait`, `on_duplicate` and `embed` do not: the last decides when
 * vectors are made, not which records there are. false: memory is exhausted. */
bool upload_options_duplicate_key(const struct upload_options *options,
				  const unsigned char file[SHA256_SIZE],
				  const unsigned char schema[SHA256_SIZE],
				  unsigned char key[SHA256_SIZE]);

/* Whether the import holds its key at all: a dry run and a forced one do not. */
bool upload_options_hold_key(const struct upload_options *options);

#endif
