if HAVE_CHECK
net_tests = %D%/check_listen %D%/check_peer
check_PROGRAMS += $(net_tests)
TESTS += $(net_tests)
net_libs = src/net/libnet.la src/base/libbase.la $(check_libs)
%C%_check_listen_CFLAGS = $(check_cflags)
%C%_check_listen_LDADD = $(net_libs)
%C%_check_peer_CFLAGS = $(check_cflags)
%C%_check_peer_LDADD = $(net_libs)
endif
