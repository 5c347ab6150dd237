lib_LTLIBRARIES += libremex.la
libremex_la_SOURCES = \
	include/remex/client.h \
	%D%/address.c %D%/address.h \
	%D%/answer.c \
	%D%/args.c \
	%D%/client.h \
	%D%/connect.c \
	%D%/dial_tcp.c \
	%D%/dial_unix.c \
	%D%/host.c \
	%D%/remex.c \
	%D%/request.c \
	%D%/resolver.c %D%/resolver.h \
	%D%/store.c %D%/store.h \
	%D%/trust.c \
	$(NULL)
libremex_la_LIBADD = src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(UV_LIBS) $(JANSSON_LIBS) -lm
libremex_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined
