/* recorder - see recorder.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/link.h"
#include "base/log.h"
#include "base/private_directory.h"
#include "record/asciicast.h"
#include "record/recorder.h"
#include "wire/records.h"

enum {
	STREAMS = 8, /* with an unfinished character of their own */
	LOOK = 256 * 1024, /* bytes that are written between two looks at the free space */
};

static struct {
	const struct recorder *given;
	char name[RECORDER_NAME]; /* "": not known yet */
	int file; /* -1: not open yet */
	int64_t size; /* bytes of the file, all of them whole lines */
	int64_t looked; /* its size at the last look at the free space */
	int64_t ms; /* of the last event */
	struct {
		char name[TEXT_NAME_MAX + 1];
		struct asciicast_text text;
	} streams[STREAMS];
	struct buf lines; /* to be written */
	struct packet packet;
} self;

/* --- names --------------------------------------------------------------------------------------------------------- */

static bool is_plain (char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr (".@-_", c));
}

char *recorder_name (char name[RECORDER_NAME], time_t now, const char *identity, const char *instance, uint64_t number,
	const char *user)
{
	char stamp[32];
	struct tm tm;

	gmtime_r (&now, &tm);
	strftime (stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
	snprintf (name, RECORDER_NAME, "%s_%.63s_%.8s-%llu_%.32s.cast", stamp, identity, instance,
		(unsigned long long)number, user);
	for (char *c = name; *c; c++)
		if (!is_plain (*c))
			*c = '_';
	return name;
}

bool recorder_is_name (const char *name)
{
	size_t n = strlen (name);

	if (n < 6 || n >= RECORDER_NAME || name[0] == '.' || strcmp (name + n - 5, ".cast") != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_plain (name[i]))
			return false;
	return true;
}

/* --- the file ------------------------------------------------------------------------------------------------------ */

/* Is there room for n more bytes? 0, or -1 and err. */
static int check_room (size_t n, struct err *err)
{
	struct statvfs fs;

	if (self.size + (int64_t)n > self.given->size) {
		err_set (err, 0, "it has the greatest size of a recording (record.size)");
		err->sys = EFBIG;
		return -1;
	}
	if (self.size && self.size + (int64_t)n < self.looked + LOOK)
		return 0;
	if (fstatvfs (self.file, &fs) < 0)
		return err_sys (err, 0, "the free space is not known");
	if ((uint64_t)fs.f_bavail * fs.f_frsize < (uint64_t)self.given->leave_free + n) {
		err_set (err, 0, "the file system has less free space than record.leave_free");
		err->sys = ENOSPC;
		return -1;
	}
	self.looked = self.size;
	return 0;
}

/* Write the lines, all or none of them. 0, or -1 and err. */
static int write_lines (struct err *err)
{
	const uint8_t *bytes = buf_head (&self.lines);
	size_t n = buf_len (&self.lines), done = 0;

	if (!n)
		return 0;
	if (check_room (n, err) < 0)
		return -1;
	while (done < n) {
		ssize_t some = write (self.file, bytes + done, n - done);

		if (some < 0 && errno != EINTR) {
			err_sys (err, 0, "it cannot be written");
			if (done && ftruncate (self.file, self.size) < 0)
				log_warning ("a recording ends in half a line. recording=%s", self.name);
			return -1;
		}
		done += some > 0 ? (size_t)some : 0;
	}
	self.size += (int64_t)n;
	buf_consume (&self.lines, n);
	buf_shrink (&self.lines, 64 * 1024);
	return 0;
}

/* Make the file, with its header. */
static int make_file (const struct asciicast_head *head, struct err *err)
{
	int directory = private_directory_open (self.given->directory, true, err), result;

	if (directory < 0)
		return -1;
	self.file = openat (
		directory, self.name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	if (self.file < 0)
		result = err_sys (err, 0, "it cannot be made in %s", self.given->directory);
	else if (asciicast_header (&self.lines, head) < 0)
		result = err_sys (err, 0, "its header cannot be made");
	else
		result = write_lines (err);
	if (result < 0 && self.file >= 0)
		unlinkat (directory, self.name, 0); /* nothing of the call is in it */
	fd_close (&directory);
	return result;
}

/* --- records ------------------------------------------------------------------------------------------------------- */

/* The next text of the payload; NULL: there is none. */
static const char *next_text (const char **at, const char *end)
{
	const char *text = *at, *stop = text < end ? memchr (text, 0, (size_t)(end - text)) : NULL;

	if (stop)
		*at = stop + 1;
	return stop ? text : NULL;
}

static int take_open (struct err *err)
{
	const struct record *record = &self.packet.record;
	const char *at = (const char *)self.packet.data, *end = at + record->length, *name = next_text (&at, end);
	struct asciicast_head head = { .rows = (int)record->a,
		.cols = (int)record->b,
		.timestamp = time (NULL),
		.command = next_text (&at, end),
		.title = next_text (&at, end),
		.term = next_text (&at, end) };

	if (self.file >= 0 || !name || !recorder_is_name (name) || !head.term)
		return err_set (err, 0, "a malformed order to make it");
	memcpy (self.name, name, strlen (name) + 1);
	return make_file (&head, err);
}

/* The text of that stream. Streams beyond the first ones share the last one. */
static struct asciicast_text *text_of (const char *name, size_t n)
{
	int i = 0;

	while (i < STREAMS - 1 && *self.streams[i].name &&
		(strlen (self.streams[i].name) != n || memcmp (self.streams[i].name, name, n) != 0))
		i++;
	if (!*self.streams[i].name && n <= TEXT_NAME_MAX) {
		memcpy (self.streams[i].name, name, n);
		self.streams[i].name[n] = '\0';
	}
	return &self.streams[i].text;
}

static int take_output (struct err *err)
{
	const struct record *record = &self.packet.record;
	const uint8_t *bytes = self.packet.data;
	size_t name = (size_t)record->a, n;

	if (record->a <= 0 || record->a > record->length)
		return err_set (err, 0, "a malformed record");
	n = record->length - name;
	if (asciicast_output (&self.lines, text_of ((const char *)bytes, name), self.ms, bytes + name, n) < 0)
		return err_sys (err, 0, "it cannot be made");
	return write_lines (err);
}

static int take_resize (struct err *err)
{
	if (asciicast_resize (&self.lines, self.ms, (int)self.packet.record.a, (int)self.packet.record.b) < 0)
		return err_sys (err, 0, "it cannot be made");
	return write_lines (err);
}

static int take (struct err *err)
{
	const struct record *record = &self.packet.record;
	uint32_t type = record->type;
	int64_t output = type == REC_TAPE_OUTPUT ? record->length - record->a : 0;
	int result;

	if (type != REC_TAPE_OPEN && self.file < 0)
		return err_set (err, 0, "a malformed record");
	/* The times of events do not go back. */
	if (type != REC_TAPE_OPEN && (int64_t)record->id > self.ms)
		self.ms = (int64_t)record->id;
	result = type == REC_TAPE_OPEN     ? take_open (err)
		 : type == REC_TAPE_OUTPUT ? take_output (err)
		 : type == REC_TAPE_RESIZE ? take_resize (err)
					   : err_set (err, 0, "an unknown record");
	/* When the answer cannot be sent, the next record is not there, either. */
	if (result == 0)
		link_post (self.given->link, REC_TAPE_WRITTEN, 0, output, 0, 0);
	return result;
}

static int fail (const struct err *err)
{
	struct outgoing failed = { .record = { .type = REC_TAPE_FAILED, .a = err->sys ? err->sys : EIO },
		.data = err->text,
		.n = strlen (err->text) };

	log_error ("the recording of a call %s: %s. recording=%s", self.size ? "was cut" : "could not begin", err->text,
		*self.name ? self.name : "?");
	link_send (self.given->link, &failed, 0);
	return RECORDER_CUT;
}

/* The call is over. */
static int finish (void)
{
	struct err err;

	for (int i = 0; i < STREAMS; i++)
		if (asciicast_end (&self.lines, &self.streams[i].text, self.ms) < 0)
			break;
	if (self.file < 0)
		return RECORDER_WHOLE; /* nobody has ordered a recording */
	if (write_lines (&err) < 0)
		return fail (&err);
	if (fdatasync (self.file) < 0 && errno != EINVAL && errno != EROFS) {
		err_sys (&err, 0, "it is perhaps not on the disk");
		return fail (&err);
	}
	return RECORDER_WHOLE;
}

/* A job may use up the memory of its scope, in which its recorder is: then others are killed (proc(5)). Only
 * root can say so. */
static void outlive_memory (void)
{
	int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write (fd, "-1000", 5) < 0)
		log_debug ("a recorder may be killed where memory is short: %s", strerror (errno));
	fd_close (&fd);
}

int recorder_run (void *recorder)
{
	struct err err = { .text = "" };
	int got;

	self.given = recorder;
	self.file = -1;
	buf_init (&self.lines, ASCIICAST_GROWTH * (LINK_RECORD + STREAMS * TEXT_UTF8_MAX) + STREAMS * ASCIICAST_LINE);
	/* The end of the link is the end. `pkill remexd` is for the supervisor. */
	signal (SIGHUP, SIG_IGN);
	signal (SIGINT, SIG_IGN);
	signal (SIGQUIT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	setsid ();
	umask (077);
	outlive_memory ();
	if (chdir ("/") < 0)
		log_warning ("a recorder stays in its directory: %s", strerror (errno));
	while ((got = link_recv (self.given->link, &self.packet, 0)) > 0 || (got < 0 && errno == EINTR)) {
		packet_close (&self.packet);
		if (got > 0 && take (&err) < 0)
			return fail (&err);
	}
	return finish ();
}
