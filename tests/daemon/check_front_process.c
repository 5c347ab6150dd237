/* check_front_process - the front from the supervisor's side, with a fake front at the other end: this program again. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/far_end.h"
#include "daemon/front_process.h"
#include "support/check_main.h"
#include "wire/records.h"

/* --- the fake front: how it behaves is in $FAKE_FRONT -------------------------------------------------------------- */

static int fake_front (int link)
{
	const char *as = getenv ("FAKE_FRONT");
	static struct packet packet;

	if (!strcmp (as, "dies"))
		return 3;
	if (!strcmp (as, "stays"))
		for (;;)
			pause ();
	while (link_recv (link, &packet, 0) > 0) {
		if (packet.record.type == REC_EQUIPPED)
			link_post (link, REC_READY, 0, 0, 0, 0);
		if (packet.record.type == REC_PING)
			link_post (link, REC_PONG, 0, 0, 0, 0);
		packet_close (&packet);
	}
	return 0;
}

/* front_process_start runs /proc/self/exe with --front=FD. (glibc gives these arguments to constructors.) */
__attribute__ ((constructor)) static void become_front (int argc, char **argv)
{
	if (argc == 2 && !strncmp (argv[1], "--front=", 8))
		_exit (fake_front (atoi (argv[1] + 8)));
}

static void start_fake (struct front_process *front, const char *as)
{
	struct err err = { .text = "" };

	front_process_init (front);
	setenv ("FAKE_FRONT", as, 1);
	ck_assert_msg (front_process_start (front, &err) == 0, "%s", err.text);
}

static void wait_for_record (struct front_process *front, struct packet *packet, uint32_t type)
{
	struct pollfd link = { .fd = front->link, .events = POLLIN };

	ck_assert_int_eq (poll (&link, 1, -1), 1);
	ck_assert_int_eq (front_process_receive (front, packet), 1);
	ck_assert_uint_eq (packet->record.type, type);
}

static char file[] = "/etc/conf", table[] = "[]", directory[] = "/nowhere";
static struct generation generation = { .number = 7, .file = file, .table = table };
static struct listening listening;
static const int no_std[2] = { -1, -1 };

static void set_up (void)
{
	ck_assert_int_ge (generation.snapshot = memfd_create ("snapshot", MFD_CLOEXEC), 0);
	generation.identities.directory = directory;
	listening_init (&listening);
}

/* --- what a front is given ----------------------------------------------------------------------------------------- */

static ino_t inode_of (int fd)
{
	struct stat status;

	ck_assert_int_eq (fstat (fd, &status), 0);
	return status.st_ino;
}

START_TEST (test_equip)
{
	struct front_process front;
	int far = far_end_of_front (&front), ends[2][2];
	struct packet *packet;

	ck_assert_int_eq (pipe (ends[0]), 0);
	ck_assert_int_eq (pipe (ends[1]), 0);
	ck_assert_int_ge (listening.host_key = memfd_create ("key", MFD_CLOEXEC), 0);
	listening.n_listeners = 2;
	listening.listeners[0].kind = LISTEN_UNIX;
	listening.listeners[0].fd = ends[0][0];
	listening.listeners[1].kind = LISTEN_TCP;
	listening.listeners[1].fd = ends[1][0];
	ck_assert_int_eq (front_process_equip (&front, &generation, &listening, ends[1]), 0);

	packet = far_end_expect (far, REC_CONFIG);
	ck_assert_int_eq (packet->record.a, 7);
	ck_assert_int_eq (packet->record.b, geteuid ());
	ck_assert_uint_eq (packet->record.length, strlen ("/etc/conf"));
	ck_assert_mem_eq (packet->data, "/etc/conf", packet->record.length);
	ck_assert_uint_eq (inode_of (packet->fds[0]), inode_of (generation.snapshot));
	ck_assert_uint_eq (far_end_expect (far, REC_GRANTS)->n_fds, 2);
	packet = far_end_expect (far, REC_TABLE);
	ck_assert_int_eq (packet->record.a, 2);
	ck_assert_mem_eq (packet->data, "[]", 2);
	ck_assert_uint_eq (far_end_expect (far, REC_CLAIMS)->n_fds, 1);
	ck_assert_int_ge (front.claims.link, 0);
	packet = far_end_expect (far, REC_HOST_KEY);
	ck_assert_uint_eq (inode_of (packet->fds[0]), inode_of (listening.host_key));
	for (int i = 0; i < 2; i++) {
		packet = far_end_expect (far, REC_LISTENER);
		ck_assert_int_eq (packet->record.a, i ? LISTEN_TCP : LISTEN_UNIX);
		ck_assert_uint_eq (inode_of (packet->fds[0]), inode_of (ends[i][0]));
	}
	packet = far_end_expect (far, REC_CONNECTION);
	ck_assert_int_eq (packet->record.a, getuid ());
	ck_assert_uint_eq (packet->n_fds, 2);
	far_end_expect (far, REC_EQUIPPED);
	far_end_expect_nothing (far);
}
END_TEST

/* A table that is larger than a record comes in pieces, and each piece has the size of the whole. */
START_TEST (test_large_table)
{
	enum { WHOLE = 300000 };
	struct generation large = generation;
	char *long_table = calloc (1, WHOLE + 1), got[WHOLE];
	struct front_process front;
	int far = far_end_of_front (&front);
	size_t n = 0;

	ck_assert_ptr_nonnull (long_table);
	for (size_t i = 0; i < WHOLE; i++)
		long_table[i] = (char)('a' + i % 23);
	large.table = long_table;
	ck_assert_int_eq (front_process_send_generation (&front, &large), 0);
	far_end_expect (far, REC_CONFIG);
	far_end_expect (far, REC_GRANTS);
	while (n < WHOLE) {
		const struct packet *packet = far_end_expect (far, REC_TABLE);

		ck_assert_int_eq (packet->record.a, WHOLE);
		ck_assert_uint_le (n + packet->record.length, WHOLE);
		memcpy (got + n, packet->data, packet->record.length);
		n += packet->record.length;
	}
	ck_assert_mem_eq (got, long_table, WHOLE);
	far_end_expect_nothing (far);
	free (long_table);
}
END_TEST

START_TEST (test_life)
{
	static struct packet packet;
	struct front_process front;
	int status = -1;

	start_fake (&front, "well");
	ck_assert_int_eq (front.started, 1);
	ck_assert_int_eq (front_process_equip (&front, &generation, &listening, no_std), 0);
	wait_for_record (&front, &packet, REC_READY);
	front.ping_ms = clock_ms ();
	ck_assert_ptr_null (front_process_check (&front));
	ck_assert_int_eq (front.unanswered, 1);
	ck_assert_int_gt (front_process_time (&front), clock_ms ());
	wait_for_record (&front, &packet, REC_PONG);
	ck_assert_int_eq (front.unanswered, 0);
	front_process_close (&front);
	ck_assert (front_process_reap (&front, -1, &status));
	ck_assert_int_eq (status, 0);
	ck_assert_int_eq (front.child.pid, -1);
	ck_assert (front_process_reap (&front, 0, &status)); /* there is none */
	front_process_free (&front);
}
END_TEST

/* --- fronts that are not well -------------------------------------------------------------------------------------- */

START_TEST (test_no_answer)
{
	static struct packet packet;
	struct front_process front;
	int far = far_end_of_front (&front);

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < FRONT_PINGS_LOST; i++) {
			front.ping_ms = clock_ms ();
			ck_assert_ptr_null (front_process_check (&front));
			ck_assert_ptr_null (front_process_check (&front)); /* it is not time yet */
			far_end_expect (far, REC_PING);
		}
		if (round)
			break;
		/* A record of any type answers all questions. */
		ck_assert_int_eq (link_post (far, REC_PONG, 0, 0, 0, 0), 0);
		ck_assert_int_eq (front_process_receive (&front, &packet), 1);
	}
	front.ping_ms = clock_ms ();
	ck_assert_str_eq (front_process_check (&front), "it does not answer");
	far_end_expect_nothing (far);
}
END_TEST

/* Fill the link of a front that does not read. Returns how many records it holds. */
static int fill (struct front_process *front)
{
	int n = 0;

	ck_assert_int_eq (setsockopt (front->link, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_usec = 1000 },
				  sizeof (struct timeval)),
		0);
	while (front_process_post (front, REC_AUDITED, 1, 0, 0) == 0)
		n++;
	ck_assert_int_eq (errno, EAGAIN);
	return n;
}

START_TEST (test_deaf)
{
	struct front_process front;
	int far = far_end_of_front (&front);

	ck_assert_int_gt (fill (&front), 0);
	ck_assert (front.deaf);
	ck_assert_str_eq (front_process_check (&front), "it does not read its records");
	far_end_expect (far, REC_AUDITED);
	/* There is room again, but the missed record stays missed. */
	ck_assert_int_eq (front_process_post (&front, REC_DRAIN, 0, 0, 0), 0);
	ck_assert_str_eq (front_process_check (&front), "it does not read its records");
	ck_assert_int_eq (front_process_send_generation (&front, &generation), 0);
	while (front.link >= 0) {
		struct pollfd more = { .fd = far, .events = POLLIN };

		if (poll (&more, 1, 0) == 0)
			break;
		far_end_expect (far, REC_AUDITED);
	}
}
END_TEST

/* The last records of a front are read, also where it missed a record. */
START_TEST (test_deaf_and_ended)
{
	static struct packet packet;
	struct front_process front;
	int far = far_end_of_front (&front);

	ck_assert_int_eq (link_post (far, REC_AUDIT, 0, 0, 0, 0), 0);
	ck_assert_int_eq (close (far), 0);
	ck_assert_int_eq (front_process_post (&front, REC_DRAIN, 0, 0, 0), -1);
	ck_assert (front.deaf);
	ck_assert_ptr_null (front_process_check (&front));
	ck_assert_int_eq (front_process_receive (&front, &packet), 1);
	ck_assert_uint_eq (packet.record.type, REC_AUDIT);
	ck_assert_ptr_null (front_process_check (&front));
	ck_assert_int_eq (front_process_receive (&front, &packet), 0);
}
END_TEST

START_TEST (test_dies_at_once)
{
	static struct packet packet;
	struct front_process front;
	struct pollfd end;
	int status = -1, got;

	start_fake (&front, "dies");
	end = (struct pollfd){ .fd = front.child.pidfd, .events = POLLIN };
	ck_assert_int_eq (poll (&end, 1, -1), 1);
	ck_assert_int_eq (front_process_equip (&front, &generation, &listening, no_std), -1);
	/* Its unread records reset the link, which then ends. */
	while ((got = front_process_receive (&front, &packet)) < 0)
		ck_assert_int_eq (errno, ECONNRESET);
	ck_assert_int_eq (got, 0);
	front_process_close (&front);
	ck_assert (front_process_reap (&front, -1, &status));
	ck_assert (WIFEXITED (status) && WEXITSTATUS (status) == 3);
	front_process_free (&front);
}
END_TEST

/* The front does not exit at the end of its link: it is killed. */
START_TEST (test_stays)
{
	struct front_process front;
	int status = -1;

	start_fake (&front, "stays");
	front_process_close (&front);
	ck_assert (!front_process_reap (&front, 0, &status));
	ck_assert_int_gt (front.child.pid, 0);
	front_process_kill (&front);
	ck_assert (front_process_reap (&front, -1, &status));
	ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
	front_process_kill (&front); /* no process */
	front_process_free (&front);
}
END_TEST

/* A front that does not die is left behind, and another may be started. The old front is reaped when it has died, and
 * no other child is. */
START_TEST (test_left_behind)
{
	struct front_process front;
	pid_t pid;
	int status = -1;

	start_fake (&front, "stays");
	pid = front.child.pid;
	front_process_close (&front);
	front_process_abandon (&front);
	ck_assert_int_eq (front.child.pid, -1);
	ck_assert_int_eq (front.child.pidfd, -1);
	front_process_reap_left (&front);
	ck_assert_int_eq (kill (pid, 0), 0);
	ck_assert_int_eq (kill (pid, SIGKILL), 0);
	while (front.left[0] || front.claims.n_left) {
		front_process_reap_left (&front);
		poll (NULL, 0, 1);
	}
	ck_assert_int_eq (waitpid (pid, &status, WNOHANG), -1);
	ck_assert_int_eq (errno, ECHILD);
	front_process_free (&front);
}
END_TEST

/* --- the pause before the next one ------------------------------------------------------------------------------- */

START_TEST (test_pause)
{
	int64_t wanted = FRONT_WAIT_MIN_MS;
	struct front_process front;
	int far;

	front_process_init (&front);
	ck_assert_int_eq (front_process_time (&front), 0);
	for (int i = 0; i < 10; i++) {
		front.since_ms = clock_ms ();
		front_process_close (&front);
		ck_assert_int_eq (front.wait_ms, wanted);
		ck_assert_int_gt (front_process_time (&front), front.since_ms);
		ck_assert_int_le (front_process_time (&front), clock_ms () + wanted);
		wanted = wanted * 2 < FRONT_WAIT_MAX_MS ? wanted * 2 : FRONT_WAIT_MAX_MS;
	}
	ck_assert_int_eq (front.wait_ms, FRONT_WAIT_MAX_MS);
	/* A front that lived for a while is no sign that the next one will die. */
	front.since_ms = clock_ms () - FRONT_YOUNG_MS;
	front_process_close (&front);
	ck_assert_int_eq (front.wait_ms, 0);
	ck_assert_int_le (front_process_time (&front), clock_ms ());
	/* Without a front no record is sent. */
	ck_assert_int_eq (front_process_post (&front, REC_DRAIN, 0, 0, 0), 0);
	ck_assert_ptr_null (front_process_check (&front));
	far = far_end_of_front (&front);
	far_end_expect_nothing (far);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, NULL);
	tcase_add_test (tcase, test_equip);
	tcase_add_test (tcase, test_large_table);
	tcase_add_test (tcase, test_life);
	tcase_add_test (tcase, test_no_answer);
	tcase_add_test (tcase, test_deaf);
	tcase_add_test (tcase, test_deaf_and_ended);
	tcase_add_test (tcase, test_dies_at_once);
	tcase_add_test (tcase, test_stays);
	tcase_add_test (tcase, test_left_behind);
	tcase_add_test (tcase, test_pause);
}

CHECK_MAIN ("front_process", add_cases)
