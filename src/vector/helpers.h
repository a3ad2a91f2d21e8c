/* Threads that help with a search: it is done sooner where processors are idle, and by its own thread alone
 * where they are not.
 *
 * Threads: helpers_run may be called from any thread, by several at once. */
#ifndef ROWMILL_VECTOR_HELPERS_H
#define ROWMILL_VECTOR_HELPERS_H

struct helpers;

/* At most `count` threads, 0 is fine; each starts when it is first needed. NULL: memory is exhausted. */
struct helpers *helpers_new(unsigned count);
void helpers_free(struct helpers *helpers); /* nobody is in helpers_run; NULL is fine */

unsigned helpers_count(const struct helpers *helpers);

/* Calls work(context, 0) here and work(context, 1), work(context, 2) … on as many helpers as are idle, at
 * most `most`; returns when all that began have ended. The work is shared out by `work` itself, so that it
 * is done however few come. */
void helpers_run(struct helpers *helpers, void (*work)(void *context, unsigned worker), void *context,
		 unsigned most);

#endif
