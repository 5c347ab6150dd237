/* standard_io - see standard_io.h. */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "worker/standard_io.h"

enum { PIPE_SIZE = 256 * 1024 }; /* requested; the kernel may give less (pipe(7)) */

void standard_io_close (struct standard_io *io)
{
	for (int i = 0; i < 3; i++)
		fd_close (&io->command[i]);
	fd_close (&io->input);
	fd_close (&io->output);
	fd_close (&io->error);
}

static const struct standard_io none = { .command = { -1, -1, -1 }, .input = -1, .output = -1, .error = -1 };

static int pipe_ends (int *read_end, int *write_end)
{
	int ends[2];

	if (pipe2 (ends, O_CLOEXEC) < 0)
		return -1;
	*read_end = ends[0];
	*write_end = ends[1];
	return 0;
}

int standard_io_pipes (struct standard_io *io, bool with_input)
{
	int *command = io->command;

	*io = none;
	if ((with_input && pipe_ends (&command[0], &io->input) < 0) || pipe_ends (&io->output, &command[1]) < 0 ||
		pipe_ends (&io->error, &command[2]) < 0) {
		standard_io_close (io);
		return -1;
	}
	fcntl (command[1], F_SETPIPE_SZ, PIPE_SIZE);
	if (with_input)
		fcntl (io->input, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

int standard_io_pty (struct standard_io *io, const struct pty *pty, bool with_input)
{
	*io = none;
	for (int i = 0; i < 3; i++)
		io->command[i] = fcntl (pty->slave, F_DUPFD_CLOEXEC, 3);
	io->output = fcntl (pty->master, F_DUPFD_CLOEXEC, 3);
	if (with_input)
		io->input = fcntl (pty->master, F_DUPFD_CLOEXEC, 3);
	if (io->command[0] >= 0 && io->command[1] >= 0 && io->command[2] >= 0 && io->output >= 0 &&
		(!with_input || io->input >= 0))
		return 0;
	standard_io_close (io);
	return -1;
}
