/* sealed - see sealed.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/sealed.h"

static int make (const char *name)
{
	return memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static int seal (int fd)
{
	return fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

int sealed_bytes (const char *name, const void *bytes, size_t n, struct err *err)
{
	int fd = make (name);

	if (fd < 0 || fd_write_all (fd, bytes, n) < 0 || seal (fd) < 0) {
		err_sys (err, 0, "cannot make a snapshot of %s", name);
		fd_close (&fd);
	}
	return fd;
}

int sealed_file (const char *name, int file, struct err *err)
{
	enum { PIECE = 65536 };
	int fd = make (name);
	ssize_t n = -1;

	while (fd >= 0 && ((n = sendfile (fd, file, NULL, PIECE)) > 0 || (n < 0 && errno == EINTR)))
		;
	if (n < 0 || seal (fd) < 0) {
		err_sys (err, 0, "cannot make a snapshot of %s", name);
		fd_close (&fd);
	}
	return fd;
}
