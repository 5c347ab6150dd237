noinst_LTLIBRARIES += %D%/librecord.la
%C%_librecord_la_SOURCES = \
	%D%/asciicast.c %D%/asciicast.h \
	%D%/asciicast_reader.c %D%/asciicast_reader.h \
	%D%/recorder.c %D%/recorder.h \
	%D%/tape.c %D%/tape.h \
	$(NULL)
