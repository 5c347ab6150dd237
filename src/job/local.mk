noinst_LTLIBRARIES += %D%/libjob.la
%C%_libjob_la_SOURCES = \
	%D%/holder.c %D%/holder.h \
	%D%/job_outcome.c %D%/job_outcome.h \
	%D%/job_spool.c %D%/job_spool.h \
	%D%/job_streams.c %D%/job_streams.h \
	%D%/screen.c %D%/screen.h \
	%D%/viewers.c %D%/viewers.h \
	$(NULL)
%C%_libjob_la_LIBADD = $(VTERM_LIBS)
