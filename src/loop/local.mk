noinst_LTLIBRARIES += %D%/libloop.la
%C%_libloop_la_SOURCES = \
	%D%/connector.c %D%/connector.h \
	%D%/loop.c %D%/loop.h \
	%D%/resolver.c %D%/resolver.h \
	$(NULL)
