/* drain WHERE BYTES [PROGRAM] - how long BYTES bytes take to come out of a connection (way.h), and to be dropped.
 * drain - BYTES COMMAND… - the same out of a pipe.
 *
 * With PROGRAM: as the stdout of `PROGRAM BYTES`, called over one open connection to a remexd, without a window.
 * Without (socat): all that comes over a connection of its own, to its end; with - (ssh), the stdout of a command. All sorts of bytes are read into the same
 * buffer; of remex's messages no more is looked at than where they end and which is the last.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter.h"
#include "way.h"
#include "wire/header.h"

enum { PIECE = 256 * 1024 };

struct drain {
	const char *path, *program;
	unsigned long long bytes;
	char **command;
	struct way *way;
	int fd; /* of the pipe */
	uint64_t id;
	size_t start, end; /* of what is in `piece` */
	uint8_t piece[PIECE];
};

/* Read behind what is there; false at the end of the stream. */
static bool fill (struct drain *drain)
{
	ssize_t n;

	if (drain->start) {
		memmove (drain->piece, drain->piece + drain->start, drain->end - drain->start);
		drain->end -= drain->start;
		drain->start = 0;
	}
	if (drain->way)
		n = way_recv (drain->way, drain->piece + drain->end, PIECE - drain->end);
	else
		n = read (drain->fd, drain->piece + drain->end, PIECE - drain->end);
	if (n < 0)
		meter_fail ("%s", drain->path);
	drain->end += (size_t)n;
	return n > 0;
}

static void need (struct drain *drain, size_t n)
{
	errno = 0;
	if (n > PIECE)
		meter_fail ("a header of %zu bytes", n);
	while (drain->end - drain->start < n)
		if (!fill (drain))
			meter_fail ("remexd closed the connection");
}

static void skip (struct drain *drain, size_t n)
{
	while (n) {
		size_t some;

		need (drain, 1);
		some = drain->end - drain->start < n ? drain->end - drain->start : n;
		drain->start += some;
		n -= some;
	}
}

/* The next header; its body, of so many bytes, has been dropped. The caller releases it. */
static json_t *next (struct drain *drain, size_t *body)
{
	struct err err;
	uint32_t length;
	json_t *header;

	need (drain, sizeof length);
	memcpy (&length, drain->piece + drain->start, sizeof length);
	length = ntohl (length);
	need (drain, sizeof length + length);
	header = header_parse (
		(const char *)drain->piece + drain->start + sizeof length, length, HEADER_TOKENS, NULL, &err);
	if (!header)
		meter_fail ("remexd speaks no remex/1: %s", err.text);
	drain->start += sizeof length + length;
	*body = (size_t)json_integer_value (json_object_get (header, "body"));
	skip (drain, *body);
	return header;
}

static unsigned long long from_remex (struct drain *drain)
{
	unsigned long long got = 0;
	bool ended = false;
	char call[1024];
	uint32_t n = (uint32_t)snprintf (call + 4, sizeof call - 4,
		"{\"id\":%llu,\"call\":\"exec.run\",\"args\":{\"argv\":[\"%s\",\"%llu\"]}}",
		(unsigned long long)++drain->id, drain->program, drain->bytes);
	uint32_t prefix = htonl (n);

	memcpy (call, &prefix, sizeof prefix);
	if (n > sizeof call - 4)
		meter_fail ("a long name");
	way_send (drain->way, call, n + 4);
	while (!ended) {
		size_t body;
		json_t *header = next (drain, &body);

		if (json_object_get (header, "error"))
			meter_fail ("an error came, not %llu bytes", drain->bytes);
		ended = json_object_get (header, "done") != NULL;
		got += body;
		json_decref (header);
	}
	return got;
}

static unsigned long long from_socket (struct drain *drain)
{
	unsigned long long got = 0;

	drain->way = way_open (drain->path);
	while (fill (drain)) {
		got += drain->end;
		drain->end = 0;
	}
	way_close (drain->way);
	return got;
}

static unsigned long long from_command (struct drain *drain)
{
	unsigned long long got = 0;
	posix_spawn_file_actions_t actions;
	int out[2], status;
	pid_t pid;

	if (pipe (out) < 0)
		meter_fail ("pipe");
	posix_spawn_file_actions_init (&actions);
	posix_spawn_file_actions_adddup2 (&actions, out[1], 1);
	posix_spawn_file_actions_addclose (&actions, out[0]);
	if ((errno = posix_spawnp (&pid, drain->command[0], &actions, NULL, drain->command, environ)))
		meter_fail ("%s", drain->command[0]);
	posix_spawn_file_actions_destroy (&actions);
	close (out[1]);
	drain->fd = out[0];
	while (fill (drain)) {
		got += drain->end;
		drain->end = 0;
	}
	close (out[0]);
	if (waitpid (pid, &status, 0) < 0 || status)
		meter_fail ("%s ended with status %d", drain->command[0], status);
	return got;
}

static void run (void *arg, long n)
{
	struct drain *drain = arg;

	while (n-- > 0) {
		unsigned long long got = drain->command   ? from_command (drain)
					 : drain->program ? from_remex (drain)
							  : from_socket (drain);

		errno = 0;
		if (got != drain->bytes)
			meter_fail ("%llu bytes came, not %llu", got, drain->bytes);
	}
}

int main (int argc, char **argv)
{
	static struct drain drain = { .fd = -1 };
	size_t body;

	bool command = argc > 3 && !strcmp (argv[1], "-");

	if (argc < 3 || (argc > 4 && !command))
		meter_fail ("usage: drain WHERE BYTES [PROGRAM] | - BYTES COMMAND...");
	drain.path = argv[1];
	drain.bytes = strtoull (argv[2], NULL, 10);
	if (command)
		drain.command = argv + 3;
	else if ((drain.program = argv[3])) {
		drain.way = way_open (drain.path);
		json_decref (next (&drain, &body)); /* the hello */
	}
	return meter_serve (run, &drain);
}
