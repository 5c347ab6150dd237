/* access - see access.h. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "gate/access.h"
#include "net/peer.h"
#include "wire/codes.h"
#include "wire/header.h"

/* Only /etc/passwd and /etc/group are read: a name service could block the front (nsswitch.conf(5)). */
static bool passwd_find (const char *name, uid_t uid, char *found, size_t size, uid_t *found_uid)
{
	FILE *file = fopen ("/etc/passwd", "re");
	struct passwd *entry;
	bool hit = false;

	while (file && !hit && (entry = fgetpwent (file))) {
		hit = name ? !strcmp (entry->pw_name, name) : entry->pw_uid == uid;
		if (hit && found)
			snprintf (found, size, "%s", entry->pw_name);
		if (hit)
			*found_uid = entry->pw_uid;
	}
	if (file)
		fclose (file);
	return hit;
}

static gid_t group_find (const char *name)
{
	FILE *file = fopen ("/etc/group", "re");
	gid_t gid = (gid_t)-1;
	struct group *entry;

	while (file && gid == (gid_t)-1 && (entry = fgetgrent (file)))
		if (!strcmp (entry->gr_name, name))
			gid = entry->gr_gid;
	if (file)
		fclose (file);
	return gid;
}

bool access_subordinate (const char *path, uid_t uid, char *owner, size_t size)
{
	FILE *file = fopen (path, "re");
	bool hit = false;
	char *line = NULL;
	size_t room = 0;

	while (file && !hit && getline (&line, &room, file) > 0) {
		char name[64];
		unsigned long long first, n;

		if (sscanf (line, "%63[^:]:%llu:%llu", name, &first, &n) != 3)
			continue;
		if ((hit = uid >= first && uid - first < n))
			snprintf (owner, size, "%s", name);
	}
	free (line);
	if (file)
		fclose (file);
	return hit;
}

char *access_name (char *out, size_t size, uid_t uid)
{
	uid_t same;

	if (!passwd_find (NULL, uid, out, size, &same))
		snprintf (out, size, "uid:%u", (unsigned)uid);
	return out;
}

void access_init (struct access *access, uid_t daemon)
{
	*access = (struct access){ .daemon = daemon };
	list_init (&access->identities);
	access_renew_group (access);
}

void access_renew_group (struct access *access)
{
	access->group = access->daemon == 0 ? group_find ("remex") : (gid_t)-1;
	access->shared = access->shared || access->group != (gid_t)-1;
}

bool access_unix_stays (const struct access *access, const struct identity *identity, int fd)
{
	return identity->full || (access->group != (gid_t)-1 && peer_in_group (fd, access->group));
}

void access_free (struct access *access)
{
	grants_free (access->grants);
	access->grants = NULL;
}

void identity_queue_init (struct identity_queue *line)
{
	*line = (struct identity_queue){ .length = 0 };
	list_init (&line->waiting);
	list_init (&line->turn);
}

static struct identity *identity_new (struct access *access, uid_t uid)
{
	struct identity *identity = calloc (1, sizeof *identity);

	if (!identity)
		return NULL;
	identity_queue_init (&identity->ordinary);
	identity_queue_init (&identity->control);
	identity->references = 1;
	identity->uid = uid;
	list_append (&access->identities, &identity->node);
	return identity;
}

static struct identity *find_local (const struct access *access, uid_t uid)
{
	struct identity *identity;

	list_each (identity, &access->identities, node)
		if (!identity->remote && identity->uid == uid)
			return identity;
	return NULL;
}

struct identity *access_uid (struct access *access, uid_t uid)
{
	struct identity *identity = find_local (access, uid);

	if (identity) {
		identity->references++;
		return identity;
	}
	if (!(identity = identity_new (access, uid)))
		return NULL;
	identity->full = uid == 0 || uid == access->daemon;
	access_name (identity->name, sizeof identity->name, uid);
	return identity;
}

struct identity *access_unix (struct access *access, int fd, struct err *err)
{
	struct identity *identity;
	char owner[64];
	uid_t uid, same;

	if (peer_uid (fd, &uid, NULL) < 0) {
		err_sys (err, CODE_DENIED, "the kernel did not report your uid");
		return NULL;
	}
	/* 65534 stands for every user that has no number in this user namespace. */
	if (uid == 65534 && access->daemon != uid) {
		err_set (err, CODE_DENIED, "uid 65534 (nobody) may not call");
		return NULL;
	}
	if (uid != 0 && uid != access->daemon && (access->group == (gid_t)-1 || !peer_in_group (fd, access->group))) {
		err_set (err, CODE_DENIED, "uid %u may not call this remexd", (unsigned)uid);
		return NULL;
	}
	/* Each of them would have a share of its own. */
	if (uid != 0 && uid != access->daemon && !find_local (access, uid) &&
		!passwd_find (NULL, uid, NULL, 0, &same) &&
		access_subordinate ("/etc/subuid", uid, owner, sizeof owner)) {
		err_set (err, CODE_DENIED, "uid %u may not call: it is a subordinate uid of '%s' (/etc/subuid)",
			(unsigned)uid, owner);
		return NULL;
	}
	if (!(identity = access_uid (access, uid)))
		err_set (err, CODE_BUSY, "out of memory");
	return identity;
}

void identity_release (struct identity *identity)
{
	if (!identity || --identity->references)
		return;
	list_remove (&identity->ordinary.turn);
	list_remove (&identity->control.turn);
	list_remove (&identity->node);
	free (identity);
}

/* --- over TCP ---------------------------------------------------------------------------------------------------- */

struct identity *access_nobody (struct access *access)
{
	struct identity *identity = identity_new (access, (uid_t)-1);

	if (identity)
		identity->remote = true;
	return identity;
}

void access_replace (struct access *access, struct grants *grants)
{
	struct identity *identity;

	list_each (identity, &access->identities, node) {
		const struct admitted *now = identity->remote ? grants_by_name (grants, identity->name) : NULL;

		identity->roots_narrowed = now && identity->grant && !grant_covers_roots (now->grant, identity->grant);
		identity->grant = now ? now->grant : NULL;
		if (now)
			identity->uid = now->uid;
		identity->proved_users = 0;
	}
	grants_free (access->grants);
	access->grants = grants;
}

static struct identity *find_remote (struct access *access, const char *name)
{
	struct identity *identity;

	list_each (identity, &access->identities, node)
		if (identity->remote && !strcmp (identity->name, name))
			return identity;
	return NULL;
}

/* May a connection with that grant exist, when it comes from that address? For new and for existing connections. */
static int admit (const struct grant *grant, const struct endpoint *from, int64_t now, struct err *err)
{
	char shown[ENDPOINT_SIZE];

	if (grant_expired (grant, now))
		return err_set (err, CODE_DENIED, "the identity '%s' has expired", grant->name);
	if (!grant_from (grant, from))
		return err_set (err, CODE_DENIED, "the identity '%s' may not connect from %s", grant->name,
			endpoint_host (from, shown));
	return 0;
}

int access_stays (const struct identity *identity, const struct key *key, const struct endpoint *from, int64_t now,
	struct err *err)
{
	if (!identity->grant || !grant_has_key (identity->grant, key))
		return err_set (err, CODE_DENIED, "your identity or your key was revoked");
	return admit (identity->grant, from, now, err);
}

struct identity *access_key (
	struct access *access, const struct key *key, const struct endpoint *from, int64_t now, struct err *err)
{
	const struct admitted *admitted = grants_by_key (access->grants, key);
	struct identity *identity;

	if (!admitted)
		err_set (err, CODE_DENIED, "this remexd does not know your key");
	if (!admitted || admit (admitted->grant, from, now, err) < 0)
		return NULL;
	if ((identity = find_remote (access, admitted->grant->name))) {
		identity->references++;
		return identity;
	}
	if (!(identity = identity_new (access, admitted->uid))) {
		err_set (err, CODE_BUSY, "out of memory");
		return NULL;
	}
	identity->remote = true;
	identity->grant = admitted->grant;
	snprintf (identity->name, sizeof identity->name, "%s", admitted->grant->name);
	return identity;
}

/* Is it a verb that `commands` narrow, with one of the commands of the grant? The words must match, and no other
 * argument may be given: a working directory or a variable from the caller could turn the command into another one. */
static bool matches_command (const struct grant *grant, const struct verb *verb, const json_t *args)
{
	const json_t *list = json_object_get (args, verb->command), *item;
	size_t n = json_array_size (list), *lengths = calloc (n + 1, sizeof *lengths), i;
	char **argv = calloc (n + 1, sizeof *argv);
	bool good = argv && lengths && n && json_object_size (args) == 1;
	struct err err;

	json_array_foreach (list, i, item) good = good && (argv[i] = header_string (item, &lengths[i], &err));
	good = good && grant_allows_argv (grant, (const char *const *)argv, lengths, n);
	for (i = 0; argv && i < n; i++)
		free (argv[i]);
	free (argv);
	free (lengths);
	return good;
}

bool access_asks_args (const struct identity *identity, const struct verb *verb)
{
	return identity->remote && verb->command;
}

bool access_sees (const struct identity *identity, const struct verb *verb)
{
	const struct grant *grant = identity->grant;

	return !identity->remote || (grant && (grant_allows (grant, verb) || (grant->n_commands && verb->command)));
}

int access_call (const struct identity *identity, const struct verb *verb, const json_t *args, bool tty, int64_t now,
	struct err *err)
{
	const struct grant *grant = identity->grant;

	/* A client that may connect to the Unix socket may make every call, as itself. */
	if (!identity->remote)
		return 0;
	if (!grant)
		return err_set (err, CODE_DENIED, "the identity '%s' was revoked", identity->name);
	if (grant_expired (grant, now))
		return err_set (err, CODE_DENIED, "the identity '%s' has expired", identity->name);
	if (!access_sees (identity, verb))
		return err_set (err, CODE_DENIED, "%s may not call %s", identity->name, verb->name);
	if (!grant_allows (grant, verb) && !matches_command (grant, verb, args))
		return err_set (err, CODE_DENIED,
			"%s may run only certain commands, without any other argument, and this is not one of them",
			identity->name);
	/* At a terminal a program starts others (a pager, an editor) that start any command. */
	if (tty && !grant_allows (grant, verb))
		return err_set (err, CODE_DENIED, "%s may run only certain commands, and those without a terminal",
			identity->name);
	return 0;
}

int access_room (const struct identity *identity, struct err *err)
{
	int has = identity->ordinary.length + identity->control.length + identity->running + identity->job_calls;

	if (identity->grant && has >= identity->grant->limits.calls)
		return err_set (err, CODE_BUSY, "%s has %d requests already", identity->name, has);
	return 0;
}

/* Is `user` a name or the number of that uid? The time that a refusal takes says nothing about the other entries. */
static bool names_uid (const char *user, uid_t uid)
{
	FILE *file = fopen ("/etc/passwd", "re");
	struct passwd *entry;
	char number[16];
	bool same;

	snprintf (number, sizeof number, "%u", (unsigned)uid);
	same = !strcmp (user, number);
	while (file && !same && (entry = fgetpwent (file)))
		same = entry->pw_uid == uid && !strcmp (entry->pw_name, user);
	if (file)
		fclose (file);
	return same;
}

int access_user (
	const struct access *access, const struct identity *identity, const char *user, uid_t *uid, struct err *err)
{
	char *end, shown[64];
	unsigned long number;

	*uid = access->daemon != 0 && identity->full ? access->daemon : identity->uid; /* root calls a user's daemon */
	if (!user)
		return 0;
	/* A remote client must not learn which users exist. */
	if (identity->remote)
		return names_uid (user, identity->uid)
			       ? 0
			       : err_set (err, CODE_DENIED, "%s may act only as itself", identity->name);
	if (!passwd_find (user, 0, NULL, 0, uid)) {
		errno = 0;
		number = strtoul (user, &end, 10);
		if (*user < '0' || *user > '9' || *end || errno || number >= (uid_t)-1)
			return err_set (err, CODE_NOT_FOUND, "there is no user '%s'",
				text_escape (shown, sizeof shown, user, strlen (user)));
		*uid = (uid_t)number;
	}
	if (access->daemon != 0 && *uid != access->daemon)
		return err_set (err, CODE_DENIED, "this remexd does not run as root: it cannot act as another user");
	if (!identity->full && *uid != identity->uid)
		return err_set (err, CODE_DENIED, "%s may act only as itself", identity->name);
	return 0;
}
