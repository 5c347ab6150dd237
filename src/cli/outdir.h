/* outdir - a view: files for every host in one directory. HOST.out and HOST.err have the bytes of a host that ran the
 * command; HOST.error has one line about a host that did not. Files of these names from before are removed.
 *
 * HOST is the label; a slash in it, a percent sign and a leading dot are written as %2F, %25 and %2E.
 */
#ifndef REMEX_CLI_OUTDIR_H
#define REMEX_CLI_OUTDIR_H

#include <stddef.h>

#include "base/err.h"
#include "cli/view.h"

struct outdir {
	struct view view;
	int fd; /* the directory; -1: not open */
	int (*files)[2]; /* n pairs of open files, by rank; -1: not open */
	size_t n;
};

/* The name of a host's file or directory: `label` and `ending`, escaped as above, so that it lies in the directory and
 * two hosts have two names. 0, or -1 with errno ENAMETOOLONG. */
enum { OUTDIR_NAME = 1024 };
int outdir_name (char name[OUTDIR_NAME], const char *label, const char *ending);

/* Make the directory if it is missing, and open it. 0, or -1 and err. Then outdir_close, in both cases. */
int outdir_open (struct outdir *outdir, const char *path, size_t n, struct err *err);
void outdir_close (struct outdir *outdir);

#endif
