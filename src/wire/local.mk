noinst_LTLIBRARIES += %D%/libwire.la
%C%_libwire_la_SOURCES = \
	%D%/call_limits.c %D%/call_limits.h \
	%D%/codes.c %D%/codes.h \
	%D%/discovery.c %D%/discovery.h \
	%D%/done.c %D%/done.h \
	%D%/header.c %D%/header.h \
	%D%/job_verbs.c %D%/job_verbs.h \
	%D%/memory.c %D%/memory.h \
	%D%/message.c %D%/message.h \
	%D%/records.h \
	%D%/session.c %D%/session.h \
	%D%/tty.c %D%/tty.h \
	%D%/verbs.c %D%/verbs.h \
	$(NULL)
