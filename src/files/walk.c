/* walk - see walk.h. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/walk.h"

static const struct walk_level *here (const struct walk *walk)
{
	assert (walk->depth > 0);
	return &walk->dirs[walk->depth - 1];
}

void walk_free (struct walk *walk)
{
	while (walk->depth > 0)
		walk_leave (walk);
}

/* The offset in the path at which the name of an entry of the current directory begins. */
static size_t name_offset (const struct walk *walk)
{
	return walk->depth ? here (walk)->end + 1 : 0;
}

void walk_at (struct walk *walk, const char *name)
{
	size_t at = name_offset (walk), n = strlen (name);

	assert (n <= ITEM_NAME_MAX && at + n < sizeof walk->path);
	if (at)
		walk->path[at - 1] = '/';
	memcpy (walk->path + at, name, n + 1);
}

int walk_fd (const struct walk *walk)
{
	return dirfd (here (walk)->stream);
}

int walk_open (const struct walk *walk, const char *name)
{
	return openat (walk_fd (walk), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int walk_enter (struct walk *walk, int fd, const char *name)
{
	struct walk_level *dir = &walk->dirs[walk->depth];
	DIR *stream;

	assert (walk->depth < SENDER_DEPTH);
	if (!(stream = fdopendir (fd))) {
		fd_close (&fd);
		return -1;
	}
	walk_at (walk, name);
	dir->stream = stream;
	dir->name = name_offset (walk);
	dir->end = dir->name + strlen (name);
	walk->depth++;
	return 0;
}

const char *walk_next (struct walk *walk)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir (here (walk)->stream);
	} while (entry && (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0));
	return entry ? entry->d_name : NULL;
}

void walk_leave (struct walk *walk)
{
	closedir (here (walk)->stream);
	walk->path[here (walk)->end] = '\0';
	walk->depth--;
}

void walk_name (const struct walk *walk, char name[ITEM_NAME_MAX + 1])
{
	size_t n = here (walk)->end - here (walk)->name;

	memcpy (name, walk->path + here (walk)->name, n);
	name[n] = '\0';
}
