/* session_keyring - see session_keyring.h. */
#include "config.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/session_keyring.h"

int session_keyring_new (uid_t owner)
{
	if (syscall (SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return errno == ENOSYS || errno == EPERM ? 0 : -1;
	/* The quota of a user who has too many keys must not keep the user's commands from running: root's is used then. */
	syscall (SYS_keyctl, KEYCTL_CHOWN, KEY_SPEC_SESSION_KEYRING, owner, (gid_t)-1);
	return 0;
}

void session_keyring_link_user (void)
{
	syscall (SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING);
}
