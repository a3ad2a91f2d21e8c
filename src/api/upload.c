/* POST /api/upload: the body goes into the spool while it arrives; the answer comes when the
 * file and its import are on disk. Nothing of it is parsed here. */
#include "api/internal.h"
#include "base/log.h"
#include "base/utf8.h"
#include "http/multipart.h"
#include "import/renaming.h"
#include "import/upload_options.h"
#include "intake/spool.h"
#include "parse/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { FILENAME_MAX_SIZE = 255, MULTIPART_OVERHEAD = 64 * 1024 };

struct upload {
	struct api_call *call;
	struct spool *spool;
	struct multipart *multipart; /* NULL: the body is the file */
	struct upload_options options;
	struct reader_options reading; /* what the options say of the file */
	bool prefers_wait; /* by Prefer: wait=N */
	const struct schema *schema; /* held; NULL until the body is there */
	char filename[FILENAME_MAX_SIZE + 1];
	bool has_file;
	/* What was wrong with the body: the rest of it is read over, and this is the answer. */
	bool failed;
	struct error failure;
};

/* The last segment of a path of any system, as UTF-8 that fits. Browsers send names only, but
 * some programs send paths. */
static void take_filename(struct upload *upload, struct slice name)
{
	struct strbuf clean;
	size_t start = 0, at = 0;

	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] == '/' || name.data[i] == '\\')
			start = i + 1;
	name = slice_of(name.data + start, name.size - start);
	strbuf_init(&clean, FILENAME_MAX_SIZE);
	while (at < name.size && strbuf_ok(&clean)) {
		uint32_t code_point;
		size_t size = utf8_decode(name, at, &code_point);
		if (size && code_point >= 0x20 && code_point != 0x7F)
			strbuf_add(&clean, name.data + at, size);
		else
			strbuf_add_string(&clean, "\xEF\xBF\xBD");
		at += size ? size : utf8_damage_size(name, at);
	}
	snprintf(upload->filename, sizeof upload->filename, "%s", clean.size ? clean.data : "upload");
	strbuf_release(&clean);
}

static enum status on_part(void *context, const struct multipart_part *part, struct error *err)
{
	struct upload *upload = context;

	if (!slice_is(part->name, "file"))
		return error_set(err, STATUS_INVALID, "unknown-part",
				 "there is no form field '%.*s' here; send one part named 'file' (options "
				 "go into the query)",
				 SLICE_ARG(part->name));
	if (upload->has_file)
		return error_set(err, STATUS_INVALID, "repeated-part",
				 "part 'file' is given more than once; upload one file at a time");
	if (!part->filename.data)
		return error_set(err, STATUS_INVALID, "missing-filename",
				 "part 'file' has no filename; send it as a file, not as a form value");
	upload->has_file = true;
	take_filename(upload, part->filename);
	return STATUS_OK;
}

static enum status on_data(void *context, struct slice piece, struct error *err)
{
	struct upload *upload = context;

	return spool_write(upload->spool, piece, err);
}

static enum status on_part_end(void *context, struct error *err)
{
	(void)context;
	(void)err;
	return STATUS_OK;
}

static bool begin_multipart(struct upload *upload, struct slice boundary,
			    struct http_response *response)
{
	struct multipart_callbacks callbacks = {
		.context = upload, .on_part = on_part, .on_data = on_data, .on_part_end = on_part_end};

	if (!boundary.size) {
		problem_respond(upload->call->request, response, 400, "malformed-multipart",
				"Content-Type is multipart/form-data without a usable boundary");
		return false;
	}
	upload->multipart = multipart_new(boundary, &callbacks);
	if (!upload->multipart)
		problem_respond(upload->call->request, response, 503, "out-of-memory",
				"memory is exhausted");
	return upload->multipart != NULL;
}

static bool begin_raw(struct upload *upload, struct http_response *response)
{
	struct api_call *call = upload->call;

	if (!param_given(call, "filename")) {
		add_param_error(call, "query", SLICE("filename"), "missing",
				"is needed where the body is the file itself; or send "
				"multipart/form-data with a part named 'file'");
		call->response = response;
		problem_params(call);
		return false;
	}
	upload->has_file = true;
	take_filename(upload, param_text(call, "filename"));
	return true;
}

static void respond_too_large(struct api_call *call, struct http_response *response)
{
	char detail[160];

	snprintf(detail, sizeof detail,
		 "the file is over this server's limit of %llu bytes (--upload-limit)",
		 (unsigned long long)call->api->config.upload_limit);
	problem_respond(call->request, response, 413, "upload-too-large", detail);
}

/* ---- what the query says ---- */

static void read_maps(struct api_call *call, struct upload_options *options)
{
	struct error err;
	struct slice value;
	size_t at = 0, count = 0;

	while (param_next_text(call, "map", &at, &value))
		count++;
	if (count > UPLOAD_MAPS_MAX) {
		add_param_error(call, "query", SLICE("map"), "out-of-range", "can be given at most %d times",
				UPLOAD_MAPS_MAX);
		return;
	}
	options->maps = arena_alloc_zeroed(call->arena, count, sizeof *options->maps);
	for (at = 0; options->maps && param_next_text(call, "map", &at, &value);)
		if (column_map_parse(value, &options->maps[options->map_count++], &err) != STATUS_OK)
			add_param_error(call, "query", SLICE("map"), "wrong-type", "%s", err.detail);
}

/* The wait=N among the preferences (RFC 7240); false: there is none. */
static bool parse_prefer(struct slice prefer, int64_t *seconds)
{
	for (size_t from = 0; from < prefer.size;) {
		size_t end = slice_find(prefer, ',', from);
		struct slice one = slice_of(prefer.data + from, end - from);
		from = end + 1;
		one = slice_trim(slice_of(one.data, slice_find(one, ';', 0)));
		size_t equals = slice_find(one, '=', 0);
		struct slice name = slice_trim(slice_of(one.data, equals));
		if (equals < one.size && slice_equal_ignoring_ascii_case(name, SLICE("wait")))
			return slice_parse_int64(slice_trim(slice_of(one.data + equals + 1, one.size - equals - 1)),
						 seconds);
	}
	return false;
}

/* Seconds that the client would like to wait for the import's end: wait=, or Prefer: wait=N. */
static void read_wait(struct upload *upload)
{
	struct api_call *call = upload->call;
	int64_t seconds = param_number(call, "wait");

	upload->prefers_wait = !param_given(call, "wait") &&
			       parse_prefer(http_request_header(call->request, "Prefer"), &seconds) && seconds > 0;
	upload->options.wait = seconds > WAIT_SECONDS_MAX ? WAIT_SECONDS_MAX : seconds;
}

/* Corrected rows are read as those that they correct were, and found by the header of the rejects. */
static void check_fixes(struct api_call *call)
{
	static const char *const others[] = {"schema", "map", "dry_run"};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (param_given(call, others[i]))
			add_param_error(call, "query", slice_of_string(others[i]), "conflict",
					"cannot be used together with fixes: the import that is corrected tells it");
	if (!param_number(call, "header"))
		add_param_error(call, "query", SLICE("header"), "conflict",
				"cannot be false together with fixes: the rows are found by the column _row");
}

/* false: the query is wrong, and the call's errors say where. */
static bool read_options(struct upload *upload)
{
	struct api_call *call = upload->call;
	struct upload_options *options = &upload->options;
	const char *param;
	struct slice *text;
	struct error err;

	*options = (struct upload_options){
		.schema = param_given(call, "schema") ? param_text(call, "schema") : SLICE("people"),
		.words = {.no_header = !param_number(call, "header"), .skip = param_number(call, "skip")},
		.fixes = param_number(call, "fixes"),
		.dry_run = param_number(call, "dry_run") != 0,
		.no_embed = param_given(call, "embed") ? !param_number(call, "embed") : call->api->config.no_embed,
		.on_duplicate = param_given(call, "on_duplicate")
					? (enum on_duplicate)param_number(call, "on_duplicate")
					: DUPLICATE_REJECT,
	};
	for (size_t i = 0; (text = reader_words_text(&options->words, i, &param)); i++)
		*text = param_text(call, param);
	read_wait(upload);
	read_maps(call, options);
	if (options->fixes)
		check_fixes(call);
	if (reader_options_read(&options->words, &upload->reading, &param, &err) == STATUS_INVALID)
		add_param_error(call, "query", slice_of_string(param), "out-of-range", "%s", err.detail);
	return call->error_count == 0;
}

/* ---- the body arrives ---- */

bool upload_begin(struct api_call *call, struct http_response *response)
{
	const struct api_config *config = &call->api->config;
	struct slice boundary;
	struct slice type = http_request_header(call->request, "Content-Type");
	bool is_multipart = type.data && multipart_boundary(type, &boundary);
	uint64_t size, limit = config->upload_limit + (is_multipart ? MULTIPART_OVERHEAD : 0);
	struct error err;

	if (http_request_content_length(call->request, &size) && size > limit) {
		respond_too_large(call, response);
		return false;
	}
	struct upload *upload = arena_alloc_zeroed(call->arena, 1, sizeof *upload);
	if (!upload) {
		problem_respond(call->request, response, 503, "out-of-memory", "memory is exhausted");
		return false;
	}
	upload->call = call;
	call->upload = upload;
	call->response = response;
	if (!idempotency_begin(call, response))
		return false;
	if (!read_options(upload)) {
		problem_params(call);
		return false;
	}
	if (config->store->call->check(config->store, &err) != STATUS_OK) {
		problem_error(call, &err);
		return false;
	}
	if (is_multipart ? !begin_multipart(upload, boundary, response)
			 : !begin_raw(upload, response))
		return false;
	if (spool_begin(config->spool_folder, config->upload_limit, &upload->spool, &err) !=
	    STATUS_OK) {
		problem_error(call, &err);
		return false;
	}
	return true;
}

void upload_free(struct upload *upload)
{
	if (!upload)
		return;
	schema_release(upload->schema);
	multipart_free(upload->multipart);
	spool_free(upload->spool);
}

enum http_action upload_feed(struct api_call *call, struct slice piece, struct http_response *response)
{
	struct upload *upload = call->upload;
	enum status status;

	if (upload->failed)
		return HTTP_CONTINUE;
	if (upload->multipart)
		status = multipart_feed(upload->multipart, piece, &upload->failure);
	else
		status = spool_write(upload->spool, piece, &upload->failure);
	upload->failed = status != STATUS_OK;
	if (status == STATUS_TOO_LARGE) {
		respond_too_large(call, response);
		return HTTP_RESPOND;
	}
	return HTTP_CONTINUE;
}

/* A file that is safely in the spool, and what the import of it will be. */
struct taken_file {
	struct spooled_file file;
	enum file_format format;
	unsigned char duplicate_key[SHA256_SIZE];
	unsigned char request[SHA256_SIZE]; /* names what was asked for, but for how long to wait */
	struct slice options;               /* as they are stored, in the request's arena */
};

/* Over what the client sent; the multipart's boundary and such make no other request. */
static bool name_request(const struct upload *upload, struct taken_file *taken)
{
	struct strbuf all;

	strbuf_init(&all, BODY_LIMIT);
	strbuf_add_format(&all, "upload %s", upload->filename);
	strbuf_add_byte(&all, '\0');
	strbuf_add_slice(&all, taken->options);
	strbuf_add(&all, taken->file.sha256, SHA256_SIZE);
	bool named = strbuf_ok(&all);
	if (named)
		sha256_of(strbuf_slice(&all), taken->request);
	strbuf_release(&all);
	return named;
}

static enum status describe(struct upload *upload, struct taken_file *taken, struct error *err)
{
	unsigned char schema[SHA256_SIZE];
	struct strbuf text;
	struct json_writer json;

	schema_fingerprint(upload->schema, schema);
	strbuf_init(&text, BODY_LIMIT);
	json_writer_init(&json, &text);
	upload_options_write(&upload->options, &json);
	bool done = strbuf_ok(&text) &&
		    arena_copy(upload->call->arena, strbuf_slice(&text), &taken->options) &&
		    upload_options_duplicate_key(&upload->options, taken->file.sha256, schema,
						 taken->duplicate_key) &&
		    name_request(upload, taken);
	strbuf_release(&text);
	return done ? STATUS_OK : error_no_memory(err);
}

static void remove_spool_file(const struct api_config *config, const char *name)
{
	struct error late;

	if (spool_remove(config->spool_folder, slice_of_string(name), &late) != STATUS_OK)
		log_warning(LOG_EVENT("spool file not removed"), LOG_ERR(&late));
}

static enum status take_file(struct upload *upload, struct taken_file *taken, struct error *err)
{
	const struct api_config *config = &upload->call->api->config;
	struct slice head = spool_head(upload->spool);

	enum status status = reader_sniff(head, spool_size(upload->spool) == head.size, &upload->reading,
					  &taken->format, err);
	if (status != STATUS_OK)
		return status;
	status = spool_commit(upload->spool, &taken->file, err);
	if (status == STATUS_UNAVAILABLE)
		config->store->call->stop_writes(config->store);
	if (status != STATUS_OK)
		return status;
	status = describe(upload, taken, err);
	if (status != STATUS_OK)
		remove_spool_file(config, taken->file.name);
	return status;
}

static enum status add_import(struct upload *upload, const struct taken_file *taken, int64_t *id,
			      struct error *err)
{
	const struct api_config *config = &upload->call->api->config;
	struct new_import import = {
		.filename = slice_of_string(upload->filename),
		.format = slice_of_string(file_format_name(taken->format)),
		.schema = schema_name(upload->schema),
		.schema_document = schema_document(upload->schema),
		.options = taken->options,
		.spool_name = slice_of_string(taken->file.name),
		.request_id = slice_of_string(http_request_id(upload->call->request)),
		.file_hash = taken->file.sha256,
		.duplicate_key = upload_options_hold_key(&upload->options) ? taken->duplicate_key : NULL,
		.size_bytes = (int64_t)taken->file.size,
		.no_embed = upload->options.no_embed,
		.request_key = idempotency_key(upload->call),
		.dry_run = upload->options.dry_run,
		.fixes = upload->options.fixes,
	};
	enum status status = config->store->call->add_import(config->store, &import, id, err);
	if (status != STATUS_OK)
		remove_spool_file(config, taken->file.name);
	return status;
}

/* At most half of the request workers wait: the others go on answering. */
static bool wait_for_end(struct api_call *call, int64_t id)
{
	struct api *api = call->api;
	int64_t seconds = call->upload->options.wait;
	char applied[32];
	bool ended = false;

	if (seconds <= 0)
		return false;
	if (++api->waiting <= api->config.workers / 2) {
		ended = importer_wait(api->config.importer, id, (uint64_t)seconds * 1000);
		snprintf(applied, sizeof applied, "wait=%lld", (long long)seconds);
		if (call->upload->prefers_wait)
			http_response_header(call->response, "Preference-Applied", slice_of_string(applied));
	}
	api->waiting--;
	return ended;
}

static enum status finish_body(struct upload *upload, struct error *err)
{
	if (upload->failed) {
		*err = upload->failure;
		return err->status;
	}
	if (upload->multipart) {
		enum status status = multipart_finish(upload->multipart, err);
		if (status != STATUS_OK)
			return status;
	}
	if (!upload->has_file)
		return error_set(err, STATUS_INVALID, "missing-file",
				 "the form has no part named 'file'");
	return STATUS_OK;
}

static void respond_failure(struct api_call *call, const struct error *err)
{
	static const char *const of_the_form[] = {"unknown-part", "repeated-part", "missing-filename",
						  "missing-file"};
	bool is_form = false;

	for (size_t i = 0; i < sizeof of_the_form / sizeof *of_the_form; i++)
		is_form = is_form || strcmp(err->code, of_the_form[i]) == 0;
	if (is_form) {
		add_param_error(call, "body", SLICE("file"), err->code, "%s", err->detail);
		problem_params(call);
	} else if (err->status == STATUS_INVALID) {
		problem_respond(call->request, call->response, 400, "malformed-multipart", err->detail);
	} else {
		problem_error(call, err);
	}
}

bool upload_open_file(struct api_call *call, struct reader_options *options, int *fd)
{
	struct upload *upload = call->upload;
	struct error err;

	if (finish_body(upload, &err) != STATUS_OK) {
		respond_failure(call, &err);
		return false;
	}
	if (spool_read(upload->spool, fd, &err) != STATUS_OK) {
		problem_error(call, &err);
		return false;
	}
	*options = upload->reading;
	options->temporary_folder = upload->call->api->config.spool_folder;
	return true;
}

/* The renames that map= asks for must lead to fields. */
static bool check_maps(struct upload *upload)
{
	const struct upload_options *options = &upload->options;
	struct column_rename *renames;
	struct error err;

	enum status status =
		upload_options_renames(options, upload->call->arena, &renames, &err);
	if (status == STATUS_OK)
		status = schema_check_renames(upload->schema, renames, options->map_count, &err);
	if (status == STATUS_OK)
		return true;
	if (status == STATUS_INVALID) {
		add_param_error(upload->call, "query", SLICE("map"), err.code, "%s", err.detail);
		problem_params(upload->call);
	} else {
		problem_error(upload->call, &err);
	}
	return false;
}

/* The import that this file made before: as an error, or, where that is wanted, as the answer. */
static void respond_duplicate(struct upload *upload, int64_t id)
{
	struct api_call *call = upload->call;
	char detail[160];

	if (upload->options.on_duplicate == DUPLICATE_RETURN) {
		log_info(LOG_EVENT("duplicate upload answered"), LOG_INT("import_id", id));
		bool ended = wait_for_end(call, id) || importer_wait(call->api->config.importer, id, 0);
		respond_import(call, id, ended ? 200 : 202);
		return;
	}
	log_info(LOG_EVENT("duplicate upload refused"), LOG_INT("import_id", id));
	snprintf(detail, sizeof detail,
		 "this file was uploaded before as import %lld; delete that import to upload it anew",
		 (long long)id);
	problem_duplicate(call, id, detail);
}

static void respond_accepted(struct upload *upload, int64_t id)
{
	log_info(LOG_EVENT("upload accepted"), LOG_INT("import_id", id), LOG_STR("filename", upload->filename),
		 LOG_INT("size_bytes", spool_size(upload->spool)));
	importer_wake(upload->call->api->config.importer);
	respond_import(upload->call, id, wait_for_end(upload->call, id) ? 200 : 202);
}

/* Takes the body's file as an import, and answers. */
static void take_upload(struct api_call *call)
{
	struct upload *upload = call->upload;
	struct taken_file taken = {0};
	struct error err = {0};
	int64_t id = 0;

	if (finish_body(upload, &err) != STATUS_OK) {
		respond_failure(call, &err);
		return;
	}
	enum status status = take_file(upload, &taken, &err);
	if (status != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	if (idempotency_replay(call, taken.request, &id)) {
		remove_spool_file(&call->api->config, taken.file.name);
		return;
	}
	if (id) {
		/* Made before the program ended, and never answered. */
		remove_spool_file(&call->api->config, taken.file.name);
		respond_import(call, id, wait_for_end(call, id) ? 200 : 202);
	} else {
		status = add_import(upload, &taken, &id, &err);
		if (status == STATUS_EXISTS)
			respond_duplicate(upload, id);
		else if (status != STATUS_OK)
			problem_error(call, &err);
		else
			respond_accepted(upload, id);
	}
	idempotency_keep(call, id);
	/* Before the answer goes out: whoever has it may ask again at once. */
	idempotency_end(call);
}

/* Takes over how the rows of the import that is to be corrected were read. */
static enum status find_fixed(struct upload *upload, struct error *err)
{
	const struct api_config *config = &upload->call->api->config;
	struct upload_options *options = &upload->options, of_target;
	struct store_reader *reader = NULL;
	struct import target;
	enum status status = config->store->call->open_reader(config->store, &reader, err);

	if (status == STATUS_OK)
		status = config->store->call->get_import(reader, options->fixes, upload->call->arena, &target, err);
	config->store->call->close_reader(config->store, reader);
	if (status == STATUS_OK)
		status = upload_options_read(target.options, upload->call->arena, &of_target, err);
	if (status == STATUS_OK)
		status = schema_cache_get(config->schemas, target.schema, target.schema_document, &upload->schema, err);
	if (status != STATUS_OK)
		return status;
	options->schema = target.schema;
	options->maps = of_target.maps;
	options->map_count = of_target.map_count;
	options->no_embed = target.no_embed;
	return STATUS_OK;
}

void handle_upload(struct api_call *call)
{
	struct upload *upload = call->upload;
	struct error err;
	enum status status = upload->options.fixes
				     ? find_fixed(upload, &err)
				     : find_schema(call, upload->options.schema, &upload->schema, &err);

	if (status == STATUS_NOT_FOUND && !upload->options.fixes) {
		add_param_error(call, "query", SLICE("schema"), "unknown",
				"there is no such schema; GET /api/schemas lists them");
		problem_params(call);
	} else if (status != STATUS_OK) {
		problem_error(call, &err);
	} else if (check_maps(upload)) {
		take_upload(call);
	}
}
