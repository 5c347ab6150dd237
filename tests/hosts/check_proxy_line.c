/* check_proxy_line - the command that leads to a host, with its tokens; what no shell is given. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "hosts/proxy_line.h"
#include "support/check_main.h"

static const struct {
	const char *line, *name, *where, *filled; /* or what the error begins with, behind a "!" */
} cases[] = {
	{ "", "web1", "web1", "" },
	{ "ssh -W %h:%p gw", "web1", "web1", "ssh -W web1:7363 gw" },
	{ "%h %p %n %%", "web1", "10.0.0.1:7400", "10.0.0.1 7400 web1 %" },
	{ "%h %p %n", "alice@web1:7400", "web1:7400", "web1 7400 web1" },
	{ "%h %p %n", "six", "[fe80::1%eth0]:1", "fe80::1%eth0 1 six" },
	{ "%h %n", "[::1]:7363", "[::1]:7363", "::1 ::1" },
	{ "ssh %h remex stdio", "web1", "unix:///run/s", "ssh web1 remex stdio" },
	{ "%h", "local", "local", "local" },
	{ "%h", "unix:///run/s", "unix:///run/s", "unix:///run/s" },
	{ "echo '100%%' $HOME;", "web1", "web1", "echo '100%' $HOME;" },
	{ "%p", "web1", "unix:///run/s", "!the proxy command uses %p, and a Unix socket has no port" },
	{ "%", "web1", "web1", "!the proxy command has a % that means nothing" },
	{ "%r", "web1", "web1", "!the proxy command has a % that means nothing" },
	{ "%h", "unix:///run/$(id)", "unix:///run/$(id)",
		"!%h of the proxy command, which is for a shell, would be 'unix:///run/$(id)'" },
	{ "%n", "-oProxyCommand=x", "web1",
		"!%n of the proxy command, which is for a shell, would be '-oProxyCommand=x'" },
	{ "%n", "a;b", "web1", "!%n of the proxy command" },
	{ "%n", "a b", "web1", "!%n of the proxy command" },
	{ "%n", "a\nb", "web1", "!%n of the proxy command, which is for a shell, would be 'a\\nb'" },
	{ "echo a;b", "a;b", "web1", "echo a;b" },
};

START_TEST (filled)
{
	struct err err = { .text = "" };
	char *line = proxy_line_fill (cases[_i].line, cases[_i].name, cases[_i].where, &err);
	const char *expected = cases[_i].filled;

	if (*expected == '!') {
		ck_assert_ptr_null (line);
		ck_assert_msg (!strncmp (err.text, expected + 1, strlen (expected + 1)), "%s", err.text);
	} else {
		ck_assert_msg (line != NULL, "%s", err.text);
		ck_assert_str_eq (line, expected);
	}
	free (line);
}
END_TEST

START_TEST (too_long)
{
	static char line[20000];
	struct err err;

	memset (line, 'x', sizeof line - 1);
	ck_assert_ptr_null (proxy_line_fill (line, "web1", "web1", &err));
	ck_assert_str_eq (err.text, "the proxy command is too long");
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, filled, 0, sizeof cases / sizeof *cases);
	tcase_add_test (tcase, too_long);
}

CHECK_MAIN ("proxy_line", add_cases)
