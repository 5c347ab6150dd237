if HAVE_CHECK
loop_tests = %D%/check_connector %D%/check_loop %D%/check_resolver
check_PROGRAMS += $(loop_tests)
TESTS += $(loop_tests)
%C%_check_connector_CFLAGS = $(check_cflags)
%C%_check_connector_LDADD = $(client_parts) $(check_libs)
%C%_check_loop_CFLAGS = $(check_cflags)
%C%_check_loop_LDADD = $(client_parts) $(check_libs)
%C%_check_resolver_CFLAGS = $(check_cflags)
%C%_check_resolver_LDADD = $(client_parts) $(check_libs)
endif
