/* holder - see holder.h. One poll loop; job_streams.c moves the bytes of the command, viewers.c those of the viewers. */
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
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "job/holder.h"
#include "job/job_outcome.h"
#include "job/job_spool.h"
#include "job/job_streams.h"
#include "job/screen.h"
#include "job/viewers.h"
#include "proc/cgroup.h"
#include "proc/fork.h"
#include "proc/guard.h"
#include "proc/keeper.h"
#include "proc/process_tree.h"
#include "record/tape.h"
#include "wire/header.h"
#include "wire/records.h"
#include "wire/tty.h"
#include "worker/user.h"

enum {
	CALL = 1, /* the id of the only request in the worker's records */
	CALL_MAX = 4 * HEADER_CALL_MAX, /* bytes of header and attachment */
	PIECE = 256 * 1024, /* read from an outlet at once, */
	PIECE_SMALL = 64 * 1024, /* or, with a small cap, a part of it, but so much */
	BURST = 16, /* records of the worker, and pieces of input, in a row */
	LATE_MS = 500, /* how long to wait for the end of a pipe after its command has ended */
	KEEPER_LATE_MS = 5000, /* more than it needs, for a busy machine */
	WRITE_AGAIN_MS = 1000, /* between two tries to write the outcome, */
	WRITE_FOR_MS = 60 * 1000, /* and how long it is tried */
	PEEK_MAX = 64 * 1024, /* bytes at the end of the output in which lines are counted */
	REPLAY_MAX = 4 * 1024 * 1024, /* bytes of output that a screen is made from afterwards */
	REAP_MAX = 64,
};

enum phase { WAITING, RUNNING, STOPPING, DRAINING, ENDED };

/* What has ended the job, where it did not end by itself. */
enum stopped_by { BY_ITSELF, BY_STOP, BY_DEADLINE, BY_IDLE, BY_OUTPUT, BY_FAILURE, BY_RECORDING };

static struct held {
	struct holder *given;
	enum phase phase;
	enum stopped_by stopped_by;
	struct job_spool spool;
	struct viewers viewers;
	struct job_streams streams;
	struct tape tape; /* where the job is recorded */
	bool muted; /* its recording has failed, and it may not go on without: its output is dropped */
	struct screen *screen; /* NULL: no terminal, or no memory */
	int64_t marked; /* the offset of the last mark of its size */
	struct job_outcome outcome;
	char line[HOLDER_OUTCOME_MAX + 1];
	size_t line_n;

	char *call; /* header and attachment: until they are complete, and until the worker has them */
	size_t header_n, call_n, call_got, call_sent;
	struct call_limits limits;
	bool wait_output;

	int signals; /* signalfd(2) for SIGCHLD */
	pid_t keeper;
	int keeper_link, worker_link; /* -1: gone */
	int cgroup_kill;
	int account; /* the cgroup that counts what the job was refused: its own, or its scope; -1: there is none */
	bool keeper_reaped, worker_failed; /* worker_failed: it has said why it cannot start */

	int64_t started_ms, ended_ms; /* clock_ms, as all times; 0: not yet */
	int64_t paced_ms; /* durable: until when the viewer paces the job (viewers_pace) */
	int64_t deadline_ms, moved_ms; /* moved_ms: when a byte of the job last moved */
	int64_t late_ms; /* when output is not waited for any longer */
	int64_t keeper_late_ms; /* when the keeper must be gone */
	int64_t write_again_ms, write_until_ms;
} held;

static struct packet packet; /* the last of the worker or the keeper */
static uint8_t piece[PIECE];

static void begin (void);
static void start_failed (const struct err *err);

static int64_t since_start (void)
{
	return held.started_ms ? clock_ms () - held.started_ms : 0;
}

/* --- the keeper ---------------------------------------------------------------------------------------------------- */

/* As daemon/keeper_process.c does, except that a user cannot kill the keeper of root: at the end of its link it kills. */
static void order_keeper (uint32_t type, int64_t grace_ms)
{
	int64_t grace = grace_ms < 0 ? 0 : grace_ms < GUARD_GRACE_MAX ? grace_ms : GUARD_GRACE_MAX;
	int64_t when = clock_ms () + KEEPER_LATE_MS +
		       (type == REC_RELEASE ? (int64_t)KEEPER_LEAVE_MS : grace + (int64_t)GUARD_KILL_MS);

	if (held.keeper_link < 0)
		return;
	if (!held.keeper_late_ms || when < held.keeper_late_ms)
		held.keeper_late_ms = when;
	if (link_post (held.keeper_link, type, 0, grace_ms, 0, MSG_DONTWAIT) < 0 && errno != EPIPE)
		shutdown (held.keeper_link, SHUT_WR);
}

static void stop (enum stopped_by by, int64_t grace_ms)
{
	if (held.phase == RUNNING) {
		held.phase = STOPPING;
		held.stopped_by = by;
		order_keeper (REC_STOP, grace_ms);
	} else if (held.phase == STOPPING) {
		order_keeper (REC_STOP, grace_ms); /* it can only become shorter */
	} else if (held.phase == DRAINING && by == BY_STOP) {
		/* The command has ended by itself, and so did the job: its output is waited for no longer, and `pipe_held` is told. */
		held.wait_output = false;
		held.late_ms = clock_ms ();
	} else if (held.phase == DRAINING) {
		held.wait_output = false;
		job_streams_cut (&held.streams);
	}
}

static int64_t grace_of_config (void)
{
	return held.given->birth->config->limits.grace_ms;
}

/* The outcome is known, or nothing of it can come any more. */
static void drain (void)
{
	held.phase = DRAINING;
	held.ended_ms = clock_ms ();
	held.streams.input_over = true;
	held.viewers.takes_input = false;
	held.wait_output = held.wait_output && held.stopped_by == BY_ITSELF && !held.outcome.failed;
	if (!held.wait_output)
		held.late_ms = held.ended_ms + LATE_MS;
}

static void fail (enum code code, const char *text)
{
	held.outcome.failed = true;
	held.outcome.code = code;
	snprintf (held.outcome.text, sizeof held.outcome.text, "%s", text);
}

/* The outcome of a job that did not end by itself. */
static void decide (void)
{
	struct job_outcome *outcome = &held.outcome;

	if (held.stopped_by == BY_FAILURE) {
		fail (CODE_IO_ERROR,
			"remexd could not move all bytes of the command: its input or output may be incomplete");
		return;
	}
	if (held.stopped_by == BY_RECORDING) {
		char text[sizeof outcome->text];

		snprintf (text, sizeof text, "the recording of the job could not go on (%s), and the job was ended",
			strerror (held.tape.why.sys));
		fail (CODE_RECORDING_FAILED, text);
		return;
	}
	outcome->failed = false;
	*outcome->text = '\0';
	outcome->done.outcome = held.stopped_by == BY_STOP ? OUTCOME_CANCELLED : OUTCOME_TIMED_OUT;
	outcome->done.limit = held.stopped_by == BY_DEADLINE ? LIMIT_DEADLINE
			      : held.stopped_by == BY_IDLE   ? LIMIT_IDLE
			      : held.stopped_by == BY_OUTPUT ? LIMIT_OUTPUT
							     : LIMIT_NONE;
	outcome->done.limit_value = held.limits.value[outcome->done.limit];
}

/* Stop the job for that reason. A job whose command has ended well, and whose output is waited for, does not end as a success. */
static void stop_for (enum stopped_by by)
{
	if (held.phase == DRAINING && held.stopped_by == BY_ITSELF && !held.outcome.failed) {
		held.stopped_by = by;
		decide ();
	}
	stop (by, grace_of_config ());
}

/* The deadline of the job is over, says its clock or its keeper. */
static void pass_deadline (void)
{
	held.deadline_ms = 0;
	if (held.phase == DRAINING && job_streams_ended (&held.streams))
		return;
	stop_for (BY_DEADLINE);
}

/* A job that has lost bytes must not end as a success. */
static void check_streams (void)
{
	if (!held.streams.failed || held.stopped_by != BY_ITSELF)
		return;
	if (held.phase == RUNNING) {
		stop (BY_FAILURE, grace_of_config ());
	} else if (held.phase == DRAINING) {
		held.stopped_by = BY_FAILURE;
		decide ();
	}
}

/* --- output -------------------------------------------------------------------------------------------------------- */

static int stream_by_name (void *arg, const char *name, size_t n)
{
	(void)arg;
	return job_spool_stream (&held.spool, name, n);
}

/* More output has come than the job may have: the rest is dropped. */
static void stop_output (void)
{
	stop_for (BY_OUTPUT);
	job_streams_cut (&held.streams);
}

static void append (int stream, const void *bytes, size_t n)
{
	int64_t start = held.spool.start, room = held.limits.value[LIMIT_OUTPUT] - held.spool.end;
	bool over = held.limits.value[LIMIT_OUTPUT] && (int64_t)n > room;

	n = over ? (size_t)room : n;
	held.moved_ms = clock_ms ();
	job_spool_append (&held.spool, stream, bytes, n, since_start ());
	if (held.screen) {
		screen_feed (held.screen, bytes, n);
		if (held.spool.start != start && held.marked < held.spool.start) {
			held.marked = held.spool.end;
			job_spool_mark_size (&held.spool, held.viewers.rows, held.viewers.cols, since_start ());
		}
	}
	if (over)
		stop_output ();
}

/* Take output that is recorded. */
static void take_tape (void)
{
	const uint8_t *bytes;
	const char *name;
	size_t n;

	while ((bytes = tape_next (&held.tape, &name, &n))) {
		append (job_spool_stream (&held.spool, name, strlen (name)), bytes, n);
		tape_taken (&held.tape, n);
	}
}

static void move_tape (void)
{
	tape_go (&held.tape);
	if ((held.tape.state == TAPE_CUT || held.tape.state == TAPE_FAILED) && !held.tape.told) {
		held.tape.told = true;
		log_error (
			"the recording of a job was cut: %s. recording=%s", held.tape.why.text, held.given->recording);
	}
	take_tape ();
}

/* The recording has failed, and the job may not go on without. */
static void lose_recording (void)
{
	tape_drop (&held.tape);
	held.muted = true;
	stop_for (BY_RECORDING);
	job_streams_cut (&held.streams);
}

/* The link to the recorder is ready. */
static void go_on_recording (void)
{
	struct err err = { .code = CODE_RECORDING_UNAVAILABLE };
	enum tape_state before = held.tape.state;

	move_tape ();
	if (before == TAPE_OPENING && held.tape.state == TAPE_FAILED) {
		snprintf (err.text, sizeof err.text, "the job is to be recorded, and its recording cannot begin: %s",
			strerror (held.tape.why.sys));
		held.muted = true;
		start_failed (&err);
	} else if (before == TAPE_OPENING && held.tape.state != TAPE_OPENING) {
		begin ();
	} else if (held.tape.state == TAPE_FAILED && !held.muted) {
		lose_recording ();
	}
}

/* Has all that goes through the tape come out of it? */
static bool is_recorded (void)
{
	return !tape_waiting (&held.tape);
}

/* Is there room in the tape for what is read at once? */
static bool tape_is_full (void)
{
	return held.tape.state != TAPE_OFF && !held.muted && !tape_has_room (&held.tape, LINK_RECORD);
}

/* The job has written output. What is dropped is counted nowhere: it was not shown. A tape without room is waited for only
 * where the output cannot be left where it is. */
static void record_output (int stream, const uint8_t *bytes, size_t n)
{
	if (held.tape.state == TAPE_OFF) {
		append (stream, bytes, n);
		return;
	}
	while (n && held.tape.state != TAPE_FAILED) {
		size_t room = n;
		uint8_t *to = tape_begin (&held.tape, &room);

		if (to) {
			memcpy (to, bytes, room);
			tape_end (&held.tape, job_spool_stream_name (&held.spool, stream), room);
			bytes += room;
			n -= room;
		} else if (held.tape.state == TAPE_CUT) {
			take_tape ();
			append (stream, bytes, n); /* the tape has no memory */
			n = 0;
		} else if (held.tape.state != TAPE_FAILED) {
			struct pollfd fd = { .fd = held.tape.link, .events = tape_events (&held.tape) };

			poll (&fd, 1, clock_until (tape_time (&held.tape)));
		}
		move_tape ();
	}
	if (held.tape.state == TAPE_FAILED && !held.muted)
		lose_recording ();
}

/* Does output wait for the viewer? */
static bool is_held_up (void)
{
	return held.given->durable && held.phase == RUNNING &&
	       (held.paced_ms || job_spool_share (&held.spool, held.viewers.reached) >= 0.5);
}

/* Is output left where it is for now? */
static bool output_waits (void)
{
	return is_held_up () || tape_is_full ();
}

static void read_outlet (int i)
{
	int64_t most = held.spool.cap / 64, before = held.spool.end;
	ssize_t got;

	most = most < PIECE_SMALL ? PIECE_SMALL : most < PIECE ? most : PIECE;
	if (held.tape.state != TAPE_OFF && most > LINK_RECORD)
		most = LINK_RECORD; /* for which the tape has room */
	got = job_streams_read (&held.streams, i, piece, (size_t)most);
	if (got > 0) {
		record_output (held.streams.outlets[i].stream, piece, (size_t)got);
		if (held.tape.state == TAPE_OFF)
			job_spool_recall (&held.spool, piece, (size_t)(held.spool.end - before));
	}
	check_streams ();
}

/* --- the worker's records ------------------------------------------------------------------------------------------ */

/* Send the call as it came, as far as it goes: the worker may still be starting. */
static void send_call (void)
{
	while (held.call && held.worker_link >= 0 && held.tape.state != TAPE_OPENING) {
		size_t n = held.call_n - held.call_sent;

		n = n < LINK_PAYLOAD ? n : LINK_PAYLOAD;
		if (link_send (held.worker_link,
			    &(struct outgoing){
				    .record = { .type = REC_CALL,
					    .id = CALL,
					    .a = (int64_t)held.header_n,
					    .b = (int64_t)(held.call_n - held.header_n) },
				    .data = held.call + held.call_sent,
				    .n = n,
			    },
			    MSG_DONTWAIT) < 0)
			return; /* when the worker is dead, its keeper reports that */
		held.call_sent += n;
		if (held.call_sent == held.call_n) {
			free (held.call);
			held.call = NULL;
		}
	}
}

static void take_terminal (void)
{
	const struct record *record = &packet.record;
	struct job_outcome *outcome = &held.outcome;
	struct worker_state state;

	if (record->length < sizeof state)
		return;
	memcpy (&state, packet.data, sizeof state);
	outcome->done.usage = state.usage;
	if (held.phase != RUNNING)
		return; /* when the job is being stopped, the outcome has been decided */
	snprintf (outcome->text, sizeof outcome->text, "%.*s", (int)(record->length - sizeof state),
		(const char *)packet.data + sizeof state);
	outcome->failed = record->type == REC_FAIL;
	outcome->code = outcome->failed ? code_of (record->a) : CODE_NONE;
	outcome->done.outcome = record->a >= 0 && record->a < N_OUTCOMES ? (enum outcome)record->a : OUTCOME_COMPLETED;
	outcome->done.number = (int)record->b;
	if (state.limit > LIMIT_NONE && state.limit < N_CALL_LIMITS) {
		outcome->done.limit = (enum call_limit)state.limit;
		outcome->done.limit_value = held.limits.value[state.limit];
	}
	if (!record->id) {
		held.worker_failed = true; /* it leaves; its keeper reports that */
		return;
	}
	drain ();
	if (state.flags & WORKER_KILL)
		order_keeper (REC_STOP, 0);
	else
		order_keeper (REC_RELEASE, 0);
}

static void take_output (void)
{
	const struct record *record = &packet.record;
	size_t name = (size_t)record->a;
	int stream = -1;

	if (record->a > 0 && record->a <= record->length && text_is_name ((const char *)packet.data, name))
		stream = job_spool_stream (&held.spool, (const char *)packet.data, name);
	if (stream < 0)
		held.streams.failed = true;
	else
		record_output (stream, packet.data + name, record->length - name);
}

static void take_record (void)
{
	const struct record *record = &packet.record;

	if (record->id != CALL && !(record->type == REC_FAIL && !record->id))
		return;
	held.streams.failed |= packet.lost;
	switch (record->type) {
	case REC_OUTPUT: take_output (); break;
	case REC_STREAM: job_streams_add (&held.streams, &packet, stream_by_name, NULL); break;
	case REC_SINK: job_streams_set_sink (&held.streams, &packet); break;
	case REC_PULL:
		if (record->a > 0 && record->a <= LINK_RECORD && held.streams.pulled <= LINK_RECORD)
			held.streams.pulled += record->a;
		break;
	case REC_DONE:
	case REC_FAIL: take_terminal (); break;
	default: break;
	}
	check_streams ();
}

/* The link to the worker has ended: the keeper reports its death, and its reason. A worker that lives on cannot say how its call
 * ends. */
static void lose_worker_link (bool failed)
{
	fd_close (&held.worker_link);
	held.streams.worker = -1;
	if (held.phase != RUNNING)
		return;
	held.streams.failed |= failed;
	check_streams ();
	if (!failed)
		order_keeper (REC_STOP, grace_of_config ());
}

/* False: there is no more to read, now or at all. */
static bool read_worker (void)
{
	int got = held.worker_link < 0 ? 0 : link_recv (held.worker_link, &packet, MSG_DONTWAIT), saved = errno;

	if (got > 0)
		take_record ();
	packet_close (&packet);
	if (held.worker_link >= 0 && (got == 0 || (got < 0 && saved != EAGAIN)))
		lose_worker_link (got < 0 && saved != ECONNRESET);
	return got > 0;
}

/* --- deaths -------------------------------------------------------------------------------------------------------- */

static void note_reaped (pid_t pid, int status, void *arg)
{
	(void)status;
	(void)arg;
	held.keeper_reaped |= pid == held.keeper;
}

/* Reap what has ended. A user can stop the processes of a daemon of its own: its keeper is continued. */
static void reap (void)
{
	struct signalfd_siginfo info;
	ssize_t ignored = read (held.signals, &info, sizeof info);
	int status;
	pid_t pid;

	(void)ignored;
	for (int i = 0; i < REAP_MAX && (pid = waitpid (-1, &status, WNOHANG | WUNTRACED | __WALL)) > 0; i++)
		if (!WIFSTOPPED (status))
			note_reaped (pid, status, NULL);
		else if (pid == held.keeper)
			kill (pid, SIGCONT);
}

static void crash (int64_t how, int64_t n)
{
	const char *word = how == GONE_SIGNALLED ? signal_word ((int)n) : NULL;
	char text[128];

	if (held.worker_failed)
		return; /* the reason is known */
	if (how == GONE_EXITED && n == GONE_UNBORN) {
		fail (CODE_BUSY, "no worker can be made: its process could not be started");
		return;
	}
	if (how == GONE_SIGNALLED)
		snprintf (text, sizeof text, "the worker of the job died of SIG%s", word ? word : "?");
	else
		snprintf (text, sizeof text, "the plugin ended the worker of the job with status %lld", (long long)n);
	fail (CODE_PLUGIN_CRASHED, text);
}

/* The keeper is gone, and all that it has not let go, or (`lost`) it was killed. */
static void lose_keeper (bool lost, int64_t how, int64_t n, int64_t survivors)
{
	fd_close (&held.keeper_link);
	held.keeper_late_ms = 0;
	while (read_worker ())
		;
	fd_close (&held.worker_link);
	held.streams.worker = -1;
	if (lost) {
		log_warning ("the keeper of a job died before its worker: all processes of the job are killed");
		survivors = tree_kill (held.cgroup_kill, GUARD_KILL_MS, note_reaped, NULL);
	}
	if (held.phase == DRAINING && !lost) {
		held.outcome.left = survivors;
		return;
	}
	held.outcome.done.survivors = survivors;
	if (held.phase == STOPPING)
		decide ();
	else if (held.phase == RUNNING && lost)
		fail (CODE_INTERNAL, "the keeper of the job was killed, and the job with it");
	else if (held.phase == RUNNING)
		crash (how, n);
	if (held.phase != DRAINING)
		drain ();
}

static void read_keeper (void)
{
	int64_t survivors = 0;
	int got = link_recv (held.keeper_link, &packet, MSG_DONTWAIT);

	packet_close (&packet);
	if (got < 0 && errno == EAGAIN)
		return;
	if (got > 0 && packet.record.type == REC_KEEPER_GONE && packet.record.length == sizeof survivors) {
		memcpy (&survivors, packet.data, sizeof survivors);
		lose_keeper (false, packet.record.a, packet.record.b, survivors);
	} else if (got > 0 && packet.record.type == REC_KEEPER_DEADLINE) {
		pass_deadline ();
	} else {
		lose_keeper (true, 0, 0, 0);
	}
}

/* A keeper that does not obey: at the end of its link it kills; and then it is not waited for. */
static void force_keeper (int64_t now)
{
	if (!held.keeper_late_ms || now < held.keeper_late_ms)
		return;
	log_warning ("the keeper of a job does not act in time");
	if (shutdown (held.keeper_link, SHUT_RDWR) < 0 || held.outcome.done.survivors < 0) {
		lose_keeper (true, 0, 0, 0);
		return;
	}
	held.outcome.done.survivors = -1;
	held.keeper_late_ms = now + GUARD_KILL_MS + KEEPER_LATE_MS;
}

/* --- calls of the viewers ------------------------------------------------------------------------------------------ */

static void on_signal (void *arg, int signo)
{
	(void)arg;
	/* Before there is a command, a signal that would end the command ends the job. */
	if (held.phase == RUNNING && held.call) {
		if (signo == SIGINT || signo == SIGTERM || signo == SIGHUP || signo == SIGQUIT || signo == SIGKILL)
			stop (BY_STOP, grace_of_config ());
	} else if (held.phase == RUNNING && held.worker_link >= 0) {
		link_post (held.worker_link, REC_SIGNAL, CALL, signo, 0, MSG_DONTWAIT);
	}
}

static void on_resize (void *arg, int rows, int cols)
{
	(void)arg;
	if (!held.viewers.has_tty || held.phase >= DRAINING || (rows == held.viewers.rows && cols == held.viewers.cols))
		return;
	held.viewers.rows = rows;
	held.viewers.cols = cols;
	if (held.screen)
		screen_resize (held.screen, rows, cols);
	held.marked = held.spool.end;
	job_spool_mark_size (&held.spool, rows, cols, since_start ());
	tape_resize (&held.tape, rows, cols);
	if (held.worker_link >= 0)
		link_post (held.worker_link, REC_RESIZE, CALL, rows, cols, MSG_DONTWAIT);
}

static void on_stop (void *arg, int64_t grace_ms)
{
	(void)arg;
	stop (BY_STOP, grace_ms);
}

/* The last lines of the output, as they came. */
static void draw_lines (int64_t lines, struct buf *out)
{
	struct spool_place place = { .offset = held.spool.end > PEEK_MAX ? held.spool.end - PEEK_MAX : 0 };
	struct spool_read read;
	enum spool_piece what;
	size_t at;

	job_spool_recall (&held.spool, NULL, 0); /* `piece` is needed */
	while ((what = job_spool_read (&held.spool, &place, SPOOL_ALL, piece, sizeof piece, &read)) != SPOOL_END)
		if (what == SPOOL_DATA && buf_append (out, piece, (size_t)read.n) < 0)
			return;
	for (at = buf_len (out); at > 0 && lines >= 0; at--)
		/* The newline at the end ends the last line, and begins none. */
		if (buf_head (out)[at - 1] == '\n' && at < buf_len (out) && --lines <= 0)
			break;
	buf_consume (out, at);
}

static void on_draw (void *arg, bool text, int64_t lines, struct buf *out)
{
	(void)arg;
	if (!held.screen && text)
		draw_lines (lines, out);
	else if (held.screen && text)
		screen_text (held.screen, out);
	else if (held.screen)
		screen_redraw (held.screen, out);
}

/* --- the start ----------------------------------------------------------------------------------------------------- */

static void start_recording (const struct tty *tty)
{
	struct holder *given = held.given;
	char title[256];
	struct asciicast_head head = { .timestamp = time (NULL), .command = given->command, .title = title };

	if (!given->recording)
		return;
	snprintf (title, sizeof title, "%s as %s, job %s", given->you, given->user, given->id);
	if (tty->wanted) {
		head.rows = tty->rows;
		head.cols = tty->cols;
		head.term = *tty->term ? tty->term : "dumb";
	}
	if (given->recorder >= 0)
		tape_open (&held.tape, given->recorder, given->recording, &head, given->record_refuse);
	given->recorder = -1;
}

/* Take the parts of the header that concern the holder. */
static int read_header (const json_t *header, struct err *err)
{
	int64_t *deadline = &held.limits.value[LIMIT_DEADLINE];
	struct tty tty;

	if (header_seconds (header, "deadline", deadline, err) < 0 ||
		header_seconds (header, "idle", &held.limits.value[LIMIT_IDLE], err) < 0 ||
		call_limits_read (&held.limits, json_object_get (header, "limits"), err) < 0 ||
		tty_read (header, NULL, &tty, err) < 0)
		return -1;
	call_limits_lower (&held.limits, &held.given->limits);
	held.deadline_ms = *deadline ? held.started_ms + *deadline : 0;
	/* A process of the job can hold this process up (job_streams.h), but not the keeper. */
	if (held.deadline_ms)
		link_post (held.keeper_link, REC_KEEPER_DEADLINE, 0, held.deadline_ms, 0, MSG_DONTWAIT);
	held.wait_output = json_is_true (json_object_get (header, "wait_output"));
	held.viewers.takes_input = json_is_true (json_object_get (header, "input"));
	held.viewers.has_tty = tty.wanted;
	if (tty.wanted) {
		held.viewers.rows = tty.rows;
		held.viewers.cols = tty.cols;
		held.screen = screen_new (tty.rows, tty.cols);
		job_spool_mark_size (&held.spool, tty.rows, tty.cols, 0);
	}
	start_recording (&tty);
	return 0;
}

/* The descriptors that the worker gets through the keeper: of the log and the plugins. */
static size_t worker_fds (const struct worker_birth *birth, int fds[KEEPER_FDS])
{
	size_t n = 0;

	if (birth->log >= 0)
		fds[n++] = birth->log;
	for (size_t i = 0; i < birth->files->n_items && n < KEEPER_FDS; i++)
		if (birth->files->items[i].fd >= 0)
			fds[n++] = birth->files->items[i].fd;
	return n;
}

static int fork_keeper (struct err *err)
{
	int fds[KEEPER_FDS], kept[KEEPER_FDS + 4], keeper[2], worker[2];
	int64_t deadline = held.given->limits.value[LIMIT_DEADLINE];
	struct keeper arg = {
		.cgroup = held.given->cgroup,
		.left = held.given->left,
		.crash_grace_ms = (int)grace_of_config (),
		.deadline_ms = deadline ? held.started_ms + deadline : 0,
		.worker_fds = fds,
		.n_worker_fds = worker_fds (held.given->birth, fds),
		.worker = worker_run,
		.arg = held.given->birth,
	};
	size_t n = arg.n_worker_fds;

	if (link_pair (keeper) < 0)
		return err_sys (err, CODE_BUSY, "no keeper can be made");
	if (link_pair (worker) < 0) {
		err_sys (err, CODE_BUSY, "no keeper can be made");
		fd_close (&keeper[0]);
		fd_close (&keeper[1]);
		return -1;
	}
	memcpy (kept, fds, n * sizeof *fds);
	kept[n++] = arg.link = keeper[1];
	kept[n++] = arg.worker_link = worker[1];
	kept[n++] = arg.cgroup;
	kept[n++] = arg.left;
	held.keeper = fork_run ("remexd-keeper", kept, n, keeper_run, &arg);
	if (held.keeper < 0) {
		err_sys (err, CODE_BUSY, "no keeper can be made");
		fd_close (&keeper[0]);
		fd_close (&worker[0]);
	} else {
		held.keeper_link = keeper[0];
		held.worker_link = worker[0];
	}
	fd_close (&keeper[1]);
	fd_close (&worker[1]);
	return held.keeper < 0 ? -1 : 0;
}

/* What is not needed any more once the keeper is forked, and must not be kept from an unmount. */
static void close_given (void)
{
	struct worker_birth *birth = held.given->birth;

	for (size_t i = 0; i < birth->files->n_items; i++)
		fd_close (&birth->files->items[i].fd);
	fd_close (&birth->log);
	fd_close (&held.given->cgroup);
	fd_close (&held.given->left);
}

static int become_user (struct err *err)
{
	struct user user;
	int result;

	if (user_look_up (&user, held.given->birth->uid, err) < 0)
		return -1;
	result = user_become (&user, err);
	user_free (&user);
	return result;
}

/* Fork the keeper, become the user, and only then read what the user has sent. On failure nothing of the job runs, or will not
 * for long. */
static int start (struct err *err)
{
	struct err refused = { 0 };
	json_t *header;
	int result;

	held.cgroup_kill = held.given->cgroup >= 0 ? cgroup_kill_open (held.given->cgroup) : -1;
	held.account =
		held.given->cgroup >= 0 ? fcntl (held.given->cgroup, F_DUPFD_CLOEXEC, 3) : cgroup_open_own_scope ();
	result = fork_keeper (err);
	close_given ();
	if (become_user (&refused) < 0) {
		/* As root no viewer is served. The end of its link makes the keeper kill. */
		log_error ("the holder of a job cannot become its user: %s", refused.text);
		_exit (HOLDER_FAILED);
	}
	if (result < 0)
		return -1;
	header = header_parse (held.call, held.header_n, HEADER_CALL_TOKENS, NULL, err);
	result = header ? read_header (header, err) : -1;
	json_decref (header);
	return result;
}

/* The job could not start. Its processes, if there are any, are killed: their keeper's link ends. */
static void start_failed (const struct err *err)
{
	fail (err->code ? (enum code)err->code : CODE_INTERNAL, err->text);
	log_error ("a job could not start: %s", err->text);
	free (held.call);
	held.call = NULL; /* the worker does not get it */
	if (held.keeper_link >= 0) {
		shutdown (held.keeper_link, SHUT_WR);
		held.keeper_late_ms = clock_ms () + GUARD_KILL_MS + KEEPER_LATE_MS;
	}
	drain ();
}

/* Nothing keeps the job from its start any more. */
static void begin (void)
{
	held.viewers.running = true;
	send_call ();
}

static void on_call (void *arg, const struct packet *piece_of_call)
{
	const struct record *record = &piece_of_call->record;
	struct err err = { 0 };

	(void)arg;
	if (held.phase != WAITING || record->a < 0 || record->a > CALL_MAX || record->b < 0 ||
		record->b > CALL_MAX - record->a)
		return;
	if (!held.call) {
		held.header_n = (size_t)record->a;
		held.call_n = (size_t)(record->a + record->b);
		if (!(held.call = malloc (held.call_n + 1)))
			return;
	}
	if (record->length > held.call_n - held.call_got)
		return;
	memcpy (held.call + held.call_got, piece_of_call->data, record->length);
	held.call_got += record->length;
	if (held.call_got < held.call_n)
		return;
	held.started_ms = held.moved_ms = clock_ms ();
	if (start (&err) < 0) {
		start_failed (&err);
		return;
	}
	held.phase = RUNNING;
	job_streams_init (&held.streams, held.worker_link);
	if (held.tape.state == TAPE_OPENING)
		return;
	if (held.tape.state == TAPE_FAILED)
		go_on_recording ();
	else
		begin ();
}

static const struct viewer_ops ops = {
	.call = on_call,
	.signal = on_signal,
	.resize = on_resize,
	.stop = on_stop,
	.draw = on_draw,
};

/* --- the end ------------------------------------------------------------------------------------------------------- */

static void end (void)
{
	held.phase = ENDED;
	held.write_again_ms = 0;
	held.viewers.ended = true;
	held.viewers.outcome = held.line;
}

/* A job that did not end well may have been ended by a limit that its cgroup holds. */
static void name_limit (void)
{
	struct job_outcome *outcome = &held.outcome;
	struct cgroup_events events;

	if (held.account < 0)
		return;
	cgroup_read_events (held.account, &events);
	job_outcome_name_limit (outcome, &held.limits, &events);
}

static void make_line (void)
{
	struct job_outcome *outcome = &held.outcome;

	name_limit ();
	outcome->done.seconds = (double)(held.ended_ms - held.started_ms) / 1000;
	outcome->done.pipe_held = held.streams.pipe_held;
	outcome->bytes = held.spool.end;
	outcome->cut = held.spool.missing;
	outcome->input = held.viewers.taken;
	/* Nothing is said of a job that has not come as far as its recording. */
	if (held.given->recording && outcome->code != CODE_RECORDING_UNAVAILABLE &&
		(held.tape.state != TAPE_OFF || held.viewers.running))
		outcome->recording = held.tape.state == TAPE_ON ? "complete" : "cut";
	job_spool_settle (&held.spool);
	held.line_n = job_outcome_line (outcome, held.line);
	held.write_until_ms = clock_ms () + WRITE_FOR_MS;
}

/* Write the outcome when all is there that belongs to it. */
static void finish (int64_t now)
{
	if (held.phase != DRAINING || !job_streams_ended (&held.streams) || !is_recorded () || held.keeper_link >= 0 ||
		now < held.write_again_ms)
		return;
	if (held.keeper > 0 && !held.keeper_reaped) {
		/* It has reported, and exits: its rusage is part of the line. */
		if (!held.keeper_late_ms)
			held.keeper_late_ms = now + KEEPER_LATE_MS;
		if (now < held.keeper_late_ms)
			return;
		held.keeper_late_ms = 0;
	}
	if (!held.line_n)
		make_line ();
	if (job_outcome_write (held.given->outcome, held.line, held.line_n) == 0) {
		end ();
	} else if (now >= held.write_until_ms) {
		log_error ("the outcome of a job cannot be written: %s: %s", strerror (errno), held.line);
		end ();
		held.line_n = 0;
	} else {
		held.write_again_ms = now + WRITE_AGAIN_MS;
	}
}

/* --- the loop ------------------------------------------------------------------------------------------------------ */

/* Does the time of the idle limit run? */
static bool idles (void)
{
	return held.limits.value[LIMIT_IDLE] && (held.phase == RUNNING || (held.phase == DRAINING && held.wait_output));
}

/* Handle the times that have passed. Returns the next one, or 0. */
static int64_t handle_times (int64_t now)
{
	bool runs = held.phase == RUNNING || (held.phase == DRAINING && !job_streams_ended (&held.streams));
	int64_t next = 0;

	if (runs && held.deadline_ms && now >= held.deadline_ms)
		pass_deadline ();
	if (is_held_up ())
		held.moved_ms = now; /* it is the viewer that idles */
	if (idles () && now >= held.moved_ms + held.limits.value[LIMIT_IDLE]) {
		if (held.phase == DRAINING) {
			held.stopped_by = BY_IDLE;
			decide ();
		}
		stop (BY_IDLE, grace_of_config ());
	}
	if (held.late_ms && now >= held.late_ms) {
		held.late_ms = 0;
		job_streams_late (&held.streams);
		for (int i = 0; i < held.streams.n; i++)
			while (held.streams.outlets[i].from.fd >= 0 && held.streams.outlets[i].owed >= 0)
				read_outlet (i);
	}
	if (held.keeper_link >= 0)
		force_keeper (now);
	finish (now);
	if (held.phase == ENDED)
		next = viewers_drop_late (&held.viewers, now);
	if (held.phase == RUNNING || held.phase == DRAINING)
		next = clock_earlier (next, held.deadline_ms);
	if (idles ())
		next = clock_earlier (next, held.moved_ms + held.limits.value[LIMIT_IDLE]);
	next = clock_earlier (next, held.late_ms);
	next = clock_earlier (next, tape_time (&held.tape));
	next = clock_earlier (next, held.keeper_late_ms);
	return clock_earlier (next, held.write_again_ms);
}

static void accept_viewers (void)
{
	int fd;

	while ((fd = accept4 (held.given->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		viewers_add (&held.viewers, fd);
}

static void move_input (void)
{
	for (int i = 0; i < BURST; i++) {
		const uint8_t *bytes;
		size_t n = 0, done;
		bool ended;

		if ((bytes = viewers_input (&held.viewers, &n, &ended))) {
			if (!(done = job_streams_write (&held.streams, bytes, n)))
				return;
			held.moved_ms = clock_ms ();
			viewers_taken (&held.viewers, done);
			held.viewers.takes_input = !held.streams.input_over;
		} else {
			/* A terminal's input does not end. */
			if (ended && !held.viewers.has_tty && job_streams_end_input (&held.streams))
				held.viewers.takes_input = false;
			return;
		}
	}
	held.viewers.more = true;
}

enum { FD_SIGNALS, FD_KEEPER, FD_WORKER, FD_LISTENER, FD_TAPE, FD_STREAMS, FD_VIEWERS = FD_STREAMS + JOB_OUTLETS + 1 };
enum { N_FDS = FD_VIEWERS + HOLDER_VIEWERS };

static void handle_ready (const struct pollfd *fds, int64_t now)
{
	if (fds[FD_SIGNALS].revents)
		reap ();
	if (fds[FD_TAPE].revents)
		go_on_recording ();
	if (fds[FD_WORKER].revents & POLLOUT)
		send_call ();
	/* First the keeper: a command that it has stopped at the deadline has not ended by itself. */
	if (fds[FD_KEEPER].revents && held.keeper_link >= 0)
		read_keeper ();
	for (int i = 0; i < BURST && fds[FD_WORKER].revents & ~POLLOUT && !output_waits () && read_worker (); i++)
		;
	for (int i = 0; i < JOB_OUTLETS; i++)
		if (fds[FD_STREAMS + i].revents && !output_waits ())
			read_outlet (i);
	if (fds[FD_STREAMS + JOB_OUTLETS].revents)
		held.streams.sink_full = false;
	viewers_ready (&held.viewers, fds + FD_VIEWERS, now);
	if (fds[FD_LISTENER].revents)
		accept_viewers ();
}

static int loop (void)
{
	for (;;) {
		struct pollfd fds[N_FDS] = { 0 };
		int64_t now = clock_ms (), next;

		viewers_go (&held.viewers, now);
		move_input ();
		if (tape_time (&held.tape) && now >= tape_time (&held.tape))
			go_on_recording ();
		held.paced_ms = held.given->durable ? viewers_pace (&held.viewers, now) : 0;
		next = clock_earlier (handle_times (now), held.paced_ms);
		if (held.phase == ENDED)
			viewers_go (&held.viewers, now);
		if (!viewers_count (&held.viewers) && (held.phase == ENDED || held.phase == WAITING)) {
			if (held.phase == WAITING)
				return HOLDER_NEVER;
			if (held.given->listener >= 0)
				accept_viewers ();
			if (!viewers_count (&held.viewers))
				return held.given->replay || held.line_n ? HOLDER_DONE : HOLDER_FAILED;
			continue;
		}
		fds[FD_SIGNALS] = (struct pollfd){ .fd = held.signals, .events = POLLIN };
		fds[FD_KEEPER] = (struct pollfd){ .fd = held.keeper_link, .events = POLLIN };
		fds[FD_WORKER] = (struct pollfd){ .fd = held.worker_link,
			.events = (short)((output_waits () ? 0 : POLLIN) |
					  (held.call && held.tape.state != TAPE_OPENING ? POLLOUT : 0)) };
		fds[FD_LISTENER] =
			(struct pollfd){ .fd = held.phase == WAITING ? -1 : held.given->listener, .events = POLLIN };
		fds[FD_TAPE] = (struct pollfd){ .fd = tape_events (&held.tape) ? held.tape.link : -1,
			.events = tape_events (&held.tape) };
		job_streams_poll (&held.streams, fds + FD_STREAMS, !output_waits ());
		viewers_poll (&held.viewers, fds + FD_VIEWERS);
		if (poll (fds, N_FDS, held.viewers.more ? 0 : clock_until (next)) < 0) {
			if (errno != EINTR && errno != EAGAIN && errno != ENOMEM)
				return HOLDER_FAILED;
			continue;
		}
		handle_ready (fds, clock_ms ());
	}
}

/* --- the process --------------------------------------------------------------------------------------------------- */

/* Make the screen from the output that is kept. */
static void replay_screen (void)
{
	struct spool_place place = { .offset = held.spool.end > REPLAY_MAX ? held.spool.end - REPLAY_MAX : 0 };
	struct spool_read read;
	enum spool_piece what;

	held.viewers.has_tty = held.given->tty;
	if (!held.given->tty || !(held.screen = screen_new (0, 0)))
		return;
	while ((what = job_spool_read (&held.spool, &place, SPOOL_ALL | SPOOL_MARKS, piece, sizeof piece, &read)) !=
		SPOOL_END)
		if (what == SPOOL_DATA) {
			screen_feed (held.screen, piece, (size_t)read.n);
		} else if (what == SPOOL_SIZE) {
			held.viewers.rows = read.rows;
			held.viewers.cols = read.cols;
			screen_resize (held.screen, read.rows, read.cols);
		}
}

static int set_up_replay (struct err *err)
{
	close_given ();
	if (become_user (err) < 0 || job_spool_open (&held.spool, held.given->output, held.given->index, err) < 0)
		return -1;
	replay_screen ();
	job_outcome_read (held.given->outcome, held.line);
	held.viewers.running = true;
	end ();
	return 0;
}

static int set_up (struct err *err)
{
	int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t set;

	setsid ();
	umask (077);
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGQUIT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	sigemptyset (&set);
	sigaddset (&set, SIGCHLD);
	sigprocmask (SIG_BLOCK, &set, NULL);
	if (null < 0 || dup2 (null, 0) < 0 || dup2 (null, 1) < 0 || chdir ("/") < 0 ||
		prctl (PR_SET_CHILD_SUBREAPER, 1) < 0 ||
		(held.signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return err_sys (err, CODE_INTERNAL, "cannot set up the holder of a job");
	if (held.given->birth->log == WORKER_NO_LOG)
		dup2 (null, 2);
	else if (held.given->birth->log >= 0)
		log_redirect (held.given->birth->log);
	close (null);
	viewers_init (&held.viewers, &ops, NULL, &held.spool);
	if (held.given->replay)
		return set_up_replay (err);
	fd_nonblock (held.given->listener, true);
	/* The credentials of its connections are those of the process that called listen(2) last: a later supervisor finds this
	 * process by them (daemon/jobs.h). */
	listen (held.given->listener, HOLDER_VIEWERS);
	/* Where connections get no place any more, by the pid of this lock, which is not inherited. NFS may refuse it. */
	fcntl (held.given->lock, F_SETLK, &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET });
	job_outcome_reserve (held.given->outcome);
	job_spool_begin (&held.spool, held.given->output, held.given->index, held.given->cap);
	return 0;
}

int holder_run (void *arg)
{
	struct err err = { 0 };
	int result;

	held = (struct held){
		.given = arg, .signals = -1, .keeper_link = -1, .worker_link = -1, .cgroup_kill = -1, .account = -1
	};
	job_streams_init (&held.streams, -1);
	log_setup ("remexd[job]", held.given->birth->config->log);
	if (set_up (&err) < 0) {
		log_error ("%s", err.text);
		return HOLDER_FAILED;
	}
	viewers_add (&held.viewers, held.given->first);
	result = loop ();
	viewers_free (&held.viewers);
	job_streams_free (&held.streams);
	tape_free (&held.tape);
	screen_free (held.screen);
	free (held.call);
	return result;
}

pid_t holder_fork (const struct holder *given)
{
	int fds[KEEPER_FDS + 9];
	size_t n = worker_fds (given->birth, fds);
	struct holder copy = *given; /* the forked process has a copy of it, too */

	_Static_assert(KEEPER_FDS + 9 <= FORK_KEEP, "all that a holder is given can be kept");
	fds[n++] = given->output;
	fds[n++] = given->index;
	fds[n++] = given->outcome;
	fds[n++] = given->lock;
	fds[n++] = given->listener;
	fds[n++] = given->first;
	fds[n++] = given->cgroup;
	fds[n++] = given->left;
	fds[n++] = given->recorder;
	return fork_run ("remexd-job", fds, n, holder_run, &copy);
}
