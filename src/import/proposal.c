#include "import/proposal.h"

#include "validate/inference.h"

#include "base/banned.h"

enum { BATCH_RECORDS = 1000, BATCH_BYTES = 4 << 20 };

static enum status read_rows(struct reader *reader, uint64_t rows, struct batch *batch,
			     struct inference *inference, struct error *err)
{
	size_t count;
	uint64_t seen = 0;
	enum status status = STATUS_OK;

	while (status == STATUS_OK && seen < rows) {
		batch_clear(batch);
		status = reader_next(reader, batch, err);
		for (size_t i = 0; status == STATUS_OK && i < batch->count && seen < rows; i++, seen++)
			status = inference_add(inference, &batch->records[i], err);
	}
	const struct slice *columns = reader_columns(reader, &count);
	if (status != STATUS_OK && status != STATUS_END)
		return status;
	return inference_add_columns(inference, columns, count, err);
}

enum status proposal_write(int fd, const struct reader_options *options, uint64_t rows,
			   struct json_writer *json, struct error *err)
{
	struct inference *inference = inference_new();
	struct reader *reader = NULL;
	struct batch batch = {0};
	enum status status = STATUS_OK;

	if (!inference || !batch_init(&batch, BATCH_RECORDS, BATCH_BYTES))
		status = error_no_memory(err);
	if (status == STATUS_OK)
		status = reader_open(fd, options, &reader, err);
	if (status == STATUS_OK)
		status = read_rows(reader, rows, &batch, inference, err);
	if (status == STATUS_OK)
		status = inference_write(inference, json, err);
	reader_close(reader);
	batch_release(&batch);
	inference_free(inference);
	return status;
}
