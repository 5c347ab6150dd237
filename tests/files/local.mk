if HAVE_CHECK
files_tests = \
	%D%/check_digest \
	%D%/check_item \
	%D%/check_receiver \
	%D%/check_reading \
	%D%/check_sender \
	%D%/check_sender_tree \
	%D%/check_place \
	%D%/check_place_links \
	$(NULL)
files_place_stage = %D%/place_stage.c %D%/place_stage.h
check_PROGRAMS += $(files_tests)
TESTS += $(files_tests)
files_stage = %D%/sender_stage.c %D%/sender_stage.h
files_libs = src/files/libfiles.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_digest_CFLAGS = $(check_cflags)
%C%_check_digest_LDADD = $(files_libs)
%C%_check_item_CFLAGS = $(check_cflags)
%C%_check_item_LDADD = $(files_libs)
%C%_check_receiver_CFLAGS = $(check_cflags)
%C%_check_receiver_LDADD = $(files_libs)
%C%_check_reading_SOURCES = %D%/check_reading.c $(files_stage)
%C%_check_reading_CFLAGS = $(check_cflags)
%C%_check_reading_LDADD = $(files_libs)
%C%_check_sender_SOURCES = %D%/check_sender.c $(files_stage)
%C%_check_sender_CFLAGS = $(check_cflags)
%C%_check_sender_LDADD = $(files_libs)
%C%_check_sender_tree_SOURCES = %D%/check_sender_tree.c $(files_stage)
%C%_check_sender_tree_CFLAGS = $(check_cflags)
%C%_check_sender_tree_LDADD = $(files_libs)
%C%_check_place_SOURCES = %D%/check_place.c $(files_place_stage)
%C%_check_place_CFLAGS = $(check_cflags)
%C%_check_place_LDADD = $(files_libs)
%C%_check_place_links_SOURCES = %D%/check_place_links.c $(files_place_stage)
%C%_check_place_links_CFLAGS = $(check_cflags)
%C%_check_place_links_LDADD = $(files_libs)
endif
