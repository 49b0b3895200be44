#!/bin/sh
# Installs the Debian packages listed in the given files, where they are missing.
# As root with apt, else through sudo without a question, else it says what to install.
set -eu
missing=""
for package in $(cat "$@" | sed 's/#.*//'); do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    run=""
elif sudo -n true 2>/dev/null; then
    run="sudo -n"
else
    echo "Some Debian packages are missing; run as root, then repeat:  apt-get install$missing" >&2
    exit 1
fi
echo "Installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
case "$missing" in
    # Tests start it as they need it; the port of its system service belongs to Tipring.
    *kamailio*) [ ! -d /run/systemd/system ] || $run systemctl mask --quiet kamailio.service ;;
esac
$run apt-get update -q -q
# --no-install-recommends keeps desktops away; a test machine needs none of them.
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -q --no-install-recommends $missing </dev/null >/dev/null
