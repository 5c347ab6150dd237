/* alone_exec - exec.run and exec.shell on a machine that has an sshd alone: a command in an exec channel.
 *
 *   OPENING -> BEGINNING -> RUNNING -> ended
 *
 * OPENING: the channel is being opened. BEGINNING: the script of quote.h has not yet come to the command; what a login shell
 * prints until then is dropped. RUNNING: bytes flow. A stop waits until the command runs, because nothing would find a
 * command that begins later; then its tree is killed (alone_kill.h).
 *
 * Other than with remexd the environment is that of the login, PATH included, and the call ends when all of the command's
 * output has ended, as with `wait_output`.
 */
#ifndef REMEX_SSH_ALONE_EXEC_H
#define REMEX_SSH_ALONE_EXEC_H

#include "ssh/alone.h"

extern const struct alone_verb alone_exec_run, alone_exec_shell;

#endif
