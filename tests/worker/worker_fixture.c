/* worker_fixture - see worker_fixture.h. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "plugin/plugin_fixture.h"
#include "wire/records.h"
#include "worker/worker_fixture.h"

void fixture_start (struct worker_fixture *fixture, uid_t uid, bool probe)
{
	int ends[2], life[2];
	struct err err;

	fixture_install ("tests/plugin/tester", "tester.so");
	fixture->config = fixture_config ("tester: {word: option}");
	ck_assert_int_eq (plugin_files_open (&fixture->files, fixture->config, &err), 0);
	ck_assert_int_eq (link_pair (ends), 0);
	ck_assert_int_eq (pipe2 (life, O_CLOEXEC), 0);
	fflush (NULL);
	fixture->pid = fork ();
	ck_assert_int_ge (fixture->pid, 0);
	if (!fixture->pid) {
		struct worker_birth birth = {
			.log = -1, .config = fixture->config, .files = &fixture->files, .uid = uid, .probe = probe
		};

		close (ends[0]);
		close (life[1]);
		_exit (worker_run (ends[1], life[0], &birth));
	}
	close (ends[1]);
	close (life[0]);
	fixture->link = ends[0];
	fixture->lifeline = life[1];
}

void fixture_ready (struct worker_fixture *fixture)
{
	fixture_start (fixture, geteuid (), false);
	ck_assert_int_eq (fixture_recv (fixture), REC_READY);
	ck_assert_int_gt (fixture->packet.record.a, 0);
}

int fixture_recv (struct worker_fixture *fixture)
{
	int got = link_recv (fixture->link, &fixture->packet, 0);

	ck_assert_int_ge (got, 0);
	return got ? (int)fixture->packet.record.type : 0;
}

void fixture_call_with (struct worker_fixture *fixture, uint64_t id, const char *header, const char *attachment)
{
	size_t header_n = strlen (header), n = strlen (attachment);
	struct record record = { .type = REC_CALL, .id = id, .a = (int64_t)header_n, .b = (int64_t)n };

	ck_assert_int_eq (
		link_send (fixture->link,
			&(struct outgoing){
				.record = record, .data = header, .n = header_n, .more = attachment, .more_n = n },
			0),
		0);
}

void fixture_call (struct worker_fixture *fixture, uint64_t id, const char *header)
{
	fixture_call_with (fixture, id, header, "");
}

int fixture_end (struct worker_fixture *fixture, char *out, size_t size)
{
	size_t used = 0, n;
	int type;

	while ((type = fixture_recv (fixture)) != REC_DONE && type != REC_FAIL) {
		const struct record *record = &fixture->packet.record;

		ck_assert_msg (type == REC_OUTPUT || type == REC_STREAM || type == REC_SINK || type == REC_PULL,
			"a record of type %d", type);
		packet_close (&fixture->packet);
		if (type != REC_OUTPUT)
			continue;
		n = record->length - (size_t)record->a;
		ck_assert_uint_lt (used + n, size);
		memcpy (out + used, fixture->packet.data + record->a, n);
		used += n;
	}
	if (size)
		out[used] = '\0';
	ck_assert_uint_ge (fixture->packet.record.length, sizeof (struct worker_state));
	return type;
}

struct worker_state fixture_state (const struct worker_fixture *fixture)
{
	struct worker_state state;

	memcpy (&state, fixture->packet.data, sizeof state);
	return state;
}

const char *fixture_words (struct worker_fixture *fixture)
{
	fixture->packet.data[fixture->packet.record.length] = '\0';
	return (const char *)fixture->packet.data + sizeof (struct worker_state);
}

int fixture_wait (struct worker_fixture *fixture)
{
	int status;

	ck_assert_int_eq (waitpid (fixture->pid, &status, 0), fixture->pid);
	fd_close (&fixture->link);
	fd_close (&fixture->lifeline);
	plugin_files_close (&fixture->files);
	config_free (fixture->config);
	return status;
}

void fixture_finish (struct worker_fixture *fixture)
{
	fd_close (&fixture->lifeline);
	ck_assert_int_eq (fixture_recv (fixture), 0);
	ck_assert_int_eq (fixture_wait (fixture), 0);
}
