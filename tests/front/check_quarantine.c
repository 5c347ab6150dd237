/* check_quarantine - which descriptors the front may close, and whose calls are refused. */
#include "config.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "front/quarantine.h"
#include "support/check_main.h"

/* Is that descriptor taken out of a packet? */
static bool taken (int fd)
{
	struct packet *packet = calloc (1, sizeof *packet);
	bool any, gone;

	ck_assert_ptr_nonnull (packet);
	packet->fds[0] = -1;
	packet->fds[1] = fd;
	packet->n_fds = 2;
	any = quarantine_take (packet);
	gone = packet->fds[1] < 0;
	free (packet);
	ck_assert (any == gone);
	return any;
}

START_TEST (pipes_and_sockets_may_be_closed)
{
	int pipes[2], pairs[2],
		file = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC),
		fds[] = { file, open ("/", O_PATH | O_CLOEXEC), open ("/dev/null", O_RDWR | O_CLOEXEC) };

	ck_assert_int_eq (pipe2 (pipes, O_CLOEXEC), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pairs), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert (!taken (pipes[i]));
		ck_assert (!taken (pairs[i]));
		close (pipes[i]);
		close (pairs[i]);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_ge (fds[i], 0);
		ck_assert (taken (fds[i]));
		close (fds[i]);
	}
}
END_TEST

START_TEST (users_are_kept_apart)
{
	struct quarantine quarantine = { 0 };

	ck_assert (!quarantine_has (&quarantine, 1));
	for (uid_t uid = 1; uid < 20; uid += 2)
		for (int again = 0; again < 2; again++)
			ck_assert_int_eq (quarantine_add (&quarantine, uid), 0);
	ck_assert_uint_eq (quarantine.n, 10);
	for (uid_t uid = 0; uid < 30; uid++)
		ck_assert (quarantine_has (&quarantine, uid) == (uid % 2 && uid < 20));
	quarantine_free (&quarantine);
	ck_assert (!quarantine_has (&quarantine, 1));
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, pipes_and_sockets_may_be_closed);
	tcase_add_test (tcase, users_are_kept_apart);
}

CHECK_MAIN ("quarantine", add_cases)
