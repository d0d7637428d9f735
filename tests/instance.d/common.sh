# shellcheck shell=bash
# Shared by instance and instance.d/shop.

STARTED=${STARTED:-$((${EPOCHREALTIME/./} / 1000))}
QUIET=${QUIET-}

die() {
	echo "instance: $*" >&2
	exit 1
}

# A line a step, with the time since the start.
step() {
	local ms
	[ -z "$QUIET" ] || return 0
	ms=$((${EPOCHREALTIME/./} / 1000 - STARTED))
	printf '[%4d.%d s] %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$*"
}

# The settings of an instance, from its etc/settings.
declare -A settings

read_settings() { # DIR
	local key value
	settings=([mode]=release [profile]=demo [jobs]=on [tls]=off)
	while IFS='=' read -r key value; do
		settings[$key]=$value
	done < "$1/etc/settings"
}

# Tries a command every 50 ms, for so many seconds.
wait_for() { # SECONDS COMMAND...
	local i
	for ((i = $1 * 20; i > 0; i--)); do
		"${@:2}" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}
