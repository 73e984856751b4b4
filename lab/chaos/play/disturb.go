package play

import (
	"context"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
)

// disturb waits for a disturbance's moment, does it, and takes it back in its time or when calm is asked for.
func (r *run) disturb(ctx context.Context, d Disturbance) {
	if d.Act == Crash || d.Act == ClockJump {
		return // rapbot was started with it
	}
	select {
	case <-r.cue(d.Cue):
	case <-ctx.Done():
		return
	}
	if !pause(ctx, d.After) {
		return
	}
	back := r.strike(ctx, d)
	if back == nil {
		return
	}
	pause(ctx, d.For)
	back()
}

// strike does what a disturbance does, and gives its opposite, nil when there is none.
func (r *run) strike(ctx context.Context, d Disturbance) (back func()) {
	region := r.regions[d.Who]
	server := r.Fleet.Region(region)
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	switch d.Act {
	case KillBot:
		r.blow(string(d.Act), "", "", r.KillBot())
	case PressStop:
		r.pressStop(ctx)
	case TwoAtOnce:
		r.blow(string(d.Act), "", "carol: "+r.wish(), r.people.Say("carol", "/rap "+r.wish()))
	case Kill:
		r.blow("kill", region, "", server.Kill())
		return func() { r.start(server) }
	case Restart:
		r.start(server)
	case Freeze:
		r.blow("freeze", region, "", server.Freeze())
		return func() { r.blow("thaw", region, "", server.Thaw()) }
	case PauseReplay:
		r.blow("pause-replay", region, "", server.PauseReplay(patient))
		return func() { r.resume(server) }
	case LoseSlot:
		r.blow("lose-slot", region, "", server.LoseSlot(patient))
	case Cut, Stall, Delay:
		return r.breakLink(d)
	}
	return nil
}

// start starts a server as a machine does that comes back.
func (r *run) start(server *regions.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r.blow("start", server.Name, "", server.Start(ctx))
}

func (r *run) resume(server *regions.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r.blow("resume-replay", server.Name, "", server.ResumeReplay(ctx))
}

// breakLink breaks the way between a region and a viewer, in both directions when the viewer is a region.
func (r *run) breakLink(d Disturbance) (back func()) {
	region, viewer := r.regions[d.Who], d.Other
	if other, is := r.regions[Role(d.Other)]; is {
		viewer = other
	}
	var links []*regions.Link
	for _, link := range []*regions.Link{r.Fleet.Link(viewer, region), r.Fleet.Link(region, viewer)} {
		if link != nil {
			links = append(links, link)
		}
	}
	for _, link := range links {
		switch d.Act {
		case Cut:
			link.Cut()
		case Stall:
			link.Stall()
		case Delay:
			link.Delay(d.Amount, d.Amount/2)
		}
	}
	between := region + " and " + viewer
	r.blow(string(d.Act), "", between, nil)
	return func() {
		for _, link := range links {
			link.Heal()
		}
		r.blow("heal", "", between, nil)
	}
}

// pressStop asks to stop and roll back what is under way, by the command, which does not wait for a card's edit.
func (r *run) pressStop(ctx context.Context) {
	ops, err := r.ledger.since(ctx, r.before)
	if err == nil && len(ops) > 0 {
		err = r.people.Say("bob", "/rap cancel "+ops[len(ops)-1].ID)
	}
	r.blow("press-stop", "", "", err)
}

// pause waits, and reports whether it came to its end.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
