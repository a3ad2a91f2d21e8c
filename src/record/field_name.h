/* Names of fields, as people write them in headers.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_RECORD_FIELD_NAME_H
#define ROWMILL_RECORD_FIELD_NAME_H

#include "base/slice.h"

/* "E-Mail" is "email": equal without ASCII case, spaces, '-' and '_'. */
bool field_name_equal(struct slice a, struct slice b);

#endif
