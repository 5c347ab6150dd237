bin_PROGRAMS += remex
remex_SOURCES = \
	%D%/call.c \
	%D%/cli.h \
	%D%/document.c %D%/document.h \
	%D%/exchange.c %D%/exchange.h \
	%D%/json.c %D%/json.h \
	%D%/main.c \
	%D%/options.c %D%/options.h \
	%D%/ping.c \
	%D%/plugins.c \
	%D%/pump.c %D%/pump.h \
	%D%/run.c \
	%D%/signals.c %D%/signals.h \
	%D%/status.c \
	$(NULL)
remex_LDADD = libremex.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm
