noinst_LTLIBRARIES += %D%/libworker.la
%C%_libworker_la_SOURCES = \
	%D%/api.c \
	%D%/context.c %D%/context.h \
	%D%/invocation.c %D%/invocation.h \
	%D%/pty.c %D%/pty.h \
	%D%/standard_io.c %D%/standard_io.h \
	%D%/subprocess.c \
	%D%/tidy.c %D%/tidy.h \
	%D%/user.c %D%/user.h \
	%D%/worker.c %D%/worker.h \
	$(NULL)
