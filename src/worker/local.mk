noinst_LTLIBRARIES += %D%/libworker.la
%C%_libworker_la_SOURCES = \
	%D%/api.c \
	%D%/args.c %D%/args.h \
	%D%/attachment.c %D%/attachment.h \
	%D%/call.c %D%/call.h \
	%D%/files.c \
	%D%/command.c \
	%D%/plugins.c %D%/plugins.h \
	%D%/tidy.c %D%/tidy.h \
	%D%/user.c %D%/user.h \
	%D%/worker.c %D%/worker.h \
	$(NULL)
