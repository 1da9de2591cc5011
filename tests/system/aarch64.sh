#!/bin/sh
# Proves DMS on 64-bit ARM without owning one: a Debian root for arm64, its programs run by qemu.
#
#   sudo sh tests/system/aarch64.sh ROOT [bookworm | trixie] [FOLDER]
#
# Makes the root in ROOT (once, about 1 GB with everything; bookworm has Python 3.11 and so tflite-runtime, trixie 3.13
# and LiteRT), installs the committed tree there with the README's command, which ends with the demo, then runs the
# golden tests of the models, replays the sample drive, and prints the result as docs/aarch64.md has it. FOLDER, when
# given, gets what the replay wrote. Needs: apt-get install debootstrap qemu-user-static. Not for figures of speed: qemu
# is many times slower than a Raspberry Pi.
#
# PACKAGES=DIR in the environment: pip in the root takes wheels from DIR and no network, which under qemu can be too slow for a
# server. Fetch them outside, with the root's Python: pip download -r deploy/requirements/demo.txt --only-binary :all: --platform manylinux2014_aarch64 ...
set -eu

die() {
    echo "aarch64: $*" >&2
    exit 2
}

[ $# -ge 1 ] || { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2; }
root=$1 suite=${2:-bookworm} out=${3:-}
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" = 0 ] || die "run it as root: it makes a Debian root and mounts /proc there"
for tool in debootstrap qemu-aarch64-static unshare git; do
    command -v "$tool" >/dev/null || die "$tool is missing: apt-get install debootstrap qemu-user-static util-linux git"
done
commit=$(git -C "$here" rev-parse --short HEAD)
git -C "$here" diff --quiet HEAD || echo "aarch64: changes that are not committed are left out" >&2

# programs for ARM start by themselves once the kernel knows qemu; a booted Debian has done this at installation
formats=/proc/sys/fs/binfmt_misc
[ -e "$formats/register" ] || mount -t binfmt_misc binfmt_misc "$formats"
if [ ! -e "$formats/qemu-aarch64" ]; then
    cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$formats/register"
fi

if [ ! -e "$root/debootstrap-done" ]; then
    echo "making a Debian $suite root for arm64 in $root"
    debootstrap --arch=arm64 --variant=minbase --include=ca-certificates,python3,python3-venv "$suite" "$root"
    touch "$root/debootstrap-done"
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$root/root/dms"
# the last run's virtual environment stays: quickstart knows whether it is still good
find "$root/root/dms" -mindepth 1 -maxdepth 1 ! -name .venv -exec rm -r {} +
git -C "$here" archive "$commit" | tar -x -C "$root/root/dms"

offline=''
if [ -n "${PACKAGES:-}" ]; then
    rm -rf "$root/root/packages"
    cp -r "$PACKAGES" "$root/root/packages"
    offline="PIP_NO_INDEX=1 PIP_FIND_LINKS=/root/packages"
fi

# a command in the root, with mounts that end with it
inside() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare --mount --pid --fork --kill-child sh -c '
        mount -t proc proc "$1/proc"
        exec chroot "$1" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PIP_CERT=/etc/ssl/certs/ca-certificates.crt $3 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -euc "cd /root/dms; $2"
    ' sh "$root" "$1" "$offline"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
started=$(date +%s)

echo "== sh quickstart demo"
inside "sh quickstart demo" 2>&1 | tee "$log"
demo=$(grep 'messages and' "$log") || die "the demo did not end well"
case "$demo" in
    "No alert"*) echo "aarch64: no alert in the demo: it plays in real time, and this machine was too slow for it" >&2 ;;
esac

echo "== golden tests"
inside "grep -q '^pytest' .venv/golden 2>/dev/null || {
    .venv/bin/python -m pip install -q --disable-pip-version-check 'pytest>=8' 'hypothesis>=6.100'
    .venv/bin/python -m pip freeze >.venv/golden
}
.venv/bin/python -m pytest -q -p no:cacheprovider -k golden tests/perception" 2>&1 | tee "$log"
golden=$(tail -n 1 "$log")
case "$golden" in
    *failed* | *error* | *"no tests ran"*) die "golden tests: $golden" ;;
    *passed*) ;;
    *) die "the golden tests did not run" ;;
esac

echo "== replay"
inside ".venv/bin/dms replay dms/demo/sample_drive.mp4 --out /root/out
.venv/bin/dms score /root/out/events.jsonl --labels dms/demo/sample_drive.events.csv" 2>&1 | tee "$log"
replay=$(tail -n 12 "$log")
[ -z "$out" ] || cp -r "$root/root/out/." "$out"

ended=$(date +%s)
versions=$(inside ".venv/bin/python -m pip freeze" 2>/dev/null |
    grep -iE '^(numpy|opencv|tflite|ai-edge|pydantic|paho)' | tr '\n' ' ')
cat <<END

| what | result |
| --- | --- |
| date, commit | $(date -u +%F), $commit |
| root | Debian $(cat "$root/etc/debian_version") ($suite), $(inside "uname -m"), $(inside "python3 -V") |
| emulator | $(qemu-aarch64-static --version | head -n 1) |
| packages, ${PACKAGES:+fetched outside the root, }installed by pip in it | $versions|
| \`sh quickstart demo\` | ${demo%% Next:*} |
| golden tests | $golden |
| everything together | $((ended - started)) s |

\`dms replay\` and \`dms score\`:

$(echo "$replay" | sed 's/^/    /')
END
