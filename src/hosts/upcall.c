/* upcall - see upcall.h. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/text.h"
#include "hosts/upcall.h"
#include "proc/spawn.h"

enum { ANSWER_MAX = 16 * 1024 * 1024, LINE_MAX_BYTES = 64 * 1024 };

/* The context of the source. */
struct upcall {
	char *source, *directory;
	char *map, *all, *list;
};

static void upcall_free (void *context)
{
	struct upcall *upcall = context;

	free (upcall->source);
	free (upcall->directory);
	free (upcall->map);
	free (upcall->all);
	free (upcall->list);
	free (upcall);
}

/* --- the line ---------------------------------------------------------------------------------------------------- */

struct variable {
	const char *name, *value;
};

/* The variable that is named at p, behind a '$'. *n: the length of its value. */
static const struct variable *find_variable (const struct variable *variables, const char *p, size_t *n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	bool braces = *p == '{';
	size_t length = strspn (p + braces, letters);

	if (braces && p[1 + length] != '}')
		return NULL;
	for (; variables->name; variables++)
		if (strlen (variables->name) == length && !strncmp (variables->name, p + braces, length)) {
			*n = length + (braces ? 2 : 0);
			return variables;
		}
	return NULL;
}

/* The command with its variables replaced, in new memory. NULL: out of memory, or too long. */
static char *fill_in (const char *command, const struct variable *variables)
{
	struct buf line;
	int failed = 0;

	buf_init (&line, LINE_MAX_BYTES);
	for (const char *p = command; *p && !failed;) {
		const struct variable *variable = NULL;
		size_t n = 1;

		if (*p == '$' && (variable = find_variable (variables, p + 1, &n))) {
			failed = buf_append (&line, variable->value, strlen (variable->value));
			p += 1 + n;
		} else {
			failed = buf_append (&line, p, 1);
			p += *p == '$' && p[1] == '$' ? 2 : 1;
		}
	}
	if (!failed && buf_append (&line, "", 1) == 0)
		return (char *)line.data;
	buf_free (&line);
	return NULL;
}

/* --- running ----------------------------------------------------------------------------------------------------- */

/* Start the line with its stdout as the pipe's end, and read its output. */
static char *run_line (const struct upcall *upcall, const char *line, struct child *child, struct err *err)
{
	const char *argv[] = { "sh", "-c", line, NULL };
	struct spawn spawn = {
		.argv = argv,
		.env = (const char *const *)environ,
		.file = "/bin/sh",
		.cwd = upcall->directory,
		.fds = { -1, -1, STDERR_FILENO },
		.die_with_parent = true,
	};
	int ends[2], started;
	char *answer = NULL;
	size_t n;

	if (pipe2 (ends, O_CLOEXEC) < 0) {
		err_sys (err, 0, "cannot make a pipe");
		return NULL;
	}
	spawn.fds[1] = ends[1];
	started = spawn_start (&spawn, child, err);
	fd_close (&ends[1]);
	if (started == 0 && !(answer = fd_read_all (ends[0], ANSWER_MAX, &n, err))) {
		child_signal (child, SIGKILL);
		child_reap (child, &started);
	}
	fd_close (&ends[0]);
	return answer;
}

/* Run a command for a group (or ""), and return its answer. */
static char *ask (const struct upcall *upcall, const char *command, const char *group, struct err *err)
{
	const struct variable variables[] = { { "GROUP", group }, { "SOURCE", upcall->source },
		{ "CFGDIR", upcall->directory }, { NULL, NULL } };
	char *line = fill_in (command, variables), *answer, shown[200];
	struct err why = { .text = "" };
	struct child child;
	int status = 0;

	if (!line) {
		err_set (err, 0, "the command of the source '%.60s' is too long", upcall->source);
		return NULL;
	}
	answer = run_line (upcall, line, &child, &why);
	text_escape (shown, sizeof shown, line, strlen (line));
	free (line);
	if (!answer) {
		err_set (err, 0, "the source '%.60s' does not answer: %.200s", upcall->source, why.text);
		return NULL;
	}
	if (child_reap (&child, &status) == 0 && WIFEXITED (status) && !WEXITSTATUS (status))
		return answer;
	free (answer);
	err_set (err, 0, "the source '%.60s' does not answer: its command failed with status %d: %s", upcall->source,
		WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status), shown);
	return NULL;
}

/* --- the source -------------------------------------------------------------------------------------------------- */

static char *find (void *context, const char *name, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+=%";
	const struct upcall *upcall = context;
	char shown[128];

	if (name[strspn (name, letters)] || *name == '-') {
		err_set (err, 0,
			"the group '%s' cannot be asked of the source '%.60s', whose command is for a shell: the name "
			"may have letters, digits and _ . - + = %%",
			text_escape (shown, sizeof shown, name, strlen (name)), upcall->source);
		return NULL;
	}
	return ask (upcall, upcall->map, name, err);
}

static char *list (void *context, struct err *err)
{
	const struct upcall *upcall = context;

	return upcall->list ? ask (upcall, upcall->list, "", err) : strdup ("");
}

static char *all (void *context, struct err *err)
{
	const struct upcall *upcall = context;

	return ask (upcall, upcall->all, "", err);
}

static bool copy (char **to, const char *from)
{
	*to = from ? strdup (from) : NULL;
	return *to || !from;
}

int upcall_ask (struct group_source *source, const struct upcall_commands *commands, struct err *err)
{
	static const struct group_source_ops with_all = { find, list, all, upcall_free };
	static const struct group_source_ops without_all = { find, list, NULL, upcall_free };
	struct upcall *upcall = calloc (1, sizeof *upcall);

	if (!upcall)
		return err_set (err, 0, "out of memory");
	if (!copy (&upcall->source, group_source_name (source)) || !copy (&upcall->directory, commands->directory) ||
		!copy (&upcall->map, commands->map) || !copy (&upcall->all, commands->all) ||
		!copy (&upcall->list, commands->list)) {
		upcall_free (upcall);
		return err_set (err, 0, "out of memory");
	}
	group_source_ask (source, upcall->all ? &with_all : &without_all, upcall);
	return 0;
}
