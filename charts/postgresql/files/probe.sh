#!/bin/sh
# probe.sh: what the kubelet asks of a PostgreSQL pod.
#
#     probe.sh ready   the gate has let the clients in and PostgreSQL takes connections
#     probe.sh alive   fails only when a server that was open gives no answer at all. One that is held, copies its data, recovers, or is
#                      shutting down is alive: to kill it would make it begin anew
#
# PG_RUN and PG_PORT are those of entrypoint.sh. The container ends by itself when PostgreSQL does.
set -u
state=$(cat "$PG_RUN/gate/state" 2>/dev/null)
answer() {
	pg_isready -q -t 3 -h "$PG_RUN" -p "$PG_PORT"
	answered=$?
}
case ${1:-} in
ready)
	if [ "$state" != open ]; then
		printf '%s\n' "${state:-nothing is known yet}"
		exit 1
	fi
	answer
	exit "$answered"
	;;
alive)
	[ "$state" = open ] || exit 0
	answer
	if [ "$answered" = 2 ]; then
		echo 'PostgreSQL gives no answer'
		exit 1
	fi
	;;
*)
	echo 'usage: probe.sh ready | alive' >&2
	exit 2
	;;
esac
