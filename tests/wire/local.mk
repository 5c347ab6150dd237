if HAVE_CHECK
wire_tests = \
	%D%/check_call_limits \
	%D%/check_codes \
	%D%/check_discovery \
	%D%/check_header \
	%D%/check_limits \
	%D%/check_message \
	%D%/check_session \
	%D%/check_session_flow \
	%D%/check_session_time \
	%D%/check_tty \
	%D%/check_verbs \
	$(NULL)
check_PROGRAMS += $(wire_tests)
TESTS += $(wire_tests)
fake_session = %D%/fake_session.c %D%/fake_session.h
wire_libs = src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm $(check_libs)
%C%_check_call_limits_CFLAGS = $(check_cflags)
%C%_check_call_limits_LDADD = $(wire_libs)
%C%_check_codes_CFLAGS = $(check_cflags)
%C%_check_codes_LDADD = $(wire_libs)
%C%_check_discovery_CFLAGS = $(check_cflags)
%C%_check_discovery_LDADD = $(wire_libs)
%C%_check_header_CFLAGS = $(check_cflags)
%C%_check_header_LDADD = $(wire_libs)
%C%_check_limits_CFLAGS = $(check_cflags)
%C%_check_limits_LDADD = $(wire_libs)
%C%_check_message_CFLAGS = $(check_cflags)
%C%_check_message_LDADD = $(wire_libs)
%C%_check_session_SOURCES = %D%/check_session.c $(fake_session)
%C%_check_session_CFLAGS = $(check_cflags)
%C%_check_session_LDADD = $(wire_libs)
%C%_check_session_flow_SOURCES = %D%/check_session_flow.c $(fake_session)
%C%_check_session_flow_CFLAGS = $(check_cflags)
%C%_check_session_flow_LDADD = $(wire_libs)
%C%_check_session_time_SOURCES = %D%/check_session_time.c $(fake_session)
%C%_check_session_time_CFLAGS = $(check_cflags)
%C%_check_session_time_LDADD = $(wire_libs)
%C%_check_tty_CFLAGS = $(check_cflags)
%C%_check_tty_LDADD = $(wire_libs)
%C%_check_verbs_CFLAGS = $(check_cflags)
%C%_check_verbs_LDADD = $(wire_libs)
endif
