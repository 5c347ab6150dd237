noinst_LTLIBRARIES += %D%/libgate.la
%C%_libgate_la_SOURCES = \
	%D%/access.c %D%/access.h \
	%D%/gate.c %D%/gate.h \
	%D%/grants.c %D%/grants.h \
	%D%/handshake.c %D%/handshake.h \
	%D%/listener.c %D%/listener.h \
	%D%/query_rate.c %D%/query_rate.h \
	%D%/responder.c %D%/responder.h \
	%D%/share.c %D%/share.h \
	%D%/throttle.c %D%/throttle.h \
	$(NULL)
