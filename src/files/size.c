/* size - the maximum size that a file may announce; see size.h. */
#include "config.h"

#include <sys/statvfs.h>

#include "files/size.h"
#include "wire/codes.h"

int64_t size_most (int fd)
{
	struct statvfs filesystem;
	int64_t whole = 0;

	/* A filesystem without a size of its own (/proc) sets no limit. */
	if (fstatvfs (fd, &filesystem) == 0 &&
		__builtin_mul_overflow (filesystem.f_blocks, filesystem.f_frsize, &whole))
		whole = INT64_MAX;
	return whole > SIZE_SPARSE ? whole : SIZE_SPARSE;
}

int size_check (int fd, int64_t size, struct err *err)
{
	int64_t most;

	if (size <= SIZE_SPARSE || size <= (most = size_most (fd)))
		return 0;
	return err_set (err, CODE_BAD_VALUE, "%lld bytes are more than a file may have here (at most %lld)",
		(long long)size, (long long)most);
}
