package postgres_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// volume reads the data of a stopped server of the lab, as far as a proof needs
// them: its control file, whose first fields have stood in the same places
// since PostgreSQL 11, and the length of the checkpoint that it names.
type volume struct{ *regions.Server }

var _ rapbot.Volume = volume{}

func (v volume) Divergence(_ context.Context, _ string, from rapbot.LSN) (rapbot.Divergence, error) {
	if v.State() == regions.Running {
		return rapbot.Divergence{}, rapbot.Refuse(rapbot.Precondition, v.Name+" runs.", "")
	}
	control, err := os.ReadFile(filepath.Join(v.DataDir(), "global", "pg_control"))
	if err != nil {
		return rapbot.Divergence{}, err
	}
	// The second is of a server that was started once more as a replica: its log still ends with the checkpoint of the first.
	const shutDown, shutDownInRecovery = 1, 2
	state := binary.LittleEndian.Uint32(control[16:])
	d := rapbot.Divergence{
		SystemID: fmt.Sprint(binary.LittleEndian.Uint64(control)),
		Clean:    state == shutDown || state == shutDownInRecovery,
		Timeline: binary.LittleEndian.Uint32(control[48:]),
		Fork:     from, Related: true,
	}
	d.End, err = v.endOf(d.Timeline, binary.LittleEndian.Uint64(control[32:]))
	return d, err
}

// endOf is where the record at a position ends.
func (v volume) endOf(timeline uint32, at uint64) (rapbot.LSN, error) {
	const segment, page, header, longHeader = 16 << 20, 8 << 10, 24, 40
	name := fmt.Sprintf("%08X%08X%08X", timeline, at>>32, at%(1<<32)/segment)
	file, err := os.Open(filepath.Join(v.DataDir(), "pg_wal", name))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var length [4]byte
	if _, err := file.ReadAt(length[:], int64(at%segment)); err != nil {
		return 0, err
	}
	end := at + (uint64(binary.LittleEndian.Uint32(length[:]))+7)&^7
	if boundary := (at/page + 1) * page; end > boundary { // it goes on after the next page's header
		end += header
		if boundary%segment == 0 {
			end += longHeader - header
		}
	}
	return rapbot.LSN(end), nil
}

var errNotHere = errors.New("the tests of this package do without")

func (volume) Rewind(context.Context, string) error { return errNotHere }

func (volume) Rebuild(context.Context, string, func(done, total int64)) error { return errNotHere }
