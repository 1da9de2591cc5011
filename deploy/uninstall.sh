#!/bin/sh
# Takes DMS off this machine: sudo sh deploy/uninstall.sh [--purge]
#
# Configuration (/etc/dms, a udev rule that you have changed, what `systemctl edit dms` has made), unsent alerts and what was
# learned (/var/lib/dms) stay, unless --purge is given; it takes the user along too. Running it twice does no harm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rule=/etc/udev/rules.d/99-dms-camera.rules

case "${1:-}" in
    '' | --purge) ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo "uninstall.sh: run it as root: sudo sh deploy/uninstall.sh" >&2; exit 2; }

systemd=''
[ ! -d /run/systemd/system ] || systemd=yes
if [ -n "$systemd" ] && [ -e /etc/systemd/system/dms.service ]; then
    systemctl disable --quiet --now dms
fi
rm -f /etc/systemd/system/dms.service /etc/systemd/system/dms.service.d/network.conf
rmdir /etc/systemd/system/dms.service.d 2>/dev/null || true
if [ "${1:-}" = --purge ]; then
    rm -rf "$rule" /etc/systemd/system/dms.service.d
elif cmp -s "$here/99-dms-camera.rules" "$rule"; then
    rm "$rule"
fi
rm -f /usr/local/bin/dms /usr/local/sbin/dms-check /usr/local/sbin/dms-rollback
rm -rf /opt/dms
if [ -n "$systemd" ]; then
    systemctl daemon-reload
fi
kept='/etc/dms and /var/lib/dms'
[ ! -e "$rule" ] || kept="$rule, $kept"
[ ! -e /run/udev/control ] || udevadm control --reload
if [ "${1:-}" = --purge ]; then
    rm -rf /etc/dms /var/lib/dms
    ! getent passwd dms >/dev/null || userdel dms
    ! getent group dms >/dev/null || groupdel dms
    echo "dms: everything is gone"
else
    echo "dms: gone; $kept stay, --purge takes them too"
fi
