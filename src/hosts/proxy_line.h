/* proxy_line - the command that leads to a host, a line for sh(1) with tokens: "ssh -W %h:%p gateway".
 *
 *   %h   the address of the host, without brackets; its name where the address is a Unix socket
 *   %p   its port; there is none where the address is a Unix socket
 *   %n   the name of the host, as the user has given it, without user and port
 *   %%   a percent sign
 *
 * The line goes to a shell, so the value of a token may only have letters, digits and _ - . : @ / % + = , and must not
 * begin with "-".
 */
#ifndef REMEX_HOSTS_PROXY_LINE_H
#define REMEX_HOSTS_PROXY_LINE_H

#include "base/err.h"

/* The line for the host `name` at `where` (HOST[:PORT], unix:///PATH or local), in new memory, which the caller frees;
 * NULL and err, a sentence. */
char *proxy_line_fill (const char *line, const char *name, const char *where, struct err *err);

#endif
