if HAVE_CHECK
daemon_tests = \
	%D%/check_claim \
	%D%/check_claims \
	%D%/check_front_process \
	%D%/check_identity_files \
	%D%/check_job_directory \
	%D%/check_job_scope \
	%D%/check_jobs \
	%D%/check_keeper_process \
	%D%/check_listening \
	%D%/check_reload \
	%D%/check_system_calls \
	%D%/check_workers \
	$(NULL)
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)
daemon_far_end = %D%/far_end.c %D%/far_end.h
daemon_libs = \
	src/daemon/libdaemon.la src/audit/libaudit.la src/worker/libworker.la src/plugin/libplugin.la src/record/librecord.la src/proc/libproc.la src/conf/libconf.la \
	src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(YAML_LIBS) -ldl -lm $(check_libs)
%C%_check_claim_SOURCES = %D%/check_claim.c
%C%_check_claim_CFLAGS = $(check_cflags)
%C%_check_claim_LDADD = $(daemon_libs)

%C%_check_claims_CFLAGS = $(check_cflags)
%C%_check_claims_LDADD = $(daemon_libs)
%C%_check_front_process_SOURCES = %D%/check_front_process.c $(daemon_far_end)
%C%_check_front_process_CFLAGS = $(check_cflags)
%C%_check_front_process_LDADD = $(daemon_libs)
%C%_check_identity_files_SOURCES = %D%/check_identity_files.c
%C%_check_identity_files_CFLAGS = $(check_cflags)
%C%_check_identity_files_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=strndup
%C%_check_identity_files_LDADD = $(daemon_libs)
%C%_check_job_directory_SOURCES = %D%/check_job_directory.c
%C%_check_job_directory_CFLAGS = $(check_cflags)
%C%_check_job_directory_LDADD = $(daemon_libs)
%C%_check_jobs_SOURCES = %D%/check_jobs.c $(daemon_far_end)
%C%_check_jobs_CFLAGS = $(check_cflags)
%C%_check_jobs_LDADD = src/daemon/libdaemon.la src/job/libjob.la src/record/librecord.la src/worker/libworker.la src/plugin/libplugin.la src/gate/libgate.la \
	src/audit/libaudit.la src/loop/libloop.la $(worker_libs) $(VTERM_LIBS) $(UV_LIBS)
%C%_check_job_scope_SOURCES = %D%/check_job_scope.c
%C%_check_job_scope_CFLAGS = $(check_cflags)
%C%_check_job_scope_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=access,--wrap=geteuid,--wrap=spawn_start
%C%_check_job_scope_LDADD = src/daemon/libdaemon.la src/gate/libgate.la src/proc/libproc.la src/conf/libconf.la \
	src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(YAML_LIBS) -ldl -lm $(check_libs)
%C%_check_keeper_process_SOURCES = %D%/check_keeper_process.c $(daemon_far_end)
%C%_check_keeper_process_CFLAGS = $(check_cflags)
%C%_check_keeper_process_LDADD = $(daemon_libs)
%C%_check_listening_SOURCES = %D%/check_listening.c
%C%_check_listening_CFLAGS = $(check_cflags)
%C%_check_listening_LDADD = $(daemon_libs)
%C%_check_reload_SOURCES = %D%/check_reload.c $(daemon_far_end)
%C%_check_reload_CFLAGS = $(check_cflags)
%C%_check_reload_LDADD = $(daemon_libs)
%C%_check_system_calls_SOURCES = %D%/check_system_calls.c
%C%_check_system_calls_CFLAGS = $(check_cflags)
%C%_check_system_calls_LDADD = $(daemon_libs)
%C%_check_workers_SOURCES = %D%/check_workers.c $(daemon_far_end)
%C%_check_workers_CFLAGS = $(check_cflags)
%C%_check_workers_LDADD = $(daemon_libs)
endif

# remexd with another front: the same main function calls lying_front_run in place of front_run.
check_PROGRAMS += %D%/lying_front
%C%_lying_front_SOURCES = %D%/lying_front.c src/daemon/remexd.c
%C%_lying_front_CPPFLAGS = $(AM_CPPFLAGS) -Dfront_run=lying_front_run
%C%_lying_front_LDFLAGS = $(remexd_LDFLAGS)
%C%_lying_front_LDADD = $(remexd_LDADD)
