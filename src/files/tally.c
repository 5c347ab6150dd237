/* tally - see tally.h. */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "files/tally.h"

static void add (struct tally *tally, const struct stat *st)
{
	tally->files++;
	/* Holes take no room: the sum of all sizes may be more than a number holds. */
	if (tally->bytes >= 0 && __builtin_add_overflow (tally->bytes, st->st_size, &tally->bytes))
		tally->bytes = -1;
}

void tally_source (struct tally *tally, struct walk *walk, int fd, bool stream, bool recursive)
{
	struct stat st;
	bool known = fstat (fd, &st) == 0;

	if (stream) {
		tally->files++;
		tally->bytes = -1;
	} else if (known && S_ISREG (st.st_mode)) {
		add (tally, &st);
	} else if (known && recursive && S_ISDIR (st.st_mode)) {
		(void)walk_enter (walk, fd, "");
		return;
	}
	fd_close (&fd);
}

static void look_at (struct tally *tally, struct walk *walk, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat (walk_fd (walk), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISREG (st.st_mode))
		add (tally, &st);
	if (S_ISDIR (st.st_mode) && walk->depth < SENDER_DEPTH && (fd = walk_open (walk, name)) >= 0)
		(void)walk_enter (walk, fd, name);
}

void tally_step (struct tally *tally, struct walk *walk)
{
	for (int i = 0; walk->depth > 0 && i < TALLY_STEP; i++) {
		const char *name = walk_next (walk);

		if (name)
			look_at (tally, walk, name);
		else
			walk_leave (walk);
	}
}
