/* Nothing in a safetensors file is believed: each way in which one can be bent is refused with
 * its reason. */
#include "embed_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "embed/safetensors.h"

static const char *path(void)
{
	static char text[4096];

	if (!*text)
		snprintf(text, sizeof text, "%s/test.safetensors", make_temporary_folder());
	return text;
}

static void write_bytes(const void *bytes, size_t size)
{
	FILE *file = fopen(path(), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* Header size, header, and `data_size` bytes of zeros. Returns the file's size. */
static size_t write_file(uint64_t header_size, const char *header, size_t data_size)
{
	static char bytes[8192];
	size_t size = 8 + strlen(header) + data_size;

	assert_true(size <= sizeof bytes);
	memset(bytes, 0, sizeof bytes);
	for (int i = 0; i < 8; i++)
		bytes[i] = (char)(header_size >> (8 * i));
	memcpy(bytes + 8, header, strlen(header));
	write_bytes(bytes, size);
	return size;
}

static void assert_refused_as(const char *code, const char *reason)
{
	struct safetensors file;
	struct error err = {0};

	enum status status = safetensors_open(path(), &file, &err);
	if (status == STATUS_OK)
		fail_msg("accepted, though %s", reason);
	if (strcmp(err.code, code) != 0 || !strstr(err.detail, reason))
		fail_msg("%s: '%s' says nothing of '%s'", err.code, err.detail, reason);
	assert_int_equal(file.fd, -1);
}

static void assert_header_refused(const char *header, size_t data_size, const char *reason)
{
	write_file(strlen(header), header, data_size);
	assert_refused_as("model-damaged", reason);
}

#define GOOD                                                                                       \
	"{\"__metadata__\":{\"format\":\"pt\"},"                                                   \
	"\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]},"                        \
	"\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}"

static void tensors_are_found_by_name_and_read_in_their_shape(void **state)
{
	float numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[6];
	char bytes[8 + sizeof GOOD - 1 + sizeof numbers] = {(char)(sizeof GOOD - 1)};
	struct safetensors file;
	struct error err;

	(void)state;
	memcpy(bytes + 8, GOOD, sizeof GOOD - 1);
	memcpy(bytes + 8 + sizeof GOOD - 1, numbers, sizeof numbers);
	write_bytes(bytes, sizeof bytes);
	assert_ok(safetensors_open(path(), &file, &err), &err);
	assert_ok(safetensors_read(&file, "a", 2, 3, 2, out, &err), &err);
	assert_memory_equal(out, numbers, 6 * sizeof *out);
	assert_ok(safetensors_read(&file, "b", 0, 2, 1, out, &err), &err);
	assert_memory_equal(out, numbers + 6, 2 * sizeof *out);
	assert_ok(safetensors_read(&file, "a", 2, 3, 1, out, &err), &err);
	safetensors_close(&file);
}

static void assert_read_refused(const char *name, size_t rows, size_t columns, const char *reason)
{
	struct safetensors file;
	struct error err;
	float out[8];

	assert_ok(safetensors_open(path(), &file, &err), &err);
	assert_int_equal(safetensors_read(&file, name, rows, columns, rows ? rows : 1, out, &err),
			 STATUS_CORRUPT);
	assert_non_null(strstr(err.detail, reason));
	safetensors_close(&file);
}

static void a_tensor_of_another_name_shape_or_type_is_refused(void **state)
{
	(void)state;
	write_file(strlen(GOOD), GOOD, 32);
	assert_read_refused("c", 2, 3, "is missing");
	assert_read_refused("a", 3, 2, "shape");
	assert_read_refused("a", 0, 6, "shape");
	assert_read_refused("b", 1, 2, "shape");
	assert_read_refused("b", 0, 3, "shape");
	const char *other = "{\"a\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
	write_file(strlen(other), other, 8);
	assert_read_refused("a", 0, 2, "not of type F32");
}

static void numbers_that_are_not_finite_are_refused(void **state)
{
	const float bad[] = {NAN, INFINITY, -INFINITY};
	struct safetensors file;
	struct error err;
	float out[2];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		write_file(strlen(GOOD), GOOD, 32);
		FILE *bent = fopen(path(), "r+b");
		assert_non_null(bent);
		fseek(bent, -4, SEEK_END);
		fwrite(&bad[i], 1, sizeof bad[i], bent);
		fclose(bent);
		assert_ok(safetensors_open(path(), &file, &err), &err);
		assert_int_equal(safetensors_read(&file, "b", 0, 2, 1, out, &err), STATUS_CORRUPT);
		safetensors_close(&file);
	}
}

static void a_missing_file_is_told_from_a_damaged_one(void **state)
{
	struct safetensors file;
	struct error err;

	(void)state;
	assert_int_equal(safetensors_open("/nowhere/at/all", &file, &err), STATUS_NOT_FOUND);
	assert_string_equal(err.code, "model-missing");
	assert_int_equal(safetensors_open("/", &file, &err), STATUS_CORRUPT);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
	size_t size = write_file(strlen(GOOD), GOOD, 32);
	struct safetensors file;
	struct error err;

	(void)state;
	while (size-- > 0) {
		assert_int_equal(truncate(path(), (off_t)size), 0);
		assert_int_equal(safetensors_open(path(), &file, &err), STATUS_CORRUPT);
	}
}

static void a_file_cut_while_it_is_open_is_an_error_and_no_crash(void **state)
{
	struct safetensors file;
	struct error err;
	float out[8];

	(void)state;
	size_t size = write_file(strlen(GOOD), GOOD, 32);
	assert_ok(safetensors_open(path(), &file, &err), &err);
	assert_int_equal(truncate(path(), (off_t)size - 16), 0);
	assert_int_equal(safetensors_read(&file, "a", 2, 3, 2, out, &err), STATUS_CORRUPT);
	assert_non_null(strstr(err.detail, "too early"));
	safetensors_close(&file);
}

static void a_header_size_beyond_the_file_or_the_cap_is_refused(void **state)
{
	const uint64_t sizes[] = {200, 1 << 20, (1 << 20) + 1, UINT32_MAX, INT64_MAX, UINT64_MAX,
				  UINT64_MAX - 7};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		write_file(sizes[i], "{}", 0);
		assert_refused_as("model-damaged", "header has");
	}
}

static void a_header_that_is_no_json_object_is_refused(void **state)
{
	const char *const headers[] = {"", "[]", "null", "7", "{", "{}x", "\"a\"", "{\"a\":1,\"a\":2}"};

	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		assert_header_refused(headers[i], 0, "no JSON object");
}

#define TENSOR(type, shape, offsets)                                                               \
	"{\"a\":{\"dtype\":" type ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void a_tensor_without_type_shape_or_place_is_refused(void **state)
{
	(void)state;
	assert_header_refused("{\"a\":7}", 0, "type and shape");
	assert_header_refused("{\"a\":{}}", 0, "type and shape");
	assert_header_refused(TENSOR("\"F31\"", "[2]", "[0,8]"), 8, "type and shape");
	assert_header_refused(TENSOR("32", "[2]", "[0,8]"), 8, "type and shape");
	assert_header_refused(TENSOR("\"F32\"", "2", "[0,8]"), 8, "type and shape");
	assert_header_refused(TENSOR("\"F32\"", "[2.0]", "[0,8]"), 8, "type and shape");
	assert_header_refused(TENSOR("\"F32\"", "[-2]", "[0,8]"), 8, "type and shape");
	assert_header_refused(TENSOR("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8,
			      "type and shape");
	assert_header_refused(TENSOR("\"F32\"", "[4611686018427387904,4]", "[0,0]"), 0,
			      "type and shape");
	assert_header_refused(TENSOR("\"F32\"", "[2]", "[0]"), 8, "no place");
	assert_header_refused(TENSOR("\"F32\"", "[2]", "[0,8,9]"), 8, "no place");
	assert_header_refused(TENSOR("\"F32\"", "[2]", "[8,0]"), 8, "no place");
	assert_header_refused(TENSOR("\"F32\"", "[2]", "[-8,0]"), 8, "no place");
	assert_header_refused(TENSOR("\"F32\"", "[2]", "[0,\"8\"]"), 8, "no place");
	assert_header_refused(TENSOR("\"F32\"", "[2]", "{\"0\":8}"), 8, "no place");
	assert_header_refused(TENSOR("\"F32\"", "[3]", "[0,8]"), 8, "does not fit its shape");
}

#define TWO(first, second)                                                                         \
	"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" first "},"                     \
	"\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" second "}}"

static void overlaps_gaps_and_bytes_of_no_tensor_are_refused(void **state)
{
	(void)state;
	assert_header_refused(TWO("[0,8]", "[4,12]"), 12, "overlaps");
	assert_header_refused(TWO("[0,8]", "[0,8]"), 8, "overlaps");
	assert_header_refused(TWO("[0,8]", "[12,20]"), 20, "gap");
	assert_header_refused(TWO("[4,12]", "[12,20]"), 20, "gap");
	assert_header_refused(TWO("[0,8]", "[8,16]"), 15, "beyond the end");
	assert_header_refused(TWO("[0,8]", "[8,16]"), 17, "belong to no tensor");
	assert_header_refused("{}", 1, "belong to no tensor");
}

/* Whatever a bent header is taken for, it must end in an answer. */
static void a_header_with_flipped_bits_never_crashes(void **state)
{
	uint64_t random = random_seed();
	char bytes[8 + sizeof GOOD - 1 + 32];
	struct safetensors file;
	struct error err;
	float out[6];

	(void)state;
	for (int i = 0; i < 1500; i++) {
		memset(bytes, 0, sizeof bytes);
		bytes[0] = (char)(sizeof GOOD - 1);
		memcpy(bytes + 8, GOOD, sizeof GOOD - 1);
		for (uint64_t flips = 1 + random_next(&random) % 3; flips > 0; flips--) {
			uint64_t bit = random_next(&random) % (8 * (8 + sizeof GOOD - 1));
			bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		}
		write_bytes(bytes, sizeof bytes);
		if (safetensors_open(path(), &file, &err) == STATUS_OK) {
			safetensors_read(&file, "a", 2, 3, 2, out, &err);
			safetensors_close(&file);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tensors_are_found_by_name_and_read_in_their_shape),
		cmocka_unit_test(a_tensor_of_another_name_shape_or_type_is_refused),
		cmocka_unit_test(numbers_that_are_not_finite_are_refused),
		cmocka_unit_test(a_missing_file_is_told_from_a_damaged_one),
		cmocka_unit_test(a_file_cut_anywhere_is_refused),
		cmocka_unit_test(a_file_cut_while_it_is_open_is_an_error_and_no_crash),
		cmocka_unit_test(a_header_size_beyond_the_file_or_the_cap_is_refused),
		cmocka_unit_test(a_header_that_is_no_json_object_is_refused),
		cmocka_unit_test(a_tensor_without_type_shape_or_place_is_refused),
		cmocka_unit_test(overlaps_gaps_and_bytes_of_no_tensor_are_refused),
		cmocka_unit_test(a_header_with_flipped_bits_never_crashes),
	};

	return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
