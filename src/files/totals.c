/* totals - see totals.h. */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "files/totals.h"

static void add (struct totals *totals, const struct stat *st)
{
	totals->files++;
	/* Holes take no space, so the sum of all sizes may overflow. */
	if (totals->bytes >= 0 && __builtin_add_overflow (totals->bytes, st->st_size, &totals->bytes))
		totals->bytes = -1;
}

void totals_source (struct totals *totals, struct walk *walk, int fd, bool stream, bool recursive)
{
	struct stat st;
	bool known = fstat (fd, &st) == 0;

	if (stream) {
		totals->files++;
		totals->bytes = -1;
	} else if (known && S_ISREG (st.st_mode)) {
		add (totals, &st);
	} else if (known && recursive && S_ISDIR (st.st_mode)) {
		(void)walk_enter (walk, fd, "");
		return;
	}
	fd_close (&fd);
}

static void look_at (struct totals *totals, struct walk *walk, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat (walk_fd (walk), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISREG (st.st_mode))
		add (totals, &st);
	if (S_ISDIR (st.st_mode) && walk->depth < SENDER_DEPTH && (fd = walk_open (walk, name)) >= 0)
		(void)walk_enter (walk, fd, name);
}

void totals_step (struct totals *totals, struct walk *walk)
{
	for (int i = 0; walk->depth > 0 && i < TOTALS_STEP; i++) {
		const char *name = walk_next (walk);

		if (name)
			look_at (totals, walk, name);
		else
			walk_leave (walk);
	}
}
