package regions

import (
	"fmt"
	"net/http"
	"time"

	"github.com/rap-analyzer/rapbot/lab/api"
)

// errNoLinks is what a fleet without links says to whoever wants to break one.
var errNoLinks error = api.Refusal{Status: http.StatusConflict, Words: "this fleet has no links: it was started without them"}

// layLinks makes a link from every viewer to every server but its own.
func (f *Fleet) layLinks() error {
	viewers := []string{ViewerApp, ViewerBot}
	for _, server := range f.servers {
		viewers = append(viewers, server.Name)
	}
	for _, server := range f.servers {
		for _, viewer := range viewers {
			if viewer == server.Name {
				continue
			}
			link, err := newLink(viewer, server)
			if err != nil {
				return err
			}
			server.inbound.links = append(server.inbound.links, link)
		}
	}
	return nil
}

func (f *Fleet) closeLinks() {
	for _, server := range f.servers {
		server.life.Lock()
		server.inbound.forget()
		for _, link := range server.inbound.links {
			link.close()
		}
		server.life.Unlock()
	}
}

// Links lists all links, by the server they lead to; it is empty in a fleet without them.
func (f *Fleet) Links() []*Link {
	var all []*Link
	for _, server := range f.servers {
		all = append(all, server.inbound.links...)
	}
	return all
}

// Link is the way from a viewer (a region, ViewerApp or ViewerBot) to a region's server, or nil when there is none.
func (f *Fleet) Link(viewer, region string) *Link {
	for _, link := range f.Links() {
		if link.Viewer == viewer && link.Region == region {
			return link
		}
	}
	return nil
}

// Isolate puts all links to and from a region into a state: the bot's, the application's and the other regions'. LinkOK joins it again and leaves delays as they are.
func (f *Fleet) Isolate(region string, how LinkState) error {
	links, err := f.linksOf(region)
	for _, link := range links {
		link.set(how)
	}
	return err
}

// IsolateFrom does so between a region and some viewers only, in both directions if a viewer is a region.
func (f *Fleet) IsolateFrom(region string, how LinkState, viewers ...string) error {
	var chosen []*Link
	for _, viewer := range viewers {
		link := f.Link(viewer, region)
		if link == nil {
			return f.noLink(viewer, region)
		}
		chosen = append(chosen, link)
		if back := f.Link(region, viewer); back != nil {
			chosen = append(chosen, back)
		}
	}
	for _, link := range chosen {
		link.set(how)
	}
	return nil
}

// Slow delays everything that goes to or from a region, as Link.Delay does.
func (f *Fleet) Slow(region string, d, jitter time.Duration) error {
	links, err := f.linksOf(region)
	for _, link := range links {
		link.Delay(d, jitter)
	}
	return err
}

// Heal makes all links to and from a region whole and fast.
func (f *Fleet) Heal(region string) error {
	links, err := f.linksOf(region)
	for _, link := range links {
		link.Heal()
	}
	return err
}

// HealAll makes every link whole and fast, and every region's commands answer.
func (f *Fleet) HealAll() {
	for _, link := range f.Links() {
		link.Heal()
	}
	for _, server := range f.servers {
		server.SetReachable(true)
	}
}

// linksOf lists the links to and from a region.
func (f *Fleet) linksOf(region string) ([]*Link, error) {
	if _, err := f.find(region); err != nil {
		return nil, err
	}
	var some []*Link
	for _, link := range f.Links() {
		if link.Viewer == region || link.Region == region {
			some = append(some, link)
		}
	}
	if len(some) == 0 {
		return nil, errNoLinks
	}
	return some, nil
}

func (f *Fleet) noLink(viewer, region string) error {
	if len(f.Links()) == 0 {
		return errNoLinks
	}
	return fmt.Errorf("no link from %q to %q: a link leads from %s, %s or a region to another region", viewer, region, ViewerApp, ViewerBot)
}
