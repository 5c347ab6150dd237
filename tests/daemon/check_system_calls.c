/* check_system_calls - a system call that the filter of a container refuses is named at the start. */
#include "config.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/system_calls.h"
#include "support/check_main.h"

/* From now on the call fails with that error in this process, which is a child of the test. */
static void refuse (unsigned call, unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
		BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	ck_assert_int_eq (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

START_TEST (all_are_there)
{
	struct err err = { .text = "" };

	ck_assert_msg (system_calls_check (&err) == 0, "%s", err.text);
}
END_TEST

static const struct {
	unsigned call, error;
	const char *name;
} refused[] = {
	{ SYS_close_range, ENOSYS, "close_range" },
	{ SYS_pidfd_open, EPERM, "pidfd_open" },
	{ SYS_pidfd_send_signal, EPERM, "pidfd_send_signal" },
	{ SYS_statx, EPERM, "statx" },
};

START_TEST (a_refused_call_is_named)
{
	struct err err = { .text = "" };

	refuse (refused[_i].call, refused[_i].error);
	ck_assert_int_eq (system_calls_check (&err), -1);
	ck_assert_msg (strstr (err.text, refused[_i].name) != NULL, "%s", err.text);
	ck_assert_int_eq (err.sys, (int)refused[_i].error);
}
END_TEST

static void fill (TCase *tcase)
{
	tcase_add_test (tcase, all_are_there);
	tcase_add_loop_test (tcase, a_refused_call_is_named, 0, sizeof refused / sizeof *refused);
}

CHECK_MAIN ("system_calls", fill)
