if HAVE_CHECK
front_tests = \
	%D%/check_breaker \
	%D%/check_budget \
	%D%/check_builtin \
	%D%/check_carrier \
	%D%/check_confine \
	%D%/check_connection \
	%D%/check_dispatch \
	%D%/check_histogram \
	%D%/check_job_call \
	%D%/check_job_start \
	%D%/check_job_viewer \
	%D%/check_pending_signals \
	%D%/check_place \
	%D%/check_pool \
	%D%/check_quarantine \
	%D%/check_queue \
	%D%/check_relay \
	%D%/check_relay_input \
	%D%/check_relay_shared \
	%D%/check_relay_worker \
	%D%/check_schedule \
	%D%/check_supervisor_link \
	%D%/check_turn \
	$(NULL)
check_PROGRAMS += $(front_tests)
TESTS += $(front_tests)
EXTRA_DIST += %D%/lock_holder.h
front_alone = %D%/front_alone.c %D%/front_alone.h
front_fixture = %D%/relay_fixture.c %D%/relay_fixture.h tests/wire/fake_session.c tests/wire/fake_session.h
front_libs = \
	src/front/libfront.la src/gate/libgate.la src/audit/libaudit.la src/loop/libloop.la src/record/librecord.la src/proc/libproc.la src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la \
	$(JANSSON_LIBS) $(YAML_LIBS) $(UV_LIBS) -lm $(check_libs)
%C%_check_budget_CFLAGS = $(check_cflags)
%C%_check_budget_LDADD = $(front_libs)
%C%_check_breaker_CFLAGS = $(check_cflags)
%C%_check_breaker_LDADD = $(front_libs)
%C%_check_histogram_CFLAGS = $(check_cflags)
%C%_check_histogram_LDADD = $(front_libs)
%C%_check_builtin_SOURCES = %D%/check_builtin.c $(front_alone) tests/wire/fake_session.c tests/wire/fake_session.h
%C%_check_builtin_CFLAGS = $(check_cflags)
%C%_check_builtin_LDADD = $(front_libs)
%C%_check_builtin_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc
%C%_check_carrier_CFLAGS = $(check_cflags)
%C%_check_carrier_LDADD = $(front_libs)
%C%_check_confine_CFLAGS = $(check_cflags)
%C%_check_confine_LDADD = $(front_libs)
%C%_check_connection_SOURCES = %D%/check_connection.c $(front_alone)
%C%_check_connection_CFLAGS = $(check_cflags)
%C%_check_connection_LDADD = $(front_libs)
%C%_check_connection_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc
%C%_check_dispatch_SOURCES = %D%/check_dispatch.c $(front_alone) tests/wire/fake_session.c tests/wire/fake_session.h
%C%_check_dispatch_CFLAGS = $(check_cflags)
%C%_check_dispatch_LDADD = $(front_libs)
%C%_check_job_call_SOURCES = %D%/check_job_call.c $(front_alone) tests/wire/fake_session.c tests/wire/fake_session.h
%C%_check_job_call_CFLAGS = $(check_cflags)
%C%_check_job_call_LDADD = $(front_libs)
%C%_check_job_call_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc
%C%_check_job_start_SOURCES = %D%/check_job_start.c $(front_alone) tests/wire/fake_session.c tests/wire/fake_session.h
%C%_check_job_start_CFLAGS = $(check_cflags)
%C%_check_job_start_LDADD = $(front_libs)
%C%_check_job_viewer_SOURCES = %D%/check_job_viewer.c tests/wire/fake_session.c tests/wire/fake_session.h
%C%_check_job_viewer_CFLAGS = $(check_cflags)
%C%_check_job_viewer_LDADD = $(front_libs)
%C%_check_pending_signals_CFLAGS = $(check_cflags)
%C%_check_pending_signals_LDADD = $(front_libs)
%C%_check_place_CFLAGS = $(check_cflags)
%C%_check_place_LDADD = $(front_libs) -lpthread
%C%_check_pool_CFLAGS = $(check_cflags)
%C%_check_pool_LDADD = $(front_libs)
%C%_check_pool_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc
%C%_check_quarantine_CFLAGS = $(check_cflags)
%C%_check_quarantine_LDADD = $(front_libs)

%C%_check_queue_CFLAGS = $(check_cflags)
%C%_check_queue_LDADD = $(front_libs)
%C%_check_relay_SOURCES = %D%/check_relay.c $(front_fixture)
%C%_check_relay_CFLAGS = $(check_cflags)
%C%_check_relay_LDADD = $(front_libs)
%C%_check_relay_input_SOURCES = %D%/check_relay_input.c $(front_fixture)
%C%_check_relay_input_CFLAGS = $(check_cflags)
%C%_check_relay_input_LDADD = $(front_libs)
%C%_check_relay_shared_SOURCES = %D%/check_relay_shared.c $(front_fixture)
%C%_check_relay_shared_CFLAGS = $(check_cflags)
%C%_check_relay_shared_LDADD = $(front_libs)
%C%_check_relay_worker_SOURCES = %D%/check_relay_worker.c $(front_fixture)
%C%_check_relay_worker_CFLAGS = $(check_cflags)
%C%_check_relay_worker_LDADD = $(front_libs)
%C%_check_turn_CFLAGS = $(check_cflags)
%C%_check_turn_LDADD = $(front_libs)
%C%_check_schedule_CFLAGS = $(check_cflags)
%C%_check_schedule_LDADD = $(front_libs)
%C%_check_supervisor_link_CFLAGS = $(check_cflags)
%C%_check_supervisor_link_LDADD = $(front_libs) -lpthread
endif
