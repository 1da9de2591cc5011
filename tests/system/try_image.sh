#!/bin/sh
# Tries the container file and the compose file for real, where no image can be pulled: with podman, on a base that debootstrap makes.
#
#   sudo sh tests/system/try_image.sh ROOT [SUITE]
#
# SUITE is bookworm (the default) or trixie. ROOT is made once (0.3 GB) and becomes the image BASE; the broker is
# Debian's Mosquitto on the same base, in place of the image that compose.yaml names. What is committed is built, and both
# containers run as compose.yaml has them, but for the camera: the sample drive. Says what held, and leaves nothing but ROOT.
# Needs: apt-get install debootstrap podman podman-compose runc git; and the network, for packages. RUNTIME=crun for another.
set -eu

die() {
    echo "try_image: $*" >&2
    exit 1
}

[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
root=$1 suite=${2:-bookworm}
here=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" = 0 ] || die "run it as root: it makes a Debian root"
for tool in debootstrap podman podman-compose "${RUNTIME:-runc}" git; do
    command -v "$tool" >/dev/null || die "$tool is missing: apt-get install debootstrap podman podman-compose runc git"
done

work=$(mktemp -d)
clean() {
    compose down >/dev/null 2>&1 || true
    podman volume rm --force dms_state dms_broker >/dev/null 2>&1 || true
    for name in dms try-broker try-base; do
        podman rmi --force "localhost/$name" >/dev/null 2>&1 || true
    done
    podman image prune --force >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM
# few enough files and tasks for a container to have them inside another one, where nobody may raise a limit
cat >"$work/containers.conf" <<END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "${RUNTIME:-runc}"
cgroup_manager = "cgroupfs"
END
export CONTAINERS_CONF="$work/containers.conf"

step() {
    echo "== $*"
}

held() {
    echo "   ok: $*"
}

compose() {
    (cd "$work/tree/deploy/container" && DMS_CAMERA=/dev/null podman-compose -p dms -f compose.yaml -f try.yaml "$@")
}

# seconds, then the command
within() {
    limit=$1
    shift
    ends=$(($(date +%s) + limit))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$ends" ] || {
            podman logs --tail 20 dms_dms_1 >&2 || true
            die "not within $limit s: $*"
        }
        sleep 0.2
    done
}

in_dms() {
    podman exec dms_dms_1 "$@"
}

hears() {
    podman exec dms_broker_1 mosquitto_sub -W "${2:-10}" -C 1 -t "dms/van-7/$1"
}

# a subscriber that notes every alert until its broker goes
listen() {
    podman exec dms_broker_1 mosquitto_sub -q 1 -t 'dms/van-7/alert/#' -F '%p' >>"$work/alerts" &
}

# the highest sequence number that an alert had so far
sequence() {
    sed -n 's/.*"sequence": *\([0-9]*\).*/\1/p' "$work/alerts" | sort -n | tail -n 1
}

# refused while a real one is open, which the sample drive has too
test_alert() {
    in_dms dms test-alert --config /etc/dms/dms.toml --seconds 0.5
}

if [ ! -e "$root/debootstrap-done" ]; then
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root"
    touch "$root/debootstrap-done"
fi
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir "$work/tree"
git -C "$here" archive HEAD | tar -x -C "$work/tree"

step "the base and the image"
tar -C "$root" -c . | podman import --quiet --change "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt" - localhost/try-base >/dev/null
podman build --quiet --network host --build-arg BASE=localhost/try-base -t dms -f "$work/tree/deploy/container/Containerfile" "$work/tree"
held "$(podman image inspect --format '{{.Size}}' localhost/dms) bytes, user $(podman image inspect --format '{{.User}}' localhost/dms)"
podman build --quiet --network host -t try-broker -f - "$work" <<END
FROM localhost/try-base
RUN apt-get update && apt-get install -y --no-install-recommends mosquitto mosquitto-clients \
    && groupadd --gid 1883 broker && useradd --uid 1883 --gid broker broker \
    && install -d -o broker -g broker /mosquitto/data
ENTRYPOINT ["/usr/sbin/mosquitto", "-c", "/mosquitto/config/mosquitto.conf"]
END
cat >"$work/tree/deploy/container/try.yaml" <<END
services:
  broker:
    image: localhost/try-broker
END
cat >"$work/tree/deploy/container/dms.toml" <<END
[vehicle]
id = "van-7"
[camera]
source = "$(podman run --rm --network none --entrypoint sh dms -c 'echo /opt/dms/lib/python3*/site-packages/dms/demo/sample_drive.mp4')"
[mqtt]
host = "broker"
END
chmod 644 "$work/tree/deploy/container/dms.toml" "$work/tree/deploy/container/mosquitto.conf"

step "up"
compose up --detach >"$work/log" 2>&1 || die "$(cat "$work/log")"
within 30 hears state
held "states arrive"
hears alert/fatigue 30 >/dev/null || die "no alert on the broker"
held "alerts arrive"

step "as compose.yaml says"
[ "$(in_dms id -u)" = 1500 ] || die "it is user $(in_dms id -u)"
in_dms grep -q 'CapEff:.0000000000000000' /proc/1/status || die "it has capabilities"
in_dms grep -q 'NoNewPrivs:.1' /proc/1/status || die "it may get new privileges"
! in_dms touch /opt/dms/x 2>/dev/null || die "the root can be written"
in_dms sh -c 'touch /tmp/x /var/lib/dms/x && rm /tmp/x /var/lib/dms/x' || die "state or /tmp cannot be written"
held "user $(in_dms id), no capability, root read-only, /tmp and state writable"
held "memory $(podman inspect --format '{{.HostConfig.Memory}}' dms_dms_1), at most; takes $(in_dms sh -c "grep -E 'VmRSS|Threads' /proc/1/status" | tr -s '\t\n ' ' ')"
test_alert_once() {
    test_alert >"$work/told"
}

step "health, status and a test alert"
within 30 podman healthcheck run dms_dms_1
held "healthy: $(in_dms dms status --config /etc/dms/dms.toml | grep -E '^daemon' | tr -s ' ')"
listen
within 60 test_alert_once
held "$(grep -m 1 PUBACK "$work/told" | tr -s ' ')"

step "stop, and start again"
before=$(sequence)
started=$(date +%s%N)
podman stop --time 5 dms_dms_1 >/dev/null
took=$((($(date +%s%N) - started) / 1000000))
[ "$(podman inspect --format '{{.State.ExitCode}}' dms_dms_1)" = 0 ] || die "it did not end by itself"
[ "$(hears availability)" = offline ] || die "the broker was not told"
held "ended by itself after $took ms, offline"
podman start dms_dms_1 >/dev/null
within 30 podman healthcheck run dms_dms_1
within 60 test_alert_once
sleep 1
[ "$(sequence)" -gt "$before" ] || die "the sequence began anew: $(sequence) after $before"
held "its numbers go on: $before, then $(sequence)"

step "an alert while the broker is away, then kill -9"
podman stop --time 5 dms_broker_1 >/dev/null
! test_alert_once || die "a test alert went well without a broker"
kill -9 "$(podman inspect --format '{{.State.Pid}}' dms_dms_1)"
podman start dms_broker_1 >/dev/null
: >"$work/alerts"
within 10 podman exec dms_broker_1 mosquitto_pub -t try -m try
listen
# every alert says how late it is; one that waited is late by seconds
waited='"late_s": *[1-9][0-9.]*'
within 60 grep -q "$waited" "$work/alerts"
[ "$(podman inspect --format '{{.RestartCount}}' dms_dms_1)" -ge 1 ] || die "it was not started again"
held "started again by itself, and told what had waited: $(grep -o -m 1 "$waited" "$work/alerts" | head -n 1)"

step "a wrong configuration"
printf '[service]\nstate_interval = 1\n' >"$work/wrong.toml"
chmod 644 "$work/wrong.toml"
code=0
podman run --rm --network none --volume "$work/wrong.toml:/etc/dms/dms.toml:ro" dms 2>"$work/told" || code=$?
[ "$code" = 2 ] || die "it ended with $code"
held "$(tail -n 1 "$work/told")"

step "down"
compose down >"$work/log" 2>&1 || die "$(cat "$work/log")"
podman volume exists dms_state || die "the state is gone"
held "the volumes stay: $(podman volume ls --quiet | tr '\n' ' ')"
echo "everything held"
