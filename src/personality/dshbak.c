/* dshbak - the program dshbak(1): lines "HOST: text", as pdsh prints them, become one piece of text for each host.
 *
 * The pieces are in the order of the number at the end of the host's name, then of the name. With -c a text that
 * several hosts have is printed once, under their folded names (dshbak_fold.h); with -d each text goes to a file.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/options.h"
#include "cli/say.h"
#include "personality/dshbak_fold.h"
#include "personality/personality.h"

enum { STATUS_FATAL = 1 };

struct host {
	char *name;
	double number;
	struct buf text;
	struct host *same; /* the next host that has the same text; NULL: there is none */
	bool first; /* of those with its text */
};

struct hosts_read {
	void *tree; /* tsearch(3): the hosts by name */
	struct host **all; /* the same, sorted by compare_number */
	size_t n, room;
};

static int compare_name (const void *left, const void *right)
{
	const struct host *a = left, *b = right;

	return strcmp (a->name, b->name);
}

static int compare_number (const void *left, const void *right)
{
	const struct host *a = *(struct host *const *)left, *b = *(struct host *const *)right;
	int order = (a->number > b->number) - (a->number < b->number);

	return order ? order : compare_name (a, b);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static bool is_space (char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Find the name of the host and the text in a line; false: the line has none. The name is as short as possible: the
 * host of "a:b: c" is a. */
static bool split (char *line, size_t n, char **name, size_t *len, char **text)
{
	size_t first = 0, end, colon;

	while (first < n && is_space (line[first]))
		first++;
	for (end = first + 1; end < n && !is_space (line[end - 1]); end++) {
		for (colon = end; colon < n && is_space (line[colon]); colon++)
			;
		if (colon == n || line[colon] != ':')
			continue;
		*name = line + first;
		*len = end - first;
		*text = line + colon + 1 + (colon + 1 < n && line[colon + 1] == ' ');
		return true;
	}
	return false;
}

static struct host *new_host (struct hosts_read *hosts, const char *name, size_t len)
{
	struct host *host;

	if (hosts->n == hosts->room) {
		size_t room = hosts->room ? 2 * hosts->room : 64;
		struct host **all = reallocarray (hosts->all, room, sizeof *all);

		if (!all)
			return NULL;
		hosts->all = all;
		hosts->room = room;
	}
	if (!(host = calloc (1, sizeof *host)))
		return NULL;
	buf_init (&host->text, SIZE_MAX);
	if (!(host->name = strndup (name, len)) || !tsearch (host, &hosts->tree, compare_name)) {
		free (host->name);
		free (host);
		return NULL;
	}
	host->number = dshbak_number (host->name);
	return hosts->all[hosts->n++] = host;
}

/* Keep the text of one line. 0, or -1: out of memory. */
static int take_line (struct hosts_read *hosts, char *line, size_t n)
{
	struct host *host, **found;
	char *name, *text, behind;
	size_t len;

	if (!n || line[n - 1] != '\n' || !split (line, n, &name, &len, &text))
		return 0;
	behind = name[len]; /* it may be the colon or a space */
	name[len] = '\0';
	found = tfind (&(struct host){ .name = name }, &hosts->tree, compare_name);
	host = found ? *found : new_host (hosts, name, len);
	name[len] = behind;
	return host ? buf_append (&host->text, text, (size_t)(line + n - text)) : -1;
}

static int read_file (struct hosts_read *hosts, FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int result = 0;

	while (result == 0 && (errno = 0, n = getline (&line, &size, file)) >= 0)
		result = take_line (hosts, line, (size_t)n);
	if (result < 0 || errno == ENOMEM) {
		complain (NULL, "out of memory");
		result = -1;
	} else if (ferror (file)) {
		complain (NULL, "cannot read: %s", strerror (errno));
		result = -1;
	}
	free (line);
	return result;
}

/* Read the files, or stdin. */
static int read_all (struct hosts_read *hosts, char **files, int n_files)
{
	if (!n_files)
		return read_file (hosts, stdin);
	for (int i = 0; i < n_files; i++) {
		bool standard = !strcmp (files[i], "-");
		FILE *file = standard ? stdin : fopen (files[i], "re");
		int result;

		if (!file) {
			complain (NULL, "cannot open %s: %s", files[i], strerror (errno));
			return -1;
		}
		result = read_file (hosts, file);
		if (!standard)
			fclose (file);
		if (result < 0)
			return -1;
	}
	return 0;
}

static void hosts_free (struct hosts_read *hosts)
{
	for (size_t i = 0; i < hosts->n; i++) {
		tdelete (hosts->all[i], &hosts->tree, compare_name);
		buf_free (&hosts->all[i]->text);
		free (hosts->all[i]->name);
		free (hosts->all[i]);
	}
	free (hosts->all);
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

static void print_text (const char *names, const struct host *host)
{
	static const char line[] = "----------------\n";

	printf ("%s%s\n%s", line, names, line);
	fwrite (buf_head (&host->text), 1, buf_len (&host->text), stdout);
}

struct order {
	struct host *host;
	size_t place;
};

static int compare_text (const struct buf *a, const struct buf *b)
{
	size_t n = buf_len (a), m = buf_len (b);

	return n != m ? (n > m) - (n < m) : memcmp (buf_head (a), buf_head (b), n);
}

/* By text, and hosts with the same text by place. */
static int compare_order (const void *left, const void *right)
{
	const struct order *a = left, *b = right;
	int order = compare_text (&a->host->text, &b->host->text);

	return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* Set `same` and `first` of all hosts. */
static int find_same (struct hosts_read *hosts)
{
	struct order *orders = calloc (hosts->n + 1, sizeof *orders);

	if (!orders)
		return -1;
	for (size_t i = 0; i < hosts->n; i++)
		orders[i] = (struct order){ hosts->all[i], i };
	qsort (orders, hosts->n, sizeof *orders, compare_order);
	for (size_t i = 0; i < hosts->n; i++) {
		orders[i].host->first = !i || compare_text (&orders[i - 1].host->text, &orders[i].host->text) != 0;
		if (!orders[i].host->first)
			orders[i - 1].host->same = orders[i].host;
	}
	free (orders);
	return 0;
}

static int print_folded (struct hosts_read *hosts)
{
	const char **names = calloc (hosts->n + 1, sizeof *names);
	int result = names ? find_same (hosts) : -1;

	for (size_t i = 0; result == 0 && i < hosts->n; i++) {
		size_t n = 0;
		char *folded;

		if (!hosts->all[i]->first)
			continue;
		for (const struct host *host = hosts->all[i]; host; host = host->same)
			names[n++] = host->name;
		if ((folded = dshbak_fold (names, n)))
			print_text (folded, hosts->all[i]);
		else
			result = -1;
		free (folded);
	}
	free (names);
	if (result < 0)
		complain (NULL, "out of memory");
	return result;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

/* Make the directory, and the missing directories above it. */
static int make_directory (const char *path)
{
	char *copy = strdup (path);
	int result = copy ? 0 : -1;

	for (char *end = copy; result == 0 && end && *end;) {
		char kept;

		end += strspn (end, "/");
		end += strcspn (end, "/");
		kept = *end;
		*end = '\0';
		if (mkdir (copy, 0777) < 0 && errno != EEXIST)
			result = -1;
		*end = kept;
	}
	if (result < 0)
		complain (NULL, "Fatal: Failed to create %s: %s", path, strerror (errno));
	free (copy);
	return result;
}

static int write_file (int directory, const char *path, const struct host *host)
{
	int fd;

	/* The name comes from the input: it must not lead out of the directory. */
	if (strchr (host->name, '/') || !strcmp (host->name, ".") || !strcmp (host->name, "..")) {
		complain (NULL, "Fatal: '%s' is no name for a file", host->name);
		return -1;
	}
	fd = openat (directory, host->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || fd_write_all (fd, buf_head (&host->text), buf_len (&host->text)) < 0) {
		complain (NULL, "Fatal: Failed to open output file '%s/%s': %s", path, host->name, strerror (errno));
		if (fd >= 0)
			close (fd);
		return -1;
	}
	if (close (fd) < 0) {
		complain (NULL, "Fatal: cannot write '%s/%s': %s", path, host->name, strerror (errno));
		return -1;
	}
	return 0;
}

static int write_files (const struct hosts_read *hosts, const char *path)
{
	int directory = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC), result = 0;

	if (directory < 0) {
		complain (NULL, "Fatal: cannot open %s: %s", path, strerror (errno));
		return -1;
	}
	for (size_t i = 0; result == 0 && i < hosts->n; i++)
		result = write_file (directory, path, hosts->all[i]);
	close (directory);
	return result;
}

/* --- the command line -------------------------------------------------------------------------------------------- */

struct dshbak_values {
	bool coalesce, create;
	const char *directory;
};

static const struct option options[] = {
	{ "help", 'h', OPTION_HELP, 0, NULL, "show this", 0 },
	{ "coalesce", 'c', OPTION_FLAG, offsetof (struct dshbak_values, coalesce), NULL,
		"print the same text of several hosts once", 0 },
	{ "directory", 'd', OPTION_TEXT, offsetof (struct dshbak_values, directory), "DIR",
		"write the text of each host to a file in DIR", 0 },
	{ "force", 'f', OPTION_FLAG, offsetof (struct dshbak_values, create), NULL, "with -d: make DIR", 0 },
	{ 0 },
};

static int usage (void)
{
	fprintf (stderr, "usage: dshbak [-c | -d DIR [-f]] [FILE...]\n");
	options_help (stderr, options);
	return 0;
}

static int fatal (const char *text)
{
	complain (NULL, "Fatal: %s", text);
	return STATUS_FATAL;
}

/* Make or examine the directory of -d. 0, or -1 (already reported). */
static int check_directory (const struct dshbak_values *values)
{
	struct stat st;

	if (values->create && make_directory (values->directory) < 0)
		return -1;
	if (stat (values->directory, &st) < 0 || !S_ISDIR (st.st_mode)) {
		complain (NULL, "Fatal: Output directory %s does not exist", values->directory);
		return -1;
	}
	return 0;
}

static int run_with (const struct dshbak_values *values, char **files, int n_files)
{
	struct hosts_read hosts = { 0 };
	int result;

	if (values->coalesce && values->directory)
		return fatal ("Do not specify both -c and -d");
	if (values->create && !values->directory)
		return fatal ("Option -f may only be used with -d");
	if (values->directory && check_directory (values) < 0)
		return STATUS_FATAL;
	if ((result = read_all (&hosts, files, n_files)) == 0) {
		if (hosts.n)
			qsort (hosts.all, hosts.n, sizeof *hosts.all, compare_number);
		if (values->directory)
			result = write_files (&hosts, values->directory);
		else if (values->coalesce)
			result = print_folded (&hosts);
		else
			for (size_t i = 0; i < hosts.n; i++)
				print_text (hosts.all[i]->name, hosts.all[i]);
	}
	hosts_free (&hosts);
	return finish (result < 0 ? STATUS_FATAL : 0);
}

static int run (int argc, char **argv)
{
	struct dshbak_values values = { 0 };
	struct command_line line = { .options = options, .order = WORDS_MIXED, .values = &values };
	struct err err;
	int status;

	if (options_parse (&line, argc, argv, &err) < 0) {
		complain (NULL, "%s", err.text);
		usage ();
		status = STATUS_FATAL;
	} else {
		status = line.help ? usage () : run_with (&values, line.words, line.n_words);
	}
	options_free (&line);
	return status;
}

const struct personality personality_dshbak = { "dshbak", run };
