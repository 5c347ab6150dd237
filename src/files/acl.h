/* acl - access control lists (acl(5)) in the form of the kernel: the value of the attributes system.posix_acl_access
 * and system.posix_acl_default, <linux/posix_acl_xattr.h>. The functions here keep a list valid for the kernel, and
 * never make it wider. Pure, except for acl_read and acl_write.
 */
#ifndef REMEX_FILES_ACL_H
#define REMEX_FILES_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { ACL_SIZE = 65536 }; /* bytes; no attribute has more (xattr(7)) */

struct acl {
	size_t n;
	uint8_t bytes[ACL_SIZE];
};

/* Read the list of a file (a descriptor opened with O_PATH works where /proc is mounted). ACL_NONE: the file or the
 * filesystem has none. ACL_UNKNOWN: there may be one, but it cannot be read. */
enum acl_kind { ACL_ACCESS, ACL_DEFAULT };
enum acl_found { ACL_NONE, ACL_SOME, ACL_UNKNOWN };
enum acl_found acl_read (int fd, enum acl_kind kind, struct acl *acl);

/* Set the access list of the file, which also sets the bits 0777 of its mode. 0, or -1 with errno. */
int acl_write (int fd, const struct acl *acl);

/* The list that means the same as these bits 0777. A file that gets this list has no list. */
void acl_of_mode (struct acl *acl, mode_t mode);

/* Turn the default list of a directory into the list of a new file that is made there with that mode, as open(2)
 * does. The umask does not count then. */
void acl_limit (struct acl *acl, mode_t mode);

/* The group of the file has changed. The new group gets only those rights of the old group that all others and every
 * named group have. The members of the old group are "others" now, so others get no more rights than the old group
 * had. */
void acl_change_group (struct acl *acl);

/* The bits 0777 for a file that cannot have a list: the bits of the group are those of the owning group, limited by
 * the mask. */
mode_t acl_mode (const struct acl *acl);

#endif
