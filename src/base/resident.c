/* resident - see resident.h. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/resident.h"

int resident_open (void)
{
	return open ("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

int64_t resident_bytes (int fd)
{
	long pages = 0;
	char text[128];
	ssize_t n = fd < 0 ? -1 : pread (fd, text, sizeof text - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf (text, "%*d %ld", &pages) != 1)
		return 0;
	return (int64_t)pages * sysconf (_SC_PAGESIZE);
}
