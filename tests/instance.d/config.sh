# shellcheck shell=bash disable=SC2154
# What an instance's settings become: zoco.conf, keys, nginx, services.

domains() {
	local program
	for program in bin/zoco-*; do
		program=${program#bin/zoco-}
		case $program in
		'*'|migrate|admin|job-*) ;;
		*) echo "$program" ;;
		esac
	done
}

# Keys are made for the programs that are not built, too.
known_domains() {
	{
		domains
		ls "$share/nginx/domains" | sed 's/\.conf$//'
	} | sort -u
}

free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

base_url() {
	local scheme=http host=127.0.0.1
	[ "${settings[tls]}" != on ] || { scheme=https; host=localhost; }
	echo "$scheme://$host:${settings[port]}"
}

configure() {
	local name
	for name in port smtp_port fake_port; do
		[ -z "${settings[$name]-}" ] || continue
		settings[$name]=$(free_port)
		echo "$name=${settings[$name]}" >> etc/settings
	done
	"$share/tests/instance.d/make-keys" etc/keys $(known_domains)
	write_zoco_conf > etc/zoco.conf.new
	replace etc/zoco.conf
	write_redis_conf > etc/redis.conf.new
	replace etc/redis.conf
	! [ -d "$share/sql/catalog/demo/media" ] ||
		cp -r --update "$share/sql/catalog/demo/media/." media/
	configure_nginx
}

# FILE.new becomes FILE if it says something else, so that stamps stay.
replace() { # FILE
	if cmp -s "$1" "$1.new"; then
		rm "$1.new"
	else
		mv "$1.new" "$1"
	fi
}

write_zoco_conf() {
	local key
	cat <<-E
	run_dir = $dir/run
	key_dir = $dir/etc/keys
	media_dir = $dir/media
	sql_dir = $share/sql
	override_dir = $share/tests/instance.d/bazar
	db_url = host=$dir/run dbname=zoco_{domain} user=zoco_{domain}
	db_owner_url = host=$dir/run dbname=zoco_{domain} user=zoco_{domain}_owner
	redis = $dir/run/redis.sock
	internal_socket = $dir/run/internal.sock
	publish_socket = $dir/run/publish.sock
	base_url = $(base_url)
	smtp_url = smtp://127.0.0.1:${settings[smtp_port]}
	mail_from = tienda@zoco.example
	push_test_origin = http://127.0.0.1:${settings[fake_port]}
	twilio_url = http://127.0.0.1:${settings[fake_port]}
	twilio_account = AC00000000000000000000000000000000
	twilio_token_file = $dir/etc/keys/webhook.key
	twilio_from = +15005550006
	audit_checkpoints = $dir/log/audit-checkpoints
	audit_archive = $dir/log/audit-archive
	crontab = $share/zoco.crontab
	demo = on
	staff_mfa = off
	E
	if [ "${settings[profile]}" != demo ]; then
		sed 's/$/ = 1000000/' "$share/limits"
		echo "worker_memory_mb = 1000"
		echo "mail_per_minute = 600000"
	fi
	# A key given twice: the last counts.
	for key in "${!settings[@]}"; do
		case $key in
		[A-Z]*|port|smtp_port|fake_port|profile|mode|jobs|tls) ;;
		*) echo "$key = ${settings[$key]}" ;;
		esac
	done
}

write_redis_conf() {
	cat <<-E
	port 0
	unixsocket $dir/run/redis.sock
	unixsocketperm 700
	dir $dir/redis
	appendonly no
	loglevel warning
	E
	if [ "${settings[profile]}" = demo ]; then
		echo "save 60 1"
	else
		echo 'save ""'
	fi
}

configure_nginx() {
	local key listen=plain options=()
	if [ "${settings[tls]}" = on ]; then
		listen=tls
		[ -f etc/certificate.pem ] || openssl req -x509 -days 365 \
			-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-subj /CN=localhost -addext subjectAltName=DNS:localhost \
			-keyout etc/certificate.key -out etc/certificate.pem \
			2> log/openssl.log
	fi
	[ "${settings[profile]}" = demo ] || options=(RATE=1000000 \
		BURST=100000 CONNECTIONS=10000 FRAGMENT_TIMEOUT=3000)
	for key in "${!settings[@]}"; do
		[[ $key != [A-Z]* ]] || options+=("$key=${settings[$key]}")
	done
	"$share/nginx/generate" "$dir/etc/nginx.new" CONF="$dir/etc/nginx" \
		SERVER=$listen LISTEN="127.0.0.1:${settings[port]}" \
		LISTEN_PLAIN="unix:$dir/run/redirect.sock" \
		NAMES="127.0.0.1 localhost" RUN="$dir/run" LOG="$dir/log" \
		HTML="$share/nginx/html" MEDIA="$dir/media" CACHE="$dir/cache" \
		PROGRAMS="$dir/bin" \
		CERTIFICATE="$dir/etc/certificate.pem" \
		CERTIFICATE_KEY="$dir/etc/certificate.key" \
		"${options[@]}" "${domains[@]}"
	cat > etc/nginx.new/extra/mail.conf <<-E
	location ~ ^/dev/mail(?:\$|/|\\.json\$) {
		add_header X-Content-Type-Options nosniff always;
		proxy_pass http://unix:$dir/run/mail.sock:;
	}
	E
	if diff -rq etc/nginx etc/nginx.new >/dev/null 2>&1; then
		rm -rf etc/nginx.new
	else
		rm -rf etc/nginx
		mv etc/nginx.new etc/nginx
	fi
}

# The file that instance.d/supervise.py reads. A changed stamp means a restart,
# or a reload where the program knows how. Files are only replaced when they
# say something else, so their time is stamp enough.
list_services() { # stores|all
	local pg name path start tools=$share/tests/instance.d conf=$dir/etc/zoco.conf
	local -A stamps
	while read -r path start; do
		stamps[$path]=$start
	done < <(stat -c '%n %.9Y' pg/zoco.conf etc/redis.conf etc/zoco.conf etc/keys \
		etc/nginx bin/* "$tools/mailsink.py" 2>/dev/null)
	pg=$(pg_bin)
	{
		service postgres 0 INT - "${stamps[pg/zoco.conf]-}" \
			"$pg/postgres" -D "$dir/pg"
		service redis 0 TERM - "${stamps[etc/redis.conf]}" \
			redis-server "$dir/etc/redis.conf"
		[ "$1" = all ] || return 0
		service mail 0 TERM - "${stamps[$tools/mailsink.py]}" \
			/usr/bin/python3 "$tools/mailsink.py" \
			"${settings[smtp_port]}" "$dir/mail" "$dir/run/mail.sock"
		start=${stamps[etc/zoco.conf]}-${stamps[etc/keys]}
		for name in "${domains[@]}"; do
			service "$name" 0 TERM HUP "$start-${stamps[bin/zoco-$name]}" \
				"$dir/bin/zoco-$name" --config "$conf"
		done
		# A killed nginx leaves its sockets, and would not start over them.
		start="rm -f $dir/run/internal.sock $dir/run/publish.sock"
		start+=" $dir/run/redirect.sock; exec nginx -e $dir/log/nginx.log"
		start+=" -c $dir/etc/nginx/nginx.conf"
		service nginx 0 TERM HUP "${stamps[etc/nginx]}" sh -c "'$start'"
		[ "${settings[jobs]}" = on ] || return 0
		for path in bin/zoco-job-*; do
			[ ! -e "$path" ] || job_service "${path#bin/zoco-job-}"
		done
	} > etc/services
}

service() { # NAME PAUSE STOP RELOAD STAMP COMMAND...
	printf '%s\t%s\t%s\t%s\t%s\t' "${@:1:5}"
	shift 5
	echo "$*"
}

# A job as its line in the crontab has it: with its arguments, every so many
# minutes, again at once when it is one that loops (--for). One that is for the
# night is left to be started by hand; one without a line runs every minute.
job_service() { # NAME
	local line minute='*' hour='*' arguments='' pause=60
	line=$(grep -Em1 "^[^#]*zoco-job-$1( |\$)" "$share/zoco.crontab" \
		2>/dev/null) || :
	if [ -n "$line" ]; then
		read -r minute hour _ <<< "$line"
		arguments=${line#*"zoco-job-$1"}
		arguments=$(sed 's/--config  *[^ ]*//; s/[0-9]*[>|&].*//' <<< "$arguments")
	fi
	[ "$hour" = '*' ] || return 0
	case $minute in
	'*')	;;
	'*/'*)	pause=$((60 * ${minute#*/})) ;;
	*)	return 0 ;;
	esac
	[[ $arguments != *--for* ]] || pause=0.2
	service "job-$1" "$pause" TERM - "${stamps[bin/zoco-job-$1]}" \
		"$dir/bin/zoco-job-$1" --config "$dir/etc/zoco.conf" $arguments
}
