/* dshbak_fold - names of hosts as the header of `dshbak -c` shows them: foo[00-02,1,3,5],bar1.
 *
 * A name is a prefix, a number (its last digits, which may be none) and a suffix: rack1-node007.mgmt is rack1-node, 007
 * and .mgmt. Names of one prefix and one suffix fold to ranges. A range grows by the next number when the padding fits:
 * 9 and 10, 09 and 10, 009 and 010, but not 09 and 010. This is not the notation of nodeset (src/hosts/fold.h), which
 * folds several numbers of a name, and keeps numbers of different padding apart.
 */
#ifndef REMEX_PERSONALITY_DSHBAK_FOLD_H
#define REMEX_PERSONALITY_DSHBAK_FOLD_H

#include <stddef.h>

/* The number that the name is sorted by in the output of dshbak: its last digits, if it ends with digits; else 0. */
double dshbak_number (const char *name);

/* Fold n names. The result is in new memory, which the caller frees; NULL: out of memory. */
char *dshbak_fold (const char *const *names, size_t n);

#endif
