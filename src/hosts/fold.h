/* fold - names of hosts as one short expression: web1 web2 web3 db1 is db1,web[1-3].
 *
 * The result is what nodeset -f (ClusterShell 1.9, without autostep) prints: the patterns sorted, numbers in ascending
 * order, numbers with different padding apart (web[1,01]), several brackets where the names have several numbers
 * (r[1-2]n[1-16]). Expanding the result gives the same names again, whatever their order was.
 *
 * Names with one number are folded in O(n log n). Names with several numbers are folded as nodeset folds them, which
 * compares patterns pairwise; above FOLD_PAIRS_MAX boxes only neighbours are compared, so that 10,000 names that do not
 * fold cost no more than sorting. The result is then correct, but may be longer than the shortest one.
 */
#ifndef REMEX_HOSTS_FOLD_H
#define REMEX_HOSTS_FOLD_H

#include <stddef.h>

#include "hosts/host_list.h"

/* The folded list in new memory, which the caller frees; "" for an empty list. NULL: out of memory. */
char *host_list_fold (const struct host_list *list);

/* The same for n names. Names that appear twice count once. */
char *hosts_fold (const char *const *names, size_t n);

#endif
