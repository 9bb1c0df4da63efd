#!/bin/sh
# Stops the services when the package goes, and leaves them alone when it is upgraded: when
# each is to be started again is said in docs/operations/production.md.
set -e
case "$1" in
remove | 0) ;; # of dpkg, and of rpm
*) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl --no-reload disable @UNITS@ || true
	systemctl stop @RUNNING@ || true
fi
