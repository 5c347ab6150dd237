# The library that makes calls fail (tests/system/faults.test), and which no sanitizer looks at.
check_LTLIBRARIES += %D%/shim.la
%C%_shim_la_SOURCES = %D%/shim.c
%C%_shim_la_CPPFLAGS =
%C%_shim_la_CFLAGS = -std=gnu11 -fvisibility=hidden -O1 -fno-builtin $(WARN_CFLAGS)
%C%_shim_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
