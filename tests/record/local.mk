if HAVE_CHECK
record_tests = %D%/check_asciicast %D%/check_asciicast_reader %D%/check_recorder %D%/check_tape
check_PROGRAMS += $(record_tests)
TESTS += $(record_tests)
record_libs = src/record/librecord.la src/proc/libproc.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) -lm $(check_libs)
%C%_check_asciicast_CFLAGS = $(check_cflags)
%C%_check_asciicast_LDADD = $(record_libs)
%C%_check_asciicast_reader_CFLAGS = $(check_cflags)
%C%_check_asciicast_reader_LDADD = $(record_libs)
%C%_check_recorder_CFLAGS = $(check_cflags)
%C%_check_recorder_LDADD = $(record_libs)
%C%_check_tape_CFLAGS = $(check_cflags)
%C%_check_tape_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_ms,--wrap=malloc,--wrap=calloc
%C%_check_tape_LDADD = $(record_libs)
endif
