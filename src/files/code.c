/* code - error codes for the errnos of file operations; see code.h. */
#include "config.h"

#include <errno.h>

#include "files/code.h"

enum code files_code (int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR: return CODE_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS: return CODE_DENIED;
	case ELOOP:
	case EISDIR:
	case EEXIST:
	case ENOTEMPTY:
	case ENAMETOOLONG:
	case EINVAL: return CODE_BAD_VALUE;
	default: return CODE_IO_ERROR;
	}
}
