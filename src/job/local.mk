noinst_LTLIBRARIES += %D%/libjob.la
%C%_libjob_la_SOURCES = \
	%D%/holder.h \
	%D%/job_spool.c %D%/job_spool.h \
	$(NULL)
