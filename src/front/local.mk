noinst_LTLIBRARIES += %D%/libfront.la
%C%_libfront_la_SOURCES = \
	%D%/attachment.c %D%/attachment.h \
	%D%/breaker.c %D%/breaker.h \
	%D%/budget.c %D%/budget.h \
	%D%/builtin.c %D%/builtin.h \
	%D%/carriage.h \
	%D%/carrier.c %D%/carrier.h \
	%D%/carrier_process.c \
	%D%/closing.c %D%/closing.h \
	%D%/command_words.c %D%/command_words.h \
	%D%/confine.c %D%/confine.h \
	%D%/connection.c %D%/connection.h \
	%D%/dispatch.c %D%/dispatch.h \
	%D%/front.c %D%/front.h \
	%D%/front_state.h \
	%D%/histogram.c %D%/histogram.h \
	%D%/job_call.c %D%/job_call.h \
	%D%/job_view.c %D%/job_view.h \
	%D%/job_start.c %D%/job_start.h \
	%D%/job_viewer.c %D%/job_viewer.h \
	%D%/outcome.c %D%/outcome.h \
	%D%/pending_signals.c %D%/pending_signals.h \
	%D%/place.c %D%/place.h \
	%D%/pool.c %D%/pool.h \
	%D%/quarantine.c %D%/quarantine.h \
	%D%/queue.c %D%/queue.h \
	%D%/recording.c %D%/recording.h \
	%D%/relay.c %D%/relay.h \
	%D%/reply.c %D%/reply.h \
	%D%/request.c %D%/request.h \
	%D%/revoke.c %D%/revoke.h \
	%D%/schedule.c %D%/schedule.h \
	%D%/stats.c %D%/stats.h \
	%D%/supervisor_link.c %D%/supervisor_link.h \
	%D%/trail.c %D%/trail.h \
	%D%/trim.c %D%/trim.h \
	%D%/tunnel_link.c %D%/tunnel_link.h \
	%D%/turn.c %D%/turn.h \
	$(NULL)
%C%_libfront_la_LIBADD = $(SECCOMP_LIBS)
