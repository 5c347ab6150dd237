/* host_list - names of hosts in the order in which they were given, each one once.
 *
 * Two spellings of one name are one host: web1, WEB1, web1. and web1:7363 are equal, and so are [::1] and [0:0::1]
 * (host_name.h has the rules). The first spelling is kept. An operation keeps the order of the left list; names that it
 * adds come behind.
 *
 * A list owns its names. It grows in large pieces, so a list of a million names costs some 60 bytes for each, beside
 * the name.
 */
#ifndef REMEX_HOSTS_HOST_LIST_H
#define REMEX_HOSTS_HOST_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOST_LIST_MAX = 1000000 }; /* names in one list */

struct host_list_piece;

struct host_list {
	const char **names; /* n of them; valid until the list is freed, also when more are added */
	size_t n;
	/* For host_list.c only: */
	size_t room;
	uint32_t *hashes; /* of the names */
	uint32_t *slots; /* the places of names, from 1, by their hash */
	size_t n_slots;
	struct host_list_piece *pieces; /* the bytes of the names */
};

/* An empty list is all zeros. Free what it holds; it is empty again. */
void host_list_free (struct host_list *list);

/* Add a name, unless an equal one is there. 1: added; 0: it was there; -1 with errno (ENOMEM; E2BIG: the list holds
 * HOST_LIST_MAX names). */
int host_list_add (struct host_list *list, const char *name);

/* The place of an equal name in `names`; list->n: there is none. */
size_t host_list_find (const struct host_list *list, const char *name);

/* Set operations. `list` becomes the result; `other` is another list, and does not change. xor: the names that are in
 * one of the two, those of `list` first. 0, or -1 with errno as host_list_add. */
int host_list_unite (struct host_list *list, const struct host_list *other);
void host_list_subtract (struct host_list *list, const struct host_list *other);
void host_list_intersect (struct host_list *list, const struct host_list *other);
int host_list_xor (struct host_list *list, const struct host_list *other);

/* Keep the names for which keep() is true, in order. */
void host_list_filter (struct host_list *list, bool (*keep) (const char *name, void *context), void *context);

#endif
