/* check_known_hosts - the judgement of a host's key, line by line, and that ssh-keygen(1) and this code read and write the
 * same files. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "ssh/known_hosts.h"
#include "support/check_main.h"

/* Two Ed25519 keys and others, made for these tests. */
#define KEY_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDKfZVgp9SGN18d0l/+Z3bYSImD5ABDGQmp6mnuxzEzR"
#define KEY_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIS6Jzd2YZl9jkaQKl3hHKzavzuVzp0Pb1+4KoTnyN7q"
#define KEY_ECDSA \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBNaPJjLrqoLePRKVP" \
	"SBAU1prQSXY9XliajrSucaUpLGE/EBhpe7QqZUEMGwW4653sJR6Rdq6evRtJLbUussEFo="
#define KEY_RSA \
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDYoY/C/jLq2F7eV6PxSvg2OxrgqD4MuwOXSjCcCO2KjE6WpcPVrD" \
	"81QO/yYiBWSgzayThy6WJsInOwmPzRBYIHWptfZ8Tlm4L1vrzOf7gXDCRVeBiKZf6snifepdLc8MkjO+1bKbNwteRC" \
	"1zYKvUDNT1xBE/HLcxuwtODNx9+M2/RBEGDUVf6vPeKjstcJ0tVmDoFfdJ6/bWCj+nc4a1TGujkLxxv/J3lEOBMAiF" \
	"sR4AOoanDxJm8APwBBk9g1cZFfNrYmwUxoOuZ6jQRuhicsT89zaDfOmE4SVjMjbjVaPNLAICJwPSHD3c20iLh6MVIV" \
	"UDrM/7ZKZU3KJs9/n89L3iIwHWZEo+i6wp4FJv07aeCwm5KsksAXmbB89ROy1sTms0K1vyLCeUdo2D5Mi39qJw9qzW" \
	"kx7o+fG17IFBhjlcHyB1sI47Pyxc2pxBCP4/aKhzgfQoEJsHpcZPcNzPE0JrFaqcfzxeP9hc+e3y3l6PqpUHsTgbom" \
	"2LZxaW4jb68="

/* The name "host" and "[host]:2222", hashed by ssh-keygen -H. */
#define HASHED_HOST "|1|KwUJPlNDSXB4zdQFJPhmnZBX80I=|L+/5s4WRjs0FPgX4mwhPwizHrV0="
#define HASHED_PORT "|1|3jaBBBu1l3Da0FKwaZaalH8MLCM=|veXfx0NCW4TB0p/K+OZe1W2Q1R4="

static struct public_key key_of (const char *text)
{
	struct public_key key;
	struct err err = { .text = "" };

	ck_assert_msg (public_key_parse (&key, text, NULL, &err) == 0, "%s", err.text);
	return key;
}

static struct known_hosts *known_of (const char *text, size_t n)
{
	struct known_hosts *known = known_hosts_new ();

	ck_assert_int_eq (known_hosts_read_text (known, text, n, "file", NULL), 0);
	return known;
}

static const struct {
	const char *text, *host;
	unsigned port;
	const char *key;
	enum known_hosts_verdict verdict;
	unsigned line;
} cases[] = {
	{ "", "host", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	{ "host " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "# x\n\n\t host\t" KEY_A " a comment\r\n", "HOST", 22, KEY_A, KNOWN_HOSTS_MATCH, 3 },
	{ "Host " KEY_A "\n", "host", 22, KEY_B, KNOWN_HOSTS_CHANGED, 1 },
	{ "host " KEY_RSA "\nhost " KEY_ECDSA, "host", 22, KEY_A, KNOWN_HOSTS_OTHER_TYPE, 1 },
	{ "host " KEY_RSA "\nhost " KEY_B, "host", 22, KEY_A, KNOWN_HOSTS_CHANGED, 2 },
	{ "host " KEY_B "\nhost " KEY_RSA "\nhost " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_MATCH, 3 },
	{ "hos " KEY_A "\nhostx " KEY_A "\nxhost " KEY_A "\n,, " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	/* names, addresses */
	{ "a,host,b " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "host,10.0.0.1 " KEY_A, "10.0.0.1", 22, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "2001:db8::1 " KEY_A, "2001:DB8::1", 22, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "[2001:db8::1]:2222 " KEY_A, "2001:db8::1", 2222, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	/* ports */
	{ "[host]:2222 " KEY_A, "host", 2222, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "[host]:2222 " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	{ "[host]:2222 " KEY_A, "host", 222, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	{ "host " KEY_A, "host", 2222, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "host " KEY_A, "host", 2222, KEY_B, KNOWN_HOSTS_UNKNOWN, 0 },
	{ "host " KEY_A "\n[host]:2222 " KEY_B, "host", 2222, KEY_A, KNOWN_HOSTS_CHANGED, 2 },
	{ "host " KEY_A "\n[host]:2222 " KEY_RSA, "host", 2222, KEY_A, KNOWN_HOSTS_OTHER_TYPE, 2 },
	/* patterns */
	{ "*.lab " KEY_A, "a.lab", 22, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "h?st " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "h?st " KEY_A, "hst", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	{ "* " KEY_A, "host", 2222, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "*.lab,!b.lab " KEY_A, "b.lab", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	{ "!b.lab,*.lab " KEY_A, "a.lab", 22, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ "!b.lab " KEY_A, "a.lab", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	{ "[*]:2222 " KEY_A, "host", 2222, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	/* hashes */
	{ HASHED_HOST " " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ HASHED_HOST " " KEY_A, "Host", 22, KEY_B, KNOWN_HOSTS_CHANGED, 1 },
	{ HASHED_HOST " " KEY_A, "hosts", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	{ HASHED_PORT " " KEY_A, "host", 2222, KEY_A, KNOWN_HOSTS_MATCH, 1 },
	{ HASHED_PORT " " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	/* markers */
	{ "@revoked * " KEY_A "\nhost " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_REVOKED, 1 },
	{ "host " KEY_A "\n@revoked host " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_REVOKED, 2 },
	{ "[host]:2222 " KEY_A "\n@revoked host " KEY_A, "host", 2222, KEY_A, KNOWN_HOSTS_REVOKED, 2 },
	{ "@revoked * " KEY_B "\nhost " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_MATCH, 2 },
	{ "@revoked other " KEY_A "\nhost " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_MATCH, 2 },
	{ "@revoked " HASHED_HOST " " KEY_A "\nhost " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_REVOKED, 1 },
	{ "@revoked host " KEY_A, "host", 22, KEY_B, KNOWN_HOSTS_UNKNOWN, 0 },
	{ "@cert-authority * " KEY_A, "host", 22, KEY_A, KNOWN_HOSTS_UNKNOWN, 0 },
	/* what cannot be read does not hide what follows */
	{ "@other * " KEY_A "\nhost\nhost ssh-ed25519 A\n|1|x|y " KEY_A "\n|2|a " KEY_A "\n\x01\x02\nhost " KEY_A,
		"host", 22, KEY_A, KNOWN_HOSTS_MATCH, 7 },
};

START_TEST (judgements)
{
	struct known_hosts *known = known_of (cases[_i].text, strlen (cases[_i].text));
	struct public_key key = key_of (cases[_i].key);
	struct known_hosts_judgement judgement = known_hosts_judge (known, cases[_i].host, cases[_i].port, &key);

	ck_assert_int_eq (judgement.verdict, cases[_i].verdict);
	ck_assert_uint_eq (judgement.line, cases[_i].line);
	ck_assert (!judgement.path == !cases[_i].line && !judgement.key == !cases[_i].line);
	ck_assert (judgement.authority == (strstr (cases[_i].text, "@cert") != NULL));
	public_key_free (&key);
	known_hosts_free (known);
}
END_TEST

/* Garbage, a NUL and a huge line are counted, and the last line still holds. */
START_TEST (bad_lines)
{
	enum { HUGE_LINE = KNOWN_HOSTS_LINE_MAX + 1 };
	static const char before[] = "ok " KEY_A "\ngarbage\nhost \0 " KEY_A "\n", after[] = "\nhost " KEY_A;
	struct public_key key = key_of (KEY_A);
	struct known_hosts *known;
	struct buf text;
	const char *path;
	unsigned line;

	buf_init (&text, 1 << 20);
	buf_append (&text, before, sizeof before - 1);
	memset (buf_reserve (&text, HUGE_LINE), 'h', HUGE_LINE);
	buf_commit (&text, HUGE_LINE);
	buf_append (&text, after, sizeof after - 1);
	known = known_of ((const char *)buf_head (&text), buf_len (&text));
	ck_assert_uint_eq (known_hosts_skipped (known, &path, &line), 3);
	ck_assert_str_eq (path, "file");
	ck_assert_uint_eq (line, 2);
	ck_assert_int_eq (known_hosts_judge (known, "host", 22, &key).verdict, KNOWN_HOSTS_MATCH);
	known_hosts_free (known);
	buf_free (&text);
	public_key_free (&key);
}
END_TEST

START_TEST (types)
{
	static const char text[] =
		"host " KEY_RSA "\nother " KEY_ECDSA "\nhost " KEY_A "\n[host]:2222 " KEY_ECDSA "\nhost " KEY_B
		"\n@revoked gone " KEY_A "\ngone " KEY_A "\n@cert-authority * " KEY_ECDSA;
	struct known_hosts *known = known_of (text, sizeof text - 1);
	const char *found[KNOWN_HOSTS_TYPES_MAX];

	ck_assert_uint_eq (known_hosts_types (known, "host", 22, found), 2);
	ck_assert_str_eq (found[0], "ssh-rsa");
	ck_assert_str_eq (found[1], "ssh-ed25519");
	ck_assert_uint_eq (known_hosts_types (known, "host", 2222, found), 1);
	ck_assert_str_eq (found[0], "ecdsa-sha2-nistp256");
	ck_assert_uint_eq (known_hosts_types (known, "host", 22222, found), 2);
	ck_assert_uint_eq (known_hosts_types (known, "gone", 22, found), 0);
	ck_assert_uint_eq (known_hosts_types (known, "none", 22, found), 0);
	known_hosts_free (known);
}
END_TEST

static const struct {
	const char *host;
	unsigned port;
	const char *name;
} names[] = {
	{ "Host", 22, "host" },
	{ "host", 2222, "[host]:2222" },
	{ "2001:db8::1", 22, "2001:db8::1" },
	{ "fe80::1%eth0", 2222, "[fe80::1%eth0]:2222" },
	{ "", 22, NULL },
	{ "a,b", 22, NULL },
	{ "*", 22, NULL },
	{ "!a", 22, NULL },
	{ "#a", 22, NULL },
	{ "|1|", 22, NULL },
	{ "@revoked", 22, NULL },
	{ "a b", 22, NULL },
	{ "a\nb", 22, NULL },
};

START_TEST (lines)
{
	static const uint8_t salt[KNOWN_HOSTS_SALT] = { 1, 2, 3 };
	struct public_key key = key_of (KEY_A);
	struct known_hosts *known;
	char expected[1000];
	struct buf out;
	struct err err;

	buf_init (&out, 10000);
	if (!names[_i].name) {
		ck_assert_int_eq (known_hosts_line (&out, names[_i].host, names[_i].port, &key, NULL, &err), -1);
		ck_assert_ptr_nonnull (strstr (err.text, "' can be no name in a file of known hosts"));
	} else {
		ck_assert_int_eq (known_hosts_line (&out, names[_i].host, names[_i].port, &key, NULL, &err), 0);
		snprintf (expected, sizeof expected, "%s %s\n", names[_i].name, KEY_A);
		ck_assert (buf_len (&out) == strlen (expected));
		ck_assert_mem_eq (buf_head (&out), expected, strlen (expected));
		buf_consume (&out, buf_len (&out));
		ck_assert_int_eq (known_hosts_line (&out, names[_i].host, names[_i].port, &key, salt, &err), 0);
		ck_assert_mem_eq (buf_head (&out), "|1|", 3);
		known = known_of ((const char *)buf_head (&out), buf_len (&out));
		ck_assert_int_eq (
			known_hosts_judge (known, names[_i].host, names[_i].port, &key).verdict, KNOWN_HOSTS_MATCH);
		known_hosts_free (known);
	}
	buf_free (&out);
	public_key_free (&key);
}
END_TEST

/* --- files, and ssh-keygen ---------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/remex-known-hosts-XXXXXX";

static void write_file (const char *name, const char *text)
{
	FILE *file;

	if (strstr (directory, "XXXXXX"))
		ck_assert_ptr_nonnull (mkdtemp (directory));
	ck_assert_int_eq (chdir (directory), 0);
	file = fopen (name, "w");
	ck_assert_ptr_nonnull (file);
	fputs (text, file);
	ck_assert_int_eq (fclose (file), 0);
	ck_assert_int_eq (chmod (name, 0600), 0);
}

static void remove_directory (void)
{
	char command[100];

	snprintf (command, sizeof command, "rm -r %s", directory);
	ck_assert_int_eq (system (command), 0);
}

static void path_of (char path[200], const char *name)
{
	snprintf (path, 200, "%s/%s", directory, name);
}

START_TEST (files)
{
	struct known_hosts *known = known_hosts_new ();
	struct public_key key = key_of (KEY_B);
	struct known_hosts_judgement judgement;
	char first[200], second[200], missing[200];
	struct err err = { .text = "" };

	write_file ("first", "host " KEY_A "\n");
	write_file ("second", "# the system's\nhost " KEY_B "\n");
	path_of (first, "first");
	path_of (second, "second");
	path_of (missing, "missing");
	ck_assert_int_eq (known_hosts_read (known, first, &err), 1);
	ck_assert_int_eq (known_hosts_judge (known, "host", 22, &key).verdict, KNOWN_HOSTS_CHANGED);
	ck_assert_int_eq (known_hosts_read (known, missing, &err), 0);
	ck_assert_int_eq (known_hosts_read (known, second, &err), 1);
	judgement = known_hosts_judge (known, "host", 22, &key);
	ck_assert_int_eq (judgement.verdict, KNOWN_HOSTS_MATCH);
	ck_assert_str_eq (judgement.path, second);
	ck_assert_uint_eq (judgement.line, 2);
	ck_assert_int_eq (chmod ("second", 0666), 0);
	ck_assert_int_eq (known_hosts_read (known, second, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "is writable by group or others"));
	public_key_free (&key);
	known_hosts_free (known);
	remove_directory ();
}
END_TEST

/* What ssh-keygen -H has hashed is understood, and it finds our hashed and plain lines. */
START_TEST (keygen)
{
	static const uint8_t salt[KNOWN_HOSTS_SALT] = { 9, 8, 7 };
	struct known_hosts *known = known_hosts_new ();
	struct public_key a = key_of (KEY_A), b = key_of (KEY_B), rsa = key_of (KEY_RSA), ecdsa = key_of (KEY_ECDSA);
	char path[200], print[PUBLIC_KEY_PRINT_SIZE], command[300];
	struct err err = { .text = "" };
	struct buf out;

	if (system ("ssh-keygen -? >/dev/null 2>&1") == 127 << 8)
		SKIP ("there is no ssh-keygen here");
	write_file ("plain", "host " KEY_A "\n[host]:2222 " KEY_B "\none,two " KEY_RSA "\n10.1.2.3 " KEY_ECDSA
			     "\n*.lab " KEY_A "\n");
	path_of (path, "plain");
	ck_assert_int_eq (system ("ssh-keygen -q -H -f plain >/dev/null 2>&1 && ! grep -q '^host' plain"), 0);
	ck_assert_int_eq (known_hosts_read (known, path, &err), 1);
	ck_assert_int_eq (known_hosts_judge (known, "host", 22, &a).verdict, KNOWN_HOSTS_MATCH);
	ck_assert_int_eq (known_hosts_judge (known, "host", 2222, &b).verdict, KNOWN_HOSTS_MATCH);
	ck_assert_int_eq (known_hosts_judge (known, "host", 2222, &a).verdict, KNOWN_HOSTS_CHANGED);
	ck_assert_int_eq (known_hosts_judge (known, "two", 22, &rsa).verdict, KNOWN_HOSTS_MATCH);
	ck_assert_int_eq (known_hosts_judge (known, "10.1.2.3", 22, &ecdsa).verdict, KNOWN_HOSTS_MATCH);
	ck_assert_int_eq (known_hosts_judge (known, "x.lab", 22, &a).verdict, KNOWN_HOSTS_MATCH);
	buf_init (&out, 10000);
	ck_assert_int_eq (known_hosts_line (&out, "Web", 2222, &a, salt, &err), 0);
	ck_assert_int_eq (known_hosts_line (&out, "web", 22, &ecdsa, NULL, &err), 0);
	ck_assert_int_eq (buf_append (&out, "", 1), 0);
	write_file ("ours", (const char *)buf_head (&out));
	ck_assert_int_eq (system ("ssh-keygen -F '[web]:2222' -f ours | grep -q ' ssh-ed25519 '"), 0);
	ck_assert_int_eq (system ("ssh-keygen -F web -f ours | grep -q '^web ecdsa-sha2-nistp256 '"), 0);
	ck_assert_int_ne (system ("ssh-keygen -F '[web]:2223' -f ours >/dev/null"), 0);
	snprintf (command, sizeof command, "ssh-keygen -lf ours | grep -qF ' %s '", public_key_print (&ecdsa, print));
	ck_assert_int_eq (system (command), 0);
	buf_free (&out);
	public_key_free (&a);
	public_key_free (&b);
	public_key_free (&rsa);
	public_key_free (&ecdsa);
	known_hosts_free (known);
	remove_directory ();
}
END_TEST

/* A pattern of many stars does not take long. */
START_TEST (stars)
{
	static char text[20000];
	struct public_key key = key_of (KEY_A);
	struct known_hosts *known;
	char host[1000];

	for (size_t i = 0; i < 9999; i++)
		memcpy (text + 2 * i, "*a", 2);
	strcpy (text + 2 * 9999 - 100, "b " KEY_A);
	memset (host, 'a', sizeof host - 1);
	host[sizeof host - 1] = '\0';
	known = known_of (text, strlen (text));
	ck_assert_int_eq (known_hosts_judge (known, host, 22, &key).verdict, KNOWN_HOSTS_UNKNOWN);
	known_hosts_free (known);
	public_key_free (&key);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, judgements, 0, sizeof cases / sizeof *cases);
	tcase_add_test (tcase, bad_lines);
	tcase_add_test (tcase, types);
	tcase_add_loop_test (tcase, lines, 0, sizeof names / sizeof *names);
	tcase_add_test (tcase, files);
	tcase_add_test (tcase, keygen);
	tcase_add_test (tcase, stars);
}

CHECK_MAIN ("known_hosts", add_cases)
