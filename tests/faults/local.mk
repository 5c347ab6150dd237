# The library that makes calls fail (tests/system/faults.test), and which no sanitizer looks at.
check_LTLIBRARIES += %D%/shim.la
%C%_shim_la_SOURCES = %D%/shim.c %D%/control.h
%C%_shim_la_CPPFLAGS =
%C%_shim_la_CFLAGS = -std=gnu11 -fvisibility=hidden -O1 -fno-builtin $(WARN_CFLAGS)
%C%_shim_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

if HAVE_CHECK
check_PROGRAMS += %D%/check_shim
TESTS += %D%/check_shim
%C%_check_shim_CFLAGS = $(check_cflags) -fno-builtin
%C%_check_shim_LDADD = $(check_libs)
endif
