/* replay - the main function of a fuzz target that is not linked with libFuzzer: run every file that is named, and
 * every file in the directories that are named, through the target once. Arguments that open with '-' are libFuzzer's
 * and ignored. Prints how many it ran; exits 1 when there was none or one could not be read. A target that finds a
 * fault aborts, and the file that was last printed is the one.
 */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fd.h"

enum { INPUT_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static int replay_file (const char *path)
{
	struct err err;
	size_t n;
	char *data = fd_read_file (path, INPUT_MAX, &n, &err);
	uint8_t *exact;

	if (!data) {
		fprintf (stderr, "replay: %s\n", err.text);
		return -1;
	}
	printf ("%s (%zu bytes)\n", path, n);
	fflush (stdout);
	/* In memory of just its size, so that a sanitizer sees a read behind its end. */
	if (!(exact = malloc (n ? n : 1)))
		abort ();
	memcpy (exact, data, n);
	free (data);
	LLVMFuzzerTestOneInput (exact, n);
	free (exact);
	return 1;
}

/* How many files were run, or -1. */
static int replay (const char *path)
{
	struct dirent **entries;
	struct stat st;
	int n, count = 0;

	if (stat (path, &st) < 0) {
		perror (path);
		return -1;
	}
	if (!S_ISDIR (st.st_mode))
		return replay_file (path);
	if ((n = scandir (path, &entries, NULL, alphasort)) < 0) {
		perror (path);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char *inner;
		int ran = 0;

		if (asprintf (&inner, "%s/%s", path, entries[i]->d_name) < 0)
			abort ();
		if (entries[i]->d_name[0] != '.')
			ran = replay (inner);
		count = ran < 0 || count < 0 ? -1 : count + ran;
		free (inner);
		free (entries[i]);
	}
	free (entries);
	return count;
}

int main (int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		int ran = argv[i][0] == '-' ? 0 : replay (argv[i]);

		if (ran < 0)
			return EXIT_FAILURE;
		count += ran;
	}
	printf ("%d inputs\n", count);
	return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
