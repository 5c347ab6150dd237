noinst_LTLIBRARIES += %D%/libconf.la
%C%_libconf_la_SOURCES = \
	%D%/config.c %D%/config.h \
	%D%/node.c \
	%D%/scan.c %D%/scan.h \
	%D%/schema.c %D%/schema.h \
	%D%/tree.c %D%/tree.h \
	%D%/units.c \
	$(NULL)
%C%_libconf_la_LIBADD = $(YAML_LIBS)
