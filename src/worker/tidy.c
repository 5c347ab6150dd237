/* tidy - see tidy.h. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/tidy.h"

/* In the order in which the kernel prints them. */
static const struct {
	const char *label, *word;
} table[TIDY_LINES] = {
	{ "Umask:", "umask" },
	{ "Threads:", "threads" },
	{ "SigBlk:", "signal mask" },
	{ "SigIgn:", "signal dispositions" },
	{ "SigCgt:", "signal dispositions" },
};

enum { IGNORED = 3, STATUS_MAX = 4096 };

int tidy_open (struct tidy *tidy)
{
	return tidy->status = open ("/proc/self/status", O_RDONLY | O_CLOEXEC);
}

static void read_lines (int status, char lines[TIDY_LINES][TIDY_LINE])
{
	char text[STATUS_MAX];
	ssize_t n = pread (status, text, sizeof text - 1, 0);
	const char *at = text;

	text[n > 0 ? n : 0] = '\0';
	for (int i = 0; at && i < TIDY_LINES; i++)
		if ((at = strstr (at, table[i].label))) {
			size_t length = strcspn (at, "\n");

			memcpy (lines[i], at, length < TIDY_LINE ? length : TIDY_LINE - 1);
		}
}

void tidy_snapshot (struct tidy *tidy)
{
	struct stat st;

	memset (tidy->lines, 0, sizeof tidy->lines);
	tidy->device = 0;
	tidy->inode = 0;
	if (stat (".", &st) == 0) {
		tidy->device = st.st_dev;
		tidy->inode = st.st_ino;
	}
	read_lines (tidy->status, tidy->lines);
	tidy->lowest_fd = fcntl (2, F_DUPFD_CLOEXEC, 0);
	close (tidy->lowest_fd);
}

const char *tidy_changed (const struct tidy *before)
{
	struct tidy now = { .status = before->status };

	tidy_snapshot (&now);
	if (now.device != before->device || now.inode != before->inode)
		return "working directory";
	for (int i = 0; i < TIDY_LINES; i++)
		if (strcmp (now.lines[i], before->lines[i]))
			return table[i].word;
	if (now.lowest_fd != before->lowest_fd)
		return "descriptors";
	return NULL;
}

uint64_t tidy_ignored (const struct tidy *tidy)
{
	char lines[TIDY_LINES][TIDY_LINE] = { { 0 } };

	read_lines (tidy->status, lines);
	/* Not readable: count all signals as ignored. */
	return *lines[IGNORED] ? strtoull (lines[IGNORED] + strlen (table[IGNORED].label), NULL, 16) : UINT64_MAX;
}
