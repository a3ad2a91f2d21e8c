#include "app/serve.h"

#include "api/api.h"
#include "app/config.h"
#include "app/lock.h"
#include "base/clock.h"
#include "import/schema_store.h"
#include "intake/spool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum { GRACE_MS = 10000, QUERY_WORKSPACES = 2 };

/* Everything that a running server is made of, in the order of its making. */
struct server {
	struct config config;
	int lock;
	struct store *store;
	struct schema_cache *schemas;
	struct embed_model *model;
	struct vector_index *index;
	struct columns *columns;
	struct searcher *searcher;
	struct webhook_sender *webhook;
	struct importer *importer;
	struct api *api;
	struct http_server *http;
};

static void server_stop(struct server *server)
{
	importer_quiesce(server->importer);
	api_stop_events(server->api);
	http_server_stop(server->http, GRACE_MS);
	importer_stop(server->importer);
	webhook_sender_free(server->webhook);
	api_free(server->api);
	searcher_free(server->searcher);
	vector_index_free(server->index);
	columns_free(server->columns);
	embed_model_close(server->model);
	schema_cache_free(server->schemas);
	if (server->store)
		server->store->call->close(server->store);
	lock_release(server->lock);
}

/* Names of spool files that imports still need, sorted. */
struct names {
	char (*all)[SPOOL_NAME_SIZE];
	size_t count, allocated;
	bool failed;
};

static void keep_name(void *context, struct slice name)
{
	struct names *names = context;

	if (name.size >= SPOOL_NAME_SIZE || names->failed)
		return;
	if (names->count == names->allocated) {
		size_t larger = names->allocated ? 2 * names->allocated : 64;
		char(*more)[SPOOL_NAME_SIZE] = realloc(names->all, larger * sizeof *more);
		if (!more) {
			names->failed = true;
			return;
		}
		names->all = more;
		names->allocated = larger;
	}
	memcpy(names->all[names->count], name.data, name.size);
	names->all[names->count++][name.size] = '\0';
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool is_kept(void *context, struct slice name)
{
	const struct names *names = context;
	char wanted[SPOOL_NAME_SIZE];

	if (name.size >= sizeof wanted || !names->count)
		return false;
	memcpy(wanted, name.data, name.size);
	wanted[name.size] = '\0';
	return bsearch(wanted, names->all, names->count, sizeof *names->all, compare_names) != NULL;
}

/* Removes files of uploads that were never acknowledged, and of imports that no longer need them. */
static enum status clean_spool(struct server *server, struct error *err)
{
	const struct store_backend *call = server->store->call;
	struct store_reader *reader = NULL;
	struct names names = {0};
	uint64_t removed = 0;

	enum status status = call->open_reader(server->store, &reader, err);
	if (status == STATUS_OK)
		status = call->list_spool_names(reader, keep_name, &names, err);
	call->close_reader(server->store, reader);
	if (status == STATUS_OK && names.failed)
		status = error_no_memory(err);
	if (status == STATUS_OK) {
		if (names.count)
			qsort(names.all, names.count, sizeof *names.all, compare_names);
		status = spool_clean(server->config.spool_folder, is_kept, &names, &removed, err);
	}
	if (removed)
		log_info(LOG_EVENT("spool cleaned"), LOG_INT("removed", removed));
	free(names.all);
	return status;
}

static enum status open_storage(struct server *server, struct error *err)
{
	const struct config *config = &server->config;
	struct store_config store = {.path = config->db_path, .readers = config->workers + 2,
				     .keep_notices = config->webhook.url != NULL};

	server->lock = lock_take(config->lock_path, err);
	if (server->lock < 0)
		return err->status;
	/* A server that cannot listen makes no database. */
	enum status status = http_server_try(&(struct http_config){.listen = config->listen, .port = config->port}, err);
	if (status == STATUS_OK)
		status = store_open(&store, &server->store, err);
	if (status == STATUS_OK)
		status = spool_prepare_folder(config->spool_folder, err);
	if (status == STATUS_OK)
		status = clean_spool(server, err);
	if (status != STATUS_OK)
		return status;
	server->schemas = schema_store_cache(server->store);
	return server->schemas ? STATUS_OK : error_no_memory(err);
}

static enum status open_search(struct server *server, struct error *err)
{
	const struct config *config = &server->config;
	struct embed_options options = {.precision = config->precision};
	enum status status = embed_model_open(config->model_folder, &options, &server->model, err);

	if (status != STATUS_OK)
		return status;
	server->index = vector_index_new(EMBED_DIMENSION);
	if (!server->index)
		return error_no_memory(err);
	server->columns = columns_new(config->spool_folder);
	if (!server->columns)
		return error_no_memory(err);
	server->searcher = searcher_new(server->store, server->model, server->index, server->columns,
					QUERY_WORKSPACES);
	if (!server->searcher)
		return error_no_memory(err);
	return searcher_build_index(server->searcher, err);
}

static enum status start_webhooks(struct server *server, struct error *err)
{
	const struct webhook_config *config = &server->config.webhook;

	return config->url ? webhook_sender_new(config, &server->webhook, err) : STATUS_OK;
}

static enum status start_work(struct server *server, struct error *err)
{
	const struct config *config = &server->config;
	struct importer_config importer = {
		.store = server->store,
		.model = server->model,
		.index = server->index,
		.columns = server->columns,
		.webhook = server->webhook,
		.schemas = server->schemas,
		.spool_folder = config->spool_folder,
		.import_threads = config->import_threads,
		.embed_threads = config->embed_threads,
	};
	enum status status = importer_start(&importer, &server->importer, err);

	if (status != STATUS_OK)
		return status;
	struct api_config api = {
		.store = server->store,
		.model = server->model,
		.importer = server->importer,
		.schemas = server->schemas,
		.searcher = server->searcher,
		.spool_folder = config->spool_folder,
		.listen = config->listen,
		.allowed_hosts = config->allowed_hosts,
		.upload_limit = config->upload_limit,
		.workers = config->workers,
		.no_embed = config->no_embed,
	};
	server->api = api_new(&api);
	if (!server->api)
		return error_no_memory(err);
	struct http_config http = {
		.listen = config->listen, .port = config->port, .workers = config->workers};
	struct http_callbacks callbacks = api_callbacks(server->api);
	status = http_server_start(&http, &callbacks, &server->http, err);
	return status == STATUS_OK ? api_start_events(server->api, server->http, err) : status;
}

static void write_url(const struct server *server, char *url, size_t size)
{
	const char *listen = server->config.listen;
	bool is_ipv6 = strchr(listen, ':') != NULL;

	snprintf(url, size, is_ipv6 ? "http://[%s]:%u" : "http://%s:%u", listen,
		 (unsigned)http_server_port(server->http));
}

static enum status server_start(struct server *server, struct error *err)
{
	uint64_t started_ns = clock_monotonic_ns();
	char url[128];
	enum status status = start_webhooks(server, err);

	if (status == STATUS_OK)
		status = open_storage(server, err);
	if (status == STATUS_OK)
		status = open_search(server, err);
	if (status == STATUS_OK)
		status = start_work(server, err);
	if (status != STATUS_OK)
		return status;
	write_url(server, url, sizeof url);
	log_info(LOG_EVENT("listening"), LOG_STR("url", url), LOG_STR("version", ROWMILL_VERSION),
		 LOG_STR("precision", embed_precision_name(embed_model_precision(server->model))),
		 LOG_INT("vectors", vector_index_count(server->index)),
		 LOG_INT("start_ms", (clock_monotonic_ns() - started_ns) / 1000000));
	if (isatty(STDOUT_FILENO))
		printf("Rowmill is ready: %s/docs\n", url);
	fflush(stdout);
	return lock_publish(server->lock, url, err);
}

/* Blocked in every thread, so that only sigwait below receives them. */
static void block_signals(sigset_t *ends)
{
	sigemptyset(ends);
	sigaddset(ends, SIGTERM);
	sigaddset(ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, ends, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int serve_run(const struct options *options)
{
	struct server *server = calloc(1, sizeof *server);
	struct error err;
	sigset_t ends;
	int received = 0;

	if (!server) {
		error_no_memory(&err);
		return command_fail(&err);
	}
	server->lock = -1;
	enum status status = config_read(options, &server->config, &err);
	if (status == STATUS_OK) {
		log_set_level(server->config.log_level);
		block_signals(&ends);
		status = server_start(server, &err);
	}
	if (status == STATUS_OK) {
		sigwait(&ends, &received);
		log_info(LOG_EVENT("stopping"), LOG_INT("signal", received));
	}
	server_stop(server);
	free(server);
	if (status != STATUS_OK)
		return command_fail(&err);
	log_info(LOG_EVENT("stopped"));
	return 0;
}
