# Shipped plugins: each a shared object that uses remex/plugin.h only.
plugin_flags = -module -avoid-version -shared -export-symbols-regex '^remex_plugin$$'

plugin_LTLIBRARIES += %D%/exec.la
%C%_exec_la_SOURCES = %D%/exec/exec.c
%C%_exec_la_CPPFLAGS = -I$(top_srcdir)/include
%C%_exec_la_LDFLAGS = $(AM_LDFLAGS) $(plugin_flags)

plugin_LTLIBRARIES += %D%/status.la
%C%_status_la_SOURCES = %D%/status/status.c
%C%_status_la_CPPFLAGS = -I$(top_srcdir)/include
%C%_status_la_LDFLAGS = $(AM_LDFLAGS) $(plugin_flags)
%C%_status_la_LIBADD = $(JANSSON_LIBS)

plugin_LTLIBRARIES += %D%/file.la
%C%_file_la_SOURCES = %D%/file/change.c %D%/file/file.c %D%/file/file.h %D%/file/get.c %D%/file/look.c %D%/file/put.c
%C%_file_la_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir)/src
%C%_file_la_LDFLAGS = $(AM_LDFLAGS) $(plugin_flags)
%C%_file_la_LIBADD = src/files/libfiles.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS)

# These include no config.h of ours, and are built anew all the same where configure decides otherwise.
$(%C%_exec_la_OBJECTS) $(%C%_status_la_OBJECTS): config.h

# The plugins as remexd wants them, in one directory of the build tree: what the tests and scripts/quickstart load.
all-local: $(plugin_LTLIBRARIES)
	@install -d -m 755 plugins/built
	@for p in exec file status; do cmp -s plugins/.libs/$$p.so plugins/built/$$p.so || \
		install -m 644 plugins/.libs/$$p.so plugins/built/$$p.so; done
# libtool's own files (.la) are of no use to anybody there, and without them it does not uninstall what it installed.
install-data-hook:
	for p in exec file status; do rm -f $(DESTDIR)$(plugindir)/$$p.la; done
install-exec-hook:
	rm -f $(DESTDIR)$(libdir)/libremex.la
	for name in $(personality_links); do ln -sf remex $(DESTDIR)$(bindir)/$$name; done
uninstall-hook:
	for p in exec file status; do rm -f $(DESTDIR)$(plugindir)/$$p.so; done
	for name in $(personality_links); do rm -f $(DESTDIR)$(bindir)/$$name; done
	rm -f $(DESTDIR)$(libdir)/libremex.so $(DESTDIR)$(libdir)/libremex.so.*
clean-local:
	rm -rf plugins/built
