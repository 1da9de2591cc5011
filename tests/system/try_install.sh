#!/bin/sh
# Tries the installer for real: boots a Debian root with its own systemd in a container and lives through an owner's year.
#
#   sudo sh tests/system/try_install.sh ROOT [SUITE [arm64]]
#
# SUITE is bookworm (Python 3.11, tflite-runtime; the default) or trixie (3.13, LiteRT). ROOT is made once (about 1 GB with
# everything); what is committed is tried. Installs, upgrades, breaks, rolls back and uninstalls, with the unit's sandbox
# around the daemon and a real Mosquitto beside it, and says what held. The sample drive is its camera. With arm64 qemu runs the
# root's programs, and less is tried: under it systemd 252 hands over no credentials and the first picture takes longer than
# the unit's watchdog waits, so both are left out.
# Needs: apt-get install debootstrap systemd-container, for arm64 qemu-user-static; and the network, for the pinned packages.
set -eu

die() {
    echo "try_install: $*" >&2
    exit 1
}

here=$(cd "$(dirname "$0")/../.." && pwd)

outside() {
    root=$1
    suite=$2
    processor=$3
    [ "$(id -u)" = 0 ] || die "run it as root: it makes a Debian root and boots it"
    for tool in debootstrap systemd-nspawn nsenter git; do
        command -v "$tool" >/dev/null || die "$tool is missing: apt-get install debootstrap systemd-container git"
    done
    if [ "$processor" = arm64 ] && [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
        [ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        cat /usr/lib/binfmt.d/qemu-aarch64.conf >/proc/sys/fs/binfmt_misc/register
    fi
    if [ ! -e "$root/debootstrap-done" ]; then
        debootstrap ${processor:+--arch="$processor"} --variant=minbase --include=\
ca-certificates,python3,python3-venv,systemd,systemd-sysv,dbus,udev,mosquitto,mosquitto-clients,procps "$suite" "$root"
        echo "127.0.0.1 localhost" >"$root/etc/hosts"
        touch "$root/debootstrap-done"
    fi
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    rm -rf "$root/root/dms" "$root/root/finished"
    mkdir -p "$root/root/dms"
    git -C "$here" archive HEAD | tar -x -C "$root/root/dms"

    work=$(mktemp -d)
    systemd-nspawn --quiet --register=no --keep-unit --resolv-conf=copy-host --directory="$root" --boot \
        >"$work/boot.log" 2>&1 &
    container=$!
    # SIGTERM asks systemd in there to power off
    trap 'exit 130' INT TERM
    trap 'kill "$container" 2>/dev/null; wait "$container" 2>/dev/null || true; rm -rf "$work"' EXIT
    tries=0
    until first=$(pgrep -P "$container") && enter systemctl is-active --quiet multi-user.target; do
        tries=$((tries + 1))
        [ "$tries" -lt 180 ] || { cat "$work/boot.log" >&2; die "the container does not boot"; }
        sleep 1
    done
    enter sh /root/dms/tests/system/try_install.sh "--inside${processor:+-$processor}"
}

enter() {
    nsenter --target "$first" --mount --uts --ipc --pid --net --cgroup /usr/bin/env -i HOME=/root LANG=C.UTF-8 \
        PIP_CERT=/etc/ssl/certs/ca-certificates.crt PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

step() {
    echo "== $*"
}

held() {
    echo "   ok: $*"
}

# waits for a command to succeed: seconds, then the command
within() {
    limit=$1
    shift
    ends=$(($(date +%s) + limit))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$ends" ] || {
            journalctl --unit dms --lines 20 --output cat --no-pager >&2
            die "not within $limit s: $*"
        }
        sleep 0.1
    done
}

release() {
    basename "$(readlink /opt/dms/current)"
}

hears() {
    mosquitto_sub -W 6 -C 1 -R -t "dms/van-7/$1"
}

refused() {
    [ "$(systemctl show --property Result,ExecMainStatus --value dms | tr '\n' ' ')" = "exit-code 2 " ] &&
        [ "$(systemctl is-active dms)" = failed ]
}

configure() {
    cat >/etc/dms/dms.toml <<END
[vehicle]
id = "van-7"
[camera]
source = "/srv/drive.mp4"
[mqtt]
host = "127.0.0.1"
$1
END
}

inside() {
    cd /root/dms
    cp dms/demo/sample_drive.mp4 /srv/drive.mp4
    chmod 644 /srv/drive.mp4
    sh deploy/uninstall.sh --purge >/dev/null
    printf 'listener 1883 127.0.0.1\nallow_anonymous true\n' >/etc/mosquitto/conf.d/try.conf
    systemctl restart mosquitto

    step "install, with the defaults and no camera"
    sh deploy/install.sh --apt
    first_release=$(release)
    within 5 systemctl is-active dms
    held "$first_release runs: $(systemctl show --property StatusText --value dms)"

    step "configure"
    configure ''
    systemctl restart dms
    hears state >/dev/null || die "no state on the broker"
    hears alert/fatigue >/dev/null || { sleep 8; hears alert/fatigue >/dev/null; } || die "no alert on the broker"
    held "states and alerts arrive, from inside the sandbox"
    pid=$(systemctl show --property MainPID --value dms)
    held "user $(stat -c %U "/proc/$pid"), $(grep -E 'VmRSS|VmData' "/proc/$pid/status" | tr -s '\t\n ' ' ')"
    held "$(systemd-analyze security --no-pager dms | tail -n 1 | sed 's/[^ -~]//g')"

    step "the same again"
    before=$(stat -c %Y "/opt/dms/releases/$first_release/complete")
    cp /etc/dms/dms.toml /root/kept.toml
    sh deploy/install.sh
    [ "$(release) $(stat -c %Y "/opt/dms/releases/$first_release/complete")" = "$first_release $before" ] ||
        die "the second run made another release"
    cmp /etc/dms/dms.toml /root/kept.toml
    held "same release, configuration kept"

    step "kill -9, five times"
    for _ in 1 2 3 4 5; do
        pid=$(systemctl show --property MainPID --value dms)
        kill -9 "$pid"
        killed=$(date +%s%N)
        within 10 sh -c "! kill -0 $pid && mosquitto_sub -W 1 -C 1 -R -t dms/van-7/state"
        held "published again after $((($(date +%s%N) - killed) / 1000000)) ms"
    done

    step "reload"
    pid=$(systemctl show --property MainPID --value dms)
    configure '[service]
health_interval_s = 2.0'
    systemctl reload dms
    sleep 1
    [ "$(systemctl show --property MainPID --value dms)" = "$pid" ] || die "the reload ended the daemon"
    held "the same process goes on"

    step "a wrong configuration"
    configure '[service]
state_interval = 1'
    ! systemctl restart dms 2>/dev/null || die "it started"
    sleep 4
    refused || die "it was tried again"
    held "$(journalctl --unit dms --output cat --no-pager | grep state_interval | tail -n 1)"
    held "not tried again"
    ! sh deploy/install.sh 2>/root/told || die "an upgrade under a wrong configuration went through"
    held "the installer refuses too: $(tail -n 1 /root/told)"

    step "login as a credential, broker with a password"
    printf 'van-7\nsecret\n' >/etc/dms/credentials/mqtt-login
    touch /etc/mosquitto/try.passwd
    chown mosquitto: /etc/mosquitto/try.passwd
    chmod 600 /etc/mosquitto/try.passwd
    mosquitto_passwd -b /etc/mosquitto/try.passwd van-7 secret
    printf 'listener 1883 127.0.0.1\nallow_anonymous false\npassword_file /etc/mosquitto/try.passwd\n' \
        >/etc/mosquitto/conf.d/try.conf
    systemctl restart mosquitto
    configure 'login_credential = "mqtt-login"'
    systemctl restart dms
    within 15 mosquitto_sub -u van-7 -P secret -W 2 -C 1 -R -t dms/van-7/state
    held "published with the login; the file is $(stat -c '%a %U' /etc/dms/credentials/mqtt-login)"
    [ "$(stat -c '%a %U %G' /etc/dms/dms.toml)" = "640 root dms" ] || die "others may read the configuration"
    dms-check || die "dms check found something"
    ! dms-check --json | grep root || die "it was root who checked"
    held "dms-check sees the login as user dms"
    install -m 700 /dev/null /etc/dms/hook
    configure '[actions.hook]
command = "/etc/dms/hook"'
    ! dms-check >/root/told || die "dms may run a hook that is root's alone"
    rm /etc/dms/hook
    held "$(tail -n 1 /root/told)"
    printf 'listener 1883 127.0.0.1\nallow_anonymous true\n' >/etc/mosquitto/conf.d/try.conf
    systemctl restart mosquitto
    configure ''

    step "upgrade of the models alone, rollback and forward again"
    mkdir -p /root/models
    cp models/*.tflite models/*.json /root/models/
    echo >>/root/models/eyes.json
    sh deploy/install.sh --models /root/models
    second_release=$(release)
    [ "$second_release" != "$first_release" ] || die "the same release"
    dms-rollback
    [ "$(release)" = "$first_release" ] || die "not back"
    hears state >/dev/null || die "no state after the rollback"
    dms-rollback
    [ "$(release)" = "$second_release" ] || die "not forward"
    dms-rollback --list | sed 's/^/   /'
    held "both run"

    step "models that are not what their cards say"
    printf x >>/root/models/eyes.tflite
    ! sh deploy/install.sh --models /root/models 2>/root/told || die "they were installed"
    [ "$(release)" = "$second_release" ] && within 5 systemctl is-active dms
    held "refused: $(grep models /root/told | tail -n 1)"

    for code in 2 3; do
        step "a release that passes its trial and ends with $code at its start"
        cp -r /root/dms /root/broken
        echo "raise SystemExit($code)" >/root/broken/dms/service/daemon.py
        ! sh /root/broken/deploy/install.sh 2>/root/told || die "it was kept"
        [ "$(release)" = "$second_release" ] || die "it was not rolled back"
        systemctl is-active --quiet dms || die "nothing runs: $(tail -n 1 /root/told)"
        [ "$(basename "$(readlink /opt/dms/previous)")" = "$first_release" ] || die "a rollback would lead to it"
        held "$(tail -n 1 /root/told)"
        rm -r /root/broken
    done

    step "models damaged on the disk: rollback, and the same release again"
    for file in /opt/dms/current/lib/python3*/site-packages/dms/models/eyes.tflite; do
        printf x >>"$file"
    done
    ! systemctl restart dms 2>/dev/null || die "it started"
    refused || die "it was tried again"
    dms-rollback
    systemctl is-active --quiet dms || die "the service did not start again"
    ! dms-rollback 2>/root/told || die "nobody was told that it does not start"
    held "$(tail -n 1 /root/told)"
    refused || die "something runs"
    cp models/eyes.tflite /root/models/
    sh deploy/install.sh --models /root/models
    [ ! -e "/opt/dms/releases/$second_release" ] || die "the damaged one is still there"
    second_release=$(release)
    hears state >/dev/null || die "no state"
    held "made anew: $second_release"

    step "rollback while the owner has stopped it"
    systemctl stop dms
    dms-rollback
    ! systemctl is-active --quiet dms || die "it was started"
    held "it stays stopped"
    dms-rollback

    step "only the broker on the network"
    sh deploy/install.sh --only-network 192.0.2.1
    hears state >/dev/null || die "no state"
    held "$(systemctl show --property IPAddressAllow --value dms)"
    held "$(systemd-analyze security --no-pager dms | tail -n 1 | sed 's/[^ -~]//g')"

    step "stop"
    started=$(date +%s%N)
    systemctl stop dms
    held "after $((($(date +%s%N) - started) / 1000000)) ms: $(mosquitto_sub -W 2 -C 1 -t dms/van-7/availability)"

    step "uninstall"
    sh deploy/uninstall.sh
    sh deploy/uninstall.sh
    for path in /etc/dms/dms.toml /var/lib/dms/outbox.sqlite; do
        [ -e "$path" ] || die "$path is gone"
    done
    for path in /opt/dms /usr/local/bin/dms; do
        [ ! -e "$path" ] || die "$path is still there"
    done
    sh deploy/uninstall.sh --purge
    # shellcheck disable=SC2144  # each pattern names one path
    for path in /etc/dms /var/lib/dms /opt/dms /etc/systemd/system/dms* /etc/udev/rules.d/99-dms* /usr/local/sbin/dms*; do
        [ ! -e "$path" ] || die "$path is still there"
    done
    ! getent passwd dms >/dev/null || die "the user is still there"
    held "nothing is left"
    echo "everything held"
}

# what of it qemu carries
inside_arm64() {
    cd /root/dms
    cp dms/demo/sample_drive.mp4 /srv/drive.mp4
    chmod 644 /srv/drive.mp4
    sh deploy/uninstall.sh --purge >/dev/null
    printf 'listener 1883 127.0.0.1\nallow_anonymous true\n' >/etc/mosquitto/conf.d/try.conf
    systemctl restart mosquitto

    step "install on $(uname -m)"
    sh deploy/install.sh --apt --no-start
    mkdir -p /etc/systemd/system/dms.service.d
    printf '[Service]\nLoadCredential=\nWatchdogSec=10min\n' >/etc/systemd/system/dms.service.d/qemu.conf
    systemctl daemon-reload
    held "$(release), Python $(/opt/dms/current/bin/python -c 'import sys; print(sys.version.split()[0])')"

    step "run"
    configure ''
    systemctl restart dms
    within 240 mosquitto_sub -W 5 -C 1 -R -t dms/van-7/state
    pid=$(systemctl show --property MainPID --value dms)
    held "states arrive, from user $(stat -c %U "/proc/$pid")"

    step "reload and stop"
    systemctl reload dms
    sleep 5
    [ "$(systemctl show --property MainPID --value dms)" = "$pid" ] || die "the reload ended the daemon"
    systemctl stop dms
    [ "$(mosquitto_sub -W 10 -C 1 -t dms/van-7/availability)" = offline ] || die "the broker was not told"
    held "the same process goes on; offline after the stop"

    step "the sample drive, every frame of it"
    dms replay /srv/drive.mp4 --out /root/out
    dms score /root/out/events.jsonl --labels dms/demo/sample_drive.events.csv

    step "uninstall"
    sh deploy/uninstall.sh --purge
    [ ! -e /opt/dms ] || die "something is left"
    held "nothing is left"
    echo "everything held"
}

case "${1:-}" in
    --inside) inside ;;
    --inside-arm64) inside_arm64 ;;
    '' | -*) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) outside "$1" "${2:-bookworm}" "${3:-}" ;;
esac
