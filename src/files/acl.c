/* acl - access control lists in the kernel's form; see acl.h. */
#include "config.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "files/acl.h"

static const char *const names[] = {
	[ACL_ACCESS] = "system.posix_acl_access", [ACL_DEFAULT] = "system.posix_acl_default"
};

/* --- the form ----------------------------------------------------------------------------------------------------- */

static size_t entries (const struct acl *acl)
{
	return (acl->n - sizeof (struct posix_acl_xattr_header)) / sizeof (struct posix_acl_xattr_entry);
}

static struct posix_acl_xattr_entry get (const struct acl *acl, size_t i)
{
	struct posix_acl_xattr_entry entry;

	memcpy (&entry, acl->bytes + sizeof (struct posix_acl_xattr_header) + i * sizeof entry, sizeof entry);
	return entry;
}

/* The rights of the first entry with that tag, for tags that occur once. -1: no such entry. */
static int rights (const struct acl *acl, unsigned tag)
{
	for (size_t i = 0; i < entries (acl); i++)
		if (le16toh (get (acl, i).e_tag) == tag)
			return le16toh (get (acl, i).e_perm) & 7;
	return -1;
}

/* Remove from the entry with that tag all rights that are not in `most`. */
static void limit (struct acl *acl, unsigned tag, unsigned most)
{
	for (size_t i = 0; i < entries (acl); i++) {
		struct posix_acl_xattr_entry entry = get (acl, i);

		if (le16toh (entry.e_tag) != tag)
			continue;
		entry.e_perm = htole16 ((uint16_t)(le16toh (entry.e_perm) & most));
		memcpy (acl->bytes + sizeof (struct posix_acl_xattr_header) + i * sizeof entry, &entry, sizeof entry);
	}
}

static bool is_good (const struct acl *acl)
{
	struct posix_acl_xattr_header header;

	if (acl->n < sizeof header || (acl->n - sizeof header) % sizeof (struct posix_acl_xattr_entry) != 0)
		return false;
	memcpy (&header, acl->bytes, sizeof header);
	return le32toh (header.a_version) == POSIX_ACL_XATTR_VERSION && rights (acl, ACL_USER_OBJ) >= 0 &&
	       rights (acl, ACL_GROUP_OBJ) >= 0 && rights (acl, ACL_OTHER) >= 0;
}

/* --- ACLs of files ------------------------------------------------------------------------------------------------ */

enum acl_found acl_read (int fd, enum acl_kind kind, struct acl *acl)
{
	ssize_t n = fgetxattr (fd, names[kind], acl->bytes, sizeof acl->bytes);
	char path[64];

	if (n < 0 && errno == EBADF) { /* opened with O_PATH */
		snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
		n = getxattr (path, names[kind], acl->bytes, sizeof acl->bytes);
	}
	if (n == 0 || (n < 0 && (errno == ENODATA || errno == EOPNOTSUPP)))
		return ACL_NONE;
	acl->n = n < 0 ? 0 : (size_t)n;
	return is_good (acl) ? ACL_SOME : ACL_UNKNOWN;
}

int acl_write (int fd, const struct acl *acl)
{
	return fsetxattr (fd, names[ACL_ACCESS], acl->bytes, acl->n, 0);
}

void acl_of_mode (struct acl *acl, mode_t mode)
{
	const struct posix_acl_xattr_header header = { .a_version = htole32 (POSIX_ACL_XATTR_VERSION) };
	const struct posix_acl_xattr_entry all[] = {
		{ htole16 (ACL_USER_OBJ), htole16 ((uint16_t)(mode >> 6 & 7)), htole32 ((uint32_t)ACL_UNDEFINED_ID) },
		{ htole16 (ACL_GROUP_OBJ), htole16 ((uint16_t)(mode >> 3 & 7)), htole32 ((uint32_t)ACL_UNDEFINED_ID) },
		{ htole16 (ACL_OTHER), htole16 ((uint16_t)(mode & 7)), htole32 ((uint32_t)ACL_UNDEFINED_ID) },
	};

	memcpy (acl->bytes, &header, sizeof header);
	memcpy (acl->bytes + sizeof header, all, sizeof all);
	acl->n = sizeof header + sizeof all;
}

void acl_limit (struct acl *acl, mode_t mode)
{
	limit (acl, ACL_USER_OBJ, mode >> 6 & 7);
	limit (acl, rights (acl, ACL_MASK) >= 0 ? ACL_MASK : ACL_GROUP_OBJ, mode >> 3 & 7);
	limit (acl, ACL_OTHER, mode & 7);
}

void acl_change_group (struct acl *acl)
{
	int group = rights (acl, ACL_GROUP_OBJ), mask = rights (acl, ACL_MASK), other = rights (acl, ACL_OTHER);

	limit (acl, ACL_GROUP_OBJ, (unsigned)other);
	/* The list may name the new group, to give it fewer rights. */
	for (size_t i = 0; i < entries (acl); i++)
		if (le16toh (get (acl, i).e_tag) == ACL_GROUP)
			limit (acl, ACL_GROUP_OBJ, le16toh (get (acl, i).e_perm) & 7);
	limit (acl, ACL_OTHER, (unsigned)(mask >= 0 ? group & mask : group));
}

mode_t acl_mode (const struct acl *acl)
{
	int group = rights (acl, ACL_GROUP_OBJ), mask = rights (acl, ACL_MASK);

	if (mask >= 0)
		group &= mask;
	return (mode_t)(rights (acl, ACL_USER_OBJ) << 6 | group << 3 | rights (acl, ACL_OTHER));
}
