/* last - see last.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/durable.h"
#include "base/paths.h"
#include "base/trusted.h"
#include "cli/last.h"
#include "cli/say.h"

enum { FILE_MAX = 64 * 1024 * 1024, GROUP = 32 };

void last_add (struct last *last, const char *name, char *expression)
{
	if (!expression || !*expression || last->n == LAST_SETS) {
		free (expression);
		return;
	}
	snprintf (last->sets[last->n].name, sizeof last->sets->name, "%s", name);
	last->sets[last->n++].expression = expression;
}

void last_save (struct last *last)
{
	char *directory = paths_state (), *path = NULL;
	struct buf text;
	struct err err;

	buf_init (&text, FILE_MAX);
	for (size_t i = 0; i < last->n; i++)
		buf_printf (&text, "%s %s\n", last->sets[i].name, last->sets[i].expression);
	if (directory && asprintf (&path, "%s/last", directory) >= 0 &&
		(durable_make_directory (directory, 0700, 0755, &err) < 0 ||
			durable_write_lazily (path, buf_head (&text), buf_len (&text), 0600, &err) < 0))
		complain (NULL, "@last is not kept: %s", err.text);
	for (size_t i = 0; i < last->n; i++)
		free (last->sets[i].expression);
	last->n = 0;
	buf_free (&text);
	free (path);
	free (directory);
}

bool last_is_meant (const char *const *expressions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr (expressions[i], "@last."))
			return true;
	return false;
}

static int damaged (const char *path, struct err *err)
{
	err_set (err, 0, "%s is damaged: remove it, or run a command on the hosts again", path);
	err->sys = EINVAL;
	return -1;
}

/* Define the group of a line: 0, or -1 and err. */
static int define (struct hosts *hosts, const char *path, char *line, struct err *err)
{
	char group[GROUP], *blank = strchr (line, ' ');

	if (!blank || blank == line || blank - line >= LAST_NAME || !blank[1])
		return damaged (path, err);
	*blank = '\0';
	snprintf (group, sizeof group, "last.%s", line);
	return hosts_define (hosts, group, blank + 1, err);
}

int last_define (struct hosts *hosts, struct err *err)
{
	char *directory = paths_state (), *path = NULL, *text = NULL, *rest = NULL;
	int result = 0;
	size_t n = 0;

	if (directory && asprintf (&path, "%s/last", directory) >= 0 &&
		!(text = trusted_read (path, FILE_MAX, &n, err)) && err->sys != ENOENT)
		result = -1;
	/* A name that was cut may be the name of another host. */
	else if (text && n && (text[n - 1] != '\n' || strlen (text) != n))
		result = damaged (path, err);
	for (char *line = text ? strtok_r (text, "\n", &rest) : NULL; line && result == 0;
		line = strtok_r (NULL, "\n", &rest))
		result = define (hosts, path, line, err);
	free (text);
	free (path);
	free (directory);
	return result;
}
