if HAVE_CHECK
daemon_tests = %D%/check_identity_files
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)
# The parts of remexd are in no library: a test takes those that it wants.
%C%_check_identity_files_SOURCES = %D%/check_identity_files.c src/daemon/identity_files.c src/daemon/sealed.c
%C%_check_identity_files_CFLAGS = $(check_cflags)
%C%_check_identity_files_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=strndup
%C%_check_identity_files_LDADD = src/conf/libconf.la src/net/libnet.la src/wire/libwire.la src/base/libbase.la \
	$(JANSSON_LIBS) $(YAML_LIBS) $(check_libs)
endif

# remexd with another front: its sources once more, with the one function renamed.
check_PROGRAMS += %D%/liar
%C%_liar_SOURCES = %D%/liar.c $(remexd_SOURCES)
%C%_liar_CPPFLAGS = $(AM_CPPFLAGS) -Dfront_run=liar_run
%C%_liar_LDFLAGS = $(remexd_LDFLAGS)
%C%_liar_LDADD = $(remexd_LDADD)
