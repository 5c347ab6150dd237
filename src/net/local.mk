noinst_LTLIBRARIES += %D%/libnet.la
%C%_libnet_la_SOURCES = \
	%D%/listen.c %D%/listen.h \
	%D%/peer.c %D%/peer.h \
	%D%/stream.c %D%/stream.h \
	$(NULL)
