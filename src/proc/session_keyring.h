/* session_keyring - a session keyring of a process's own (session-keyring(7)).
 *
 * A process has a session keyring from its parent, and whoever has a keyring may use the keys in it, whatever its uid
 * is. So remexd that root has started from a login would give the keys of root's login to every command, and the keys
 * that the command of one user adds to the commands of all others.
 */
#ifndef REMEX_PROC_SESSION_KEYRING_H
#define REMEX_PROC_SESSION_KEYRING_H

/* Replace the session keyring of this process by a new, empty one, which counts as a key of the effective user.
 * Returns 0, also where there are no keyrings: the kernel has none, or a filter of system calls (seccomp(2)) keeps
 * them from this process and all that it starts. Or -1 with errno: EDQUOT when the user has too many keys. */
int session_keyring_new (void);

/* Link the user keyring of the effective user (user-keyring(7)) to the session keyring, as pam_keyinit(8) does at a
 * login. */
void session_keyring_link_user (void);

#endif
