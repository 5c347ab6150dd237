/* quote - from a command to the text of an exec request of ssh (RFC 4254, section 6.5).
 *
 * sshd gives that text to the user's login shell, `SHELL -c TEXT`, and the shell may be bash, dash, zsh, fish, csh or
 * tcsh, which quote in different ways. So the text has two layers. Inside is a script for sh(1), with its words in single
 * quotes. Outside, each byte of the script that any of the shells may treat specially is written as \ooo, and the login
 * shell only starts sh:
 *
 *   exec /bin/sh -c 'eval "$(printf "exec cmd \047an argument\047")"'
 *
 * All bytes but NUL get through. Nothing depends on the locale. A script that is too long for an exec request goes as a line
 * over standard input, to a sh that reads exactly that line and evaluates it: what is behind it belongs to the command.
 *
 * With a mark the script says how far it has come, so that what a login shell prints is told from what the command prints:
 *
 *   stdout   remex-ssh:MARK:shell PID START   sh runs; START is its start time in /proc/PID/stat, empty without /proc
 *   stderr   remex-ssh:MARK:shell
 *   stdout   remex-ssh:MARK:run               the command is executed next, in this process
 *
 * Where the last line does not come, stderr has the reason. The script does not go on when stdout is closed.
 *
 * On a terminal there is one stream, and what goes to it comes back as its echo, with the ends of lines changed:
 *
 *   remex-ssh:MARK:shell PID START       and the reason, or
 *   remex-ssh:MARK:run, and a carriage return, so that the command begins in the first column
 *
 * No text of the script contains these words, so that an echo is no mark. The line that a terminal takes has 4095 bytes at most
 * (termios(3), MAX_CANON): a long script goes in several lines.
 */
#ifndef REMEX_SSH_QUOTE_H
#define REMEX_SSH_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Bytes of an exec request: libssh2 sends no more. Bytes of a line for a terminal, with its newline. */
enum { QUOTE_EXEC_MAX = 34720, QUOTE_LINE_MAX = 1024 };

/* Bytes of a mark: hexadecimal digits. A process that has REMEX_CALL=MARK in its environment belongs to the call. */
enum { QUOTE_MARK = 32 };

/* The text of the exec request for a script that comes over standard input (quote_line), and from a terminal (quote_lines). */
extern const char quote_bootstrap[], quote_terminal_bootstrap[];

/* What is to be run; the members that are NULL are left out. Without argv and line it is the user's login shell, whose name
 * has no dash at its beginning: it gets the option -l. */
struct quote_command {
	const char *const *argv; /* the words, NULL behind the last one; argv[0] is looked up in PATH */
	const char *line; /* in place of argv: a line for the user's login shell ($SHELL) */
	const char *const *env; /* NAME=VALUE, NULL behind the last one: added to the environment */
	const char *cwd; /* the working directory; a relative one starts at the user's home */
	const char *mark; /* QUOTE_MARK digits */
	bool no_input; /* standard input is /dev/null */
	bool tty; /* standard input, output and error are a terminal */
};

/* Append the script for sh(1) that becomes the command: it ends in exec. Where cwd cannot be entered, sh says so on
 * stderr and exits with 126. A command whose name begins with "-" is run as a child of sh, because exec would take the
 * name for an option. 0; or -1 and err: a variable has a name that sh(1) does not know, or memory or the room of the
 * buffer is at its end (err->sys ENOMEM, ENOBUFS). */
int quote_script (struct buf *out, const struct quote_command *command, struct err *err);

/* Append the text of an exec request that runs a script of n bytes, none of them NUL. 0; or -1 and err, with err->sys
 * E2BIG where the text would be longer than QUOTE_EXEC_MAX. A failure leaves the buffer as it was. */
int quote_exec (struct buf *out, const char *script, size_t n, struct err *err);

/* Append the line for quote_bootstrap that runs a script of n bytes. 0; or -1 and err, as quote_script. */
int quote_line (struct buf *out, const char *script, size_t n, struct err *err);

/* The same for quote_terminal_bootstrap: lines of at most QUOTE_LINE_MAX bytes, the last of which is empty. */
int quote_lines (struct buf *out, const char *script, size_t n, struct err *err);

#endif
