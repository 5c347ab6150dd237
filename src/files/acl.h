/* acl - an access control list (acl(5)) as the kernel hands it out: the value of the attributes system.posix_acl_access and
 * system.posix_acl_default, <linux/posix_acl_xattr.h>. What is done with one here keeps it a list that the kernel takes, and never
 * makes it wider. Pure but for acl_read and acl_write.
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

/* Read one, of the descriptor (one opened with O_PATH will do, where there is /proc). ACL_NONE: there is none, or the filesystem
 * has none; ACL_UNKNOWN: there may be one, and it cannot be read. */
enum acl_kind { ACL_ACCESS, ACL_DEFAULT };
enum acl_found { ACL_NONE, ACL_SOME, ACL_UNKNOWN };
enum acl_found acl_read (int fd, enum acl_kind kind, struct acl *acl);

/* Make it the access list of the file, which sets the bits 0777 of its mode too. 0, or -1 with errno. */
int acl_write (int fd, const struct acl *acl);

/* The list that says what these bits 0777 say, and no more: a file that gets it has no list. */
void acl_of_mode (struct acl *acl, mode_t mode);

/* What a new file gets of its directory's default list where it is made with that mode, as open(2) does it: then the umask does not
 * count. */
void acl_limit (struct acl *acl, mode_t mode);

/* The file has another group: that one gets of the old one's rights what everybody has, and every group that is named; and since the
 * old group's members are others now, others get no more than it had. */
void acl_change_group (struct acl *acl);

/* The bits 0777 for a file that cannot have the list: the group's bits are those of the group, less what the mask takes. */
mode_t acl_mode (const struct acl *acl);

#endif
