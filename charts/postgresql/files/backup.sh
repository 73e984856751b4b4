#!/bin/sh
# backup.sh: a base backup with a manifest, verified, and as many kept as are wanted.
#
#   BACKUP_CONNINFO   the server, as a role with the attribute REPLICATION; no password in it, but a passfile
#   BACKUP_DIR        where the backups lie, each in a folder of its own: backup-20060102T150405Z
#   BACKUP_KEEP       how many are kept, 1 or more
#   BACKUP_MAX_RATE   optional: the most that is copied in a second, such as 50M
#
# It exits 0 when a whole, verified backup is in its place. Older ones go only then. A folder that ends in .part is what was cut off, and
# the next call removes it.
#
# To restore one: stop the server, put the folder in the place of its data, and start it. The log that the backup needs is in it.
set -eu
umask 077

say() { printf 'backup: %s\n' "$*" >&2; }

fail() {
	say "$*"
	exit 1
}

: "${BACKUP_CONNINFO:?}" "${BACKUP_DIR:?}" "${BACKUP_KEEP:?}"
case $BACKUP_KEEP in
*[!0-9]* | '' | 0) fail "BACKUP_KEEP is how many backups are kept, 1 or more, not $BACKUP_KEEP" ;;
esac
mkdir -p "$BACKUP_DIR"
exec 9<"$BACKUP_DIR"
flock -n 9 || fail "another backup is under way in $BACKUP_DIR"

rm -rf "$BACKUP_DIR"/backup-*.part
name=backup-$(date -u +%Y%m%dT%H%M%SZ)
part=$BACKUP_DIR/$name.part
if ! pg_basebackup -D "$part" -d "$BACKUP_CONNINFO" --checkpoint=fast --wal-method=stream --manifest-checksums=SHA256 --no-password \
	--label="$name" ${BACKUP_MAX_RATE:+"--max-rate=$BACKUP_MAX_RATE"}; then
	rm -rf "$part"
	fail "the backup was not made; the ones before it are as they were"
fi
if ! pg_verifybackup --quiet "$part"; then
	rm -rf "$part"
	fail "the backup is damaged and was removed; the ones before it are as they were"
fi
sync "$part" 2>/dev/null || sync
mv "$part" "$BACKUP_DIR/$name"
say "$name is whole and verified, $(du -sk "$BACKUP_DIR/$name" | cut -f 1) kB"

# The names sort by time.
set -- "$BACKUP_DIR"/backup-????????T??????Z
while [ $# -gt "$BACKUP_KEEP" ]; do
	say "removing ${1##*/}, of which $BACKUP_KEEP newer ones are kept"
	rm -rf "$1"
	shift
done
