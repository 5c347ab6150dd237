# The unit tests repeat the names of src, one Check program per file; tests/system drives the real programs.
# A folder's tests are listed in its own local.mk.

if HAVE_CHECK
check_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
check_libs = $(CHECK_LIBS)
endif

TEST_EXTENSIONS = .test
TEST_LOG_DRIVER = $(SHELL) $(top_srcdir)/tests/support/timed_driver

EXTRA_DIST += \
	tests/support/check_main.h \
	tests/support/descriptors.h \
	tests/support/fail_alloc.h \
	tests/support/loopback.h \
	tests/support/cutting_proxy.py \
	tests/support/runner.py \
	tests/support/pty_pair.h \
	tests/support/skip.h \
	tests/support/timed_driver \
	$(NULL)

# make runs the tests in the order of these lines: the longest come first, and the short ones fill what is left.
include tests/system/local.mk
include tests/cli/local.mk
include tests/personality/local.mk
include tests/tree/local.mk
include tests/faults/local.mk
include tests/base/local.mk
include tests/wire/local.mk
include tests/files/local.mk
include tests/conf/local.mk
include tests/net/local.mk
include tests/proc/local.mk
include tests/plugin/local.mk
include tests/worker/local.mk
include tests/record/local.mk
include tests/job/local.mk
include tests/loop/local.mk
include tests/audit/local.mk
include tests/gate/local.mk
include tests/front/local.mk
include tests/daemon/local.mk
include tests/client/local.mk
include tests/hosts/local.mk
include tests/ssh/local.mk
include tests/plugins/local.mk
