# shellcheck shell=bash disable=SC2154
# Installs Debian packages so that no system service starts because of us.

POLICY=/usr/sbin/policy-rc.d
CLUSTERS=/etc/postgresql-common/createcluster.conf
# An nginx that never ran as a service lacks this folder, and with nchan loaded
# it does not start without it, whatever its configuration says.
BODIES=/var/lib/nginx/body

# Which of the names are not there. A program of the same name that came from
# elsewhere will do (npm with nodejs).
missing() {
	local name
	for name; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = \
			installed ] || command -v "$name" >/dev/null || echo "$name"
	done
}

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=120 "$@" </dev/null
}

packages() {
	local names
	mapfile -t names < <(missing "$@")
	if [ ${#names[@]} = 0 ] && [ -d "$BODIES" ]; then
		return 0
	fi
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "as root, please: tests/instance packages $*"
		sudo "$0" packages "$@"
		return
	fi
	[ ${#names[@]} = 0 ] || install_packages "${names[@]}"
	mkdir -p "$BODIES"
}

install_packages() (
	step "installing $*"
	kept=$(mktemp -d)
	trap restore EXIT
	! [ -e "$POLICY" ] || cp -p "$POLICY" "$kept/policy"
	printf '#!/bin/sh\nexit 101\n' > "$POLICY"
	chmod 755 "$POLICY"
	apt update >/dev/null || echo "apt-get update failed; going on" >&2
	# Its file says whether a package of PostgreSQL makes a cluster.
	if [[ " $* " == *" postgresql-"* ]]; then
		apt_install postgresql-common
		cp -p "$CLUSTERS" "$kept/clusters"
		echo 'create_main_cluster = false' >> "$CLUSTERS"
	fi
	apt_install "$@"
)

apt_install() {
	apt install --no-install-recommends "$@" > "$kept/log" 2>&1 ||
		{ tail -n 30 "$kept/log" >&2; exit 1; }
}

restore() {
	rm -f "$POLICY"
	! [ -e "$kept/policy" ] || cp -p "$kept/policy" "$POLICY"
	! [ -e "$kept/clusters" ] || cp -p "$kept/clusters" "$CLUSTERS"
	rm -rf "$kept"
}
