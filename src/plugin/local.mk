noinst_LTLIBRARIES += %D%/libplugin.la
%C%_libplugin_la_SOURCES = \
	%D%/arguments.c %D%/arguments.h \
	%D%/declaration.c %D%/declaration.h \
	%D%/load_so.c %D%/load_so.h \
	%D%/plugin_files.c %D%/plugin_files.h \
	%D%/plugins.c %D%/plugins.h \
	%D%/start.c %D%/start.h \
	$(NULL)
