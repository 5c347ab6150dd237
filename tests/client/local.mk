if HAVE_CHECK
client_tests = \
	%D%/check_address \
	%D%/check_args \
	%D%/check_client_request \
	%D%/check_connect \
	%D%/check_host \
	%D%/check_keystore \
	%D%/check_many \
	%D%/check_proxy \
	%D%/check_tcp \
	$(NULL)
check_PROGRAMS += $(client_tests)
TESTS += $(client_tests)
# The inner parts are hidden in the shared library: the tests link the same objects, made into a convenience library.
client_parts = libclientparts.la
check_LTLIBRARIES += libclientparts.la
libclientparts_la_SOURCES = $(libremex_la_SOURCES)
libclientparts_la_LIBADD = $(libremex_la_LIBADD)
%C%_check_address_CFLAGS = $(check_cflags)
%C%_check_address_LDADD = $(client_parts) $(check_libs)
%C%_check_args_CFLAGS = $(check_cflags)
%C%_check_args_LDADD = $(client_parts) $(check_libs)
%C%_check_connect_CFLAGS = $(check_cflags)
%C%_check_connect_LDADD = $(client_parts) $(check_libs)
%C%_check_host_CFLAGS = $(check_cflags)
%C%_check_host_LDADD = $(client_parts) $(check_libs)
%C%_check_client_request_CFLAGS = $(check_cflags)
%C%_check_client_request_LDADD = $(client_parts) $(check_libs)
%C%_check_keystore_CFLAGS = $(check_cflags)
%C%_check_keystore_LDADD = $(client_parts) $(check_libs)
%C%_check_tcp_CFLAGS = $(check_cflags)
%C%_check_tcp_LDADD = $(client_parts) $(check_libs)
%C%_check_many_CFLAGS = $(check_cflags)
%C%_check_many_LDADD = $(client_parts) $(check_libs)
%C%_check_proxy_CFLAGS = $(check_cflags)
%C%_check_proxy_LDADD = $(client_parts) $(check_libs)
EXTRA_DIST += %D%/fake.h
endif
dist_check_SCRIPTS += %D%/client_header.test
TESTS += %D%/client_header.test
