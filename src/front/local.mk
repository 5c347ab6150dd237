noinst_LTLIBRARIES += %D%/libfront.la
%C%_libfront_la_SOURCES = \
	%D%/access.c %D%/access.h \
	%D%/arrival.c %D%/arrival.h \
	%D%/attachment.c \
	%D%/audit.c %D%/audit.h \
	%D%/breaker.c %D%/breaker.h \
	%D%/budget.c %D%/budget.h \
	%D%/confine.c %D%/confine.h \
	%D%/connection.c %D%/connection.h \
	%D%/dispatch.c \
	%D%/ending.c %D%/ending.h \
	%D%/facts.c \
	%D%/front.c %D%/front.h \
	%D%/grants.c %D%/grants.h \
	%D%/histogram.c %D%/histogram.h \
	%D%/listener.c \
	%D%/loop.c %D%/loop.h \
	%D%/manage.c %D%/manage.h \
	%D%/pool.c %D%/pool.h \
	%D%/queue.c %D%/queue.h \
	%D%/relay.c %D%/relay.h \
	%D%/request.c %D%/request.h \
	%D%/revoke.c %D%/revoke.h \
	%D%/session.c %D%/session.h \
	%D%/share.c %D%/share.h \
	%D%/sources.c %D%/sources.h \
	%D%/trail.c %D%/trail.h \
	%D%/upstream.c %D%/upstream.h \
	$(NULL)
%C%_libfront_la_LIBADD = $(SECCOMP_LIBS) $(SSL_LIBS)
