/* check_coalesce - what many hosts have answered: which of them are one group, the order of the groups, what is printed. The
 * hosts are members that were made over by hand; the gather is the real one. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/captured.h"
#include "cli/coalesce.h"
#include "support/check_main.h"

enum { MOST = 2000 };

static struct fanout fanout;
static struct member members[MOST];
static struct host_target targets[MOST];
static char names[MOST][32];
static struct spool spool;
static struct gather gather;
static struct coalesced coalesced;

static void begin (size_t most)
{
	fanout = (struct fanout){ .members = members };
	spool_init (&spool, 1024 * 1024);
	ck_assert_int_eq (gather_open (&gather, &spool, most), 0);
}

static struct member *add (const char *name, enum remex_outcome outcome, int exit, const char *out, const char *err)
{
	struct member *member = &members[fanout.n];

	snprintf (names[fanout.n], sizeof *names, "%s", name);
	targets[fanout.n] = (struct host_target){ .label = names[fanout.n], .where = names[fanout.n] };
	*member = (struct member){
		.target = &targets[fanout.n], .rank = fanout.n, .state = MEMBER_OVER, .fanout = &fanout
	};
	member->call.where = names[fanout.n];
	member->call.result = (struct remex_result){
		.outcome = outcome, .exit = exit, .code = "", .message = "", .limit = "", .started = true
	};
	gather.view.ops->take (&gather.view, member, false, out, strlen (out));
	gather.view.ops->take (&gather.view, member, true, err, strlen (err));
	fanout.n++;
	return member;
}

static void end (void)
{
	coalesce_free (&coalesced);
	gather_close (&gather);
	ck_assert_uint_eq (spool.used, 0);
	spool_free (&spool);
}

/* "web[1-2]|db1" */
static const char *groups (bool similar)
{
	static char text[4096];

	*text = '\0';
	ck_assert_int_eq (coalesce_make (&coalesced, &fanout, &gather, similar), 0);
	for (size_t i = 0; i < coalesced.n; i++) {
		char *name = coalesce_group_names (&coalesced.groups[i]);

		snprintf (text + strlen (text), sizeof text - strlen (text), "%s%s", i ? "|" : "", name);
		free (name);
	}
	return text;
}

static const char *print (enum coalesce_style style, bool merged)
{
	static char text[100000];
	int saved = dup (STDOUT_FILENO), file = memfd_create ("stdout", 0);
	ssize_t n;

	fflush (stdout);
	dup2 (file, STDOUT_FILENO);
	ck_assert_int_eq (coalesce_print (&coalesced, style, merged), 0);
	fflush (stdout);
	dup2 (saved, STDOUT_FILENO);
	close (saved);
	ck_assert_int_ge (n = pread (file, text, sizeof text - 1, 0), 0);
	text[n] = '\0';
	close (file);
	return text;
}

START_TEST (a_group_is_equal_in_all)
{
	begin (MOST);
	add ("a1", REMEX_EXITED, 0, "x\n", "");
	add ("b1", REMEX_EXITED, 1, "x\n", "");
	add ("a2", REMEX_EXITED, 0, "x\n", "");
	add ("c1", REMEX_EXITED, 0, "x\n", "warning\n");
	add ("c2", REMEX_EXITED, 0, "", "x\n");
	add ("d1", REMEX_TIMED_OUT, 0, "x\n", "");
	add ("a3", REMEX_EXITED, 0, "x\n", "");
	add ("e1", REMEX_UNREACHABLE, 0, "", "");
	add ("b2", REMEX_EXITED, 1, "x\n", "");
	add ("f1", REMEX_SIGNALLED, 0, "x\n", "");
	add ("s1", REMEX_UNREACHABLE, 0, "", "")->call.skipped = true;
	ck_assert_str_eq (groups (false), "a[1-3]|c1|c2|b[1-2]|f1|d1|e1|s1");
	end ();
}
END_TEST

/* The same error of two hosts is one, though it names each of them. */
START_TEST (errors_are_equal_but_for_the_name)
{
	begin (MOST);
	add ("web1", REMEX_UNREACHABLE, 0, "", "")->call.result.message =
		"cannot find web1: there is no host of that name";
	add ("web2", REMEX_UNREACHABLE, 0, "", "")->call.result.message =
		"cannot find web2: there is no host of that name";
	add ("web3", REMEX_UNREACHABLE, 0, "", "")->call.result.message = "cannot find web3: not now";
	ck_assert_str_eq (groups (false), "web[1-2]|web3");
	capture_begin ();
	coalesce_print_summary (&coalesced, false);
	ck_assert_str_eq (capture_end (), "remex: web[1-2] (2): cannot find HOST: there is no host of that name\n"
					  "remex: web3: cannot find web3: not now\n"
					  "remex: 3 hosts failed: web[1-3]\n");
	end ();
}
END_TEST

/* Hosts that were told to stop before they began agree in nothing. */
START_TEST (who_never_began_does_not_agree)
{
	begin (MOST);
	add ("n1", REMEX_EXITED, 0, "x\n", "");
	add ("n2", REMEX_CANCELLED, 0, "", "")->call.result.started = false;
	add ("n3", REMEX_CANCELLED, 0, "", "")->call.result.started = false;
	add ("n4", REMEX_CANCELLED, 0, "x\n", "")->call.result.started = false; /* we left, and do not know */
	ck_assert_str_eq (groups (false), "n1|n[2-3]|n4");
	capture_begin ();
	coalesce_print_summary (&coalesced, false);
	ck_assert_str_eq (capture_end (), "remex: n[2-3] (2): cancelled\nremex: n4: cancelled\n"
					  "remex: 1 of 4 hosts agree; 1 differs: n4; 2 failed: n[2-3]\n");
	end ();
}
END_TEST

START_TEST (blocks_have_headers)
{
	begin (MOST);
	add ("n1", REMEX_EXITED, 0, "a\nb", "");
	add ("n2", REMEX_EXITED, 0, "a\nb", "");
	add ("n3", REMEX_EXITED, 0, "\033[2J\n", "err\n");
	add ("n4", REMEX_EXITED, 0, "", "");
	ck_assert_str_eq (groups (false), "n[1-2]|n3|n4");
	capture_begin ();
	ck_assert_str_eq (print (COALESCE_BLOCKS, false),
		"---------------\nn[1-2] (2)\n---------------\na\nb\n---------------\nn3\n---------------\n^[[2J\n");
	ck_assert_str_eq (capture_end (), "---------------\nn3\n---------------\nerr\n");
	ck_assert_str_eq (print (COALESCE_BLOCKS, true),
		"---------------\nn[1-2] "
		"(2)\n---------------\na\nb\n---------------\nn3\n---------------\n^[[2J\nerr\n");
	capture_begin ();
	coalesce_print_summary (&coalesced, false);
	ck_assert_str_eq (capture_end (), "remex: 2 of 4 hosts agree; 2 differ: n[3-4]\n");
	end ();
}
END_TEST

START_TEST (lines_are_folded_place_by_place)
{
	begin (MOST);
	add ("n1", REMEX_EXITED, 0, "same\none\n", "");
	add ("n2", REMEX_EXITED, 0, "same\ntwo\nmore\n", "");
	add ("n3", REMEX_EXITED, 1, "same\none\n", "");
	groups (false);
	ck_assert_str_eq (print (COALESCE_LINES, false), "n[1-3]: same\nn[1,3]: one\nn2: two\nn2: more\n");
	end ();
}
END_TEST

START_TEST (differences_are_from_the_largest_group)
{
	begin (MOST);
	add ("n1", REMEX_EXITED, 0, "a\nb\n", "");
	add ("n2", REMEX_EXITED, 0, "a\n", "");
	add ("n3", REMEX_EXITED, 0, "a\n", "");
	add ("n4", REMEX_UNREACHABLE, 0, "", "");
	groups (false);
	ck_assert_str_eq (print (COALESCE_DIFF, false), "--- n[2-3] (2)\n+++ n1 (1)\n@@ -1 +1,2 @@\n a\n+b\n");
	end ();
	/* It may have failed. */
	begin (MOST);
	add ("n1", REMEX_EXITED, 0, "a\nb\n", "");
	add ("n2", REMEX_EXITED, 1, "a\n", "");
	add ("n3", REMEX_EXITED, 1, "a\n", "");
	groups (false);
	ck_assert_str_eq (print (COALESCE_DIFF, false), "--- n[2-3] (2)\n+++ n1 (1)\n@@ -1 +1,2 @@\n a\n+b\n");
	end ();
}
END_TEST

/* A thousand hosts, three outputs that differ only by the host's name and a number, and one outlier. */
START_TEST (similar_outputs_are_one_group)
{
	char name[16], out[100];

	begin (MOST);
	for (int i = 0; i < 1000; i++) {
		snprintf (name, sizeof name, "web%d", i);
		if (i == 500)
			snprintf (out, sizeof out, "web%d is broken\n", i);
		else
			snprintf (out, sizeof out, "web%d up %d days\nfine\n", i, i % 3);
		add (name, REMEX_EXITED, 0, out, "");
	}
	ck_assert_str_eq (groups (true), "web[0-499,501-999]|web500");
	ck_assert_str_eq (print (COALESCE_BLOCKS, false),
		"---------------\nweb[0-499,501-999] (999)\n---------------\n%h up {0..2} days\nfine\n"
		"---------------\nweb500\n---------------\nweb500 is broken\n");
	capture_begin ();
	coalesce_print_summary (&coalesced, false);
	ck_assert_str_eq (capture_end (), "remex: 999 of 1000 hosts agree; 1 differs: web500\n");
	end ();
}
END_TEST

/* The memory is that of the distinct outputs. */
START_TEST (equal_outputs_are_kept_once)
{
	static char out[100001];
	char name[16];
	size_t used;

	memset (out, 'x', sizeof out - 1);
	begin (MOST);
	add ("n1", REMEX_EXITED, 0, out, "");
	used = spool.used;
	ck_assert_uint_ge (used, sizeof out - 1);
	for (int i = 2; i < MOST; i++) {
		snprintf (name, sizeof name, "n%d", i);
		add (name, REMEX_EXITED, 0, out, "");
	}
	ck_assert_uint_eq (spool.used, used);
	ck_assert_int_eq (spool.fd, -1);
	ck_assert_str_eq (groups (false), "n[1-1999]");
	end ();
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, a_group_is_equal_in_all);
	tcase_add_test (tcase, errors_are_equal_but_for_the_name);
	tcase_add_test (tcase, who_never_began_does_not_agree);
	tcase_add_test (tcase, blocks_have_headers);
	tcase_add_test (tcase, lines_are_folded_place_by_place);
	tcase_add_test (tcase, differences_are_from_the_largest_group);
	tcase_add_test (tcase, similar_outputs_are_one_group);
	tcase_add_test (tcase, equal_outputs_are_kept_once);
}

CHECK_MAIN ("coalesce", add_cases)
