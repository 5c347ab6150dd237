/* check_access - the identity of a peer, how long it is valid, and the users as which it may act. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "gate/access.h"
#include "support/check_main.h"
#include "wire/codes.h"

enum { NOBODY_HAS = 3999999999u }; /* a uid that is in no /etc/passwd */

/* A socket whose peer has that uid and gid; needs root where they are not our own. */
static int peer_socket (uid_t uid, gid_t gid)
{
	int pair[2], other;
	uid_t own = geteuid ();
	gid_t own_group = getegid ();

	if (gid != own_group)
		ck_assert_int_eq (setegid (gid), 0);
	if (uid != own)
		ck_assert_int_eq (seteuid (uid), 0);
	ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if (uid != own)
		ck_assert_int_eq (seteuid (own), 0);
	if (gid != own_group)
		ck_assert_int_eq (setegid (own_group), 0);
	other = pair[1];
	fd_close (&other);
	return pair[0];
}

/* --- the peer ---------------------------------------------------------------------------------------------------- */

START_TEST (the_daemons_user_is_full)
{
	int fd = peer_socket (getuid (), getgid ());
	struct err err = { 0 };
	struct identity *identity;
	struct access access;
	char name[64];

	access_init (&access, getuid ());
	identity = access_unix (&access, fd, &err);
	ck_assert_ptr_nonnull (identity);
	ck_assert (identity->full);
	ck_assert_uint_eq (identity->uid, getuid ());
	ck_assert_str_eq (identity->name, access_name (name, sizeof name, getuid ()));
	ck_assert (!list_linked (&identity->ordinary.turn) && list_empty (&identity->ordinary.waiting));
	ck_assert (!list_linked (&identity->control.turn) && list_empty (&identity->control.waiting));
	identity_release (identity);
	fd_close (&fd);
}
END_TEST

/* Another user: without the group it is refused, in the group it is accepted without further rights. */
START_TEST (others_need_the_group)
{
	bool root = geteuid () == 0;
	uid_t uid = root ? 54321 : geteuid ();
	gid_t gid = root ? 54322 : getegid ();
	struct identity *identity;
	struct access access;
	struct err err = { 0 };
	int fd;

	if (uid == 65534)
		SKIP ("the user is nobody, who is never let in");
	fd = peer_socket (uid, gid);
	access_init (&access, root ? 0 : uid + 1);
	access.group = (gid_t)-1;
	ck_assert_ptr_null (access_unix (&access, fd, &err));
	ck_assert_int_eq (err.code, CODE_DENIED);
	access.group = gid + 1;
	ck_assert_ptr_null (access_unix (&access, fd, &err));
	ck_assert (list_empty (&access.identities));
	access.group = gid;
	identity = access_unix (&access, fd, &err);
	ck_assert_ptr_nonnull (identity);
	ck_assert (!identity->full);
	ck_assert_uint_eq (identity->uid, uid);
	identity_release (identity);
	fd_close (&fd);
}
END_TEST

START_TEST (nobody_is_refused_whatever_its_group)
{
	struct access access;
	struct err err = { 0 };
	int fd;

	NEED_ROOT;
	fd = peer_socket (65534, 54322);
	access_init (&access, 0);
	access.group = 54322;
	ck_assert_ptr_null (access_unix (&access, fd, &err));
	ck_assert_int_eq (err.code, CODE_DENIED);
	fd_close (&fd);
}
END_TEST

START_TEST (subordinate_uids_have_an_owner)
{
	static const struct {
		uid_t uid;
		const char *owner; /* NULL: none */
	} table[] = {
		{ 99999, NULL },
		{ 100000, "ann" },
		{ 165535, "ann" },
		{ 165536, NULL },
		{ 200000, "1001" },
		{ 200001, NULL },
		{ 300000, NULL },
		{ 400000, NULL },
		{ 4294967294u, "bob" },
	};
	char path[] = "/tmp/check_access.XXXXXX", owner[64];
	const char text[] =
		"# no line\nann:100000:65536\n1001:200000:1\ncat:300000:0\nnonsense\n:400000:5\nbob:4294967290:99999";
	int fd = mkstemp (path);

	ck_assert_int_eq (fd_write_all (fd, text, strlen (text)), 0);
	fd_close (&fd);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		bool found = access_subordinate (path, table[i].uid, owner, sizeof owner);

		ck_assert_msg (found == !!table[i].owner, "uid %u", (unsigned)table[i].uid);
		if (found)
			ck_assert_str_eq (owner, table[i].owner);
	}
	unlink (path);
	ck_assert (!access_subordinate (path, 100000, owner, sizeof owner));
}
END_TEST

START_TEST (only_a_socket_has_a_peer)
{
	struct access access;
	struct err err = { 0 };
	int pipes[2];

	access_init (&access, getuid ());
	ck_assert_int_eq (pipe (pipes), 0);
	ck_assert_ptr_null (access_unix (&access, pipes[0], &err));
	ck_assert_int_eq (err.code, CODE_DENIED);
	ck_assert (list_empty (&access.identities));
	fd_close (&pipes[0]);
	fd_close (&pipes[1]);
}
END_TEST

/* --- identities -------------------------------------------------------------------------------------------------- */

START_TEST (an_identity_is_shared)
{
	struct identity *one, *same, *other;
	struct access access;

	access_init (&access, 1000);
	one = access_uid (&access, 1001);
	same = access_uid (&access, 1001);
	other = access_uid (&access, 1002);
	ck_assert_ptr_eq (one, same);
	ck_assert_ptr_ne (one, other);
	ck_assert_uint_eq (one->references, 2);
	identity_release (one);
	ck_assert_uint_eq (one->references, 1);
	ck_assert_ptr_eq (access_uid (&access, 1001), one);
	identity_release (one);
	identity_release (one);
	ck_assert_ptr_eq (access.identities.next, &other->node);
	identity_release (other);
	identity_release (NULL);
	ck_assert (list_empty (&access.identities));
}
END_TEST

START_TEST (root_and_the_daemon_are_full)
{
	static const struct {
		uid_t daemon, uid;
		bool full;
	} table[] = { { 0, 0, true }, { 0, 1000, false }, { 1000, 1000, true }, { 1000, 0, true },
		{ 1000, 1001, false } };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct identity *identity;
		struct access access;

		access_init (&access, table[i].daemon);
		identity = access_uid (&access, table[i].uid);
		ck_assert_int_eq (identity->full, table[i].full);
		ck_assert_int_eq (access_call (identity, NULL, NULL, false, 0, NULL), 0);
		identity_release (identity);
	}
}
END_TEST

/* Only root's daemon has other users to share with. */
START_TEST (a_users_daemon_shares_nothing)
{
	struct access access;

	access_init (&access, 1000);
	ck_assert_uint_eq (access.group, (gid_t)-1);
	ck_assert (!access.shared);
	access_init (&access, 0);
	ck_assert_int_eq (access.shared, access.group != (gid_t)-1);
}
END_TEST

START_TEST (names_of_uids)
{
	char name[64], small[4];

	ck_assert_str_eq (access_name (name, sizeof name, 0), "root");
	ck_assert_str_eq (access_name (name, sizeof name, NOBODY_HAS), "uid:3999999999");
	ck_assert_str_eq (access_name (small, sizeof small, 0), "roo");
	ck_assert_str_eq (access_name (small, sizeof small, NOBODY_HAS), "uid");
}
END_TEST

/* --- as whom ----------------------------------------------------------------------------------------------------- */

enum { OK = -1 }; /* no code: it may */

static const struct {
	uid_t daemon, uid;
	const char *user;
	int code;
	uid_t as;
} acts[] = {
	/* root's daemon, root calls: as any user */
	{ 0, 0, NULL, OK, 0 },
	{ 0, 0, "root", OK, 0 },
	{ 0, 0, "0", OK, 0 },
	{ 0, 0, "12345", OK, 12345 },
	{ 0, 0, "4294967294", OK, 4294967294u },
	{ 0, 0, "4294967295", CODE_NOT_FOUND, 0 }, /* (uid_t)-1 is no uid: chown(2), setreuid(2) */
	{ 0, 0, "4294967296", CODE_NOT_FOUND, 0 },
	{ 0, 0, "99999999999999999999", CODE_NOT_FOUND, 0 },
	{ 0, 0, "-1", CODE_NOT_FOUND, 0 },
	{ 0, 0, "+1", CODE_NOT_FOUND, 0 },
	{ 0, 0, " 1", CODE_NOT_FOUND, 0 },
	{ 0, 0, "1x", CODE_NOT_FOUND, 0 },
	{ 0, 0, "0x1", CODE_NOT_FOUND, 0 },
	{ 0, 0, "", CODE_NOT_FOUND, 0 },
	{ 0, 0, "there is\nno such user", CODE_NOT_FOUND, 0 },
	/* root's daemon, another user calls: as itself */
	{ 0, 12345, NULL, OK, 12345 },
	{ 0, 12345, "12345", OK, 12345 },
	{ 0, 12345, "root", CODE_DENIED, 0 },
	{ 0, 12345, "12346", CODE_DENIED, 0 },
	{ 0, 12345, "no.such.user", CODE_NOT_FOUND, 0 },
	/* a user's daemon: as that user, whoever calls */
	{ 12345, 12345, NULL, OK, 12345 },
	{ 12345, 12345, "12345", OK, 12345 },
	{ 12345, 12345, "root", CODE_DENIED, 0 },
	{ 12345, 12345, "12346", CODE_DENIED, 0 },
	{ 12345, 0, NULL, OK, 12345 },
	{ 12345, 0, "12345", OK, 12345 },
	{ 12345, 0, "root", CODE_DENIED, 0 },
	{ 12345, 0, "no.such.user", CODE_NOT_FOUND, 0 },
};

START_TEST (the_users_of_an_identity)
{
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		struct identity *identity;
		struct err err = { .code = OK };
		struct access access;
		uid_t as = 777;
		int result;

		access_init (&access, acts[i].daemon);
		identity = access_uid (&access, acts[i].uid);
		result = access_user (&access, identity, acts[i].user, &as, &err);
		ck_assert_msg (result == (acts[i].code == OK ? 0 : -1) && err.code == acts[i].code,
			"row %zu: %d, code %d", i, result, err.code);
		if (!result)
			ck_assert_uint_eq (as, acts[i].as);
		ck_assert_ptr_null (result ? strchr (err.text, '\n') : NULL);
		identity_release (identity);
	}
}
END_TEST

START_TEST (by_its_own_name)
{
	struct identity *identity;
	struct err err = { 0 };
	struct access access;
	uid_t as = 777;
	char name[64];

	access_init (&access, getuid ());
	identity = access_uid (&access, getuid ());
	access_name (name, sizeof name, getuid ());
	if (!strchr (name, ':')) {
		ck_assert_int_eq (access_user (&access, identity, name, &as, &err), 0);
		ck_assert_uint_eq (as, getuid ());
	} else {
		SKIP_PART ("our uid has no name");
	}
	snprintf (name, sizeof name, "%u", (unsigned)getuid ());
	ck_assert_int_eq (access_user (&access, identity, name, &as, &err), 0);
	ck_assert_uint_eq (as, getuid ());
	identity_release (identity);
}
END_TEST

/* Over TCP: no message distinguishes existing users from missing ones. */
START_TEST (remote_refusals_of_users_are_all_equal)
{
	static const char *const others[] = { "root", "0", "daemon", "12346", "no.such.user", "4294967295", "-1", "01",
		"", "there is\nno such user" };
	static const uid_t daemons[] = { 0, 12345 };
	struct identity ann = { .remote = true, .uid = 12345, .name = "ann" };
	struct access access;
	struct err err;
	uid_t as;

	for (size_t d = 0; d < sizeof daemons / sizeof *daemons; d++) {
		access_init (&access, daemons[d]);
		for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
			err = (struct err){ .code = OK };
			ck_assert_msg (access_user (&access, &ann, others[i], &as, &err) < 0, "as '%s'", others[i]);
			ck_assert_int_eq (err.code, CODE_DENIED);
			ck_assert_str_eq (err.text, "ann may act only as itself");
		}
		as = 777;
		ck_assert_int_eq (access_user (&access, &ann, NULL, &as, &err), 0);
		ck_assert_uint_eq (as, 12345);
		as = 777;
		ck_assert_int_eq (access_user (&access, &ann, "12345", &as, &err), 0);
		ck_assert_uint_eq (as, 12345);
	}
	ann.uid = 0;
	access_init (&access, 0);
	ck_assert_int_eq (access_user (&access, &ann, "root", &as, &err), 0);
	ck_assert_uint_eq (as, 0);
}
END_TEST

static void add_cases (TCase *tcase)
{
	tcase_add_test (tcase, the_daemons_user_is_full);
	tcase_add_test (tcase, others_need_the_group);
	tcase_add_test (tcase, nobody_is_refused_whatever_its_group);
	tcase_add_test (tcase, subordinate_uids_have_an_owner);
	tcase_add_test (tcase, only_a_socket_has_a_peer);
	tcase_add_test (tcase, an_identity_is_shared);
	tcase_add_test (tcase, root_and_the_daemon_are_full);
	tcase_add_test (tcase, a_users_daemon_shares_nothing);
	tcase_add_test (tcase, names_of_uids);
	tcase_add_test (tcase, the_users_of_an_identity);
	tcase_add_test (tcase, by_its_own_name);
	tcase_add_test (tcase, remote_refusals_of_users_are_all_equal);
}

CHECK_MAIN ("access", add_cases)
