/* session_memory - see session_memory.h. */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ssh/session_memory.h"

struct memory_block {
	struct list node;
	size_t n;
	max_align_t bytes[];
};

static struct memory_block *block_of (void *bytes)
{
	return (struct memory_block *)((char *)bytes - offsetof (struct memory_block, bytes));
}

void session_memory_init (struct session_memory *memory, size_t most)
{
	memory->most = most;
	list_init (&memory->blocks);
	memory->used = 0;
	memory->greedy = false;
	memory->secret = false;
	memory->login = NULL;
}

static void block_free (struct session_memory *memory, struct memory_block *block)
{
	list_remove (&block->node);
	memory->used -= sizeof *block + block->n;
	if (memory->secret)
		explicit_bzero (block->bytes, block->n);
	free (block);
}

void session_memory_free (struct session_memory *memory)
{
	struct memory_block *block, *after;

	list_each_safe (block, after, &memory->blocks, node)
		block_free (memory, block);
}

LIBSSH2_ALLOC_FUNC (session_memory_alloc)
{
	struct session_memory *memory = *abstract;
	struct memory_block *block;

	if (count > memory->most || memory->used > memory->most - count) {
		memory->greedy = true;
		return NULL;
	}
	/* Zeros: for the name of a signal that is shorter than sshd said, libssh2 1.10 returns what was in the memory, without an end. */
	if (!(block = calloc (1, sizeof *block + count)))
		return NULL;
	block->n = count;
	memory->used += sizeof *block + count;
	list_append (&memory->blocks, &block->node);
	return block->bytes;
}

/* The old block is wiped where that is wanted, which realloc(3) would not do. */
LIBSSH2_REALLOC_FUNC (session_memory_realloc)
{
	void *bytes = session_memory_alloc (count, abstract);
	size_t n;

	if (!bytes || !ptr)
		return bytes;
	n = block_of (ptr)->n;
	memcpy (bytes, ptr, n < count ? n : count);
	session_memory_release (ptr, abstract);
	return bytes;
}

LIBSSH2_FREE_FUNC (session_memory_release)
{
	if (ptr)
		block_free (*abstract, block_of (ptr));
}
