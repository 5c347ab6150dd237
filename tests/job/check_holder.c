/* check_holder - a real holder with a keeper, a worker and the plugin `tester`: output and outcome, viewers, input, the end by
 * order, and all deaths: the tree is gone, and there is one outcome, or none.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/link.h"
#include "job/holder.h"
#include "plugin/plugin_fixture.h"
#include "proc/process_tree.h"
#include "proc/procstat.h"
#include "support/check_main.h"
#include "wire/records.h"

static struct config *config;
static struct plugin_files files;
static struct worker_birth birth;
static struct holder given;
static struct packet packet;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char socket_directory[] = "/tmp/remex-check-holder-XXXXXX";
static int first = -1; /* our end */
static pid_t holder;
static bool durable;
static const char *to_be_recorded;
static struct call_limits limits;
static int64_t durable_cap = 1024 * 1024;

static int file (void)
{
	char path[] = "/tmp/remex-check-holder-XXXXXX";
	int fd = mkostemp (path, O_CLOEXEC);

	ck_assert_int_ge (fd, 0);
	unlink (path);
	return fd;
}

static void fork_holder (void)
{
	int ends[2];

	ck_assert_int_eq (link_pair (ends), 0);
	first = ends[0];
	given.first = ends[1];
	ck_assert_int_gt ((holder = holder_fork (&given)), 0);
	close (ends[1]);
}

/* Make the files and fork the holder. Processes that it loses come to us. */
static void begin (void)
{
	struct err err;

	fixture_install ("tests/plugin/tester", "tester.so");
	config = fixture_config ("tester: {word: option}");
	ck_assert_int_eq (plugin_files_open (&files, config, &err), 0);
	birth = (struct worker_birth){ .config = config, .files = &files, .uid = geteuid (), .log = -1 };
	ck_assert_int_eq (prctl (PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_ptr_nonnull (mkdtemp (socket_directory));
	snprintf (address.sun_path, sizeof address.sun_path, "%s/socket", socket_directory);
	given = (struct holder){
		.output = file (),
		.index = file (),
		.outcome = file (),
		.lock = -1,
		.listener = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0),
		.birth = &birth,
		.cgroup = -1,
		.left = -1,
		.cap = durable ? durable_cap : 64 * 1024 * 1024, /* more than waits in sockets */
		.durable = durable,
		.recording = to_be_recorded,
		.recorder = -1,
		.limits = limits,
	};
	ck_assert_int_eq (bind (given.listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq (listen (given.listener, 100), 0);
	fork_holder ();
	fd_close (&given.listener);
}

static void send_call (const char *header)
{
	size_t n = strlen (header);

	ck_assert_int_eq (
		link_send (first,
			&(struct outgoing){
				.record = { .type = REC_CALL, .id = 1, .a = (int64_t)n }, .data = header, .n = n },
			0),
		0);
}

static int next_record (int fd)
{
	int got;

	packet_close (&packet);
	ck_assert_int_ge ((got = link_recv (fd, &packet, 0)), 0);
	packet.data[got ? packet.record.length : 0] = '\0';
	return got ? (int)packet.record.type : 0;
}

static int viewer (void)
{
	int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq (next_record (fd), JOB_HELLO);
	return fd;
}

static void post (int fd, uint32_t type, int64_t a, int64_t b)
{
	ck_assert_int_eq (link_post (fd, type, 0, a, b, 0), 0);
}

static void send_input (int fd, int64_t at, const char *text)
{
	ck_assert_int_eq (link_send (fd,
				  &(struct outgoing){
					  .record = { .type = JOB_INPUT, .a = at }, .data = text, .n = strlen (text) },
				  0),
		0);
}

/* Start a job: tester.run with `sh -c script`. */
static void run (const char *script, const char *more)
{
	json_t *header =
		json_pack ("{ss s{s[sss] ss}}", "call", "tester.run", "args", "argv", "sh", "-c", script, "cwd", "/");
	char text[4096];
	json_t *others = json_loads (more, 0, NULL);
	char *dumped;

	ck_assert_int_eq (json_object_update (header, others), 0);
	dumped = json_dumps (header, JSON_COMPACT);
	snprintf (text, sizeof text, "%s", dumped);
	free (dumped);
	json_decref (others);
	json_decref (header);
	begin ();
	send_call (text);
	ck_assert_int_eq (next_record (first), JOB_HELLO);
}

/* The output that a viewer gets, until it contains `word` or (NULL) ends. The outcome is in `packet` then. */
static char *read_output (int fd, const char *word)
{
	static char text[1 << 20];
	size_t used = 0;
	int type;

	*text = '\0';
	while (!word || !strstr (text, word)) {
		type = next_record (fd);
		if (type == JOB_INPUT_TAKEN || (type == JOB_END && !packet.record.a))
			continue; /* the job ended before FOLLOW came */
		if (type == JOB_END)
			break;
		ck_assert_int_eq (type, JOB_OUTPUT);
		ck_assert_uint_lt (used + packet.record.length, sizeof text);
		memcpy (text + used, packet.data + packet.record.b, packet.record.length - (size_t)packet.record.b);
		used += packet.record.length - (size_t)packet.record.b;
		text[used] = '\0';
	}
	if (word)
		ck_assert_msg (strstr (text, word) != NULL, "'%s' has no '%s'", text, word);
	return text;
}

/* The holder exits, and no process of the job is left. Returns the holder's status of waitpid(2). */
static int over (void)
{
	int status, waited;

	fd_close (&first);
	ck_assert_int_eq (waitpid (holder, &status, 0), holder);
	while ((waited = waitpid (-1, NULL, 0)) > 0)
		; /* what was beneath it is ours now, and ends */
	ck_assert_int_eq (errno, ECHILD);
	unlink (address.sun_path);
	rmdir (socket_directory);
	return status;
}

static const char *outcome (void)
{
	static char line[HOLDER_OUTCOME_MAX + 1];
	ssize_t n = pread (given.outcome, line, sizeof line - 1, 0);

	ck_assert_int_ge (n, 0);
	line[n] = '\0';
	if (n)
		ck_assert_ptr_eq (strchr (line, '\n'), line + n - 1); /* one line */
	return line;
}

static bool outcome_has (const char *part)
{
	return strstr (outcome (), part) != NULL;
}

START_TEST (output_and_outcome)
{
	run ("echo out; sleep 0.2; echo err >&2; exit 7", "{}");
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	ck_assert_str_eq (read_output (first, NULL), "out\nerr\n");
	ck_assert_str_eq ((char *)packet.data, outcome ());
	ck_assert_int_eq (over (), 0);
	ck_assert_msg (outcome_has ("{\"done\":{\"outcome\":\"exited\",\"exit\":7,"), "%s", outcome ());
	ck_assert_msg (outcome_has ("\"bytes\":8,\"cut\":0,\"input\":0,\"rusage\":{\"user\":"), "%s", outcome ());
}
END_TEST

/* Nobody looks: the job runs to its end all the same. Afterwards its files are served. */
START_TEST (alone_and_replay)
{
	run ("sleep 0.3; echo out; echo err >&2; kill -9 $$", "{}");
	ck_assert_int_eq (over (), 0);
	ck_assert (outcome_has ("\"signalled\",\"signal\":\"KILL\""));
	given.replay = true;
	for (int i = 0; i < 3; i++) {
		int status;

		fork_holder ();
		ck_assert_int_eq (next_record (first), JOB_HELLO);
		ck_assert_int_eq (packet.record.a, 8);
		if (i)
			post (first, JOB_FOLLOW, 2, i == 1 ? FOLLOW_LIVE : 0);
		if (i)
			ck_assert_str_eq (read_output (first, NULL), "t\nerr\n");
		else
			ck_assert_int_eq (next_record (first), JOB_END);
		ck_assert_str_eq ((char *)packet.data, outcome ());
		fd_close (&first);
		ck_assert_int_eq (waitpid (holder, &status, 0), holder);
		ck_assert_int_eq (status, 0);
	}
}
END_TEST

START_TEST (never_started)
{
	begin ();
	ck_assert_int_eq (over (), W_EXITCODE (HOLDER_NEVER, 0));
	ck_assert_str_eq (outcome (), "");
}
END_TEST

START_TEST (cannot_start)
{
	to_be_recorded = "name.cast"; /* it is not begun */
	begin ();
	/* Sizes that no call has; and what comes behind the call that has failed. */
	post (first, REC_CALL, INT64_MAX, INT64_MAX);
	post (first, REC_CALL, INT64_MAX, 1);
	post (first, REC_CALL, -1, 0);
	post (first, REC_CALL, 0, -1);
	send_call ("{\"call\":\"tester.run\",\"deadline\":-1}");
	post (first, REC_CALL, 0, 0);
	ck_assert_int_eq (next_record (first), JOB_END);
	over ();
	ck_assert (outcome_has ("{\"error\":{\"code\":\"bad_value\""));
	ck_assert_msg (!outcome_has ("\"recording\""), "%s", outcome ());
}
END_TEST

/* Two viewers, from different places; one without live; one of one stream; one that only waits. */
START_TEST (viewers)
{
	int a, b, c, d;

	run ("echo one; echo two >&2; read go; echo three", "{\"input\":true}");
	a = viewer ();
	post (a, JOB_FOLLOW, 0, FOLLOW_LIVE);
	read_output (a, "two");
	b = viewer ();
	ck_assert_int_eq (packet.record.a, 8);
	ck_assert_ptr_nonnull (strstr ((char *)packet.data, "\"state\":\"running\""));
	post (b, JOB_FOLLOW, 4, 0);
	ck_assert_str_eq (read_output (b, NULL), "two\n");
	ck_assert_uint_eq (packet.record.length, 0);
	post (b, JOB_FOLLOW, FOLLOW_NEW, FOLLOW_LIVE);
	c = viewer ();
	d = viewer ();
	/* A read-only viewer changes nothing. */
	post (c, JOB_FOLLOW, 0, FOLLOW_LIVE | FOLLOW_STDERR | FOLLOW_READ_ONLY);
	send_input (c, 0, "no\n");
	post (c, JOB_STOP, 0, 0);
	send_input (a, 0, "go\n");
	ck_assert_str_eq (read_output (b, NULL), "three\n");
	ck_assert (packet.record.length);
	ck_assert_str_eq (read_output (c, NULL), "two\n");
	ck_assert_int_eq (next_record (d), JOB_END);
	read_output (a, NULL);
	close (a);
	close (b);
	close (c);
	close (d);
	ck_assert_int_eq (over (), 0);
	ck_assert (outcome_has ("\"input\":3"));
}
END_TEST

/* A viewer that reads nothing slows neither the job nor another viewer, and gets all in the end. */
START_TEST (slow_viewer)
{
	enum { BYTES = 8 * 1024 * 1024 };
	int slow, fast;
	int64_t at;

	run ("read go; head -c 8388608 /dev/zero; echo end >&2", "{\"input\":true}");
	slow = viewer ();
	post (slow, JOB_FOLLOW, 0, FOLLOW_LIVE);
	fast = viewer ();
	post (fast, JOB_FOLLOW, 0, FOLLOW_LIVE);
	send_input (first, 0, "go\n");
	for (int i = 0; i < 2; i++) {
		int fd = i ? slow : fast, type;

		for (at = 0; (type = next_record (fd)) != JOB_END;) {
			ck_assert_int_eq (type, JOB_OUTPUT);
			ck_assert_int_eq (packet.record.a, at);
			at += (int64_t)packet.record.length - packet.record.b;
		}
		ck_assert_int_eq (at, BYTES + 4);
	}
	close (slow);
	close (fast);
	ck_assert_int_eq (over (), 0);
}
END_TEST

/* A durable job waits for its viewer, which comes and goes, and comes back to before what it was sent. */
START_TEST (durable_job)
{
	enum { BYTES = 6000000 };
	int64_t at = 0;
	int fd = -1, type = 0;

	durable = true;
	run (_i ? "i=0; while [ $i -lt 20000 ]; do echo a; echo b >&2; i=$((i+1)); done" : "head -c 6000000 /dev/zero",
		"{}");
	for (int n = 0; type != JOB_END; n++) {
		if (n % 40 == 0) {
			fd_close (&fd);
			fd = viewer ();
			at -= at > 20000 && !_i ? 20000 : 0;
			post (fd, JOB_FOLLOW, at, FOLLOW_LIVE);
		}
		while ((type = next_record (fd)) == JOB_END && !packet.record.a)
			;
		if (type == JOB_END)
			break;
		ck_assert_int_eq (type, JOB_OUTPUT);
		ck_assert_int_eq (packet.record.a, at);
		at += (int64_t)packet.record.length - packet.record.b;
	}
	ck_assert_int_eq (at, _i ? 80000 : BYTES);
	fd_close (&fd);
	ck_assert_int_eq (over (), 0);
	ck_assert (outcome_has ("\"exit\":0"));
}
END_TEST

/* The bytes of output so far, when no more have come for a while. */
static int64_t settled_output (int64_t least)
{
	struct pollfd none = { .fd = -1 };
	int64_t before = -1, now = 0;

	for (int still = 0; still < 20;) {
		int fd = viewer ();

		now = packet.record.a;
		close (fd);
		still = now >= least && now == before ? still + 1 : 0;
		before = now;
		poll (&none, 1, 10);
	}
	return now;
}

/* What a viewer has not read when it goes is there when it comes back, however much its socket has taken. And a viewer that
 * reads nothing does not hold up the job before half of the spool is full. */
START_TEST (durable_job_of_a_viewer_that_goes)
{
	int fd;

	durable = true;
	durable_cap = _i ? 8 * 1024 * 1024 : durable_cap;
	run (_i ? "head -c 60000000 /dev/zero" : "head -c 6000000 /dev/zero", "{}");
	fd = viewer ();
	post (fd, JOB_FOLLOW, 0, FOLLOW_LIVE);
	ck_assert_int_lt (settled_output (given.cap / 2), given.cap);
	fd_close (&fd);
	fd = viewer ();
	post (fd, JOB_FOLLOW, 0, FOLLOW_LIVE);
	ck_assert_int_eq (next_record (fd), JOB_OUTPUT);
	ck_assert_int_eq (packet.record.a, 0);
	post (fd, JOB_STOP, 0, 0);
	while (next_record (fd) != JOB_END)
		;
	fd_close (&fd);
	ck_assert_int_eq (over (), 0);
}
END_TEST

START_TEST (input)
{
	int a, b;

	run ("cat", "{\"input\":true}");
	a = viewer ();
	post (a, JOB_FOLLOW, 0, FOLLOW_LIVE);
	send_input (a, 0, "hello ");
	read_output (a, "hello ");
	b = viewer ();
	ck_assert_int_eq (packet.record.b, 6);
	send_input (b, 0, "hello world"); /* six of them are known */
	read_output (a, "world");
	send_input (a, 6, "world!"); /* as a client that was cut off repeats it */
	read_output (a, "!");
	send_input (a, 100, "no"); /* a gap */
	while (next_record (a) != JOB_INPUT_GAP)
		ck_assert_int_eq (packet.record.type, JOB_INPUT_TAKEN);
	ck_assert_int_eq (packet.record.a, 12);
	send_input (b, INPUT_APPEND, "?");
	post (b, JOB_INPUT_END, INPUT_APPEND, 0);
	ck_assert_str_eq (read_output (a, NULL), "?");
	close (a);
	close (b);
	ck_assert_int_eq (over (), 0);
	ck_assert (outcome_has ("\"exit\":0"));
	ck_assert (outcome_has ("\"bytes\":13,\"cut\":0,\"input\":13"));
}
END_TEST

/* Input of a viewer that has left is delivered. A handler that reads for itself gets it, too. */
START_TEST (input_that_is_left_behind)
{
	int a;

	if (_i) {
		begin ();
		send_call ("{\"call\":\"tester.echo\",\"input\":true}");
		ck_assert_int_eq (next_record (first), JOB_HELLO);
	} else {
		run ("cat; echo -n end", "{\"input\":true}");
	}
	a = viewer ();
	send_input (a, 0, "left behind");
	post (a, JOB_INPUT_END, 11, 0);
	close (a);
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	ck_assert_str_eq (read_output (first, NULL), "left behindend");
	ck_assert_int_eq (over (), 0);
}
END_TEST

START_TEST (stopping)
{
	static const struct {
		const char *script, *more;
		int grace;
		const char *expected;
		enum call_limit limit; /* of the configuration */
		int64_t value;
	} ways[] = {
		{ "trap 'echo bye; exit 3' TERM; echo x; while :; do sleep 0.1; done", "{}", 60000, "\"cancelled\"",
			LIMIT_NONE, 0 },
		{ "trap '' TERM; echo x; sleep 1000", "{}", 200, "\"cancelled\"", LIMIT_NONE, 0 },
		{ "trap '' TERM; echo x; setsid sleep 1000 & sleep 1000", "{}", 0, "\"cancelled\"", LIMIT_NONE, 0 },
		{ "echo x; sleep 1000", "{\"deadline\":0.3}", -1, "\"timed_out\",\"limit\":\"deadline\"", LIMIT_NONE,
			0 },
		{ "echo x; sleep 1000", "{\"idle\":0.3}", -1, "\"timed_out\",\"limit\":\"idle\",\"limit_value\":0.3",
			LIMIT_NONE, 0 },
		{ "echo x; yes", "{\"limits\":{\"output\":100000}}", -1,
			"\"timed_out\",\"limit\":\"output\",\"limit_value\":100000", LIMIT_NONE, 0 },
		{ "echo x; sleep 1000", "{\"deadline\":3000}", -1,
			"\"timed_out\",\"limit\":\"deadline\",\"limit_value\":0.3", LIMIT_DEADLINE, 300 },
		{ "echo x; sleep 1000", "{\"idle\":3000}", -1, "\"timed_out\",\"limit\":\"idle\",\"limit_value\":0.3",
			LIMIT_IDLE, 300 },
		{ "echo x; yes", "{}", -1, "\"timed_out\",\"limit\":\"output\",\"limit_value\":100000", LIMIT_OUTPUT,
			100000 },
	};

	const char *text;

	limits.value[ways[_i].limit] = ways[_i].value;
	run (ways[_i].script, ways[_i].more);
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	read_output (first, "x");
	if (ways[_i].grace >= 0)
		post (first, JOB_STOP, ways[_i].grace, 0);
	text = read_output (first, NULL);
	ck_assert (_i || strstr (text, "bye\n")); /* the shell may add what became of sleep */
	ck_assert_int_eq (over (), 0);
	ck_assert_msg (outcome_has (ways[_i].expected), "%s", outcome ());
}
END_TEST

START_TEST (signals)
{
	run ("trap 'echo got' USR1; echo x; while :; do sleep 0.05; done", "{}");
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	read_output (first, "x");
	post (first, JOB_SIGNAL, SIGUSR1, 0);
	read_output (first, "got");
	post (first, JOB_SIGNAL, SIGINT, 0);
	read_output (first, NULL);
	ck_assert_int_eq (over (), 0);
	ck_assert (outcome_has ("\"signalled\",\"signal\":\"INT\""));
}
END_TEST

/* A process that is left behind lives on, and does not keep the outcome back; with wait_output it does. */
START_TEST (left_behind)
{
	char *text;
	pid_t pid;

	run ("(sleep 1000 & echo $!); exit 0", _i ? "{\"wait_output\":true}" : "{}");
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	text = read_output (first, "\n");
	pid = (pid_t)atoi (text);
	ck_assert_int_gt (pid, 0);
	if (_i)
		kill (pid, SIGKILL);
	read_output (first, NULL);
	if (!_i)
		kill (pid, SIGKILL);
	ck_assert_int_eq (over (), 0);
	ck_assert_int_eq (outcome_has ("\"pipe_held\":true"), !_i);
	ck_assert (outcome_has ("\"left\":1") || _i);
}
END_TEST

/* The process of that name beneath the holder. */
static pid_t find (const char *name, pid_t beneath)
{
	char path[64], text[256];
	pid_t found = 0;

	for (int tries = 0; tries < 1000 && !found; tries++) {
		int fd, n;
		char *p, *save;
		ssize_t got;

		snprintf (path, sizeof path, "/proc/%d/task/%d/children", beneath, beneath);
		fd = open (path, O_RDONLY | O_CLOEXEC);
		got = fd < 0 ? 0 : read (fd, text, sizeof text - 1);
		fd_close (&fd);
		text[got > 0 ? got : 0] = '\0';
		for (p = strtok_r (text, " ", &save); p; p = strtok_r (NULL, " ", &save)) {
			char comm[32] = "";

			snprintf (path, sizeof path, "/proc/%s/comm", p);
			if ((fd = open (path, O_RDONLY | O_CLOEXEC)) < 0)
				continue;
			n = (int)read (fd, comm, sizeof comm - 1);
			close (fd);
			if (n > 0 && !strncmp (comm, name, strlen (name)))
				found = (pid_t)atoi (p);
		}
		if (!found)
			poll (NULL, 0, 10);
	}
	ck_assert_msg (found != 0, "there is no %s", name);
	return found;
}

/* _i: the worker, the keeper, or the holder is killed. All processes end: also one that has left the session. */
START_TEST (deaths)
{
	pid_t victim = 0, keeper;

	run ("setsid sleep 1000 & echo x; sleep 1000", "{}");
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	read_output (first, "x");
	keeper = find ("remexd-keeper", holder);
	victim = _i == 0 ? find ("remexd-worker", keeper) : _i == 1 ? keeper : holder;
	kill (victim, SIGKILL);
	if (_i < 2)
		read_output (first, NULL);
	ck_assert_int_eq (over (), _i < 2 ? 0 : SIGKILL);
	if (_i == 0)
		ck_assert_msg (outcome_has ("\"plugin_crashed\",\"message\":\"the worker of the job died of SIGKILL\""),
			"%s", outcome ());
	else if (_i == 1)
		ck_assert_msg (
			outcome_has ("\"internal\",\"message\":\"the keeper of the job was killed"), "%s", outcome ());
	else
		ck_assert_str_eq (outcome (), "");
}
END_TEST

/* The command has ended, and its output is waited for: whoever ends the job then does not make the part a whole. */
START_TEST (stopped_while_output_is_waited_for)
{
	pid_t left;

	run ("(sleep 1000 & echo x); exit 0", "{\"wait_output\":true}");
	left = find ("sleep", holder); /* its keeper has left it to the holder */
	post (first, JOB_STOP, 0, 0);
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	read_output (first, NULL);
	kill (left, SIGKILL);
	ck_assert_int_eq (over (), 0);
	ck_assert_msg (outcome_has ("\"outcome\":\"exited\",\"exit\":0"), "%s", outcome ());
	ck_assert_msg (outcome_has ("\"pipe_held\":true"), "%s", outcome ());
	ck_assert_msg (outcome_has ("\"bytes\":2,"), "%s", outcome ());
}
END_TEST

/* The user of a job can stop its holder: the keeper holds the deadline. */
START_TEST (deadline_of_a_stopped_holder)
{
	struct procstat stat;
	pid_t keeper;

	limits.value[LIMIT_DEADLINE] = _i ? 0 : 1500;
	run ("setsid sleep 1000 & echo x; sleep 1000", _i ? "{\"deadline\":1.5}" : "{}");
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	read_output (first, "x");
	keeper = find ("remexd-keeper", holder);
	kill (holder, SIGSTOP);
	while (procstat_read (keeper, &stat) == 0 && procstat_alive (&stat))
		poll (NULL, 0, 10); /* all beneath it are gone then */
	ck_assert_str_eq (outcome (), "");
	kill (holder, SIGCONT);
	read_output (first, NULL);
	ck_assert_int_eq (over (), 0);
	ck_assert_msg (outcome_has ("\"timed_out\",\"limit\":\"deadline\",\"limit_value\":1.5"), "%s", outcome ());
}
END_TEST

static bool is_screen (int fd, const char *part)
{
	while (next_record (fd) != JOB_SCREEN)
		ck_assert (packet.record.type == JOB_OUTPUT || packet.record.type == JOB_INPUT_TAKEN);
	return strstr ((char *)packet.data, part) != NULL;
}

/* A job with a terminal: its size, the sizes of its viewers, its screen, what it shows afterwards. */
START_TEST (terminal)
{
	struct pollfd none = { .fd = -1 };
	int a, b, fd;

	if ((fd = open ("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
		SKIP ("no terminal can be made");
		return;
	}
	close (fd);
	run ("stty -echo; stty size; printf '\\033[?2004h\\033[1mbold'; read x; until stty size | grep -q ^40; do :; "
	     "done; stty size; echo \"$x\"; sleep 1000",
		"{\"input\":true,\"tty\":{\"rows\":30,\"cols\":90}}");
	a = viewer ();
	ck_assert_ptr_nonnull (strstr ((char *)packet.data, "\"input\":true,\"tty\":[30,90]"));
	post (a, JOB_FOLLOW, 0, FOLLOW_LIVE);
	ck_assert_ptr_nonnull (strstr (read_output (a, "bold"), "30 90"));
	b = viewer ();
	post (b, JOB_FOLLOW, 0, FOLLOW_LIVE | FOLLOW_SCREEN);
	ck_assert (is_screen (b, "\033[0;1mbold"));
	ck_assert_ptr_nonnull (strstr ((char *)packet.data, "\033[?2004h"));
	post (b, JOB_RESIZE, 40, 100);
	post (b, JOB_INPUT_END, INPUT_APPEND, 0); /* a terminal has no end of input */
	post (b, JOB_PEEK, 0, 0);
	ck_assert (is_screen (b, "30 90\nbold\n"));
	send_input (a, INPUT_APPEND, "wo");
	send_input (b, INPUT_APPEND, "rd\n");
	read_output (b, "d");
	close (b);
	b = viewer ();
	ck_assert_ptr_nonnull (strstr ((char *)packet.data, "\"tty\":[40,100]"));
	do {
		post (b, JOB_PEEK, 0, 0);
		poll (&none, 1, 10);
	} while (!is_screen (b, "40 100"));
	post (b, JOB_STOP, 60000, 0); /* the shell ends by the hang-up, or by TERM */
	while (next_record (b) != JOB_END)
		;
	close (a);
	close (b);
	ck_assert_int_eq (over (), 0);
	ck_assert (outcome_has ("\"cancelled\""));
	given.replay = given.tty = true;
	fork_holder ();
	ck_assert_int_eq (next_record (first), JOB_HELLO);
	ck_assert_ptr_nonnull (strstr ((char *)packet.data, "\"state\":\"ended\""));
	ck_assert_ptr_nonnull (strstr ((char *)packet.data, "\"tty\":[40,100]"));
	ck_assert_int_eq (next_record (first), JOB_END);
	post (first, JOB_PEEK, 0, 0);
	ck_assert (is_screen (first, "40 100\n"));
	fd_close (&first);
	ck_assert_int_eq (waitpid (holder, NULL, 0), holder);
}
END_TEST

/* `pkill remexd` is not for a holder. */
START_TEST (signals_of_others)
{
	run ("read go", "{\"input\":true}");
	for (int i = 0; i < 3; i++)
		kill (holder, (int[]){ SIGTERM, SIGHUP, SIGINT }[i]);
	send_input (first, 0, "go\n");
	post (first, JOB_FOLLOW, 0, FOLLOW_LIVE);
	read_output (first, NULL);
	ck_assert_int_eq (over (), 0);
	ck_assert (outcome_has ("\"exit\":0"));
}
END_TEST

static void add_cases (TCase *tcase)
{
	fixture_add (tcase);
	tcase_add_test (tcase, output_and_outcome);
	tcase_add_test (tcase, alone_and_replay);
	tcase_add_test (tcase, never_started);
	tcase_add_test (tcase, cannot_start);
	tcase_add_test (tcase, viewers);
	tcase_add_test (tcase, slow_viewer);
	tcase_add_loop_test (tcase, durable_job, 0, 2);
	tcase_add_loop_test (tcase, durable_job_of_a_viewer_that_goes, 0, 2);
	tcase_add_test (tcase, input);
	tcase_add_loop_test (tcase, input_that_is_left_behind, 0, 2);
	tcase_add_loop_test (tcase, stopping, 0, 9);
	tcase_add_loop_test (tcase, deadline_of_a_stopped_holder, 0, 2); /* of the configuration, of the call */
	tcase_add_test (tcase, signals);
	tcase_add_loop_test (tcase, left_behind, 0, 2);
	tcase_add_test (tcase, stopped_while_output_is_waited_for);
	tcase_add_loop_test (tcase, deaths, 0, 3);
	tcase_add_test (tcase, terminal);
	tcase_add_test (tcase, signals_of_others);
}

CHECK_MAIN ("holder", add_cases)
