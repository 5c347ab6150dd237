noinst_LTLIBRARIES += %D%/libhosts.la
%C%_libhosts_la_SOURCES = \
	%D%/boxes.c %D%/boxes.h \
	%D%/clustershell.c %D%/clustershell.h \
	%D%/dsh_groups.c %D%/dsh_groups.h \
	%D%/expression.c %D%/expression.h \
	%D%/fold.c %D%/fold.h \
	%D%/groups.c %D%/groups.h \
	%D%/host_list.c %D%/host_list.h \
	%D%/host_name.c %D%/host_name.h \
	%D%/hosts.c %D%/hosts.h \
	%D%/hosts_file.c %D%/hosts_file.h \
	%D%/ini.c %D%/ini.h \
	%D%/name_pattern.c %D%/name_pattern.h \
	%D%/ranges.c %D%/ranges.h \
	%D%/settings.c %D%/settings.h \
	%D%/upcall.c %D%/upcall.h \
	$(NULL)
