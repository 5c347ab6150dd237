/* memory - see memory.h. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>

#include "wire/memory.h"

static void (*no_memory) (void);

static void *allocate (size_t size)
{
	void *memory = malloc (size);

	if (!memory && size)
		no_memory ();
	return memory;
}

void memory_guard (void (*die) (void))
{
	no_memory = die;
	json_set_alloc_funcs (allocate, free);
}
