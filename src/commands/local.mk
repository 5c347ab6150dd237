bin_PROGRAMS += remex
remex_SOURCES = \
	%D%/authorize.c \
	%D%/call.c \
	%D%/commands.c %D%/commands.h \
	%D%/copy.c \
	%D%/daemon_admin.c %D%/daemon_admin.h \
	%D%/discover.c \
	%D%/exec_call.c %D%/exec_call.h \
	%D%/hosts.c \
	%D%/identities.c \
	%D%/identity.c %D%/identity.h \
	%D%/job.c %D%/job.h \
	%D%/job_attach.c \
	%D%/job_kill.c \
	%D%/job_list.c \
	%D%/job_logs.c \
	%D%/job_peek.c \
	%D%/job_remove.c \
	%D%/job_wait.c \
	%D%/job_words.c %D%/job_words.h \
	%D%/keygen.c \
	%D%/offline.c %D%/offline.h \
	%D%/ping.c \
	%D%/plugins.c \
	%D%/reload.c \
	%D%/replay.c \
	%D%/remote.c %D%/remote.h \
	%D%/revoke.c \
	%D%/rights.c %D%/rights.h \
	%D%/run.c %D%/run.h \
	%D%/shell.c \
	%D%/start_job.c \
	%D%/status.c \
	%D%/stdio.c \
	%D%/terminal_call.c %D%/terminal_call.h \
	%D%/trust.c \
	$(NULL)
remex_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
remex_LDADD = src/personality/libpersonality.la src/cli/libcli.la src/hosts/libhosts.la src/record/librecord.la src/proc/libproc.la libremex.la src/client/libaddress.la src/files/libfiles.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm
