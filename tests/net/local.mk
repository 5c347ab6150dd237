if HAVE_CHECK
net_tests = %D%/check_credential %D%/check_endpoint %D%/check_key %D%/check_listen %D%/check_peer %D%/check_pump \
	%D%/check_stream %D%/check_tls %D%/check_tls_refusals
check_PROGRAMS += $(net_tests)
TESTS += $(net_tests)
net_libs = src/net/libnet.la src/base/libbase.la $(check_libs)
%C%_check_credential_CFLAGS = $(check_cflags)
%C%_check_credential_LDADD = $(net_libs) $(SSL_LIBS)
%C%_check_endpoint_CFLAGS = $(check_cflags)
%C%_check_endpoint_LDADD = $(net_libs)
%C%_check_key_CFLAGS = $(check_cflags)
%C%_check_key_LDADD = $(net_libs)
%C%_check_listen_CFLAGS = $(check_cflags)
%C%_check_listen_LDADD = $(net_libs)
%C%_check_peer_CFLAGS = $(check_cflags)
%C%_check_peer_LDADD = $(net_libs)
%C%_check_pump_CFLAGS = $(check_cflags)
%C%_check_pump_LDADD = $(net_libs)
%C%_check_stream_CFLAGS = $(check_cflags)
%C%_check_stream_LDADD = $(net_libs)
%C%_check_tls_SOURCES = %D%/check_tls.c $(net_tls_pair)
%C%_check_tls_CFLAGS = $(check_cflags)
%C%_check_tls_LDADD = $(net_libs) $(SSL_LIBS)
%C%_check_tls_refusals_SOURCES = %D%/check_tls_refusals.c $(net_tls_pair)
%C%_check_tls_refusals_CFLAGS = $(check_cflags)
%C%_check_tls_refusals_LDADD = $(net_libs) $(SSL_LIBS)
net_tls_pair = %D%/tls_pair.c %D%/tls_pair.h
endif
