if HAVE_CHECK
audit_tests = %D%/check_line %D%/check_open_requests %D%/check_rate %D%/check_writer
check_PROGRAMS += $(audit_tests)
TESTS += $(audit_tests)
audit_libs = src/audit/libaudit.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_line_CFLAGS = $(check_cflags)
%C%_check_line_LDADD = $(audit_libs)
%C%_check_open_requests_CFLAGS = $(check_cflags)
%C%_check_open_requests_LDADD = $(audit_libs)
%C%_check_rate_CFLAGS = $(check_cflags)
%C%_check_rate_LDADD = $(audit_libs)
%C%_check_writer_CFLAGS = $(check_cflags)
%C%_check_writer_LDADD = $(audit_libs)
endif
