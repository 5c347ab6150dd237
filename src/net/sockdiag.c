/* sockdiag - see sockdiag.h. */
#include "config.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/sockdiag.h"

struct diag_request {
	struct nlmsghdr header;
	struct unix_diag_req body;
};

/* The kernel looks up the inode, which has 32 bits and may be another socket's. The cookie is unique and never used
 * again, so the kernel refuses the wrong socket. */
static int prepare (int fd, struct diag_request *request)
{
	uint64_t cookie;
	socklen_t size = sizeof cookie;
	struct stat st;

	if (fstat (fd, &st) < 0 || getsockopt (fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0)
		return -1;
	*request = (struct diag_request){
		.header = {
			.nlmsg_len = sizeof *request,
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.body = {
			.sdiag_family = AF_UNIX,
			.udiag_states = UINT32_MAX,
			.udiag_ino = (uint32_t)st.st_ino,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS,
			.udiag_cookie = { (uint32_t)cookie, (uint32_t)(cookie >> 32) },
		},
	};
	return 0;
}

static int read_answer (struct nlmsghdr *header, size_t size, struct sockdiag_file *file)
{
	const struct unix_diag_vfs *vfs = NULL;
	struct rtattr *row;
	int left;

	*file = (struct sockdiag_file){ 0 };
	errno = ENOENT;
	if (size < sizeof *header || header->nlmsg_len > size || header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		header->nlmsg_len < NLMSG_LENGTH (sizeof (struct unix_diag_msg)))
		return -1;
	row = (struct rtattr *)(void *)((char *)NLMSG_DATA (header) + NLMSG_ALIGN (sizeof (struct unix_diag_msg)));
	left = (int)(header->nlmsg_len - NLMSG_SPACE (sizeof (struct unix_diag_msg)));
	for (; RTA_OK (row, left); row = RTA_NEXT (row, left)) {
		if (row->rta_type == UNIX_DIAG_VFS && RTA_PAYLOAD (row) >= sizeof *vfs)
			vfs = RTA_DATA (row);
		else if (row->rta_type == UNIX_DIAG_NAME && RTA_PAYLOAD (row) <= sizeof file->name)
			memcpy (file->name, RTA_DATA (row), RTA_PAYLOAD (row));
	}
	if (!vfs)
		return -1;
	file->device = vfs->udiag_vfs_dev;
	file->inode = vfs->udiag_vfs_ino;
	return 0;
}

int sockdiag_file (int fd, struct sockdiag_file *file)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} answer;
	struct diag_request request;
	int link, result = -1;
	ssize_t got;

	if (prepare (fd, &request) < 0 || (link = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) < 0)
		return -1;
	/* The kernel answers during sendto(2), so there is nothing to wait for. */
	if (sendto (link, &request, sizeof request, 0, (const struct sockaddr *)&kernel, sizeof kernel) ==
			(ssize_t)sizeof request &&
		(got = recv (link, &answer, sizeof answer, MSG_DONTWAIT)) >= 0)
		result = read_answer (&answer.header, (size_t)got, file);
	fd_close (&link);
	return result;
}
