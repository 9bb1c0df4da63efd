#!/bin/sh
# Makes the users and folders of the package. It starts nothing: a component starts once it
# is enrolled and has a manifest, when an administrator says so.
set -e
if command -v systemd-sysusers >/dev/null && command -v systemd-tmpfiles >/dev/null; then
	systemd-sysusers @PACKAGE@.conf
	systemd-tmpfiles --create @PACKAGE@.conf
else
	echo '@PACKAGE@: no systemd here; make the users and folders of /usr/lib/sysusers.d/@PACKAGE@.conf and /usr/lib/tmpfiles.d/@PACKAGE@.conf' >&2
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
