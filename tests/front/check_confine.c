/* check_confine - what the confined front and its carrier can still do, and what they cannot. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/fd.h"
#include "front/confine.h"
#include "gate/access.h"
#include "support/check_main.h"

/* Objects that a test made before it was confined. */
static struct {
	uv_loop_t loop;
	int pair[2], pipes[2], tcp, client, memory;
} had;

static pid_t carrier = 1; /* of the front; it is not there in most cases */

static void prepare (void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t size = sizeof address;

	ck_assert_int_eq (uv_loop_init (&had.loop), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, had.pair), 0);
	ck_assert_int_eq (pipe2 (had.pipes, O_CLOEXEC), 0);
	had.tcp = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	had.client = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq (bind (had.tcp, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq (listen (had.tcp, 5), 0);
	ck_assert_int_eq (getsockname (had.tcp, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_eq (connect (had.client, (struct sockaddr *)&address, size), 0);
	ck_assert_int_ge (had.memory = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING), 0);
	ck_assert_int_eq (write (had.memory, "secret", 6), 6);
}

static void confined (void)
{
	struct err err = { 0 };

	prepare ();
	ck_assert_msg (front_confine (carrier, &err) == 1, "%s", err.text);
}

static void confined_carrier (void)
{
	struct err err = { 0 };

	prepare ();
	ck_assert_msg (carrier_confine (&err) == 1, "%s", err.text);
}

/* --- what is left ------------------------------------------------------------------------------------------------ */

static void count_up (uv_timer_t *timer)
{
	++*(int *)timer->data;
	uv_timer_stop (timer);
}

static void on_poll (uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	++*(int *)poll->data;
	uv_poll_stop (poll);
}

START_TEST (the_loop_runs)
{
	int fired = 0;
	uv_timer_t timer = { .data = &fired };
	uv_poll_t poll = { .data = &fired };

	confined ();
	ck_assert_int_eq (uv_timer_init (&had.loop, &timer), 0);
	ck_assert_int_eq (uv_timer_start (&timer, count_up, 10, 0), 0);
	ck_assert_int_eq (uv_poll_init (&had.loop, &poll, had.pipes[1]), 0);
	ck_assert_int_eq (uv_poll_start (&poll, UV_WRITABLE, on_poll), 0);
	ck_assert_int_eq (uv_run (&had.loop, UV_RUN_DEFAULT), 0);
	ck_assert_int_eq (fired, 2);
	uv_close ((uv_handle_t *)&timer, NULL);
	uv_close ((uv_handle_t *)&poll, NULL);
	uv_run (&had.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq (uv_loop_close (&had.loop), 0);
}
END_TEST

START_TEST (clients_are_accepted)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int fd, one = 1, n = 0;
	unsigned ms = 45000;
	char byte;

	confined ();
	ck_assert_int_ge (fd = accept4 (had.tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), 0);
	ck_assert_int_eq (getpeername (fd, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_eq (getsockname (fd, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_eq (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
	ck_assert_int_eq (setsockopt (fd, IPPROTO_TCP, TCP_KEEPIDLE, &one, sizeof one), 0);
	ck_assert_int_eq (setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms), 0);
	ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one), 0);
	size = sizeof one;
	ck_assert_int_eq (getsockopt (fd, SOL_SOCKET, SO_ERROR, &one, &size), 0);
	ck_assert_int_eq (send (had.client, "x", 1, MSG_NOSIGNAL), 1);
	ck_assert_int_eq (poll (&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 60000), 1);
	ck_assert_int_eq (ioctl (fd, FIONREAD, &n), 0);
	ck_assert_int_eq (n, 1);
	ck_assert_int_eq (recv (fd, &byte, 1, MSG_DONTWAIT), 1);
	ck_assert_int_eq (writev (fd, (struct iovec[]){ { &byte, 1 } }, 1), 1);
	ck_assert_int_eq (fd_nonblock (fd, false), 0);
	ck_assert_int_eq (shutdown (fd, SHUT_WR), 0);
	fd_close (&fd);
}
END_TEST

START_TEST (descriptors_are_passed)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE (sizeof (int))];
	} control = {
		.header = { .cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	char byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	char three[3] = "abc";
	struct iovec bytes = { three, sizeof three };
	int fd;
	char *text;
	size_t n;

	confined ();
	memcpy (CMSG_DATA (&control.header), &had.memory, sizeof had.memory);
	ck_assert_int_eq (sendmsg (had.pair[0], &message, MSG_NOSIGNAL), 1);
	ck_assert_int_eq (recvmsg (had.pair[1], &message, MSG_CMSG_CLOEXEC), 1);
	memcpy (&fd, CMSG_DATA (&control.header), sizeof fd);
	ck_assert_int_eq (lseek (fd, 0, SEEK_SET), 0);
	ck_assert_ptr_nonnull (text = fd_read_all (fd, 100, &n, NULL));
	ck_assert_str_eq (text, "secret");
	free (text);
	ck_assert_int_ge (fcntl (fd, F_DUPFD_CLOEXEC, 100), 100);
	ck_assert_int_eq (write (had.pipes[1], "abc", 3), 3);
	ck_assert_int_eq (splice (had.pipes[0], NULL, had.client, NULL, 3, SPLICE_F_NONBLOCK), 3);
	fd_close (&fd);
	ck_assert_int_eq (pwritev2 (had.pipes[1], &bytes, 1, -1, 0), 3);
	ck_assert_int_eq (preadv2 (had.pipes[0], &bytes, 1, -1, 0), 3);
	ck_assert_int_eq (vmsplice (had.pipes[0], &bytes, 1, SPLICE_F_NONBLOCK), -1);
	ck_assert_int_eq (errno, EAGAIN);
}
END_TEST

START_TEST (files_are_read_and_memory_is_allocated)
{
	char name[64], *block;
	struct utsname system;
	struct timespec now;
	struct rlimit limit;
	time_t then = 0;
	uint8_t random[16];
	FILE *file;
	long pages;

	confined ();
	ck_assert_str_eq (access_name (name, sizeof name, 0), "root");
	ck_assert_ptr_nonnull (file = fopen ("/proc/self/statm", "re"));
	ck_assert_int_eq (fscanf (file, "%ld", &pages), 1);
	fclose (file);
	ck_assert_ptr_nonnull (localtime (&then));
	ck_assert_int_eq (clock_gettime (CLOCK_MONOTONIC, &now), 0);
	ck_assert_int_eq (uname (&system), 0);
	ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq (getrandom (random, sizeof random, 0), sizeof random);
	for (size_t size = 64; size <= 64 << 20; size *= 4) {
		ck_assert_ptr_nonnull (block = malloc (size));
		memset (block, 1, size);
		ck_assert_ptr_nonnull (block = realloc (block, size * 2));
		free (block);
	}
}
END_TEST

static SSL *tls_end (const SSL_METHOD *method, EVP_PKEY *key, X509 *certificate)
{
	SSL_CTX *context = SSL_CTX_new (method);
	SSL *end;

	ck_assert_int_eq (SSL_CTX_use_certificate (context, certificate), 1);
	ck_assert_int_eq (SSL_CTX_use_PrivateKey (context, key), 1);
	ck_assert_ptr_nonnull (end = SSL_new (context));
	SSL_CTX_free (context);
	return end;
}

/* OpenSSL, from its very beginning: keys, a certificate, a handshake, bytes. */
START_TEST (tls_works)
{
	EVP_PKEY *key;
	X509 *certificate = X509_new ();
	SSL *server, *client;
	BIO *one, *other;
	char byte;

	confined ();
	ck_assert_ptr_nonnull (key = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519"));
	X509_set_pubkey (certificate, key);
	X509_gmtime_adj (X509_getm_notBefore (certificate), 0);
	X509_gmtime_adj (X509_getm_notAfter (certificate), 3600);
	ck_assert_int_gt (X509_sign (certificate, key, NULL), 0);
	server = tls_end (TLS_server_method (), key, certificate);
	client = tls_end (TLS_client_method (), key, certificate);
	ck_assert_int_eq (BIO_new_bio_pair (&one, 0, &other, 0), 1);
	SSL_set_bio (server, one, one);
	SSL_set_bio (client, other, other);
	SSL_set_accept_state (server);
	SSL_set_connect_state (client);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake (client);
		SSL_do_handshake (server);
	}
	ck_assert (SSL_is_init_finished (client) && SSL_is_init_finished (server));
	ck_assert_int_eq (SSL_write (client, "x", 1), 1);
	ck_assert_int_eq (SSL_read (server, &byte, 1), 1);
	SSL_free (server);
	SSL_free (client);
	X509_free (certificate);
	EVP_PKEY_free (key);
}
END_TEST

/* The front can still die by abort(3), and a supervisor sees that. */
START_TEST (it_can_abort)
{
	confined ();
	setrlimit (RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	abort ();
}
END_TEST

/* --- what is not ------------------------------------------------------------------------------------------------- */

#define REFUSED(call) \
	do { \
		errno = 0; \
		ck_assert_int_eq ((call), -1); \
		ck_assert_int_eq (errno, EPERM); \
	} while (0)

START_TEST (no_processes)
{
	char word[] = "true", *const argv[] = { word, NULL };

	ck_assert_int_ge (carrier = fork (), 0);
	if (!carrier) {
		prctl (PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause ();
	}
	confined ();
	REFUSED (execv ("/bin/true", argv));
	REFUSED (fexecve (had.memory, argv, argv));
	REFUSED (fork ());
	REFUSED (syscall (SYS_clone3, NULL, 0));
	REFUSED (kill (getppid (), 0));
	REFUSED (kill (getppid (), SIGSTOP));
	REFUSED (kill (1, SIGCONT));
	REFUSED (kill (carrier, SIGTERM));
	ck_assert_int_eq (kill (carrier, SIGCONT), 0);
	ck_assert_int_eq (kill (getppid (), SIGCONT), 0);
	REFUSED (kill (getpid (), 0));
	REFUSED (syscall (SYS_tgkill, getppid (), getppid (), 0));
	REFUSED (syscall (SYS_pidfd_open, getppid (), 0));
	REFUSED (ptrace (PTRACE_ATTACH, getppid (), NULL, NULL));
	REFUSED (setpgid (0, 0));
	REFUSED (setpriority (PRIO_PROCESS, 0, 1));
}
END_TEST

START_TEST (no_sockets)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (9) };
	struct sockaddr *any = (struct sockaddr *)&address;
	char protocol[] = "tls";
	int one = 1, pair[2];

	confined ();
	REFUSED (socket (AF_INET, SOCK_STREAM, 0));
	REFUSED (socket (AF_UNIX, SOCK_DGRAM, 0));
	REFUSED (socketpair (AF_TIPC, SOCK_STREAM, 0, pair));
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0); /* for its carrier */
	REFUSED (connect (had.client, any, sizeof address));
	REFUSED (bind (had.tcp, any, sizeof address));
	REFUSED (listen (had.tcp, 1));
	REFUSED (setsockopt (had.client, IPPROTO_TCP, TCP_ULP, protocol, sizeof protocol));
	REFUSED (setsockopt (had.client, SOL_SOCKET, SO_BINDTODEVICE, protocol, sizeof protocol));
	REFUSED (setsockopt (had.client, IPPROTO_IP, IP_TOS, &one, sizeof one));
	REFUSED (fcntl (had.client, F_SETOWN, getppid ()));
	REFUSED (ioctl (had.client, FIOSETOWN, &one));
}
END_TEST

/* A listener that was shut down works like a new socket, and a send can connect it. */
START_TEST (no_connection_by_sending)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	int target = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte = 'x';
	struct iovec part = { &byte, 1 };
	struct mmsghdr message = {
		.msg_hdr = { .msg_name = &address, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1 }
	};

	address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
	ck_assert_int_eq (bind (target, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq (listen (target, 5), 0);
	ck_assert_int_eq (getsockname (target, (struct sockaddr *)&address, &size), 0);
	confined ();
	ck_assert_int_eq (
		send (had.client, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT), 1); /* without the flag: no change */
	ck_assert_int_eq (shutdown (had.tcp, SHUT_RDWR), 0);
	REFUSED (sendto (had.tcp, &byte, 1, MSG_FASTOPEN, (struct sockaddr *)&address, size));
	REFUSED (sendmsg (had.tcp, &message.msg_hdr, MSG_FASTOPEN | MSG_NOSIGNAL));
	REFUSED (sendmmsg (had.tcp, &message, 1, MSG_FASTOPEN | MSG_NOSIGNAL));
	ck_assert_int_eq (poll (&(struct pollfd){ .fd = target, .events = POLLIN }, 1, 0), 0);
	fd_close (&target);
}
END_TEST

START_TEST (no_files)
{
	confined ();
	REFUSED (open ("/dev/null", O_WRONLY));
	REFUSED (open ("/dev/null", O_RDWR));
	REFUSED (open ("/tmp/remex-none", O_RDONLY | O_CREAT, 0600));
	REFUSED (open ("/tmp", O_TMPFILE | O_RDWR, 0600));
	REFUSED (open ("/dev/null", O_RDONLY | O_TRUNC));
	REFUSED (creat ("/tmp/remex-none", 0600));
	REFUSED (unlink ("/tmp/remex-none"));
	REFUSED (rename ("/tmp/remex-none", "/tmp/remex-other"));
	REFUSED (mkdir ("/tmp/remex-none", 0700));
	REFUSED (symlink ("/", "/tmp/remex-none"));
	REFUSED (chmod ("/tmp/remex-none", 0600));
	REFUSED (fchmod (had.memory, 0700));
	REFUSED (truncate ("/tmp/remex-none", 0));
	REFUSED (chdir ("/"));
	REFUSED (chroot ("/"));
	REFUSED (mount ("none", "/mnt", "tmpfs", 0, NULL));
	REFUSED (memfd_create ("more", 0));
}
END_TEST

START_TEST (no_new_identity_or_limits)
{
	struct rlimit limit = { 0, 0 };

	confined ();
	REFUSED (setuid (0));
	REFUSED (setresuid (0, 0, 0));
	REFUSED (setgid (0));
	REFUSED (setgroups (0, NULL));
	REFUSED (setrlimit (RLIMIT_NOFILE, &limit));
	REFUSED (prctl (PR_SET_DUMPABLE, 1));
	REFUSED (unshare (CLONE_NEWUSER));
	REFUSED (syscall (SYS_bpf, 0, NULL, 0));
	REFUSED (syscall (SYS_io_uring_setup, 1, NULL));
	REFUSED (syscall (SYS_keyctl, 0, 0));
	REFUSED (syscall (SYS_perf_event_open, NULL, 0, 0, 0, 0));
}
END_TEST

START_TEST (no_new_executable_memory)
{
	void *page;

	confined ();
	ck_assert_ptr_eq (mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED);
	ck_assert_int_eq (errno, EPERM);
	page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne (page, MAP_FAILED);
	ck_assert_int_eq (mprotect (page, 4096, PROT_READ), 0);
	REFUSED (mprotect (page, 4096, PROT_READ | PROT_EXEC));
}
END_TEST

/* --- the carrier ------------------------------------------------------------------------------------------------- */

static void *move_bytes (void *arg)
{
	struct iovec bytes = { arg, 3 };

	ck_assert_int_eq (pwritev2 (had.pipes[1], &bytes, 1, -1, 0), 3);
	ck_assert_int_eq (preadv2 (had.pipes[0], &bytes, 1, -1, 0), 3);
	return arg;
}

START_TEST (the_carrier_has_threads)
{
	char three[3] = "abc";
	pthread_t thread;
	void *result;

	confined_carrier ();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq (pthread_create (&thread, NULL, move_bytes, three), 0);
		ck_assert_int_eq (pthread_join (thread, &result), 0);
		ck_assert_ptr_eq (result, three);
	}
}
END_TEST

START_TEST (the_carrier_has_nothing_else)
{
	static const struct linger none = { 0 };
	struct sockaddr_in address = { .sin_family = AF_INET };
	char word[] = "true", *const argv[] = { word, NULL }, byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int one = 1, pair[2], n;

	confined_carrier ();
	REFUSED (execv ("/bin/true", argv));
	REFUSED (fork ());
	REFUSED (vfork ());
	REFUSED (open ("/dev/null", O_RDONLY));
	REFUSED (socket (AF_UNIX, SOCK_STREAM, 0));
	REFUSED (socketpair (AF_UNIX, SOCK_STREAM, 0, pair));
	REFUSED (connect (had.client, (struct sockaddr *)&address, sizeof address));
	REFUSED (accept (had.tcp, NULL, NULL));
	REFUSED (sendmsg (had.pair[0], &message, MSG_NOSIGNAL)); /* a descriptor could be in it */
	REFUSED (sendto (had.tcp, &byte, 1, MSG_FASTOPEN, (struct sockaddr *)&address, sizeof address));
	REFUSED (setsockopt (had.client, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one));
	ck_assert_int_eq (setsockopt (had.client, SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
	ck_assert_int_eq (ioctl (had.pipes[0], FIONREAD, &n), 0);
	REFUSED (ioctl (had.pipes[0], FIONBIO, &one));
	REFUSED (fcntl (had.pipes[0], F_SETFL, O_NONBLOCK));
	REFUSED (fcntl (had.pipes[0], F_DUPFD_CLOEXEC, 3));
	REFUSED (kill (getppid (), SIGCONT));
	REFUSED (syscall (SYS_tgkill, getppid (), getppid (), 0));
	REFUSED (ptrace (PTRACE_ATTACH, getppid (), NULL, NULL));
	REFUSED (setuid (0));
	REFUSED (prctl (PR_SET_DUMPABLE, 1));
	REFUSED (unshare (CLONE_NEWUSER));
	REFUSED (syscall (SYS_clone, CLONE_VM | CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL));
	REFUSED (syscall (SYS_io_uring_setup, 1, NULL));
	ck_assert_ptr_eq (mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED);
	ck_assert_int_eq (errno, EPERM);
}
END_TEST

/* A confined case ends here. Check would then measure its time, and asks timer_create(2) each time which clock exists:
 * the filter refuses, so Check takes CLOCK_REALTIME and subtracts a CLOCK_MONOTONIC from it. On a machine that was
 * booted at such a time the difference is below zero in an int, which Check refuses to report. */
static void leave (void)
{
	_exit (EXIT_SUCCESS);
}

static void add_cases (TCase *tcase)
{
	tcase_add_checked_fixture (tcase, NULL, leave);
	tcase_add_test (tcase, the_loop_runs);
	tcase_add_test (tcase, clients_are_accepted);
	tcase_add_test (tcase, descriptors_are_passed);
	tcase_add_test (tcase, files_are_read_and_memory_is_allocated);
	tcase_add_test (tcase, tls_works);
	tcase_add_test_raise_signal (tcase, it_can_abort, SIGABRT);
	tcase_add_test (tcase, no_processes);
	tcase_add_test (tcase, no_sockets);
	tcase_add_test (tcase, no_connection_by_sending);
	tcase_add_test (tcase, no_files);
	tcase_add_test (tcase, no_new_identity_or_limits);
	tcase_add_test (tcase, no_new_executable_memory);
	tcase_add_test (tcase, the_carrier_has_threads);
	tcase_add_test (tcase, the_carrier_has_nothing_else);
}

/* Is there a filter in this build, and does this system permit one? A child finds out, as it is confined afterwards. */
static int missing (void)
{
	pid_t child = fork ();
	int status = 0;

	if (child == 0) {
		struct err err = { 0 };
		int result = front_confine (getpid (), &err);

		if (result <= 0)
			fprintf (stderr, "check_confine: %s\n", result < 0 ? err.text : "this build confines nothing");
		_exit (result < 0 ? 99 : result == 0 ? 77 : 0);
	}
	return child < 0 || waitpid (child, &status, 0) < 0 || !WIFEXITED (status) ? 99 : WEXITSTATUS (status);
}

static int check (void);

int main (void)
{
	int status = missing ();

	return status ? status : check ();
}

#define main check
static CHECK_MAIN ("confine", add_cases)
