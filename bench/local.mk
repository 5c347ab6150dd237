# The bench: `make bench` prints how fast and how big remex is, next to what it is compared with.
# Nothing here is built or run by `make` or `make check`: a figure is no test. BENCH_FLAGS='--json FILE' keeps it.
bench_programs = \
	%D%/calls \
	%D%/drain \
	%D%/floor \
	%D%/logins \
	%D%/pingpong \
	%D%/producer \
	%D%/usage \
	$(NULL)
if HAVE_LIBSSH2
bench_programs += %D%/ssh_exec
endif
EXTRA_PROGRAMS = $(bench_programs)
EXTRA_LTLIBRARIES = %D%/echo.la
bench_wire = src/wire/libwire.la src/net/libnet.la src/base/libbase.la $(JANSSON_LIBS) -lm
bench_way = %D%/meter.c %D%/meter.h %D%/way.c %D%/way.h

%C%_calls_SOURCES = %D%/calls.c $(bench_way)
%C%_calls_LDADD = $(bench_wire)
%C%_drain_SOURCES = %D%/drain.c $(bench_way)
%C%_drain_LDADD = $(bench_wire)
%C%_floor_SOURCES = %D%/floor.c %D%/meter.c %D%/meter.h
%C%_logins_SOURCES = %D%/logins.c $(bench_way)
%C%_logins_LDADD = $(bench_wire)
%C%_pingpong_SOURCES = %D%/pingpong.c %D%/meter.c %D%/meter.h
%C%_producer_SOURCES = %D%/producer.c %D%/meter.c %D%/meter.h
%C%_ssh_exec_SOURCES = %D%/ssh_exec.c %D%/meter.c %D%/meter.h
%C%_ssh_exec_LDADD = src/net/libnet.la src/base/libbase.la $(LIBSSH2_LIBS)
%C%_usage_SOURCES = %D%/usage.c %D%/meter.c %D%/meter.h

# A plugin that is never installed; the rpath only tells libtool to make a shared object.
%C%_echo_la_SOURCES = %D%/echo.c
%C%_echo_la_CPPFLAGS = -I$(top_srcdir)/include
%C%_echo_la_LDFLAGS = $(AM_LDFLAGS) $(plugin_flags) -rpath /nowhere

bench: all $(bench_programs) %D%/echo.la
	$(PYTHON3) $(srcdir)/%D%/run --build . $(BENCH_FLAGS)
.PHONY: bench

dist_noinst_SCRIPTS += %D%/run
EXTRA_DIST += %D%/discover.py %D%/fanout.py %D%/files.py %D%/jobs.py %D%/measure.py %D%/ssh.py %D%/terminals.py
CLEANFILES += $(bench_programs) %D%/echo.la
