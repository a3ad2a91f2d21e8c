#include "embed/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/banned.h"

enum { SIZE_FIELD = 8, HEADER_CAP = 1 << 20, RANK_CAP = 8, NAME_SHOWN = 80 };

struct place {
	uint64_t begin, end;
	const char *name;
};

static enum status damaged(struct error *err, const char *name, const char *what)
{
	return error_set(err, STATUS_CORRUPT, "model-damaged", "model.safetensors: tensor '%.*s' %s.",
			 NAME_SHOWN, name, what);
}

static enum status read_at(int fd, void *out, size_t size, uint64_t at, struct error *err)
{
	char *to = out;

	while (size > 0) {
		ssize_t got = pread(fd, to, size, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_from_errno(err, errno, "reading model.safetensors");
		if (got == 0)
			return error_set(err, STATUS_CORRUPT, "model-damaged",
					 "model.safetensors ends at byte %" PRIu64
					 ", %zu bytes too early.",
					 at, size);
		to += got;
		at += (uint64_t)got;
		size -= (size_t)got;
	}
	return STATUS_OK;
}

static uint64_t size_of_type(const char *type)
{
	static const struct {
		const char *name;
		uint64_t size;
	} types[] = {{"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
		     {"I16", 2},  {"U16", 2},  {"F16", 2}, {"BF16", 2},    {"I32", 4},
		     {"U32", 4},  {"F32", 4},  {"F64", 8}, {"I64", 8},     {"U64", 8}};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(type, types[i].name) == 0)
			return types[i].size;
	return 0;
}

/* Bytes that type and shape ask for; false where they are no type and shape. */
static bool tensor_size(const json_t *tensor, uint64_t *size)
{
	const char *type = json_string_value(json_object_get(tensor, "dtype"));
	const json_t *shape = json_object_get(tensor, "shape");

	if (!type || !json_is_array(shape) || json_array_size(shape) > RANK_CAP)
		return false;
	*size = size_of_type(type);
	if (*size == 0)
		return false;
	for (size_t i = 0; i < json_array_size(shape); i++) {
		const json_t *length = json_array_get(shape, i);
		if (!json_is_integer(length) || json_integer_value(length) < 0)
			return false;
		if (__builtin_mul_overflow(*size, (uint64_t)json_integer_value(length), size))
			return false;
	}
	return true;
}

static bool tensor_place(const json_t *tensor, struct place *place)
{
	const json_t *offsets = json_object_get(tensor, "data_offsets");
	const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);

	if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
		return false;
	if (json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
		return false;
	place->begin = (uint64_t)json_integer_value(begin);
	place->end = (uint64_t)json_integer_value(end);
	return true;
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

/* Sorted by place, every tensor begins where the one before it ends. */
static enum status check_layout(struct place *places, size_t count, uint64_t data_size,
				struct error *err)
{
	uint64_t at = 0;

	qsort(places, count, sizeof *places, compare_places);
	for (size_t i = 0; i < count; i++) {
		if (places[i].begin < at)
			return damaged(err, places[i].name, "overlaps another");
		if (places[i].begin > at)
			return damaged(err, places[i].name, "has a gap before it");
		if (places[i].end > data_size)
			return damaged(err, places[i].name, "lies beyond the end of the file");
		at = places[i].end;
	}
	if (at != data_size)
		return error_set(err, STATUS_CORRUPT, "model-damaged",
				 "model.safetensors has %" PRIu64 " bytes that belong to no tensor.",
				 data_size - at);
	return STATUS_OK;
}

static enum status check_header(struct safetensors *file, struct error *err)
{
	struct place *places = calloc(json_object_size(file->header) + 1, sizeof *places);
	enum status status = STATUS_OK;
	size_t count = 0;
	const char *name;
	json_t *tensor;

	if (!places)
		return error_no_memory(err);
	json_object_foreach(file->header, name, tensor) {
		struct place *place = &places[count];
		uint64_t size;

		if (strcmp(name, "__metadata__") == 0)
			continue;
		place->name = name;
		if (!tensor_size(tensor, &size))
			status = damaged(err, name, "has no known type and shape");
		else if (!tensor_place(tensor, place))
			status = damaged(err, name, "has no place");
		else if (place->end - place->begin != size)
			status = damaged(err, name, "has a place that does not fit its shape");
		if (status != STATUS_OK)
			goto cleanup;
		count++;
	}
	status = check_layout(places, count, file->data_size, err);
cleanup:
	free(places);
	return status;
}

static enum status read_header(struct safetensors *file, uint64_t file_size, struct error *err)
{
	unsigned char field[SIZE_FIELD];
	uint64_t size = 0;
	json_error_t problem;

	enum status status = read_at(file->fd, field, sizeof field, 0, err);
	if (status != STATUS_OK)
		return status;
	for (size_t i = SIZE_FIELD; i-- > 0;)
		size = size << 8 | field[i];
	if (size > HEADER_CAP || size > file_size - SIZE_FIELD)
		return error_set(err, STATUS_CORRUPT, "model-damaged",
				 "model.safetensors says that its header has %" PRIu64
				 " bytes; the file has %" PRIu64 ", and %d are read at most.",
				 size, file_size, HEADER_CAP);
	file->data = SIZE_FIELD + size;
	file->data_size = file_size - file->data;

	char *text = malloc((size_t)size + 1);
	if (!text)
		return error_no_memory(err);
	status = read_at(file->fd, text, (size_t)size, SIZE_FIELD, err);
	if (status == STATUS_OK) {
		file->header = json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES, &problem);
		if (!json_is_object(file->header))
			status = error_set(err, STATUS_CORRUPT, "model-damaged",
					   "The header of model.safetensors is no JSON object: %s.",
					   file->header ? "another value" : problem.text);
	}
	free(text);
	return status;
}

enum status safetensors_open(const char *path, struct safetensors *file, struct error *err)
{
	struct stat info;
	enum status status;

	*file = (struct safetensors){.fd = open(path, O_RDONLY | O_CLOEXEC)};
	if (file->fd < 0 && errno == ENOENT)
		return error_set(err, STATUS_NOT_FOUND, "model-missing",
				 "There is no model.safetensors in the model's folder.");
	if (file->fd < 0)
		return error_from_errno(err, errno, "opening model.safetensors");
	if (fstat(file->fd, &info) != 0)
		status = error_from_errno(err, errno, "opening model.safetensors");
	else if (!S_ISREG(info.st_mode) || info.st_size < SIZE_FIELD)
		status = error_set(err, STATUS_CORRUPT, "model-damaged",
				   "model.safetensors is no file, or too short to have a header.");
	else
		status = read_header(file, (uint64_t)info.st_size, err);
	if (status == STATUS_OK)
		status = check_header(file, err);
	if (status != STATUS_OK)
		safetensors_close(file);
	return status;
}

void safetensors_close(struct safetensors *file)
{
	json_decref(file->header);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct safetensors){.fd = -1};
}

/* Exponent bits all set: an infinity or no number. Written without isfinite() so that the
 * compiler makes vectors of it; 90 MB are looked at while the program starts. */
static bool all_finite(const float *numbers, size_t count)
{
	uint32_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t bits;
		memcpy(&bits, &numbers[i], sizeof bits);
		bad |= (bits & 0x7F800000U) == 0x7F800000U;
	}
	return bad == 0;
}

static bool has_shape(const json_t *shape, size_t rows, size_t columns)
{
	size_t rank = rows ? 2 : 1;

	if (json_array_size(shape) != rank)
		return false;
	if (rows && (uint64_t)json_integer_value(json_array_get(shape, 0)) != rows)
		return false;
	return (uint64_t)json_integer_value(json_array_get(shape, rank - 1)) == columns;
}

enum status safetensors_read(const struct safetensors *file, const char *name, size_t rows,
			     size_t columns, size_t wanted_rows, float *out, struct error *err)
{
	const json_t *tensor = json_object_get(file->header, name);
	size_t count = wanted_rows * columns;
	struct place place;

	if (!tensor)
		return damaged(err, name, "is missing");
	if (strcmp(json_string_value(json_object_get(tensor, "dtype")), "F32") != 0)
		return damaged(err, name, "is not of type F32");
	if (!has_shape(json_object_get(tensor, "shape"), rows, columns))
		return damaged(err, name, "has not the shape that the model must have");
	if (!tensor_place(tensor, &place)) /* checked when opened */
		return damaged(err, name, "has no place");
	enum status status =
		read_at(file->fd, out, count * sizeof *out, file->data + place.begin, err);
	if (status != STATUS_OK)
		return status;
	if (!all_finite(out, count))
		return damaged(err, name, "holds a value that is no finite number");
	return STATUS_OK;
}
