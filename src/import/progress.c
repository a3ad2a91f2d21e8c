#include "import/progress.h"

#include "base/clock.h"

#include "base/banned.h"

enum { SAMPLE_NS = 500000000 };

void progress_init(struct progress *progress)
{
	*progress = (struct progress){0};
	pthread_mutex_init(&progress->mutex, NULL);
}

void progress_release(struct progress *progress)
{
	pthread_mutex_destroy(&progress->mutex);
}

/* The import's meter; a new one takes the place of the one that moved longest ago. */
static struct meter *meter_of(struct progress *progress, int64_t import_id)
{
	struct meter *oldest = &progress->meters[0];

	for (size_t i = 0; i < METERS; i++) {
		struct meter *meter = &progress->meters[i];
		if (meter->import_id == import_id)
			return meter;
		if (meter->now.at_ns < oldest->now.at_ns)
			oldest = meter;
	}
	*oldest = (struct meter){.import_id = import_id, .now = {.at_ns = clock_monotonic_ns()}};
	return oldest;
}

/* Notes where it was before it moves on. */
static void sample(struct meter *meter)
{
	size_t last = (meter->first + meter->count + METER_SAMPLES - 1) % METER_SAMPLES;

	if (meter->count && meter->now.at_ns - meter->past[last].at_ns < SAMPLE_NS)
		return;
	if (meter->count == METER_SAMPLES) {
		meter->first = (meter->first + 1) % METER_SAMPLES;
		meter->count--;
	}
	meter->past[(meter->first + meter->count++) % METER_SAMPLES] = meter->now;
}

void progress_stored(struct progress *progress, int64_t import_id, uint64_t bytes, uint64_t records,
		     uint64_t invalid)
{
	pthread_mutex_lock(&progress->mutex);
	struct meter *meter = meter_of(progress, import_id);
	sample(meter);
	meter->now.at_ns = clock_monotonic_ns();
	meter->now.bytes = bytes;
	meter->now.stored += records;
	meter->now.invalid += invalid;
	pthread_mutex_unlock(&progress->mutex);
}

void progress_embedded(struct progress *progress, int64_t import_id, uint64_t records)
{
	pthread_mutex_lock(&progress->mutex);
	struct meter *meter = meter_of(progress, import_id);
	sample(meter);
	meter->now.at_ns = clock_monotonic_ns();
	meter->now.embedded += records;
	pthread_mutex_unlock(&progress->mutex);
}

/* What an import does in a second. */
struct rates {
	double bytes, stored, invalid, embedded;
};

/* Up to this moment, not to its last step: one that waits gets slower. */
static bool read_rates(struct progress *progress, int64_t import_id, struct rates *rates)
{
	bool known = false;

	pthread_mutex_lock(&progress->mutex);
	for (size_t i = 0; i < METERS && !known; i++) {
		const struct meter *meter = &progress->meters[i];
		const struct meter_sample *then = &meter->past[meter->first];
		if (meter->import_id != import_id || !meter->count)
			continue;
		double seconds = (double)(clock_monotonic_ns() - then->at_ns) / 1e9;
		known = seconds > 0;
		if (known)
			*rates = (struct rates){
				.bytes = (double)(meter->now.bytes - then->bytes) / seconds,
				.stored = (double)(meter->now.stored - then->stored) / seconds,
				.invalid = (double)(meter->now.invalid - then->invalid) / seconds,
				.embedded = (double)(meter->now.embedded - then->embedded) / seconds,
			};
	}
	pthread_mutex_unlock(&progress->mutex);
	return known;
}

/* Seconds for `amount` at `rate`; negative: nobody knows. */
static double seconds_for(double amount, double rate)
{
	if (amount <= 0)
		return 0;
	return rate > 0 ? amount / rate : -1;
}

static double parsed_share(const struct import *import, uint64_t bytes_read)
{
	if (import->parsed || import->size_bytes <= 0)
		return import->parsed ? 1 : 0;
	double share = (double)bytes_read / (double)import->size_bytes;
	return share > 1 ? 1 : share;
}

static void measure(struct progress *progress, const struct import *import, uint64_t bytes_read,
		    struct import_progress *measured)
{
	double parsed = parsed_share(import, bytes_read);
	/* Rows not yet read will be valid in the same share. */
	double expected = parsed > 0 ? (double)import->processed_records / parsed : 0;
	bool embeds = !import->no_embed && expected > 0;
	struct rates rates = {0};

	measured->fraction = embeds ? (double)import->embedded_records / expected : parsed;
	/* Before the first batch is stored nothing tells how many rows will need a vector. */
	if (!import->no_embed && !import->parsed && import->total_records == 0)
		measured->fraction = 0;
	if (measured->fraction > 1)
		measured->fraction = 1;
	if (!read_rates(progress, import->id, &rates))
		return;
	measured->records_per_second = import->no_embed ? rates.stored : rates.embedded + rates.invalid;
	/* Both stages work at once: the slower one decides. */
	double reading = import->parsed ? 0
					: seconds_for((1 - parsed) * (double)import->size_bytes, rates.bytes);
	double embedding =
		embeds ? seconds_for(expected - (double)import->embedded_records, rates.embedded) : 0;
	if (reading >= 0 && embedding >= 0)
		measured->eta_seconds = reading > embedding ? reading : embedding;
}

struct import_progress progress_of(struct progress *progress, const struct import *import,
				   uint64_t bytes_read)
{
	struct import_progress measured = {.eta_seconds = -1};
	bool ended = import->status != IMPORT_PENDING && import->status != IMPORT_PROCESSING;
	double seconds = (double)(import->completed_ms - import->started_ms) / 1000;

	if (!ended) {
		measure(progress, import, bytes_read, &measured);
		return measured;
	}
	if (import->status == IMPORT_COMPLETED) {
		measured.fraction = 1;
		measured.eta_seconds = 0;
	}
	if (import->started_ms && seconds > 0)
		measured.records_per_second = (double)import->total_records / seconds;
	return measured;
}
