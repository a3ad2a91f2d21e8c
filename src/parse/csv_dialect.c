#include "parse/csv_dialect.h"

#include "record/field_name.h"

#include "base/banned.h"

/* Rows that are looked at for the delimiter, and for the header. */
enum { ROWS_TRIED = 100, HEADER_ROWS = 20 };

static const char delimiters[] = {',', ';', '\t', '|'};

/* What reading the head in one dialect came to. */
struct trial {
	struct csv_syntax syntax;
	size_t widths[ROWS_TRIED]; /* cells of each row */
	bool damage[ROWS_TRIED];
	size_t rows;
	size_t quoted, damaged; /* cells that are quoted; rows that are damaged */
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

static void count_row(struct trial *trial, const struct reader_options *options,
		      struct slice bytes, const struct csv_row *row)
{
	if (trial->rows < HEADER_ROWS && trial->known == 0) {
		trial->known = count_known(options, bytes, row);
		if (trial->known)
			trial->header_row = trial->rows;
	}
	for (size_t i = 0; i < csv_row_kept(row); i++)
		trial->quoted += (row->cells[i].flags & CELL_QUOTED) != 0;
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

static bool is_better(const struct trial *trial, const struct trial *best)
{
	if (trial->known != best->known)
		return trial->known > best->known;
	/* Shares of rows, compared without division. */
	size_t share = trial->mode_weight * best->rows;
	size_t best_share = best->mode_weight * trial->rows;
	if (share != best_share)
		return share > best_share;
	return trial->mode > best->mode;
}

/* The best delimiter with this quote. */
static enum csv_scan try_delimiters(char quote, struct slice head, bool whole,
				    const struct reader_options *options, struct csv_row *row,
				    struct trial *best)
{
	size_t count = options->delimiter ? 1 : sizeof delimiters;

	for (size_t i = 0; i < count; i++) {
		char delimiter = options->delimiter ? options->delimiter : delimiters[i];
		struct trial trial = {.syntax = {.delimiter = delimiter, .quote = quote}};
		enum csv_scan scanned = try_dialect(&trial, head, whole, options, row);
		if (scanned != CSV_SCAN_OK)
			return scanned;
		if (i == 0 || is_better(&trial, best))
			*best = trial;
	}
	return CSV_SCAN_OK;
}

enum status csv_guess_dialect(struct slice head, bool whole, const struct reader_options *options,
			      struct csv_guess *guess, struct error *err)
{
	char quote = options->quote ? options->quote : '"';
	struct csv_row row = {0};
	struct trial best = {0}, single = {0};

	enum csv_scan scanned = try_delimiters(quote, head, whole, options, &row, &best);
	if (scanned == CSV_SCAN_OK && !options->quote && best.quoted == 0) {
		scanned = try_delimiters('\'', head, whole, options, &row, &single);
		if (single.quoted && single.damaged == 0)
			best = single;
	}
	csv_row_release(&row);
	if (scanned != CSV_SCAN_OK)
		return error_no_memory(err);
	*guess = (struct csv_guess){.syntax = best.syntax, .header_row = best.header_row};
	return STATUS_OK;
}
