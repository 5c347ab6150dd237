/* userdb - see userdb.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/userdb.h"

enum { YOUNG_NS = 50 * 1000 * 1000, NSSWITCH_MAX = 64 * 1024 };

#define SECOND 1000000000LL

static void path_of (const struct userdb *userdb, const char *name, char *out, size_t size)
{
	snprintf (out, size, "%s/%s", userdb->directory ? userdb->directory : "/etc", name);
}

/* FNV-1a, 64 bits. Only root can write the files, so nobody can make a collision. */
static uint64_t mix (uint64_t state, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		state = (state ^ (value >> 8 * i & 0xFF)) * 0x100000001B3;
	return state;
}

static int64_t nanoseconds (const struct timespec *time)
{
	return time->tv_sec * SECOND + time->tv_nsec;
}

static uint64_t mix_file (uint64_t state, const char *path, int64_t now)
{
	struct stat st;
	int64_t age;

	if (stat (path, &st) < 0)
		return mix (state, (uint64_t)errno);
	state = mix (mix (mix (state, st.st_dev), st.st_ino), (uint64_t)st.st_size);
	state = mix (mix (state, (uint64_t)nanoseconds (&st.st_mtim)), (uint64_t)nanoseconds (&st.st_ctim));
	age = now - nanoseconds (&st.st_ctim);
	return age >= 0 && age < YOUNG_NS ? mix (state, (uint64_t)now) : state;
}

/* The sources of one line, behind its colon. Brackets hold conditions for asking the next source. */
static bool only_files (char *sources)
{
	char *word, *rest;

	for (char *p = sources; (p = strchr (p, '['));) {
		size_t n = strcspn (p, "]");

		memset (p, ' ', n + (p[n] == ']'));
	}
	for (word = strtok_r (sources, " \t", &rest); word; word = strtok_r (NULL, " \t", &rest))
		if (strcmp (word, "files") != 0)
			return false;
	return true;
}

bool userdb_has_others (const char *text)
{
	static const char *const asked[] = { "passwd", "group", "shadow", "initgroups" };
	char *copy = strdup (text), *rest, *line;
	bool others = !copy, named[2] = { false, false };

	for (line = copy ? strtok_r (copy, "\n", &rest) : NULL; line; line = strtok_r (NULL, "\n", &rest)) {
		char *colon;

		line[strcspn (line, "#")] = '\0';
		line += strspn (line, " \t");
		if (!(colon = strchr (line, ':')))
			continue;
		*colon = '\0';
		line[strcspn (line, " \t")] = '\0';
		for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
			if (!strcmp (line, asked[i])) {
				others = !only_files (colon + 1) || others;
				if (i < 2)
					named[i] = true;
			}
	}
	free (copy);
	/* For a database that is not named the C library has a default, which is not known here. */
	return others || !named[0] || !named[1];
}

static bool read_nsswitch (const char *path)
{
	int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	bool others;
	size_t n;
	struct err err;

	if (fd >= 0)
		text = fd_read_all (fd, NSSWITCH_MAX, &n, &err);
	others = !text || userdb_has_others (text);
	free (text);
	fd_close (&fd);
	return others;
}

uint64_t userdb_state (struct userdb *userdb)
{
	static const char *const names[] = { "nsswitch.conf", "passwd", "group", "shadow" };
	uint64_t state = 0xCBF29CE484222325, nsswitch = 0;
	struct timespec now;
	char path[4096];

	clock_gettime (CLOCK_REALTIME, &now);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		path_of (userdb, names[i], path, sizeof path);
		state = mix_file (state, path, nanoseconds (&now));
		if (i == 0)
			nsswitch = state | 1;
	}
	if (nsswitch != userdb->read) {
		path_of (userdb, names[0], path, sizeof path);
		userdb->others = read_nsswitch (path);
		userdb->read = nsswitch;
	}
	return state;
}
