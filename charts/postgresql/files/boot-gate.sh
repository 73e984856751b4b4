#!/bin/sh
# Boot gate: the entrypoint of every PostgreSQL server that rapbot looks after.
#
#     boot-gate.sh postgres -D /data …
#
# A region that comes back from the dead must never become a second writable primary, and a primary that is cut off from everybody, or that
# is being replaced, must stop itself. So the gate lets no client in before the other regions were asked, and goes on asking while the
# server is a primary. A replica needs no leave; once promoted it is a primary like any other.
#
# Why the peers are asked twice, before PostgreSQL starts and again when it listens: rapbot first freezes the replicas and then looks whether
# the old primary answers anything, a rejection included. The gate first listens, rejecting everybody, and then looks whether the replicas
# are frozen. Whoever comes second sees the other, so no schedule lets both go on. The first time spares the data: as long as something speaks
# against a start they stay as they are, for pg_waldump and pg_rewind.
#
# Two gates may want to open at once. Each is then to the other a server that takes connections and rejects everybody, which is a reason to
# hold; whoever listens last sees it, and both wait for a while that differs.
#
# A promotion that is cut off leaves data without standby.signal, which would come up as a primary on the timeline of the old one, where nobody
# could tell the two apart. The control file still says that they were in recovery: they are started as the replica that they were.
#
#   GATE_PGDATA         the data directory
#   GATE_DIR            a folder of the gate's own, outside the data: the file "state" and the access rules in force
#   GATE_HBA            the real access rules, outside the data; files that they include have absolute paths. A change takes effect
#                       GATE_EVERY later at the earliest, with the next reload
#   GATE_PEERS          the other regions' servers: name=host:port, separated by spaces
#   GATE_PEER_CONNINFO  the rest of their conninfo, for a role that may do nothing but replicate. It shows in the process list: no
#                       password, a passfile
#   GATE_QUORUM         how many peers must answer before a primary opens; default what makes, with itself, a majority of the regions.
#                       0 for the first start of all, or when every other region is lost. Fewer than a majority are enough
#                       for one opening: once the gate has stopped the server, the majority is needed
#   GATE_SELF_FENCE     whole seconds after which a primary that has lost every peer stops itself; default 30, 0 for never. It stops
#                       within GATE_EVERY and the 4 s that a look may last. One that nobody has answered since it opened (a quorum of 0, or a
#                       promotion with everybody else away) has lost nobody yet
#   GATE_EVERY          seconds between two looks; default 2
#   GATE_EXEC           what runs postgres in its place, as "setpriv --pdeathsig KILL --" does
#
# The state is one line: starting, open, "held <reason>", "stopping <reason>" or ended. TERM and INT are a fast shutdown, QUIT an immediate
# one; the gate ends with PostgreSQL and with its status. A gate that holds ends with 0. Whoever rewinds or replaces the data of a held server
# writes standby.signal last: the gate starts a replica as soon as it is there.

set -u
umask 077
unset PGHOSTADDR PGSERVICE PGOPTIONS PGTARGETSESSIONATTRS # they would get between the gate and the peer that it means

: "${GATE_PGDATA:?}" "${GATE_DIR:?}" "${GATE_HBA:?}"
GATE_PEERS=${GATE_PEERS:-}
every=${GATE_EVERY:-2}
self_fence=${GATE_SELF_FENCE:-30}
rules=$GATE_DIR/pg_hba.conf

pg=        # the postmaster's process, "starting" for the moment before it is known, or nothing
ending=    # INT or QUIT: somebody asked the gate to end
fenced=    # why the gate stops PostgreSQL
trapped=   # a signal came in
kids=      # processes of this shell that are to end with it
watcher='' # the process that looks at the peers
nagger=''  # the process that tells PostgreSQL to stop
forking='' # a process is being made whose number is not in kids yet
leaving='' # a signal to end came meanwhile
branch=''  # this shell is the watcher or the nagger

log() { printf 'boot gate: %s\n' "$*" >&2; }

refuse() {
	log "$*"
	exit 2
}

state() { printf '%s\n' "$*" >"$GATE_DIR/state.new" && mv -f "$GATE_DIR/state.new" "$GATE_DIR/state"; }

# The clock on the wall may jump, the time since boot does not.
clock() {
	if { read -r now _; } 2>/dev/null </proc/uptime; then now=${now%%.*}; else now=$(date +%s); fi
}

# drop ends processes and waits for them.
drop() {
	# shellcheck disable=SC2086 # a list of numbers
	set -- $1
	if [ $# -gt 0 ]; then kill "$@" 2>/dev/null; wait "$@" 2>/dev/null; fi
}

# leave ends this shell with everything it has started.
leave() {
	drop "$kids $watcher $nagger"
	[ -n "$branch" ] || state ended
	exit 0
}

on_leave() { if [ -n "$forking" ]; then leaving=yes; else leave; fi; }

# forked is said when kids is complete.
forked() {
	forking=
	[ -z "$leaving" ] || leave
}

# branch_off is how the watcher and the nagger begin, which have no part in what the main process has started.
branch_off() {
	kids='' watcher='' nagger='' branch=yes
	trap on_leave TERM
}

# pause sleeps in the background, since a shell takes no signal while it waits for a program in the foreground.
pause() {
	forking=yes
	sleep "$1" &
	kids=$!
	forked
	wait "$kids"
	kids=
}

is_replica() { [ -e "$GATE_PGDATA/standby.signal" ] || [ -e "$GATE_PGDATA/recovery.signal" ]; }

# read_control reads whose data these are, on which timeline and in which state. Min recovery's timeline is the later one from a promotion until
# the checkpoint after it. A running server may be writing the file just now, which shows as a warning.
read_control() {
	own=$(LC_ALL=C pg_controldata "$GATE_PGDATA" 2>&1 | awk -F ': +' '
		tolower($0) ~ /warning/ { torn = 1 }
		/^Database system identifier/ { id = $2 }
		/^Database cluster state/ { state = $2 }
		/^Latest checkpoint.s TimeLineID/ || /^Min recovery ending loc.s timeline/ { if ($2 + 0 > timeline) timeline = $2 + 0 }
		/^Min recovery ending loc.s timeline/ { recovered = $2 + 0 }
		END { if (!torn && id && state && timeline) print id, timeline, recovered + 0, state }')
	[ -n "$own" ] || return 1
	system=${own%% *} own=${own#* }
	timeline=${own%% *} own=${own#* }
	recovered=${own%% *} cluster_state=${own#* }
}

# read_postmaster reads the file in which the postmaster says what it is doing.
read_postmaster() {
	postmaster='' began='' doing=''
	{
		read -r postmaster && read -r _ && read -r began && read -r _ && read -r _ && read -r _ && read -r _ && read -r doing
	} 2>/dev/null <"$GATE_PGDATA/postmaster.pid"
}

# is_ready says whether our postmaster takes connections. A file that a crash left behind may name the same process number again.
is_ready() { read_postmaster && [ "$postmaster" = "$pg" ] && [ "$postmaster $began" != "$stale" ] && [ "$doing" = ready ]; }

close_rules() {
	printf '%s all all reject\n%s replication all reject\n' local local >"$rules.new" &&
		printf 'host %s all all reject\n' all replication >>"$rules.new" && mv -f "$rules.new" "$rules"
}

open_rules() { cat "$GATE_HBA" >"$rules.new" && mv -f "$rules.new" "$rules"; }

# was_replica says whether the data are a replica's that has lost its standby.signal. Whoever replaces data takes PG_VERSION away meanwhile.
# A primary that is shut down while it recovers from a crash says the same of its state, but has nothing that it must recover up to.
was_replica() {
	[ -e "$GATE_PGDATA/PG_VERSION" ] && read_control && [ "$recovered" != 0 ] || return 1
	case $cluster_state in 'in archive recovery' | 'shut down in recovery') return 0 ;; esac
	return 1
}

# ask asks all peers at once. Version 13 does not know in_hot_standby; psql goes on to the next question.
ask() {
	forking=yes
	for peer in $GATE_PEERS; do
		address=${peer#*=}
		timeout -k 1 3 psql -X -w -q -A -x -F = \
			-d "host=${address%:*} port=${address##*:} $GATE_PEER_CONNINFO replication=true application_name=rapbot_gate connect_timeout=2" \
			-c IDENTIFY_SYSTEM -c 'SHOW in_hot_standby' -c 'SHOW transaction_read_only' -c 'SHOW primary_slot_name' \
			>"$GATE_DIR/peer.${peer%%=*}" 2>/dev/null &
		kids="$kids $!"
		rm -f "$GATE_DIR/ready.${peer%%=*}"
		[ "$1" = opening ] || continue
		{ timeout -k 1 3 pg_isready -q -t 2 -h "${address%:*}" -p "${address##*:}" && : >"$GATE_DIR/ready.${peer%%=*}"; } 2>/dev/null &
		kids="$kids $!"
	done
	forked
	for kid in $kids; do wait "$kid"; done
	kids=
}

# judge puts a peer's answer into a word and its timeline. Half an answer is none. rapbot freezes a replica by a primary_slot_name that begins with
# rapbot_frozen, and may end it in _tli and the timeline whose primary is being replaced. Without that the replica's own timeline stands for
# it, and a replica left frozen on an earlier one ("waiting") neither speaks against us nor for us: it could have been too far behind when its
# freeze was meant for us. System identifiers are compared as strings: as numbers two of them would look equal.
judge() {
	awk -F = -v database="$system" -v ours="$timeline" '
		{ said[$1] = $2 }
		END {
			whole = ("systemid" in said) && ("primary_slot_name" in said) # before they are used, which makes them
			standby = ("in_hot_standby" in said) ? said["in_hot_standby"] : said["transaction_read_only"]
			its = said["timeline"] + 0
			slot = said["primary_slot_name"]
			against = its
			marked = (slot ~ /^rapbot_frozen.*_tli[0-9]+$/)
			if (marked) { against = slot; sub(/.*_tli/, "", against); against += 0 }
			if (!whole || its == 0 || standby == "") word = "unreachable"
			else if ((said["systemid"] "") != (database "")) word = "foreign"
			else if (standby != "on") word = "primary"
			else if (slot ~ /^rapbot_frozen/ && against >= ours) word = "frozen"
			else if (its > ours + 0) word = "newer"
			else if (slot ~ /^rapbot_frozen/ && !marked) word = "waiting"
			else word = "fine"
			print word, its
		}' "$GATE_DIR/peer.$1"
}

# survey asks the peers and weighs their answers, for a server that would open or one that is open. Of an open primary's peers only a primary
# on a higher timeline has replaced it.
survey() {
	objection='' answered=0 silent=''
	ask "$1"
	for peer in $GATE_PEERS; do
		name=${peer%%=*}
		verdict=$(judge "$name")
		its=${verdict#* }
		case $verdict in
		primary*)
			answered=$((answered + 1))
			if [ "$1" = opening ] || [ "$its" -gt "$timeline" ]; then objection="$name is a primary on timeline $its, ours is $timeline"; fi
			;;
		frozen*) objection="$name is frozen: rapbot is replacing the primary" ;;
		newer*) objection="$name is on timeline $its, ours is $timeline: another region was promoted" ;;
		fine*) answered=$((answered + 1)) ;;
		foreign*) silent="$silent, $name is another database" ;;
		waiting*) silent="$silent, $name is frozen on timeline $its" ;;
		*)
			silent="$silent, $name gives no answer"
			if [ -e "$GATE_DIR/ready.$name" ]; then objection="$name runs and lets nobody in, as one that is about to open does"; fi
			;;
		esac
	done
	if [ -z "$objection" ] && [ "$1" = opening ] && [ "$answered" -lt "$quorum" ]; then
		objection="$answered of the $quorum peers needed answered$silent"
	fi
}

# survey_to_open is what comes before a start and again before the clients.
survey_to_open() {
	if read_control; then survey opening; else objection="the control file of $GATE_PGDATA cannot be read"; fi
}

# await_leave comes back when the data may be started, as a replica or as a primary.
await_leave() {
	while ! is_replica; do
		if was_replica; then
			log 'the data are those of a replica whose promotion was cut off; it is started as a replica'
			: >"$GATE_PGDATA/standby.signal" || refuse "standby.signal cannot be written to $GATE_PGDATA"
			break
		fi
		survey_to_open
		[ -n "$objection" ] || break
		if [ "$objection" != "$told" ]; then
			log "held, PostgreSQL is not started: $objection"
			told=$objection
		fi
		state "held $objection"
		pause "$every"
		case $objection in *'about to open'*) pause "0.$(date +%N)" ;; esac
	done
	told=
}

# demand has the main process stop PostgreSQL, and ends the watcher.
demand() {
	printf '%s\n' "$*" >"$GATE_DIR/demand"
	kill -USR1 "$$"
	exit 0
}

# watch is the watcher. It opens the server to its clients and looks at the peers from then on.
watch() {
	branch_off
	until is_ready; do
		pause 0.1
		kill -0 "$$" 2>/dev/null || exit 0 # the gate was killed
	done
	met=''
	if ! is_replica; then
		survey_to_open
		[ -z "$objection" ] || demand "$objection"
		[ "$answered" -eq 0 ] || met=yes
	fi
	open_rules || demand "the access rules $GATE_HBA cannot be put in place"
	kill -HUP "$pg"
	state open
	clock
	reached=$now
	while pause "$every" && kill -0 "$$" 2>/dev/null; do
		look
	done
	exit 0
}

# look is one look at the peers, if this is a primary that nobody is shutting down.
look() {
	[ "$(cat "$GATE_HBA")" = "$(cat "$rules")" ] || open_rules
	clock
	began_look=$now
	read_control || return
	if [ "$cluster_state" != 'in production' ]; then
		reached=$now met=''
		return
	fi
	is_ready || return
	survey running
	clock
	if [ "$answered" -gt 0 ]; then
		reached=$began_look met=yes
	elif [ -z "$objection" ] && [ -n "$met" ] && [ "$self_fence" -gt 0 ] && [ $((now - reached)) -ge "$self_fence" ]; then
		objection="no peer answered for $((now - reached)) s${silent}"
	fi
	if [ -n "$objection" ] && is_ready; then demand "$objection"; fi
}

# nag tells PostgreSQL to stop until it has: a signal is lost on a postmaster that is only just starting. After some seconds it is told to
# stop at once.
nag() {
	branch_off
	said=0
	while kill -"$1" "$pg" 2>/dev/null; do
		pause 1
		said=$((said + 1))
		[ "$said" -lt "$2" ] || set -- QUIT "$2"
	done
}

insist() {
	drop "$nagger"
	nag "$1" "$2" &
	nagger=$!
}

# shellcheck disable=SC2317 # reached by a signal
on_fence() {
	trapped=yes
	if [ -n "$pg" ] && [ -z "$ending$fenced" ]; then
		fenced=$(cat "$GATE_DIR/demand")
		log "stops PostgreSQL: $fenced"
		state "stopping $fenced"
		insist INT 5
	fi
}

# on_end leaves a gate that holds. A shutdown that somebody asked for may take its time, unless it is a fence as well.
# shellcheck disable=SC2317 # reached by a signal
on_end() {
	trapped=yes
	case $pg in
	'') on_leave ;;
	starting) ending=$1 ;;
	*)
		if [ "$1" = QUIT ] || [ -z "$ending$fenced" ]; then insist "$1" 1000000; fi
		ending=$1
		;;
	esac
}

# reap waits for a process to end, whatever signals come in between, which end a wait early.
reap() {
	status=0 trapped=yes
	while [ -n "$trapped" ]; do
		trapped=
		wait "$1" 2>/dev/null
		code=$?
		[ "$code" -eq 127 ] || status=$code # 127: the wait before this one had its status already
	done
}

# run runs PostgreSQL. It comes back only when the gate stopped it, and is to hold.
run() {
	if is_replica; then open_rules; else close_rules; fi || refuse "the access rules $rules cannot be written"
	read_postmaster
	stale="$postmaster $began"
	fenced='' pg=starting
	state starting
	"$@" &
	pg=$!
	[ -z "$ending" ] || insist "$ending" 1000000
	watch &
	watcher=$!
	reap "$pg"
	pg=
	drop "$watcher"
	drop "$nagger"
	watcher='' nagger=''
	if [ -z "$fenced" ] || [ -n "$ending" ]; then
		state ended
		exit "$status"
	fi
}

[ $# -gt 0 ] || refuse 'usage: boot-gate.sh postgres -D DIR …'
for program in psql pg_isready pg_controldata timeout; do
	command -v "$program" >/dev/null || refuse "$program is not in PATH"
done
[ -r "$GATE_HBA" ] || refuse "the access rules $GATE_HBA cannot be read"
mkdir -p "$GATE_DIR" || refuse "the folder $GATE_DIR cannot be made"
others=0
for peer in $GATE_PEERS; do
	others=$((others + 1))
done
majority=$(((others + 1) / 2))
quorum=${GATE_QUORUM:-$majority}
case $quorum$self_fence in
*[!0-9]*) refuse "GATE_QUORUM and GATE_SELF_FENCE are whole numbers, not $quorum and $self_fence" ;;
esac

trap 'on_end INT' INT TERM
trap 'on_end QUIT' QUIT
trap on_fence USR1
told=
# shellcheck disable=SC2086 # GATE_EXEC is a command with its arguments
set -- ${GATE_EXEC:-} "$@" -c "hba_file=$rules"
while :; do
	await_leave
	run "$@"
	[ "$quorum" -ge "$majority" ] || quorum=$majority # less was for one opening: who has been stopped was not alone any more
done
