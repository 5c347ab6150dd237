/* tester - a plugin whose verbs perform actions for the tests of the worker. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <remex/plugin.h>

struct state {
	char *word, *list;
	long long level;
	double share;
	bool loud;
};

/* --- words in, words out ------------------------------------------------------------------------------------------ */

static int say (void *ignored, struct remex_call *call)
{
	const char *const *list = remex_arg_strings (call, "list"), *const *map = remex_arg_strings (call, "map");
	const char *text = remex_arg_string (call, "text");

	(void)ignored;
	remex_printf (call, "text=%s", text ? text : "-");
	for (int i = 0; list && list[i]; i++)
		remex_printf (call, " list=%s", list[i]);
	for (int i = 0; map && map[i]; i++)
		remex_printf (call, " map=%s", map[i]);
	return remex_printf (call, " n=%lld r=%g b=%d", remex_arg_integer (call, "n", -1),
		remex_arg_number (call, "r", -1), remex_arg_bool (call, "b", false));
}

static const struct remex_param say_params[] = {
	{ "text", REMEX_STRING, 0, "a text" },
	{ "list", REMEX_STRINGS, 0, "a list" },
	{ "map", REMEX_MAP, 0, "a map" },
	{ "n", REMEX_INTEGER, 0, "an integer" },
	{ "r", REMEX_NUMBER, 0, "a number" },
	{ "b", REMEX_BOOL, 0, "a truth" },
	{ 0 },
};

static int show (void *arg, struct remex_call *call)
{
	const struct state *state = arg;

	return remex_printf (
		call, "%s %s %lld %g %d", state->word, state->list, state->level, state->share, state->loud);
}

/* The handler of two verbs. */
static int which (void *ignored, struct remex_call *call)
{
	(void)ignored;
	return remex_printf (call, "%s", remex_verb (call));
}

static int facts (void *ignored, struct remex_call *call)
{
	(void)ignored;
	return remex_printf (call, "%s", remex_facts (call) ? remex_facts (call) : "none");
}

static int roots (void *ignored, struct remex_call *call)
{
	const struct remex_root *const *roots = remex_roots (call);

	(void)ignored;
	remex_printf (call, "%s", roots ? "bound" : "unbound");
	for (; roots && *roots; roots++)
		remex_printf (call, " %s=%s", (*roots)->path, (*roots)->writable ? "rw" : "r");
	return 0;
}

static int echo (void *ignored, struct remex_call *call)
{
	static char bytes[50000];
	ssize_t n;

	(void)ignored;
	while ((n = remex_read (call, bytes, sizeof bytes)) > 0)
		if (remex_write (call, "stdout", bytes, (size_t)n) < 0)
			return -1;
	return n < 0 ? -1 : remex_write (call, "stderr", "end", 3);
}

static int flood (void *ignored, struct remex_call *call)
{
	long long n = remex_arg_integer (call, "n", 1);
	static char bytes[300000];

	(void)ignored;
	for (; n > 0; n--) {
		memset (bytes, 'a' + (char)(n % 26), sizeof bytes);
		if (remex_write (call, "stdout", bytes, sizeof bytes) < 0)
			return remex_fail (
				call, REMEX_ERR_IO, "%s", errno == ECANCELED ? "cancelled" : strerror (errno));
	}
	return 0;
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

static int sulk (void *ignored, struct remex_call *call)
{
	(void)ignored;
	(void)call;
	errno = EXDEV;
	return -1;
}

static int fail (void *ignored, struct remex_call *call)
{
	(void)ignored;
	remex_fail (call, REMEX_ERR_BUSY, "the first word");
	errno = ENOENT;
	return remex_fail (call, (enum remex_code)remex_arg_integer (call, "n", 0), "no %s", "luck\xFF");
}

static int crash (void *ignored, struct remex_call *call)
{
	(void)ignored;
	(void)call;
	abort ();
}

static int until (void *ignored, struct remex_call *call)
{
	struct pollfd end = { .fd = remex_cancel_fd (call), .events = POLLIN };

	(void)ignored;
	if (remex_cancelled (call))
		return remex_fail (call, REMEX_ERR_FAILED, "too early");
	remex_printf (call, "waiting");
	while (poll (&end, 1, -1) < 0)
		;
	if (!remex_cancelled (call) || remex_write (call, "stdout", "x", 1) == 0 || errno != ECANCELED)
		return remex_fail (call, REMEX_ERR_FAILED, "not cancelled");
	return remex_fail (call, REMEX_ERR_FAILED, "cancelled");
}

/* --- handing over ------------------------------------------------------------------------------------------------- */

/* The result of each step, as a line of numbers: 0 or errno. */
static int rules (void *ignored, struct remex_call *call)
{
	char line[128] = "", byte;
	int fds[2], n = 0;

#define STEP(call) n += snprintf (line + n, sizeof line - (size_t)n, "%d ", (call) < 0 ? errno : 0)
	(void)ignored;
	STEP (remex_write (call, "Bad", "x", 1));
	STEP (remex_write (call, "", "x", 1));
	STEP (remex_stream (call, "file", open ("/dev/null", O_RDONLY | O_CLOEXEC)));
	STEP (remex_stream (call, "file", -1));
	STEP (remex_sink (call, open ("/dev/null", O_WRONLY | O_CLOEXEC)));
	if (pipe2 (fds, O_CLOEXEC) < 0)
		return -1;
	STEP (remex_stream (call, "piped", fds[0]));
	STEP (remex_stream (call, "piped", dup (0)));
	STEP (remex_write (call, "piped", "x", 1));
	close (fds[1]);
	if (pipe2 (fds, O_CLOEXEC) < 0)
		return -1;
	STEP (remex_sink (call, fds[1]));
	STEP (remex_sink (call, dup (1)));
	STEP (remex_read (call, &byte, 1));
	close (fds[0]);
#undef STEP
	return remex_write (call, "result", line, strlen (line));
}

/* --- commands ----------------------------------------------------------------------------------------------------- */

static int run (void *ignored, struct remex_call *call)
{
	struct remex_command command = { .size = sizeof command,
		.argv = remex_arg_strings (call, "argv"),
		.env = remex_arg_strings (call, "env"),
		.cwd = remex_arg_string (call, "cwd") };
	struct remex_child child;
	int fds[2];

	(void)ignored;
	if (remex_arg_string (call, "given")) { /* the command cannot have this stream, too */
		if (pipe2 (fds, O_CLOEXEC) < 0)
			return -1;
		close (fds[1]);
		if (remex_stream (call, remex_arg_string (call, "given"), fds[0]) < 0)
			return -1;
	}
	if (remex_spawn (call, &command, &child) < 0)
		return 0;
	return remex_wait (call, &child);
}

static const struct remex_param run_params[] = {
	{ "argv", REMEX_STRINGS, REMEX_REQUIRED, "what to run" },
	{ "env", REMEX_MAP, 0, "more environment" },
	{ "cwd", REMEX_STRING, 0, "where" },
	{ "given", REMEX_STRING, 0, "a stream that is handed over before the command" },
	{ 0 },
};

/* --- what must not be done ---------------------------------------------------------------------------------------- */

static void *sleep_on (void *ignored)
{
	for (;;)
		pause ();
	return ignored;
}

static void handler (int signo)
{
	(void)signo;
}

static int soil (void *ignored, struct remex_call *call)
{
	const char *how = remex_arg_string (call, "text");
	pid_t parent = getpid (), child;
	pthread_t thread;
	sigset_t set;

	(void)ignored;
	sigemptyset (&set);
	sigaddset (&set, SIGUSR1);
	if (!strcmp (how, "cwd") && chdir ("/tmp") < 0)
		return -1;
	if (!strcmp (how, "umask"))
		umask (077);
	if (!strcmp (how, "fd") && open ("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
		return -1;
	if (!strcmp (how, "mask"))
		sigprocmask (SIG_BLOCK, &set, NULL);
	if (!strcmp (how, "ignore"))
		signal (SIGUSR2, SIG_IGN);
	if (!strcmp (how, "catch"))
		signal (SIGWINCH, handler);
	if (!strcmp (how, "thread") && pthread_create (&thread, NULL, sleep_on, NULL))
		return -1;
	if (!strcmp (how, "child") && !(child = fork ())) {
		prctl (PR_SET_PDEATHSIG, SIGKILL);
		if (getppid () != parent) /* the parent was faster */
			_exit (0);
		sleep_on (NULL);
	}
	if (!strcmp (how, "restored")) {
		int fd = open (".", O_RDONLY | O_CLOEXEC);
		mode_t mask = umask (0);

		if (chdir ("/tmp") < 0 || fchdir (fd) < 0)
			return -1;
		umask (mask);
		sigprocmask (SIG_BLOCK, &set, NULL);
		sigprocmask (SIG_UNBLOCK, &set, NULL);
		close (fd);
	}
	return 0;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct remex_param count[] = { { "n", REMEX_INTEGER, 0, "how often, or which" }, { 0 } };
static const struct remex_param word[] = { { "text", REMEX_STRING, REMEX_REQUIRED, "a word" }, { 0 } };

static const struct remex_verb verbs[] = {
	{ "say", "Say the arguments", say_params, say, 0 },
	{ "show", "Show the options", NULL, show, 0 },
	{ "this", "Say which verb it is", NULL, which, 0 },
	{ "that", "Say which verb it is", NULL, which, 0 },
	{ "facts", "Show the facts", NULL, facts, REMEX_FACTS | REMEX_CONTROL },
	{ "roots", "Show the roots", NULL, roots, REMEX_PATHS },
	{ "rootless", "Show the roots, without asking for them", NULL, roots, 0 },
	{ "both", "Want facts, show the roots", NULL, roots, REMEX_FACTS | REMEX_PATHS },
	{ "echo", "Copy input to output", NULL, echo, 0 },
	{ "flood", "Write much", count, flood, 0 },
	{ "sulk", "Fail without a word", NULL, sulk, 0 },
	{ "fail", "Fail with words", count, fail, 0 },
	{ "crash", "Abort", NULL, crash, 0 },
	{ "until", "Wait for the end", NULL, until, 0 },
	{ "rules", "Break the rules of handing over", NULL, rules, 0 },
	{ "run", "Run a command", run_params, run, REMEX_TTY },
	{ "soil", "Change the process", word, soil, 0 },
	{ 0 },
};

static const struct remex_param options[] = {
	{ "word", REMEX_STRING, 0, "a word" },
	{ "list", REMEX_STRINGS, 0, "words" },
	{ "level", REMEX_INTEGER, 0, "a number" },
	{ "share", REMEX_NUMBER, 0, "a number" },
	{ "loud", REMEX_BOOL, 0, "a truth" },
	{ 0 },
};

static int start (void **state, const struct remex_config *config)
{
	const char *const *list = remex_option_strings (config, "list");
	const char *given = remex_option_string (config, "word");
	static struct state self;

	self.word = strdup (given ? given : "-");
	self.list = strdup (list && list[0] ? list[0] : "-");
	self.level = remex_option_integer (config, "level", 7);
	self.share = remex_option_number (config, "share", 0.5);
	self.loud = remex_option_bool (config, "loud", true);
	*state = &self;
	errno = strcmp (self.word, "missing") ? 0 : ENOENT;
	if (!strcmp (self.word, "refuse"))
		return remex_start_fail (config, "the word is '%s', and\n%d others would do", self.word, 7);
	return strcmp (self.word, "silent") && strcmp (self.word, "missing") ? 0 : -1;
}

static void stop (void *state)
{
	struct state *self = state;

	free (self->word);
	free (self->list);
	self->word = self->list = NULL;
}

REMEX_PLUGIN (.name = "tester", .version = "1.0", .summary = "What the tests ask for", .verbs = verbs,
	.options = options, .start = start, .stop = stop);
