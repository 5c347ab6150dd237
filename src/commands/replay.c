/* remex replay - play a recording (remex(1)): asciicast v2, of remexd or of asciinema(1).
 *
 * At a terminal it plays with the recorded times. The terminal is raw meanwhile: what is typed is not shown, and neither are
 * the answers that the terminal gives to requests in the recording. Ctrl-C or q ends it; then the modes that the recording
 * has set are undone. Everywhere else, and with --no-wait, the output is written at once.
 *
 * The file is read line by line, also while it is still written. Nothing in the output is changed: a recording may do to the
 * terminal what the recorded program could.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/terminal_modes.h"
#include "cli/say.h"
#include "cli/terminal.h"
#include "commands/commands.h"
#include "record/asciicast_reader.h"

enum {
	READ_PIECE = 64 * 1024,
	WRITE_PIECE = 4096, /* written to a terminal between two looks at the keyboard */
	LATE_MAX_MS = 3600 * 1000, /* the longest wait of one poll(2) */
	CTRL_C = 3,
};

struct replay_settings {
	const char *speed;
	double idle;
	bool at_once;
};

struct replay {
	const char *name; /* of the file, for messages */
	int fd;
	struct buf text; /* what was read and is not played yet */
	bool ended; /* of the file */
	long line; /* the number of the last one */
	struct asciicast_info info;

	double speed, idle; /* idle 0: pauses are as they were */
	double before; /* the time of the last event in the recording, in seconds */
	double played_ms; /* when that was due, since `start_ms` */
	int64_t start_ms; /* clock_ms */

	bool plays; /* with the recorded times */
	bool keys; /* standard input is the terminal, in raw mode */
	struct terminal terminal;
	struct terminal_modes modes; /* without `keys` */
	int signals; /* signalfd(2); -1: none */
};

/* --- the file ------------------------------------------------------------------------------------------------------ */

static int open_file (struct replay *replay)
{
	int tty;

	if (strcmp (replay->name, "-") != 0) {
		if ((replay->fd = open (replay->name, O_RDONLY | O_CLOEXEC | O_NOCTTY)) >= 0)
			return 0;
	} else if ((replay->fd = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0) {
		replay->name = "standard input";
		/* The keyboard is where the terminal is. */
		if (replay->plays && (tty = open ("/dev/tty", O_RDWR | O_CLOEXEC)) >= 0) {
			dup2 (tty, STDIN_FILENO);
			fd_close (&tty);
		}
		return 0;
	}
	complain (NULL, "%s: %s", replay->name, strerror (errno));
	return STATUS_REMEX;
}

/* The next line without its newline, valid until the next call. 1; 0 at the end; -1 (reported). */
static int next_line (struct replay *replay, const char **line, size_t *n, size_t *drop)
{
	size_t searched = 0;

	for (;;) {
		const uint8_t *head = buf_head (&replay->text), *newline;
		size_t there = buf_len (&replay->text);
		uint8_t *space;
		ssize_t got;

		newline = there > searched ? memchr (head + searched, '\n', there - searched) : NULL;
		searched = there;
		if (newline || (replay->ended && there)) {
			*line = (const char *)head;
			*n = newline ? (size_t)(newline - head) : there;
			*drop = *n + (newline != NULL);
			replay->line++;
			return 1;
		}
		if (replay->ended)
			return 0;
		if (!(space = buf_reserve (&replay->text, READ_PIECE))) {
			complain (NULL, "%s:%ld: the line is longer than %d MiB: this is no recording", replay->name,
				replay->line + 1, ASCIICAST_LINE_MAX / 1024 / 1024);
			return -1;
		}
		while ((got = read (replay->fd, space, READ_PIECE)) < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			complain (NULL, "%s: %s", replay->name, strerror (errno));
			return -1;
		}
		buf_commit (&replay->text, (size_t)got);
		replay->ended = got == 0;
	}
}

static int refuse (const struct replay *replay, const struct err *err)
{
	complain (NULL, "%s:%ld: %s", replay->name, replay->line, err->text);
	return STATUS_REMEX;
}

/* --- the terminal -------------------------------------------------------------------------------------------------- */

/* Has somebody ended the replay? Wait for that until `until_ms` (clock_ms; 0: do not wait). 0, or the exit status. */
static int wait_for_end (struct replay *replay, int64_t until_ms)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = replay->keys ? replay->terminal.input.fd : -1, .events = POLLIN },
			{ .fd = replay->signals, .events = POLLIN } };
		int64_t now = clock_ms (), left = until_ms > now ? until_ms - now : 0;
		struct signalfd_siginfo info;
		char typed[64];
		ssize_t n = 0;

		if (poll (fds, 2, (int)(left < LATE_MAX_MS ? left : LATE_MAX_MS)) == 0 && left < LATE_MAX_MS)
			return 0;
		if (fds[1].revents && read (replay->signals, &info, sizeof info) == sizeof info)
			return info.ssi_signo == SIGINT ? STATUS_CANCELLED : 128 + (int)info.ssi_signo;
		if (fds[0].revents)
			n = nowait_read (&replay->terminal.input, typed, sizeof typed);
		for (ssize_t i = 0; i < n; i++)
			if (typed[i] == CTRL_C || typed[i] == 'q')
				return STATUS_CANCELLED;
		if (fds[0].revents && (n == 0 || (n < 0 && errno != EAGAIN)))
			return 128 + SIGHUP; /* the terminal is gone */
	}
}

/* Begin to play: the keyboard, the signals. 0, or the exit status (reported). */
static int begin (struct replay *replay)
{
	struct err err;
	sigset_t set;

	replay->signals = -1;
	if (!replay->plays)
		return 0;
	if (isatty (STDIN_FILENO)) {
		if (terminal_open (&replay->terminal, &err) < 0) {
			complain (NULL, "%s", err.text);
			return STATUS_REMEX;
		}
		if (terminal_raw (&replay->terminal) < 0) {
			complain (NULL, "the terminal cannot be set: %s", strerror (errno));
			return STATUS_REMEX;
		}
		replay->keys = true;
	}
	sigemptyset (&set);
	sigaddset (&set, SIGINT);
	sigaddset (&set, SIGTERM);
	sigaddset (&set, SIGHUP);
	sigaddset (&set, SIGQUIT);
	sigprocmask (SIG_BLOCK, &set, NULL);
	replay->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	replay->start_ms = clock_ms ();
	return 0;
}

/* Undo what the recording has done to the terminal. May be called again. */
static void end (struct replay *replay)
{
	char bytes[TERMINAL_MODES_BYTES];

	if (replay->keys) {
		terminal_undo (&replay->terminal, true);
		terminal_flush (&replay->terminal);
	} else if (isatty (STDOUT_FILENO)) {
		fwrite (bytes, 1, terminal_modes_undo (&replay->modes, bytes), stdout);
		fflush (stdout);
		terminal_modes_init (&replay->modes);
	}
	replay->keys = false;
	terminal_close (&replay->terminal);
	fd_close (&replay->signals);
}

/* A terminal of another size shows another picture. */
static void compare_size (const struct replay *replay)
{
	int rows, cols;

	terminal_size (&replay->terminal, &rows, &cols);
	if (replay->plays && rows && cols && (rows < replay->info.rows || cols < replay->info.cols))
		complain (NULL,
			"the recording has %d columns and %d rows, and this terminal %d and %d: it may look wrong",
			replay->info.cols, replay->info.rows, cols, rows);
}

/* --- output -------------------------------------------------------------------------------------------------------- */

/* Write output in pieces. 0; the exit status when somebody has ended the replay; or -1: it cannot be written. */
static int write_output (struct replay *replay, const char *bytes, size_t n)
{
	int status = 0;

	if (replay->keys)
		terminal_follow (&replay->terminal, bytes, n);
	else
		terminal_modes_feed (&replay->modes, bytes, n);
	while (n && !status) {
		/* The terminal is raw: the newline of a command that had no terminal does not begin a line by itself. */
		bool carriage = replay->keys && !replay->info.term && *bytes == '\n';
		size_t some = n < WRITE_PIECE ? n : WRITE_PIECE;
		const char *newline = replay->keys && !replay->info.term ? memchr (bytes + 1, '\n', some - 1) : NULL;

		if (newline)
			some = (size_t)(newline - bytes);
		if (carriage && fputc ('\r', stdout) == EOF)
			return -1;
		if (fwrite (bytes, 1, some, stdout) != some || (replay->plays && fflush (stdout) == EOF))
			return -1;
		bytes += some;
		n -= some;
		if (replay->plays && n)
			status = wait_for_end (replay, 0);
	}
	return status;
}

/* Wait until the event is due. 0, or the exit status when somebody has ended the replay. */
static int wait_for_event (struct replay *replay, double seconds)
{
	double pause = seconds > replay->before ? seconds - replay->before : 0;

	if (replay->idle > 0 && pause > replay->idle)
		pause = replay->idle;
	replay->before = seconds;
	replay->played_ms = fmin (replay->played_ms + pause * 1000 / replay->speed, 1e15);
	return replay->plays ? wait_for_end (replay, replay->start_ms + (int64_t)replay->played_ms) : 0;
}

/* Play the lines behind the header. The exit status. */
static int play (struct replay *replay)
{
	struct asciicast_event event;
	const char *line;
	size_t n, drop;
	struct err err;
	int got, status = 0;

	while (!status && (got = next_line (replay, &line, &n, &drop)) != 0) {
		if (got < 0)
			return STATUS_REMEX;
		if (asciicast_read_event (line, n, &event, &err) < 0) {
			end (replay); /* so that the message stays */
			return refuse (replay, &err);
		}
		if (event.seconds >= 0)
			status = wait_for_event (replay, event.seconds);
		if (!status && event.kind == ASCIICAST_OUTPUT)
			status = write_output (replay, event.bytes, event.n);
		json_decref (event.json);
		buf_consume (&replay->text, drop);
	}
	return status < 0 ? 0 : status; /* finish () reports what could not be written */
}

/* --- the command --------------------------------------------------------------------------------------------------- */

/* A positive number, as 2 or 0.5. 0, or -1. */
static int parse_speed (const char *text, double *speed)
{
	size_t digits = strspn (text, "0123456789."), points = 0;

	for (const char *c = text; *c; c++)
		points += *c == '.';
	if (!*text || text[digits] || points > 1 || digits > 16)
		return -1;
	*speed = strtod (text, NULL);
	return *speed >= 0.001 && *speed <= 1000000 ? 0 : -1;
}

static int play_file (struct replay *replay, const struct replay_settings *settings)
{
	const char *line;
	size_t n, drop;
	struct err err;
	int got = next_line (replay, &line, &n, &drop), status;

	if (got < 0)
		return STATUS_REMEX;
	if (got == 0) {
		replay->line = 1;
		n = 0;
		line = "";
		drop = 0;
	}
	if (asciicast_read_header (line, n, &replay->info, &err) < 0)
		return refuse (replay, &err);
	buf_consume (&replay->text, drop);
	replay->idle = settings->idle > 0 ? settings->idle : replay->info.idle;
	compare_size (replay);
	if ((status = begin (replay)) == 0)
		status = play (replay);
	end (replay);
	return status;
}

static int run_replay (const struct subcommand *command, struct command_line *line)
{
	const struct replay_settings *settings = line->values;
	struct replay replay = {
		.fd = -1, .speed = 1, .plays = !settings->at_once && isatty (STDOUT_FILENO), .signals = -1
	};
	int status;

	if (!line->n_words)
		return usage_error (command, "the file of the recording is missing (-: standard input)");
	if (settings->speed && parse_speed (settings->speed, &replay.speed) < 0)
		return usage_error (command, "--speed: invalid speed '%s' (examples: 2, 0.5)", safe (settings->speed));
	replay.name = line->words[0];
	buf_init (&replay.text, ASCIICAST_LINE_MAX + READ_PIECE);
	if ((status = open_file (&replay)) == 0)
		status = play_file (&replay, settings);
	fd_close (&replay.fd);
	buf_free (&replay.text);
	return finish (status);
}

static const struct option replay_options[] = {
	{ "speed", 0, OPTION_TEXT, offsetof (struct replay_settings, speed), "N", "so many times as fast (2, 0.5)", 0 },
	{ "idle", 0, OPTION_SECONDS, offsetof (struct replay_settings, idle), "MAX",
		"no pause is longer than this time (2, 0.5)", 0 },
	{ "no-wait", 0, OPTION_FLAG, offsetof (struct replay_settings, at_once), NULL,
		"print the output at once, as when standard output is no terminal", 0 },
	{ "text", 0, OPTION_FLAG, offsetof (struct replay_settings, at_once), NULL, "the same", 0 },
	OPTION_ROW_HELP,
	{ 0 },
};

const struct subcommand cmd_replay = { "replay", "FILE", "Play a recording of a shell or a command", replay_options,
	WORDS_MIXED, 1, sizeof (struct replay_settings), run_replay };
