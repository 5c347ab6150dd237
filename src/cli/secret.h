/* secret - ask the person at the terminal for a passphrase or a password, without an echo.
 *
 * The terminal is /dev/tty, whatever stdin and stderr are: where the process has none, nobody can be asked. Its settings are
 * restored on every way out, also before a signal ends or stops the process; after a stop the question is put again. Only
 * SIGKILL and SIGSTOP leave it without an echo.
 */
#ifndef REMEX_CLI_SECRET_H
#define REMEX_CLI_SECRET_H

#include <stddef.h>

#include "remex/client.h"

/* For remex_set_ask. Signals are caught (console.h): one of those means that there is no answer, as does an empty line, and
 * console_signal still returns it. */
enum remex_ask_answer secret_ask (void *arg, const char *question, char *secret, size_t size);

#endif
