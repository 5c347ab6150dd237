/* remote - the words HOST:PATH of put and get, in the form of scp(1). */
#ifndef REMEX_COMMANDS_REMOTE_H
#define REMEX_COMMANDS_REMOTE_H

#include <stddef.h>

/* The start of the path in a word that names a file on a host: after the first colon that is not part of the host (of
 * [::1], of unix:///socket, of HOST:PORT), if no slash comes before it. *host is the length of the host. NULL: the word
 * is a local path. */
const char *remote_path (const char *word, size_t *host);

#endif
