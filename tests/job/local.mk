if HAVE_CHECK
job_tests = \
	%D%/check_holder \
	%D%/check_job_outcome \
	%D%/check_job_spool \
	%D%/check_screen \
	$(NULL)
check_PROGRAMS += $(job_tests)
TESTS += $(job_tests)
# As in remexd: what plugins call is exported, and linked though nobody else calls it.
%C%_check_holder_SOURCES = %D%/check_holder.c $(plugin_fixture)
%C%_check_holder_CFLAGS = $(check_cflags)
%C%_check_holder_LDFLAGS = $(worker_whole)
%C%_check_holder_LDADD = src/job/libjob.la src/record/librecord.la $(worker_libs) $(VTERM_LIBS)
EXTRA_%C%_check_holder_DEPENDENCIES = $(worker_whole_libs)
%C%_check_job_outcome_CFLAGS = $(check_cflags)
%C%_check_job_outcome_LDADD = src/job/libjob.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(check_libs)
%C%_check_job_spool_CFLAGS = $(check_cflags)
%C%_check_job_spool_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pwrite,--wrap=fallocate
%C%_check_job_spool_LDADD = src/job/libjob.la src/base/libbase.la $(check_libs)
%C%_check_screen_CFLAGS = $(check_cflags)
%C%_check_screen_LDADD = src/job/libjob.la src/base/libbase.la $(VTERM_LIBS) $(check_libs)
endif
