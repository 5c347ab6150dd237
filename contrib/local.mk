# Units for systemd(1), below the prefix: /usr/lib and /usr/local/lib are both looked into (systemd.unit(5)).
systemdunitdir = $(prefix)/lib/systemd/system
dist_systemdunit_DATA = %D%/systemd/remexd.socket
systemdunit_DATA = %D%/systemd/remexd.service
CLEANFILES += %D%/systemd/remexd.service
EXTRA_DIST += %D%/systemd/remexd.service.in

%D%/systemd/remexd.service: %D%/systemd/remexd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's|[@]sbindir[@]|$(sbindir)|' $(srcdir)/contrib/systemd/remexd.service.in >$@.tmp && mv $@.tmp $@
