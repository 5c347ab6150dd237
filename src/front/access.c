/* access - see access.h. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "front/access.h"
#include "net/peer.h"
#include "wire/codes.h"

/* /etc/passwd and /etc/group only: asking name services could block the front (nsswitch.conf(5)). */
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

char *access_name (char *out, size_t size, uid_t uid)
{
	uid_t same;

	if (!passwd_find (NULL, uid, out, size, &same))
		snprintf (out, size, "uid:%u", (unsigned)uid);
	return out;
}

void access_init (struct access *access, uid_t daemon)
{
	list_init (&access->identities);
	access->daemon = daemon;
	access->group = daemon == 0 ? group_find ("remex") : (gid_t)-1;
	access->shared = access->group != (gid_t)-1;
}

struct identity *access_uid (struct access *access, uid_t uid)
{
	struct identity *identity;

	list_each (identity, &access->identities, node)
		if (identity->uid == uid) {
			identity->references++;
			return identity;
		}
	if (!(identity = calloc (1, sizeof *identity)))
		return NULL;
	list_init (&identity->waiting);
	list_init (&identity->turn);
	identity->references = 1;
	identity->uid = uid;
	identity->full = uid == 0 || uid == access->daemon;
	access_name (identity->name, sizeof identity->name, uid);
	list_append (&access->identities, &identity->node);
	return identity;
}

struct identity *access_unix (struct access *access, int fd, struct err *err)
{
	struct identity *identity;
	uid_t uid;

	if (peer_uid (fd, &uid, NULL) < 0) {
		err_sys (err, CODE_DENIED, "the kernel does not say who you are");
		return NULL;
	}
	/* 65534 is whoever the user namespace cannot name: nobody we know. */
	if (uid == 65534 && access->daemon != uid) {
		err_set (err, CODE_DENIED, "uid 65534 is nobody");
		return NULL;
	}
	if (uid != 0 && uid != access->daemon && (access->group == (gid_t)-1 || !peer_in_group (fd, access->group))) {
		err_set (err, CODE_DENIED, "uid %u may not call this remexd", (unsigned)uid);
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
	list_remove (&identity->turn);
	list_remove (&identity->node);
	free (identity);
}

int access_call (const struct identity *identity, const struct verb *verb, struct err *err)
{
	/* Whoever may connect to the Unix socket may make every call, as itself. */
	(void)identity;
	(void)verb;
	(void)err;
	return 0;
}

int access_user (
	const struct access *access, const struct identity *identity, const char *user, uid_t *uid, struct err *err)
{
	char *end, shown[64];
	unsigned long number;

	*uid = access->daemon != 0 && identity->full ? access->daemon : identity->uid;
	if (!user)
		return 0;
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
