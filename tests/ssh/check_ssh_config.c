/* check_ssh_config - what is said of a host, compared with ssh -G where there is an ssh; includes, mistakes, tokens. */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ssh/ssh_config.h"
#include "support/check_main.h"

/* --- files that are no files: "NAME\1TEXT\1NAME\1TEXT…"; a pattern that is no name stands for all names ---------------- */

static const char *find_text (const char *files, const char *path, size_t *n)
{
	for (const char *at = files; *at;) {
		size_t name = strcspn (at, "\1"), text = strcspn (at + name + 1, "\1");

		if (strlen (path) == name && !strncmp (at, path, name)) {
			*n = text;
			return at + name + 1;
		}
		at += name + 1 + text;
		at += *at == '\1';
	}
	return NULL;
}

static char *read_text (void *context, const char *path, size_t *n, struct err *err)
{
	const char *text = find_text (context, path, n);

	if (text)
		return strndup (text, *n);
	errno = ENOENT;
	err_sys (err, 0, "%s", path);
	return NULL;
}

static char **find_texts (void *context, const char *pattern)
{
	char **paths = calloc (20, sizeof *paths);
	size_t n;

	if (find_text (context, pattern, &n))
		paths[0] = strdup (pattern);
	return paths;
}

static const struct ssh_config_ops texts = { read_text, find_texts };

static struct ssh_config *config_of (const char *files, struct err *err)
{
	struct ssh_config *config = ssh_config_new ("/home/me", &texts, (void *)(uintptr_t)files);

	if (ssh_config_read (config, "/c/config", err) >= 0)
		return config;
	ssh_config_free (config);
	return NULL;
}

/* --- the same as ssh ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *text, *host, *said;
} cases[] = {
	{ "", "web", "" },
	{ "Port 2200\nUser me", "web", "user me\nport 2200\n" },
	{ "Host web\n Port 1\nHost *\n Port 2\n User x", "web", "user x\nport 1\n" },
	{ "Host web\n Port 1\nHost *\n Port 2\n User x", "db", "user x\nport 2\n" },
	{ "Host w*b ?b !wxb\nPort=1\nHost wxb\nPort = 3", "wxb", "port 3\n" },
	{ "Host w*b ?b !wxb\nPort=1", "db", "port 1\n" },
	{ "Host !db\nPort 1", "web", "" },
	{ "Host WEB\nPort 1", "web", "" },
	{ "host web\nPORT 1\nhOsTnAmE %h.lab", "web", "hostname web.lab\nport 1\n" },
	{ "  \t# a comment\n\n\tUser\t \"me too\" # this as well\r\n", "web", "user me too\n" },
	{ "User 'a b'\nHost *\nUser c", "web", "user a b\n" },
	{ "User a\\ b", "web", "user a b\n" },
	{ "User \"a\\\"b\"c", "web", "user a\"bc\n" },
	{ "User a\\qb", "web", "user a\\qb\n" },
	{ "User a#b", "web", "user a#b\n" },
	{ "IdentityFile ~/.ssh/one\nHost web\nIdentityFile \"~/two three\"\nIdentityFile ~/.ssh/one\nIdentitiesOnly "
	  "yes",
		"web", "identitiesonly yes\nidentityfile ~/.ssh/one\nidentityfile ~/two three\n" },
	{ "IdentitiesOnly no\nIdentitiesOnly yes", "web", "identitiesonly no\n" },
	{ "ProxyJump a@b:22,c\nProxyJump d", "web", "proxyjump a@b:22,c\n" },
	{ "ProxyJump none\nProxyJump d", "web", "" },
	{ "StrictHostKeyChecking Accept-New\nHost *\nStrictHostKeyChecking no", "web",
		"stricthostkeychecking accept-new\n" },
	{ "UserKnownHostsFile /a \"/b c\"\nUserKnownHostsFile /d", "web", "userknownhostsfile /a /b c\n" },
	{ "GlobalKnownHostsFile /a\nMatch all\nPort 7\nHost none\nPort 8\nMatch all\nUser u", "web",
		"user u\nport 7\nglobalknownhostsfile /a\n" },
	{ "HostKeyAlias alias\nIdentityAgent none", "web", "hostkeyalias alias\nidentityagent none\n" },
	{ "Host web\nHost db\nPort 1", "web", "" },
	{ "ForwardAgent yes\nSendEnv LANG LC_*\nCiphers aes256-ctr\nPort 1", "web", "port 1\n" },
};

/* What the settings say, with the words of ssh -G. */
static void tell (const struct ssh_settings *settings, const char *host, char *out, size_t size)
{
	FILE *file = fmemopen (out, size, "w");
	struct ssh_config_tokens tokens = { .host = host };
	const char *strict = settings->strict_checking;
	char *name;

	if (settings->host_name) {
		name = ssh_config_expand (settings->host_name, &tokens, NULL);
		fprintf (file, "hostname %s\n", name);
		free (name);
	}
	if (settings->user)
		fprintf (file, "user %s\n", settings->user);
	if (settings->port)
		fprintf (file, "port %d\n", settings->port);
	if (settings->identities_only)
		fputs ("identitiesonly yes\n", file);
	for (size_t i = 0; i < settings->identity_files.n; i++)
		fprintf (file, "identityfile %s\n", settings->identity_files.values[i]);
	if (settings->proxy_jump)
		fprintf (file, "proxyjump %s\n", settings->proxy_jump);
	if (strict)
		fprintf (file, "stricthostkeychecking %s\n", strict);
	for (size_t i = 0; i < settings->user_known_hosts.n; i++)
		fprintf (file, "%s%s%s", i ? " " : "userknownhostsfile ", settings->user_known_hosts.values[i],
			i + 1 < settings->user_known_hosts.n ? "" : "\n");
	for (size_t i = 0; i < settings->global_known_hosts.n; i++)
		fprintf (file, "globalknownhostsfile %s\n", settings->global_known_hosts.values[i]);
	if (settings->host_key_alias)
		fprintf (file, "hostkeyalias %s\n", settings->host_key_alias);
	if (settings->identity_agent)
		fprintf (file, "identityagent %s\n", settings->identity_agent);
	fclose (file);
}

START_TEST (said)
{
	char files[2000], told[2000] = "", expected[2000];
	struct ssh_settings settings;
	struct ssh_config *config;
	struct err err = { .text = "" };
	char *no;

	snprintf (files, sizeof files, "/c/config\1%s", cases[_i].text);
	config = config_of (files, &err);
	ck_assert_msg (config != NULL, "%s", err.text);
	ck_assert_int_eq (ssh_config_find (config, cases[_i].host, &settings, &err), 0);
	tell (&settings, cases[_i].host, told, sizeof told);
	strcpy (expected, cases[_i].said);
	if ((no = strstr (expected, "identitiesonly no\n"))) /* which is nothing to us */
		memmove (no, no + 18, strlen (no + 18) + 1);
	ck_assert_str_eq (told, expected);
	ssh_settings_free (&settings);
	ssh_config_free (config);
}
END_TEST

/* Each line that ssh -G prints is one of `said`, or a default. */
START_TEST (as_ssh)
{
	static const char *const shown[] = { "hostname ", "user ", "port ", "identitiesonly ", "identityfile ",
		"proxyjump ", "stricthostkeychecking ", "userknownhostsfile ", "globalknownhostsfile ", "hostkeyalias ",
		"identityagent " };
	char directory[] = "/tmp/remex-ssh-config-XXXXXX", command[300], line[1000], plain[300];
	struct passwd *me = getpwuid (geteuid ());
	size_t found = 0, wanted = 0;
	FILE *file;

	if (system ("command -v ssh >/dev/null") != 0)
		SKIP ("there is no ssh here");
	if (!me)
		SKIP ("this user has no name, and ssh needs one");
	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (command, sizeof command, "%s/config", directory);
	file = fopen (command, "w");
	ck_assert_ptr_nonnull (file);
	fputs (cases[_i].text, file);
	fclose (file);
	snprintf (command, sizeof command, "ssh -G -F %s/config %s 2>&1", directory, cases[_i].host);
	file = popen (command, "r");
	while (fgets (line, sizeof line, file)) {
		bool is_shown = false;

		for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
			is_shown = is_shown || !strncmp (line, shown[i], strlen (shown[i]));
		if (!is_shown)
			continue;
		if (!strcmp (line, "stricthostkeychecking true\n"))
			strcpy (line, "stricthostkeychecking yes\n");
		if (strstr (cases[_i].said, line)) {
			found++;
			continue;
		}
		snprintf (plain, sizeof plain,
			"hostname %s\nuser %s\nport 22\nidentitiesonly no\nstricthostkeychecking ask\n", cases[_i].host,
			me->pw_name);
		ck_assert_msg (strstr (plain, line) || strstr (line, "identityfile ~/.ssh/id_") ||
				       strstr (line, "/.ssh/known_hosts ") || strstr (line, "knownhostsfile /etc/ssh/"),
			"ssh says: %s", line);
	}
	ck_assert_int_eq (pclose (file), 0);
	for (const char *p = cases[_i].said; *p; p++)
		wanted += *p == '\n';
	ck_assert_uint_eq (found, wanted);
	snprintf (command, sizeof command, "rm -r %s", directory);
	ck_assert_int_eq (system (command), 0);
}
END_TEST

/* --- includes ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *files, *host, *said;
} included[] = {
	{ "/c/config\1Include a\nPort 1\1/c/a\1Port 2", "web", "port 2\n" },
	{ "/c/config\1Include /x ~/y none\nPort 1\1/x\1User u\1/home/me/y\1Port 2", "web", "user u\nport 2\n" },
	/* a block of the included file ends with the file */
	{ "/c/config\1Include a\nPort 1\1/c/a\1Host db\nPort 2", "web", "port 1\n" },
	/* an include in a block counts for the hosts of the block only */
	{ "/c/config\1Host db\nInclude a\nHost *\nPort 1\1/c/a\1Host *\nPort 2", "web", "port 1\n" },
	{ "/c/config\1Host db\nInclude a\nUser u\nHost *\nPort 1\1/c/a\1Host web\nPort 3\nMatch all\nPort 2", "db",
		"user u\nport 2\n" },
};

START_TEST (includes)
{
	struct ssh_settings settings;
	struct err err = { .text = "" };
	struct ssh_config *config = config_of (included[_i].files, &err);
	char told[1000] = "";

	ck_assert_msg (config != NULL, "%s", err.text);
	ck_assert_int_eq (ssh_config_find (config, included[_i].host, &settings, &err), 0);
	tell (&settings, included[_i].host, told, sizeof told);
	ck_assert_str_eq (told, included[_i].said);
	ssh_settings_free (&settings);
	ssh_config_free (config);
}
END_TEST

START_TEST (no_file)
{
	struct ssh_config *config = ssh_config_new ("/home/me", &texts, (void *)(uintptr_t) "");
	struct ssh_settings settings;

	ck_assert_int_eq (ssh_config_read (config, "/c/config", NULL), 0);
	ck_assert_int_eq (ssh_config_find (config, "web", &settings, NULL), 0);
	ck_assert (!settings.host_name && !settings.port && !settings.identity_files.said);
	ssh_settings_free (&settings);
	ssh_config_free (config);
}
END_TEST

START_TEST (real_files)
{
	char directory[] = "/tmp/remex-ssh-config-XXXXXX", command[300], path[300];
	struct ssh_config *config;
	struct ssh_settings settings;
	struct err err = { .text = "" };

	ck_assert_ptr_nonnull (mkdtemp (directory));
	snprintf (command, sizeof command,
		"cd %s && umask 022 && mkdir d && printf 'Port 1\\n' >d/2 && printf 'User u\\nPort 2\\n' >d/1 && "
		"printf 'Include none d/[1-9]\\nUser x\\n' >config",
		directory);
	ck_assert_int_eq (system (command), 0);
	snprintf (path, sizeof path, "%s/config", directory);
	config = ssh_config_new (directory, &ssh_config_files, NULL);
	ck_assert_msg (ssh_config_read (config, path, &err) == 1, "%s", err.text);
	ck_assert_int_eq (ssh_config_find (config, "web", &settings, &err), 0);
	ck_assert_int_eq (settings.port, 2);
	ck_assert_str_eq (settings.user, "u");
	ssh_settings_free (&settings);
	snprintf (command, sizeof command, "%s/d/1", directory);
	ck_assert_int_eq (chmod (command, 0666), 0);
	ck_assert_int_eq (ssh_config_read (config, path, &err), -1);
	ck_assert_ptr_nonnull (strstr (err.text, "/d/1 is writable by group or others"));
	ssh_config_free (config);
	snprintf (command, sizeof command, "rm -r %s", directory);
	ck_assert_int_eq (system (command), 0);
}
END_TEST

/* --- what is ignored, and mistakes -------------------------------------------------------------------------------- */

START_TEST (match_ignored)
{
	struct ssh_settings settings;
	struct err err = { .text = "" };
	struct ssh_config *config = config_of (
		"/c/config\1Port 1\nMatch host web\nUser u\nMatch exec true\nHostName h\nHost *\nUser v", &err);
	const char *path;
	unsigned line;

	ck_assert_uint_eq (ssh_config_ignored (config, &path, &line), 2);
	ck_assert_str_eq (path, "/c/config");
	ck_assert_uint_eq (line, 2);
	ck_assert_int_eq (ssh_config_find (config, "web", &settings, &err), 0);
	ck_assert_str_eq (settings.user, "v");
	ck_assert_ptr_null (settings.host_name);
	ssh_settings_free (&settings);
	ssh_config_free (config);
}
END_TEST

START_TEST (proxies)
{
	struct ssh_settings settings;
	struct err err = { .text = "" };
	struct ssh_config *config = config_of ("/c/config\1Host a\nProxyCommand nc \"%h\" %p # x\nHost b\nProxyJump c\n"
					       "Host *\nProxyCommand d\nProxyJump e",
		&err);

	ck_assert_int_eq (ssh_config_find (config, "a", &settings, &err), 0);
	ck_assert_str_eq (settings.proxy_command, "nc \"%h\" %p # x");
	ck_assert_ptr_null (settings.proxy_jump);
	ssh_settings_free (&settings);
	ck_assert_int_eq (ssh_config_find (config, "b", &settings, &err), 0);
	ck_assert_str_eq (settings.proxy_jump, "c");
	ck_assert_ptr_null (settings.proxy_command);
	ssh_settings_free (&settings);
	ssh_config_free (config);
}
END_TEST

static const struct {
	const char *text, *words;
} mistakes[] = {
	{ "User", "/c/config:1: User has no value" },
	{ "\nuser \"\"", "/c/config:2: User has no value" },
	{ "User a b", "/c/config:1: User has more than one value" },
	{ "User \"a", "/c/config:1: a quote is not closed" },
	{ "Host 'a", "/c/config:1: a quote is not closed" },
	{ "Port 0", "/c/config:1: Port must be a number from 1 to 65535, not '0'" },
	{ "Port 65536", "/c/config:1: Port must be a number from 1 to 65535, not '65536'" },
	{ "Port 22x", "/c/config:1: Port must be" },
	{ "Port -1", "/c/config:1: Port must be" },
	{ "IdentitiesOnly perhaps", "/c/config:1: IdentitiesOnly must be yes or no, not 'perhaps'" },
	{ "StrictHostKeyChecking x", "/c/config:1: StrictHostKeyChecking must be yes, no, ask or accept-new, not 'x'" },
	{ "Host\nPort 1", "/c/config:1: Host has no value" },
	{ "Host a \"\"", "/c/config:1: Host has an empty pattern" },
	{ "Include", "/c/config:1: Include has no value" },
	{ "Include ~you/x", "/c/config:1: Include knows ~/ only" },
	{ "Include config", "/c/config:1: more than 16 files include each other" },
	{ "Include config config", "/c/config:1: more than 16 files include each other" },
};

START_TEST (mistaken)
{
	struct err err = { .text = "" };
	char files[1000];

	snprintf (files, sizeof files, "/c/config\1%s", mistakes[_i].text);
	ck_assert_ptr_null (config_of (files, &err));
	ck_assert_msg (!strncmp (err.text, mistakes[_i].words, strlen (mistakes[_i].words)), "%s", err.text);
}
END_TEST

/* Files that include two others each, and so on, end at the maximum of files. */
START_TEST (bomb)
{
	struct err err = { .text = "" };
	char files[2000] = "/c/config\1Include 0 0";

	for (int i = 0; i < 13; i++)
		snprintf (files + strlen (files), sizeof files - strlen (files), "\1/c/%d\1Include %d %d", i, i + 1,
			i + 1);
	ck_assert_ptr_null (config_of (files, &err));
	ck_assert_msg (strstr (err.text, "more than 1024 files are included"), "%s", err.text);
}
END_TEST

static const struct {
	const char *value;
	bool path;
	const char *expanded; /* or what the error begins with, behind a "!" */
} expansions[] = {
	{ "", true, "" },
	{ "~/.ssh/%h_%n_%r_%p_%u_%%", true, "/home/me/.ssh/host.lab_host_you_22_me_%" },
	{ "%d/x", true, "/home/me/x" },
	{ "~", true, "/home/me" },
	{ "a~", true, "a~" },
	{ "~", false, "~" },
	{ "${REMEX_TEST_A}/b${REMEX_TEST_A}", true, "x y/bx y" },
	{ "${REMEX_TEST_A}", false, "${REMEX_TEST_A}" },
	{ "$HOME", true, "$HOME" },
	{ "~you/x", true, "!'~you/x': only ~/ is possible" },
	{ "a%", true, "!% cannot be used in 'a%'" },
	{ "%C", true, "!%C cannot be used in '%C'" },
	{ "%\n", true, "!%\\n cannot be used in '%\\n'" },
	{ "${REMEX_TEST_NONE}", true, "!the variable REMEX_TEST_NONE of '${REMEX_TEST_NONE}' is not set" },
	{ "${x", true, "!'${x' has a ${ without a name and a }" },
	{ "${}", true, "!'${}' has a ${ without a name and a }" },
};

START_TEST (expanded)
{
	const struct ssh_config_tokens tokens = { .home = "/home/me",
		.local_user = "me",
		.host = "host.lab",
		.original = "host",
		.user = "you",
		.port = 22 };
	const char *expected = expansions[_i].expanded;
	struct err err = { .text = "" };
	char *value;

	setenv ("REMEX_TEST_A", "x y", 1);
	unsetenv ("REMEX_TEST_NONE");
	value = (expansions[_i].path ? ssh_config_expand_path : ssh_config_expand) (
		expansions[_i].value, &tokens, &err);
	if (*expected == '!') {
		ck_assert_ptr_null (value);
		ck_assert_msg (!strncmp (err.text, expected + 1, strlen (expected + 1)), "%s", err.text);
	} else {
		ck_assert_msg (value != NULL, "%s", err.text);
		ck_assert_str_eq (value, expected);
	}
	free (value);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, said, 0, sizeof cases / sizeof *cases);
	tcase_add_loop_test (tcase, as_ssh, 0, sizeof cases / sizeof *cases);
	tcase_add_loop_test (tcase, includes, 0, sizeof included / sizeof *included);
	tcase_add_test (tcase, no_file);
	tcase_add_test (tcase, real_files);
	tcase_add_test (tcase, match_ignored);
	tcase_add_test (tcase, proxies);
	tcase_add_loop_test (tcase, mistaken, 0, sizeof mistakes / sizeof *mistakes);
	tcase_add_test (tcase, bomb);
	tcase_add_loop_test (tcase, expanded, 0, sizeof expansions / sizeof *expansions);
}

CHECK_MAIN ("ssh_config", add_cases)
