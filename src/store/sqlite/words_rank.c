/* Ranking by BM25 with b = 0: records are short, and how long one is tells nothing of how well it fits
 * (docs/decisions/0101). So the index keeps no lengths, and a match costs no look-up of one. */
#include "store/sqlite/words.h"

#include <math.h>

#include "base/banned.h"

static const double k1 = 1.2;

double words_frequency(int64_t row_count, int64_t with_phrase)
{
	double with = (double)with_phrase, all = (double)(row_count > with_phrase ? row_count : with_phrase);

	return log(1 + (all - with + 0.5) / (with + 0.5));
}

static int count_row(const Fts5ExtensionApi *api, Fts5Context *context, void *count)
{
	(void)api;
	(void)context;
	++*(int64_t *)count;
	return SQLITE_OK;
}

/* Alternatives count alike, by the rows that hold any of them (told by their sum): of the words that a slip may stand for, a rare one is
 * no likelier than a frequent one. */
static void weigh_terms(struct words_scorer *scorer)
{
	for (int i = 0, end; i < scorer->phrase_count; i = end) {
		int64_t rows = 0;
		for (end = i; end < scorer->phrase_count && scorer->terms[end] == scorer->terms[i]; end++)
			rows += scorer->rows[end];
		for (int j = i; j < end; j++)
			scorer->frequencies[j] = words_frequency(scorer->row_count, rows);
	}
}

/* A phrase alone is in every row that the statement gives: the caller counts those. */
static int begin(const Fts5ExtensionApi *api, Fts5Context *context, struct words_scorer *scorer)
{
	int count = api->xPhraseCount(context);
	sqlite3_int64 rows = 0;
	int code = api->xRowCount(context, &rows);

	if (count > WORD_PHRASES_MOST)
		return SQLITE_INTERNAL;
	scorer->row_count = rows;
	scorer->phrase_count = count;
	scorer->frequencies[0] = 1;
	for (int i = 0; count > 1 && i < count && code == SQLITE_OK; i++)
		if (scorer->weights[i] > 0)
			code = api->xQueryPhrase(context, i, &scorer->rows[i], count_row);
	if (count > 1)
		weigh_terms(scorer);
	return code;
}

static int score_row(const Fts5ExtensionApi *api, Fts5Context *context, const struct words_scorer *scorer,
		     double *score)
{
	int occurrences[WORD_PHRASES_MOST];
	int instances;
	int code = api->xInstCount(context, &instances);

	memset(occurrences, 0, (size_t)scorer->phrase_count * sizeof *occurrences);
	for (int i = 0; i < instances && code == SQLITE_OK; i++) {
		int phrase, column, offset;
		code = api->xInst(context, i, &phrase, &column, &offset);
		if (code == SQLITE_OK)
			occurrences[phrase]++;
	}
	*score = 0;
	for (int i = 0; i < scorer->phrase_count; i++)
		*score += scorer->weights[i] * scorer->frequencies[i] * (k1 + 1) * occurrences[i] /
			  (occurrences[i] + k1);
	return code;
}

static void words_rank(const Fts5ExtensionApi *api, Fts5Context *context, sqlite3_context *result, int count,
		       sqlite3_value **arguments)
{
	struct words_scorer *scorer = count == 1 ? sqlite3_value_pointer(arguments[0], WORDS_SCORER) : NULL;
	double score = 0;
	int code = scorer ? SQLITE_OK : SQLITE_MISUSE;

	if (code == SQLITE_OK && !scorer->phrase_count)
		code = begin(api, context, scorer);
	if (code == SQLITE_OK && scorer->within && !id_set_has(scorer->within, api->xRowid(context)))
		return;
	if (code == SQLITE_OK)
		code = score_row(api, context, scorer, &score);
	if (code == SQLITE_OK)
		sqlite3_result_double(result, score);
	else
		sqlite3_result_error_code(result, code);
}

enum status words_add_rank(struct connection *connection, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	fts5_api *api = NULL;
	int code = sqlite3_prepare_v2(connection->db, "SELECT fts5(?1)", -1, &statement, NULL);

	if (code == SQLITE_OK) {
		sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(statement);
		code = sqlite3_finalize(statement);
	}
	if (code == SQLITE_OK)
		code = api ? api->xCreateFunction(api, "words_rank", NULL, words_rank, NULL) : SQLITE_ERROR;
	return code == SQLITE_OK ? STATUS_OK : connection_fail(connection, code, err);
}
