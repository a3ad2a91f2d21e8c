/* Functions that cannot be called safely are refused by the compiler.
 *
 * Include this last, after every system header. Use strbuf (strbuf.h) to build text,
 * slice (slice.h) to pass it, and parse_int64 (slice.h) to read numbers. */
#ifndef ROWMILL_BASE_BANNED_H
#define ROWMILL_BASE_BANNED_H

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll atof

#endif
