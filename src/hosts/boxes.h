/* boxes - points with several whole coordinates as few boxes: (1,1) (1,2) (2,1) (2,2) is {1,2} x {1,2}. A box has a set
 * of numbers for each axis.
 *
 * The result is the one of ClusterShell (RangeSetND), so that a folded list reads as users know it. Two boxes merge
 * when they differ on one axis only. In each pass the boxes are sorted, the largest first, and each one takes in the
 * boxes behind it. At first only neighbours are compared; when that changes nothing more, all pairs are. Pairs are
 * found by hashes of what is equal, so that a pass costs O(n log n), and not the square.
 */
#ifndef REMEX_HOSTS_BOXES_H
#define REMEX_HOSTS_BOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of a box on one axis. */
struct box_set {
	uint32_t *numbers; /* n of them; ascending after boxes_merge */
	uint32_t n, room;
	uint32_t lowest, highest;
	uint64_t hash;
	uint32_t one; /* memory for a single number */
	bool sorted;
};

struct box {
	struct box_set *sets; /* one for each axis */
	uint64_t size; /* in points; 0: merged into another one */
	size_t place; /* before the sorting */
};

struct boxes {
	struct box *boxes;
	size_t n;
	size_t n_axes;
	/* The order of numbers for the sorting: the rank of number i on axis a is ranks[a][i]. */
	uint32_t **ranks;
	struct box_set *sets; /* the memory of all sets */
};

/* Make n boxes of one point each: points[i * n_axes + a] is the coordinate of point i on axis a. The points are
 * different. 0, or -1: out of memory. `ranks` stay the caller's. */
int boxes_make (struct boxes *boxes, const uint32_t *points, size_t n, size_t n_axes, uint32_t **ranks);

/* Merge. 0, or -1: out of memory; the boxes are valid then as well. */
int boxes_merge (struct boxes *boxes);

void boxes_free (struct boxes *boxes);

#endif
