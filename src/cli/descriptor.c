/* descriptor - a path that means one of our own descriptors; see descriptor.h. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/descriptor.h"

static int number_of (const char *path)
{
	static const struct {
		const char *path;
		int fd;
	} names[] = { { "/dev/stdin", STDIN_FILENO }, { "/dev/stdout", STDOUT_FILENO },
		{ "/dev/stderr", STDERR_FILENO } };
	static const char *const directories[] = { "/dev/fd/", "/proc/self/fd/" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp (path, names[i].path))
			return names[i].fd;
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		const char *digits = path + strlen (directories[i]);

		if (strncmp (path, directories[i], strlen (directories[i])) == 0 && *digits && strlen (digits) < 7 &&
			strspn (digits, "0123456789") == strlen (digits))
			return atoi (digits);
	}
	return -1;
}

int descriptor_of (const char *path, int *fd)
{
	int number = number_of (path);
	struct stat st;

	*fd = -1;
	if (number < 0)
		return 0;
	if (fstat (number, &st) < 0)
		return -1;
	if (S_ISDIR (st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	*fd = number;
	return 1;
}
