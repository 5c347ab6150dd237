/* pump - see pump.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "cli/pump.h"

enum { REST_MAX = 4 * 1024 * 1024 /* the window is a quarter of it */ };

/* How to use a descriptor without waiting; *fd becomes what to use. */
static enum pump_way choose_way (int *fd, int flags)
{
	struct stat status;
	char path[32];
	int own;

	if (fstat (*fd, &status) < 0)
		return PUMP_PLAIN;
	if (S_ISSOCK (status.st_mode))
		return PUMP_SOCKET;
	if (!S_ISFIFO (status.st_mode) && !isatty (*fd))
		return PUMP_PLAIN;
	snprintf (path, sizeof path, "/proc/self/fd/%d", *fd);
	if ((own = open (path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0)
		return PUMP_POLLED;
	*fd = own;
	return PUMP_OWN;
}

/* --- output ------------------------------------------------------------------------------------------------------ */

void output_init (struct output *output, int fd)
{
	*output = (struct output){ .fd = -1, .number = fd };
	buf_init (&output->rest, REST_MAX);
}

void output_close (struct output *output)
{
	if (output->way == PUMP_OWN)
		fd_close (&output->fd);
	buf_free (&output->rest);
}

static ssize_t write_some (struct output *output, const void *bytes, size_t n)
{
	struct pollfd room = { .fd = output->fd, .events = POLLOUT };

	switch (output->way) {
	case PUMP_SOCKET: return send (output->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case PUMP_POLLED:
		if (poll (&room, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		return write (output->fd, bytes, n < PIPE_BUF ? n : PIPE_BUF);
	case PUMP_PLAIN:
	case PUMP_OWN: break;
	}
	return write (output->fd, bytes, n);
}

/* Write what goes now; how much that was. */
static size_t write_now (struct output *output, const uint8_t *bytes, size_t n)
{
	size_t done = 0;

	if (output->fd < 0) {
		output->fd = output->number;
		output->way = choose_way (&output->fd, O_WRONLY);
	}
	while (done < n && !output->error) {
		ssize_t wrote = write_some (output, bytes + done, n - done);

		if (wrote >= 0)
			done += (size_t)wrote;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			output->error = errno;
	}
	return output->error ? n : done;
}

size_t output_flush (struct output *output)
{
	size_t done = write_now (output, buf_head (&output->rest), buf_len (&output->rest));

	buf_consume (&output->rest, done);
	return done;
}

size_t output_put (struct output *output, const void *bytes, size_t n)
{
	size_t done = output_pending (output) ? output_flush (output) : 0, now = 0;

	if (!output_pending (output))
		now = write_now (output, bytes, n);
	if (now < n && buf_append (&output->rest, (const uint8_t *)bytes + now, n - now) < 0)
		output->error = errno;
	return done + now;
}

bool output_pending (const struct output *output)
{
	return buf_len (&output->rest) > 0;
}

/* --- input ------------------------------------------------------------------------------------------------------- */

static ssize_t read_some (const struct input *input, size_t n)
{
	ssize_t got;

	do
		got = input->way == PUMP_SOCKET ? recv (input->fd, input->bytes, n, MSG_DONTWAIT)
						: read (input->fd, input->bytes, n);
	while (got < 0 && errno == EINTR);
	return got;
}

void input_init (struct input *input, bool wanted)
{
	struct stat status;

	*input = (struct input){ .fd = STDIN_FILENO, .none = true };
	if (!wanted || isatty (STDIN_FILENO))
		return;
	if (fstat (STDIN_FILENO, &status) < 0) {
		input->error = errno;
		return;
	}
	if (S_ISCHR (status.st_mode) && status.st_rdev == makedev (1, 3))
		return; /* /dev/null */
	input->none = false;
	if (!(input->bytes = malloc (PUMP_INPUT))) {
		input->error = errno;
		return;
	}
	input->open = true;
	input->way = choose_way (&input->fd, O_RDONLY);
	while (S_ISREG (status.st_mode) && input->first < PUMP_INPUT && input->open) {
		ssize_t got = read (input->fd, input->bytes + input->first, PUMP_INPUT - input->first);

		if (got > 0)
			input->first += (size_t)got;
		else if (got == 0 || errno != EINTR)
			input->open = false;
		if (got < 0 && !input->open)
			input->error = errno;
	}
}

void input_close (struct input *input)
{
	if (input->way == PUMP_OWN)
		fd_close (&input->fd);
	free (input->bytes);
	input->bytes = NULL;
	input->open = false;
}

bool input_ready_always (const struct input *input)
{
	struct stat status;

	return input->way == PUMP_PLAIN && fstat (input->fd, &status) == 0 && !S_ISCHR (status.st_mode);
}

void input_pump (struct input *input, struct remex_request *request)
{
	size_t credit;

	while (input->open && (credit = remex_credit (request)) > 0) {
		struct pollfd ready = { .fd = input->fd, .events = POLLIN };
		ssize_t got;

		if (input->way != PUMP_OWN && input->way != PUMP_SOCKET && poll (&ready, 1, 0) == 0)
			return;
		got = read_some (input, credit < PUMP_INPUT ? credit : PUMP_INPUT);
		if (got > 0 && remex_send (request, input->bytes, (size_t)got) == got)
			continue;
		if (got < 0 && (errno == EAGAIN))
			return;
		input->open = false;
		/* Half of it must not look like all. */
		if (got != 0 || remex_end (request) < 0)
			input->error = errno;
	}
}
