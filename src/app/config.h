/* What `rowmill serve` was told: options and environment, checked. */
#ifndef ROWMILL_APP_CONFIG_H
#define ROWMILL_APP_CONFIG_H

#include "base/log.h"
#include "cli/command.h"
#include "embed/embed.h"
#include "webhook/sender.h"

enum { ALLOWED_HOSTS_MAX = 16, CONFIG_PATH_SIZE = 4096 };

extern const struct option_spec serve_options[];

struct config {
	const char *listen;
	uint16_t port;
	const char *db_path;
	char spool_folder[CONFIG_PATH_SIZE]; /* <db>.spool */
	char lock_path[CONFIG_PATH_SIZE];    /* <db>.lock */
	char model_folder[CONFIG_PATH_SIZE];
	enum embed_precision precision;
	uint64_t upload_limit; /* bytes */
	unsigned workers, import_threads, embed_threads; /* 0: the room's default */
	char allowed_host_text[1024];
	const char *allowed_hosts[ALLOWED_HOSTS_MAX + 1]; /* into allowed_host_text; NULL-terminated */
	enum log_level log_level;
	bool no_embed;
	struct webhook_config webhook; /* url NULL: none */
};

enum status config_read(const struct options *options, struct config *config, struct error *err);

#endif
