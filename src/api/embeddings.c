/* POST /v1/embeddings, in the shape that OpenAI's clients speak. */
#include "api/body.h"

#include "base/banned.h"

enum { INPUTS_MAX = 2048, NAME_MAX_SIZE = 256 };

static const char *const members[] = {"input", "model", "encoding_format", "dimensions", "user", NULL};

/* input: a string, or an array of them. Token arrays are of another tokenizer and refused. */
static struct slice *read_inputs(struct api_call *call, const json_t *object, size_t *count)
{
	const json_t *input = json_object_get(object, "input");
	struct slice *texts;

	*count = 0;
	if (!input) {
		add_param_error(call, "body", SLICE("input"), "missing", "is needed");
		return NULL;
	}
	if (json_is_string(input)) {
		texts = arena_alloc(call->arena, sizeof *texts);
		if (!texts)
			return NULL;
		*texts = slice_of(json_string_value(input), json_string_length(input));
		*count = 1;
		return texts;
	}
	texts = body_texts(call, object, "input", INPUTS_MAX, count);
	if (!call->error_count && *count == 0)
		add_param_error(call, "body", SLICE("input"), "out-of-range",
				"must hold at least one string");
	return texts;
}

static void write_floats(struct json_writer *json, const float *vector)
{
	json_begin_array(json);
	for (size_t i = 0; i < EMBED_DIMENSION; i++)
		json_put_double(json, (double)vector[i], 9);
	json_end_array(json);
}

/* Little-endian float32, as base64 with padding (RFC 4648, section 4). */
static void write_base64(struct json_writer *json, const float *vector)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char bytes[EMBED_DIMENSION * sizeof *vector];
	char text[sizeof bytes / 3 * 4];

	_Static_assert(sizeof bytes % 3 == 0, "no padding is needed");
	memcpy(bytes, vector, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes / 3; i++) {
		uint32_t three = (uint32_t)bytes[3 * i] << 16 | (uint32_t)bytes[3 * i + 1] << 8 |
				 bytes[3 * i + 2];
		for (int j = 0; j < 4; j++)
			text[4 * i + (size_t)j] = alphabet[three >> (18 - 6 * j) & 63];
	}
	json_put_string(json, slice_of(text, sizeof text));
}

static enum status write_data(struct api_call *call, const struct slice *texts, size_t count, bool base64,
			      struct json_writer *json, size_t *tokens, struct error *err)
{
	float vector[EMBED_DIMENSION];

	json_put_member(json, "data");
	json_begin_array(json);
	for (size_t i = 0; i < count; i++) {
		size_t size;
		enum status status =
			searcher_embed(call->api->config.searcher, texts[i], vector, &size, err);
		if (status != STATUS_OK)
			return status;
		*tokens += size;
		json_begin_object(json);
		json_put_text_member(json, "object", "embedding");
		json_put_int_member(json, "index", (int64_t)i);
		json_put_member(json, "embedding");
		if (base64)
			write_base64(json, vector);
		else
			write_floats(json, vector);
		json_end_object(json);
	}
	json_end_array(json);
	return STATUS_OK;
}

static void respond(struct api_call *call, const struct slice *texts, size_t count, bool base64)
{
	struct answer answer;
	struct error err;
	size_t tokens = 0;

	answer_begin(&answer);
	json_put_text_member(&answer.json, "object", "list");
	if (write_data(call, texts, count, base64, &answer.json, &tokens, &err) != STATUS_OK) {
		answer_drop(&answer);
		problem_error(call, &err);
		return;
	}
	json_put_text_member(&answer.json, "model", embed_model_name(call->api->config.model));
	json_put_member(&answer.json, "usage");
	json_begin_object(&answer.json);
	json_put_int_member(&answer.json, "prompt_tokens", (int64_t)tokens);
	json_put_int_member(&answer.json, "total_tokens", (int64_t)tokens);
	json_end_object(&answer.json);
	answer_send(&answer, call, 200);
}

void handle_embeddings(struct api_call *call)
{
	static const char *const formats[] = {"float", "base64", NULL};
	size_t count = 0;
	json_t *object = body_read(call, false, members);

	if (!object)
		return;
	struct slice *texts = read_inputs(call, object, &count);
	struct slice model = body_text(call, object, "model", NAME_MAX_SIZE);
	int format = body_choice(call, object, "encoding_format", formats);
	body_text(call, object, "user", NAME_MAX_SIZE);
	body_integer(call, object, "dimensions", EMBED_DIMENSION, EMBED_DIMENSION, EMBED_DIMENSION);
	if (model.data && !slice_is(model, embed_model_name(call->api->config.model)) &&
	    !slice_is(model, "sentence-transformers/all-MiniLM-L6-v2"))
		add_param_error(call, "body", SLICE("model"), "unknown",
				"the model here is %s", embed_model_name(call->api->config.model));
	if (call->error_count)
		problem_params(call);
	else
		respond(call, texts, count, format == 1);
	json_decref(object);
}
