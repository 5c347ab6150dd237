/* stage - see stage.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "stage.h"
#include "wire/records.h"

static char directory[] = "/tmp/remex-check-worker-XXXXXX";

/* Remove what is in the directory. */
static void clear (void)
{
	DIR *dir = opendir (directory);
	struct dirent *entry;

	while (dir && (entry = readdir (dir)))
		if (strcmp (entry->d_name, ".") && strcmp (entry->d_name, "..") &&
			unlinkat (dirfd (dir), entry->d_name, 0) < 0)
			unlinkat (dirfd (dir), entry->d_name, AT_REMOVEDIR);
	if (dir)
		closedir (dir);
	chmod (directory, 0700);
}

static void set_up (void)
{
	signal (SIGPIPE, SIG_IGN);
	ck_assert_ptr_nonnull (mkdtemp (directory));
}

static void tear_down (void)
{
	clear ();
	rmdir (directory);
}

/* The directory is made and removed by the test program's first process, so that a test that crashes leaves nothing. */
void stage_add (TCase *tcase)
{
	tcase_add_unchecked_fixture (tcase, set_up, tear_down);
	tcase_add_checked_fixture (tcase, clear, NULL);
}

const char *stage_directory (void)
{
	return directory;
}

static void write_file (const char *name, const void *bytes, size_t n)
{
	char path[256];
	int fd;

	snprintf (path, sizeof path, "%s/%s", directory, name);
	unlink (path);
	fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge (fd, 0);
	ck_assert_int_eq (fd_write_all (fd, bytes, n), 0);
	ck_assert_int_eq (fchmod (fd, 0644), 0);
	close (fd);
}

void stage_install (const char *built, const char *name)
{
	const char *top = getenv ("top_builddir"), *base = strrchr (built, '/') + 1;
	char path[512], *bytes;
	struct err err;
	size_t n;

	snprintf (path, sizeof path, "%s/%.*s.libs/%s.so", top ? top : ".", (int)(base - built), built, base);
	bytes = fd_read_file (path, 64 * 1024 * 1024, &n, &err);
	ck_assert_msg (bytes != NULL, "%s", err.text);
	write_file (name, bytes, n);
	free (bytes);
}

void stage_write (const char *name, const char *text)
{
	write_file (name, text, strlen (text));
}

struct config *stage_config (const char *section)
{
	struct config *config;
	struct err err;
	char text[1024];
	int n;

	n = snprintf (text, sizeof text, "log: error\nplugins: {directory: %s, %s}\n", directory, section);
	config = config_parse (text, (size_t)n, "test.yaml", &err);
	ck_assert_msg (config != NULL, "%s", err.text);
	return config;
}

/* --- a worker ----------------------------------------------------------------------------------------------------- */

void scene_start (struct scene *scene, uid_t uid, bool probe)
{
	int ends[2], life[2];
	struct err err;

	stage_install ("tests/worker/plugins/tester", "tester.so");
	scene->config = stage_config ("tester: {word: option}");
	ck_assert_int_eq (plugin_files_open (&scene->files, scene->config, &err), 0);
	ck_assert_int_eq (link_pair (ends), 0);
	ck_assert_int_eq (pipe2 (life, O_CLOEXEC), 0);
	fflush (NULL);
	scene->pid = fork ();
	ck_assert_int_ge (scene->pid, 0);
	if (!scene->pid) {
		struct worker_birth birth = {
			.config = scene->config, .files = &scene->files, .uid = uid, .probe = probe
		};

		close (ends[0]);
		close (life[1]);
		_exit (worker_run (ends[1], life[0], &birth));
	}
	close (ends[1]);
	close (life[0]);
	scene->link = ends[0];
	scene->lifeline = life[1];
}

void scene_ready (struct scene *scene)
{
	scene_start (scene, geteuid (), false);
	ck_assert_int_eq (scene_recv (scene), REC_READY);
	ck_assert_int_gt (scene->packet.record.a, 0);
}

int scene_recv (struct scene *scene)
{
	int got = link_recv (scene->link, &scene->packet, 0);

	ck_assert_int_ge (got, 0);
	return got ? (int)scene->packet.record.type : 0;
}

void scene_call_with (struct scene *scene, uint64_t id, const char *header, const char *attachment)
{
	size_t header_n = strlen (header), n = strlen (attachment);
	struct record record = { .type = REC_CALL, .id = id, .a = (int64_t)header_n, .b = (int64_t)n };

	ck_assert_int_eq (link_send (scene->link, &record, header, header_n, attachment, n, NULL, 0, 0), 0);
}

void scene_call (struct scene *scene, uint64_t id, const char *header)
{
	scene_call_with (scene, id, header, "");
}

int scene_end (struct scene *scene, char *out, size_t size)
{
	size_t used = 0, n;
	int type;

	while ((type = scene_recv (scene)) != REC_DONE && type != REC_FAIL) {
		const struct record *record = &scene->packet.record;

		ck_assert_msg (type == REC_OUTPUT || type == REC_STREAM || type == REC_SINK || type == REC_PULL,
			"a record of type %d", type);
		packet_close (&scene->packet);
		if (type != REC_OUTPUT)
			continue;
		n = record->length - (size_t)record->a;
		ck_assert_uint_lt (used + n, size);
		memcpy (out + used, scene->packet.data + record->a, n);
		used += n;
	}
	if (size)
		out[used] = '\0';
	ck_assert_uint_ge (scene->packet.record.length, sizeof (struct worker_state));
	return type;
}

struct worker_state scene_state (const struct scene *scene)
{
	struct worker_state state;

	memcpy (&state, scene->packet.data, sizeof state);
	return state;
}

const char *scene_words (struct scene *scene)
{
	scene->packet.data[scene->packet.record.length] = '\0';
	return (const char *)scene->packet.data + sizeof (struct worker_state);
}

int scene_wait (struct scene *scene)
{
	int status;

	ck_assert_int_eq (waitpid (scene->pid, &status, 0), scene->pid);
	fd_close (&scene->link);
	fd_close (&scene->lifeline);
	plugin_files_close (&scene->files);
	config_free (scene->config);
	return status;
}

void scene_finish (struct scene *scene)
{
	fd_close (&scene->lifeline);
	ck_assert_int_eq (scene_recv (scene), 0);
	ck_assert_int_eq (scene_wait (scene), 0);
}
