noinst_LTLIBRARIES += %D%/libnet.la
%C%_libnet_la_SOURCES = \
	%D%/certificate.c %D%/certificate.h \
	%D%/credential.c %D%/credential.h \
	%D%/datagram.c %D%/datagram.h \
	%D%/endpoint.c %D%/endpoint.h \
	%D%/key.c %D%/key.h \
	%D%/listen.c %D%/listen.h \
	%D%/network.c \
	%D%/peer.c %D%/peer.h \
	%D%/pump.c %D%/pump.h \
	%D%/socket_settings.c %D%/socket_settings.h \
	%D%/sockdiag.c %D%/sockdiag.h \
	%D%/stream.c %D%/stream.h \
	%D%/tls.c %D%/tls.h \
	$(NULL)
%C%_libnet_la_LIBADD = $(SSL_LIBS)
