bin_PROGRAMS += remex
remex_SOURCES = \
	%D%/authorize.c \
	%D%/call.c \
	%D%/cli.h \
	%D%/document.c %D%/document.h \
	%D%/exchange.c %D%/exchange.h \
	%D%/identities.c \
	%D%/identity.c %D%/identity.h \
	%D%/json.c %D%/json.h \
	%D%/keygen.c \
	%D%/local.c %D%/local.h \
	%D%/main.c \
	%D%/offline.c %D%/offline.h \
	%D%/options.c %D%/options.h \
	%D%/ping.c \
	%D%/plugins.c \
	%D%/pump.c %D%/pump.h \
	%D%/reload.c \
	%D%/revoke.c \
	%D%/rights.c %D%/rights.h \
	%D%/run.c \
	%D%/signals.c %D%/signals.h \
	%D%/status.c \
	%D%/trust.c %D%/trust.h \
	$(NULL)
remex_LDADD = libremex.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm
