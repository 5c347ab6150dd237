/* console - see console.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/console.h"
#include "cli/status_line.h"

/* The writers bound the kept bytes: a window of one host, or one write of each of many hosts while nothing is kept. */
#define REST_MAX (SIZE_MAX / 2)

/* --- output ------------------------------------------------------------------------------------------------------ */

/* Consecutive bytes of output->rest that belong to one writer. */
struct piece {
	struct list node;
	struct writer *writer; /* NULL: it was forgotten */
	size_t n;
};

void output_init (struct output *output, int fd)
{
	*output = (struct output){ .to = { .fd = -1 }, .number = fd, .terminal = isatty (fd) };
	buf_init (&output->rest, REST_MAX);
	list_init (&output->pieces);
}

void output_close (struct output *output)
{
	struct piece *piece, *after;

	list_each_safe (piece, after, &output->pieces, node) {
		list_remove (&piece->node);
		free (piece);
	}
	nowait_close (&output->to);
	buf_free (&output->rest);
}

/* Write as much as possible now; returns how much. */
static size_t write_now (struct output *output, const uint8_t *bytes, size_t n)
{
	size_t done = 0;

	if (output->to.fd < 0) {
		output->to = nowait_of (output->number, O_WRONLY);
		nowait_own (&output->to, O_WRONLY);
	}
	while (done < n && !output->error) {
		ssize_t wrote = nowait_write (&output->to, bytes + done, n - done);

		if (wrote >= 0)
			done += (size_t)wrote;
		else if (errno == EAGAIN)
			break;
		else
			output->error = errno;
	}
	return output->error ? n : done;
}

/* n bytes of the rest are written or dropped: call their writers. */
static void settle (struct output *output, size_t n)
{
	while (n > 0 && !list_empty (&output->pieces)) {
		struct piece *piece = list_entry (output->pieces.next, struct piece, node);
		size_t done = piece->n < n ? piece->n : n;
		struct writer *writer = piece->writer;

		n -= done;
		piece->n -= done;
		if (!piece->n) {
			list_remove (&piece->node);
			free (piece);
		}
		if (writer)
			writer->written (writer, done);
	}
}

void output_flush (struct output *output)
{
	size_t done = write_now (output, buf_head (&output->rest), buf_len (&output->rest));

	buf_consume (&output->rest, done);
	settle (output, done);
}

/* Keep the bytes that could not be written: 0, or -1. */
static int keep (struct output *output, struct writer *writer, const uint8_t *bytes, size_t n)
{
	struct piece *last = list_entry (output->pieces.prev, struct piece, node);

	if (list_empty (&output->pieces) || last->writer != writer) {
		if (!(last = calloc (1, sizeof *last)))
			return -1;
		last->writer = writer;
		list_append (&output->pieces, &last->node);
	}
	last->n += n;
	return buf_append (&output->rest, bytes, n);
}

static size_t put (struct output *output, struct writer *writer, const void *bytes, size_t n)
{
	size_t now = 0;

	if (output_pending (output))
		output_flush (output);
	if (!output_pending (output))
		now = write_now (output, bytes, n);
	if (now == n || keep (output, writer, (const uint8_t *)bytes + now, n - now) == 0)
		return now;
	output->error = errno;
	return now;
}

size_t output_put (struct output *output, struct writer *writer, const void *bytes, size_t n)
{
	const char *erasure = output->terminal && n ? status_line_erase () : "";

	if (*erasure)
		put (output, NULL, erasure, strlen (erasure));
	if (n)
		output->within_line = ((const char *)bytes)[n - 1] != '\n';
	return put (output, writer, bytes, n);
}

bool output_is_busy (const struct output *output)
{
	return output->terminal && (output_pending (output) || output->within_line);
}

void output_draw (struct output *output, const char *text)
{
	char line[STATUS_LINE_BYTES];

	put (output, NULL, line, status_line_draw (line, text));
}

void output_forget (struct output *output, const struct writer *writer)
{
	struct piece *piece;

	list_each (piece, &output->pieces, node)
		if (piece->writer == writer)
			piece->writer = NULL;
}

bool output_pending (const struct output *output)
{
	return buf_len (&output->rest) > 0;
}

/* --- input ------------------------------------------------------------------------------------------------------- */

bool input_is_closed (void)
{
	return (fcntl (STDIN_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY;
}

bool input_is_null (void)
{
	struct stat status;

	return fstat (STDIN_FILENO, &status) == 0 && S_ISCHR (status.st_mode) && status.st_rdev == makedev (1, 3);
}

void input_init (struct input *input, bool wanted)
{
	struct stat status;

	*input = (struct input){ .from = { .fd = STDIN_FILENO }, .none = true };
	if (!wanted || isatty (STDIN_FILENO))
		return;
	if (fstat (STDIN_FILENO, &status) < 0) {
		input->error = errno;
		return;
	}
	if (input_is_null ())
		return;
	input->none = false;
	if (!(input->bytes = malloc (CONSOLE_INPUT))) {
		input->error = errno;
		return;
	}
	input->open = true;
	input->from = nowait_of (STDIN_FILENO, O_RDONLY);
	nowait_own (&input->from, O_RDONLY);
	while (S_ISREG (status.st_mode) && input->first < CONSOLE_INPUT && input->open) {
		ssize_t got = nowait_read (&input->from, input->bytes + input->first, CONSOLE_INPUT - input->first);

		if (got > 0)
			input->first += (size_t)got;
		else
			input->open = false;
		if (got < 0)
			input->error = errno;
	}
}

void input_close (struct input *input)
{
	nowait_close (&input->from);
	free (input->bytes);
	input->bytes = NULL;
	input->open = false;
}

bool input_ready_always (const struct input *input)
{
	return input->from.way == NOWAIT_PLAIN;
}

void input_fail (struct input *input, int error)
{
	input->open = false;
	input->error = error;
}

size_t input_read (struct input *input, size_t n)
{
	ssize_t got = nowait_read (&input->from, input->bytes, n < CONSOLE_INPUT ? n : CONSOLE_INPUT);

	if (got > 0)
		return (size_t)got;
	if (got < 0 && errno != EAGAIN)
		input_fail (input, errno);
	else if (got == 0)
		input->open = false;
	return 0;
}

char *console_read_all (void *context, size_t max, size_t *n, struct err *err)
{
	(void)context;
	return fd_read_all (STDIN_FILENO, max, n, err);
}

/* --- signals ----------------------------------------------------------------------------------------------------- */

static int ends[2] = { -1, -1 };
static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
static const int forwarded[] = { SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH };
static volatile sig_atomic_t late; /* the signal with which on_late ends the process */
static volatile sig_atomic_t continued; /* CONT came */
static bool forwarding;

enum { N_CAUGHT = sizeof caught / sizeof *caught, N_FORWARDED = sizeof forwarded / sizeof *forwarded };

static struct sigaction before[N_CAUGHT], before_forwarded[N_FORWARDED];

static void on_late (int signo)
{
	(void)signo;
	signal (late, SIG_DFL);
	raise (late);
}

static void on_signal (int signo)
{
	unsigned char byte = (unsigned char)signo;
	int saved = errno;

	/* The loop that handles signals may be blocked in a write(2), which is restarted, while its
	 * reader has stopped: set an alarm. */
	if ((signo == SIGTERM || signo == SIGHUP) && !late) {
		late = signo;
		alarm (CONSOLE_LATE);
	}
	if (signo == SIGCONT)
		continued = 1;
	/* The pipe is full: hundreds of signals are waiting, and one more makes no difference. */
	if (write (ends[1], &byte, 1) < 0)
		errno = saved;
}

/* Catch these signals, except those that are ignored; `old`: what was done with each before. */
static void catch (const int *signals, int n, struct sigaction *old)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	for (int i = 0; i < n; i++) {
		sigaction (signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction (signals[i], &action, NULL);
	}
}

static void release (const int *signals, int n, const struct sigaction *old)
{
	for (int i = 0; i < n; i++)
		sigaction (signals[i], &old[i], NULL);
}

int console_catch_signals (void)
{
	struct sigaction end = { .sa_handler = on_late };

	if (ends[0] >= 0)
		return ends[0];
	if (pipe2 (ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	sigaction (SIGALRM, &end, NULL);
	catch (caught, N_CAUGHT, before);
	return ends[0];
}

bool console_forward (bool on)
{
	bool was = forwarding;

	if (ends[0] < 0 || on == was)
		return was;
	forwarding = on;
	if (on)
		catch (forwarded, N_FORWARDED, before_forwarded);
	else
		release (forwarded, N_FORWARDED, before_forwarded);
	return was;
}

bool console_stop (bool group)
{
	struct sigaction now;

	sigaction (SIGTSTP, NULL, &now);
	if (now.sa_handler == SIG_IGN)
		return false;
	continued = 0;
	signal (SIGTSTP, SIG_DFL);
	if (group)
		kill (0, SIGTSTP);
	else
		raise (SIGTSTP);
	sigaction (SIGTSTP, &now, NULL);
	return continued;
}

int console_signals (void)
{
	return ends[0];
}

int console_signal (void)
{
	unsigned char byte;

	return ends[0] >= 0 && read (ends[0], &byte, 1) == 1 ? byte : 0;
}

void console_release_signals (void)
{
	if (ends[0] < 0)
		return;
	console_forward (false);
	release (caught, N_CAUGHT, before);
	fd_close (&ends[0]);
	fd_close (&ends[1]);
}

/* --- the person -------------------------------------------------------------------------------------------------- */

bool console_can_ask (void)
{
	return isatty (STDIN_FILENO) && isatty (STDERR_FILENO);
}

bool console_answer (char *answer, size_t size)
{
	struct pollfd fds[] = {
		{ .fd = ends[0], .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	ssize_t n;

	while (poll (fds, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	if (fds[0].revents || (n = read (STDIN_FILENO, answer, size - 1)) <= 0) {
		fputc ('\n', stderr);
		return false;
	}
	answer[n] = '\0';
	answer[strcspn (answer, "\r\n")] = '\0';
	return true;
}
