# shellcheck shell=bash disable=SC2154
# The databases of an instance: a private cluster on a Unix socket in a folder
# that only its user may enter; whoever gets there is trusted.

pg_bin() {
	local versions=(/usr/lib/postgresql/*/bin)
	echo "${versions[-1]}"
}

make_cluster() {
	if [ ! -e pg/PG_VERSION ]; then
		step "making a PostgreSQL cluster"
		"$(pg_bin)/initdb" -D "$dir/pg" -U postgres -A trust -E UTF8 \
			--locale=C.UTF-8 --no-sync > log/initdb.log
		echo "include = 'zoco.conf'" >> pg/postgresql.conf
	fi
	{
		cat <<-E
		listen_addresses = ''
		unix_socket_directories = '$dir/run'
		unix_socket_permissions = 0700
		max_connections = 160
		shared_buffers = 64MB
		timezone = 'UTC'
		log_line_prefix = '%m [%p] %u@%d '
		E
		[ "${settings[profile]}" != test ] || cat <<-E
		fsync = off
		synchronous_commit = off
		full_page_writes = off
		wal_level = minimal
		max_wal_senders = 0
		autovacuum = off
		E
	} > pg/zoco.conf.new
	replace pg/zoco.conf
}

as_role() { # ROLE DATABASE [ARGUMENT...]
	PGOPTIONS=--client-min-messages=warning "$(pg_bin)/psql" -X -q \
		-v ON_ERROR_STOP=1 -h "$dir/run" -U "$1" -d "$2" "${@:3}"
}

# Roles, migrations and demo data of all domains; nothing when all is done.
migrate() {
	local domain file stamp
	stamp="${domains[*]} $(find "$share/sql" -name '*.sql' -type f -print0 |
		sort -z | xargs -0 cat | cksum)"
	! [ "$stamp" = "$(cat pg/zoco.migrated 2>/dev/null)" ] || return 0
	step "migrating"
	touch pg/zoco.demo
	for domain in "${domains[@]}"; do
		as_role postgres postgres -v domain="$domain" \
			-f "$share/sql/roles.sql" > /dev/null
		bin/zoco-migrate --config etc/zoco.conf "$domain" \
			> log/migrate.log 2>&1 || failed migrate
		for file in "$share/sql/$domain"/demo/*.sql; do
			[ -f "$file" ] || continue
			! grep -qx "$domain/${file##*/}" pg/zoco.demo || continue
			step "demo data: $domain/${file##*/}"
			as_role "zoco_${domain}_owner" "zoco_$domain" -1 -f "$file" \
				> /dev/null
			echo "$domain/${file##*/}" >> pg/zoco.demo
		done
	done
	echo "$stamp" > pg/zoco.migrated
}

# A copy of each database, from which reset_data makes it anew.
keep_templates() {
	local domain
	for domain in "${domains[@]}"; do
		echo "VACUUM ANALYZE;" | as_role postgres "zoco_$domain"
		copy_database "zoco_$domain" "zoco_${domain}_template" "$domain"
	done | as_role postgres postgres
}

copy_database() { # FROM TO DOMAIN
	cat <<-E
	CREATE DATABASE $2 TEMPLATE $1 OWNER zoco_$3_owner STRATEGY file_copy;
	REVOKE ALL ON DATABASE $2 FROM PUBLIC;
	GRANT CONNECT ON DATABASE $2 TO zoco_$3;
	E
}

# What was there after the start: databases, Redis, mail, cached pages. Workers
# and jobs are renewed, so that none of them remembers anything.
reset_data() {
	local domain
	for domain in "${domains[@]}"; do
		echo "DROP DATABASE IF EXISTS zoco_$domain WITH (FORCE);"
		copy_database "zoco_${domain}_template" "zoco_$domain" "$domain"
	done | as_role postgres postgres
	redis-cli -s run/redis.sock flushall > /dev/null
	rm -rf mail/new/* log/audit-checkpoints log/audit-archive
	rm -rf cache/pages/*
	renew_workers
}

renew_workers() {
	local domain pid file children workers=()
	for domain in "${domains[@]}"; do
		read -r pid < "run/pids/$domain"
		read -r -a children < "/proc/$pid/task/$pid/children" || :
		workers+=("${children[@]}")
	done
	for file in run/pids/job-*; do
		read -r pid 2>/dev/null < "$file" && workers+=("$pid") || :
	done
	[ ${#workers[@]} -gt 0 ] || return 0
	kill "${workers[@]}" 2>/dev/null || :
	wait_for 30 gone "${workers[@]}" || die "workers do not end"
}

gone() { # PID...
	! kill -0 "$@" 2>/dev/null
}
