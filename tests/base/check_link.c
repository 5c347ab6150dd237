/* Records between processes: whole or refused, their descriptors are received once and close-on-exec, and the end of a
 * link differs from an error. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "support/check_main.h"

static int ends[2];
static struct packet packet;
static int lowest; /* free descriptor: no other may be left open */

static int lowest_free (void)
{
	int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

	close (fd);
	return fd;
}

static void setup (void)
{
	ck_assert_int_eq (link_pair (ends), 0);
	lowest = lowest_free ();
}

static void teardown (void)
{
	ck_assert_int_eq (lowest_free (), lowest);
	fd_close (&ends[0]);
	fd_close (&ends[1]);
}

START_TEST (close_on_exec_and_blocking)
{
	for (int i = 0; i < 2; i++) {
		ck_assert_int_ne (fcntl (ends[i], F_GETFD) & FD_CLOEXEC, 0);
		ck_assert_int_eq (fcntl (ends[i], F_GETFL) & O_NONBLOCK, 0);
	}
}
END_TEST

START_TEST (a_record_alone)
{
	ck_assert_int_eq (link_post (ends[0], 7, UINT64_MAX, INT64_MIN, -1, 0), 0);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, 7);
	ck_assert_uint_eq (packet.record.length, 0);
	ck_assert_uint_eq (packet.record.id, UINT64_MAX);
	ck_assert_int_eq (packet.record.a, INT64_MIN);
	ck_assert_int_eq (packet.record.b, -1);
	ck_assert_uint_eq (packet.n_fds, 0);
}
END_TEST

START_TEST (payload_in_two_pieces)
{
	struct record record = { .type = 1, .length = 12345 };

	ck_assert_int_eq (link_send (ends[0],
				  &(struct outgoing){
					  .record = record, .data = "stdout", .n = 6, .more = "bytes\0", .more_n = 6 },
				  0),
		0);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert_uint_eq (packet.record.length, 12);
	ck_assert_mem_eq (packet.data, "stdoutbytes\0", 12);
}
END_TEST

START_TEST (the_largest)
{
	uint8_t *bytes = malloc (LINK_PAYLOAD);
	struct record record = { .type = 1 };

	for (size_t i = 0; i < LINK_PAYLOAD; i++)
		bytes[i] = (uint8_t)(i + i / 256);
	ck_assert_int_eq (
		link_send (ends[0], &(struct outgoing){ .record = record, .data = bytes, .n = LINK_PAYLOAD }, 0), 0);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert_uint_eq (packet.record.length, LINK_PAYLOAD);
	ck_assert_mem_eq (packet.data, bytes, LINK_PAYLOAD);
	free (bytes);
}
END_TEST

/* The number of descriptors with a record: 1 or 2. */
START_TEST (descriptors)
{
	struct record record = { .type = 3 };
	int fds[2][2] = { { -1, -1 }, { -1, -1 } }, give[2] = { -1, -1 };
	char byte;

	for (int i = 0; i < _i; i++) {
		ck_assert_int_eq (pipe2 (fds[i], O_CLOEXEC), 0);
		give[i] = fds[i][1];
	}
	ck_assert_int_eq (
		link_send (ends[0],
			&(struct outgoing){ .record = record, .data = "x", .n = 1, .fds = give, .n_fds = (size_t)_i },
			0),
		0);
	for (int i = 0; i < _i; i++)
		close (give[i]);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert_uint_eq (packet.n_fds, (size_t)_i);
	for (int i = 0; i < _i; i++) {
		ck_assert_int_ne (fcntl (packet.fds[i], F_GETFD) & FD_CLOEXEC, 0);
		ck_assert_int_eq (write (packet.fds[i], "y", 1), 1);
		ck_assert_int_eq (read (fds[i][0], &byte, 1), 1);
		close (fds[i][0]);
	}
	packet_close (&packet);
	ck_assert_uint_eq (packet.n_fds, 0);
	packet_close (&packet);
}
END_TEST

START_TEST (a_descriptor_that_is_taken_stays)
{
	struct record record = { .type = 3 };
	int give = 2, taken;

	ck_assert_int_eq (link_send (ends[0], &(struct outgoing){ .record = record, .fds = &give, .n_fds = 1 }, 0), 0);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	taken = packet.fds[0];
	packet.fds[0] = -1;
	packet_close (&packet);
	ck_assert_int_ge (fcntl (taken, F_GETFD), 0);
	close (taken);
}
END_TEST

/* Packets that no link_send makes: the length differs from the size, or the size is out of bounds. */
static const struct odd {
	size_t size;
	uint32_t length;
} odd[] = {
	{ 1, 0 },
	{ sizeof (struct record) - 1, 0 },
	{ sizeof (struct record), 1 },
	{ sizeof (struct record), UINT32_MAX },
	{ sizeof (struct record) + 1, 0 },
	{ sizeof (struct record) + 100, 99 },
	{ LINK_RECORD + 1, LINK_PAYLOAD + 1 },
	{ LINK_RECORD + 1, LINK_PAYLOAD },
};

/* Send bytes as they are, with descriptors. */
static void send_raw (const void *bytes, size_t n, const int *fds, size_t n_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE (2 * LINK_FDS * sizeof (int))] = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, n };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n_fds) {
		struct cmsghdr *head;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
		head = (struct cmsghdr *)(void *)control;
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
		memcpy (CMSG_DATA (head), fds, n_fds * sizeof (int));
	}
	ck_assert_int_eq (sendmsg (ends[0], &msg, MSG_NOSIGNAL), (ssize_t)n);
}

START_TEST (malformed_records)
{
	char *bytes = calloc (1, 2 * LINK_RECORD);
	struct record record = { .type = 1, .length = odd[_i].length };
	int fds[2] = { 0, 2 };

	memcpy (bytes, &record, odd[_i].size < sizeof record ? odd[_i].size : sizeof record);
	send_raw (bytes, odd[_i].size, fds, 2);
	errno = 0;
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), -1);
	ck_assert_int_eq (errno, EBADMSG);
	ck_assert_uint_eq (packet.n_fds, 2);
	packet_close (&packet);
	free (bytes);
}
END_TEST

/* More descriptors than a record may have: the receiver gets all of them, to close them, and is told so. */
START_TEST (too_many_descriptors)
{
	struct record record = { .type = 1 };
	int fds[2 * LINK_FDS] = { 0 };

	send_raw (&record, sizeof record, fds, (size_t)_i);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert (packet.lost);
	ck_assert_uint_eq (packet.n_fds, (size_t)_i);
	packet_close (&packet);
}
END_TEST

/* The process has room for `_i` descriptors, of two that come. */
START_TEST (no_room_for_descriptors)
{
	struct record record = { .type = 1 };
	struct rlimit limit, was;
	int fds[2] = { 0, 2 };

	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &was), 0);
	limit = (struct rlimit){ (rlim_t)(lowest + _i), was.rlim_max };
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq (
		link_send (ends[0], &(struct outgoing){ .record = record, .data = "x", .n = 1, .fds = fds, .n_fds = 2 },
			0),
		0);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert (packet.lost);
	ck_assert_uint_eq (packet.n_fds, (size_t)_i);
	packet_close (&packet);
	ck_assert_uint_eq (packet.record.length, 1);
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &was), 0);
	ck_assert_int_eq (
		link_send (ends[0], &(struct outgoing){ .record = record, .data = "x", .n = 1, .fds = fds, .n_fds = 2 },
			0),
		0);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert (!packet.lost);
	ck_assert_uint_eq (packet.n_fds, 2);
	packet_close (&packet);
}
END_TEST

/* A packet with descriptors and no bytes: the receiver takes it for the end, and closes the descriptors. */
START_TEST (an_empty_packet)
{
	int fds[2] = { 0, 2 };

	send_raw ("", 0, fds, (size_t)_i);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 0);
	ck_assert_uint_eq (packet.n_fds, (size_t)_i);
	packet_close (&packet);
}
END_TEST

START_TEST (the_end)
{
	ck_assert_int_eq (link_post (ends[0], 1, 1, 0, 0, 0), 0);
	fd_close (&ends[0]);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 0);
	ck_assert_int_eq (link_recv (ends[1], &packet, MSG_DONTWAIT), 0);
	ck_assert_int_eq (link_post (ends[1], 1, 1, 0, 0, 0), -1);
	ck_assert (errno == EPIPE || errno == ECONNRESET);
	lowest = lowest_free ();
}
END_TEST

/* The peer closes with unread bytes (a reset): its earlier records still come, then the end. */
START_TEST (a_reset_loses_nothing)
{
	ck_assert_int_eq (link_post (ends[1], 5, 5, 0, 0, 0), 0);
	ck_assert_int_eq (link_post (ends[0], 1, 1, 0, 0, 0), 0);
	ck_assert_int_eq (link_post (ends[0], 2, 2, 0, 0, 0), 0);
	fd_close (&ends[0]);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, 1);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 1);
	ck_assert_uint_eq (packet.record.type, 2);
	ck_assert_int_eq (link_recv (ends[1], &packet, 0), 0);
	lowest = lowest_free ();
}
END_TEST

/* A full link says so, takes no part of a record, and goes on when it is read. */
START_TEST (full)
{
	static uint8_t bytes[LINK_PAYLOAD];
	struct record record = { .type = 9 };
	int sent = 0;

	ck_assert_int_eq (link_recv (ends[1], &packet, MSG_DONTWAIT), -1);
	ck_assert_int_eq (errno, EAGAIN);
	while (link_send (ends[0], &(struct outgoing){ .record = record, .data = bytes, .n = sizeof bytes },
		       MSG_DONTWAIT) == 0)
		sent++;
	ck_assert_int_eq (errno, EAGAIN);
	ck_assert_int_ge (sent, 1);
	for (int i = 0; i < sent; i++) {
		ck_assert_int_eq (link_recv (ends[1], &packet, MSG_DONTWAIT), 1);
		ck_assert_uint_eq (packet.record.length, LINK_PAYLOAD);
	}
	ck_assert_int_eq (link_recv (ends[1], &packet, MSG_DONTWAIT), -1);
	ck_assert_int_eq (link_send (ends[0], &(struct outgoing){ .record = record, .data = bytes, .n = sizeof bytes },
				  MSG_DONTWAIT),
		0);
}
END_TEST

static void cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, setup, teardown);
	tcase_add_test (tcase, close_on_exec_and_blocking);
	tcase_add_test (tcase, a_record_alone);
	tcase_add_test (tcase, payload_in_two_pieces);
	tcase_add_test (tcase, the_largest);
	tcase_add_loop_test (tcase, descriptors, 1, 3);
	tcase_add_test (tcase, a_descriptor_that_is_taken_stays);
	tcase_add_loop_test (tcase, malformed_records, 0, (int)(sizeof odd / sizeof *odd));
	tcase_add_loop_test (tcase, too_many_descriptors, LINK_FDS + 1, 2 * LINK_FDS + 1);
	tcase_add_loop_test (tcase, no_room_for_descriptors, 0, 2);
	tcase_add_loop_test (tcase, an_empty_packet, 1, 3);
	tcase_add_test (tcase, the_end);
	tcase_add_test (tcase, a_reset_loses_nothing);
	tcase_add_test (tcase, full);
}

CHECK_MAIN ("base/link", cases)
