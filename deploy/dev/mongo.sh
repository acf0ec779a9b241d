#!/usr/bin/env bash
# A server that speaks the MongoDB 7 protocol, for development and for the
# tests of internal/storage/mongo: FerretDB in front of PostgreSQL with the
# DocumentDB extension, in a small Debian of its own under the cache folder.
# See README.md beside this file for what each verb does.
set -euo pipefail
umask 022

readonly ferretdb_version=v2.7.0
readonly suite=forky
readonly pg_major=18
# Part of the stamp of a finished installation. Raise it when the steps in
# install_system change, so that old installations are made anew.
readonly recipe=1

cache=${FELLESKRAV_CACHE:-${HOME:?set HOME or FELLESKRAV_CACHE}/.cache/felleskrav}
# Every path below is used after a change of directory.
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
readonly cache
readonly dir=$cache/mongo
readonly root=$dir/root # the small Debian
readonly logs=$dir/log
readonly stamp="$suite postgresql-$pg_major-documentdb ferretdb-$ferretdb_version recipe $recipe"

# Paths as seen from inside the small Debian, where both daemons run.
readonly pg_bin=/usr/lib/postgresql/$pg_major/bin
readonly pg_data=/var/lib/postgresql/felleskrav
readonly ferretdb=/usr/local/bin/ferretdb
readonly ferretdb_state=/var/lib/ferretdb

say() { printf 'mongo: %s\n' "$*" >&2; }

# die WHAT [LOG] ends the run; with a log file it also shows how that ends.
die() {
	say "$1"
	if [[ -n ${2:-} ]]; then
		if [[ -s $2 ]]; then
			say "the last lines of $2:"
			tail -n 15 "$2" | sed 's/^/    /' >&2
		fi
		say "the whole log is $2"
	fi
	exit 1
}

usage() {
	cat >&2 <<'USAGE'
usage: mongo.sh up|down|status|uri|reset
  up      install if needed, start if needed, wait until ready, print the URI
  down    stop; the data stays
  status  say what is installed and running; exit 0 only if it answers
  uri     print the URI of the running server
  reset   stop and delete the data; the installation stays
USAGE
}

# --- the machine -----------------------------------------------------------

need_root() {
	((EUID == 0)) && return
	say "this makes a small Debian with debootstrap and chroot, which needs root."
	say "Run it as root (sudo -E $0 up), or start any MongoDB yourself and set"
	die "FELLESKRAV_TEST_MONGO_URI to its URI; the tests then use that one."
}

# take_lock lets one run at a time through. Children that build something
# inherit the lock on purpose: if this script is killed, the next run waits
# for them instead of deleting the folder they still write in. The daemons
# do not inherit it (see detach).
take_lock() {
	mkdir -p "$dir" "$logs"
	exec 9>"$dir/lock"
	flock --nonblock 9 && return
	say "another run is at work here; waiting for it"
	flock --wait 900 9 ||
		die "another run has held $dir/lock for 15 minutes; find it with: fuser -v $dir/lock"
}

# choose_namespace decides whether the small Debian gets mounts of its own.
# In a private mount namespace they vanish with the processes in it, so
# nothing is left mounted on the machine after a crash, and no rm -rf of ours
# can ever reach a mounted /proc. Containers that may not mount can
# still start what is installed.
namespace=()
choose_namespace() {
	if unshare --mount --propagation private true 2>/dev/null; then
		namespace=(unshare --mount --propagation private)
	fi
}

# in_root USER COMMAND... runs a command inside the small Debian with a clean
# environment: settings for the machine's own PostgreSQL (PGHOST, PGDATA)
# or locale must not reach it.
in_root() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	"${namespace[@]}" bash -c '
		mounts=$1 root=$2 user=$3
		shift 3
		if ((mounts)); then
			mount -t proc proc "$root/proc"
			mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
		fi
		cd /
		exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/tmp LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
			chroot --userspec="$user" "$root" "$@"
	' in_root "${#namespace[@]}" "$root" "$@"
}

# detach USER LOG COMMAND... starts a daemon inside the small Debian that
# keeps nothing of the caller's: no terminal, no session, no open pipe (a
# "make mongo | tee" would otherwise never end), not our lock.
detach() {
	local user=$1 log=$2 fd
	shift 2
	# One old generation of log is enough for development.
	if [[ -f $log && $(stat -c %s "$log") -gt 20000000 ]]; then mv -f "$log" "$log.old"; fi
	(
		exec </dev/null >>"$log" 2>&1
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			# 255 is bash's own handle on this file; it closes it itself.
			if ((fd > 2 && fd != 255)); then eval "exec $fd>&-"; fi
		done
		trap '' HUP
		export -f in_root
		export root
		# An array cannot be exported; the choice is made again inside.
		# shellcheck disable=SC2016 # expanded by the inner shell
		exec setsid --fork bash -c 'namespace=()
			(($1)) && namespace=(unshare --mount --propagation private)
			shift; in_root "$@"' detach "${#namespace[@]}" "$user" "$@"
	)
}

# pids_of PROGRAM prints the processes that run this very file of ours. It
# compares inodes, so it needs no pid file that may be stale or missing,
# and never takes somebody else's postgres for ours.
pids_of() {
	local p
	[[ -e $root$1 ]] || return 0
	for p in /proc/[0-9]*; do
		if [[ $p/exe -ef $root$1 ]]; then echo "${p#/proc/}"; fi
	done
}

# wait_gone PROGRAM SECONDS waits until no process runs the program.
wait_gone() {
	local i
	for ((i = 0; i < $2 * 10; i++)); do
		[[ -z $(pids_of "$1") ]] && return
		sleep 0.1
	done
	return 1
}

# signal_all NAME PROGRAM; a process that ended in between is no error.
signal_all() {
	local p
	for p in $(pids_of "$2"); do kill -s "$1" "$p" 2>/dev/null || true; done
}

# listening PORT tells whether any program listens on the port.
listening() {
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port="$(printf '%04X' "$1")" '$4 == "0A" {split($2, a, ":"); if (a[2] == port) found = 1} END {exit !found}'
}

# choose_port NAME FROM prints the port from the last run if it is still free,
# otherwise a free one at FROM or somewhat above, and remembers it. The range
# lies below the ports that Linux hands out to clients.
choose_port() {
	local port
	port=$(remembered "$1")
	if [[ -z $port ]] || listening "$port"; then
		port=$(($2 + RANDOM % 400))
		while listening "$port"; do port=$((port + 1)); done
		echo "$port" >"$dir/$1.port.new"
		mv -f "$dir/$1.port.new" "$dir/$1.port"
	fi
	echo "$port"
}

# remembered NAME prints a port from an earlier run, or nothing.
remembered() {
	local port=
	if [[ -f $dir/$1.port ]]; then read -r port <"$dir/$1.port" || true; fi
	if [[ $port =~ ^[0-9]{4,5}$ ]]; then echo "$port"; fi
}

# --- installing ------------------------------------------------------------

os_release() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | tr -d '"' || true; }

# mirror prints the Debian mirror this machine itself uses: behind a company
# proxy or in CI it is often the only one that can be reached.
mirror() {
	local uri=
	if [[ -n ${FELLESKRAV_DEBIAN_MIRROR:-} ]]; then
		uri=$FELLESKRAV_DEBIAN_MIRROR
	elif [[ $(os_release ID) == debian ]]; then
		# shellcheck disable=SC2016 # expanded by apt-get
		uri=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
			awk -v own="$(os_release VERSION_CODENAME)" '$1 == own && $2 == "main" && $3 ~ /debian\/?$/ {print $3; exit}')
	fi
	[[ -n $uri ]] || die "cannot tell which Debian mirror to use: apt names none; set FELLESKRAV_DEBIAN_MIRROR to its address"
	echo "$uri"
}

install_debootstrap() {
	command -v debootstrap >/dev/null && return
	command -v apt-get >/dev/null ||
		die "debootstrap is missing and this is no Debian; install debootstrap and run this again"
	say "installing debootstrap"
	local log=$logs/debootstrap-package.log
	{
		apt-get -q update || true # an unreachable extra source must not stop us
		DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends debootstrap
	} </dev/null >"$log" 2>&1 || die "could not install debootstrap; try: apt-get install debootstrap" "$log"
}

# install_system makes the small Debian with PostgreSQL in it. The stamp is
# written last, so a run that was killed half-way starts again from nothing.
install_system() {
	[[ -f $root/.felleskrav && $(<"$root/.felleskrav") == "$stamp" ]] && return
	local mirror log=$logs/install.log
	if [[ $root == *[[:space:]]* ]]; then
		die "debootstrap cannot work in a path with a space; set FELLESKRAV_CACHE to another folder than $cache"
	fi
	# Starting does without mounts, installing does not: the package scripts
	# of PostgreSQL fail without /proc.
	if ((${#namespace[@]} == 0)); then
		die "installing needs the right to mount; in a container add --cap-add SYS_ADMIN (or --privileged)"
	fi
	install_debootstrap
	mirror=$(mirror)
	stop # an older installation may still be running
	# --one-file-system: should anything be mounted in there after all, by
	# hand or by an earlier debootstrap, it is not ours to delete.
	rm -rf --one-file-system "$root" ||
		die "could not delete $root; is something mounted in it? See: findmnt -R $root"
	mkdir -p "$root"

	say "installing Debian $suite from $mirror into $root"
	# The script is called sid because older debootstraps do not know the
	# name of this release.
	"${namespace[@]}" debootstrap --variant=minbase "$suite" "$root" "$mirror" sid </dev/null >"$log" 2>&1 ||
		die "debootstrap failed; is $mirror reachable? Another one can be named in FELLESKRAV_DEBIAN_MIRROR" "$log"

	# Names and proxies are looked up as on the machine itself.
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
	apt-config dump 2>/dev/null | grep -iE '^Acquire::[a-z]+::Proxy' >"$root/etc/apt/apt.conf.d/90felleskrav" || true
	if [[ $mirror == https:* ]]; then
		mkdir -p "$root/etc/ssl/certs"
		cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
	fi
	# No service may start by itself, and no cluster "main" is wanted.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	mkdir -p "$root/etc/postgresql-common/createcluster.d"
	echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.d/felleskrav.conf"

	say "installing PostgreSQL $pg_major with DocumentDB"
	{
		# A mirror that is a frozen snapshot has a Release file past its date.
		in_root root apt-get -q -o Acquire::Check-Valid-Until=false update &&
			# Everything in here can be made again: skip dpkg's fsyncs.
			in_root root apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io \
				install "postgresql-$pg_major-documentdb"
	} </dev/null >>"$log" 2>&1 || die "installing postgresql-$pg_major-documentdb failed; try again, and if it fails again delete $root" "$log"
	[[ -x $root$pg_bin/postgres ]] || die "the package brought no $pg_bin/postgres" "$log"
	rm -rf "$root/var/cache/apt/archives" "$root/var/lib/apt/lists"
	mkdir -p "$root/var/cache/apt/archives/partial" "$root/var/lib/apt/lists/partial"
	echo "$stamp" >"$root/.felleskrav"
}

# build_ferretdb compiles FerretDB into the cache folder, outside our module
# and without the caller's settings for other platforms or workspaces.
build_ferretdb() {
	[[ -x $dir/bin/ferretdb-$ferretdb_version ]] && return
	local out=$dir/bin/new
	command -v go >/dev/null || die "go is not in PATH; FerretDB is built with it"
	say "building FerretDB $ferretdb_version"
	rm -rf "$out"
	mkdir -p "$out"
	(
		cd "$dir"
		env -u GOOS -u GOARCH -u GOFLAGS GOWORK=off GO111MODULE=on CGO_ENABLED=0 GOBIN="$out" \
			go install "github.com/FerretDB/FerretDB/v2/cmd/ferretdb@$ferretdb_version"
	) </dev/null >"$logs/build.log" 2>&1 || die "building FerretDB failed; is the Go module proxy ($(go env GOPROXY)) reachable?" "$logs/build.log"
	mv -f "$out/ferretdb" "$dir/bin/ferretdb-$ferretdb_version"
}

# install_all does the two slow parts side by side: one waits mostly for the
# network and dpkg, the other for the compiler.
install_all() {
	local builder
	build_ferretdb &
	builder=$!
	# shellcheck disable=SC2064 # the pid of now is meant
	trap "kill $builder 2>/dev/null || true" EXIT
	install_system
	wait "$builder" || exit 1 # it has said why
	trap - EXIT
	if [[ ! -x $root$ferretdb ]]; then
		cp "$dir/bin/ferretdb-$ferretdb_version" "$root$ferretdb.new"
		chmod 755 "$root$ferretdb.new"
		mv -f "$root$ferretdb.new" "$root$ferretdb"
	fi
	mkdir -p "$root$ferretdb_state" "$root/dev/shm"
	chmod 1777 "$root/dev/shm" # where nothing may be mounted over it
	chown -R --reference="$root/var/lib/postgresql" "$root$ferretdb_state"
}

# --- PostgreSQL ------------------------------------------------------------

init_data() {
	[[ -f $root$pg_data/PG_VERSION ]] && return
	say "making an empty database"
	# Under another name first: a killed initdb leaves no half database.
	rm -rf "$root$pg_data" "$root$pg_data.new"
	in_root postgres "$pg_bin/initdb" -D "$pg_data.new" --username=postgres --auth=trust \
		--encoding=UTF8 --locale=C.UTF-8 </dev/null >"$logs/initdb.log" 2>&1 ||
		die "initdb failed; try: $0 reset" "$logs/initdb.log"
	echo "include_if_exists 'felleskrav.conf'" >>"$root$pg_data.new/postgresql.conf"
	mv "$root$pg_data.new" "$root$pg_data"
}

# configure PORT writes our settings. fsync and synchronous_commit stay on:
# a test kills our server in the middle of its work and expects every
# acknowledged majority write to be there afterwards.
configure() {
	cat >"$root$pg_data/felleskrav.conf" <<CONF
port = $1
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
cron.host = '127.0.0.1'
# Its jobs run every two seconds and would fill the log.
cron.log_statement = off
cron.log_run = off
log_checkpoints = off
jit = off
max_connections = 200
shared_buffers = 256MB
fsync = on
synchronous_commit = on
# DocumentDB makes a unique index an exclusion constraint, and inserts that
# race for the same key can deadlock on it. With the usual second of waiting
# before PostgreSQL looks, such tests take minutes.
deadlock_timeout = 10ms
# Refused duplicates are normal in tests; do not log the documents with them.
log_min_error_statement = panic
CONF
}

psql() {
	in_root postgres "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(remembered postgres)" \
		-U postgres -d postgres "$@" </dev/null
}

postgres_ready() {
	in_root postgres "$pg_bin/pg_isready" -q -h 127.0.0.1 -p "$(remembered postgres)" -U postgres </dev/null 2>/dev/null
}

# wait_ready PROGRAM SECONDS CHECK waits until the program runs and the check
# passes. It gives up early when the program is gone again: it has refused
# to start.
wait_ready() {
	local end=$((SECONDS + $2)) patience=$((SECONDS + 3))
	while ((SECONDS < end)); do
		if [[ -n $(pids_of "$1") ]]; then
			patience=$SECONDS
			# Asked again after the check, which a stranger may have
			# answered while ours was ending.
			if "$3" && [[ -n $(pids_of "$1") ]]; then return; fi
		elif ((SECONDS > patience)); then
			return 1
		fi
		sleep 0.1
	done
	return 1
}

# start_postgres tries more than once, since another program can take the
# port between choosing it and listening on it.
start_postgres() {
	local port log=$logs/postgres.log
	if [[ -n $(pids_of "$pg_bin/postgres") ]]; then
		# Without its own lock file PostgreSQL shuts down within a minute
		# and nothing guards the data; after a kill -9 of the parent only
		# dying children are left. Both must end before a new start.
		if [[ -f $root$pg_data/postmaster.pid ]] && postgres_ready; then return; fi
		stop_postgres
	fi
	init_data
	for _ in 1 2 3; do
		# No process of ours runs now, so a lock file is a leftover, and its
		# pid may by now belong to a stranger, which would block the start.
		rm -f "$root$pg_data/postmaster.pid"
		port=$(choose_port postgres 28000)
		configure "$port"
		say "starting PostgreSQL on 127.0.0.1:$port"
		detach postgres "$log" "$pg_bin/postgres" -D "$pg_data"
		if wait_ready "$pg_bin/postgres" 60 postgres_ready; then return; fi
		stop_postgres
	done
	die "PostgreSQL does not start; if the log speaks of damaged files: $0 reset" "$log"
}

stop_postgres() {
	local pid
	[[ -n $(pids_of "$pg_bin/postgres") ]] || return 0
	# The parent is the one whose own parent is no postgres.
	for pid in $(pids_of "$pg_bin/postgres"); do
		if [[ ! /proc/$(ps_parent "$pid")/exe -ef $root$pg_bin/postgres ]]; then
			kill -INT "$pid" 2>/dev/null || true
		fi
	done
	wait_gone "$pg_bin/postgres" 30 && return
	signal_all QUIT "$pg_bin/postgres"
	wait_gone "$pg_bin/postgres" 5 && return
	signal_all KILL "$pg_bin/postgres"
	wait_gone "$pg_bin/postgres" 5 || die "PostgreSQL does not end: pids $(pids_of "$pg_bin/postgres" | xargs)"
}

# ps_parent PID prints the parent's pid; procps is not on every machine.
ps_parent() { awk '/^PPid:/ {print $2}' "/proc/$1/status" 2>/dev/null || true; }

# --- FerretDB --------------------------------------------------------------

# ping goes the whole way: FerretDB answers it only after a query to the
# DocumentDB extension.
ping() {
	local port
	port=$(remembered ferretdb)
	[[ -n $port && -n $(pids_of "$ferretdb") ]] || return 1
	in_root postgres /usr/bin/timeout 5 "$ferretdb" ping --listen-addr="127.0.0.1:$port" --no-auth \
		--postgresql-url="postgres://postgres@127.0.0.1:$(remembered postgres)/postgres" \
		--telemetry=disable --state-dir="$ferretdb_state" --debug-addr=- </dev/null >>"$logs/ping.log" 2>&1
}

start_ferretdb() {
	local port log=$logs/ferretdb.log
	stop_ferretdb
	for _ in 1 2 3; do
		port=$(choose_port ferretdb 27100)
		: >"$logs/ping.log"
		say "starting FerretDB on 127.0.0.1:$port"
		detach postgres "$log" "$ferretdb" --listen-addr="127.0.0.1:$port" --no-auth \
			--postgresql-url="postgres://postgres@127.0.0.1:$(remembered postgres)/postgres" \
			--telemetry=disable --state-dir="$ferretdb_state" --debug-addr=- --log-level=warn
		if wait_ready "$ferretdb" 30 ping; then return; fi
		stop_ferretdb
	done
	die "FerretDB does not answer a ping (see also $logs/ping.log and $logs/postgres.log)" "$log"
}

stop_ferretdb() {
	[[ -n $(pids_of "$ferretdb") ]] || return 0
	signal_all TERM "$ferretdb"
	wait_gone "$ferretdb" 10 && return
	signal_all KILL "$ferretdb"
	wait_gone "$ferretdb" 5 || die "FerretDB does not end: pids $(pids_of "$ferretdb" | xargs)"
}

# --- verbs -----------------------------------------------------------------

uri() { echo "mongodb://127.0.0.1:$(remembered ferretdb)/"; }

stop() {
	stop_ferretdb
	stop_postgres
}

up() {
	if ! ping; then
		install_all
		start_postgres
		# In the data, not in the installation, so after every start: it
		# does nothing when the extension is there.
		psql -c 'CREATE EXTENSION IF NOT EXISTS documentdb CASCADE' >"$logs/extension.log" 2>&1 ||
			die "PostgreSQL could not load the DocumentDB extension; try: $0 reset" "$logs/extension.log"
		start_ferretdb
	fi
	say "ready; logs are in $logs"
	uri
}

status() {
	local answer=1
	if [[ ! -f $root/.felleskrav ]]; then
		echo "installed: no (run: $0 up)"
		return 1
	fi
	echo "installed: yes, in $root"
	echo "PostgreSQL: $([[ -n $(pids_of "$pg_bin/postgres") ]] && echo "running, 127.0.0.1:$(remembered postgres)" || echo stopped)"
	echo "FerretDB: $([[ -n $(pids_of "$ferretdb") ]] && echo "running, 127.0.0.1:$(remembered ferretdb)" || echo stopped)"
	if ping; then answer=0; fi
	echo "answers a ping: $( ((answer)) && echo no || echo "yes, $(uri)")"
	echo "logs: $logs"
	return "$answer"
}

main() {
	if (($# != 1)); then
		usage
		exit 2
	fi
	case $1 in
	up | down | reset | status | uri) need_root ;;
	*)
		usage
		exit 2
		;;
	esac
	choose_namespace
	case $1 in
	up)
		take_lock
		up
		;;
	down)
		take_lock
		stop
		say "stopped; the data stays"
		;;
	reset)
		take_lock
		stop
		rm -rf "$root$pg_data" "$root$pg_data.new"
		say "stopped, and the data is deleted; start with: $0 up"
		;;
	# These two only look, and must answer while somebody else installs.
	status)
		mkdir -p "$logs"
		status
		;;
	uri)
		mkdir -p "$logs"
		ping || die "the server is not running; start it with: $0 up"
		uri
		;;
	esac
}

main "$@"
