if HAVE_CHECK
gate_tests = %D%/check_access %D%/check_gate %D%/check_handshake %D%/check_listener %D%/check_query_rate %D%/check_share \
	%D%/check_throttle
check_PROGRAMS += $(gate_tests)
TESTS += $(gate_tests)
gate_fixture = %D%/gate_fixture.c %D%/gate_fixture.h
gate_libs = src/gate/libgate.la src/loop/libloop.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la \
	$(JANSSON_LIBS) $(YAML_LIBS) $(UV_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_access_CFLAGS = $(check_cflags)
%C%_check_access_LDADD = $(gate_libs)
%C%_check_gate_CFLAGS = $(check_cflags)
%C%_check_gate_LDADD = $(gate_libs)
%C%_check_handshake_SOURCES = %D%/check_handshake.c $(gate_fixture) $(net_tls_pair)
%C%_check_handshake_CFLAGS = $(check_cflags)
%C%_check_handshake_LDADD = $(gate_libs)
%C%_check_listener_SOURCES = %D%/check_listener.c $(gate_fixture)
%C%_check_listener_CFLAGS = $(check_cflags)
%C%_check_listener_LDADD = $(gate_libs)
%C%_check_query_rate_CFLAGS = $(check_cflags)
%C%_check_query_rate_LDADD = $(gate_libs)
%C%_check_share_CFLAGS = $(check_cflags)
%C%_check_share_LDADD = $(gate_libs)
%C%_check_throttle_CFLAGS = $(check_cflags)
%C%_check_throttle_LDADD = $(gate_libs)
endif
