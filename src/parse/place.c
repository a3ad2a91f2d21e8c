#include "parse/place.h"

#include "base/utf8.h"
#include "parse/bytes.h"

#include "base/banned.h"

struct place place_at_start(uint64_t byte)
{
	return (struct place){.line = 1, .column = 1, .byte = byte};
}

void place_advance(struct place *place, struct slice passed)
{
	place->byte += passed.size;
	while (passed.size) {
		size_t plain = bytes_find_line_end(passed);
		if (plain) {
			place->column += utf8_count(slice_of(passed.data, plain));
			place->after_cr = false;
		}
		if (plain == passed.size)
			return;
		bool line_feed = passed.data[plain] == '\n';
		if (!(line_feed && place->after_cr)) {
			place->line++;
			place->column = 1;
		}
		place->after_cr = !line_feed;
		passed = slice_of(passed.data + plain + 1, passed.size - plain - 1);
	}
}
