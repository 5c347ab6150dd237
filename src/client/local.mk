# Where a remexd listens: for libremex, and for `remex stdio`.
noinst_LTLIBRARIES += %D%/libaddress.la
%C%_libaddress_la_SOURCES = %D%/address.c %D%/address.h

lib_LTLIBRARIES += libremex.la
libremex_la_SOURCES = \
	include/remex/client.h \
	%D%/answer.c %D%/answer.h \
	%D%/args.c \
	%D%/client_request.c %D%/client_request.h \
	%D%/connect.c \
	%D%/dial.h \
	%D%/dial_proxy.c \
	%D%/dial_ssh.c \
	%D%/dial_tcp.c \
	%D%/dial_unix.c \
	%D%/error.c %D%/error.h \
	%D%/host.c %D%/host.h \
	%D%/keystore.c %D%/keystore.h \
	%D%/proxy.c %D%/proxy.h \
	%D%/remex.c %D%/remex.h \
	%D%/secure.c %D%/secure.h \
	%D%/ssh_helper.c %D%/ssh_helper.h \
	%D%/trust.c %D%/trust.h \
	$(NULL)
libremex_la_LIBADD = %D%/libaddress.la src/loop/libloop.la src/proc/libproc.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(UV_LIBS) $(JANSSON_LIBS) -lm
libremex_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined
