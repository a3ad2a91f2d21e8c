/* White space as Unicode defines it (property White_Space, PropList.txt): beside ASCII's, the
 * no-break space that spreadsheets leave behind, the ideographic space, and the like.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VALIDATE_WHITE_SPACE_H
#define ROWMILL_VALIDATE_WHITE_SPACE_H

#include "base/slice.h"

bool is_white_space(uint32_t code_point);

/* Without leading and trailing white space; bytes that are no UTF-8 count as text. */
struct slice trim_white_space(struct slice text);

#endif
