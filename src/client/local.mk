lib_LTLIBRARIES += libremex.la
libremex_la_SOURCES = \
	include/remex/client.h \
	%D%/address.c %D%/address.h \
	%D%/answer.c \
	%D%/args.c \
	%D%/client.h \
	%D%/connect.c \
	%D%/host.c \
	%D%/remex.c \
	%D%/request.c \
	%D%/stream.c %D%/stream.h \
	$(NULL)
libremex_la_LIBADD = src/wire/libwire.la src/base/libbase.la $(UV_LIBS) $(JANSSON_LIBS) -lm
libremex_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined
