/* Whether a text is a URI (RFC 3986, section 3): a scheme, a colon, and what may stand behind it.
 * Relative references are none, and characters beyond ASCII must be percent-encoded.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VALIDATE_URI_H
#define ROWMILL_VALIDATE_URI_H

#include "base/slice.h"

/* NULL if it is one; else what is wrong, with the remedy. */
const char *uri_fault(struct slice text);

#endif
