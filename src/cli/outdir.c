/* outdir - see outdir.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/fanout.h"
#include "cli/outdir.h"
#include "cli/result.h"
#include "cli/say.h"

static struct outdir *outdir_of (struct view *view)
{
	return (struct outdir *)view;
}

int outdir_name (char name[OUTDIR_NAME], const char *label, const char *ending)
{
	size_t used = 0;

	for (const char *p = label; *p; p++) {
		bool escaped = *p == '/' || *p == '%' || (*p == '.' && p == label);

		if (used + 4 + strlen (ending) >= OUTDIR_NAME) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (escaped)
			used += (size_t)sprintf (name + used, "%%%02X", (unsigned char)*p);
		else
			name[used++] = *p;
	}
	strcpy (name + used, ending);
	return 0;
}

/* A new file: its descriptor, or -1 with errno. */
static int make (const struct outdir *outdir, const char *label, const char *ending)
{
	char name[OUTDIR_NAME];

	if (outdir_name (name, label, ending) < 0)
		return -1;
	if (unlinkat (outdir->fd, name, 0) < 0 && errno != ENOENT)
		return -1;
	return openat (outdir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
}

static void clear (const struct outdir *outdir, const char *label, const char *ending)
{
	char name[OUTDIR_NAME];

	if (outdir_name (name, label, ending) == 0)
		unlinkat (outdir->fd, name, 0);
}

static const char *const endings[] = { ".out", ".err" };

static int outdir_begin (struct view *view, struct member *member)
{
	struct outdir *outdir = outdir_of (view);

	clear (outdir, member->target->label, ".error");
	for (int i = 0; i < 2; i++)
		if ((outdir->files[member->rank][i] = make (outdir, member->target->label, endings[i])) < 0)
			return -1;
	return 0;
}

static int outdir_take (struct view *view, struct member *member, bool is_err, const void *bytes, size_t n)
{
	if (fd_write_all (outdir_of (view)->files[member->rank][is_err], bytes, n) == 0)
		return 0;
	complain (member->target->label, "cannot write %s%s: %s", member->target->label, endings[is_err],
		strerror (errno));
	return -1;
}

static bool has_run (const struct member *member)
{
	switch (member->call.result.outcome) {
	case REMEX_UNREACHABLE:
	case REMEX_FAILED:
	case REMEX_NEVER_STARTED: return false;
	default: return !member->call.skipped;
	}
}

static void outdir_ended (struct view *view, struct member *member)
{
	struct outdir *outdir = outdir_of (view);
	const char *label = member->target->label;
	char lines[RESULT_LINES][RESULT_LINE];
	int fd, n;

	for (int i = 0; i < 2; i++)
		fd_close (&outdir->files[member->rank][i]);
	if (has_run (member))
		return;
	for (int i = 0; i < 2; i++)
		clear (outdir, label, endings[i]);
	n = member->call.skipped ? 0 : result_lines (&member->call, member->fanout->program, lines);
	fd = make (outdir, label, ".error");
	if (fd < 0 ||
		dprintf (fd, "%s: %s\n", member_outcome (member), n ? lines[0] : "no further host was started") < 0)
		complain (label, "cannot write %s.error: %s", label, strerror (errno));
	fd_close (&fd);
}

static const struct view_ops outdir_ops = { .begin = outdir_begin, .take = outdir_take, .ended = outdir_ended };

int outdir_open (struct outdir *outdir, const char *path, size_t n, struct err *err)
{
	*outdir = (struct outdir){ .view.ops = &outdir_ops, .fd = -1 };
	if (mkdir (path, 0777) < 0 && errno != EEXIST)
		return err_sys (err, 0, "cannot make %s", path);
	if ((outdir->fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_sys (err, 0, "%s", path);
	if (!(outdir->files = malloc ((n + 1) * sizeof *outdir->files)))
		return err_sys (err, 0, "%s", path);
	for (size_t i = 0; i < n; i++)
		outdir->files[i][0] = outdir->files[i][1] = -1;
	outdir->n = n;
	return 0;
}

void outdir_close (struct outdir *outdir)
{
	for (size_t i = 0; i < outdir->n; i++)
		for (int j = 0; j < 2; j++)
			fd_close (&outdir->files[i][j]);
	free (outdir->files);
	outdir->files = NULL;
	outdir->n = 0;
	fd_close (&outdir->fd);
}
