#!/bin/sh
# Takes DMS off this machine: sudo sh deploy/uninstall.sh [--purge]
#
# Configuration (/etc/dms), unsent alerts and what was learned (/var/lib/dms) stay, unless --purge is given; it takes the user
# along too. Running it twice does no harm.
set -eu

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
rm -f /etc/udev/rules.d/99-dms-camera.rules /usr/local/bin/dms /usr/local/sbin/dms-rollback
rm -rf /opt/dms
if [ -n "$systemd" ]; then
    systemctl daemon-reload
fi
[ ! -e /run/udev/control ] || udevadm control --reload
if [ "${1:-}" = --purge ]; then
    rm -rf /etc/dms /var/lib/dms
    ! getent passwd dms >/dev/null || userdel dms
    ! getent group dms >/dev/null || groupdel dms
    echo "dms: everything is gone"
else
    echo "dms: gone; /etc/dms and /var/lib/dms stay, --purge takes them too"
fi
