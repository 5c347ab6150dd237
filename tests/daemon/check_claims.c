/* check_claims - requests with a client's socket are received and checked by processes of their own. broken.test has
 * descriptors that cannot be closed. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/claims.h"
#include "support/check_main.h"
#include "wire/records.h"

static struct claims claims;
static struct listening listening;
static int front; /* the front's end */

static void set_up (void)
{
	listening_init (&listening);
	claims_init (&claims);
	ck_assert_int_ge (front = claims_open (&claims), 0);
}

static void tear_down (void)
{
	claims_close (&claims);
	fd_close (&front);
	while (claims.n_left)
		ck_assert_ptr_null (claims_check (&claims));
}

static void ask (uint64_t request, uid_t uid, int shown)
{
	struct outgoing outgoing = { .record = { .type = REC_WORKER, .id = request, .a = (int64_t)uid },
		.fds = &shown,
		.n_fds = shown >= 0 ? 1 : 0 };

	ck_assert_int_eq (link_send (front, &outgoing, MSG_DONTWAIT), 0);
}

/* Turn the supervisor's loop until there is a verdict. */
static struct record verdict (void)
{
	struct record record;
	struct pollfd fds[CLAIMS_FDS];

	do {
		claims_poll (&claims, fds);
		ck_assert_int_gt (poll (fds, CLAIMS_FDS, -1), 0);
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
		struct record record = verdict ();

		ck_assert_uint_eq (record.id, i);
		ck_assert_int_eq (record.a, geteuid ());
		ck_assert_int_eq (record.b, geteuid () ? 0 : EPERM);
		ck_assert_ptr_null (claims_check (&claims));
	}
	close (pair[0]);
	close (pair[1]);
}
END_TEST

START_TEST (without_a_socket)
{
	ask (1, geteuid (), -1);
	ck_assert_int_eq (verdict ().b, EPERM);
}
END_TEST

/* What is no request has no verdict, and the next request is served. */
START_TEST (nonsense)
{
	ck_assert_int_eq (send (front, "x", 1, 0), 1);
	ck_assert_int_eq (link_post (front, REC_PONG, 9, 0, 0, 0), 0);
	ck_assert_int_eq (send (front, "", 0, 0), 0);
	ask (7, geteuid () + 1, -1);
	ck_assert_uint_eq (verdict ().id, 7);
}
END_TEST

/* The front is gone: nothing is forked for it, and a new front has a link of its own. */
START_TEST (another_front)
{
	struct pollfd fds[CLAIMS_FDS];
	struct record record;

	ask (1, geteuid (), -1);
	fd_close (&front);
	claims_close (&claims);
	ck_assert_int_lt (claims.link, 0);
	claims_poll (&claims, fds);
	ck_assert (fds[0].fd < 0 && fds[1].fd < 0);
	ck_assert_int_ge (front = claims_open (&claims), 0);
	ask (2, geteuid (), -1);
	record = verdict ();
	ck_assert_uint_eq (record.id, 2);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, set_up, tear_down);
	tcase_add_test (tcase, each_has_its_verdict);
	tcase_add_test (tcase, without_a_socket);
	tcase_add_test (tcase, nonsense);
	tcase_add_test (tcase, another_front);
}

CHECK_MAIN ("claims", add_cases)
