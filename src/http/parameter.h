/* Parameters of a header's value (RFC 9110 section 5.6.6): form-data; name="file"; filename=x.csv */
#ifndef ROWMILL_HTTP_PARAMETER_H
#define ROWMILL_HTTP_PARAMETER_H

#include "base/slice.h"

enum parameter_found {
	PARAMETER_FOUND,
	PARAMETER_NONE, /* the value is at its end */
	PARAMETER_MALFORMED,
};

/* Takes what stands before the first ';' off *rest, without white space around it. */
struct slice parameter_main_value(struct slice *rest);

/* Takes the next "; name=value" off *rest. `value` comes without its quotes and otherwise as sent. */
enum parameter_found parameter_next(struct slice *rest, struct slice *name, struct slice *value);

#endif
