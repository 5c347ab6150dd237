noinst_LTLIBRARIES += %D%/libproc.la
%C%_libproc_la_SOURCES = \
	%D%/cgroup.c %D%/cgroup.h \
	%D%/fork.c %D%/fork.h \
	%D%/guard.c %D%/guard.h \
	%D%/keeper.c %D%/keeper.h \
	%D%/pids.c %D%/pids.h \
	%D%/procstat.c %D%/procstat.h \
	%D%/session_keyring.c %D%/session_keyring.h \
	%D%/spawn.c %D%/spawn.h \
	%D%/process_tree.c %D%/process_tree.h \
	$(NULL)
