/* remote - the words HOST:PATH of put and get, as scp(1) has them. */
#ifndef REMEX_COMMANDS_REMOTE_H
#define REMEX_COMMANDS_REMOTE_H

#include <stddef.h>

/* Where the path begins in a word that names a file on a host: behind the first colon that is none of the host's own (of
 * [::1], of unix:///socket, of HOST:PORT), if no slash comes before it. *host is how long the host is. NULL: it is a local
 * path. */
const char *remote_path (const char *word, size_t *host);

#endif
