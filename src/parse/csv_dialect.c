#include "parse/csv_dialect.h"

#include "record/field_name.h"

#include "base/banned.h"

/* Rows that are looked at for the delimiter, and for the header. */
enum { ROWS_TRIED = 100, HEADER_ROWS = 20 };

static const char usual_delimiters[] = {',', ';', '\t', '|'};
static const char rare_delimiters[] = {'\x1F', '\x01', '^', '~', ':', '#', '&', ' '};
enum { PLAIN_RARE = 4 }; /* so many of the rare ones stand in no text */

/* What reading the head in one dialect came to. */
struct trial {
	struct csv_syntax syntax;
	size_t widths[ROWS_TRIED]; /* cells of each row */
	bool damage[ROWS_TRIED];
	size_t rows;
	size_t quoted, damaged; /* cells that are quoted; rows that are damaged */
	size_t cells, clean;    /* all cells; those that no delimiter stands in */
	size_t inner, spaced;   /* cells behind a delimiter; those that begin with a space */
	size_t doubled;         /* rows in which every second cell is empty */
	bool first_row_spaced, first_row_words, first_row_doubled;
	size_t known;           /* fields of the schema that the header names */
	size_t header_row;
	size_t mode, mode_weight; /* the heaviest width over 1; a damaged row weighs half */
};

static struct slice cell_text(struct slice bytes, struct csv_cell cell)
{
	return slice_of(bytes.data + cell.start, cell.size);
}

static size_t count_known(const struct reader_options *options, struct slice bytes,
			  const struct csv_row *row)
{
	size_t known = 0;

	for (size_t f = 0; f < options->known_field_count; f++)
		for (size_t i = 0; i < csv_row_kept(row); i++)
			if (field_name_equal(cell_text(bytes, row->cells[i]),
					     options->known_fields[f])) {
				known++;
				break;
			}
	return known;
}

/* "1,5", "1.000,00", "-3 %": a delimiter in it is punctuation. */
static bool is_number(struct slice text)
{
	bool digit = false;

	for (size_t i = 0; i < text.size; i++) {
		if (!text.data[i] || !strchr("0123456789+-., %", text.data[i]))
			return false;
		digit |= text.data[i] >= '0'; /* of these, the digits come last */
	}
	return digit;
}

/* Whether no delimiter seems to stand in the cell. */
static bool is_clean(struct slice text)
{
	if (is_number(text))
		return true;
	for (size_t i = 0; i < text.size; i++) {
		char byte = text.data[i];
		bool punctuation = byte == ',' || byte == ';';
		if (byte == '\t' || byte == '|' ||
		    (punctuation && i + 1 < text.size && text.data[i + 1] != ' '))
			return false;
	}
	return true;
}

static void count_cells(struct trial *trial, struct slice bytes, const struct csv_row *row)
{
	size_t spaced = 0, inner = 0, empty = 0, words = 0;

	for (size_t i = 0; i < csv_row_kept(row); i++) {
		struct slice text = cell_text(bytes, row->cells[i]);
		bool quoted = row->cells[i].flags & CELL_QUOTED;
		trial->quoted += quoted;
		trial->clean += quoted || is_clean(text);
		words += text.size && !is_number(text);
		if (i && text.size && !quoted) {
			inner++;
			spaced += text.data[0] == ' ';
		}
		empty += i % 2 && text.size == 0 && !quoted;
	}
	bool is_doubled = row->count % 2 && row->count >= 3 && empty == row->count / 2;
	if (trial->rows == 0) {
		trial->first_row_spaced = inner && spaced == inner;
		trial->first_row_words = words == row->count;
		trial->first_row_doubled = is_doubled;
	}
	trial->cells += csv_row_kept(row);
	trial->inner += inner;
	trial->spaced += spaced;
	trial->doubled += is_doubled;
}

static void count_row(struct trial *trial, const struct reader_options *options,
		      struct slice bytes, const struct csv_row *row)
{
	if (trial->rows < HEADER_ROWS && trial->known == 0) {
		trial->known = count_known(options, bytes, row);
		if (trial->known)
			trial->header_row = trial->rows;
	}
	count_cells(trial, bytes, row);
	trial->damaged += row->damaged;
	trial->damage[trial->rows] = row->damaged;
	trial->widths[trial->rows++] = row->count;
}

static void find_mode(struct trial *trial)
{
	for (size_t i = 0; i < trial->rows; i++) {
		size_t weight = 0, width = trial->widths[i];
		for (size_t j = 0; j < trial->rows; j++)
			if (trial->widths[j] == width)
				weight += trial->damage[j] ? 1 : 2;
		if (width < 2 || weight < trial->mode_weight)
			continue;
		if (weight > trial->mode_weight || width > trial->mode) {
			trial->mode = width;
			trial->mode_weight = weight;
		}
	}
}

/* Reads the head in this trial's dialect. Its last row is left out where it may go on behind
 * the head, unless there is no other. */
static enum csv_scan try_dialect(struct trial *trial, struct slice head, bool whole,
				 const struct reader_options *options, struct csv_row *row)
{
	while (head.size && trial->rows < ROWS_TRIED) {
		bool final = whole || trial->rows == 0;
		enum csv_scan scanned = csv_scan_record(&trial->syntax, head, final, row);
		if (scanned == CSV_SCAN_NO_MEMORY)
			return scanned;
		if (scanned == CSV_SCAN_MORE)
			break;
		if (row->size)
			count_row(trial, options, head, row);
		head = slice_of(head.data + row->full_size, head.size - row->full_size);
	}
	find_mode(trial);
	return CSV_SCAN_OK;
}

/* 0 to 1. */
static double quality(const struct trial *trial)
{
	if (trial->rows == 0)
		return 0;
	return (double)trial->mode_weight / (2 * (double)trial->rows) * (double)trial->clean /
	       (double)trial->cells;
}

static bool is_better(const struct trial *trial, const struct trial *best)
{
	if (trial->known != best->known)
		return trial->known > best->known;
	double own = quality(trial), other = quality(best);
	if (own < other || own > other)
		return own > other;
	return trial->mode > best->mode;
}

/* Whether a rare delimiter is no accident. */
static bool is_sure(const struct trial *trial, const struct trial *best, bool plain)
{
	if (trial->known > best->known)
		return true;
	if (trial->rows < 2 || trial->mode_weight < 2 * trial->rows)
		return false;
	return plain || (trial->mode >= 3 && trial->first_row_words);
}

static struct trial start_trial(const struct reader_options *options, char delimiter, char quote)
{
	struct trial trial = {.syntax = {.quote = quote, .escape = options->escape}};

	size_t size = strlen(options->delimiter);
	/* "; " is a delimiter with its space, " " one of its own. */
	trial.syntax.blank_after = size > 1 && options->delimiter[size - 1] == ' ';
	if (size)
		memcpy(trial.syntax.delimiter, options->delimiter, size - trial.syntax.blank_after);
	else
		trial.syntax.delimiter[0] = delimiter;
	return trial;
}

/* The best delimiter with this quote. */
static enum csv_scan try_delimiters(char quote, struct slice head, bool whole,
				    const struct reader_options *options, struct csv_row *row,
				    struct trial *best)
{
	size_t usual = options->delimiter[0] ? 1 : sizeof usual_delimiters;
	size_t rare = options->delimiter[0] ? 0 : sizeof rare_delimiters;

	for (size_t i = 0; i < usual; i++) {
		struct trial trial = start_trial(options, usual_delimiters[i], quote);
		enum csv_scan scanned = try_dialect(&trial, head, whole, options, row);
		if (scanned != CSV_SCAN_OK)
			return scanned;
		if (i == 0 || is_better(&trial, best))
			*best = trial;
	}
	bool settled = best->mode_weight > best->rows;
	for (size_t i = 0; i < rare && !settled; i++) {
		struct trial trial = start_trial(options, rare_delimiters[i], quote);
		enum csv_scan scanned = try_dialect(&trial, head, whole, options, row);
		if (scanned != CSV_SCAN_OK)
			return scanned;
		if (is_better(&trial, best) && is_sure(&trial, best, i < PLAIN_RARE))
			*best = trial;
	}
	return CSV_SCAN_OK;
}

/* What belongs to the delimiter besides its first byte. */
static void complete_delimiter(struct trial *trial)
{
	struct csv_syntax *syntax = &trial->syntax;
	size_t divided = 0;

	for (size_t i = 0; i < trial->rows; i++)
		divided += trial->widths[i] > 1;
	if (divided >= 2 && trial->first_row_doubled && trial->doubled * 10 >= divided * 9)
		syntax->delimiter[1] = syntax->delimiter[0];
	syntax->blank_after = syntax->delimiter[0] != ' ' && trial->first_row_spaced &&
			      trial->rows >= 2 && trial->spaced * 10 >= trial->inner * 9;
}

static bool quotes(const struct trial *single, const struct trial *best)
{
	return single->quoted && single->damaged * 10 <= single->quoted &&
	       single->known >= best->known;
}

enum status csv_guess_dialect(struct slice head, bool whole, const struct reader_options *options,
			      struct csv_guess *guess, struct error *err)
{
	char quote = options->no_quotes ? '\0' : options->quote ? options->quote : '"';
	struct csv_row row = {0};
	struct trial best = {0}, single = {0};

	enum csv_scan scanned = try_delimiters(quote, head, whole, options, &row, &best);
	if (scanned == CSV_SCAN_OK && quote == '"' && !options->quote && best.quoted == 0) {
		scanned = try_delimiters('\'', head, whole, options, &row, &single);
		if (quotes(&single, &best))
			best = single;
	}
	csv_row_release(&row);
	if (scanned != CSV_SCAN_OK)
		return error_no_memory(err);
	if (!options->delimiter[0])
		complete_delimiter(&best);
	*guess = (struct csv_guess){.syntax = best.syntax, .header_row = best.header_row};
	return STATUS_OK;
}
