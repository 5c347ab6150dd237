/* check_stream - a Unix socket that takes no descriptors, on a kernel with SO_PASSRIGHTS and on one without. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/passrights.h"
#include "net/stream.h"
#include "support/check_main.h"
#include "support/skip.h"

static int client;
static struct stream stream;
static char bytes[100];

/* False: this kernel has no SO_PASSRIGHTS. */
static bool start (bool refuse)
{
	int fds[2];
	bool refused;

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	refused = refuse && passrights_refuse (fds[0]);
	client = fds[1];
	stream_unix (&stream, fds[0]);
	return refused == refuse;
}

static void end (void)
{
	stream_close (&stream);
	close (client);
}

/* Send n bytes, with a descriptor. 0, or the errno. */
static int send_with_fd (size_t n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE (sizeof (int))];
	} control;
	struct iovec part = { bytes, n };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct cmsghdr *head;

	memset (&control, 0, sizeof control);
	head = CMSG_FIRSTHDR (&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN (sizeof (int));
	memcpy (CMSG_DATA (head), &client, sizeof (int));
	return sendmsg (client, &message, 0) == (ssize_t)n ? 0 : errno;
}

static void expect_error (int error)
{
	ck_assert_int_eq (stream_read (&stream, bytes, sizeof bytes), -1);
	ck_assert_int_eq (errno, error);
}

static void check_bytes (void)
{
	expect_error (EAGAIN);
	ck_assert_int_eq (write (client, "hello", 5), 5);
	ck_assert_int_eq (stream_read (&stream, bytes, 3), 3);
	ck_assert_int_eq (stream_read (&stream, bytes, sizeof bytes), 2);
	expect_error (EAGAIN);
	ck_assert_int_eq (stream_write (&stream, "x", 1), 1);
	ck_assert_int_eq (read (client, bytes, sizeof bytes), 1);
}

static void check_end (void)
{
	ck_assert_int_eq (write (client, "last", 4), 4);
	ck_assert_int_eq (shutdown (client, SHUT_WR), 0);
	ck_assert_int_eq (stream_read (&stream, bytes, sizeof bytes), 4);
	ck_assert_int_eq (stream_read (&stream, bytes, sizeof bytes), 0);
	ck_assert_int_eq (stream_read (&stream, bytes, sizeof bytes), 0);
}

START_TEST (the_kernel_refuses)
{
	if (!start (true)) {
		end ();
		SKIP ("the kernel has no SO_PASSRIGHTS");
	}
	ck_assert (passrights_refused (stream.in));
	check_bytes ();
	ck_assert_int_eq (send_with_fd (1), EPERM);
	expect_error (EAGAIN);
	check_end ();
	end ();
}
END_TEST

START_TEST (an_older_kernel)
{
	start (false);
	ck_assert (!passrights_refused (stream.in));
	check_bytes ();
	ck_assert_int_eq (send_with_fd (2), 0);
	expect_error (EPROTO);
	/* Nothing was read, and nothing is. */
	expect_error (EPROTO);
	end ();
}
END_TEST

/* Bytes that wait before or behind a descriptor are not read either: they cannot be told apart. */
START_TEST (among_other_bytes)
{
	start (false);
	ck_assert_int_eq (write (client, "before", 6), 6);
	ck_assert_int_eq (send_with_fd (2), 0);
	ck_assert_int_eq (write (client, "behind", 6), 6);
	expect_error (EPROTO);
	end ();
}
END_TEST

START_TEST (an_older_kernel_ends)
{
	start (false);
	check_end ();
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, the_kernel_refuses);
	tcase_add_test (tcase, an_older_kernel);
	tcase_add_test (tcase, among_other_bytes);
	tcase_add_test (tcase, an_older_kernel_ends);
}

CHECK_MAIN ("stream", add_cases)
