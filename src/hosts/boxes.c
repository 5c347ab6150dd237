/* boxes - see boxes.h. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hosts/boxes.h"

enum { PASSES_MAX = 100 }; /* a list that still changes then is long enough */

static uint64_t mix (uint64_t x) /* splitmix64 */
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* The part of a box's hash that comes from its set `axis`. */
static uint64_t axis_hash (const struct box *box, size_t axis)
{
	return mix (box->sets[axis].hash + mix (axis));
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

int boxes_make (struct boxes *boxes, const uint32_t *points, size_t n, size_t n_axes, uint32_t **ranks)
{
	*boxes = (struct boxes){ .n = n, .n_axes = n_axes, .ranks = ranks };
	boxes->boxes = calloc (n, sizeof *boxes->boxes);
	boxes->sets = calloc (n * n_axes, sizeof *boxes->sets);
	if (!boxes->boxes || !boxes->sets) {
		boxes->n = 0;
		boxes_free (boxes);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		boxes->boxes[i] = (struct box){ .sets = boxes->sets + i * n_axes, .size = 1 };
		for (size_t axis = 0; axis < n_axes; axis++) {
			struct box_set *set = &boxes->boxes[i].sets[axis];

			set->one = set->lowest = set->highest = points[i * n_axes + axis];
			set->numbers = &set->one;
			set->n = 1;
			set->hash = mix (set->one);
			set->sorted = true;
		}
	}
	return 0;
}

static void free_sets (struct box *box, size_t n_axes)
{
	for (size_t axis = 0; axis < n_axes; axis++)
		if (box->sets[axis].room)
			free (box->sets[axis].numbers);
}

void boxes_free (struct boxes *boxes)
{
	for (size_t i = 0; i < boxes->n; i++)
		if (boxes->boxes[i].size)
			free_sets (&boxes->boxes[i], boxes->n_axes);
	free (boxes->boxes);
	free (boxes->sets);
	*boxes = (struct boxes){ .n = 0 };
}

/* --- sets -------------------------------------------------------------------------------------------------------- */

static int compare_numbers (const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sort_set (struct box_set *set)
{
	if (!set->sorted)
		qsort (set->numbers, set->n, sizeof *set->numbers, compare_numbers);
	set->sorted = true;
}

static bool equal_sets (struct box_set *a, struct box_set *b)
{
	if (a->n != b->n || a->hash != b->hash || a->lowest != b->lowest || a->highest != b->highest)
		return false;
	sort_set (a);
	sort_set (b);
	return !memcmp (a->numbers, b->numbers, a->n * sizeof *a->numbers);
}

/* Add the numbers of `more`, which are not in the set. */
static int join_sets (struct box_set *set, const struct box_set *more)
{
	uint32_t n = set->n + more->n, room = n * 2;

	if (n > set->room) {
		uint32_t *numbers = realloc (set->room ? set->numbers : NULL, room * sizeof *numbers);

		if (!numbers)
			return -1;
		if (!set->room)
			numbers[0] = set->one;
		set->numbers = numbers;
		set->room = room;
	}
	memcpy (set->numbers + set->n, more->numbers, more->n * sizeof *more->numbers);
	set->sorted = set->sorted && more->sorted && set->highest < more->lowest;
	set->n = n;
	set->lowest = set->lowest < more->lowest ? set->lowest : more->lowest;
	set->highest = set->highest > more->highest ? set->highest : more->highest;
	set->hash += more->hash;
	return 0;
}

/* --- pairs ------------------------------------------------------------------------------------------------------- */

/* Do the boxes differ on `axis` only? */
static bool equal_beside (const struct box *a, const struct box *b, size_t n_axes, size_t axis)
{
	for (size_t i = 0; i < n_axes; i++)
		if (i != axis && (a->sets[i].hash != b->sets[i].hash || a->sets[i].n != b->sets[i].n))
			return false;
	for (size_t i = 0; i < n_axes; i++)
		if (i != axis && !equal_sets (&a->sets[i], &b->sets[i]))
			return false;
	return true;
}

static int join_boxes (struct box *box, struct box *more, size_t n_axes, size_t axis)
{
	if (join_sets (&box->sets[axis], &more->sets[axis]) < 0)
		return -1;
	box->size += more->size;
	free_sets (more, n_axes);
	more->size = 0;
	return 0;
}

static int compare_boxes (const void *left, const void *right, void *context)
{
	const struct box *a = left, *b = right;
	const struct boxes *boxes = context;

	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	for (size_t axis = 0; axis < boxes->n_axes; axis++) {
		const struct box_set *x = &a->sets[axis], *y = &b->sets[axis];
		const uint32_t *rank = boxes->ranks[axis];

		if (x->n != y->n)
			return x->n > y->n ? -1 : 1;
		if (x->lowest != y->lowest)
			return rank[x->lowest] < rank[y->lowest] ? -1 : 1;
		if (x->highest != y->highest)
			return rank[x->highest] < rank[y->highest] ? -1 : 1;
	}
	return (a->place > b->place) - (a->place < b->place);
}

/* Close the gaps of merged boxes, and sort. */
static void sort_boxes (struct boxes *boxes)
{
	size_t n = 0;

	for (size_t i = 0; i < boxes->n; i++)
		if (boxes->boxes[i].size) {
			boxes->boxes[n] = boxes->boxes[i];
			boxes->boxes[n].place = n;
			n++;
		}
	boxes->n = n;
	qsort_r (boxes->boxes, n, sizeof *boxes->boxes, compare_boxes, boxes);
}

/* --- passes ------------------------------------------------------------------------------------------------------ */

/* Compare neighbours. 1: something has changed. */
static int pass_neighbours (struct boxes *boxes)
{
	struct box *box = boxes->boxes;
	int changed = 0;

	for (size_t i = 1; i < boxes->n; i++) {
		struct box *next = &boxes->boxes[i];
		size_t axis = 0;

		while (axis < boxes->n_axes && !equal_beside (box, next, boxes->n_axes, axis))
			axis++;
		if (axis == boxes->n_axes) {
			box = next;
			continue;
		}
		if (join_boxes (box, next, boxes->n_axes, axis) < 0)
			return -1;
		changed = 1;
	}
	return changed;
}

/* An entry by which a box is found: the hash of all its sets but one. */
struct box_entry {
	uint64_t key;
	uint32_t place; /* of the box */
	uint32_t next; /* the entry to look at when this box has been merged */
};

static int compare_entries (const void *left, const void *right)
{
	const struct box_entry *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static uint64_t key_of (const struct box *box, size_t n_axes, size_t axis)
{
	uint64_t key = mix (axis);

	for (size_t i = 0; i < n_axes; i++)
		if (i != axis)
			key += axis_hash (box, i);
	return key;
}

/* The first box behind `place` that differs from `box` on `axis` only; boxes->n: there is none. */
static size_t find_partner (
	struct boxes *boxes, struct box_entry *entries, const struct box *box, size_t axis, size_t place)
{
	struct box_entry wanted = { .key = key_of (box, boxes->n_axes, axis), .place = (uint32_t)place + 1 };
	size_t n = boxes->n * boxes->n_axes, low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_entries (&entries[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < n && entries[low].key == wanted.key) {
		struct box_entry *entry = &entries[low];
		const struct box *other = &boxes->boxes[entry->place];

		if (other->size && equal_beside (box, other, boxes->n_axes, axis))
			return entry->place;
		if (!other->size && entry->next < n && !boxes->boxes[entries[entry->next].place].size)
			entry->next = entries[entry->next].next;
		low = other->size ? low + 1 : entry->next;
	}
	return boxes->n;
}

/* Compare each box with all boxes behind it. 1: something has changed. */
static int pass_pairs (struct boxes *boxes)
{
	size_t n_axes = boxes->n_axes, n = boxes->n * n_axes;
	struct box_entry *entries = malloc (n * sizeof *entries);
	int changed = 0;

	if (!entries)
		return -1;
	for (size_t i = 0; i < n; i++)
		entries[i] = (struct box_entry){ .key = key_of (&boxes->boxes[i / n_axes], n_axes, i % n_axes),
			.place = (uint32_t)(i / n_axes) };
	qsort (entries, n, sizeof *entries, compare_entries);
	for (size_t i = 0; i < n; i++)
		entries[i].next = (uint32_t)i + 1;
	for (size_t i = 0; i < boxes->n && changed >= 0; i++) {
		struct box *box = &boxes->boxes[i];

		for (size_t place = i; box->size && place < boxes->n && changed >= 0;) {
			size_t nearest = boxes->n, on = 0;

			for (size_t axis = 0; axis < n_axes; axis++) {
				size_t found = find_partner (boxes, entries, box, axis, place);

				if (found < nearest) {
					nearest = found;
					on = axis;
				}
			}
			place = nearest;
			if (place < boxes->n)
				changed = join_boxes (box, &boxes->boxes[place], n_axes, on) < 0 ? -1 : 1;
		}
	}
	free (entries);
	return changed;
}

int boxes_merge (struct boxes *boxes)
{
	bool pairs = false;
	int changed = 1;

	sort_boxes (boxes);
	for (int i = 0; i < PASSES_MAX && changed >= 0; i++) {
		changed = pairs ? pass_pairs (boxes) : pass_neighbours (boxes);
		sort_boxes (boxes);
		if (!changed && pairs)
			break;
		pairs = pairs || !changed;
	}
	for (size_t i = 0; i < boxes->n; i++)
		for (size_t axis = 0; axis < boxes->n_axes; axis++)
			sort_set (&boxes->boxes[i].sets[axis]);
	return changed < 0 ? -1 : 0;
}
