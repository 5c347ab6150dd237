# All but the main function: a test takes what it wants of it.
noinst_LTLIBRARIES += %D%/libdaemon.la
%C%_libdaemon_la_SOURCES = \
	%D%/audit_process.c %D%/audit_process.h \
	%D%/claim.c %D%/claim.h \
	%D%/claims.c %D%/claims.h \
	%D%/daemon_options.c %D%/daemon_options.h \
	%D%/discovery_sockets.c %D%/discovery_sockets.h \
	%D%/front_process.c %D%/front_process.h \
	%D%/generation.c %D%/generation.h \
	%D%/hostkey.c %D%/hostkey.h \
	%D%/identity_files.c %D%/identity_files.h \
	%D%/init.c %D%/init.h \
	%D%/job_directory.c %D%/job_directory.h \
	%D%/job_killer.c %D%/job_killer.h \
	%D%/job_scope.c %D%/job_scope.h \
	%D%/job_trail.c %D%/job_trail.h \
	%D%/jobs.c %D%/jobs.h \
	%D%/keeper_process.c %D%/keeper_process.h \
	%D%/listening.c %D%/listening.h \
	%D%/log_process.c %D%/log_process.h \
	%D%/plugin_probe.c %D%/plugin_probe.h \
	%D%/recorders.c %D%/recorders.h \
	%D%/reload.c %D%/reload.h \
	%D%/sealed.c %D%/sealed.h \
	%D%/service.c %D%/service.h \
	%D%/supervisor.c %D%/supervisor.h \
	%D%/system_calls.c %D%/system_calls.h \
	%D%/tunnel_process.c %D%/tunnel_process.h \
	%D%/worker_process.c %D%/worker_process.h \
	%D%/workers.c %D%/workers.h \
	$(NULL)

sbin_PROGRAMS += remexd
remexd_SOURCES = %D%/remexd.c
# The plugins find remex_* in the program that loads them: exported are those functions, and nothing else, because all
# the rest is hidden (-fvisibility=hidden).
# The worker and the plugins' library are linked whole: some of those functions nobody but a plugin calls.
remexd_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS) -export-dynamic \
	-Wl,--whole-archive,src/worker/.libs/libworker.a,src/plugin/.libs/libplugin.a,--no-whole-archive
remexd_DEPENDENCIES = src/daemon/libdaemon.la src/front/libfront.la src/gate/libgate.la src/loop/libloop.la src/audit/libaudit.la \
	src/job/libjob.la src/record/librecord.la src/worker/libworker.la src/plugin/libplugin.la src/proc/libproc.la src/conf/libconf.la \
	src/net/libnet.la src/wire/libwire.la src/base/libbase.la
remexd_LDADD = \
	src/daemon/libdaemon.la \
	src/front/libfront.la \
	src/gate/libgate.la \
	src/audit/libaudit.la \
	src/loop/libloop.la \
	src/job/libjob.la \
	src/record/librecord.la \
	src/proc/libproc.la \
	src/conf/libconf.la \
	src/net/libnet.la \
	src/wire/libwire.la \
	src/base/libbase.la \
	$(JANSSON_LIBS) $(YAML_LIBS) $(UV_LIBS) $(VTERM_LIBS) -ldl -lm \
	$(NULL)
