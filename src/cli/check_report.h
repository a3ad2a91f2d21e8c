/* What `rowmill check` found: errors grouped by field, code and constraint, with examples and their places.
 *
 * Memory is bounded: groups beyond the first REPORT_GROUPS are counted together, values are cut.
 *
 * Threads: one at a time. */
#ifndef ROWMILL_CLI_CHECK_REPORT_H
#define ROWMILL_CLI_CHECK_REPORT_H

#include "base/strbuf.h"
#include "parse/reader.h"

enum { REPORT_GROUPS = 200, REPORT_EXAMPLES = 3, REPORT_VALUE_SIZE = 60 };

struct report_example {
	uint64_t row, line, byte;
	struct slice value, message;
	bool has_value;
};

struct report_group {
	struct slice field; /* empty: the row as a whole */
	const char *code, *constraint; /* constraint NULL: none */
	uint64_t errors;
	struct report_example examples[REPORT_EXAMPLES];
	size_t example_count;
};

struct check_report {
	struct arena arena; /* texts of the groups */
	struct report_group groups[REPORT_GROUPS];
	size_t group_count;
	uint64_t ungrouped; /* errors of groups that found no place */
	uint64_t valid, invalid;
};

void check_report_init(struct check_report *report);
void check_report_release(struct check_report *report); /* a zeroed struct is fine */

/* Counts a record that was checked. false: memory is exhausted. */
bool check_report_add(struct check_report *report, const struct record *record);

/* What stands above the groups. `failure` NULL: the file was read to its end; otherwise why not. */
struct check_summary {
	const char *file;
	struct slice schema;
	enum file_format format;
	const struct dialect *dialect; /* NULL: the file could not be opened */
	const struct error *failure;
};

void check_report_write_text(const struct check_report *report, const struct check_summary *summary,
			     struct strbuf *out);
void check_report_write_json(const struct check_report *report, const struct check_summary *summary,
			     struct strbuf *out);

#endif
