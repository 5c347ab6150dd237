/* check_quote - every byte through every login shell that is installed, and what a command is besides its words. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/quote.h"
#include "support/check_main.h"

static const char *const shells[] = { "bash", "dash", "zsh", "fish", "csh", "tcsh" };

enum { N_SHELLS = sizeof shells / sizeof *shells, OUTPUT_MAX = 1 << 20 };

/* Run TEXT as sshd does, SHELL -c TEXT, from /, with variables that would get in the way. Returns stdout, which the
 * caller frees; NULL: there is no such shell. */
static char *run (const char *shell, const char *text, size_t *n, int *status)
{
	int pipes[2];
	char *output;
	struct err err;
	pid_t pid;

	ck_assert_int_eq (pipe (pipes), 0);
	fflush (NULL);
	if ((pid = fork ()) == 0) {
		if (dup2 (pipes[1], STDOUT_FILENO) < 0 || chdir ("/") < 0)
			_exit (126);
		close (pipes[0]);
		close (pipes[1]);
		setenv ("CDPATH", "/usr", 1);
		setenv ("OLDPWD", "/usr", 1);
		setenv ("HOME", "/dev/null/home", 1);
		setenv ("SHELL", "/bin/sh", 1);
		execlp (shell, shell, "-c", text, (char *)NULL);
		_exit (125);
	}
	close (pipes[1]);
	output = fd_read_all (pipes[0], OUTPUT_MAX, n, &err);
	ck_assert_msg (output != NULL, "%s", err.text);
	close (pipes[0]);
	ck_assert_int_eq (waitpid (pid, status, 0), pid);
	if (WIFEXITED (*status) && WEXITSTATUS (*status) == 125) {
		free (output);
		return NULL;
	}
	return output;
}

/* The exec request of a command; the caller frees. */
static char *quoted (const struct quote_command *command)
{
	struct buf script, text;
	struct err err = { .text = "" };
	char *result;

	buf_init (&script, 1 << 20);
	buf_init (&text, 1 << 20);
	ck_assert_msg (quote_script (&script, command, &err) == 0, "%s", err.text);
	ck_assert_msg (
		quote_exec (&text, (const char *)buf_head (&script), buf_len (&script), &err) == 0, "%s", err.text);
	result = strndup ((const char *)buf_head (&text), buf_len (&text));
	buf_free (&script);
	buf_free (&text);
	return result;
}

static const char *const nasty[] = { "", " ", "\n", "a\n", "\nb", "'", "''", "\"", "\\", "\\\\", "\\'", "\\n", "\\047",
	"!", "!!", "!x", "$HOME", "${HOME}", "$(id)", "`id`", "%", "%s", "%d%n", "~", "~root", "*", "/*", "[a]",
	"{a,b}", "#", ";", "&", "|", "<", ">", "(", ")", "^", "a=b", "-n", "--", "-e", "\t", "\r", "\r\n", "$'x'",
	"\xff\xfe", "\xc3\xa4", "end\n\n" };

enum { N_NASTY = sizeof nasty / sizeof *nasty, N_WORDS = N_NASTY + 255 };

/* Each byte as a word of its own, and the words that shells trip over; then the same with a longer word of each byte. */
START_TEST (all_bytes)
{
	static char bytes[255][4];
	const char *argv[2 + N_WORDS + 1] = { "printf", "%s\\0" };
	char *text, *output;
	size_t n, at = 0;
	int status;

	memcpy (argv + 2, nasty, sizeof nasty);
	for (int c = 1; c < 256; c++) {
		snprintf (bytes[c - 1], sizeof *bytes, "%c", c);
		argv[2 + N_NASTY + c - 1] = bytes[c - 1];
		if (_i % 2) {
			bytes[c - 1][1] = 'x';
			bytes[c - 1][2] = (char)c;
		}
	}
	text = quoted (&(struct quote_command){ .argv = argv });
	ck_assert_uint_le (strlen (text), QUOTE_EXEC_MAX);
	output = run (shells[_i / 2], text, &n, &status);
	free (text);
	if (!output)
		SKIP ("there is no %s here", shells[_i / 2]);
	ck_assert_int_eq (status, 0);
	for (int i = 0; i < N_WORDS; i++) {
		ck_assert_msg (at < n && !strcmp (output + at, argv[2 + i]), "%s: word %d is '%s', not '%s'",
			shells[_i / 2], i, output + at, argv[2 + i]);
		at += strlen (output + at) + 1;
	}
	ck_assert_uint_eq (at, n);
	free (output);
}
END_TEST

static const struct {
	struct quote_command command;
	int status;
	const char *output;
} commands[] = {
	{ { .line = "echo \"$0\" ~ 'it''s'; exit 7" }, 7, "/bin/sh /dev/null/home its\n" },
	{ { .argv = (const char *const[]){ "pwd", NULL }, .cwd = "/usr/bin" }, 0, "/usr/bin\n" },
	{ { .argv = (const char *const[]){ "pwd", NULL }, .cwd = "usr/bin" }, 0, "/usr/bin\n" },
	{ { .argv = (const char *const[]){ "pwd", NULL }, .cwd = "bin" }, 0, NULL }, /* /bin, not /usr/bin */
	{ { .argv = (const char *const[]){ "pwd", NULL }, .cwd = "-" }, 126, "" },
	{ { .argv = (const char *const[]){ "pwd", NULL }, .cwd = "/no such place" }, 126, "" },
	{ { .argv = (const char *const[]){ "sh", "-c", "printf '%s|%s' \"$A\" \"$_b1\"", NULL },
		  .env = (const char *const[]){ "A=x y\n'", "_b1=", NULL } },
		0, "x y\n'|" },
	{ { .line = "echo $A", .env = (const char *const[]){ "A=$HOME", NULL } }, 0, "$HOME\n" },
	{ { .argv = (const char *const[]){ "-no-such-command", "x", NULL } }, 127, "" },
	{ { .argv = (const char *const[]){ "no-such-command", NULL } }, 127, "" },
	{ { .argv = (const char *const[]){ "A=b", NULL } }, 127, "" }, /* a command, and no variable */
	{ { .argv = (const char *const[]){ "sh", "-c", "kill -TERM $$", NULL } }, -SIGTERM, "" },
};

START_TEST (whole_commands)
{
	char *text = quoted (&commands[_i].command), *output;
	size_t n;
	int status;

	for (int i = 0; i < N_SHELLS; i++) {
		if (!(output = run (shells[i], text, &n, &status)))
			continue; /* all_bytes has said so */
		ck_assert_int_eq (commands[_i].status, WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status));
		if (commands[_i].output)
			ck_assert_str_eq (output, commands[_i].output);
		else
			ck_assert_str_ne (output, "/usr/bin\n/bin\n");
		free (output);
	}
	free (text);
}
END_TEST

START_TEST (refused_variables)
{
	static const char *const wrong[] = { "", "A", "=x", "1A=x", "A-B=x", "A.B=x", "\xc3\xa4=x", "A B=x", "A\n=x" };
	struct buf out;
	struct err err;

	buf_init (&out, 1000);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct quote_command command = { .line = "true", .env = (const char *const[]){ wrong[i], NULL } };

		ck_assert_int_eq (quote_script (&out, &command, &err), -1);
		ck_assert_ptr_nonnull (strstr (err.text, "the shell cannot set the variable '"));
		ck_assert_uint_eq (buf_len (&out), 0);
	}
	buf_free (&out);
}
END_TEST

#define MARK "0123456789abcdef0123456789abcdef"

static const struct {
	struct quote_command command;
	bool runs; /* the line comes that says so */
	int status;
	const char *output; /* behind that line, or on stderr */
} marked[] = {
	{ { .argv = (const char *const[]){ "sh", "-c", "echo $REMEX_CALL; exit 3", NULL } }, true, 3, MARK "\n" },
	{ { .argv = (const char *const[]){ "readlink", "/proc/self/fd/0", NULL }, .no_input = true }, true, 0,
		"/dev/null\n" },
	{ { .line = "pwd", .cwd = "usr/bin" }, true, 0, "/usr/bin\n" },
	{ { .argv = (const char *const[]){ "pwd", NULL }, .cwd = "/no 'such" }, false, 126,
		"cannot change to /no 'such\n" },
	{ { .argv = (const char *const[]){ "no-such-command", NULL } }, false, 127, "No such file or directory\n" },
	{ { .argv = (const char *const[]){ "/no/such", NULL } }, false, 127, "No such file or directory\n" },
	{ { .argv = (const char *const[]){ "/dev/null", NULL } }, false, 127, "Permission denied\n" },
};

/* A marked script says how far it has come; with stderr on stdout, all of it is in one stream. */
START_TEST (marks)
{
	struct quote_command command = marked[_i].command;
	char *text, *joined, *output;
	size_t n;
	int status;

	command.mark = MARK;
	text = quoted (&command);
	ck_assert_int_ge (asprintf (&joined, "exec 2>&1; %s", text), 0);
	free (text);
	output = run ("dash", joined, &n, &status);
	free (joined);
	if (!output)
		SKIP ("there is no dash here");
	ck_assert_int_eq (WEXITSTATUS (status), marked[_i].status);
	ck_assert_ptr_eq (strstr (output, "remex-ssh:" MARK ":shell "), output);
	text = strstr (output, "remex-ssh:" MARK ":shell\n");
	ck_assert_ptr_nonnull (text);
	text += strlen ("remex-ssh:" MARK ":shell\n");
	if (marked[_i].runs) {
		ck_assert_ptr_eq (strstr (text, "remex-ssh:" MARK ":run\n"), text);
		text += strlen ("remex-ssh:" MARK ":run\n");
	}
	ck_assert_str_eq (text, marked[_i].output);
	free (output);
}
END_TEST

/* On a terminal both lines are on the only stream, and the script has the words of neither. */
START_TEST (terminal_marks)
{
	struct quote_command command = marked[_i].command;
	char *text, *joined, *output;
	struct buf script;
	struct err err;
	size_t n;
	int status;

	command.mark = MARK;
	command.tty = true;
	buf_init (&script, 1 << 20);
	ck_assert_int_eq (quote_script (&script, &command, &err), 0);
	ck_assert_ptr_null (memmem (buf_head (&script), buf_len (&script), "remex-ssh:", strlen ("remex-ssh:")));
	buf_free (&script);
	text = quoted (&command);
	ck_assert_int_ge (asprintf (&joined, "exec 2>&1; %s", text), 0);
	free (text);
	output = run ("dash", joined, &n, &status);
	free (joined);
	if (!output)
		SKIP ("there is no dash here");
	ck_assert_int_eq (WEXITSTATUS (status), marked[_i].status);
	ck_assert_ptr_eq (strstr (output, "remex-ssh:" MARK ":shell "), output);
	text = strchr (output, '\n');
	ck_assert_ptr_nonnull (text);
	text++;
	if (marked[_i].runs) {
		ck_assert_ptr_eq (strstr (text, "remex-ssh:" MARK ":run\r"), text);
		text += strlen ("remex-ssh:" MARK ":run\r");
	}
	ck_assert_str_eq (text, marked[_i].output);
	free (output);
}
END_TEST

/* The login shell: $SHELL is sh here. */
START_TEST (login_shell)
{
	const struct quote_command command = { .env = (const char *const[]){ "ENV=/dev/null", NULL },
		.no_input = true };
	char *text = quoted (&command), *output;
	size_t n;
	int status;

	output = run ("dash", text, &n, &status);
	free (text);
	if (!output)
		SKIP ("there is no dash here");
	ck_assert_int_eq (status, 0);
	ck_assert_str_eq (output, "");
	free (output);
}
END_TEST

/* Each fits a terminal, and none is empty but the last one. */
static void check_lines (const struct buf *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < buf_len (lines); i++)
		if (buf_head (lines)[i] == '\n') {
			ck_assert_uint_lt (n, QUOTE_LINE_MAX);
			ck_assert (n > 0 || i + 1 == buf_len (lines));
			n = 0;
		} else {
			n++;
		}
	ck_assert_uint_eq (n, 0);
}

/* A script over standard input: exactly its line is read, or exactly its lines. Words of "-" begin some of the lines. */
START_TEST (line)
{
	static char dashes[3000];
	static const char *const argv[] = { "sh", "-c", "printf '%s|' \"$@\"; cat", "sh", "a\nb", "%s\\", "'", dashes,
		NULL };
	const struct quote_command command = { .argv = argv };
	const char *bootstrap = _i ? quote_terminal_bootstrap : quote_bootstrap;
	char name[] = "/tmp/check_quote.XXXXXX", *output, *text;
	int fd = mkstemp (name), status;
	struct buf script, input;
	struct err err;
	size_t n;

	ck_assert_int_ge (fd, 0);
	memset (dashes, '-', sizeof dashes - 1);
	buf_init (&script, 1 << 20);
	buf_init (&input, 1 << 20);
	ck_assert_int_eq (quote_script (&script, &command, &err), 0);
	ck_assert_int_eq (
		(_i ? quote_lines : quote_line) (&input, (const char *)buf_head (&script), buf_len (&script), &err), 0);
	if (_i)
		check_lines (&input);
	ck_assert_int_eq (buf_append (&input, "the\nrest", 8), 0);
	ck_assert_int_eq (write (fd, buf_head (&input), buf_len (&input)), (ssize_t)buf_len (&input));
	close (fd);
	ck_assert_int_ge (asprintf (&text, "cat %s | %s", name, strchr (bootstrap, '/')), 0);
	output = run ("dash", text, &n, &status);
	unlink (name);
	if (!output)
		SKIP ("there is no dash here");
	ck_assert_ptr_eq (strstr (output, "a\nb|%s\\|'|---"), output);
	ck_assert_str_eq (output + strlen ("a\nb|%s\\|'|") + strlen (dashes), "|the\nrest");
	free (output);
	free (text);
	buf_free (&script);
	buf_free (&input);
}
END_TEST

/* The longest text is taken, and one byte more is not. */
START_TEST (limits)
{
	static char script[QUOTE_EXEC_MAX];
	size_t frame = strlen ("exec /bin/sh -c 'eval \"$(printf \"\")\"'"), most = QUOTE_EXEC_MAX - frame;
	struct buf out;
	struct err err;

	memset (script, 'x', sizeof script);
	buf_init (&out, QUOTE_EXEC_MAX);
	ck_assert_int_eq (quote_exec (&out, script, most + 1, &err), -1);
	ck_assert_int_eq (err.sys, E2BIG);
	ck_assert_str_eq (err.text, "the command line takes 34721 bytes in an exec request, and 34720 are possible: "
				    "Argument list too long");
	ck_assert_uint_eq (buf_len (&out), 0);
	ck_assert_int_eq (quote_exec (&out, script, most, &err), 0);
	ck_assert_uint_eq (buf_len (&out), QUOTE_EXEC_MAX);
	buf_consume (&out, QUOTE_EXEC_MAX);
	memset (script, '%', sizeof script);
	ck_assert_int_eq (quote_exec (&out, script, most / 4 + 1, &err), -1);
	ck_assert_int_eq (quote_exec (&out, script, most / 4, &err), 0);
	buf_free (&out);
	buf_init (&out, 20);
	ck_assert_int_eq (quote_script (&out, &(struct quote_command){ .line = "a longer one" }, &err), -1);
	ck_assert_int_eq (err.sys, ENOBUFS);
	ck_assert_uint_eq (buf_len (&out), 0);
	buf_free (&out);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, all_bytes, 0, 2 * N_SHELLS);
	tcase_add_loop_test (tcase, whole_commands, 0, sizeof commands / sizeof *commands);
	tcase_add_test (tcase, refused_variables);
	tcase_add_loop_test (tcase, marks, 0, sizeof marked / sizeof *marked);
	tcase_add_loop_test (tcase, terminal_marks, 0, sizeof marked / sizeof *marked);
	tcase_add_test (tcase, login_shell);
	tcase_add_loop_test (tcase, line, 0, 2);
	tcase_add_test (tcase, limits);
}

CHECK_MAIN ("quote", add_cases)
