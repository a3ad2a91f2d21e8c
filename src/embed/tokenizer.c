/* The steps are those of Hugging Face's tokenizers (BertNormalizer, BertPreTokenizer,
 * WordPiece, as tokenizer.json of the model asks for them), done in one walk over the
 * text: each character is cleaned, spaced, decomposed and lowered as it comes, a word gathers until
 * a space or a punctuation mark ends it, and its pieces are written at once. */
#include "embed/tokenizer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utf8proc.h>

#include "base/utf8.h"
#include "embed/trie.h"

#include "base/banned.h"

enum {
	WORD_CHARACTERS = 100, /* longer words are [UNK] */
	WORD_SIZE = WORD_CHARACTERS * 4,
	DECOMPOSED = 8,        /* the longest canonical decomposition has 4 characters */
	VOCABULARY_FILE_CAP = 16 << 20,
};

/* Pieces that are found in the raw text as they stand, before anything else. */
enum special { PAD, UNK, CLS, SEP, MASK, SPECIALS };

static const struct slice special_names[SPECIALS] = {
	[PAD] = {"[PAD]", 5}, [UNK] = {"[UNK]", 5},   [CLS] = {"[CLS]", 5},
	[SEP] = {"[SEP]", 5}, [MASK] = {"[MASK]", 6},
};

struct tokenizer {
	struct trie trie;
	int32_t specials[SPECIALS];
};

/* What a character is before letters are looked at. */
enum kind { DROPPED, SPACE, PUNCTUATION, MARK, IDEOGRAPH, LETTER };

/* For ASCII: the lowered letter or digit where it belongs to a word, else its kind. */
static unsigned char ascii_kind(unsigned char byte)
{
	if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r')
		return SPACE;
	if (byte < ' ' || byte == 0x7F)
		return DROPPED;
	if (byte >= 'A' && byte <= 'Z')
		return (unsigned char)(byte - 'A' + 'a');
	if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9'))
		return byte;
	return PUNCTUATION;
}

static const struct kind_range {
	uint32_t first, last;
	enum kind kind;
} kind_ranges[] = {
#include "embed/character_kinds.inc"
};

/* For all other characters. */
static enum kind unicode_kind(uint32_t character)
{
	size_t low = 0, high = sizeof kind_ranges / sizeof *kind_ranges;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct kind_range *range = &kind_ranges[middle];
		if (character > range->last)
			low = middle + 1;
		else if (character < range->first)
			high = middle;
		else
			return range->kind;
	}
	return LETTER;
}

struct run {
	const struct tokenizer *tokenizer;
	int32_t *ids;
	size_t count, max; /* max leaves room for [SEP] */
	bool truncated;
	size_t characters; /* of the word so far; over WORD_CHARACTERS no bytes are kept */
	size_t size;
	char word[WORD_SIZE];
};

static void write_id(struct run *run, int32_t id)
{
	if (run->count < run->max)
		run->ids[run->count++] = id;
	else
		run->truncated = true;
}

/* Greedy longest match first; a word with a rest that matches nothing is [UNK] as a whole. */
static void end_word(struct run *run)
{
	int32_t pieces[WORD_SIZE];
	size_t count = 0, at = 0, size = 0;
	enum trie_root root = TRIE_WORD;

	if (run->characters == 0)
		return;
	while (run->characters <= WORD_CHARACTERS && at < run->size) {
		int32_t id = trie_longest(&run->tokenizer->trie, root, run->word + at,
					  run->size - at, &size);
		if (id < 0)
			break;
		pieces[count++] = id;
		at += size;
		root = TRIE_CONTINUATION;
	}
	if (run->characters > WORD_CHARACTERS || at < run->size) {
		pieces[0] = run->tokenizer->specials[UNK];
		count = 1;
	}
	for (size_t i = 0; i < count; i++)
		write_id(run, pieces[i]);
	run->characters = run->size = 0;
}

static void add_ascii(struct run *run, char byte)
{
	if (++run->characters <= WORD_CHARACTERS)
		run->word[run->size++] = byte;
}

static void word_alone(struct run *run, const char *bytes, size_t size)
{
	end_word(run);
	memcpy(run->word, bytes, size);
	run->size = size;
	run->characters = 1;
	end_word(run);
}

/* NFD also puts marks into their canonical order. Those that are not taken out as accents occur in no
 * piece of the vocabulary: a word with one of them is [UNK], in whatever order. */
static void add_character(struct run *run, uint32_t character)
{
	if (++run->characters <= WORD_CHARACTERS)
		run->size += utf8_encode(character, run->word + run->size);
}

/* A character of a decomposition: accents go, the rest is lowered and joins the word. */
static void add_decomposed(struct run *run, utf8proc_int32_t character)
{
	enum kind kind;
	char bytes[4];

	character = utf8proc_tolower(character);
	if (character < 0x80) {
		unsigned char ascii = ascii_kind((unsigned char)character);
		kind = ascii >= LETTER ? LETTER : (enum kind)ascii;
	} else {
		kind = unicode_kind((uint32_t)character);
	}
	if (kind == SPACE)
		end_word(run);
	else if (kind == PUNCTUATION)
		word_alone(run, bytes, utf8_encode((uint32_t)character, bytes));
	else if (kind != MARK)
		add_character(run, (uint32_t)character);
}

static void add_unicode(struct run *run, uint32_t character)
{
	enum kind kind = unicode_kind(character);
	utf8proc_int32_t parts[DECOMPOSED];
	int boundary = 0;

	if (kind == DROPPED)
		return;
	if (kind == SPACE || kind == IDEOGRAPH)
		end_word(run);
	if (kind == SPACE)
		return;
	utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)character, parts,
							 DECOMPOSED, UTF8PROC_DECOMPOSE, &boundary);
	for (utf8proc_ssize_t i = 0; i < count && i < DECOMPOSED; i++)
		add_decomposed(run, parts[i]);
	if (kind == IDEOGRAPH)
		end_word(run);
}

/* Size of the special piece at `at`, 0 if there is none. */
static size_t add_special(struct run *run, struct slice text, size_t at)
{
	struct slice rest = slice_of(text.data + at, text.size - at);

	for (size_t i = 0; i < SPECIALS; i++)
		if (slice_starts_with(rest, special_names[i])) {
			end_word(run);
			write_id(run, run->tokenizer->specials[i]);
			return special_names[i].size;
		}
	return 0;
}

/* Adds what stands at `at` and returns its size. */
static size_t step(struct run *run, struct slice text, size_t at)
{
	unsigned char byte = (unsigned char)text.data[at];
	uint32_t character;

	if (byte >= 0x80) {
		size_t size = utf8_decode(text, at, &character);
		if (size == 0)
			return utf8_damage_size(text, at);
		add_unicode(run, character);
		return size;
	}
	unsigned char kind = ascii_kind(byte);
	if (kind >= LETTER) {
		add_ascii(run, (char)kind);
	} else if (kind == SPACE) {
		end_word(run);
	} else if (kind == PUNCTUATION) {
		size_t size = byte == '[' ? add_special(run, text, at) : 0;
		if (size > 0)
			return size;
		word_alone(run, text.data + at, 1);
	}
	return 1;
}

size_t tokenizer_encode(const struct tokenizer *tokenizer, struct slice text, int32_t *ids,
			size_t max, bool *truncated)
{
	struct run run;

	run.tokenizer = tokenizer;
	run.ids = ids;
	run.count = run.characters = run.size = 0;
	run.max = max - 1;
	run.truncated = false;
	write_id(&run, tokenizer->specials[CLS]);
	for (size_t at = 0; at < text.size && !run.truncated;)
		at += step(&run, text, at);
	end_word(&run);
	ids[run.count++] = tokenizer->specials[SEP];
	*truncated = run.truncated;
	return run.count;
}

/* The whole of a file of at most `cap` bytes. The caller frees text->data. */
static enum status read_whole(const char *path, size_t cap, struct slice *text, struct error *err)
{
	enum status status = STATUS_OK;
	char *data = NULL;
	size_t size = 0;
	struct stat info;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, STATUS_NOT_FOUND, "model-missing",
				 "There is no vocab.txt in the model's folder.");
	if (fd < 0 || fstat(fd, &info) != 0 || (uint64_t)info.st_size > cap) {
		status = error_set(err, STATUS_CORRUPT, "model-damaged",
				   "vocab.txt cannot be opened, or is too large.");
		goto cleanup;
	}
	data = malloc((size_t)info.st_size + 1);
	if (!data) {
		status = error_no_memory(err);
		goto cleanup;
	}
	while (size < (size_t)info.st_size) {
		ssize_t got = read(fd, data + size, (size_t)info.st_size - size);
		if (got < 0 && errno != EINTR) {
			status = error_from_errno(err, errno, "reading vocab.txt");
			goto cleanup;
		}
		if (got == 0)
			break;
		size += got > 0 ? (size_t)got : 0;
	}
	*text = slice_of(data, size);
	data = NULL;
cleanup:
	free(data);
	if (fd >= 0)
		close(fd);
	return status;
}

static enum status bad_line(struct error *err, size_t line, const char *what)
{
	return error_set(err, STATUS_CORRUPT, "model-damaged", "vocab.txt, line %zu %s.", line + 1,
			 what);
}

/* One key for each line; a line's bytes stay in `text`. */
static enum status read_keys(struct tokenizer *tokenizer, struct slice text, struct trie_key *keys,
			     size_t expected_count, struct error *err)
{
	size_t at = 0, line = 0;

	for (size_t i = 0; i < SPECIALS; i++)
		tokenizer->specials[i] = -1;
	for (; at < text.size && line < expected_count; line++) {
		size_t end = slice_find(text, '\n', at);
		struct slice piece = slice_of(text.data + at, end - at);

		at = end + 1;
		if (piece.size == 0 || piece.size > WORD_SIZE)
			return bad_line(err, line, "is empty or longer than 400 bytes");
		if (!utf8_is_valid(piece))
			return bad_line(err, line, "is no UTF-8");
		for (size_t i = 0; i < SPECIALS; i++)
			if (slice_equal(piece, special_names[i]))
				tokenizer->specials[i] = (int32_t)line;
		keys[line] = (struct trie_key){TRIE_WORD, piece, (int32_t)line};
		if (piece.size > 2 && slice_starts_with(piece, SLICE("##"))) {
			keys[line].root = TRIE_CONTINUATION;
			keys[line].bytes = slice_of(piece.data + 2, piece.size - 2);
		}
	}
	if (line != expected_count || at < text.size)
		return error_set(err, STATUS_CORRUPT, "model-damaged",
				 "vocab.txt has not the %zu lines that the model asks for.",
				 expected_count);
	for (size_t i = 0; i < SPECIALS; i++)
		if (tokenizer->specials[i] < 0)
			return error_set(err, STATUS_CORRUPT, "model-damaged",
					 "vocab.txt has no line %.*s.",
					 SLICE_ARG(special_names[i]));
	return STATUS_OK;
}

enum status tokenizer_open(const char *path, size_t expected_count, struct tokenizer **tokenizer,
			   struct error *err)
{
	struct tokenizer *made = calloc(1, sizeof *made);
	struct trie_key *keys = calloc(expected_count, sizeof *keys);
	struct slice text = {0};
	enum status status;
	int32_t twice = -1;

	if (!made || !keys) {
		status = error_no_memory(err);
		goto cleanup;
	}
	status = read_whole(path, VOCABULARY_FILE_CAP, &text, err);
	if (status == STATUS_OK)
		status = read_keys(made, text, keys, expected_count, err);
	if (status != STATUS_OK)
		goto cleanup;
	if (!trie_build(&made->trie, keys, expected_count, &twice)) {
		status = twice < 0 ? error_no_memory(err)
				   : bad_line(err, (size_t)twice, "is there twice");
		goto cleanup;
	}
	*tokenizer = made;
	made = NULL;
cleanup:
	free((void *)(uintptr_t)text.data);
	free(keys);
	tokenizer_close(made);
	return status;
}

void tokenizer_close(struct tokenizer *tokenizer)
{
	if (!tokenizer)
		return;
	trie_release(&tokenizer->trie);
	free(tokenizer);
}
