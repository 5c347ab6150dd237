/* check_paths - the paths of files, by the environment. */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/paths.h"
#include "support/check_main.h"

static struct err err;

/* The directory of a user's keys. */
static const struct {
	const char *named, *config, *home, *found;
} keys_places[] = {
	{ "/a", "/b", "/c", "/a" },
	{ "", "/b", "/c", "/b/remex" },
	{ NULL, "/b", "/c", "/b/remex" },
	{ NULL, "b", "/c", "/c/.config/remex" },
	{ NULL, NULL, "/c", "/c/.config/remex" },
	{ NULL, NULL, "c", NULL },
	{ NULL, NULL, NULL, NULL },
	{ "a", "/b", "/c", NULL },
};

static void set (const char *name, const char *value)
{
	if (value)
		setenv (name, value, 1);
	else
		unsetenv (name);
}

START_TEST (test_keys)
{
	char *where;

	set ("REMEX_CONFIG", keys_places[_i].named);
	set ("XDG_CONFIG_HOME", keys_places[_i].config);
	set ("HOME", keys_places[_i].home);
	where = paths_keys (&err);
	if (keys_places[_i].found)
		ck_assert_str_eq (where, keys_places[_i].found);
	else
		ck_assert_ptr_null (where);
	free (where);
}
END_TEST

static const struct {
	const char *config, *runtime, *home, *file, *socket; /* for another user than root */
} daemon_places[] = {
	{ "/b", "/r", "/c", "/b/remex/remexd.yaml", "/r/remex/remexd.sock" },
	{ NULL, NULL, "/c", "/c/.config/remex/remexd.yaml", "/tmp/remex-12345/remexd.sock" },
	{ "b", "r", "/c", "/c/.config/remex/remexd.yaml", "/tmp/remex-12345/remexd.sock" },
	{ NULL, "/r", NULL, NULL, "/r/remex/remexd.sock" },
};

static void check_path (char *path, const char *expected)
{
	if (expected)
		ck_assert_str_eq (path, expected);
	else
		ck_assert_ptr_null (path);
	free (path);
}

START_TEST (test_daemon)
{
	const char *file = daemon_places[_i].file, *own = daemon_places[_i].socket;

	set ("XDG_CONFIG_HOME", daemon_places[_i].config);
	set ("XDG_RUNTIME_DIR", daemon_places[_i].runtime);
	set ("HOME", daemon_places[_i].home);
	if (geteuid () == 0) { /* the environment must not mislead root */
		check_path (paths_config (PATHS_CONFIG), SYSCONFDIR "/remex/remexd.yaml");
		check_path (paths_socket (), PATHS_SYSTEM_SOCKET);
		ck_assert_int_eq (seteuid (12345), 0);
	} else if (!daemon_places[_i].runtime || *daemon_places[_i].runtime != '/') {
		own = NULL; /* our own number is in it */
	}
	check_path (paths_config (PATHS_CONFIG), file);
	if (own)
		check_path (paths_socket (), own);
	if (getuid () == 0)
		ck_assert_int_eq (seteuid (0), 0); /* a leak checker wants to trace this process */
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_loop_test (tcase, test_keys, 0, (int)(sizeof keys_places / sizeof *keys_places));
	tcase_add_loop_test (tcase, test_daemon, 0, (int)(sizeof daemon_places / sizeof *daemon_places));
}

CHECK_MAIN ("base/paths", add_cases)
