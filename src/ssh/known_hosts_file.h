/* known_hosts_file - add a line to a file of known hosts, which other programs read and add to at any time.
 */
#ifndef REMEX_SSH_KNOWN_HOSTS_FILE_H
#define REMEX_SSH_KNOWN_HOSTS_FILE_H

#include <stddef.h>

#include "base/err.h"

/* Append n bytes, a line with its newline, by one write under a lock (flock(2)). The file has to be trusted
 * (base/trusted.h), and is made with the mode 0600 where it is missing, as its directory is with 0700. A last line without a
 * newline gets one before. 0; or -1 and err, and the file is as it was. */
int known_hosts_append (const char *path, const void *line, size_t n, struct err *err);

#endif
