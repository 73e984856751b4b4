#!/bin/sh
# Entrypoint of a PostgreSQL pod: it makes the data ready and becomes the boot gate, boot-gate.sh beside it, which starts PostgreSQL.
#
#     entrypoint.sh                 run the server
#     entrypoint.sh volume VERB …   run volume.sh on the data, in a Job, while the server does not run
#     entrypoint.sh backup          run backup.sh, in a Job
#
# What the server is to be is read from PG_STATE when it starts, so that a change there restarts nothing.
#
#   no data, a primary   initdb and init.sql. Only at epoch 1 and while no peer listens: a region that has lost its data must not begin
#                        an empty fleet beside the one that runs
#   no data, a replica   a copy of the primary through this region's slot, tried until it works
#   data, a replica      standby.signal, and out of postgresql.auto.conf what was set there for another role or another primary. Data that
#                        were a replica's at this very epoch and have no standby.signal any more were promoted since: they stay as they
#                        are, and so does a frozen replica. The gate decides
#   data, a primary      as they are. standby.signal is never removed: only pg_promote makes a replica a primary
#   half-replaced data   wait for whoever is at them
#
#   PG_STATE             a file of lines key=value: role (primary or replica), epoch (counts the changes of primary), primary_host and
#                        primary_port (whom a replica copies and follows), peers (the other regions' servers, name=host:port, separated by
#                        spaces), self_fence, every and quorum (the gate's; empty for its defaults)
#   PGDATA               the data directory. Its parent is a volume of its own: data that are made anew are made beside it
#   PG_SEEN              a file on that volume: the role and epoch of the last start
#   PG_SAVE              a folder on that volume, for log that is about to be given up
#   PG_RUN               a folder of the pod's: sockets, the gate's folder "gate", the passfile, the settings of this server
#   PG_CONFIG            postgresql.conf, the same in every role; PG_HBA, pg_hba.conf
#   PG_SECRETS           a folder of passwords, one a file: superuser, replication, and for init.sql rapbot, app and monitor
#   PG_TLS               optional: a folder with tls.crt, tls.key and ca.crt
#   PG_SSLMODE           how this server connects to others: disable, require, verify-ca, verify-full
#   PG_REGION PG_SLOT PG_SLOTS PG_LISTEN PG_PORT PG_SUPERUSER PG_REPLICATION_USER
#                        who this is: the region, its slot, all slots of the fleet separated by spaces, addresses, port, and roles
#   PG_INIT              optional: a file of SQL that init.sql runs last
#
# The state of the server is in PG_RUN/gate/state: "copying host:port", or one of the gate's words, of which "held <reason>" is used here too.

set -u
umask 077
unset PGHOSTADDR PGSERVICE PGOPTIONS PGTARGETSESSIONATTRS # they would get between this and the server that it means
here=${0%/*}
: "${PG_RUN:?}" "${PG_SECRETS:?}" "${PG_REPLICATION_USER:?}" "${PG_SSLMODE:?}"

child=   # what runs on behalf of this shell, with a process group of its own
forking= # a process is being made whose number is not in child yet
leaving= # a signal to end came meanwhile
told=    # the last reason to wait that was logged

log() { printf 'entrypoint: %s\n' "$*" >&2; }

refuse() {
	log "$*"
	exit 2
}

state() { printf '%s\n' "$*" >"$PG_RUN/gate/state.new" && mv -f "$PG_RUN/gate/state.new" "$PG_RUN/gate/state"; }

hold() {
	state "held $*"
	[ "$*" = "$told" ] || log "held: $*"
	told=$*
}

# --- processes -------------------------------------------------------------------

# run runs a program in the background, since a shell takes no signal while it waits for one in the foreground.
run() {
	forking=yes
	setsid "$@" &
	child=$!
	forking=
	[ -z "$leaving" ] || leave
	wait "$child"
	code=$?
	child=
	return "$code"
}

# shellcheck disable=SC2317 # reached by a signal
leave() {
	if [ -n "$forking" ]; then
		leaving=yes
		return
	fi
	if [ -n "$child" ]; then
		kill -TERM "$child" "-$child" 2>/dev/null
		wait "$child" 2>/dev/null
	fi
	state ended
	exit 0
}

# --- connections -----------------------------------------------------------------

quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")"; }

# write_passfile puts the passwords where libpq finds them. On a command line they would show in the list of processes.
write_passfile() {
	if ! {
		for pair in "superuser:${PG_SUPERUSER:-}" "replication:$PG_REPLICATION_USER"; do
			if [ -r "$PG_SECRETS/${pair%%:*}" ]; then
				printf '*:*:*:%s:%s\n' "${pair#*:}" "$(sed 's/[\\:]/\\&/g; q' "$PG_SECRETS/${pair%%:*}")"
			fi
		done
	} >"$PG_RUN/pgpass.new" || ! mv -f "$PG_RUN/pgpass.new" "$PG_RUN/pgpass"; then
		refuse "the passfile cannot be written to $PG_RUN"
	fi
}

# login is the rest of a connection string for the role that may do nothing but replicate.
login() {
	printf 'user=%s passfile=%s sslmode=%s gssencmode=disable' "$PG_REPLICATION_USER" "$(quoted "$PG_RUN/pgpass")" "$PG_SSLMODE"
	if [ -n "${PG_TLS:-}" ]; then printf ' sslrootcert=%s' "$(quoted "$PG_TLS/ca.crt")"; fi
}

# prepare_volume is what volume.sh needs to know.
prepare_volume() {
	write_passfile
	VOLUME_PGDATA=$PGDATA VOLUME_CONFIG=$PG_CONFIG VOLUME_SAVE=$PG_SAVE VOLUME_SLOT=$PG_SLOT
	VOLUME_CONNINFO=$(login)
	VOLUME_REWIND_CONNINFO="$VOLUME_CONNINFO dbname=postgres"
	export VOLUME_PGDATA VOLUME_CONFIG VOLUME_SAVE VOLUME_SLOT VOLUME_CONNINFO VOLUME_REWIND_CONNINFO
}

# --- what is wanted ----------------------------------------------------------------

read_state() {
	role='' epoch='' primary_host='' primary_port='' peers='' self_fence='' every='' quorum=''
	while IFS='=' read -r key value; do
		case $key in
		role) role=$value ;;
		epoch) epoch=$value ;;
		primary_host) primary_host=$value ;;
		primary_port) primary_port=$value ;;
		peers) peers=$value ;;
		self_fence) self_fence=$value ;;
		every) every=$value ;;
		quorum) quorum=$value ;;
		esac
	done <"$PG_STATE"
	case $role:$primary_host:$primary_port in
	primary:* | replica:?*:?*) ;;
	*)
		hold "$PG_STATE has the role \"$role\", which must be primary, or replica with primary_host and primary_port"
		return 1
		;;
	esac
	case $epoch in
	'' | *[!0-9]*)
		hold "$PG_STATE has the epoch \"$epoch\", which must be a whole number"
		return 1
		;;
	esac
}

# --- the data ----------------------------------------------------------------------

# data_ready says whether there are data to start. It makes them when there are none, and is then called again: meanwhile another role may be wanted.
data_ready() {
	[ ! -e "$PGDATA/PG_VERSION" ] || return 0
	for path in "$PGDATA"/* "$PGDATA"/.[!.]*; do
		case ${path##*/} in
		lost+found | volume.copying | volume.copied | volume.ready) continue ;; # a copy that was cut off, which volume.sh finishes
		esac
		if [ -e "$path" ]; then
			hold "$PGDATA holds ${path##*/} and no PG_VERSION: it is half replaced, and needs volume.sh again (/rap rejoin)"
			return 1
		fi
	done
	case $role in
	primary) begin ;;
	replica) copy ;;
	esac
	return 1
}

# begin makes a new cluster, beside its place until it is whole.
begin() {
	if [ "$epoch" != 1 ]; then
		hold "there are no data here, and at epoch $epoch there is a fleet that has them: make this region a replica"
		return
	fi
	for peer in $peers; do
		address=${peer#*=}
		pg_isready -q -t 3 -h "${address%:*}" -p "${address##*:}"
		case $? in
		0 | 1)
			hold "there are no data here, and ${peer%%=*} runs already: an empty primary must not begin beside it"
			return
			;;
		esac
	done
	state starting
	log "making a new cluster in $PGDATA"
	run sh "$0" initialise || hold "the new cluster could not be made; the log says why"
}

# initialise runs by itself, so that one signal ends all of it.
initialise() {
	set -e
	trap 'exit 1' INT TERM QUIT
	fresh=$PGDATA.fresh
	trap 'pg_ctl -D "$fresh" -m immediate stop >/dev/null 2>&1 || :' EXIT
	rm -rf "$fresh"
	initdb -D "$fresh" --username="$PG_SUPERUSER" --pwfile="$PG_SECRETS/superuser" --auth=scram-sha-256 --data-checksums --encoding=UTF8 --locale=C >&2
	pg_ctl -D "$fresh" -w -o "-c listen_addresses='' -c port=$PG_PORT -c unix_socket_directories='$PG_RUN'" start >&2
	PGPASSFILE=$PG_RUN/pgpass psql -X -q -v ON_ERROR_STOP=1 -h "$PG_RUN" -p "$PG_PORT" -U "$PG_SUPERUSER" -d postgres -f "$here/init.sql" >&2
	pg_ctl -D "$fresh" -w -m fast stop >&2
	trap - EXIT
	if [ -e "$PGDATA" ]; then rmdir "$PGDATA/lost+found" "$PGDATA" 2>/dev/null || rmdir "$PGDATA"; fi
	mv "$fresh" "$PGDATA"
}

# copy takes a copy of the primary through this region's slot, which keeps the log from there on. init.sql has made it, and rapbot makes it on a
# new primary; where it is missing all the same, this login may.
copy() {
	state "copying $primary_host:$primary_port"
	if run sh "$here/volume.sh" rebuild "$primary_host" "$primary_port"; then return; fi
	log "copying $primary_host:$primary_port is tried again"
	run timeout 10 psql -X -q -w -d "host=$primary_host port=$primary_port $(login) replication=true connect_timeout=5" \
		-c "CREATE_REPLICATION_SLOT $PG_SLOT PHYSICAL RESERVE_WAL" >/dev/null 2>&1
}

# take_role makes data that are there those of the role that is wanted.
take_role() {
	chmod u=rwx,go= "$PGDATA" 2>/dev/null # a volume's group may have been given rights that PostgreSQL refuses
	seen=$(cat "$PG_SEEN" 2>/dev/null)
	if [ "$role" = replica ] && [ "$seen" != "$epoch replica" ]; then
		forget_role || refuse "postgresql.auto.conf in $PGDATA cannot be written"
		: >"$PGDATA/standby.signal" || refuse "standby.signal cannot be written to $PGDATA"
	elif [ "$role" = replica ] && [ ! -e "$PGDATA/standby.signal" ]; then
		log "the data were promoted since they were a replica's at epoch $epoch, and stay as they are"
	fi
	if ! printf '%s\n' "$epoch $role" >"$PG_SEEN.new" || ! mv -f "$PG_SEEN.new" "$PG_SEEN"; then refuse "$PG_SEEN cannot be written"; fi
}

# forget_role takes out of postgresql.auto.conf what rapbot sets for a role.
forget_role() {
	[ -e "$PGDATA/postgresql.auto.conf" ] || return 0
	grep -Ev '^[[:space:]]*(primary_conninfo|primary_slot_name|default_transaction_read_only|synchronous_standby_names)[[:space:]=]' \
		"$PGDATA/postgresql.auto.conf" >"$PGDATA/postgresql.auto.conf.tmp" || [ $? = 1 ] || return 1
	mv -f "$PGDATA/postgresql.auto.conf.tmp" "$PGDATA/postgresql.auto.conf"
}

# drop_stale_lock removes the postmaster.pid of a container that was killed. In this one its number may be that of any other process, for
# which PostgreSQL would take it and not start.
drop_stale_lock() {
	if [ $$ = 1 ]; then rm -f "$PGDATA/postmaster.pid"; fi
}

# --- the server --------------------------------------------------------------------

# write_settings writes what makes this server this one, outside the data, which are copied from region to region. The upstream is every other
# server, of which libpq takes the one that is a primary, so a replica follows a promotion without being told.
write_settings() {
	hosts='' ports=''
	if [ "$role" = replica ]; then hosts=,$primary_host ports=,$primary_port; fi
	for peer in $peers; do
		address=${peer#*=}
		[ "$hosts$ports" != ",${address%:*},${address##*:}" ] || continue
		hosts=$hosts,${address%:*} ports=$ports,${address##*:}
	done
	attrs=primary
	case $(postgres --version) in *' 13'*) attrs=read-write ;; esac # libpq 13 does not know primary
	{
		printf 'include = %s\n' "$(setting "$PG_CONFIG")"
		printf 'primary_slot_name = %s\n' "$(setting "$PG_SLOT")"
		if [ -n "$hosts" ]; then
			printf 'primary_conninfo = %s\n' "$(setting "host=${hosts#,} port=${ports#,} $(login) application_name=$PG_SLOT target_session_attrs=$attrs connect_timeout=3")"
		fi
		if [ -n "${PG_TLS:-}" ]; then
			printf "ssl = on\nssl_min_protocol_version = 'TLSv1.2'\nssl_cert_file = %s\nssl_key_file = %s\nssl_ca_file = %s\n" \
				"$(setting "$PG_TLS/tls.crt")" "$(setting "$PG_TLS/tls.key")" "$(setting "$PG_TLS/ca.crt")"
		fi
	} >"$PG_RUN/server.conf" || refuse "the settings cannot be written to $PG_RUN"
}

setting() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"; }

serve() {
	: "${PGDATA:?}" "${PG_STATE:?}" "${PG_SEEN:?}" "${PG_SAVE:?}" "${PG_CONFIG:?}" "${PG_HBA:?}"
	: "${PG_REGION:?}" "${PG_SLOT:?}" "${PG_SLOTS:?}" "${PG_LISTEN:?}" "${PG_PORT:?}" "${PG_SUPERUSER:?}"
	socket=$PG_RUN/.s.PGSQL.$PG_PORT
	[ ${#socket} -le 103 ] || refuse "the path $socket is too long for a socket, which may have 103 characters"
	mkdir -p "$PG_RUN/gate" || refuse "the folder $PG_RUN/gate cannot be made"
	state starting # in place of what a container before this one left
	prepare_volume
	trap leave INT TERM QUIT
	until read_state && data_ready; do
		[ -e "$PGDATA/PG_VERSION" ] || run sleep "${PG_RETRY:-5}"
	done
	take_role
	write_settings
	drop_stale_lock
	GATE_PGDATA=$PGDATA GATE_DIR=$PG_RUN/gate GATE_HBA=$PG_HBA GATE_PEERS=$peers GATE_PEER_CONNINFO=$(login)
	export GATE_PGDATA GATE_DIR GATE_HBA GATE_PEERS GATE_PEER_CONNINFO
	if [ -n "$quorum" ]; then export GATE_QUORUM="$quorum"; fi
	if [ -n "$self_fence" ]; then export GATE_SELF_FENCE="$self_fence"; fi
	if [ -n "$every" ]; then export GATE_EVERY="$every"; fi
	exec sh "$here/boot-gate.sh" postgres -D "$PGDATA" -c "config_file=$PG_RUN/server.conf" -c "port=$PG_PORT" \
		-c "listen_addresses=$PG_LISTEN" -c "unix_socket_directories=$PG_RUN" -c "cluster_name=$PG_REGION"
}

case ${1:-} in
'') serve ;;
initialise) initialise ;;
volume)
	shift
	prepare_volume
	exec sh "$here/volume.sh" "$@"
	;;
backup)
	write_passfile
	: "${BACKUP_HOST:?}" "${BACKUP_PORT:?}"
	BACKUP_CONNINFO="host=$BACKUP_HOST port=$BACKUP_PORT $(login)"
	export BACKUP_CONNINFO
	exec sh "$here/backup.sh"
	;;
*) refuse 'usage: entrypoint.sh [volume VERB … | backup]' ;;
esac
