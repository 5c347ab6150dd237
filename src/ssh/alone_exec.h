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
 *
 * With a terminal there is one stream, and no end of input. A stop hangs the terminal up first. A login shell on a terminal is what
 * sshd starts itself, as for ssh(1): with the message of the day, and a name that begins with a dash. No script of ours
 * runs before it: it is RUNNING when sshd has started it, nothing is known of its processes, its environment is what sshd accepts of
 * it (AcceptEnv), and it ends by the hang-up.
 */
#ifndef REMEX_SSH_ALONE_EXEC_H
#define REMEX_SSH_ALONE_EXEC_H

#include "ssh/alone.h"

extern const struct alone_verb alone_exec_run, alone_exec_shell;

#endif
