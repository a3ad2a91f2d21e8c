#include "sampler.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#include "base/banned.h"

enum { SAMPLES_MAX = 1 << 16, TICK_US = 1000, STACK_SIZE = 1 << 16 };

/* The linker's name for where the program's file begins in memory. */
extern const char program_begin[] __asm__("__ehdr_start") __attribute__((visibility("hidden")));

static uintptr_t samples[SAMPLES_MAX];
static atomic_uint sample_count;

static void take_sample(int number, siginfo_t *info, void *context)
{
	const ucontext_t *state = context;
	unsigned i = atomic_fetch_add(&sample_count, 1);

	(void)number;
	(void)info;
	if (i < SAMPLES_MAX)
		samples[i] = (uintptr_t)state->uc_mcontext.gregs[REG_RIP];
}

static bool set_timer(int tick_us)
{
	const struct itimerval timer = {{0, tick_us}, {0, tick_us}};

	return setitimer(ITIMER_PROF, &timer, NULL) == 0;
}

/* oneDNN's products for AVX2 move the stack pointer into their buffers; a handler on that stack would
 * write over what lies there. */
static bool give_handler_a_stack(void)
{
	static char memory[STACK_SIZE];
	const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};

	return sigaltstack(&stack, NULL) == 0;
}

bool sampler_start(void)
{
	struct sigaction action = {.sa_sigaction = take_sample,
				   .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};

	atomic_store(&sample_count, 0);
	return give_handler_a_stack() && sigaction(SIGPROF, &action, NULL) == 0 &&
	       set_timer(TICK_US);
}

void sampler_stop(void)
{
	set_timer(0);
}

static bool count_one(json_t *counts, const char *name)
{
	json_int_t before = json_integer_value(json_object_get(counts, name));

	return json_object_set_new(counts, name, json_integer(before + 1)) == 0;
}

static bool count_sample(json_t *program, json_t *elsewhere, uintptr_t address)
{
	char offset[32];
	Dl_info found;

	if (!dladdr((const void *)address, &found) || !found.dli_fname)
		return count_one(elsewhere, "made at run time");
	if (found.dli_fbase != (const void *)program_begin) {
		const char *slash = strrchr(found.dli_fname, '/');
		return count_one(elsewhere, slash ? slash + 1 : found.dli_fname);
	}
	snprintf(offset, sizeof offset, "0x%zx", (size_t)(address - (uintptr_t)program_begin));
	return count_one(program, offset);
}

bool sampler_take(json_t *out)
{
	json_t *program = json_object(), *elsewhere = json_object();
	unsigned count = atomic_load(&sample_count);
	bool good = json_object_set_new(out, "program", program) == 0;

	good = json_object_set_new(out, "elsewhere", elsewhere) == 0 && good;
	for (unsigned i = 0; good && i < count && i < SAMPLES_MAX; i++)
		good = count_sample(program, elsewhere, samples[i]);
	atomic_store(&sample_count, 0);
	return good;
}
