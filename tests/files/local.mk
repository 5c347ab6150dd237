if HAVE_CHECK
files_tests = \
	%D%/check_acl \
	%D%/check_digest \
	%D%/check_item \
	%D%/check_receiver \
	%D%/check_reading \
	%D%/check_sender \
	%D%/check_sender_tree \
	%D%/check_place \
	%D%/check_place_links \
	%D%/check_temporary \
	%D%/check_writing \
	%D%/check_writing_access \
	%D%/check_writing_resume \
	$(NULL)
files_place_stage = %D%/place_stage.c %D%/place_stage.h
check_PROGRAMS += $(files_tests)
TESTS += $(files_tests)
files_writing_stage = %D%/writing_stage.c %D%/writing_stage.h
files_stage = %D%/sender_stage.c %D%/sender_stage.h
files_libs = src/files/libfiles.la src/wire/libwire.la src/base/libbase.la $(JANSSON_LIBS) $(SSL_LIBS) -lm $(check_libs)
%C%_check_acl_SOURCES = %D%/check_acl.c $(files_writing_stage)
%C%_check_acl_CFLAGS = $(check_cflags)
%C%_check_acl_LDADD = $(files_libs)
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
%C%_check_temporary_SOURCES = %D%/check_temporary.c $(files_writing_stage)
%C%_check_temporary_CFLAGS = $(check_cflags)
%C%_check_temporary_LDADD = $(files_libs)
%C%_check_writing_SOURCES = %D%/check_writing.c $(files_writing_stage)
%C%_check_writing_CFLAGS = $(check_cflags)
%C%_check_writing_LDADD = $(files_libs)
%C%_check_writing_access_SOURCES = %D%/check_writing_access.c $(files_writing_stage)
%C%_check_writing_access_CFLAGS = $(check_cflags)
%C%_check_writing_access_LDADD = $(files_libs)
%C%_check_writing_resume_SOURCES = %D%/check_writing_resume.c $(files_writing_stage)
%C%_check_writing_resume_CFLAGS = $(check_cflags)
%C%_check_writing_resume_LDADD = $(files_libs)
endif
