#include "import/embed_feed.h"

#include "base/clock.h"
#include "base/hand_out.h"

#include "base/banned.h"

void embed_feed_init(struct embed_feed *feed, unsigned workers)
{
	*feed = (struct embed_feed){.stale = true, .shares = workers < FEED_SHARES ? workers : FEED_SHARES};
	pthread_mutex_init(&feed->mutex, NULL);
}

void embed_feed_release(struct embed_feed *feed)
{
	pthread_mutex_destroy(&feed->mutex);
}

void embed_feed_note(struct embed_feed *feed)
{
	pthread_mutex_lock(&feed->mutex);
	feed->stale = true;
	pthread_mutex_unlock(&feed->mutex);
}

static struct feed_import *find(struct embed_feed *feed, int64_t id)
{
	for (size_t i = 0; i < feed->count; i++)
		if (feed->imports[i].id == id)
			return &feed->imports[i];
	return NULL;
}

static bool is_among(int64_t id, const int64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Imports that are done leave, others stay in their order, and new ones come next. */
static void merge(struct embed_feed *feed, const int64_t *ids, size_t count)
{
	struct feed_import merged[FEED_IMPORTS];
	size_t merged_count = 0;

	for (size_t i = 0; i < count; i++)
		if (!find(feed, ids[i]) && merged_count < FEED_IMPORTS)
			merged[merged_count++] = (struct feed_import){.id = ids[i]};
	for (size_t i = 0; i < feed->count; i++) {
		struct feed_import *import = &feed->imports[(feed->turn + i) % feed->count];
		if ((!import->in_flight && !is_among(import->id, ids, count)) || merged_count == FEED_IMPORTS)
			continue;
		import->dry = false;
		merged[merged_count++] = *import;
	}
	memcpy(feed->imports, merged, merged_count * sizeof *merged);
	feed->count = merged_count;
	feed->turn = 0;
}

static enum status refresh(struct embed_feed *feed, struct store *store, struct store_reader *reader,
			   struct arena *arena, struct error *err)
{
	int64_t *ids;
	size_t count;
	enum status status =
		store->call->list_to_embed(reader, FEED_IMPORTS, arena, &ids, &count, err);

	if (status != STATUS_OK)
		return status;
	merge(feed, ids, count);
	feed->stale = false;
	return STATUS_OK;
}

struct request {
	struct store *store;
	struct store_reader *reader;
	uint32_t limit;
	unsigned shares;
	struct arena *arena;
	struct pending_record **records;
	size_t *count;
};

static enum status read_some(const struct request *request, const struct feed_import *import,
			     struct error *err)
{
	const struct store_backend *call = request->store->call;
	size_t left;
	enum status status = call->count_pending(request->reader, import->id, import->cursor,
						 request->limit * request->shares, request->arena, &left, err);

	if (status != STATUS_OK || !left)
		return status;
	size_t size = hand_out_size(left, request->shares, FEED_LEAST, request->limit);
	return call->list_pending(request->reader, import->id, import->cursor, (uint32_t)size, request->arena,
				  request->records, request->count, err);
}

static enum status take_from(struct feed_import *import, const struct request *request, struct error *err)
{
	enum status status = read_some(request, import, err);

	if (status == STATUS_OK && !*request->count && import->cursor && !import->in_flight) {
		import->cursor = 0;
		status = read_some(request, import, err);
	}
	if (status != STATUS_OK)
		return status;
	import->dry = *request->count == 0;
	if (!import->dry) {
		import->cursor = (*request->records)[*request->count - 1].id;
		import->in_flight++;
	}
	return STATUS_OK;
}

static enum status take_next(struct embed_feed *feed, const struct request *request, struct error *err)
{
	enum status status = STATUS_OK;

	if (feed->stale)
		status = refresh(feed, request->store, request->reader, request->arena, err);
	for (size_t i = 0; i < feed->count && status == STATUS_OK && !*request->count; i++) {
		struct feed_import *import = &feed->imports[feed->turn];
		feed->turn = (feed->turn + 1) % feed->count;
		if (!import->dry)
			status = take_from(import, request, err);
	}
	return status;
}

static void count_taken(struct embed_feed *feed)
{
	if (!feed->busy_since_ns) {
		feed->busy_since_ns = clock_monotonic_ns();
		feed->busy_ns = feed->busy_records = 0;
	}
	feed->in_flight++;
}

enum status embed_feed_take(struct embed_feed *feed, struct store *store, uint32_t limit,
			    struct arena *arena, struct pending_record **records, size_t *count,
			    struct error *err)
{
	struct request request = {
		.store = store, .limit = limit, .shares = feed->shares, .arena = arena, .records = records, .count = count};

	*count = 0;
	pthread_mutex_lock(&feed->mutex);
	enum status status = store->call->open_reader(store, &request.reader, err);
	if (status == STATUS_OK)
		status = take_next(feed, &request, err);
	store->call->close_reader(store, request.reader);
	if (status != STATUS_OK)
		*count = 0;
	if (*count)
		count_taken(feed);
	pthread_mutex_unlock(&feed->mutex);
	return status;
}

bool embed_feed_give_back(struct embed_feed *feed, int64_t import_id, size_t count, bool done)
{
	bool is_last = false;

	pthread_mutex_lock(&feed->mutex);
	struct feed_import *import = find(feed, import_id);
	if (import && --import->in_flight == 0) {
		import->dry = false; /* what failed, or came meanwhile, is looked for from the start */
		is_last = true;
	}
	feed->in_flight--;
	if (done)
		feed->busy_records += count;
	feed->busy_ns = clock_monotonic_ns() - feed->busy_since_ns;
	if (feed->in_flight == 0)
		feed->busy_since_ns = 0;
	pthread_mutex_unlock(&feed->mutex);
	return is_last;
}

double embed_feed_rate(struct embed_feed *feed)
{
	double rate = 0;

	pthread_mutex_lock(&feed->mutex);
	if (feed->busy_ns)
		rate = (double)feed->busy_records * 1e9 / (double)feed->busy_ns;
	pthread_mutex_unlock(&feed->mutex);
	return rate;
}
