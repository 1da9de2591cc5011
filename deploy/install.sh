#!/bin/sh
# Installs DMS on this machine or upgrades it, as often as you like: sudo sh deploy/install.sh [options]
#
#   --wheel FILE        this dms wheel, instead of one made from this checkout
#   --models DIR        the models in DIR (NAME.tflite and NAME.json, as `dms train` leaves them) in place of the package's
#   --packages DIR      Python packages from DIR only: no network (fill it with: pip download -d DIR -r FILE)
#   --apt               first apt-get what Debian has of it: python3-venv and, as the broker on board, mosquitto
#   --extras            also gpiozero, for a buzzer or a light, and python-OBD; an upgrade remembers it
#   --system-packages   see Debian's Python packages too: picamera2, lgpio; an upgrade remembers it
#   --python PYTHON     Python 3.11 to 3.14; python3 without
#   --only-network LIST addresses that the daemon may talk to, as "192.168.7.1 10.0.0.0/8"; this machine always
#   --no-start          leave the service as it is
#
# What it does: user dms; /opt/dms/releases/ID, a virtual environment with packages pinned by hash; /opt/dms/current, a link
# to it, set only after the release has loaded and tried its models; /etc/dms, kept when it is there; the unit; the udev
# rule. The last three releases stay: dms-rollback goes back, dms-check says what is wrong. uninstall.sh takes it all away.
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
home=/opt/dms
keep=3
wheel='' models='' packages='' apt='' extras='' system='' python=python3 network='' start=yes

say() {
    echo "dms: $*"
}

die() {
    echo "install.sh: $*" >&2
    exit "${code:-2}"
}

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$here/install.sh"
}

# an upgrade keeps what an earlier run was given of these two; uninstall.sh forgets it
# shellcheck source=/dev/null
[ ! -r "$home/options" ] || . "$home/options"
while [ $# -gt 0 ]; do
    case "$1" in
        --wheel | --models | --packages | --python | --only-network)
            [ $# -ge 2 ] || die "$1 needs a value"
            case "$1" in
                --wheel) wheel=$2 ;;
                --models) models=$2 ;;
                --packages) packages=$2 ;;
                --python) python=$2 ;;
                --only-network) network=$2 ;;
            esac
            shift
            ;;
        --apt) apt=yes ;;
        --extras) extras=yes ;;
        --system-packages) system=yes ;;
        --no-start) start='' ;;
        -h | --help) usage; exit 0 ;;
        *) die "$1: no such option; --help lists them" ;;
    esac
    shift
done

# everything that can be wrong is found before anything is changed
[ "$(id -u)" = 0 ] || die "run it as root: sudo sh deploy/install.sh"
case "$(uname -m)" in
    x86_64 | aarch64) ;;
    *) die "$(uname -m): there are no pinned wheels for it; use a 64-bit system (Raspberry Pi OS 64-bit)" ;;
esac
if [ -n "$apt" ]; then
    say "installing python3-venv and mosquitto"
    # first the lists: those of a freshly written card name packages that the servers have replaced since
    if ! apt-get update -qq ||
        ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv mosquitto >/dev/null; then
        code=1 die "apt-get failed; nothing else was changed"
    fi
fi
command -v "$python" >/dev/null || die "$python is not there: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' ||
    die "DMS needs Python 3.11 to 3.14, and $python is $("$python" -V 2>&1): give another with --python"
"$python" -c 'import ensurepip, venv' 2>/dev/null || die "$python cannot make environments: apt-get install python3-venv"
[ -z "$wheel" ] || [ -f "$wheel" ] || die "$wheel: no such file"
[ -z "$packages" ] || [ -d "$packages" ] || die "$packages: no such folder"
if [ -n "$models" ]; then
    [ -d "$models" ] || die "$models: no such folder"
    for file in "$models"/*.tflite; do
        [ -f "$file" ] || die "$models: no .tflite file in it"
        [ -f "${file%.tflite}.json" ] || die "$file has no card: ${file%.tflite}.json is missing"
    done
fi

work=$(mktemp -d)
release='' damaged=''
clean() {
    rm -rf "$work"
    # a release without its mark was never finished
    [ -z "$release" ] || [ -e "$release/complete" ] || rm -rf "$release"
}
trap clean EXIT
trap 'exit 130' INT TERM

# the models are what their cards say, the runtime loads them on this processor, each answers once
try_release() {
    (cd / && "$1/bin/python" -c 'import sys
from dms.config import Config
from dms.errors import UserError
from dms.perception.perception import Perception
try:
    Perception(Config().perception).warm_up()
except UserError as error:
    sys.exit(str(error))')
}

pip_install() {
    environment=$1
    shift
    [ -z "$packages" ] || set -- --no-index --find-links "$packages" "$@"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@"
}

if [ -z "$wheel" ]; then
    [ -f "$here/../pyproject.toml" ] || die "this is no checkout: give a wheel with --wheel"
    say "making the wheel"
    "$python" -m venv "$work/build"
    pip_install "$work/build" --require-hashes --only-binary :all: -r "$here/requirements/build.txt"
    (cd "$here/.." && "$work/build/bin/python" -m hatchling build -t wheel -d "$work/wheel" >/dev/null 2>"$work/log") ||
        { cat "$work/log" >&2; code=1 die "the wheel could not be made"; }
    wheel=$(echo "$work"/wheel/*.whl)
fi
requirements=$here/requirements/runtime.txt
[ -z "$extras" ] || requirements=$here/requirements/extras.txt

# a release is named by its version and by what it is made of: package, packages below it, models, Python
version=$(basename "$wheel" | cut -d- -f2)
made_of=$({
    cat "$wheel" "$requirements"
    [ -z "$models" ] || cat "$models"/*.tflite "$models"/*.json
    "$python" -VV
    echo "$system"
} | sha256sum | cut -c1-8)
id=$version-$made_of
# one that has been damaged since is made anew, beside the old one, which may be in use
while [ -e "$home/releases/$id-again" ]; do
    id=$id-again
done
if [ -e "$home/releases/$id/complete" ] && ! try_release "$home/releases/$id"; then
    say "release $id is damaged and is made anew"
    damaged=$id
    id=$id-again
fi

if [ -e "$home/releases/$id/complete" ]; then
    say "release $id is there already"
else
    say "installing release $id"
    mkdir -p "$home/releases"
    release=$home/releases/$id
    rm -rf "$release"
    "$python" -m venv ${system:+--system-site-packages} "$release"
    pip_install "$release" --require-hashes --only-binary :all: -r "$requirements" ||
        { code=1 die "the packages could not be installed; nothing was changed"; }
    pip_install "$release" --no-index --no-deps "$wheel" || { code=1 die "$wheel could not be installed"; }
    if [ -n "$models" ]; then
        cp "$models"/*.tflite "$models"/*.json \
            "$("$release/bin/python" -I -c 'from dms.models import models_dir; print(models_dir())')/"
    fi
    try_release "$release" || { code=1 die "the release does not run on this machine; nothing was changed"; }
    touch "$release/complete"
fi

# the configuration that is there must suit the new release, else the daemon would not start after the switch
[ ! -e /etc/dms/dms.toml ] || (cd / && "$home/releases/$id/bin/python" -c 'import sys
from pathlib import Path
from dms.config import load_config
from dms.errors import UserError
try:
    load_config(Path("/etc/dms/dms.toml"))
except UserError as error:
    sys.exit(str(error))') || die "correct that, then run this again; nothing was changed"

printf 'extras=%s\nsystem=%s\n' "$extras" "$system" >"$home/options"
getent group dms >/dev/null || groupadd --system dms
getent passwd dms >/dev/null ||
    useradd --system --gid dms --home-dir /var/lib/dms --no-create-home --shell /usr/sbin/nologin dms
for group in video gpio; do
    ! getent group "$group" >/dev/null || usermod --append --groups "$group" dms
done
install -d -o dms -g dms -m 750 /var/lib/dms
install -d /etc/dms /etc/systemd/system /etc/udev/rules.d /usr/local/bin /usr/local/sbin
install -d -m 700 /etc/dms/credentials
[ -e /etc/dms/credentials/mqtt-login ] || install -m 600 /dev/null /etc/dms/credentials/mqtt-login
[ -e /etc/dms/dms.toml ] || install -m 640 "$here/dms.toml" /etc/dms/dms.toml
# the camera's address may hold a password; an owner who is not root keeps what is his
chgrp dms /etc/dms/dms.toml
chmod g=r,o= /etc/dms/dms.toml
[ -e /etc/udev/rules.d/99-dms-camera.rules ] ||
    install -m 644 "$here/99-dms-camera.rules" /etc/udev/rules.d/99-dms-camera.rules
install -m 644 "$here/../systemd/dms.service" /etc/systemd/system/dms.service
if [ -n "$network" ]; then
    install -d /etc/systemd/system/dms.service.d
    {
        echo "# written by install.sh --only-network; this machine must be there: threads wake each other by loopback"
        echo "[Service]"
        echo "IPAddressDeny=any"
        echo "IPAddressAllow=localhost $network"
    } >/etc/systemd/system/dms.service.d/network.conf
fi
install -m 755 "$here/dms-check" "$here/dms-rollback" /usr/local/sbin/
ln -sfn "$home/current/bin/dms" /usr/local/bin/dms

systemd=''
[ ! -d /run/systemd/system ] || systemd=yes
if [ -n "$systemd" ]; then
    systemctl daemon-reload
fi
# containers have systemd without udev
if [ -e /run/udev/control ]; then
    udevadm control --reload
    udevadm trigger --subsystem-match=video4linux
fi

before=$(readlink "$home/current" || true)
previous=$(readlink "$home/previous" || true)
# nobody should be led to one that is damaged
[ -z "$damaged" ] || [ "$before" != "releases/$damaged" ] || before=''
if [ "$before" != "releases/$id" ]; then
    [ -z "$before" ] || ln -sfn "$before" "$home/previous"
    ln -sfn "releases/$id" "$home/current.new"
    mv -T "$home/current.new" "$home/current"
    say "current release: $id${before:+, before: ${before#releases/}}"
fi

if [ -n "$systemd" ] && [ -n "$start" ]; then
    systemctl enable --quiet dms
    # comes back once the daemon has said that it is ready, or has failed
    if ! systemctl restart dms; then
        journalctl --unit dms --lines 5 --output cat --no-pager >&2 || true
        if [ -n "$before" ] && [ "$before" != "releases/$id" ]; then
            now='runs again'
            dms-rollback "${before#releases/}" || now='is current again, and does not start either'
            # nobody should be led to the one that failed
            rm -rf "$home/releases/$id" "$home/previous"
            [ -z "$previous" ] || [ ! -e "$home/$previous" ] || ln -s "$previous" "$home/previous"
            code=1 die "release $id does not start; ${before#releases/} $now"
        fi
        code=1 die "the service does not start; see above, and: journalctl -u dms"
    fi
    say "running; see: journalctl -fu dms"
else
    say "installed; start it with: systemctl enable --now dms"
fi

# the damaged one goes, and the oldest, never the two that the links name
if [ -n "$damaged" ]; then
    rm -rf "$home/releases/$damaged"
    [ "$previous" != "releases/$damaged" ] || rm "$home/previous"
fi
# shellcheck disable=SC2012  # the names are ours: version and hash
ls -1t "$home/releases" | tail -n +$((keep + 1)) | while read -r old; do
    case "releases/$old" in
        "$(readlink "$home/current")" | "$(readlink "$home/previous" || true)") ;;
        *) rm -rf "$home/releases/${old:?}" ;;
    esac
done
say "next: sudo dms aim --config /etc/dms/dms.toml; sudo dms-check says what is wrong"
