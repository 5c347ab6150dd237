/* descriptors - how many descriptors this process has open. */
#ifndef REMEX_TESTS_SUPPORT_DESCRIPTORS_H
#define REMEX_TESTS_SUPPORT_DESCRIPTORS_H

#include <check.h>
#include <dirent.h>

/* The entries of /proc/self/fd: the open descriptors, "." and "..", and the descriptor of the directory itself. */
static inline int open_descriptors (void)
{
	DIR *dir = opendir ("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull (dir);
	while (readdir (dir))
		n++;
	closedir (dir);
	return n;
}

#endif
