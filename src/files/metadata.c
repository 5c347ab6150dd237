/* metadata - owner, mode, ACL and extended attributes of a received file; see metadata.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "files/acl.h"
#include "files/code.h"
#include "files/metadata.h"

/* The file that is replaced. */
struct old {
	int fd; /* O_PATH, owned; -1: no file is replaced */
	struct stat st;
};

static void add_note (char note[METADATA_NOTE], const char *what)
{
	static const char more[] = ", …";
	size_t n = strlen (note), room = METADATA_NOTE - sizeof more;

	if (n >= strlen ("…") && !strcmp (note + n - strlen ("…"), "…"))
		return; /* the note is full */
	if (n + strlen ("not kept: ") + strlen (what) < room)
		strcpy (stpcpy (note + n, n ? ", " : "not kept: "), what);
	else
		strcpy (note + n, n ? more : "not kept: …");
}

static int look (struct old *old, int directory, const char *name, struct err *err)
{
	old->fd = openat (directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (old->fd < 0 && errno == ENOENT)
		return 0;
	if (old->fd < 0 || fstat (old->fd, &old->st) < 0) {
		err_sys (err, files_code (errno), "cannot stat the existing file");
		fd_close (&old->fd);
		return -1;
	}
	if (!S_ISREG (old->st.st_mode))
		fd_close (&old->fd);
	return 0;
}

/* --- attributes --------------------------------------------------------------------------------------------------- */

/* The user's attributes are kept, and the security label, which decides on access. */
static bool is_kept (const char *name)
{
	return !strncmp (name, "user.", 5) || !strcmp (name, "security.selinux") || !strcmp (name, "security.SMACK64");
}

/* ACLs are kept elsewhere (below), and a sum of the old content (evm, ima) is of no use. */
static bool is_no_loss (const char *name)
{
	return !strncmp (name, "system.posix_acl_", 17) || !strcmp (name, "security.ima") ||
	       !strcmp (name, "security.evm");
}

/* Copy one attribute, unless the new file has the same value: the kernel may have set the label. */
static bool keep (int fd, const char *old, const char *name)
{
	static char value[XATTR_SIZE_MAX], own[XATTR_SIZE_MAX];
	ssize_t n = getxattr (old, name, value, sizeof value), m;

	if (n < 0)
		return errno == ENODATA; /* removed meanwhile */
	m = fgetxattr (fd, name, own, sizeof own);
	return (m == n && !memcmp (own, value, (size_t)n)) || fsetxattr (fd, name, value, (size_t)n, 0) == 0;
}

static void keep_attributes (int fd, const struct old *old, char note[METADATA_NOTE])
{
	static char list[XATTR_LIST_MAX];
	char path[64];
	ssize_t n;

	snprintf (path, sizeof path, "/proc/self/fd/%d", old->fd);
	if ((n = listxattr (path, list, sizeof list)) < 0) {
		if (errno != EOPNOTSUPP)
			add_note (note, "its attributes");
		return;
	}
	for (const char *name = list; name < list + n; name += strlen (name) + 1)
		if (!strcmp (name, "security.capability"))
			add_note (note, "its capabilities (the content is another)");
		else if (is_kept (name) ? !keep (fd, path, name) : !is_no_loss (name))
			add_note (note, name);
}

/* --- owner, mode and ACL ------------------------------------------------------------------------------------------ */

mode_t metadata_umask (void)
{
	mode_t mask = umask (077);

	umask (mask);
	return mask;
}

/* Give the new file the old one's owner and group where the kernel permits it. *other_group: the group could not be
 * kept. */
static int set_owner (int fd, const struct stat *old, bool *other_group, char note[METADATA_NOTE], struct err *err)
{
	struct stat st;

	*other_group = false;
	/* The new file's own group counts, not the process's: a set-group-ID directory gives its group. */
	if (fstat (fd, &st) < 0)
		return err_sys (err, CODE_IO_ERROR, "cannot stat the new file");
	if ((old->st_uid == st.st_uid && old->st_gid == st.st_gid) || fchown (fd, old->st_uid, old->st_gid) == 0)
		return 0;
	if (errno != EPERM && errno != EINVAL) /* EINVAL: the owner has no mapping in this user namespace */
		return err_sys (err, files_code (errno), "cannot set its owner");
	if (old->st_uid != st.st_uid)
		add_note (note, "its owner");
	if (old->st_gid == st.st_gid || fchown (fd, (uid_t)-1, old->st_gid) == 0)
		return 0;
	if (errno != EPERM && errno != EINVAL)
		return err_sys (err, files_code (errno), "cannot set its group");
	add_note (note, "its group");
	*other_group = true;
	return 0;
}

/* Removing an ACL first would, for a moment, give the group the rights of the mask. Setting an ACL that equals the mode
 * is one step. */
int metadata_set_mode (int fd, mode_t mode)
{
	struct acl acl;

	if (acl_read (fd, ACL_ACCESS, &acl) != ACL_NONE) {
		acl_of_mode (&acl, mode);
		if (acl_write (fd, &acl) < 0)
			return -1;
	}
	return fchmod (fd, mode);
}

static int set_mode (int fd, mode_t mode, struct err *err)
{
	return metadata_set_mode (fd, mode) == 0 ? 0 : err_sys (err, files_code (errno), "cannot set its mode");
}

/* The group changes. The new group gets the old group's rights only where everybody has them, and others, who now
 * include the old group's members, get no more than that group had. */
static mode_t change_group (mode_t mode)
{
	mode_t both = mode >> 3 & mode & 07;

	return (mode & ~(mode_t)077) | both << 3 | both;
}

static int replace (int fd, const struct old *old, bool other_group, char note[METADATA_NOTE], struct err *err)
{
	mode_t mode = old->st.st_mode & 0777;
	struct acl acl;
	enum acl_found found = acl_read (old->fd, ACL_ACCESS, &acl);

	if (found == ACL_SOME) {
		if (other_group)
			acl_change_group (&acl);
		if (acl_write (fd, &acl) == 0)
			return 0;
		mode = acl_mode (&acl);
		add_note (note, "its ACL");
	} else if (found == ACL_UNKNOWN) {
		/* A file with an ACL: the group bits of the mode are the mask, not the group's rights. */
		mode = change_group (mode);
		add_note (note, "its ACL");
	} else if (other_group) {
		mode = change_group (mode);
	}
	return set_mode (fd, mode, err);
}

/* The mode and ACL that open(2) would give a new file. */
static int make (int fd, int directory, mode_t mode, struct err *err)
{
	struct acl acl;

	switch (acl_read (directory, ACL_DEFAULT, &acl)) {
	case ACL_NONE: return set_mode (fd, mode & ~metadata_umask (), err);
	case ACL_UNKNOWN: return set_mode (fd, mode & 0700 & ~metadata_umask (), err);
	case ACL_SOME: break;
	}
	acl_limit (&acl, mode);
	return acl_write (fd, &acl) == 0 ? 0 : err_sys (err, files_code (errno), "cannot set its ACL");
}

/* The owner first, because chown(2) clears set-id bits; then the attributes, while the file is surely writable. */
static int set_all (int fd, int directory, const struct old *old, const struct metadata *metadata,
	char note[METADATA_NOTE], struct err *err)
{
	bool other_group = false;
	struct acl acl;

	if (old->fd >= 0) {
		/* write(2) takes these bits from a file as well, unless root writes. */
		if (old->st.st_mode & (S_ISUID | S_ISGID) && !(metadata->preserve && metadata->set_id))
			add_note (note, "its set-ID bits (the content is another)");
		if (set_owner (fd, &old->st, &other_group, note, err) < 0)
			return -1;
		keep_attributes (fd, old, note);
	}
	if (metadata->preserve && metadata->mode >= 0) {
		if (old->fd >= 0 && acl_read (old->fd, ACL_ACCESS, &acl) != ACL_NONE)
			add_note (note, "its ACL (the mode is the sender's)");
		return set_mode (fd, (mode_t)metadata->mode & (metadata->set_id ? 07777 : 0777), err);
	}
	if (old->fd >= 0)
		return replace (fd, old, other_group, note, err);
	return make (fd, directory, (metadata->mode >= 0 ? (mode_t)metadata->mode : 0666) & 0777, err);
}

int metadata_set (int fd, int directory, const char *name, const struct metadata *metadata, char note[METADATA_NOTE],
	struct err *err)
{
	struct old old;
	int result;

	note[0] = '\0';
	if (look (&old, directory, name, err) < 0)
		return -1;
	result = set_all (fd, directory, &old, metadata, note, err);
	fd_close (&old.fd);
	return result;
}
