noinst_LTLIBRARIES += src/personality/libpersonality.la
src_personality_libpersonality_la_SOURCES = \
	%D%/clush.c \
	%D%/dshbak.c \
	%D%/dshbak_fold.c %D%/dshbak_fold.h \
	%D%/pdsh.c \
	%D%/personality.c %D%/personality.h \
	$(NULL)

# The names under which remex is another program.
personality_links = remex-clush remex-dshbak remex-pdsh
