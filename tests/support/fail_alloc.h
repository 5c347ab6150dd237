/* fail_alloc - makes malloc(3) and calloc(3) fail in one test program, linked with -Wl,--wrap=malloc,--wrap=calloc. Only
 * calls from object files and static libraries of the program are counted, not those from shared libraries.
 */
#ifndef REMEX_TESTS_SUPPORT_FAIL_ALLOC_H
#define REMEX_TESTS_SUPPORT_FAIL_ALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* The number of the call that fails, from now on: 1 is the next one. 0: none. It fails once. */
static int fail_alloc;

static inline bool fail_alloc_now (void)
{
	if (!fail_alloc || --fail_alloc)
		return false;
	errno = ENOMEM;
	return true;
}

void *__real_malloc (size_t n);
void *__real_calloc (size_t n, size_t size);

/* With sanitizers the linker wants them to be visible to shared libraries, which do not call them. */
void *__wrap_malloc (size_t n) __attribute__ ((visibility ("default")));
void *__wrap_calloc (size_t n, size_t size) __attribute__ ((visibility ("default")));

void *__wrap_malloc (size_t n)
{
	return fail_alloc_now () ? NULL : __real_malloc (n);
}

void *__wrap_calloc (size_t n, size_t size)
{
	return fail_alloc_now () ? NULL : __real_calloc (n, size);
}

#endif
