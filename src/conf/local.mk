noinst_LTLIBRARIES += %D%/libconf.la
%C%_libconf_la_SOURCES = \
	%D%/command.c %D%/command.h \
	%D%/config.c %D%/config.h \
	%D%/date.c \
	%D%/grant.c %D%/grant.h \
	%D%/front_user.c %D%/front_user.h \
	%D%/grant_json.c %D%/grant_json.h \
	%D%/grant_rights.c \
	%D%/record_key.c %D%/record_key.h \
	%D%/listen_key.c %D%/listen_key.h \
	%D%/node.c \
	%D%/pattern.c %D%/pattern.h \
	%D%/reader.c %D%/reader.h \
	%D%/scan.c %D%/scan.h \
	%D%/schema.c %D%/schema.h \
	%D%/snapshot.c \
	%D%/tree.c %D%/tree.h \
	%D%/tunnel_key.c %D%/tunnel_key.h \
	%D%/units.c \
	$(NULL)
%C%_libconf_la_LIBADD = $(YAML_LIBS)
