#include "app/config.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/banned.h"

const struct option_spec serve_options[] = {
	{"port", "N", "8000", "port to listen on; 0: any free one"},
	{"listen", "ADDR", "127.0.0.1", "address to listen on; 0.0.0.0 is every IPv4 one, :: every one"},
	{"db", "PATH", "data_imports.db", "database file; uploads lie beside it in PATH.spool"},
	{"model", "FOLDER", NULL, "folder of the model (default: where the set-up put it)"},
	{"precision", "auto|f32|bf16|int8", "auto", "arithmetic of the encoder"},
	{"upload-limit", "BYTES", "4294967296", "largest file accepted"},
	{"allow-host", "NAMES", NULL, "further names that this server goes by, separated by commas"},
	{"workers", "N", "8", "requests answered at the same time"},
	{"import-threads", "N", "2", "files parsed at the same time"},
	{"embed-threads", "N", "0", "embedding workers; 0: one a core"},
	{"no-embed", NULL, NULL, "give records no vectors, unless an upload says embed=true"},
	{"webhook-url", "URL", NULL, "told when an import ends, by a signed POST (Standard Webhooks)"},
	{"webhook-secret", "WHSEC", NULL, "signs them: whsec_ and base64; better as ROWMILL_WEBHOOK_SECRET"},
	{"webhook-allow-local", NULL, NULL, "also to http: URLs and to addresses that are not public"},
	{"log-level", "LEVEL", "info", "debug, info, warning or error"},
	{0},
};

static enum status read_hosts(struct config *config, const char *names, struct error *err)
{
	size_t count = 0;

	if (!names)
		return STATUS_OK;
	if (strlen(names) >= sizeof config->allowed_host_text)
		return error_set(err, STATUS_INVALID, NULL, "--allow-host is too long");
	memcpy(config->allowed_host_text, names, strlen(names) + 1);
	for (char *at = config->allowed_host_text; at;) {
		char *comma = strchr(at, ',');
		if (comma)
			*comma = '\0';
		if (count == ALLOWED_HOSTS_MAX)
			return error_set(err, STATUS_INVALID, NULL, "--allow-host takes at most %d names",
					 ALLOWED_HOSTS_MAX);
		if (*at)
			config->allowed_hosts[count++] = at;
		at = comma ? comma + 1 : NULL;
	}
	return STATUS_OK;
}

static enum status read_level(struct config *config, const char *name, struct error *err)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};

	for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
		if (strcmp(name, names[level]) == 0) {
			config->log_level = (enum log_level)level;
			return STATUS_OK;
		}
	return error_set(err, STATUS_INVALID, NULL,
			 "--log-level must be debug, info, warning or error, not '%s'", name);
}

/* Where --model does not say, the place where the set-up put it. */
static enum status read_model_folder(struct config *config, const char *given, struct error *err)
{
	struct strbuf folder;

	strbuf_init(&folder, sizeof config->model_folder - 1);
	if (given)
		strbuf_add_string(&folder, given);
	else
		embed_default_folder(&folder);
	bool fits = strbuf_ok(&folder);
	if (fits)
		memcpy(config->model_folder, folder.data, folder.size + 1);
	strbuf_release(&folder);
	return fits ? STATUS_OK
		    : error_set(err, STATUS_INVALID, NULL, "--model must name a folder, with a shorter path");
}

static enum status read_paths(struct config *config, struct error *err)
{
	int spool = snprintf(config->spool_folder, sizeof config->spool_folder, "%s.spool",
			     config->db_path);
	int lock = snprintf(config->lock_path, sizeof config->lock_path, "%s.lock", config->db_path);

	if (!*config->db_path || spool < 0 || lock < 0 || spool >= CONFIG_PATH_SIZE ||
	    lock >= CONFIG_PATH_SIZE)
		return error_set(err, STATUS_INVALID, NULL, "--db must name a file, with a shorter path");
	return STATUS_OK;
}

static enum status read_numbers(const struct options *options, struct config *config, struct error *err)
{
	int64_t port, limit, workers, imports, embeds;
	enum status status = option_integer(options, "port", 0, 65535, &port, err);

	if (status == STATUS_OK)
		status = option_integer(options, "upload-limit", 1, INT64_MAX / 2, &limit, err);
	if (status == STATUS_OK)
		status = option_integer(options, "workers", 1, 256, &workers, err);
	if (status == STATUS_OK)
		status = option_integer(options, "import-threads", 1, 16, &imports, err);
	if (status == STATUS_OK)
		status = option_integer(options, "embed-threads", 0, 256, &embeds, err);
	if (status != STATUS_OK)
		return status;
	config->port = (uint16_t)port;
	config->upload_limit = (uint64_t)limit;
	config->workers = (unsigned)workers;
	config->import_threads = (unsigned)imports;
	config->embed_threads = (unsigned)embeds;
	return STATUS_OK;
}

static enum status read_webhook(const struct options *options, struct config *config, struct error *err)
{
	config->webhook = (struct webhook_config){
		.url = option_text(options, "webhook-url"),
		.secrets = option_text(options, "webhook-secret"),
		.allow_local = option_given(options, "webhook-allow-local"),
	};
	if (config->webhook.url && !config->webhook.secrets)
		return error_set(err, STATUS_INVALID, NULL,
				 "--webhook-url needs a secret to sign with, in ROWMILL_WEBHOOK_SECRET");
	return STATUS_OK;
}

enum status config_read(const struct options *options, struct config *config, struct error *err)
{
	unsigned char address[16];
	const char *precision = option_text(options, "precision");

	*config = (struct config){
		.listen = option_text(options, "listen"),
		.db_path = option_text(options, "db"),
	};
	enum status status = read_numbers(options, config, err);
	config->no_embed = option_given(options, "no-embed");
	if (status == STATUS_OK)
		status = read_webhook(options, config, err);
	if (status == STATUS_OK)
		status = read_paths(config, err);
	if (status == STATUS_OK)
		status = read_model_folder(config, option_text(options, "model"), err);
	if (status == STATUS_OK)
		status = read_hosts(config, option_text(options, "allow-host"), err);
	if (status == STATUS_OK)
		status = read_level(config, option_text(options, "log-level"), err);
	if (status == STATUS_OK && inet_pton(AF_INET, config->listen, address) != 1 &&
	    inet_pton(AF_INET6, config->listen, address) != 1)
		status = error_set(err, STATUS_INVALID, NULL,
				   "--listen must be a numeric address such as 127.0.0.1 or ::1, not '%s'",
				   config->listen);
	if (status == STATUS_OK &&
	    !embed_precision_parse(slice_of_string(precision), &config->precision))
		status = error_set(err, STATUS_INVALID, NULL, "--precision must be auto, f32, bf16 or int8, not '%s'",
				   precision);
	return status;
}
