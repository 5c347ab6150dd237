/* quote - see quote.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "ssh/quote.h"

/* The bytes that are no other than themselves within double quotes, within single quotes, and for printf(1), in all
 * shells. */
static bool is_plain (char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr ("_-+=./:,@ ", c));
}

/* --- the script -------------------------------------------------------------------------------------------------- */

static int put (struct buf *out, const char *text)
{
	return buf_append (out, text, strlen (text));
}

/* A word in single quotes; a single quote itself stands outside them, behind a backslash. */
static int put_word (struct buf *out, const char *word)
{
	int result = put (out, "'");

	while (result == 0 && *word) {
		size_t n = strcspn (word, "'");

		result = buf_append (out, word, n);
		word += n;
		if (result == 0 && *word == '\'') {
			result = put (out, "'\\''");
			word++;
		}
	}
	return result == 0 ? put (out, "'") : -1;
}

/* The length of the name in NAME=VALUE; 0: sh(1) does not take such a name. */
static size_t name_length (const char *variable)
{
	size_t n = strcspn (variable, "=");

	if (!variable[n] || isdigit ((unsigned char)*variable))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (variable[i] != '_' && (!is_plain (variable[i]) || strchr ("-+=./:,@ ", variable[i])))
			return 0;
	return n;
}

static int put_variable (struct buf *out, const char *variable)
{
	size_t n = name_length (variable);

	return put (out, "export ") < 0 || buf_append (out, variable, n + 1) < 0 ||
			       put_word (out, variable + n + 1) < 0 || put (out, "; ") < 0
		       ? -1
		       : 0;
}

static int put_argv (struct buf *out, const char *const *argv)
{
	int result = **argv == '-' ? 0 : put (out, "exec ");

	for (size_t i = 0; argv[i] && result == 0; i++)
		result = (i ? put (out, " ") : 0) < 0 ? -1 : put_word (out, argv[i]);
	return result;
}

static int put_cwd (struct buf *out, const char *cwd)
{
	/* "./" because cd takes "-" for another directory, and looks for other relative names in CDPATH as well. */
	return put (out, "cd ") < 0 || (*cwd != '/' && put (out, "./") < 0) || put_word (out, cwd) < 0 ||
			       put (out, " || exit 126; ") < 0
		       ? -1
		       : 0;
}

/* The script has begun: with the pid and the start time, field 22 of /proc/PID/stat, behind the name in parentheses. */
static int put_begin (struct buf *out, const char *mark, bool tty)
{
	int result =
		put (out, "read -r REMEX_CALL 2>/dev/null </proc/$$/stat || REMEX_CALL=; set -- ${REMEX_CALL##*)}; ");

	if (result < 0)
		return -1;
	return tty ? buf_printf (out, "printf 'remex-%%s:%s:shell %%s %%s\\n' ssh $$ \"${20}\" || exit 1; ", mark)
		   : buf_printf (out, "echo remex-ssh:%s:shell $$ ${20} || exit 1; echo remex-ssh:%s:shell >&2; ", mark,
			     mark);
}

/* The command is executed next. */
static int put_run (struct buf *out, const char *mark, bool tty)
{
	return tty ? buf_printf (out, "export REMEX_CALL=%s; printf 'remex-%%s:%s:run\\r' ssh || exit 1; ", mark, mark)
		   : buf_printf (out, "export REMEX_CALL=%s; echo remex-ssh:%s:run || exit 1; ", mark, mark);
}

/* Can the command be executed? Otherwise the reason goes to stderr. A word such as "-x" is left to sh. */
static int put_check (struct buf *out, const char *name)
{
	static const char missing[] = "echo No such file or directory >&2; exit 127; }; ";

	if (*name == '-')
		return 0;
	if (!strchr (name, '/'))
		return put (out, "command -v ") < 0 || put_word (out, name) < 0 ||
				       put (out, " >/dev/null 2>&1 || { ") < 0
			       ? -1
			       : put (out, missing);
	return put (out, "[ -f ") < 0 || put_word (out, name) < 0 || put (out, " ] && [ -x ") < 0 ||
			       put_word (out, name) < 0 || put (out, " ] || { [ -e ") < 0 || put_word (out, name) < 0 ||
			       put (out, " ] && echo Permission denied >&2 || ") < 0
		       ? -1
		       : put (out, missing);
}

static int put_marked_cwd (struct buf *out, const char *cwd)
{
	return put (out, "cd ") < 0 || (*cwd != '/' && put (out, "./") < 0) || put_word (out, cwd) < 0 ||
			       put (out, " >/dev/null 2>&1 || { printf 'cannot change to %s\\n' ") < 0 ||
			       put_word (out, cwd) < 0 || put (out, " >&2; exit 126; }; ") < 0
		       ? -1
		       : 0;
}

static int put_last (struct buf *out, const struct quote_command *command)
{
	if (command->argv)
		return put_argv (out, command->argv);
	if (!command->line)
		return put (out, "exec \"${SHELL:-/bin/sh}\" -l");
	return put (out, "exec \"${SHELL:-/bin/sh}\" -c ") < 0 ? -1 : put_word (out, command->line);
}

static int put_command (struct buf *out, const struct quote_command *command)
{
	const char *mark = command->mark;
	int result = mark ? put_begin (out, mark, command->tty) : 0;

	for (const char *const *variable = command->env; variable && *variable && result == 0; variable++)
		result = put_variable (out, *variable);
	if (result == 0 && command->cwd)
		result = mark ? put_marked_cwd (out, command->cwd) : put_cwd (out, command->cwd);
	if (result == 0 && mark && command->argv)
		result = put_check (out, *command->argv);
	if (result == 0 && mark)
		result = put_run (out, mark, command->tty);
	if (result == 0)
		result = put_last (out, command);
	return result == 0 && command->no_input ? put (out, " </dev/null") : result;
}

int quote_script (struct buf *out, const struct quote_command *command, struct err *err)
{
	size_t before = buf_len (out);
	char shown[80];

	for (const char *const *variable = command->env; variable && *variable; variable++)
		if (!name_length (*variable))
			return err_set (err, 0,
				"the shell cannot set the variable '%s': letters, digits and _ are possible",
				text_escape (shown, sizeof shown, *variable, strcspn (*variable, "=")));
	if (put_command (out, command) == 0)
		return 0;
	out->end = out->start + before;
	return err_sys (err, 0, "the command line is too long");
}

/* --- the exec request -------------------------------------------------------------------------------------------- */

/* The length of a script in the form for printf(1). */
static size_t encoded_length (const char *script, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
		length += is_plain (script[i]) ? 1 : 4;
	return length;
}

/* Write a byte in that form, though it may be plain. Returns its end. */
static char *encode_byte (char *to, char byte)
{
	unsigned char c = (unsigned char)byte;

	*to++ = '\\';
	*to++ = (char)('0' + (c >> 6));
	*to++ = (char)('0' + (c >> 3 & 7));
	*to++ = (char)('0' + (c & 7));
	return to;
}

/* Write that form. Returns its end. */
static char *encode (char *to, const char *script, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_plain (script[i]))
			*to++ = script[i];
		else
			to = encode_byte (to, script[i]);
	return to;
}

int quote_exec (struct buf *out, const char *script, size_t n, struct err *err)
{
	static const char head[] = "exec /bin/sh -c 'eval \"$(printf \"", tail[] = "\")\"'";
	size_t length = sizeof head - 1 + sizeof tail - 1 + encoded_length (script, n);
	char *to;

	if (length > QUOTE_EXEC_MAX) {
		errno = E2BIG;
		return err_sys (err, 0, "the command line takes %zu bytes in an exec request, and %d are possible",
			length, QUOTE_EXEC_MAX);
	}
	if (!(to = (char *)buf_reserve (out, length)))
		return err_sys (err, 0, "the command line is too long");
	memcpy (to, head, sizeof head - 1);
	memcpy (encode (to + sizeof head - 1, script, n), tail, sizeof tail - 1);
	buf_commit (out, length);
	return 0;
}

/* --- over standard input ------------------------------------------------------------------------------------------ */

/* `read` takes standard input byte by byte, and so nothing behind the line. */
const char quote_bootstrap[] = "exec /bin/sh -c 'IFS= read -r REMEX_CALL && eval \"$(printf \"$REMEX_CALL\")\"'";

int quote_line (struct buf *out, const char *script, size_t n, struct err *err)
{
	size_t length = encoded_length (script, n) + 1;
	char *to = (char *)buf_reserve (out, length);

	if (!to)
		return err_sys (err, 0, "the command line is too long");
	*encode (to, script, n) = '\n';
	buf_commit (out, length);
	return 0;
}

/* printf(1) writes the lines one after the other, and no empty line ends them too early: none is empty but the last one. */
const char quote_terminal_bootstrap[] =
	"exec /bin/sh -c 'eval \"$(while IFS= read -r REMEX_CALL && [ -n \"$REMEX_CALL\" ]; do printf \"$REMEX_CALL\"; "
	"done)\"'";

/* A line begins with no "-", which printf(1) would take for an option. */
int quote_lines (struct buf *out, const char *script, size_t n, struct err *err)
{
	enum { PIECE = (QUOTE_LINE_MAX - 1) / 4 }; /* bytes of the script: each takes four bytes at most */
	size_t lines = (n + PIECE - 1) / PIECE, length = encoded_length (script, n) + 4 * lines + lines + 1;
	char *begin = (char *)buf_reserve (out, length), *to = begin;

	if (!begin)
		return err_sys (err, 0, "the command line is too long");
	for (size_t i = 0; i < n; i += PIECE) {
		to = encode_byte (to, script[i]);
		to = encode (to, script + i + 1, (n - i < PIECE ? n - i : PIECE) - 1);
		*to++ = '\n';
	}
	*to++ = '\n';
	buf_commit (out, (size_t)(to - begin));
	return 0;
}
