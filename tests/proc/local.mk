if HAVE_CHECK
proc_tests = \
	%D%/check_cgroup \
	%D%/check_fork \
	%D%/check_guard \
	%D%/check_keeper \
	%D%/check_spawn \
	%D%/check_process_tree \
	$(NULL)
check_PROGRAMS += $(proc_tests) %D%/helper
TESTS += $(proc_tests)
proc_fixture = %D%/proc_fixture.c %D%/proc_fixture.h
proc_libs = src/proc/libproc.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm $(check_libs)
%C%_check_cgroup_SOURCES = %D%/check_cgroup.c $(proc_fixture)
%C%_check_cgroup_CFLAGS = $(check_cflags)
%C%_check_cgroup_LDADD = $(proc_libs)
%C%_check_fork_SOURCES = %D%/check_fork.c $(proc_fixture)
%C%_check_fork_CFLAGS = $(check_cflags)
%C%_check_fork_LDADD = $(proc_libs)
%C%_check_guard_SOURCES = %D%/check_guard.c $(proc_fixture)
%C%_check_guard_CFLAGS = $(check_cflags)
%C%_check_guard_LDADD = $(proc_libs)
%C%_check_keeper_SOURCES = %D%/check_keeper.c %D%/keeper_fixture.c %D%/keeper_fixture.h $(proc_fixture)
%C%_check_keeper_CFLAGS = $(check_cflags)
%C%_check_keeper_LDADD = $(proc_libs)
%C%_check_spawn_SOURCES = %D%/check_spawn.c %D%/spawn_failures.c %D%/spawn_failures.h $(proc_fixture)
%C%_check_spawn_CFLAGS = $(check_cflags)
%C%_check_spawn_LDADD = $(proc_libs)
%C%_check_process_tree_SOURCES = %D%/check_process_tree.c $(proc_fixture)
%C%_check_process_tree_CFLAGS = $(check_cflags)
%C%_check_process_tree_LDADD = $(proc_libs)
%C%_helper_CFLAGS = $(AM_CFLAGS) -pthread
endif
