noinst_LTLIBRARIES += %D%/libaudit.la
%C%_libaudit_la_SOURCES = \
	%D%/line.c %D%/line.h \
	%D%/open_requests.c %D%/open_requests.h \
	%D%/rate.c %D%/rate.h \
	%D%/writer.c %D%/writer.h \
	$(NULL)
