if HAVE_CHECK
front_tests = \
	%D%/check_access \
	%D%/check_audit \
	%D%/check_breaker \
	%D%/check_budget \
	%D%/check_confine \
	%D%/check_histogram \
	%D%/check_queue \
	%D%/check_relay \
	%D%/check_relay_input \
	%D%/check_relay_shared \
	%D%/check_relay_worker \
	%D%/check_session \
	%D%/check_session_flow \
	%D%/check_session_time \
	%D%/check_share \
	%D%/check_sources \
	$(NULL)
check_PROGRAMS += $(front_tests)
TESTS += $(front_tests)
front_fake = %D%/fake.c %D%/fake.h
front_stage = %D%/relay_stage.c %D%/relay_stage.h $(front_fake)
front_libs = \
	src/front/libfront.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la \
	$(JANSSON_LIBS) $(YAML_LIBS) $(UV_LIBS) -lm $(check_libs)
%C%_check_access_CFLAGS = $(check_cflags)
%C%_check_access_LDADD = $(front_libs)
%C%_check_budget_CFLAGS = $(check_cflags)
%C%_check_budget_LDADD = $(front_libs)
%C%_check_breaker_CFLAGS = $(check_cflags)
%C%_check_breaker_LDADD = $(front_libs)
%C%_check_histogram_CFLAGS = $(check_cflags)
%C%_check_histogram_LDADD = $(front_libs)
%C%_check_audit_CFLAGS = $(check_cflags)
%C%_check_audit_LDADD = $(front_libs)
%C%_check_confine_CFLAGS = $(check_cflags)
%C%_check_confine_LDADD = $(front_libs)
%C%_check_queue_CFLAGS = $(check_cflags)
%C%_check_queue_LDADD = $(front_libs)
%C%_check_relay_SOURCES = %D%/check_relay.c $(front_stage)
%C%_check_relay_CFLAGS = $(check_cflags)
%C%_check_relay_LDADD = $(front_libs)
%C%_check_relay_input_SOURCES = %D%/check_relay_input.c $(front_stage)
%C%_check_relay_input_CFLAGS = $(check_cflags)
%C%_check_relay_input_LDADD = $(front_libs)
%C%_check_relay_shared_SOURCES = %D%/check_relay_shared.c $(front_stage)
%C%_check_relay_shared_CFLAGS = $(check_cflags)
%C%_check_relay_shared_LDADD = $(front_libs)
%C%_check_relay_worker_SOURCES = %D%/check_relay_worker.c $(front_stage)
%C%_check_relay_worker_CFLAGS = $(check_cflags)
%C%_check_relay_worker_LDADD = $(front_libs)
%C%_check_session_SOURCES = %D%/check_session.c $(front_fake)
%C%_check_session_CFLAGS = $(check_cflags)
%C%_check_session_LDADD = $(front_libs)
%C%_check_session_flow_SOURCES = %D%/check_session_flow.c $(front_fake)
%C%_check_session_flow_CFLAGS = $(check_cflags)
%C%_check_session_flow_LDADD = $(front_libs)
%C%_check_session_time_SOURCES = %D%/check_session_time.c $(front_fake)
%C%_check_session_time_CFLAGS = $(check_cflags)
%C%_check_session_time_LDADD = $(front_libs)
%C%_check_share_CFLAGS = $(check_cflags)
%C%_check_share_LDADD = $(front_libs)
%C%_check_sources_CFLAGS = $(check_cflags)
%C%_check_sources_LDADD = $(front_libs)
endif
