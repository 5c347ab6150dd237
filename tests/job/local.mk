if HAVE_CHECK
job_tests = \
	%D%/check_job_spool \
	%D%/check_screen \
	$(NULL)
check_PROGRAMS += $(job_tests)
TESTS += $(job_tests)
%C%_check_job_spool_CFLAGS = $(check_cflags)
%C%_check_job_spool_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pwrite,--wrap=fallocate
%C%_check_job_spool_LDADD = src/job/libjob.la src/base/libbase.la $(check_libs)
%C%_check_screen_CFLAGS = $(check_cflags)
%C%_check_screen_LDADD = src/job/libjob.la src/base/libbase.la $(VTERM_LIBS) $(check_libs)
endif
