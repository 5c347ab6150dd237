# Units for systemd(1), below the prefix: /usr/lib and /usr/local/lib are both looked into (systemd.unit(5)).
systemdunitdir = $(prefix)/lib/systemd/system
dist_systemdunit_DATA = %D%/systemd/remexd.socket
systemdunit_DATA = %D%/systemd/remexd.service
CLEANFILES += %D%/systemd/remexd.service
EXTRA_DIST += %D%/systemd/remexd.service.in

%D%/systemd/remexd.service: %D%/systemd/remexd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's|[@]sbindir[@]|$(sbindir)|' $(srcdir)/contrib/systemd/remexd.service.in >$@.tmp && mv $@.tmp $@

# For a packager: `make install` makes no user, no directory outside of its prefix, and no rule for logrotate(8).
EXTRA_DIST += %D%/logrotate/remex %D%/systemd/remex.sysusers %D%/systemd/remex.tmpfiles
