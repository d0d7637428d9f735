# shellcheck shell=bash disable=SC2154
# Installs Debian packages so that no system service starts because of us.

POLICY=/usr/sbin/policy-rc.d
CLUSTERS=/etc/postgresql-common/createcluster.conf

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
	local sudo=()
	[ "$(id -u)" = 0 ] || sudo=(sudo)
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

packages() {
	local names
	mapfile -t names < <(missing "$@")
	[ ${#names[@]} -gt 0 ] || return 0
	step "installing ${names[*]}"
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "as root, please: apt-get install ${names[*]}"
		sudo "$0" packages "$@"
		return
	fi
	(
		kept=$(mktemp -d)
		trap restore EXIT
		! [ -e "$POLICY" ] || cp -p "$POLICY" "$kept/policy"
		printf '#!/bin/sh\nexit 101\n' > "$POLICY"
		chmod 755 "$POLICY"
		apt update >/dev/null || echo "apt-get update failed; going on" >&2
		# Its file says whether a package of PostgreSQL makes a cluster.
		if [[ " ${names[*]} " == *" postgresql-"* ]]; then
			apt install --no-install-recommends postgresql-common >/dev/null
			cp -p "$CLUSTERS" "$kept/clusters"
			echo 'create_main_cluster = false' >> "$CLUSTERS"
		fi
		apt install --no-install-recommends "${names[@]}" > "$kept/log" 2>&1 ||
			{ tail -30 "$kept/log" >&2; exit 1; }
	)
}

restore() {
	rm -f "$POLICY"
	! [ -e "$kept/policy" ] || cp -p "$kept/policy" "$POLICY"
	! [ -e "$kept/clusters" ] || cp -p "$kept/clusters" "$CLUSTERS"
	rm -rf "$kept"
}
