#!/bin/sh
# volume.sh: what a stopped PostgreSQL server's data hold, and making them a
# copy of another server's again. It runs where the data are, as the user that
# owns them, while the server does not run, and needs PostgreSQL's own programs
# (13 or newer) beside a POSIX shell and its usual tools.
#
#   volume.sh divergence HOST PORT FROM   one line of JSON: what this server's log holds that the
#                                         history of the server at HOST PORT does not. FROM takes
#                                         the place of the point where they part, unless it is 0/0
#   volume.sh rewind HOST PORT            make the data follow that server's history (pg_rewind)
#   volume.sh rebuild HOST PORT           replace the data with a copy of that server's (pg_basebackup)
#
# Both leave the data ready to be started as a replica. Progress goes to stderr
# as the programs print it: 12345/67890 kB (18%).
#
# Environment:
#   VOLUME_PGDATA           the data folder
#   VOLUME_CONNINFO         the rest of a connection string for a login with the attribute REPLICATION, such as
#                           "user=replicator passfile=/etc/postgresql/pgpass sslmode=verify-full". A password has
#                           no place in it: it would show in the list of processes
#   VOLUME_REWIND_CONNINFO  the same for rewind, with a dbname: a superuser, or a login that may execute
#                           pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean), pg_read_binary_file(text) and
#                           pg_read_binary_file(text, bigint, bigint, boolean) there, and has pg_checkpoint (15 and newer)
#   VOLUME_SAVE             the folder, outside the data, that keeps log which is about to be given up
#   VOLUME_SLOT             optional, rebuild: the slot on the source that keeps log for this server from the copy on
#   VOLUME_MAX_RATE         optional, rebuild: the most that is copied in a second, such as 50M
#   VOLUME_KEEP             optional, rebuild: 1 moves the old data to VOLUME_SAVE in place of removing them
#   VOLUME_CONFIG           optional: the server's configuration file, when it lies outside the data
#   VOLUME_BIN              optional: the folder of PostgreSQL's programs, when PATH does not have it
#
# Exit status:
#   0  done
#   1  not done; what was in the way is on stderr. The data are as they were
#   2  called in a wrong way, or the environment is not complete
#   4  the server runs
#   5  the data cannot be rewound, or a rewind of them was cut off half way: they need a rebuild
#
# Whatever cuts it off, kill -9 and power included, the data are afterwards the
# old ones, the new ones, or cannot be started. New data grow in a folder inside
# the data folder, so a data folder that is a mount point will do, and the disk must
# have room for both. PG_VERSION leaves first and comes back last, and without
# it neither postgres nor initdb touches the folder. What was cut off shows in
# the names of the folders, and the next call, of any verb, finishes it:
#   volume.aside      the old data on their way to be rewound, untouched: they come back
#   volume.rewinding  pg_rewind is at them: only a rebuild helps
#   volume.copying    half a copy: removed
#   volume.copied     a whole copy that takes the place of the old data
#   volume.old        the old data, to be removed when the new are in place
#   volume.ready      good data on their way to their place
#
# Not handled, and refused by rebuild: tablespaces, and a pg_wal that is a link.
# Whether the server runs is asked of this machine only. In a pod of its own
# it cannot see another pod's processes: end those first.
set -eu
umask 077
LC_ALL=C PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-10} PATH=${VOLUME_BIN:+$VOLUME_BIN:}$PATH
export LC_ALL PGCONNECT_TIMEOUT PATH

say() { printf 'volume: %s\n' "$*" >&2; }
fail() {
	status=$1
	shift
	say "$*"
	exit "$status"
}

# A log position as a number, and back.
number() { echo $((0x${1%/*} * 4294967296 + 0x${1#*/})); }
position() { printf '%X/%X' $(($1 / 4294967296)) $(($1 % 4294967296)); }

# padded makes positions comparable as text: awk need not know hexadecimal or 64 bits.
padded() { printf '%08X%08X' "0x${1%/*}" "0x${1#*/}"; }

needs() {
	eval "value=\${$1:-}"
	[ -n "$value" ] || fail 2 "$1 is not set"
	case $value in
	*[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]*=*) fail 2 "a password stands in $1, where the list of processes would show it; name a passfile" ;;
	esac
}

# refuse_running calls pg_ctl as a child of this very shell: in a container whose first process is this
# shell, a crashed server's process number 1 would otherwise be taken for it.
refuse_running() {
	if pg_ctl status -D "$data" >"$work/status" 2>&1; then
		fail 4 "the server runs; nothing was changed; stop it first"
	fi
}

# --- the data folder -----------------------------------------------------------

# own says whether a path in the data folder belongs to the server.
own() {
	case ${1##*/} in
	volume.* | lost+found) return 1 ;;
	esac
	[ -e "$1" ] || [ -L "$1" ]
}

# set_aside moves the server's files into a folder. It may be called again.
set_aside() {
	mkdir -p "$1"
	for path in "$data/PG_VERSION" "$data"/* "$data"/.[!.]*; do
		if own "$path"; then mv "$path" "$1/"; fi
	done
}

# move_in brings volume.ready into place. It may be called again.
move_in() {
	for path in "$data"/volume.ready/* "$data"/volume.ready/.[!.]*; do
		case ${path##*/} in PG_VERSION) continue ;; esac
		if own "$path"; then
			if own "$data/${path##*/}"; then fail 1 "$data/${path##*/} is in the way of $path; remove the one that is not wanted"; fi
			mv "$path" "$data/"
		fi
	done
	if [ -e "$data/volume.ready/PG_VERSION" ]; then mv "$data/volume.ready/PG_VERSION" "$data/"; fi
	rmdir "$data/volume.ready"
}

# replace puts volume.copied in the place of the data. It may be called again.
replace() {
	if [ -d "$data/volume.rewinding" ]; then mv "$data/volume.rewinding" "$data/volume.old"; fi
	set_aside "$data/volume.old"
	mv "$data/volume.copied" "$data/volume.ready"
	move_in
	drop_old
}

drop_old() {
	[ -d "$data/volume.old" ] || return 0
	if [ "${VOLUME_KEEP:-}" = 1 ] && own "$data/volume.old/PG_VERSION"; then
		needs VOLUME_SAVE
		kept=$VOLUME_SAVE/old-$(date -u +%Y%m%dT%H%M%SZ)
		mkdir -p "$VOLUME_SAVE"
		mv "$data/volume.old" "$kept"
		say "the old data are kept in $kept"
		return
	fi
	rm -rf "$data/volume.old"
}

# settle finishes what an earlier call was cut off in.
settle() {
	rm -rf "$data/volume.copying"
	if [ -d "$data/volume.copied" ]; then
		say "finishing the rebuild that was cut off"
		replace
	fi
	if [ -d "$data/volume.aside" ]; then
		say "taking back a rewind that was cut off before it began"
		set_aside "$data/volume.aside"
		mv "$data/volume.aside" "$data/volume.ready"
	fi
	if [ -d "$data/volume.ready" ]; then move_in; fi
	drop_old
}

refuse_half() {
	if [ -d "$data/volume.rewinding" ]; then
		fail 5 "a rewind of these data was cut off half way; they cannot be used any more and need a rebuild"
	fi
	[ -e "$data/PG_VERSION" ] || fail 1 "$data holds no data of PostgreSQL"
}

# as_replica makes the data in a folder those of a replica. What makes a server this one lies outside
# its data; settings that came along from the source would make it stream from itself, or refuse writes for ever.
as_replica() {
	: >"$1/standby.signal"
	rm -f "$1/recovery.signal"
	[ -e "$1/postgresql.auto.conf" ] || return 0
	grep -Ev '^[[:space:]]*(primary_conninfo|primary_slot_name|default_transaction_read_only|synchronous_standby_names)[[:space:]=]' \
		"$1/postgresql.auto.conf" >"$1/postgresql.auto.conf.tmp" || [ $? = 1 ]
	mv "$1/postgresql.auto.conf.tmp" "$1/postgresql.auto.conf"
}

# --- what the two servers say of themselves --------------------------------------

read_control() {
	pg_controldata -D "$data" >"$work/control" || fail 1 "pg_controldata cannot read $data"
	if grep -q 'CRC checksum does not match' "$work/control"; then fail 1 "the control file of $data is damaged"; fi
	state=$(control "Database cluster state")
	system=$(control "Database system identifier")
	checkpoint=$(control "Latest checkpoint location")
	least=$(control "Minimum recovery ending location")
	segment_size=$(control "Bytes per WAL segment")
	page_size=$(control "WAL block size")
	per_file=$((4294967296 / segment_size))
}

control() { sed -n "s|^$1: *||p" "$work/control"; }

# identify asks the source which system it is, and where on which timeline.
identify() {
	psql -XAtw -F ' ' -d "$source replication=true" -c IDENTIFY_SYSTEM >"$work/identify" ||
		fail 1 "$host:$port gives no answer to a replication connection; the data are as they were"
	read -r source_system source_timeline source_position _ <"$work/identify"
}

same_system() {
	if [ "$source_system" != "$system" ]; then
		fail 1 "$host:$port is a server of another database system ($source_system, and this one is $system); the data are as they were"
	fi
}

# history turns a history file into lines of timeline, begin, end; the end of the last one is a dash.
history() {
	awk -v last="$1" 'BEGIN { begin = "0/0" }
		$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9A-Fa-f]+\/[0-9A-Fa-f]+$/ { print $1, begin, $2; begin = $2 }
		END { print last, begin, "-" }'
}

history_file() { printf '%s/pg_wal/%08X.history' "$data" "$1"; }

# own_history finds the last timeline that the server has log of. The control file lags behind it: a server
# that ends soon after a change of timeline has noted the one before.
own_history() {
	timeline=$(control "Latest checkpoint's TimeLineID")
	recovering=$(control "Min recovery ending loc's timeline")
	if [ "$recovering" -gt "$timeline" ]; then timeline=$recovering; fi
	passed=$(printf '%s\n%s\n' "$(padded "$checkpoint")" "$(padded "$least")" | sort | tail -n 1)
	for file in "$data"/pg_wal/*.history; do
		[ -e "$file" ] || continue
		name=${file##*/}
		candidate=$((0x${name%.history}))
		[ "$candidate" -gt "$timeline" ] || continue
		set -- "$data/pg_wal/${name%.history}"????????????????
		[ -e "$1" ] || continue
		# It counts only if it goes on from where these data are: a replica that has gone too far may
		# have fetched log of a timeline that it can never follow.
		leaves=$(history "$candidate" <"$file" | awk -v t="$timeline" '$1 == t { print $3 }')
		[ -n "$leaves" ] || continue
		if [ "$(printf '%s\n%s\n' "$(padded "$leaves")" "$passed" | sort | head -n 1)" = "$passed" ]; then timeline=$candidate; fi
	done
	if [ "$timeline" = 1 ]; then
		history 1 </dev/null >"$work/own"
	elif [ -e "$(history_file "$timeline")" ]; then
		history "$timeline" <"$(history_file "$timeline")" >"$work/own"
	else
		fail 1 "the history file of this server's own timeline $timeline is missing from pg_wal"
	fi
}

source_history() {
	if [ "$source_timeline" = 1 ]; then
		history 1 </dev/null >"$work/source"
		return
	fi
	psql -XAtw -d "$source replication=true" -c "TIMELINE_HISTORY $source_timeline" >"$work/answer" ||
		fail 1 "$host:$port does not give the history of its timeline $source_timeline; the data are as they were"
	sed '1s/^[^|]*|//' "$work/answer" | history "$source_timeline" >"$work/source"
}

# part finds where the two histories part, and whether this server's timeline is part of the other history at all.
part() {
	shared=$(awk 'NR == FNR { line[NR] = $1 " " $2; end[NR] = $3; count = NR; next }
		line[FNR] == $1 " " $2 && FNR == shared + 1 { shared = FNR; other = $3 }
		END { print shared + 0, count, end[shared], other }' "$work/own" "$work/source")
	set -- $shared
	[ "$1" -gt 0 ] || fail 1 "the history of $host:$port and this server's have nothing in common"
	if [ "$1" = "$2" ]; then related=true; else related=false; fi
	ours=$3 theirs=$4
	if [ "$theirs" = - ]; then theirs=$source_position; fi
	fork=$theirs
	if [ "$ours" != - ] && [ "$(number "$ours")" -lt "$(number "$theirs")" ]; then fork=$ours; fi
}

# --- this server's log -------------------------------------------------------------

segment_of() { echo $(($1 / segment_size)); }
segment_name() { printf '%08X%08X%08X' "$1" $(($2 / per_file)) $(($2 % per_file)); }

# segments lists the segments of this server's log and their files, each on the newest of the server's timelines
# that has it: the first file of a timeline holds a copy of what came before, and the one before it may be
# incomplete. It is one pass, since a server that has seen many changes of timeline would make many of it.
segments() {
	ls "$data/pg_wal" | awk -v per_file="$per_file" -v size="$segment_size" -v own="$work/own" '
		function hex(s, n, i) { for (i = 1; i <= length(s); i++) n = n * 16 + index("123456789ABCDEF", toupper(substr(s, i, 1))); return n }
		BEGIN {
			while ((getline line <own) > 0) {
				split(line, field, " ")
				split(field[2], half, "/")
				rank[field[1] + 0] = ++count
				begins[field[1] + 0] = int((hex(half[1]) * 4294967296 + hex(half[2])) / size)
			}
		}
		length($0) == 24 && $0 !~ /[^0-9A-F]/ {
			t = hex(substr($0, 1, 8))
			n = hex(substr($0, 9, 8)) * per_file + hex(substr($0, 17, 8))
			if (t in rank && begins[t] <= n && rank[t] > best[n]) { best[n] = rank[t]; file[n] = $0 }
		}
		END { for (n in file) printf "%.0f %s\n", n, file[n] }' >"$work/segments"
}

# segment_file finds the file of a segment.
segment_file() {
	found=
	while read -r listed file_name; do
		if [ "$listed" = "$1" ]; then found=$data/pg_wal/$file_name; fi
	done <"$work/segments"
	[ -n "$found" ]
}

# begun tells whether a segment's file holds any log. PostgreSQL makes files for segments to come, of zeros;
# pg_waldump takes the size of segments from any file that it finds, and such a one tells 0.
begun() { [ "$(od -An -tx1 -N2 "$1" | tr -d ' \n')" != 0000 ]; }

# lay_out makes a folder of links in which the whole log, over all changes of timeline, has the names of
# one timeline, since pg_waldump reads one only.
lay_out() {
	mkdir "$work/log"
	segment=$(segment_of "$1")
	segment_file "$segment" || fail 1 "the log from $(position "$1") on is not complete any more: $(segment_name "$timeline" "$segment") was removed, so what lies past $fork cannot be counted; the data are as they were"
	# A record that ends in this segment may have begun in the one before.
	if [ "$segment" -gt 0 ] && segment_file $((segment - 1)); then segment=$((segment - 1)); fi
	first=$segment
	while segment_file "$segment" && begun "$found"; do
		ln -s "$found" "$work/log/$(segment_name "$timeline" "$segment")"
		segment=$((segment + 1))
	done
	absent=$segment
}

# record_end is where a record ends, given its position, its length and whether it is a switch to the next
# segment: pages begin with a header of 24 bytes, and the first one of a segment with one of 40.
record_end() {
	at=$(number "$1") left=$2
	if [ "$3" = 1 ]; then
		echo $(((at / segment_size + 1) * segment_size))
		return
	fi
	while :; do
		room=$((page_size - at % page_size))
		if [ "$left" -le "$room" ]; then break; fi
		left=$((left - room)) at=$((at + room))
		if [ $((at % segment_size)) = 0 ]; then at=$((at + 40)); else at=$((at + 24)); fi
	done
	echo $(((at + left + 7) / 8 * 8))
}

# walk reads the log to its end. Each line of commits is position, length, transaction, time.
walk() {
	pg_waldump -p "$work/log" -t "$timeline" -s "$(position $((first * segment_size)))" 2>"$work/trouble" |
		awk -v fork="$(padded "$fork")" -v dir="$work" '
			function zeros(hex) { return substr("00000000", length(hex) + 1) toupper(hex) }
			function after(text, mark) { return substr(text, index(text, mark) + length(mark)) }
			function upto(text, mark, at) { at = index(text, mark); return at ? substr(text, 1, at - 1) : text }
			/^rmgr: / {
				lsn = upto(after($0, ", lsn: "), ",")
				split(lsn, half, "/")
				past = zeros(half[1]) zeros(half[2]) >= fork
				size = upto(after(after($0, "(rec/tot):"), "/"), ",") + 0
				said = after($0, ", desc: ")
				xlog = $2 == "XLOG"
				if (!seen++) print lsn > (dir "/first")
				last = lsn " " size " " (xlog && said ~ /^SWITCH/) " " (xlog && said ~ /^CHECKPOINT_SHUTDOWN/)
				commit = ""
				if ($2 == "Transaction" && said ~ /^COMMIT /) commit = upto(after($0, ", tx: "), ",") + 0 " " upto(substr(said, 8), ";")
				if ($2 == "Transaction" && said ~ /^COMMIT_PREPARED /) commit = upto(substr(said, 17), ":") " " upto(after(said, ": "), ";")
				# The last one that begins before the fork may end past it.
				if (!past) straddling = commit == "" ? "" : lsn " " size " " commit
				else if (commit != "") print lsn, size, commit > (dir "/commits")
			}
			END { if (straddling != "") print straddling > (dir "/straddling"); print last > (dir "/last") }'
	# The end of the log is always met as an error. Any other error is one.
	case $(cat "$work/trouble") in
	*"error in WAL record at"*) ;;
	*"could not find file"* | *"could not open file"*"No such file"*)
		for file in "$data"/pg_wal/"$(printf '%08X' "$timeline")"????????????????; do
			if [ ! -e "$file" ] || segment_file "$absent" || ! begun "$file"; then continue; fi
			name=${file##*/}
			if expr "x$name" \> "x$(segment_name "$timeline" "$absent")" >/dev/null; then
				fail 1 "the log has a hole: $(segment_name "$timeline" "$absent") is missing and $name is there; the data are as they were"
			fi
		done
		;;
	*) fail 1 "pg_waldump cannot read the log: $(tail -n 1 "$work/trouble"); the data are as they were" ;;
	esac
	read -r last_at last_length last_switch last_shutdown <"$work/last" || :
	[ -n "${last_at:-}" ] || fail 1 "the log holds no record: $(tail -n 1 "$work/trouble"); the data are as they were"
	end=$(record_end "$last_at" "$last_length" "$last_switch")
	if [ "$end" -le "$(number "$checkpoint")" ] || [ "$end" -lt "$(number "$least")" ]; then
		fail 1 "the log can be read up to $(position "$end") only, which is less than the data hold; the data are as they were"
	fi
	if [ "$last_shutdown" = 1 ]; then clean=true; else clean=false; fi
}

# measure finds where the two servers' logs part and what this one's holds past that.
measure() {
	read_control
	identify
	same_system
	own_history
	segments
	source_history
	part
	if [ "$(number "$1")" != 0 ]; then fork=$(position "$(number "$1")"); fi
	start=$(number "$checkpoint")
	if [ "$(number "$fork")" -lt "$start" ]; then start=$(number "$fork"); fi
	lay_out "$start"
	: >"$work/commits"
	walk
	if [ -e "$work/straddling" ]; then
		read -r lsn length rest <"$work/straddling"
		if [ "$(record_end "$lsn" "$length" 0)" -gt "$(number "$fork")" ]; then
			{ echo "$lsn $length $rest" && cat "$work/commits"; } >"$work/all"
			mv "$work/all" "$work/commits"
		fi
	fi
	if [ "$(number "$(cat "$work/first")")" -gt $(($(number "$fork") + 40)) ]; then
		fail 1 "the record that lies across $fork begins in a part of the log that was removed, so what lies past it cannot be counted; the data are as they were"
	fi
	commits=$(awk 'END { print NR }' "$work/commits")
}

# keep copies the log past the fork, and prints where to. A copy that is there already is never written over.
keep() {
	needs VOLUME_SAVE
	case $VOLUME_SAVE in *[\"\\]* | *[[:cntrl:]]*) fail 2 "VOLUME_SAVE has a quote, a backslash or a control character in it" ;; esac
	title="log of system $system on timeline $timeline past $fork up to $(position "$end")"
	kept=$VOLUME_SAVE/$timeline-$(echo "$fork" | tr / -)
	if [ -e "$kept" ] && [ "$(head -n 1 "$kept/commits.txt" 2>&1)" != "# $title" ]; then kept=$kept-$(position "$end" | tr / -); fi
	if [ ! -e "$kept" ]; then
		rm -rf "$kept.part"
		mkdir -p "$kept.part"
		segment=$(segment_of "$(number "$fork")")
		while [ "$segment" -le "$(segment_of $((end - 1)))" ] && segment_file "$segment"; do
			cp -p "$found" "$kept.part/"
			segment=$((segment + 1))
		done
		while read -r t _; do
			if [ -e "$(history_file "$t")" ]; then cp -p "$(history_file "$t")" "$kept.part/"; fi
		done <"$work/own"
		{
			echo "# $title"
			echo "# $commits transactions were committed in it: transaction, position of its commit, time"
			awk '{ lsn = $1; xid = $3; sub(/^[^ ]* [^ ]* [^ ]* /, ""); print xid "\t" lsn "\t" $0 }' "$work/commits"
		} >"$kept.part/commits.txt"
		# What is copied here is about to be given up in the data. To flush the whole machine, as a plain sync does, may take minutes.
		sync "$kept.part"/* "$kept.part" 2>/dev/null || sync
		mv "$kept.part" "$kept"
	fi
	printf '%s' "$kept"
}

# --- the verbs -------------------------------------------------------------------

divergence() {
	refuse_half
	measure "$1"
	saved=
	if [ "$end" -gt "$(number "$fork")" ]; then saved=$(keep); fi
	printf '{"system_id":"%s","clean":%s,"timeline":%d,"end":"%s","fork":"%s","related":%s,"commits":%d' \
		"$system" "$clean" "$timeline" "$(position "$end")" "$fork" "$related" "$commits"
	if [ -n "$saved" ]; then printf ',"saved":"%s"' "$saved"; fi
	printf '}\n'
}

# recover brings a crashed server's data to a clean end, as its next start would. pg_rewind does so too, but
# up to version 14 it cannot be told where the configuration lies.
recover() {
	case $state in
	"shut down" | "shut down in recovery") return ;;
	esac
	if [ -e "$data/standby.signal" ]; then
		fail 5 "it was a replica that did not shut down cleanly, which pg_rewind cannot handle; it needs a rebuild"
	fi
	say "recovering the data from the crash"
	postgres --single -F -D "$data" ${VOLUME_CONFIG:+-c "config_file=$VOLUME_CONFIG"} -c "data_directory=$data" template1 \
		</dev/null >"$work/recovery" 2>&1 || fail 1 "recovery from the crash does not work: $(tail -n 1 "$work/recovery")"
}

# checkpoint_source makes the source note its new timeline. Until it has, pg_rewind of version 15 and older takes
# the two servers for the same and does nothing.
checkpoint_source() {
	noted="SELECT timeline_id FROM pg_control_checkpoint()"
	if ! psql -XAtqw -d "$rewind_source" -c CHECKPOINT >"$work/checkpoint" 2>&1; then
		psql -XAtqw -d "$rewind_source" -c "$noted" >"$work/noted" || fail 1 "$host:$port cannot be reached by the login for pg_rewind; the data are as they were"
		if [ "$(cat "$work/noted")" != "$source_timeline" ]; then
			fail 1 "$host:$port has written no checkpoint since its promotion, and the login for pg_rewind may not ask for one ($(tail -n 1 "$work/checkpoint")); the data are as they were; run CHECKPOINT there, then try again"
		fi
	fi
}

rewind() {
	needs VOLUME_REWIND_CONNINFO
	rewind_source="host=$host port=$port $VOLUME_REWIND_CONNINFO"
	refuse_half
	measure 0/0
	if [ "$related" = true ] && [ "$end" -le "$(number "$fork")" ]; then
		say "the log ends at $(position "$end"), before the other history leaves it: there is nothing to rewind"
		as_replica "$data"
		return
	fi
	if [ "$timeline" = "$source_timeline" ]; then
		fail 1 "$host:$port is on the same timeline $timeline and ends at $source_position, before this server's $(position "$end"); pg_rewind needs a source that was promoted; the data are as they were"
	fi
	checkpoint_source
	recover
	set -- --source-server="$rewind_source" --no-ensure-shutdown
	if ! pg_rewind -D "$data" --dry-run "$@" >"$work/dry" 2>&1; then
		case $(cat "$work/dry") in
		*"permission denied"* | *"could not connect"* | *"onnection to server"*)
			fail 1 "pg_rewind may not: $(tail -n 1 "$work/dry"); the data are as they were" ;;
		esac
		fail 5 "pg_rewind cannot: $(tail -n 1 "$work/dry"); it has changed nothing; the data need a rebuild"
	fi
	if grep -q 'no rewind required' "$work/dry"; then
		fail 1 "pg_rewind finds nothing to do, although the logs part at $fork and this one ends at $(position "$end"); the data are as they were"
	fi
	set_aside "$data/volume.aside"
	mv "$data/volume.aside" "$data/volume.rewinding"
	pg_rewind -D "$data/volume.rewinding" --progress "$@" >&2 || fail 5 "the rewind stopped half way; the data need a rebuild"
	as_replica "$data/volume.rewinding"
	mv "$data/volume.rewinding" "$data/volume.ready"
	move_in
}

rebuild() {
	if [ "${VOLUME_KEEP:-}" = 1 ]; then needs VOLUME_SAVE; fi
	identify
	held=$data
	if [ -d "$data/volume.rewinding" ]; then held=$data/volume.rewinding; fi
	if [ -e "$held/global/pg_control" ] && system=$(pg_controldata -D "$held" | sed -n 's/^Database system identifier: *//p'); then same_system; fi
	for path in "$held"/pg_tblspc/*; do
		if own "$path"; then fail 1 "the server has tablespaces, which this script does not rebuild; the data are as they were"; fi
	done
	if [ -L "$held/pg_wal" ]; then fail 1 "pg_wal is a link to another place, which this script does not rebuild; the data are as they were"; fi
	if ! pg_basebackup -D "$data/volume.copying" -d "$source" --checkpoint=fast --wal-method=stream --progress --no-password \
		${VOLUME_SLOT:+"--slot=$VOLUME_SLOT"} ${VOLUME_MAX_RATE:+"--max-rate=$VOLUME_MAX_RATE"} >&2; then
		rm -rf "$data/volume.copying"
		fail 1 "the copy was not finished; the data are as they were"
	fi
	if command -v pg_verifybackup >/dev/null 2>&1; then
		if ! pg_verifybackup "$data/volume.copying" >"$work/verified" 2>&1; then
			rm -rf "$data/volume.copying"
			fail 1 "the copy is damaged: $(tail -n 1 "$work/verified"); the data are as they were"
		fi
	fi
	as_replica "$data/volume.copying"
	mv "$data/volume.copying" "$data/volume.copied"
	replace
}

usage() { fail 2 "usage: volume.sh divergence HOST PORT FROM | rewind HOST PORT | rebuild HOST PORT"; }

[ $# -ge 3 ] || usage
verb=$1 host=$2 port=$3
case $verb:$# in divergence:4 | rewind:3 | rebuild:3) ;; *) usage ;; esac
case $host in '' | [-.]* | *[!0-9A-Za-z.:_-]*) fail 2 "the host is not a host" ;; esac
case $port in '' | *[!0-9]*) fail 2 "the port is not a number" ;; esac
if [ "$verb" = divergence ]; then
	expr "x$4" : 'x[0-9A-Fa-f]\{1,8\}/[0-9A-Fa-f]\{1,8\}$' >/dev/null || fail 2 "FROM is not a position such as 0/3000148"
fi
needs VOLUME_PGDATA
needs VOLUME_CONNINFO
source="host=$host port=$port $VOLUME_CONNINFO"
if [ "$verb" = rebuild ]; then mkdir -p "$VOLUME_PGDATA"; fi
data=$(cd "$VOLUME_PGDATA" && pwd -P) || fail 1 "there is no folder $VOLUME_PGDATA"
work=$(mktemp -d "${TMPDIR:-/tmp}/volume.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# The lock is on the folder itself and passes on to the programs that are started: a call whose caller has
# given up may still be at work.
exec 9<"$data"
if command -v flock >/dev/null 2>&1; then
	flock -n 9 || fail 1 "another call is at work on $data; wait until it has ended"
fi
refuse_running
settle
case $verb in
divergence) divergence "$4" ;;
*) "$verb" ;;
esac
