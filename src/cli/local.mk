bin_PROGRAMS += remex
remex_SOURCES = \
	%D%/authorize.c \
	%D%/call.c \
	%D%/copy.c %D%/copy.h \
	%D%/descriptor.c %D%/descriptor.h \
	%D%/cli.h \
	%D%/document.c %D%/document.h \
	%D%/ending.c \
	%D%/exchange.c %D%/exchange.h \
	%D%/get.c \
	%D%/identities.c \
	%D%/identity.c %D%/identity.h \
	%D%/json.c %D%/json.h \
	%D%/keygen.c \
	%D%/local.c %D%/local.h \
	%D%/main.c \
	%D%/offline.c %D%/offline.h \
	%D%/options.c %D%/options.h \
	%D%/pending.c %D%/pending.h \
	%D%/ping.c \
	%D%/plugins.c \
	%D%/progress.c %D%/progress.h \
	%D%/pump.c %D%/pump.h \
	%D%/put.c \
	%D%/reload.c \
	%D%/remote.c %D%/remote.h \
	%D%/revoke.c \
	%D%/rights.c %D%/rights.h \
	%D%/run.c \
	%D%/signals.c %D%/signals.h \
	%D%/status.c \
	%D%/transfer.c %D%/transfer.h %D%/transfer_private.h \
	%D%/transfer_get.c \
	%D%/transfer_put.c \
	%D%/trust.c %D%/trust.h \
	$(NULL)
remex_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
remex_LDADD = libremex.la src/files/libfiles.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm
