/* pump - see pump.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/pump.h"

enum { REST_MAX = 4 * 1024 * 1024 /* the window is a quarter of it */ };

/* --- output ------------------------------------------------------------------------------------------------------ */

void output_init (struct output *output, int fd)
{
	*output = (struct output){ .to = { .fd = -1 }, .number = fd };
	buf_init (&output->rest, REST_MAX);
}

void output_close (struct output *output)
{
	nowait_close (&output->to);
	buf_free (&output->rest);
}

/* Write what goes now; how much that was. */
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

bool input_is_closed (void)
{
	return (fcntl (STDIN_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY;
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
	if (S_ISCHR (status.st_mode) && status.st_rdev == makedev (1, 3))
		return; /* /dev/null */
	input->none = false;
	if (!(input->bytes = malloc (PUMP_INPUT))) {
		input->error = errno;
		return;
	}
	input->open = true;
	input->from = nowait_of (STDIN_FILENO, O_RDONLY);
	nowait_own (&input->from, O_RDONLY);
	while (S_ISREG (status.st_mode) && input->first < PUMP_INPUT && input->open) {
		ssize_t got = nowait_read (&input->from, input->bytes + input->first, PUMP_INPUT - input->first);

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

void input_pump (struct input *input, struct remex_request *request)
{
	size_t credit;

	while (input->open && (credit = remex_credit (request)) > 0) {
		ssize_t got = nowait_read (&input->from, input->bytes, credit < PUMP_INPUT ? credit : PUMP_INPUT);

		if (got > 0 && remex_send (request, input->bytes, (size_t)got) == got)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		input->open = false;
		/* Half of it must not look like all. */
		if (got != 0 || remex_end (request) < 0)
			input->error = errno;
	}
}
