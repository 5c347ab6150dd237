/* user - see user.h. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <shadow.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/session_keyring.h"
#include "wire/codes.h"
#include "worker/user.h"

/* The account is already invalid on the day of expiry (usermod(8)). */
static int64_t expiry (const char *name)
{
	const struct spwd *entry = getspnam (name);

	if (!entry || entry->sp_expire < 0)
		return 0;
	return entry->sp_expire ? (int64_t)entry->sp_expire * 24 * 3600 : 1;
}

int user_check (const struct user *user, int64_t now, struct err *err)
{
	if (!user->expires || now < user->expires)
		return 0;
	return err_set (err, CODE_DENIED, "the account of the user '%s' has expired", user->name);
}

int user_look_up (struct user *user, uid_t uid, struct err *err)
{
	struct passwd *entry;
	bool good;

	errno = 0;
	entry = getpwuid (uid);
	if (!entry && geteuid () == 0 && uid != 0)
		return err_set (err, CODE_NOT_FOUND, "there is no user with uid %u", (unsigned)uid);
	*user = (struct user){ .uid = uid };
	if (entry) {
		user->name = strdup (entry->pw_name);
		user->home = strdup (entry->pw_dir && *entry->pw_dir == '/' ? entry->pw_dir : "/");
		user->shell = strdup (entry->pw_shell && *entry->pw_shell ? entry->pw_shell : "/bin/sh");
		good = user->name && user->home && user->shell;
		if (geteuid () == 0 && uid != 0)
			user->expires = expiry (entry->pw_name);
	} else {
		good = asprintf (&user->name, "uid:%u", (unsigned)uid) > 0;
		user->home = strdup ("/");
		user->shell = strdup ("/bin/sh");
		good = good && user->home && user->shell;
	}
	return good ? 0 : err_sys (err, CODE_INTERNAL, "user %u", (unsigned)uid);
}

void user_free (struct user *user)
{
	free (user->name);
	free (user->home);
	free (user->shell);
	*user = (struct user){ 0 };
}

/* Give up the inheritable capabilities, which a change of the uid leaves: with them a file's own inheritable ones count
 * (capabilities(7)). */
static int drop_inheritable (void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return (int)syscall (SYS_capset, &head, none);
}

int user_become (const struct user *user, struct err *err)
{
	struct passwd *entry;
	uid_t real, effective, saved;
	int keyring;

	if (geteuid () != 0) {
		if (user->uid != geteuid ())
			return err_set (err, CODE_DENIED, "only root can run as another user");
		return 0;
	}
	entry = getpwuid (user->uid);
	if (!entry && user->uid != 0)
		return err_set (err, CODE_NOT_FOUND, "there is no user with uid %u", (unsigned)user->uid);
	/* The user may have too many keys for one more: then this one stays, which counts as root's. */
	keyring = session_keyring_new ();
	if (entry && (initgroups (entry->pw_name, entry->pw_gid) < 0 ||
			     setresgid (entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0))
		return err_sys (err, CODE_INTERNAL, "cannot take the groups of %s", user->name);
	if (setresuid (user->uid, user->uid, user->uid) < 0)
		return err_sys (err, CODE_INTERNAL, "cannot become %s", user->name);
	if (getresuid (&real, &effective, &saved) < 0 || real != user->uid || effective != user->uid ||
		saved != user->uid)
		return err_set (err, CODE_INTERNAL, "cannot become %s: the uids differ afterwards", user->name);
	if (user->uid != 0 && (setuid (0) == 0 || seteuid (0) == 0))
		return err_set (err, CODE_INTERNAL, "cannot become %s for good: the process could become root again",
			user->name);
	/* Where there is none, root has that of remexd, in which nobody else has put a key. */
	if (user->uid != 0 && session_keyring_new () < 0 && keyring < 0)
		return err_sys (err, CODE_INTERNAL, "cannot make a session keyring for %s", user->name);
	if (user->uid != 0 && drop_inheritable () < 0)
		return err_sys (err, CODE_INTERNAL, "cannot give up the capabilities for %s", user->name);
	session_keyring_link_user ();
	return 0;
}
