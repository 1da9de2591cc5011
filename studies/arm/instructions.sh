#!/usr/bin/env bash
# How many instructions a frame takes on 64-bit ARM, with both TFLite runtimes, counted under qemu-user.
#
#   bash studies/arm/instructions.sh WORK
#
# Makes in the folder WORK what it needs and installs nothing on this machine: Debian bookworm's qemu-user, whose programs
# take plugins (those of qemu-user-static do not), an arm64 Python 3.11 and its libraries, and the wheels. Perception sees 8
# and then 32 pictures of the sample drive; the difference over 24 is a frame with all stages at their rates, without decoding
# and without the start. An instruction is no time: the figures say how versions and runtimes compare, not how fast a Pi is.
# Needs: Debian bookworm on x86-64, as root; debootstrap, gcc; the checkout's .venv; a network. Some minutes of a core.
set -euo pipefail
[ $# = 1 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
cd "$1"
python=$here/.venv/bin/python
few=8 many=32

if [ ! -e qemu/usr/bin/qemu-aarch64 ]; then
    apt-get download -q qemu-user libcapstone4 liburing2
    for package in *.deb; do dpkg -x "$package" qemu; done
fi
gcc -shared -fPIC -O1 -o insn.so "$here/studies/arm/insn.c"
if [ ! -e root/usr/bin/python3.11 ]; then
    rm -rf root
    # its second half would run programs of arm64; here their files are enough
    debootstrap --foreign --arch=arm64 --variant=minbase --include=python3 bookworm root >debootstrap.log
    for package in root/var/cache/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C root
    done
fi
if [ ! -e wheels/complete ]; then
    fetch=("$python" -m pip download -q -d wheels --only-binary :all: --python-version 3.11 --implementation cp)
    for tag in manylinux2014 manylinux_2_17 manylinux_2_27 manylinux_2_28 manylinux_2_34; do
        fetch+=(--platform "${tag}_aarch64")
    done
    "${fetch[@]}" numpy==1.26.4 tflite-runtime==2.14.0 opencv-python-headless==4.11.0.86 pydantic==2.11.7
    # by itself it would want numpy 2
    "${fetch[@]}" --no-deps ai-edge-litert==2.1.0 flatbuffers==25.12.19 backports.strenum==1.2.8
    touch wheels/complete
fi
mkdir -p packages
for wheel in wheels/*.whl; do "$python" -m zipfile -e "$wheel" packages; done

"$python" "$here/studies/arm/frames.py" frames.npy "$many"
count() {
    LD_LIBRARY_PATH=qemu/usr/lib/x86_64-linux-gnu qemu/usr/bin/qemu-aarch64 -plugin ./insn.so -L root \
        -E LD_LIBRARY_PATH= -E PYTHONHOME="$PWD/root/usr" -E PYTHONPATH="$PWD/packages:$here" \
        root/usr/bin/python3.11 "$here/studies/arm/frames.py" frames.npy "$1" "$2" 2>&1 | sed -n 's/^instructions //p'
}
echo "| runtime | million instructions a frame |"
echo "| --- | --- |"
for runtime in tflite-runtime litert; do
    echo "| $runtime | $((($(count $many $runtime) - $(count $few $runtime)) / (many - few) / 1000000)) |"
done
