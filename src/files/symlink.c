/* symlink - received symbolic links; see symlink.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/code.h"
#include "files/symlink.h"

bool symlink_is_tame (const char *target)
{
	if (*target == '/')
		return false;
	while (*target) {
		size_t n = strcspn (target, "/");

		if (n == 2 && !strncmp (target, "..", 2))
			return false;
		target += n;
		target += strspn (target, "/");
	}
	return true;
}

/* Make the link under a temporary name, then rename it. A link cannot be locked, so the name is one that temporary_trim
 * ignores. */
static int replace (int directory, const char *name, const char *target, struct err *err)
{
	char beside[64];
	uint64_t number;

	for (int tries = 0; tries < 16; tries++) {
		if (getrandom (&number, sizeof number, 0) != sizeof number)
			return err_sys (err, CODE_INTERNAL, "cannot name the link");
		snprintf (beside, sizeof beside, ".remex-link-%016llx", (unsigned long long)number);
		if (symlinkat (target, directory, beside) < 0) {
			if (errno == EEXIST)
				continue;
			break;
		}
		if (renameat (directory, beside, directory, name) == 0)
			return 0;
		err_sys (err, files_code (errno), "cannot make the link");
		unlinkat (directory, beside, 0);
		return -1;
	}
	return err_sys (err, files_code (errno), "cannot make the link");
}

int symlink_make (int directory, const char *name, const char *target, struct err *err)
{
	struct stat st;

	if (symlinkat (target, directory, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys (err, files_code (errno), "cannot make the link");
	if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG (st.st_mode) && !S_ISLNK (st.st_mode))
		return err_set (err, CODE_BAD_VALUE, "an entry of that name exists and is neither a file nor a link");
	return replace (directory, name, target, err);
}
