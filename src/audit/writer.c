/* audit/writer - see writer.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit/line.h"
#include "audit/writer.h"
#include "base/fd.h"
#include "base/trusted.h"

/* --- a file ------------------------------------------------------------------------------------------------------ */

/* A descriptor, or -1 and err. */
static int file_open (const char *path, bool *torn, struct err *err)
{
	struct err why;
	int fd = trusted_open (path, TRUSTED_LOG, &why);
	struct stat st;
	char last;

	if (fd >= 0 && fstat (fd, &st) == 0) {
		*torn = st.st_size > 0 && pread (fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
		return fd;
	}
	if (fd >= 0)
		err_sys (&why, 0, "%.200s", path);
	err_set (err, 0, "audit file %.400s", why.text);
	if (err)
		err->sys = why.sys;
	fd_close (&fd);
	return -1;
}

/* Make the file again after it was removed: lines in the removed file would be lost. */
static int file_renew (struct audit_sink *sink)
{
	struct err err = { 0 };
	bool torn;
	int fd = file_open (sink->path, &torn, &err);

	if (fd < 0) {
		errno = err.sys ? err.sys : EPERM;
		return -1;
	}
	fd_close (&sink->fd);
	sink->fd = fd;
	sink->torn = torn;
	return 0;
}

static int file_write (struct audit_sink *sink, const void *line, size_t n)
{
	char newline[] = "\n";
	struct iovec parts[] = { { newline, sink->torn }, { (void *)(uintptr_t)line, n }, { newline, 1 } };
	struct stat before, after;
	ssize_t done;
	int error;

	if (fstat (sink->fd, &before) < 0)
		return -1;
	if (before.st_nlink == 0) {
		if (file_renew (sink) < 0 || fstat (sink->fd, &before) < 0)
			return -1;
		parts[0].iov_len = sink->torn;
	}
	do
		done = writev (sink->fd, parts, 3);
	while (done < 0 && errno == EINTR);
	if (done == (ssize_t)(parts[0].iov_len + n + 1)) {
		sink->torn = false;
		return 0;
	}
	/* The disk became full, or a limit was reached, in the middle of the line. Only our own bytes are removed. */
	error = done < 0 ? errno : ENOSPC;
	if (done > 0 && (fstat (sink->fd, &after) < 0 || after.st_size != before.st_size + done ||
				ftruncate (sink->fd, before.st_size) < 0))
		sink->torn = true;
	errno = error;
	return -1;
}

/* --- the journal ------------------------------------------------------------------------------------------------- */

/* systemd's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): a datagram of fields, "KEY=value\n", or
 * "KEY\n", the length in 64 bits, little-endian, the value, "\n". The line has the second form, which takes any
 * value. */
static int journal_open (struct audit_sink *sink, struct err *err)
{
	/* Room for some lines while the journal is busy (the kernel allows less to users other than root). */
	const int room = 4 * 1024 * 1024;
	struct stat st;

	if (strlen (sink->path) >= sizeof ((struct sockaddr_un *)0)->sun_path)
		return err_set (err, 0, "%.200s is too long for a socket's path", sink->path);
	if (stat (sink->path, &st) < 0)
		return err_sys (err, 0, "no journal at %.200s", sink->path);
	if ((sink->fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return err_sys (err, 0, "cannot make a socket for the journal");
	if (setsockopt (sink->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) < 0)
		setsockopt (sink->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	return 0;
}

/* Put an entry that is too large for a datagram into sealed memory. Only the descriptor of the memory is sent. */
static int journal_memory (const struct iovec *parts, int n, ssize_t size)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	int fd = memfd_create ("remexd-audit", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (writev (fd, parts, n) != size || fcntl (fd, F_ADD_SEALS, seals) < 0))
		fd_close (&fd);
	return fd;
}

static int journal_send (struct audit_sink *sink, struct msghdr *message)
{
	ssize_t done;

	do
		done = sendmsg (sink->fd, message, MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -1 : 0;
}

static int journal_write (struct audit_sink *sink, const void *line, size_t n)
{
	static char head[] = "SYSLOG_IDENTIFIER=remexd\nPRIORITY=6\nMESSAGE\n", tail[] = "\n";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint8_t length[8];
	struct iovec parts[] = { { head, sizeof head - 1 }, { length, sizeof length }, { (void *)(uintptr_t)line, n },
		{ tail, 1 } };
	struct msghdr message = {
		.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = parts, .msg_iovlen = 4
	};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE (sizeof (int))];
	} control = {
		.header = { .cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	int fd, result;

	strcpy (address.sun_path, sink->path);
	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)n >> 8 * i);
	if (journal_send (sink, &message) == 0)
		return 0;
	if (errno != EMSGSIZE && errno != ENOBUFS)
		return -1;
	if ((fd = journal_memory (parts, 4, (ssize_t)(sizeof head - 1 + sizeof length + n + 1))) < 0)
		return -1;
	memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
	message.msg_iov = NULL;
	message.msg_iovlen = 0;
	message.msg_control = &control;
	message.msg_controllen = sizeof control.bytes;
	result = journal_send (sink, &message);
	fd_close (&fd);
	return result;
}

/* --- both -------------------------------------------------------------------------------------------------------- */

int audit_open (struct audit_sink *sink, enum audit_kind kind, const char *path, struct err *err)
{
	int result = 0;

	*sink = (struct audit_sink){ .kind = kind, .fd = -1 };
	if (kind == AUDIT_NONE)
		return 0;
	if (!(sink->path = strdup (path ? path : AUDIT_JOURNAL_SOCKET)))
		result = err_set (err, 0, "out of memory");
	else if (kind == AUDIT_JOURNAL)
		result = journal_open (sink, err);
	else if ((sink->fd = file_open (sink->path, &sink->torn, err)) < 0)
		result = -1;
	if (result < 0)
		audit_close (sink);
	return result;
}

int audit_check (enum audit_kind kind, const char *path, struct err *err)
{
	char directory[PATH_MAX];
	struct audit_sink sink;
	struct err why = { 0 };
	int fd = kind == AUDIT_FILE ? trusted_open (path, TRUSTED_FILE, &why) : -1;

	fd_close (&fd);
	if (kind != AUDIT_FILE || why.sys != ENOENT) {
		if (audit_open (&sink, kind, path, err) < 0)
			return -1;
		audit_close (&sink);
		return 0;
	}
	snprintf (directory, sizeof directory, "%s", path);
	strrchr (directory, '/')[1] = '\0';
	if (access (directory, W_OK | X_OK) < 0)
		return err_sys (err, 0, "audit file %.200s", path);
	return 0;
}

int audit_write (struct audit_sink *sink, const void *line, size_t n)
{
	const uint8_t *bytes = line;

	if (n > AUDIT_LINE_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (sink->fd < 0 && sink->kind != AUDIT_NONE) {
		errno = EBADF;
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		if (bytes[i] < 0x20 || bytes[i] == 0x7F) {
			errno = EINVAL;
			return -1;
		}
	switch (sink->kind) {
	case AUDIT_FILE: return file_write (sink, line, n);
	case AUDIT_JOURNAL: return journal_write (sink, line, n);
	case AUDIT_NONE: break;
	}
	return 0;
}

void audit_close (struct audit_sink *sink)
{
	fd_close (&sink->fd);
	free (sink->path);
	sink->path = NULL;
}
