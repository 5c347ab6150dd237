noinst_LTLIBRARIES += %D%/libbase.la
%C%_libbase_la_SOURCES = \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/durable.c %D%/durable.h \
	%D%/err.c %D%/err.h \
	%D%/fd.c %D%/fd.h \
	%D%/link.c %D%/link.h \
	%D%/list.h \
	%D%/log.c %D%/log.h \
	%D%/nowait.c %D%/nowait.h \
	%D%/options.c %D%/options.h \
	%D%/passrights.c %D%/passrights.h \
	%D%/paths.c %D%/paths.h \
	%D%/private_directory.c %D%/private_directory.h \
	%D%/quantity.c %D%/quantity.h \
	%D%/resident.c %D%/resident.h \
	%D%/terminal_modes.c %D%/terminal_modes.h \
	%D%/text.c %D%/text.h \
	%D%/token_bucket.c %D%/token_bucket.h \
	%D%/trusted.c %D%/trusted.h \
	%D%/userdb.c %D%/userdb.h \
	$(NULL)
EXTRA_DIST += src/LAYERS
