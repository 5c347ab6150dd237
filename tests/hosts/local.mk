if HAVE_CHECK
hosts_tests = \
	%D%/check_expression \
	%D%/check_fold \
	%D%/check_groups \
	%D%/check_host_name \
	%D%/check_ini \
	%D%/check_proxy_line \
	%D%/check_name_filter \
	$(NULL)
check_PROGRAMS += $(hosts_tests)
TESTS += $(hosts_tests)
hosts_libs = src/hosts/libhosts.la src/proc/libproc.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm $(check_libs)
%C%_check_expression_CFLAGS = $(check_cflags)
%C%_check_expression_LDADD = $(hosts_libs)
%C%_check_fold_CFLAGS = $(check_cflags)
%C%_check_fold_LDADD = $(hosts_libs)
%C%_check_groups_CFLAGS = $(check_cflags)
%C%_check_groups_LDADD = $(hosts_libs)
%C%_check_ini_CFLAGS = $(check_cflags)
%C%_check_ini_LDADD = $(hosts_libs)
%C%_check_proxy_line_CFLAGS = $(check_cflags)
%C%_check_proxy_line_LDADD = $(hosts_libs)
%C%_check_name_filter_CFLAGS = $(check_cflags)
%C%_check_name_filter_LDADD = $(hosts_libs)
%C%_check_host_name_CFLAGS = $(check_cflags)
%C%_check_host_name_LDADD = $(hosts_libs)
endif
EXTRA_DIST += %D%/listed.h %D%/nodeset.txt %D%/nodeset_differences.txt
hosts_scripts = %D%/hosts.test %D%/nodeset.test
dist_check_SCRIPTS += $(hosts_scripts)
TESTS += $(hosts_scripts)
