if HAVE_CHECK
cli_checks = \
	%D%/check_ask \
	%D%/check_brake \
	%D%/check_call \
	%D%/check_coalesce \
	%D%/check_console \
	%D%/check_conversation \
	%D%/check_descriptor \
	%D%/check_diff \
	%D%/check_document \
	%D%/check_drive \
	%D%/check_escapes \
	%D%/check_fanout \
	%D%/check_json \
	%D%/check_labels \
	%D%/check_last \
	%D%/check_many \
	%D%/check_outdir \
	%D%/check_pending \
	%D%/check_progress \
	%D%/check_report \
	%D%/check_result \
	%D%/check_say \
	%D%/check_spool \
	%D%/check_subcommand \
	%D%/check_transfer \
	%D%/check_trie \
	$(NULL)
check_PROGRAMS += $(cli_checks)
TESTS += $(cli_checks)
cli_parts = src/cli/libcli.la src/hosts/libhosts.la src/proc/libproc.la src/conf/libconf.la libremex.la src/files/libfiles.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la
%C%_check_ask_CFLAGS = $(check_cflags)
%C%_check_ask_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) $(check_libs)
%C%_check_call_CFLAGS = $(check_cflags)
%C%_check_call_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_console_CFLAGS = $(check_cflags)
%C%_check_console_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_descriptor_CFLAGS = $(check_cflags)
%C%_check_descriptor_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_json_CFLAGS = $(check_cflags)
%C%_check_json_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_progress_CFLAGS = $(check_cflags)
%C%_check_progress_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_conversation_SOURCES = %D%/check_conversation.c %D%/far_host.c %D%/far_host.h
%C%_check_conversation_CFLAGS = $(check_cflags)
%C%_check_conversation_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) $(check_libs)
%C%_check_document_SOURCES = %D%/check_document.c %D%/far_host.c %D%/far_host.h
%C%_check_document_CFLAGS = $(check_cflags)
%C%_check_document_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) $(check_libs)
%C%_check_pending_CFLAGS = $(check_cflags)
%C%_check_pending_LDADD = src/cli/libcli.la libremex.la src/files/libfiles.la src/net/libnet.la src/wire/libwire.la \
	src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_pending_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc
%C%_check_subcommand_CFLAGS = $(check_cflags)
%C%_check_subcommand_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_subcommand_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc
%C%_check_drive_CFLAGS = $(check_cflags)
%C%_check_drive_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_result_CFLAGS = $(check_cflags)
%C%_check_result_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_say_CFLAGS = $(check_cflags)
%C%_check_say_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_transfer_CFLAGS = $(check_cflags)
%C%_check_transfer_LDADD = src/cli/libcli.la src/hosts/libhosts.la src/proc/libproc.la src/conf/libconf.la libremex.la src/files/libfiles.la src/net/libnet.la src/wire/libwire.la \
	src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_brake_CFLAGS = $(check_cflags)
%C%_check_brake_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_coalesce_CFLAGS = $(check_cflags)
%C%_check_coalesce_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_diff_CFLAGS = $(check_cflags)
%C%_check_diff_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_labels_CFLAGS = $(check_cflags)
%C%_check_labels_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_escapes_CFLAGS = $(check_cflags)
%C%_check_escapes_LDADD = $(cli_parts) $(JANSSON_LIBS) $(check_libs)
%C%_check_fanout_SOURCES = %D%/check_fanout.c %D%/far_host.c %D%/far_host.h
%C%_check_fanout_CFLAGS = $(check_cflags)
%C%_check_fanout_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_last_CFLAGS = $(check_cflags)
%C%_check_last_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_many_SOURCES = %D%/check_many.c %D%/far_host.c %D%/far_host.h
%C%_check_many_CFLAGS = $(check_cflags)
%C%_check_many_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_outdir_CFLAGS = $(check_cflags)
%C%_check_outdir_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_report_CFLAGS = $(check_cflags)
%C%_check_report_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_trie_CFLAGS = $(check_cflags)
%C%_check_trie_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_spool_CFLAGS = $(check_cflags)
%C%_check_spool_LDADD = $(cli_parts) $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
endif
cli_tests = \
	%D%/authorize.test \
	%D%/call.test \
	%D%/copy.test \
	%D%/durable.test \
	%D%/hostile.test \
	%D%/job.test \
	%D%/keys.test \
	%D%/manual.test \
	%D%/many.test \
	%D%/resume.test \
	%D%/run.test \
	%D%/shell.test \
	%D%/signals.test \
	$(NULL)
dist_check_SCRIPTS += $(cli_tests)
TESTS += $(cli_tests)
EXTRA_DIST += %D%/captured.h %D%/copying.py %D%/fake_jobs.py %D%/fake_server.py %D%/program.py
