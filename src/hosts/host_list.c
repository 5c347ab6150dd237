/* host_list - see host_list.h. The names stand in an array, in order, and in a hash table with open addressing, which
 * holds their places. A name is found by its normal form (host_name.h), whose hash is kept. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hosts/host_list.h"
#include "hosts/host_name.h"

enum { PIECE_BYTES = 64 * 1024, FIRST_ROOM = 16 };

/* Bytes of names. The first piece in the list has room. */
struct host_list_piece {
	struct host_list_piece *next;
	size_t used, size;
	char bytes[];
};

void host_list_free (struct host_list *list)
{
	for (struct host_list_piece *piece = list->pieces, *next; piece; piece = next) {
		next = piece->next;
		free (piece);
	}
	free (list->names);
	free (list->hashes);
	free (list->slots);
	*list = (struct host_list){ .n = 0 };
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

static const char *keep_name (struct host_list *list, const char *name)
{
	size_t n = strlen (name) + 1, size = n > PIECE_BYTES ? n : PIECE_BYTES;
	struct host_list_piece *piece = list->pieces;
	char *kept;

	if (!piece)
		size = n > 256 ? n : 256; /* most lists are short */
	if (!piece || piece->size - piece->used < n) {
		if (!(piece = malloc (sizeof *piece + size)))
			return NULL;
		piece->next = list->pieces;
		piece->used = 0;
		piece->size = size;
		list->pieces = piece;
	}
	kept = piece->bytes + piece->used;
	memcpy (kept, name, n);
	piece->used += n;
	return kept;
}

static void put_slot (struct host_list *list, size_t place)
{
	size_t mask = list->n_slots - 1, slot = list->hashes[place] & mask;

	while (list->slots[slot])
		slot = (slot + 1) & mask;
	list->slots[slot] = (uint32_t)place + 1;
}

/* Fill the table anew, of the size that it has. */
static void put_all (struct host_list *list)
{
	if (list->n_slots)
		memset (list->slots, 0, list->n_slots * sizeof *list->slots);
	for (size_t i = 0; i < list->n; i++)
		put_slot (list, i);
}

/* Make room for one more. The table is at most half full. */
static int make_room (struct host_list *list)
{
	size_t room = list->room ? list->room * 2 : FIRST_ROOM;
	const char **names;
	uint32_t *hashes, *slots;

	if (list->n < list->room)
		return 0;
	if ((names = realloc (list->names, room * sizeof *names)))
		list->names = names;
	if ((hashes = realloc (list->hashes, room * sizeof *hashes)))
		list->hashes = hashes;
	slots = calloc (room * 2, sizeof *slots);
	if (!names || !hashes || !slots) {
		free (slots);
		errno = ENOMEM;
		return -1;
	}
	free (list->slots);
	list->slots = slots;
	list->n_slots = room * 2;
	list->room = room;
	put_all (list);
	return 0;
}

/* --- one name ---------------------------------------------------------------------------------------------------- */

/* The place of the name, or n. */
static size_t find (const struct host_list *list, const char *name, uint32_t hash)
{
	size_t mask = list->n_slots - 1;

	if (!list->n_slots)
		return list->n;
	for (size_t slot = hash & mask; list->slots[slot]; slot = (slot + 1) & mask) {
		size_t place = list->slots[slot] - 1;

		if (list->hashes[place] == hash && host_name_equal (list->names[place], name))
			return place;
	}
	return list->n;
}

size_t host_list_find (const struct host_list *list, const char *name)
{
	return find (list, name, host_name_hash (name));
}

static int add_hashed (struct host_list *list, const char *name, uint32_t hash)
{
	const char *kept;

	if (find (list, name, hash) < list->n)
		return 0;
	if (list->n >= HOST_LIST_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (make_room (list) < 0 || !(kept = keep_name (list, name))) {
		errno = ENOMEM;
		return -1;
	}
	list->names[list->n] = kept;
	list->hashes[list->n] = hash;
	put_slot (list, list->n++);
	return 1;
}

int host_list_add (struct host_list *list, const char *name)
{
	return add_hashed (list, name, host_name_hash (name));
}

/* --- sets -------------------------------------------------------------------------------------------------------- */

int host_list_unite (struct host_list *list, const struct host_list *other)
{
	for (size_t i = 0; i < other->n; i++)
		if (add_hashed (list, other->names[i], other->hashes[i]) < 0)
			return -1;
	return 0;
}

/* Keep the names that `other` has (or has not). */
static void keep_where (struct host_list *list, const struct host_list *other, bool has)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if ((find (other, list->names[i], list->hashes[i]) < other->n) == has) {
			list->names[n] = list->names[i];
			list->hashes[n++] = list->hashes[i];
		}
	list->n = n;
	put_all (list);
}

void host_list_subtract (struct host_list *list, const struct host_list *other)
{
	keep_where (list, other, false);
}

void host_list_intersect (struct host_list *list, const struct host_list *other)
{
	keep_where (list, other, true);
}

int host_list_xor (struct host_list *list, const struct host_list *other)
{
	struct host_list added = { .n = 0 };
	int result = 0;

	for (size_t i = 0; i < other->n && result >= 0; i++)
		if (find (list, other->names[i], other->hashes[i]) == list->n)
			result = add_hashed (&added, other->names[i], other->hashes[i]);
	if (result >= 0) {
		keep_where (list, other, false);
		result = host_list_unite (list, &added);
	}
	host_list_free (&added);
	return result < 0 ? -1 : 0;
}

void host_list_filter (struct host_list *list, bool (*keep) (const char *name, void *context), void *context)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (keep (list->names[i], context)) {
			list->names[n] = list->names[i];
			list->hashes[n++] = list->hashes[i];
		}
	list->n = n;
	put_all (list);
}
