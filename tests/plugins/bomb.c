/* bomb - a plugin that does everything a plugin must not, one verb each; and some that do nothing wrong: `echo`, `args`,
 * `roots`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <remex/plugin.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static int kill_self (struct remex_call *call, int signo)
{
	(void)call;
	signal (signo, SIG_DFL); /* a sanitizer would turn it into an exit */
	raise (signo);
	return 0;
}

static int bomb_segv (void *state, struct remex_call *call)
{
	(void)state;
	signal (SIGSEGV, SIG_DFL);
	*(volatile int *)mmap (NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
	return remex_printf (call, "not reached\n");
}

static int bomb_bus (void *state, struct remex_call *call)
{
	(void)state;
	return kill_self (call, SIGBUS);
}

static int bomb_abort (void *state, struct remex_call *call)
{
	(void)state;
	return kill_self (call, SIGABRT);
}

static int deeper (volatile char *above)
{
	volatile char frame[4096];

	frame[0] = above[0];
	return deeper (frame) + frame[0];
}

static int bomb_stack (void *state, struct remex_call *call)
{
	char start[1] = { 0 };

	(void)state;
	(void)call;
	signal (SIGSEGV, SIG_DFL);
	return deeper (start);
}

static int bomb_exit (void *state, struct remex_call *call)
{
	(void)state;
	_exit ((int)remex_arg_integer (call, "status", 0));
	return 0;
}

/* Reports that it has begun, then never checks for a cancel. */
static int bomb_loop (void *state, struct remex_call *call)
{
	(void)state;
	remex_printf (call, "looping\n");
	for (;;)
		pause ();
	return 0;
}

static int bomb_write_for_ever (void *state, struct remex_call *call)
{
	(void)state;
	while (remex_printf (call, "%01000d", 0) == 0)
		;
	return errno == ECANCELED ? 0 : -1;
}

/* Waits for its end as a good plugin does. */
static int bomb_wait (void *state, struct remex_call *call)
{
	struct pollfd end = { .fd = remex_cancel_fd (call), .events = POLLIN };

	(void)state;
	remex_printf (call, "waiting\n");
	poll (&end, 1, -1);
	return remex_cancelled (call) ? 0 : remex_fail (call, REMEX_ERR_FAILED, "woken without a reason");
}

/* Send a descriptor along with bytes. 0, or -1 with errno. */
static int send_descriptor (int to, void *bytes, size_t n)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE (sizeof (int))] = { 0 };
	struct iovec part = { bytes, n };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	struct cmsghdr *head = CMSG_FIRSTHDR (&message);
	int pipes[2], result;

	if (pipe2 (pipes, O_CLOEXEC) < 0)
		return -1;
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN (sizeof (int));
	memcpy (CMSG_DATA (head), &pipes[0], sizeof (int));
	result = sendmsg (to, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
	close (pipes[0]);
	close (pipes[1]);
	return result;
}

/* Sends the front records with descriptors that it has not asked for, on the only link of its process. */
static int bomb_strays (void *state, struct remex_call *call)
{
	char record[32] = { 99 }; /* of an unknown type, without payload */
	int link = 2, type = 0;
	socklen_t size = sizeof type;

	(void)state;
	while (type != SOCK_SEQPACKET && ++link < 1000)
		getsockopt (link, SOL_SOCKET, SO_TYPE, &type, &size);
	do
		errno = 0;
	while (send_descriptor (link, record, sizeof record) == 0 || (errno != EMFILE && errno != ENFILE));
	return remex_fail (call, REMEX_ERR_FAILED, "nobody minds");
}

/* Hands over pipes, keeps copies, and makes them blocking again and again. */
static int bomb_hold (void *state, struct remex_call *call)
{
	int in[2], out[2], reader, writer;

	(void)state;
	if (pipe2 (in, O_CLOEXEC) < 0 || pipe2 (out, O_CLOEXEC) < 0)
		return -1;
	reader = fcntl (out[0], F_DUPFD_CLOEXEC, 3);
	writer = fcntl (in[1], F_DUPFD_CLOEXEC, 3);
	if (remex_stream (call, "held", out[0]) < 0 || remex_sink (call, in[1]) < 0)
		return -1;
	remex_printf (call, "holding\n");
	while (!remex_cancelled (call)) {
		fcntl (reader, F_SETFL, 0);
		fcntl (writer, F_SETFL, 0);
	}
	close (in[0]);
	close (out[1]);
	close (reader);
	close (writer);
	return 0;
}

/* The worker's link to the front: its only socket of that type. */
static int find_link (void)
{
	int type;

	for (int fd = 3; fd < 256; fd++) {
		socklen_t size = sizeof type;

		if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
			return fd;
	}
	return -1;
}

/* Send or receive n bytes with a descriptor. */
static int pass (int where, void *bytes, size_t n, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE (sizeof (int))];
	} control = { .bytes = { 0 } };
	struct iovec part = { bytes, n };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct cmsghdr *head = CMSG_FIRSTHDR (&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN (sizeof (int));
	memcpy (CMSG_DATA (head), &fd, sizeof fd);
	if (fd >= 0)
		return sendmsg (where, &message, 0) < 0 ? -1 : 0;
	if (recvmsg (where, &message, 0) < 0 || !CMSG_FIRSTHDR (&message))
		return -1;
	memcpy (&fd, CMSG_DATA (CMSG_FIRSTHDR (&message)), sizeof fd);
	return fd;
}

/* Gets a descriptor over the Unix socket `path`, and sends it over the worker's link: with a record that hands over a
 * stream, or, with `empty`, with no record at all. */
static int bomb_smuggle (void *state, struct remex_call *call)
{
	struct {
		uint32_t type, length;
		uint64_t id;
		int64_t a, b;
		char name[7];
	} __attribute__ ((packed)) record = { .type = 18, .length = 7, .id = 1, .a = 1, .name = "stdout" };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int from = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char byte;

	(void)state;
	strncpy (address.sun_path, remex_arg_string (call, "path"), sizeof address.sun_path - 1);
	if (connect (from, (struct sockaddr *)&address, sizeof address) < 0 || (fd = pass (from, &byte, 1, -1)) < 0)
		return -1;
	pass (find_link (), &record, remex_arg_bool (call, "empty", false) ? 0 : sizeof record, fd);
	return bomb_wait (state, call);
}

static int bomb_close (void *state, struct remex_call *call)
{
	(void)state;
	(void)call;
	for (int fd = 3; fd < 1024; fd++)
		close (fd);
	return 0;
}

static int bomb_leak_fd (void *state, struct remex_call *call)
{
	(void)state;
	(void)call;
	return open ("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? -1 : 0;
}

static int bomb_leak (void *state, struct remex_call *call)
{
	char *block = malloc (1 << 20);

	(void)state;
	(void)call;
	if (block)
		memset (block, 1, 1 << 20);
	return block ? 0 : -1;
}

static int bomb_cwd (void *state, struct remex_call *call)
{
	(void)state;
	(void)call;
	return chdir ("/tmp");
}

static int bomb_umask (void *state, struct remex_call *call)
{
	(void)state;
	(void)call;
	umask (0);
	return 0;
}

static int bomb_signals (void *state, struct remex_call *call)
{
	sigset_t all;

	(void)state;
	(void)call;
	sigfillset (&all);
	return sigprocmask (SIG_BLOCK, &all, NULL);
}

static int bomb_ignore (void *state, struct remex_call *call)
{
	(void)state;
	(void)call;
	return signal (SIGUSR1, SIG_IGN) == SIG_ERR ? -1 : 0;
}

/* A child that holds all descriptors of the worker. */
static int bomb_fork (void *state, struct remex_call *call)
{
	(void)state;
	(void)call;
	if (fork () == 0) {
		setsid ();
		for (;;)
			pause ();
	}
	return 0;
}

static void *thread_run (void *arg)
{
	(void)arg;
	for (;;)
		pause ();
	return NULL;
}

static int bomb_thread (void *state, struct remex_call *call)
{
	pthread_t thread;

	(void)state;
	(void)call;
	return pthread_create (&thread, NULL, thread_run, NULL) ? -1 : 0;
}

static int bomb_stdout (void *state, struct remex_call *call)
{
	(void)state;
	puts ("to standard output, which is not the client's");
	fflush (stdout);
	return remex_printf (call, "said\n");
}

/* All that ends a log for its other writers, whatever its kind is. */
static int bomb_log (void *state, struct remex_call *call)
{
	const int least = 1;
	struct termios terminal;

	(void)state;
	(void)call;
	dprintf (2, "bomb: the last words\n");
	if (tcgetattr (2, &terminal) == 0) {
		cfmakeraw (&terminal);
		tcsetattr (2, TCSANOW, &terminal);
	}
	send_descriptor (2, "?", 1); /* whoever reads it has to close it */
	setsockopt (2, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
	fcntl (2, F_SETFL, O_NONBLOCK); /* without O_APPEND */
	if (ftruncate (2, 0) < 0 && shutdown (2, SHUT_RDWR) < 0)
		return 0;
	return 0;
}

/* A line that is too long, and has no end. */
static int bomb_long_line (void *state, struct remex_call *call)
{
	char text[5000];

	(void)state;
	(void)call;
	memset (text, 'x', sizeof text);
	return write (2, text, sizeof text) == sizeof text ? 0 : -1;
}

static int bomb_fail (void *state, struct remex_call *call)
{
	(void)state;
	return remex_fail (call, REMEX_ERR_NOT_FOUND, "no such thing: %s", "\033[31mred\n");
}

static int bomb_pid (void *state, struct remex_call *call)
{
	(void)state;
	return remex_printf (call, "%d", (int)getpid ());
}

/* The input is the output, through the worker. */
static int bomb_echo (void *state, struct remex_call *call)
{
	char bytes[100000];
	ssize_t n;

	(void)state;
	while ((n = remex_read (call, bytes, sizeof bytes)) > 0)
		if (remex_write (call, "stdout", bytes, (size_t)n) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

/* The arguments as received. */
static int bomb_args (void *state, struct remex_call *call)
{
	const char *const *list = remex_arg_strings (call, "list"), *const *map = remex_arg_strings (call, "map");

	(void)state;
	remex_printf (call, "string=%s integer=%lld number=%g bool=%d", remex_arg_string (call, "string"),
		remex_arg_integer (call, "integer", -1), remex_arg_number (call, "number", -1),
		remex_arg_bool (call, "bool", false));
	for (size_t i = 0; list && list[i]; i++)
		remex_printf (call, " [%s]", list[i]);
	for (size_t i = 0; map && map[i]; i++)
		remex_printf (call, " {%s}", map[i]);
	return remex_arg_string (call, "integer") ? -1 : 0; /* asked for by the wrong type: not there */
}

/* The caller's roots, as a list of [path, writable]; null: everything. */
static int bomb_roots (void *state, struct remex_call *call)
{
	const struct remex_root *const *roots = remex_roots (call);

	(void)state;
	if (!roots)
		return remex_write (call, "result", "null", 4);
	remex_write (call, "result", "[", 1);
	for (size_t i = 0; roots[i]; i++) {
		remex_write (call, "result", i ? ",[\"" : "[\"", i ? 3 : 2);
		for (const char *p = roots[i]->path; *p; p++) {
			if (*p == '"' || *p == '\\')
				remex_write (call, "result", "\\", 1);
			remex_write (call, "result", p, 1);
		}
		remex_write (call, "result", roots[i]->writable ? "\",true]" : "\",false]", roots[i]->writable ? 7 : 8);
	}
	return remex_write (call, "result", "]", 1);
}

static const struct remex_param exit_params[] = { { "status", REMEX_INTEGER, 0, "the exit status" }, { 0 } };
static const struct remex_param smuggle_params[] = {
	{ "path", REMEX_STRING, REMEX_REQUIRED, "a Unix socket, where the descriptor comes from" },
	{ "empty", REMEX_BOOL, 0, "without a record" },
	{ 0 },
};
static const struct remex_param args_params[] = {
	{ "string", REMEX_STRING, REMEX_REQUIRED, "a string" },
	{ "integer", REMEX_INTEGER, 0, "an integer" },
	{ "number", REMEX_NUMBER, 0, "a number" },
	{ "bool", REMEX_BOOL, 0, "a truth" },
	{ "list", REMEX_STRINGS, 0, "strings" },
	{ "map", REMEX_MAP, 0, "pairs" },
	{ 0 },
};

static const struct remex_verb verbs[] = {
	{ "abort", "Abort", NULL, bomb_abort, 0 },
	{ "args", "Show the arguments", args_params, bomb_args, 0 },
	{ "bus", "SIGBUS", NULL, bomb_bus, 0 },
	{ "close", "Close every descriptor", NULL, bomb_close, 0 },
	{ "cwd", "Change the directory", NULL, bomb_cwd, 0 },
	{ "echo", "Copy input to output", NULL, bomb_echo, 0 },
	{ "exit", "End the process", exit_params, bomb_exit, 0 },
	{ "fail", "Fail with words", NULL, bomb_fail, 0 },
	{ "fork", "Fork without exec", NULL, bomb_fork, 0 },
	{ "hold", "Hold what was handed over, and make it blocking", NULL, bomb_hold, 0 },
	{ "ignore", "Ignore SIGUSR1", NULL, bomb_ignore, 0 },
	{ "leak", "Leak a mebibyte", NULL, bomb_leak, 0 },
	{ "leak_fd", "Leak a descriptor", NULL, bomb_leak_fd, 0 },
	{ "log", "Damage the log", NULL, bomb_log, 0 },
	{ "long_line", "Write a long line to the log", NULL, bomb_long_line, 0 },
	{ "loop", "Never end", NULL, bomb_loop, 0 },
	{ "pid", "The worker's pid", NULL, bomb_pid, 0 },
	{ "roots", "Show the roots", NULL, bomb_roots, REMEX_PATHS },
	{ "segv", "SIGSEGV", NULL, bomb_segv, 0 },
	{ "signals", "Block all signals", NULL, bomb_signals, 0 },
	{ "smuggle", "Send a descriptor that is no stream to the front", smuggle_params, bomb_smuggle, 0 },
	{ "stack", "Overflow the stack", NULL, bomb_stack, 0 },
	{ "stdout", "Write to standard output", NULL, bomb_stdout, 0 },
	{ "strays", "Send descriptors for nothing", NULL, bomb_strays, 0 },
	{ "thread", "Leave a thread running", NULL, bomb_thread, 0 },
	{ "umask", "Change the umask", NULL, bomb_umask, 0 },
	{ "wait", "Wait to be cancelled", NULL, bomb_wait, 0 },
	{ "write_for_ever", "Write until cancelled", NULL, bomb_write_for_ever, 0 },
	{ 0 },
};

REMEX_PLUGIN (.name = "bomb", .version = "1", .summary = "What a plugin must not do", .verbs = verbs);
