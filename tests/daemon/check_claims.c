/* check_claims - requests with a client's socket are received and checked by processes of their own. broken.test has
 * descriptors that cannot be closed. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/claims.h"
#include "proc/fork.h"
#include "support/check_main.h"
#include "wire/records.h"

static struct claims claims;
static struct listening listening;
static int front; /* the front's end */
static int other = -1; /* the supervisor's end of the front's other link */

static void reap_all (void)
{
	while (claims.n_left) {
		poll (NULL, 0, 1);
		claims_reap (&claims);
	}
}

static void set_up (void)
{
	listening_init (&listening);
	claims_init (&claims);
	ck_assert_int_ge (front = claims_open (&claims), 0);
}

static void tear_down (void)
{
	claims_close (&claims, &other);
	fd_close (&front);
	reap_all ();
	claims_free (&claims);
}

static void ask (uint64_t request, uid_t uid, int shown)
{
	struct outgoing outgoing = { .record = { .type = REC_WORKER, .id = request, .a = (int64_t)uid },
		.fds = &shown,
		.n_fds = shown >= 0 ? 1 : 0 };

	ck_assert_int_eq (link_send (front, &outgoing, MSG_DONTWAIT), 0);
}

/* Turn the supervisor's loop until there is a verdict. */
static struct claims_verdict verdict (void)
{
	struct claims_verdict record;
	struct pollfd fds[CLAIMS_FDS];

	do {
		claims_reap (&claims);
		claims_poll (&claims, fds);
		ck_assert_int_ge (poll (fds, CLAIMS_FDS, clock_until (claims_time (&claims))), 0);
	} while (!claims_receive (&claims, fds, &listening, &record));
	return record;
}

START_TEST (each_has_its_verdict)
{
	int pair[2];

	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	/* A pair is no client; a supervisor that is not root looks at the user only. */
	for (uint64_t i = 1; i < 40; i++)
		ask (i, geteuid (), pair[0]);
	for (uint64_t i = 1; i < 40; i++) {
		struct claims_verdict record = verdict ();

		ck_assert_uint_eq (record.request.id, i);
		ck_assert_int_eq (record.request.a, geteuid ());
		ck_assert_int_eq (record.refusal, geteuid () ? 0 : EPERM);
		ck_assert_ptr_null (claims_check (&claims));
		if (i == 20) /* with none left the children's room is used again */
			reap_all ();
	}
	close (pair[0]);
	close (pair[1]);
}
END_TEST

START_TEST (without_a_socket)
{
	ask (1, geteuid (), -1);
	ck_assert_int_eq (verdict ().refusal, EPERM);
}
END_TEST

/* What is no request is a fault of the front: nothing is forked for it, and nothing is read after it. */
START_TEST (nonsense)
{
	struct outgoing longer = { .record = { .type = REC_WORKER }, .data = "x", .n = 1 };
	struct pollfd fds[CLAIMS_FDS];
	struct claims_verdict record;

	switch (_i) {
	case 0: ck_assert_int_eq (send (front, "x", 1, 0), 1); break;
	case 1: ck_assert_int_eq (send (front, "", 0, 0), 0); break;
	case 2: ck_assert_int_eq (link_post (front, REC_PONG, 9, 0, 0, 0), 0); break;
	default: ck_assert_int_eq (link_send (front, &longer, 0), 0); break;
	}
	ask (7, geteuid (), -1);
	ck_assert_ptr_null (claims_check (&claims));
	claims_poll (&claims, fds);
	ck_assert_int_eq (poll (fds, CLAIMS_FDS, -1), 1);
	ck_assert (!claims_receive (&claims, fds, &listening, &record));
	ck_assert_uint_eq (claims.n_left, 0);
	ck_assert_str_eq (claims_check (&claims), "it sends a record that is no request with a client's socket");
	claims_poll (&claims, fds);
	ck_assert (fds[0].fd < 0 && fds[1].fd < 0);
}
END_TEST

/* The front shuts its end: that is not read again and again. */
START_TEST (shut)
{
	struct pollfd fds[CLAIMS_FDS];
	struct claims_verdict record;

	ck_assert_int_eq (shutdown (front, SHUT_WR), 0);
	claims_poll (&claims, fds);
	ck_assert_int_eq (poll (fds, CLAIMS_FDS, -1), 1);
	ck_assert (!claims_receive (&claims, fds, &listening, &record));
	claims_poll (&claims, fds);
	ck_assert (fds[0].fd < 0 && fds[1].fd < 0);
	ck_assert_int_eq (claims_time (&claims), 0);
	ck_assert_ptr_null (claims_check (&claims));
}
END_TEST

/* A child that dies without a report, such as by the hand of the kernel's memory killer: the request is answered. */
START_TEST (killed)
{
	struct pollfd fds[CLAIMS_FDS];
	struct claims_verdict record;

	ask (3, 1234, -1);
	claims_poll (&claims, fds);
	ck_assert_int_eq (poll (fds, CLAIMS_FDS, -1), 1);
	ck_assert (!claims_receive (&claims, fds, &listening, &record));
	/* The child may have reported before it is killed; its report is replaced by the end of it. */
	kill (claims.left[0], SIGKILL);
	close (claims.checker);
	ck_assert_int_ge (claims.checker = open ("/dev/null", O_RDONLY | O_CLOEXEC), 0);
	claims_poll (&claims, fds);
	fds[1].revents = POLLIN;
	fds[0].revents = 0;
	ck_assert (claims_receive (&claims, fds, &listening, &record));
	ck_assert_uint_eq (record.request.id, 3);
	ck_assert_int_eq (record.request.a, 1234);
	ck_assert_int_eq (record.refusal, EAGAIN);
}
END_TEST

/* No process can be made for a while. The request waits, and the loop does not turn meanwhile. */
START_TEST (without_descriptors)
{
	struct rlimit limit, none = { .rlim_cur = 0 };
	struct pollfd fds[CLAIMS_FDS];
	struct claims_verdict record;

	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	none.rlim_max = limit.rlim_max;
	ask (5, geteuid (), -1);
	claims_poll (&claims, fds);
	ck_assert_int_eq (poll (fds, CLAIMS_FDS, -1), 1);
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &none), 0);
	ck_assert (!claims_receive (&claims, fds, &listening, &record));
	ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
	claims.retry_ms = clock_ms () + 1000000;
	claims_poll (&claims, fds);
	ck_assert (fds[0].fd < 0 && fds[1].fd < 0);
	ck_assert_int_eq (claims_time (&claims), claims.retry_ms);
	claims.retry_ms = clock_ms ();
	ck_assert_int_eq (verdict ().refusal, EPERM);
	ck_assert_int_eq (claims_time (&claims), 0);
}
END_TEST

/* The front is gone: nothing is forked for it, and a new front has a link of its own. */
START_TEST (another_front)
{
	struct pollfd fds[CLAIMS_FDS];
	struct claims_verdict record;
	int link[2];

	ask (1, geteuid (), -1);
	fd_close (&front);
	ck_assert_int_eq (link_pair (link), 0);
	claims_close (&claims, &link[0]);
	ck_assert (claims.link < 0 && link[0] < 0);
	ck_assert_int_eq (recv (link[1], &record, sizeof record, 0), 0); /* the other process has closed it */
	close (link[1]);
	claims_poll (&claims, fds);
	ck_assert (fds[0].fd < 0 && fds[1].fd < 0);
	ck_assert_int_ge (front = claims_open (&claims), 0);
	ask (2, geteuid (), -1);
	record = verdict ();
	ck_assert_uint_eq (record.request.id, 2);
}
END_TEST

static int wait_for_ever (void *arg)
{
	(void)arg;
	return pause ();
}

/* Children that do not end count for the front that caused them, in whatever order the children of all fronts end. */
START_TEST (children_that_hang)
{
	struct pollfd fds[CLAIMS_FDS];
	pid_t pids[2 * CLAIMS_HUNG_MAX];

	claims.left = calloc (2 * CLAIMS_HUNG_MAX, sizeof *claims.left);
	claims.room = 2 * CLAIMS_HUNG_MAX;
	ck_assert_ptr_nonnull (claims.left);
	for (size_t i = 0; i < 2 * CLAIMS_HUNG_MAX; i++)
		claims.left[i] = pids[i] = fork_run ("hangs", NULL, 0, wait_for_ever, NULL);
	claims.n_left = 2 * CLAIMS_HUNG_MAX;
	claims.before = CLAIMS_HUNG_MAX;
	claims_reap (&claims);
	claims_poll (&claims, fds);
	ck_assert_int_lt (fds[0].fd, 0); /* no further child is made */
	ck_assert_ptr_null (claims_check (&claims)); /* they have time to end */
	ck_assert_int_eq (claims_time (&claims), claims.hung_ms + CLAIMS_PATIENCE_MS);
	claims.hung_ms -= CLAIMS_PATIENCE_MS;
	ck_assert_str_eq (claims_check (&claims), "it sends descriptors that cannot be closed");
	for (size_t i = 0; i < 2 * CLAIMS_HUNG_MAX; i++) {
		siginfo_t info;

		kill (pids[i], SIGKILL);
		/* All those of the former front end together, then the others, one after the other. */
		ck_assert_int_eq (waitid (P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT), 0);
		if (i < CLAIMS_HUNG_MAX - 1)
			continue;
		claims_reap (&claims);
		ck_assert_uint_eq (claims.before, 0);
		ck_assert_uint_eq (claims.n_left, 2 * CLAIMS_HUNG_MAX - 1 - i);
		ck_assert ((claims_check (&claims) != NULL) == (i == CLAIMS_HUNG_MAX - 1));
	}
	ck_assert_uint_eq (claims.n_left, 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, each_has_its_verdict);
	tcase_add_test (tcase, without_a_socket);
	tcase_add_loop_test (tcase, nonsense, 0, 4);
	tcase_add_test (tcase, shut);
	tcase_add_test (tcase, killed);
	tcase_add_test (tcase, without_descriptors);
	tcase_add_test (tcase, another_front);
	tcase_add_test (tcase, children_that_hang);
}

CHECK_MAIN ("claims", add_cases)
