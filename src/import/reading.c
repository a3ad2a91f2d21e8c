#include "import/reading.h"

#include "base/banned.h"

enum status reading_options(const struct upload_options *upload, struct reader_options *options,
			    const char **param, struct error *err)
{
	struct reader_words words = {
		.format = upload->format,
		.delimiter = upload->delimiter,
		.quote = upload->quote,
		.escape = upload->escape,
		.encoding = upload->encoding,
		.sheet = upload->sheet,
		.no_header = upload->no_header,
		.skip = upload->skip,
	};

	return reader_options_read(&words, options, param, err);
}
