/* fold - names of hosts as one short expression: web1 web2 web3 db1 is db1,web[1-3].
 *
 * The result is what nodeset -f (ClusterShell 1.9, without autostep) prints: the patterns sorted, numbers in ascending
 * order, numbers with different padding apart (web[1,01]), several brackets where the names have several numbers
 * (r[1-2]n[1-16]; boxes.h). Expanding the result gives the same names again, in another order. The time is
 * O(n log n), also for names that do not fold.
 *
 * An address of IPv6 is never folded, since its brackets have a meaning of their own.
 */
#ifndef REMEX_HOSTS_FOLD_H
#define REMEX_HOSTS_FOLD_H

#include <stddef.h>

/* The folded names in new memory, which the caller frees; "" for no name. A name that appears twice counts once. NULL:
 * out of memory. */
char *fold_names (const char *const *names, size_t n);

#endif
